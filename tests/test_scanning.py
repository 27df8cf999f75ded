"""From samples to a report: the schemas hold, and data that bites is judged or refused."""

from __future__ import annotations

import json
import socket

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest
from labelsift.checks import Check, checks
from labelsift.data.samples import Samples
from labelsift.data.schemas import FINDINGS_SCHEMA, of_issue
from labelsift.errors import InputError
from labelsift.io.read import read
from labelsift.report import Report
from labelsift.scanning import scan
from labelsift.signals.signals import Signals

TEMPLATES = {
    "card": ["my card has not arrived", "the new card is late", "when will my bank card come", "card delivery is slow"],
    "refund": ["I want my money back", "please refund the order", "where is my refund", "give me a refund for it"],
    "login": ["I cannot log in", "the password does not work", "my account is locked", "login fails every time"],
}
ENDINGS = [
    "since Monday",
    "and nobody answers",
    "please help me",
    "it is the third time",
    "what can I do",
    "thanks in advance",
    "this is urgent for me",
    "my brother has the same trouble",
    "the shop sent me here",
    "I tried everything",
]
BROUGHT = {"undecided", "dynamics", "split", "source"}  # what checks need that these scans do not have
OF_DATA_SET = {"imbalance", "spurious", "non_iid", "column"}  # they judge no sample
WRONG = ("card-3", "refund-7", "login-11")
GERMAN = "Meine Karte ist leider noch immer nicht angekommen und niemand antwortet mir"


def fits(check: Check) -> bool:
    """Tell a check that judges samples from what every file has."""
    return not check.needs & BROUGHT and "classification" in check.tasks and check.name not in OF_DATA_SET


def tickets() -> dict[str, list]:
    """120 tickets in three classes, three wrong labels, and one row of each other trouble."""
    rows: dict[str, list] = {"id": [], "text": [], "label": [], "channel": []}

    def add(id_: str, text: str | None, label: str | None) -> None:
        for name, value in zip(rows, (id_, text, label, "mail" if len(rows["id"]) % 2 else "phone"), strict=True):
            rows[name].append(value)

    names = list(TEMPLATES)
    for index, (label, texts) in enumerate(TEMPLATES.items()):
        for number in range(40):
            id_ = f"{label}-{number}"
            given = names[(index + 1) % 3] if id_ in WRONG else label
            add(id_, f"{texts[number % 4]} {ENDINGS[number // 4]}", given)
    add("copy", "MY card has  not arrived since Monday", "login")
    add("near", "my card has not arrived since Monday, why", "card")
    add("blank", "\u200b ", "refund")
    add("german", GERMAN, "refund")
    add("unlabeled", "the password does not work on my phone", None)
    add("alone", "do you sell gift vouchers for christmas", "voucher")
    return rows


@pytest.fixture(scope="module")
def samples() -> Samples:
    return read(pa.table(tickets()), id="id", label="label", metadata=["channel"], name="tickets")


@pytest.fixture(scope="module")
def report(samples) -> Report:
    return scan(samples, store=None)


def row(report: Report, id_: str) -> dict:
    return report.scores.filter(pc.equal(report.scores["id"], id_)).to_pylist()[0]


@pytest.mark.slow
def test_findings_are_in_their_schema_worst_first(report):
    assert report.findings.schema.equals(FINDINGS_SCHEMA)
    score = report.findings["score"].to_numpy()
    assert (np.diff(score) >= 0).all()
    assert ((score >= 0) & (score <= 1)).all()
    for finding in report.findings.to_pylist():
        json.loads(finding["given"]), json.loads(finding["suggested"])
        assert isinstance(json.loads(finding["evidence"]), dict)
        assert finding["reason"].endswith(".")
        assert (finding["scope"] == "sample") == (finding["issue"] not in OF_DATA_SET)


def test_every_id_is_a_sample(report, samples):
    ids = set(samples.ids.to_pylist())
    assert {finding["id"] for finding in report.findings.to_pylist() if finding["scope"] == "sample"} <= ids
    assert {id for related in report.findings["related_ids"].to_pylist() for id in related} <= ids


def test_scores_have_one_row_a_sample_and_two_columns_a_check(report, samples):
    names = list(dict.fromkeys(check.issue for check in checks() if fits(check)))
    pairs = [column for name in names for column in (f"{name}_score", f"is_{name}_issue")]
    assert report.scores.column_names == ["id", *pairs, "suggested_label", "confidence"]
    assert report.scores["id"].equals(samples.ids)
    for name in names:
        assert report.scores.schema.field(f"{name}_score").type == pa.float32()
        assert report.scores.schema.field(f"is_{name}_issue").type == pa.bool_()


def test_flags_and_findings_agree(report):
    names = {check.issue for check in checks() if fits(check)}
    assert set(report.summary()["issues"]) == names
    for name in names:
        flagged = report.scores.filter(report.scores[f"is_{name}_issue"])["id"].to_pylist()
        assert sorted(of_issue(report.findings, name)["id"].to_pylist()) == sorted(flagged)
        assert report.summary()["issues"][name]["count"] == len(flagged)


def test_every_planted_trouble_is_found(report):
    flagged = {name: set(of_issue(report.findings, name)["id"].to_pylist()) for name in report.summary()["issues"]}
    # Four of 120 labels are far from likely, and all others are told apart.
    assert {*WRONG, "copy"} <= flagged["label"] | flagged["ambiguous"]
    assert {*WRONG} <= flagged["label"] and flagged["unlearnable"] == set()
    assert len(flagged["label"] | flagged["ambiguous"]) <= 8
    low, high = report.facts["label_errors"]["range"]
    assert low <= 4 <= high <= 20
    assert flagged["exact_duplicate"] == {"card-0", "copy"}
    assert {"card-0", "near"} <= flagged["near_duplicate"]
    assert {"card-0", "copy"} <= flagged["conflicting_labels"]
    assert flagged["empty"] == {"blank"}
    assert flagged["language"] == {"german"}


def test_the_model_decides_between_conflicting_labels(report):
    conflicts = {finding["id"]: finding for finding in of_issue(report.findings, "conflicting_labels").to_pylist()}
    assert json.loads(conflicts["copy"]["suggested"]) == "card"
    assert json.loads(conflicts["card-0"]["suggested"]) is None


def test_suggestions_stand_for_judged_rows_only(report):
    assert row(report, "card-3")["suggested_label"] == "card"
    for scored in report.scores.to_pylist():
        judged = scored["label_score"] is not None
        assert (scored["suggested_label"] is not None, scored["confidence"] is not None) == (judged, judged)
    assert row(report, "unlabeled")["suggested_label"] is None is row(report, "unlabeled")["confidence"]
    for scored in report.scores.to_pylist():
        label = report.samples.labels[report.samples.positions([scored["id"]])[0]].as_py()
        assert scored["suggested_label"] != label or label is None


def test_what_cannot_be_judged_is_not_and_is_named(report):
    for id_ in ("blank", "german", "unlabeled", "alone"):
        assert row(report, id_)["label_score"] is None
        assert row(report, id_)["is_label_issue"] is False
    assert any("stand on one row only cannot be judged: voucher" in note for note in report.notes)
    assert any(
        "1 text is in a language that the default embedder cannot read (German)" in note for note in report.notes
    )


def test_the_report_knows_how_it_came_about(report, samples):
    assert report.settings == {
        "embedder": "wordllama",
        "pred_probs": "5-fold cross-validation",
        "folds": 5,
        "seed": 0,
        "budget": None,
        "only": None,
        "method": 6,
    }
    assert report.facts["rows"] == len(samples) == 126
    assert report.facts["labeled"] == 125
    assert report.classes == ("card", "login", "refund", "voucher")
    assert 0.8 < report.facts["agreement_with_model"] < 1
    assert report.pred_probs.shape == (126, 4)
    assert report.embeddings.shape == (126, 256)


def test_a_scan_twice_is_the_same_and_touches_no_network(report, samples, monkeypatch):
    def refused(*_: object, **__: object) -> None:
        raise AssertionError("the network was touched")

    monkeypatch.setattr(socket.socket, "connect", refused)
    monkeypatch.setattr(socket, "getaddrinfo", refused)
    again = scan(samples, store=None)
    assert again.scores.equals(report.scores)
    assert again.findings.equals(report.findings)
    assert again.run != report.run


def test_a_scan_is_kept_where_it_is_told(samples, tmp_path, monkeypatch):
    from labelsift.report import load

    monkeypatch.chdir(tmp_path)
    kept = scan(samples, only=["empty"])
    assert load().run == kept.run
    assert scan(samples, only=["empty"], store=None).store is None
    scan(samples, only=["empty"], store=tmp_path / "elsewhere")
    assert len(list((tmp_path / "elsewhere" / "runs").iterdir())) == 1
    assert len(list((tmp_path / ".labelsift" / "runs").iterdir())) == 1


def small(texts: list[str | None], labels: list[str | None] | None = None) -> Samples:
    columns = {"text": pa.array(texts, pa.string())}
    if labels is not None:
        columns["label"] = pa.array(labels, pa.string())
    return read(pa.table(columns), label="label" if labels is not None else None)


ODD = {
    "two rows": small(["refund please", "where is my order"], ["a", "b"]),
    "one row": small(["refund please"]),
    "equal texts": small(["refund please"] * 20, ["a", "b"] * 10),
    "blank texts": small(["", " ", "\u200b", None] * 5, ["a", "b"] * 10),
    "no labels at all": small(["refund please", "where is my order"] * 3, [None] * 6),
    "one unlabeled row": small([f"refund number {number}" for number in range(21)], [*["a", "b"] * 10, None]),
    "a class a row": small([f"refund number {number}" for number in range(12)], [f"c{number}" for number in range(12)]),
    "one language that is not read": small(
        [f"Wo ist meine Bestellung geblieben, ich warte seit {number} Tagen" for number in range(12)], ["a", "b"] * 6
    ),
    "hostile texts": small(
        ["\x00", "a\x00b", "\U0010ffff", "\ud7ff\ufffd", "</script>", "x" * 100_000] * 3, ["a", "b"] * 9
    ),
}


@pytest.mark.slow
@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("name", ODD)
def test_odd_data_is_scanned_without_a_warning(name, tmp_path):
    samples = ODD[name]
    report = scan(samples, store=tmp_path / "kept")
    assert report.scores.num_rows == len(samples)
    assert report.findings.schema.equals(FINDINGS_SCHEMA)
    scores = [report.scores[column] for column in report.scores.column_names if column.endswith("_score")]
    for column in scores:
        values = column.drop_null().to_numpy()
        assert np.isfinite(values).all()
        assert ((values >= 0) & (values <= 1)).all()
    from labelsift.report import load

    assert load(store=tmp_path / "kept").findings.equals(report.findings)


def test_rare_classes_are_judged_on_thin_evidence_and_named():
    texts = [f"my card number {row} is late" for row in range(20)] + [f"log in number {row} fails" for row in range(20)]
    labels = ["card"] * 20 + ["login"] * 20
    report = scan(small([*texts, "a gift voucher", "gift vouchers please"], [*labels, "gift", "gift"]), store=None)
    assert "Classes with fewer rows than folds (5) are judged on thin evidence: gift." in report.notes
    assert report.scores["label_score"].null_count == 0


ALIKE = "These labels differ only in case, white space, hyphens or Unicode form: "


@pytest.mark.slow
def test_labels_that_look_the_same_are_named():
    texts = [f"my card number {row} is late" for row in range(20)] + [f"log in number {row} fails" for row in range(20)]
    labels = ["card", "card "] * 10 + ["login", "Login", "log\u00a0in", "log in"] * 5
    report = scan(small(texts, labels), store=None)
    (note,) = [note for note in report.notes if note.startswith(ALIKE)]
    assert note.startswith(f"{ALIKE}'Login', 'log in', 'login', 'log\u00a0in'; 'card', 'card '. If they mean the same")
    assert report.samples.classes == tuple(sorted(set(labels)))  # they stay the user's
    duplicates = scan(small(texts, labels), only=["exact_duplicate"], store=None)
    assert not [note for note in duplicates.notes if note.startswith(ALIKE)]


def test_labels_that_differ_are_not_called_alike(report):
    assert not [note for note in report.notes if note.startswith(ALIKE)]


def test_a_single_class_is_refused_where_labels_are_judged():
    samples = small(["a card", "a phone", "a book"], ["x", "x", None])
    with pytest.raises(InputError, match=r"All 2 labels are x: with a single class"):
        scan(samples, store=None)
    assert scan(samples, only=["empty", "exact_duplicate"], store=None).findings.num_rows == 0


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"only": ["labelz"]}, r"no such check: labelz\. Known: rows, labels, training, empty, .*label"),
        ({"folds": 1}, "1 folds cannot predict"),
        ({"seed": -1}, "-1 is no seed"),
        ({"seed": 2**32}, "4294967296 is no seed"),
        ({"signals": Signals(classes=["x", "y"])}, "Classes are named, but there are no pred_probs"),
        ({"budget": 0}, "A budget of 0 flags nothing"),
        ({"embedder": "nope"}, "no embedder called nope"),
        ({"signals": Signals(pred_probs=np.full((3, 2), 0.5))}, "pred_probs has 3 rows"),
        ({"signals": Signals(embeddings=np.ones((3, 2)))}, "embeddings has 3 rows"),
    ],
)
def test_wrong_calls_are_refused(options, said):
    with pytest.raises(InputError, match=said):
        scan(small(["a card", "a phone"], ["x", "y"]), store=None, **options)


@pytest.mark.parametrize("labels", [None, [None, None]])
def test_a_check_of_labels_that_was_asked_for_needs_labels(labels):
    with pytest.raises(InputError, match=r"need labels, and no row has one: label, conflicting_labels"):
        scan(small(["a card", "a phone"], labels), only=["label", "conflicting_labels", "empty"], store=None)


def test_probabilities_that_the_user_brought_are_used_alone(samples):
    truth = [id_.partition("-")[0] for id_ in samples.ids.to_pylist()]
    classes = ["voucher", "login", "card", "refund"]
    probs = np.full((len(samples), 4), 0.02)
    for index, name in enumerate(truth):
        probs[index, classes.index(name) if name in classes else 2] = 0.94
    order = np.random.default_rng(0).permutation(len(samples))
    ids = [samples.ids[int(row)].as_py() for row in order]
    report = scan(samples, signals=Signals(pred_probs=probs[order], classes=classes, ids=ids), store=None)
    assert report.settings["pred_probs"] == "the user's model"
    assert report.classes == ("card", "login", "refund", "voucher")
    worst = report.scores.sort_by("label_score")["id"].to_pylist()
    assert set(worst[:3]) < {*WRONG, "copy", "alone", "german"}  # what the model contradicts
    assert set(WRONG) <= set(of_issue(report.findings, "label")["id"].to_pylist())


def bilingual() -> tuple[Samples, np.ndarray]:
    """60 English and 30 German tickets with probabilities of a model that reads both; English rows are right."""
    english = [
        (f"{text} {ending}", name) for name, texts in TEMPLATES.items() for text in texts[:2] for ending in ENDINGS
    ]
    german = [(f"{GERMAN}, Vorgang Nummer {number}", "card") for number in range(30)]
    texts, truth = zip(*english, *german, strict=True)
    given = ["refund" if index in (62, 71) else label for index, label in enumerate(truth)]
    names = sorted(TEMPLATES)
    probs = np.full((90, 3), 0.03)
    probs[np.arange(90), [names.index(label) for label in truth]] = 0.94
    return small(list(texts), given), probs


@pytest.mark.slow
@pytest.mark.parametrize("only", [None, ["label"], ["label", "conflicting_labels"]])
def test_a_model_of_ones_own_judges_what_the_embedder_cannot_read(only):
    samples, probs = bilingual()
    report = scan(samples, signals=Signals(pred_probs=probs), only=only, budget=2, store=None)
    assert report.scores["label_score"].null_count == 0
    findings = of_issue(report.findings, "label")
    assert set(findings["id"].to_pylist()) == {samples.ids[number].as_py() for number in (62, 71)}
    notes = [note for note in report.notes if "cannot read" in note]
    assert not any("label" in note for note in notes)
    assert ["no outlier was looked for there" in note for note in notes] == ([True] if only is None else [])


@pytest.mark.slow
def test_agreement_with_the_model_is_that_of_the_judged_labels():
    report = scan(bilingual()[0], store=None)
    judged = np.isfinite(report.scores["label_score"].to_numpy())
    assert judged.sum() == 60
    right = report.pred_probs.argmax(axis=1) == report.samples.codes(report.classes)
    assert report.facts["agreement_with_model"] == pytest.approx(right[judged].mean())
    assert report.facts["agreement_with_model"] != pytest.approx(right.mean())


@pytest.mark.slow
@pytest.mark.parametrize("only", [["label"], ["outlier"], ["label", "outlier"], None])
def test_languages_that_the_embedder_cannot_read_are_left_out_whatever_checks_run(only):
    samples, _ = bilingual()
    report = scan(samples, only=only, store=None)
    german = np.arange(90) >= 60
    for name in {"label", "outlier"} & set(only or ["label", "outlier"]):
        assert (np.isnan(report.scores[f"{name}_score"].to_numpy()) == german).all()
    assert len([note for note in report.notes if "cannot read (German)" in note]) == 1


def test_languages_are_detected_once_a_scan(monkeypatch):
    from labelsift.checks import language

    calls: list[int] = []
    detect = language.detect
    monkeypatch.setattr(language, "detect", lambda texts: calls.append(len(texts)) or detect(texts))
    scan(bilingual()[0], store=None)
    assert calls == [90]


def test_embeddings_that_the_user_brought_are_used(samples):
    vectors = np.random.default_rng(0).normal(size=(len(samples), 6))
    report = scan(samples, signals=Signals(embeddings=vectors), only=["label"], store=None)
    assert report.settings["embedder"] == "the user's embeddings"
    assert report.embeddings.shape == (126, 6)
    np.testing.assert_allclose(np.linalg.norm(report.embeddings, axis=1), 1, atol=1e-6)


def test_an_embedder_of_ones_own_is_used(samples):
    class Lengths:
        name = "lengths"
        dimensions = 2
        languages = None

        def embed(self, texts):
            return np.array([[len(text), 1.0] for text in texts], dtype=np.float32)

    report = scan(samples, embedder=Lengths(), only=["outlier"], store=None)
    assert report.settings["embedder"] == "lengths"
    assert report.embeddings.shape == (126, 2)


def test_no_row_is_judged_by_a_model_that_has_seen_it_or_its_copy():
    rng = np.random.default_rng(0)
    letters = np.array(list("abcdefghijklmnopqrstuvwxyz"))
    texts = [" ".join("".join(rng.choice(letters, 6)) for _ in range(8)) for _ in range(60)]
    labels = [f"c{code}" for code in rng.integers(0, 4, 60)]
    shouted = [text.upper() for text in texts]  # the same texts but for case, with the same random labels
    report = scan(small([*texts, *shouted], labels * 2), only=["label"], store=None)
    codes = report.samples.codes(report.classes)
    assert report.pred_probs[np.arange(120), codes].mean() < 0.35


def test_progress_is_told_step_by_step(samples):
    said: list[str] = []
    scan(samples, store=None, progress=said.append)
    assert said[0] == "Checking: empty"
    assert {"Embedding 126 texts", "Finding nearest neighbours", "Predicting out of sample (5 folds)"} <= set(said)


@pytest.mark.parametrize("kind", ["file", "pandas", "polars", "arrow"])
def test_files_and_data_frames_are_scanned_as_they_are(kind, tmp_path):
    import polars as pl

    table = pa.table({"key": ["1", "2", "3"], "body": ["a text", "a text", "b"], "topic": ["x", "x", "y"]})
    path = tmp_path / "tickets.csv"
    table.to_pandas().to_csv(path, index=False)
    source = {"file": path, "pandas": table.to_pandas(), "polars": pl.from_arrow(table), "arrow": table}[kind]
    report = scan(source, text="body", label="topic", id="key", store=None, only=["exact_duplicate"])
    assert report.samples.labels.to_pylist() == ["x", "x", "y"]
    assert report.samples.ids.to_pylist() == ["1", "2", "3"]
    assert report.samples.name == ("tickets" if kind == "file" else "samples")


def test_columns_of_what_was_read_already_are_refused(samples):
    with pytest.raises(InputError, match="read already: label, metadata"):
        scan(samples, label="label", metadata=["x"], store=None)
