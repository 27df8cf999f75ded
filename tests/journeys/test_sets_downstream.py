"""Where samples have several labels, everything behind the scan works, and reads well: lists by their names."""

from __future__ import annotations

import json
from io import StringIO
from pathlib import Path

import labelsift as ls
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest
from click.testing import CliRunner
from labelsift.cli import main
from labelsift.cli.print_summary import print_summary
from labelsift.data.schemas import CORRECTIONS_SCHEMA
from labelsift.errors import InputError
from labelsift.metrics.compare import compare
from labelsift.render import comparison_page
from labelsift.render.overview import Overview
from labelsift.render.tracker_panels.panels import panels
from rich.console import Console

WORDS = {
    "billing": "invoice charged twice refund money receipt",
    "login": "password locked account sign username reset",
    "shipping": "parcel courier delivery tracking late address",
}
ROWS = 240


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    rng = np.random.default_rng(3)
    truth = [sorted({str(label) for label in rng.choice(list(WORDS), rng.integers(1, 3))}) for _ in range(ROWS)]
    rows = []
    for index, tags in enumerate(truth):
        said = [str(word) for name in tags for word in rng.choice(WORDS[name].split(), 3, replace=False)]
        given: list[str] | None = list(tags)
        if index % 12 == 5:
            other = str(rng.choice([name for name in WORDS if name not in tags]))
            given = sorted({*tags, other}) if index % 24 == 5 or len(tags) == 1 else tags[1:]
        rows.append(
            {"key": f"k{index}", "text": f"{' '.join(said)} {index}", "tags": given, "state": ("CA", "NY")[index % 2]}
        )
    rows[0]["tags"] = None
    store = tmp_path_factory.mktemp("sets") / "kept"
    samples = ls.read(pa.Table.from_pylist(rows), id="key", labels="tags", metadata=["state"], name="tags")
    return ls.scan(samples, store=store), truth, store


def decisions(values: dict[str, str], **more: str) -> pa.Table:
    rows = [
        {"id": id, "action": "relabel", "verdict": "accepted", "value": value, "person": "ann", **more}
        for id, value in values.items()
    ]
    return pa.Table.from_pylist(rows, schema=CORRECTIONS_SCHEMA)


@pytest.mark.slow
def test_runs_are_kept_and_loaded_with_and_without_texts(made):
    report, _, store = made
    loaded = ls.load(report.run, store=store)
    assert loaded.samples.fingerprint == report.samples.fingerprint
    assert (loaded.samples.task, loaded.samples.classes) == ("multilabel", tuple(WORDS))
    assert loaded.scores.equals(report.scores)
    bare = ls.scan(report.samples, store=store, texts=False)
    assert ls.load(bare.run, store=store).samples.fingerprint == report.samples.fingerprint
    assert ls.load(bare.run, store=store).samples.task == "multilabel"


def test_the_terminal_names_labels_and_what_changes(made):
    report, _, _ = made
    said = StringIO()
    print_summary(report, console=Console(file=said, width=110, highlight=False), store=None)
    text = said.getvalue()
    assert "sets of labels look wrong" in text
    assert "Weakest labels" in text and "Extra, missing" in text
    assert "→ −" in text or "→ +" in text
    assert '["' not in text
    ids = [line.split()[1] for line in text.splitlines() if "→" in line]
    assert len(ids) == len(set(ids))  # a sample is named once, however many of its labels are disputed


def test_counts_of_the_overview_are_those_of_the_findings(made):
    report, _, _ = made
    overview = Overview(report)
    kinds = report.findings.filter(pa.compute.equal(report.findings["issue"], "label"))["kind"].to_pylist()
    assert sum(label.flagged for label in overview.classes) == len(kinds)
    assert sum(label.incoming for label in overview.classes) == kinds.count("missing")
    assert (overview.labeled, overview.judged) == (ROWS - 1, ROWS - 1)
    assert overview.confusions == ()
    assert all(0 <= label.rate <= 1 for label in overview.classes)


def test_the_page_shows_names_and_a_shared_one_too(made, tmp_path: Path):
    report, _, _ = made
    for share in (False, True):
        page = report.to_html(tmp_path / f"{share}.html", share=share).read_text()
        content = json.loads(page.split('id="content">')[1].split("</script>")[0])
        strings = set(content["strings"])
        assert any(", " in cell and set(cell.split(", ")) <= set(WORDS) for cell in strings)
        assert not any(cell.startswith("[") for cell in strings)
        assert content["classes"]["task"] == "multilabel"
        assert content["matrix"] is None
        if share:
            assert not any(text in page for text in report.samples.texts.to_pylist())


def test_trackers_get_rates_of_labels_and_no_text(made):
    report, _, _ = made
    shown = panels(report)
    assert shown.metrics["dq/labeled"] == ROWS - 1
    assert shown.confusion is None
    assert [row[0] for row in shown.classes.rows] and {row[0] for row in shown.classes.rows} == set(WORDS)
    assert all(0 <= value <= 1 for name, value in shown.metrics.items() if name.startswith("slice.label_issue_rate"))
    given = shown.flagged.columns.index("given")
    assert any(row[given] and set(row[given].split(", ")) <= set(WORDS) for row in shown.flagged.rows)


def test_corrections_relabel_with_a_list(made):
    report, _, _ = made
    samples = report.samples
    following = samples.apply(decisions({"k5": '["login", "billing"]', "k0": "[]"}))
    assert following.label_set(5) == ["billing", "login"]
    assert following.label_set(0) == []
    assert following.lineage is not None and following.lineage.applied == {"relabel": 2}
    same = samples.apply(
        pa.concat_tables([decisions({"k5": '["login","billing"]'}), _by("ben", '["billing", "login"]')])
    )
    assert not same.lineage.conflicts and same.label_set(5) == ["billing", "login"]
    with pytest.raises(InputError, match="does not have"):
        samples.apply(decisions({"k5": '["unheard"]'}))
    assert "unheard" in samples.apply(decisions({"k5": '["unheard"]'}), new_labels=True).classes
    for odd in ('"billing"', "[1]", '[" "]', "nonsense", "{}"):
        with pytest.raises(InputError, match="no readable value"):
            samples.apply(decisions({"k5": odd}))
    with pytest.raises(InputError, match="no readable value"):
        single = ls.read(pa.table({"text": ["a"], "label": ["x"], "id": ["k5"]}), id="id", label="label")
        single.apply(decisions({"k5": '["x"]'}))


def _by(person: str, value: str) -> pa.Table:
    table = decisions({"k5": value})
    return table.set_column(table.column_names.index("person"), "person", pa.array([person]))


def test_comparing_decided_and_verified_sets(made):
    report, truth, store = made
    of_samples = report.findings.filter(pc.equal(report.findings["scope"], "sample"))
    flagged = list(dict.fromkeys(of_samples["id"].to_pylist()))
    values = {id: json.dumps(truth[int(id[1:])]) for id in flagged}
    decided = decisions(values, run=report.run, platform="test")
    from datetime import UTC, datetime

    times = pa.array([datetime(2026, 11, 25, tzinfo=UTC)] * len(decided), pa.timestamp("us", tz="UTC"))
    decided = decided.set_column(decided.column_names.index("time"), "time", times)
    ls.record(decided, store=store)
    following = ls.scan(report.samples.apply(decided), store=store)
    compared = compare(report, following)
    changed = {row["id"]: row["new"] for row in compared.relabeled.to_pylist()}
    assert changed and all(json.loads(new) == truth[int(id[1:])] for id, new in changed.items())
    assert following.scores["is_label_issue"].to_numpy().sum() < report.scores["is_label_issue"].to_numpy().sum()
    from labelsift.review.verified import verified
    from labelsift.store.store import Store

    assert set(flagged) <= set(verified(following.samples, Store(store).ledger.records(), but=""))
    comparison_page.write(compared, store.parent / "compared.html")


def test_similar_and_slices_know_sets(made):
    report, _, store = made
    near = report.similar("k1", k=3)
    assert near["labels"].to_pylist()[0].startswith("[")
    from labelsift.search.seeds import class_ids

    assert set(class_ids(report, "login")) <= set(report.samples.ids.to_pylist())
    with pytest.raises(InputError, match="No sample is labeled"):
        class_ids(report, "unheard")
    table = report.slices(by=["state"])
    assert {"state:CA", "state:NY"} <= set(table["slug"].to_pylist())
    for call in (["runs"], ["similar", "k1"], ["compare"]):
        ran = CliRunner().invoke(main, [*call, "--store", str(store)])
        assert ran.exit_code in (0, 2), ran.output
        assert "unexpected" not in ran.output


def test_a_taxonomy_is_for_single_labels(made, tmp_path: Path):
    (tmp_path / "t.toml").write_text('[[rename]]\nold = "login"\nnew = "access"\n')
    with pytest.raises(InputError, match="single labels"):
        made[0].samples.remap(tmp_path / "t.toml")


@pytest.mark.slow
def test_the_command_line_reads_sets_and_columns(made, tmp_path: Path, monkeypatch):
    report, _, _ = made
    monkeypatch.chdir(tmp_path)
    texts, sets = report.samples.texts.to_pylist(), report.samples.table["labels"].to_pylist()
    lines = [f"{text},{'|'.join(json.loads(labels or '[]'))}" for text, labels in zip(texts, sets, strict=True)]
    Path("sets.csv").write_text("\n".join(["text,tags", *lines]))
    marks = [
        f"{text},{','.join(str(int(name in json.loads(labels or '[]'))) for name in WORDS)}"
        for text, labels in zip(texts, sets, strict=True)
    ]
    Path("marks.csv").write_text("\n".join([f"text,{','.join(WORDS)}", *marks]))
    common = ["--no-store", "--json", "--only", "label"]
    parted = CliRunner().invoke(main, ["scan", "sets.csv", "--labels", "tags", "--labels-separator", "|", *common])
    marked = CliRunner().invoke(main, ["scan", "marks.csv", "--labels", ",".join(WORDS), *common])
    counts = [json.loads(done.output)["issues"]["label"]["count"] for done in (parted, marked)]
    assert all(5 < count < 60 for count in counts)
    unnamed = CliRunner().invoke(main, ["scan", "sets.csv", "--labels", "tags", *common])
    assert unnamed.exit_code == 2 and "--labels-separator '|'" in unnamed.output


def test_what_a_platform_cannot_ask_about_is_refused_by_its_name(made, tmp_path: Path):
    report, _, _ = made
    with pytest.raises(InputError, match="xlsx cannot ask about sets of labels"):
        report.push("xlsx", project=str(tmp_path / "review.xlsx"))
    vectors = np.eye(40, 8, dtype=np.float32) + np.random.default_rng(0).random((40, 8)).astype(np.float32)
    table = pa.table({"file": [f"{number}.png" for number in range(40)], "kind": ["cat", "dog"] * 20})
    images = ls.scan(
        ls.read(table, text=None, id="file", label="kind"), signals=ls.Signals(embeddings=vectors), store=tmp_path / "s"
    )
    with pytest.raises(InputError, match="xlsx can show texts only"):
        images.push("xlsx", project=str(tmp_path / "review.xlsx"))
    ran = CliRunner().invoke(main, ["similar", "3.png", "--store", str(tmp_path / "s")])
    assert ran.exit_code == 0 and ".png" in ran.output
    assert panels(images, with_text=True).flagged is not None
