"""What people say of a run: tags, notes and models in the record; the run before; finding a run by its tag."""

from __future__ import annotations

import json
from pathlib import Path

import labelsift as ls
import numpy as np
import pyarrow as pa
import pytest
from click.testing import CliRunner
from labelsift.cli import main
from labelsift.corrections.annotate import model, tag
from labelsift.corrections.audit import audit_rows
from labelsift.corrections.erase import forget
from labelsift.corrections.file_versions import correct
from labelsift.corrections.verify import verify
from labelsift.data.schemas import CORRECTIONS_SCHEMA
from labelsift.store.run_notes import Annotations
from labelsift.store.store import Store
from pyarrow import csv

SECRET = "she said her card ends in 4242"


@pytest.fixture
def place(tmp_path: Path) -> Path:
    rows = {"id": [f"s{number}" for number in range(40)], "text": [f"text number {number}" for number in range(40)]}
    rows |= {"label": ["x", "y"] * 20, "state": ["CA", "CA", "NY", "NY"] * 10, "gender": ["f"] * 20 + ["m"] * 20}
    csv.write_csv(pa.table(rows), tmp_path / "data.csv")
    return tmp_path


def scanned(place: Path, samples: ls.Samples, *, parent: str | None = None) -> ls.Report:
    vectors = np.random.default_rng(0).normal(size=(len(samples), 8)).astype(np.float32)
    signals = ls.Signals(embeddings=vectors)
    return ls.scan(samples, signals=signals, only=["label"], parent=parent, store=place / "kept")


def read(place: Path, name: str = "data.csv") -> ls.Samples:
    return ls.read(place / name, id="id", label="label", metadata=["state", "gender"])


def test_tags_come_and_go_and_find_the_run(place):
    store = place / "kept"
    first, second = (scanned(place, read(place)) for _ in range(2))
    tag(first.run, ["baseline", "v1"], store=store)
    assert tag(first.run, ["baseline"], store=store).tags == ("baseline", "v1")
    assert Store(store).find("tag:baseline") == first.run
    tag(second.run, ["baseline"], store=store)
    assert Store(store).find("tag:baseline") == second.run  # the newest
    assert tag(second.run, ["baseline"], remove=True, store=store) == Annotations()
    assert ls.load("tag:baseline", store=store).run == first.run
    assert len(Store(store).ledger.records()) == 3  # what is so already is not recorded again
    for call, what in (
        (lambda: tag(first.run, ["two words"], store=store), "one word"),
        (lambda: tag(first.run, ["none"], remove=True, store=store), "no such tags"),
        (lambda: Store(store).find("tag:none"), "No run has the tag none"),
    ):
        with pytest.raises(ls.LabelsiftError, match=what):
            call()


def test_notes_are_kept_on_runs_slices_and_samples_and_audited(place):
    store = place / "kept"
    report = scanned(place, read(place))
    ls.note("looks good", by="ann", store=store)
    report.note("worse since May", by="bob", slice="state:CA__gender:f")
    ls.note("a typo", by="bob", sample="s3", store=store)
    model("latest", "mlflow:models:/tickets/3", by="ann", store=store)
    annotations = Store(store).annotations(report.run)
    assert [(note.text, note.person, note.slice, note.sample) for note in annotations.notes] == [
        ("looks good", "ann", None, None),
        ("worse since May", "bob", "state:CA__gender:f", None),
        ("a typo", "bob", None, "s3"),
    ]
    assert annotations.model == "mlflow:models:/tickets/3"
    rows = audit_rows(Store(store).ledger.records())
    assert [(row["action"], row["person"], row["id"], row["why"]) for row in rows][:3] == [
        ("note", "ann", None, "looks good"),
        ("note", "bob", None, "slice state:CA__gender:f: worse since May"),
        ("note", "bob", "s3", "a typo"),
    ]
    assert verify(store=store).problems == ()
    for options, what in (
        ({"sample": "none"}, "no sample"),
        ({"slice": "state:XX"}, "no such slice"),
        ({"slice": "state:CA", "sample": "s1"}, "one thing"),
    ):
        with pytest.raises(ls.InputError, match=what):
            ls.note("x", by="ann", store=store, **options)
    with pytest.raises(ls.InputError, match="needs a text"):
        ls.note(" ", by="ann", store=store)


def test_a_note_on_a_sample_is_erased_with_it_and_the_chain_holds(place):
    store = place / "kept"
    report = scanned(place, read(place))
    report.note(SECRET, by="ann", sample="s3")
    report.note("stays", by="ann")
    forget(["s3"], store=store)
    assert [annotation.text for annotation in Store(store).annotations(report.run).notes] == ["stays"]
    assert not any(SECRET.encode() in path.read_bytes() for path in store.rglob("*") if path.is_file())
    assert verify(store=store).problems == ()
    assert audit_rows(Store(store).ledger.records())[0]["why"] == "(erased)"


@pytest.mark.slow
def test_the_run_before_is_known_by_lineage_and_by_the_version_that_correct_made(place):
    store = place / "kept"
    first = scanned(place, read(place))
    assert "parent" not in first.settings
    decided = {"id": "s3", "action": "relabel", "verdict": "changed", "value": '"x"', "person": "ann"}
    said = pa.Table.from_pylist([decided | {"run": first.run, "platform": "p"}], CORRECTIONS_SCHEMA)
    ls.record(said, store=store)
    by_lineage = scanned(place, read(place).apply(said).remap(ls.Taxonomy.of([{"rename": {"x": "z"}}])))
    assert by_lineage.settings["parent"] == first.run
    correct(place / "data.csv", place / "next.csv", label="label", id="id", dataset="data", store=store)
    by_version = scanned(place, read(place, "next.csv"))
    assert by_version.settings["parent"] == first.run
    assert Store(store).runs()[0].parent == first.run
    named = scanned(place, read(place), parent=by_version.run)
    assert named.settings["parent"] == by_version.run
    assert "parent" not in scanned(place, read(place)).settings


def test_the_commands_tag_note_and_show(place):
    report = scanned(place, read(place))
    store = ["--store", str(place / "kept")]

    def run(*words: str) -> str:
        done = CliRunner().invoke(main, [*words, *store])
        assert done.exit_code == 0, done.output
        return done.output

    assert "Tags: baseline" in run("runs", "tag", "latest", "baseline")
    run("runs", "model", "latest", "mlflow:models:/tickets/3")
    run("note", "latest", "see \x1b[31mthis", "--sample", "s3", "--by", "ann")
    shown = run("runs", "show", "tag:baseline")
    assert "Tags: baseline" in shown and "Model: mlflow:models:/tickets/3" in shown
    assert "Note: sample s3: see ␛[31mthis (ann, " in shown
    assert "baseline" in run("runs")
    listed = json.loads(run("runs", "list", "--json"))[0]
    assert (listed["tags"], listed["model"], listed["parent"]) == (["baseline"], "mlflow:models:/tickets/3", None)
    assert json.loads(run("runs", "show", report.run, "--json"))["notes"]
    assert "Tags: none" in run("runs", "tag", "latest", "baseline", "--remove")
