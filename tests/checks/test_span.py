"""The check of spans: planted errors are found, typed and corrected, in any order of the rows, and in the loop."""

import json
import random
from datetime import UTC, datetime

import labelsift as ls
import numpy as np
import pyarrow as pa
import pytest
from bio import to_bio
from labelsift.checks import span as span_check
from labelsift.data.schemas import CORRECTIONS_SCHEMA
from labelsift.data.spans import spaced
from labelsift.errors import InputError
from labelsift.render.overview import Overview
from labelsift.render.page.selection import select
from labelsift.render.tracker_panels.panels import panels

pytestmark = pytest.mark.slow

PEOPLE = "Ann Brown|Bob Stone|Carla Diaz|Dev Patel|Eva Lind|Finn Moser|Gita Rao|Hugo Weiss|Ines Costa|Jon Park".split(
    "|"
)
CITIES = "Rome|Oslo|New York|Lima|Cape Town|Kyoto|Quito|Vienna|San Jose|Accra".split("|")
FRAMES = (
    "{p} flew to {c} on Monday",
    "yesterday {p} moved from {c} back home",
    "we met {p} at the station in {c}",
    "the train to {c} was late again",
    "please call {p} about the invoice",
    "nobody knows why the meeting was cancelled today",
    "hotels in {c} are cheap and {p} likes them",
    "the invoice was late and nobody likes that",
)
ERRORS = {"ghost": 8, "missed": 8, "shifted": 8, "wrong_tag": 8}


def corpus(seed=0, n=320):
    """Texts with their true spans, and given ones with errors in known rows: row → kind."""
    rng = random.Random(seed)
    texts, true = [], []
    for index in range(n):
        names = {"p": (rng.choice(PEOPLE), "person"), "c": (rng.choice(CITIES), "city")}
        text, spans = f"{index} ", []
        for part in FRAMES[index % len(FRAMES)].replace("{", "|{").replace("}", "}|").split("|"):
            if part in ("{p}", "{c}"):
                word, kind = names[part[1]]
                spans.append([len(text), len(text) + len(word), kind])
                text += word
            else:
                text += part
        texts.append(text)
        true.append(spans)
    given, errors = [list(map(list, spans)) for spans in true], {}
    for kind, wanted in ERRORS.items():
        rows = [row for row in range(n) if row not in errors and (kind == "ghost") == (not true[row])]
        for row in rng.sample(rows, wanted):
            errors[row] = kind
            if kind == "ghost":
                start, end = rng.choice(spaced(texts[row])[1:])
                given[row].append([start, end, rng.choice(["person", "city"])])
            elif kind == "missed":
                given[row].pop(0)
            elif kind == "wrong_tag":
                given[row][0][2] = "city" if given[row][0][2] == "person" else "person"
            else:
                span = given[row][0]
                after = [end for start, end in spaced(texts[row]) if start > span[1]]
                others = [other for other in given[row] if other is not span and other[0] < after[0]] if after else [1]
                span[:] = [span[0], after[0], span[2]] if not others else [span[0], span[0] + 3, span[2]]
    return texts, true, given, errors


def table_of(texts, given):
    ids = [f"r{row}" for row in range(len(texts))]
    return pa.table({"id": ids, "text": texts, "spans": [json.dumps(spans) for spans in given]})


@pytest.fixture(scope="module")
def made():
    texts, true, given, errors = corpus()
    samples = ls.read(table_of(texts, given), spans="spans", id="id", name="flights")
    return texts, true, given, errors, samples, ls.scan(samples, store=None, only=["span"])


def findings(report):
    return [row for row in report.findings.to_pylist() if row["issue"] == "span"]


@pytest.mark.slow
def test_the_same_spans_are_learned_from_once_and_one_changed_span_makes_all_anew(made, tmp_path, monkeypatch):
    texts, true, given, errors, samples, report = made
    ls.scan(samples, store=tmp_path, only=["span"])
    called, learn = [], span_check.out_of_fold_marginals
    monkeypatch.setattr(
        span_check, "out_of_fold_marginals", lambda *given, **more: called.append(more) or learn(*given, **more)
    )
    again = ls.scan(samples, store=tmp_path, only=["span"])
    assert not called
    assert again.scores.equals(report.scores) and again.findings.equals(report.findings) and again.facts == report.facts
    row = min(errors)
    changed = table_of(texts, [*given[:row], true[row], *given[row + 1 :]])
    corrected = ls.read(changed, spans="spans", id="id", name="flights")
    kept, plain = (ls.scan(corrected, store=store, only=["span"]) for store in (tmp_path, None))
    assert len(called) == 2
    assert kept.scores.equals(plain.scores) and not kept.scores.equals(report.scores)


@pytest.mark.slow
def test_planted_errors_rank_first(made):
    _, _, _, errors, samples, report = made
    scores = report.scores["span_score"].to_numpy()
    assert ((scores >= 0) & (scores <= 1)).all()
    worst = set(np.argsort(scores, kind="stable")[: len(errors)].tolist())
    assert len(worst & errors.keys()) >= 0.8 * len(errors)
    assert samples.classes == ("city", "person") and report.classes == samples.classes


def test_findings_have_kind_spans_and_a_reason_with_the_words(made):
    texts, true, given, errors, _, report = made
    flagged = findings(report)
    right = corrected = 0
    for row in flagged:
        number = int(row["id"][1:])
        was, now = json.loads(row["given"]), json.loads(row["suggested"])
        assert row["kind"] in ERRORS
        assert (was is None) == (row["kind"] == "missed") and (now is None) == (row["kind"] == "ghost")
        assert was is None or was in given[number]
        quoted = was or now
        assert f"“{texts[number][quoted[0] : quoted[1]]}”" in row["reason"]
        assert 0 <= row["confidence"] <= 1
        if errors.get(number) == row["kind"]:
            right += 1
            corrected += now is None or now in true[number]
    assert right >= 0.6 * len(errors) and right >= 0.8 * len(flagged)
    assert corrected >= 0.8 * right


def test_flags_are_those_of_findings(made):
    report = made[-1]
    flagged = report.scores.filter(report.scores["is_span_issue"])["id"].to_pylist()
    assert set(flagged) == {row["id"] for row in findings(report)}


def test_as_many_spans_are_flagged_as_are_told_and_the_range_holds_the_errors(made):
    _, _, given, errors, _, report = made
    told = report.facts["span_errors"]
    assert told["number"] == len(findings(report)) and told["judged"] == sum(map(len, given))
    assert told["range"][0] <= told["number"] <= told["range"][1]
    assert told["range"][0] <= len(errors) <= told["range"][1]
    assert panels(report).metrics["dq/error_rate_est"] == pytest.approx(told["number"] / told["judged"])


def test_nothing_is_called_wrong_where_the_words_do_not_tell_the_spans():
    texts = corpus(2, 200)[0]
    rng = random.Random(2)
    drawn = [[[*rng.choice(spaced(text)), rng.choice(["person", "city"])]] for text in texts]
    report = ls.scan(ls.read(table_of(texts, drawn), spans="spans", id="id"), store=None, only=["span"])
    assert report.scores["span_score"].null_count == len(texts)
    assert not any(report.scores["is_span_issue"].to_pylist())
    assert report.facts["span_errors"]["range"] is None
    overview = Overview(report)
    assert overview.verdict == "The words do not tell these spans: none can be called wrong."
    assert not overview.issues


def test_few_spans_get_no_percentage():
    texts, true, _, _ = corpus(4, 60)
    report = ls.scan(ls.read(table_of(texts, true), spans="spans", id="id"), store=None, only=["span"])
    assert 10 <= report.facts["span_errors"]["judged"] < 200
    overview = Overview(report)
    assert "%" not in overview.verdict and all(not overview.share_of(entry) for entry in overview.issues)


def test_types_that_are_not_found_are_named_and_not_called_wrong_types():
    texts, true, _, _ = corpus(5)
    rng = random.Random(5)
    given = [
        [[*span[:2], rng.choice(["spy", "agent"])] if span[2] == "person" else span for span in spans] for spans in true
    ]
    report = ls.scan(ls.read(table_of(texts, given), spans="spans", id="id"), store=None, only=["span"])
    rare = [row for row in findings(report) if row["kind"] == "wrong_tag"]
    assert len(rare) <= 0.15 * sum(map(len, given))


def test_a_permutation_of_the_rows_permutes_the_result(made):
    _, _, _, _, samples, report = made
    order = np.random.default_rng(1).permutation(len(samples))
    again = ls.scan(samples.take(order), store=None, only=["span"])
    assert again.scores["span_score"].to_pylist() == report.scores["span_score"].take(pa.array(order)).to_pylist()
    assert again.scores["is_span_issue"].to_pylist() == report.scores["is_span_issue"].take(pa.array(order)).to_pylist()


def test_budget_flags_that_many_texts(made):
    samples, report = made[-2:]
    worst = np.argsort(report.scores["span_score"].to_numpy(), kind="stable")[:5]
    first = ls.scan(samples, store=None, only=["span"], budget=5)
    assert set(np.flatnonzero(first.scores["is_span_issue"].to_numpy(zero_copy_only=False))) == set(worst)


def test_almost_nothing_is_flagged_where_nothing_is_wrong():
    texts, true, _, _ = corpus(3)
    report = ls.scan(ls.read(table_of(texts, true), spans="spans", id="id"), store=None, only=["span"])
    assert sum(report.scores["is_span_issue"].to_pylist()) <= 3


def test_unlabeled_and_blank_rows_are_not_judged():
    texts, _, given, _ = corpus(1, 160)
    cells = [json.dumps(spans) for spans in given]
    cells[7] = None
    table = pa.table({"text": [*texts, "  "], "spans": [*cells, "[]"]})
    report = ls.scan(ls.read(table, spans="spans"), store=None, only=["span"])
    scores = report.scores["span_score"].to_pylist()
    assert scores[7] is None and scores[-1] is None and scores.count(None) == 2
    assert report.facts["labeled"] == 160


def test_too_few_spans_are_said_and_not_judged():
    table = pa.table({"text": ["Ann left", "Bob came", "so what"], "spans": ['[[0, 3, "person"]]', "[]", "[]"]})
    report = ls.scan(ls.read(table, spans="spans"), store=None)
    assert report.scores["span_score"].null_count == 3
    assert any("too few" in note for note in report.notes) and "outlier_score" in report.scores.column_names


def test_texts_without_spaces_and_spans_inside_of_words():
    rng = random.Random(0)
    texts, cells = [], []
    for _ in range(60):
        city = rng.choice(["東京", "大阪", "京都"])
        text = f"昨日{city}へ行った。{rng.randrange(9)}"
        texts.append(text)
        cells.append(json.dumps([[2, 4, "city"]]))
    texts.append("昨日東京へ行った。x")
    cells.append("[]")
    report = ls.scan(ls.read(pa.table({"text": texts, "spans": cells}), spans="spans"), store=None, only=["span"])
    flagged = findings(report)
    corrections = [(row["kind"], json.loads(row["suggested"])) for row in flagged]
    assert ("missed", [2, 4, "city"]) in corrections and len({row["id"] for row in flagged}) == 1


@pytest.mark.slow
@pytest.mark.parametrize("scheme", ["bio", pytest.param("types", marks=pytest.mark.slow)])
def test_token_probabilities_of_the_users_own_model(made, scheme):
    """A model that is nearly always right finds all errors; ids may come in another order, tokens by offsets."""
    texts, true, _, errors, samples, _ = made
    classes = ["O", "B-city", "I-city", "B-person", "I-person"] if scheme == "bio" else ["person", "O", "city"]
    probabilities, offsets = [], []
    for text, spans in zip(texts, true, strict=True):
        tags = to_bio([tuple(span) for span in spans], spaced(text))
        rows = np.full((len(tags), len(classes)), 0.02)
        for index, tag in enumerate(tags):
            rows[index, classes.index(tag if scheme == "bio" or tag == "O" else tag[2:])] = 1 - 0.02 * (
                len(classes) - 1
            )
        probabilities.append(rows)
        offsets.append(spaced(text))
    order = list(reversed(range(len(texts))))
    signals = ls.Signals(
        token_pred_probs=[probabilities[row] for row in order],
        token_offsets=[offsets[row] for row in order],
        classes=classes,
        ids=[f"r{row}" for row in order],
    )
    report = ls.scan(samples, signals=signals, store=None, only=["span"])
    scores = report.scores["span_score"].to_numpy()
    worst = set(np.argsort(scores, kind="stable")[: len(errors)].tolist())
    assert len(worst & errors.keys()) >= 0.95 * len(errors)
    kinds = {int(row["id"][1:]): row["kind"] for row in findings(report)}
    right = sum(kinds.get(row) == kind for row, kind in errors.items())
    assert right >= 0.6 * len(errors) and right >= 0.9 * len(kinds)


def small(**more):
    samples = ls.read(pa.table({"text": ["Ann left", "so what"], "spans": ['[[0, 3, "person"]]', "[]"]}), spans="spans")
    good = [np.full((2, 2), 0.5), np.full((2, 2), 0.5)]
    return samples, ls.Signals(**({"token_pred_probs": good, "classes": ["O", "person"]} | more))


@pytest.mark.parametrize(
    ("more", "says"),
    [
        ({"token_pred_probs": [np.full((2, 2), 0.5)]}, "1 rows"),
        ({"token_pred_probs": [np.full((3, 2), 0.5), np.full((2, 2), 0.5)]}, "another shape"),
        ({"token_pred_probs": [np.full((2, 2), 0.7), np.full((2, 2), 0.5)]}, "do not sum to one"),
        ({"token_pred_probs": [np.full((2, 2), np.nan), np.full((2, 2), 0.5)]}, "NaN"),
        ({"classes": ["O", "city"]}, "not among the classes"),
        ({"classes": ["city", "person"]}, "no O"),
        ({"classes": None}, "tag of each column"),
        ({"token_offsets": [[(0, 3), (2, 8)], [(0, 2), (3, 7)]]}, "not in order"),
        ({"token_offsets": [[(0, 3), (4, 80)], [(0, 2), (3, 7)]]}, "behind the end"),
        ({"ids": ["a", "b"]}, "says nothing of these"),
        ({"pred_probs": np.full((2, 2), 0.5)}, "Both pred_probs"),
        ({"token_pred_probs": None, "classes": None, "token_offsets": [[], []]}, "say nothing"),
    ],
)
def test_token_probabilities_that_do_not_fit_are_refused(more, says):
    samples, signals = small(**more)
    with pytest.raises(InputError, match=says):
        ls.scan(samples, signals=signals, store=None, only=["span"])


def corrections(rows):
    base = dict.fromkeys(CORRECTIONS_SCHEMA.names)
    made = datetime(2026, 11, 25, tzinfo=UTC)
    return pa.Table.from_pylist(
        [base | {"verdict": "accepted", "person": "ann", "time": made} | row for row in rows], schema=CORRECTIONS_SCHEMA
    )


def test_the_loop_read_scan_apply_scan(made):
    """Taking every suggestion mends most errors and leaves few findings."""
    _, true, given, errors, samples, report = made
    wanted: dict[str, list] = {}
    for row in findings(report):
        spans = wanted.setdefault(row["id"], [list(span) for span in given[int(row["id"][1:])]])
        was, now = json.loads(row["given"]), json.loads(row["suggested"])
        if was in spans:
            spans.remove(was)
        if now is not None:
            spans.append(now)
    rows = [{"id": id, "action": "respan", "value": json.dumps(spans)} for id, spans in wanted.items()]
    mended = samples.apply(corrections(rows))
    now = [json.loads(cell) for cell in mended.column("spans").to_pylist()]
    assert sum(a != b for a, b in zip(now, true, strict=True)) <= 0.5 * len(errors)
    assert mended.lineage.applied == {"respan": len(rows)} and mended.fingerprint != samples.fingerprint
    again = ls.scan(mended, store=None, only=["span"])
    assert len(findings(again)) <= 0.7 * len(findings(report))


def test_respan_is_checked():
    samples, _ = small()
    sample = samples.ids[0].as_py()
    changed = samples.apply(corrections([{"id": sample, "action": "respan", "value": "[]"}]))
    assert changed.column("spans").to_pylist() == ["[]", "[]"]
    with pytest.raises(InputError, match="do not fit the text"):
        samples.apply(corrections([{"id": sample, "action": "respan", "value": '[[0, 99, "person"]]'}]))
    new = corrections([{"id": sample, "action": "respan", "value": '[[0, 3, "bird"]]'}])
    with pytest.raises(InputError, match="bird"):
        samples.apply(new)
    assert samples.apply(new, new_labels=True).classes == ("bird",)
    plain = ls.read(pa.table({"text": ["Ann left"]}))
    with pytest.raises(InputError, match="data has none"):
        plain.apply(corrections([{"id": plain.ids[0].as_py(), "action": "respan", "value": "[]"}]))


def test_people_who_draw_the_same_spans_agree_and_an_edit_takes_marks_away():
    samples = ls.read(
        pa.table({"id": ["a"], "text": ["Ann met Bob"], "spans": ['[[0, 3, "p"]]']}), id="id", spans="spans"
    )
    both = [[0, 3, "p"], [8, 11, "p"]]
    rows = [
        {"id": "a", "action": "respan", "value": json.dumps(both), "person": "x"},
        {"id": "a", "action": "respan", "value": json.dumps(both[::-1]), "person": "y"},
        {"id": "a", "action": "keep", "value": "null", "person": "z"},
    ]
    assert json.loads(samples.apply(corrections(rows)).column("spans")[0].as_py()) == both
    kept = samples.apply(corrections([{"id": "a", "action": "edit", "value": '"Ann met Rob"'}]))
    assert kept.column("spans")[0].as_py() == '[[0,3,"p"]]'
    lost = samples.apply(corrections([{"id": "a", "action": "edit", "value": '"I met Bob"'}]))
    assert lost.column("spans")[0].as_py() is None


def test_run_store_terminal_and_page(made, tmp_path, capsys):
    _, _, _, _, samples, _ = made
    hostile = samples.table.to_pylist()
    hostile[0]["text"] += " <script>alert(1)</script>\x1b[31m"
    texts, spans = [row["text"] for row in hostile], [row["spans"] for row in hostile]
    table = pa.table({"id": samples.ids, "text": texts, "spans": spans})
    report = ls.scan(ls.read(table, id="id", spans="spans", name="f"), store=tmp_path / "st")
    loaded = ls.load(report.run, store=tmp_path / "st") if hasattr(ls, "load") else report.store.load(report.run)
    assert loaded.samples.task == "spans" and loaded.samples.fingerprint == report.samples.fingerprint
    assert loaded.findings.equals(report.findings) and loaded.samples.classes == ("city", "person")
    from labelsift.cli.print_summary import print_summary

    print_summary(loaded)
    shown = " ".join(capsys.readouterr().out.split())
    assert "spans are probably wrong (" in shown and "Worst spans" in shown and "→ nothing" in shown
    assert "\x1b[31m" not in shown
    assert dict(Overview(loaded).span_kinds).keys() <= ERRORS.keys()
    page = loaded.to_html(tmp_path / "p.html")
    written = (tmp_path / "p.html").read_text() if page is None or not isinstance(page, str) else page
    assert "<script>alert" not in written and '"span"' in written
    loaded.to_html(tmp_path / "shared.html", share=True)
    shared = (tmp_path / "shared.html").read_text()
    assert not any(name in shared for name in PEOPLE + CITIES)


def test_trackers_get_types_and_the_page_no_raw_spans_as_labels(made):
    report = made[-1]
    shown = panels(report)
    assert {row[1] for row in shown.flagged.rows} <= {"city", "person", ""}
    assert shown.metrics["dq/judged"] == report.summary()["judged"] > 0
    page, _ = select(report, share=False, room=10**6, encode=json.dumps)
    assert page["nodes"] and {node[1] for node in page["nodes"]} == {-1}


def test_a_run_without_texts_quotes_none(made, tmp_path):
    samples = made[-2]
    report = ls.scan(samples, store=tmp_path / "st", texts=False, only=["span"])
    assert any("“" in row["reason"] for row in findings(report))
    kept = report.store.load(report.run)
    reasons = {row["reason"] for row in findings(kept)}
    assert findings(kept) and not any("“" in reason for reason in reasons)


def test_the_command_line_reads_spans_and_tokens(made, tmp_path):
    from click.testing import CliRunner
    from labelsift.cli import main

    texts, _, given, errors, _, _ = made
    lines = []
    for text, spans in zip(texts, given, strict=True):
        tags = to_bio([tuple(span) for span in spans], spaced(text))
        lines.append(json.dumps({"words": text.split(), "tags": tags}))
    (tmp_path / "d.jsonl").write_text("\n".join(lines))
    out = str(tmp_path / "f.parquet")
    call = ["scan", str(tmp_path / "d.jsonl"), "--spans", "tags", "--tokens", "words", "--only", "span"]
    done = CliRunner().invoke(main, [*call, "--no-store", "--json", "--findings", out])
    assert done.exit_code == 0, done.output
    content = json.loads(done.stdout)
    assert content["judged"] == len(texts) and 0.5 * len(errors) <= content["issues"]["span"]["count"] <= len(errors)
    bad = CliRunner().invoke(main, [*call[:-2], "--label", "tags", "--no-store"], standalone_mode=False)
    assert bad.exit_code != 0


@pytest.mark.parametrize("types", [2, pytest.param(30, marks=pytest.mark.slow)])
def test_spans_that_overlap_cut_words_or_cover_white_space_break_nothing(types, tmp_path):
    rng = random.Random(types)
    texts, cells = [], []
    for _ in range(120):
        text = " ".join("".join(rng.choices("abDEF.,é漢\t\n😀", k=rng.randint(1, 6))) for _ in range(rng.randint(0, 9)))
        spans = []
        for _ in range(rng.randint(0, 3) if len(text) > 2 else 0):
            start = rng.randrange(len(text) - 1)
            spans.append([start, rng.randint(start + 1, len(text)), f"t{rng.randrange(types)}"])
        texts.append(text)
        cells.append(json.dumps(spans))
    report = ls.scan(ls.read(pa.table({"text": texts, "spans": cells}), spans="spans"), store=None, only=["span"])
    scores = report.scores["span_score"].drop_null().to_numpy()
    assert ((scores >= 0) & (scores <= 1)).all()
    for row in findings(report):
        position = report.samples.positions([row["id"]])[0]
        for cell in (row["given"], row["suggested"]):
            span = json.loads(cell)
            assert span is None or 0 <= span[0] < span[1] <= len(texts[position])
    report.to_html(tmp_path / "p.html")


def test_a_reason_quotes_no_address_and_no_key():
    texts = [f"Please write to {name}@mail.example about it" for name in ("ann", "bob", "cy", "dee")] * 8
    spans = [[[16, texts[row].index(" about"), "EMAIL" if row % 9 else "PRODUCT"]] for row in range(len(texts))]
    table = pa.table({"text": texts, "spans": [json.dumps(cell) for cell in spans]})
    report = ls.scan(ls.read(table, spans="spans"), only=["span"], budget=6, store=None)
    reasons = [row["reason"] for row in report.findings.to_pylist() if row["scope"] == "sample"]
    assert reasons and not any("@" in reason for reason in reasons)
    assert any("“[EMAIL_1]” is marked" in reason for reason in reasons)
