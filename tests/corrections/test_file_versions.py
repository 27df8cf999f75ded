"""The next version of a file, and back: every step is undone to the same fingerprint."""

from __future__ import annotations

import gzip
import json
import random
import shutil
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

import labelsift as ls
import pyarrow as pa
import pytest
from click.testing import CliRunner
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from labelsift.cli import main
from labelsift.corrections.file_versions import correct, parent_run, undo
from labelsift.corrections.kept_rows import BEFORE
from labelsift.corrections.record import recorded
from labelsift.corrections.verify import verify
from labelsift.data.hashing import id_hashes
from labelsift.data.schemas import CORRECTIONS_SCHEMA
from labelsift.io import row_files as rowfiles
from labelsift.io.dialect import Form
from labelsift.store.store import Store
from pyarrow import csv, parquet

OTHER = "bo.kim@example.org"
START = datetime(2026, 11, 23, tzinfo=UTC)
RUN = "20261123-101500-4f2a"
ROWS = {
    "id": ["007", "b", "c", "d", "e"],
    "text": ['one, "two"', "three\nlines", " four", "fünf", "six"],
    "label": ["x", "y", "x", None, "y"],
    "price": ["1.10", "", "-0", "1e5", "NA"],
}
COLUMNS = {"label": "label", "id": "id"}


def decided(store: Path, *rows: tuple[str, str, str | None, str], dataset: str = "data") -> None:
    """Record (id, action, value, person), one minute after the other, as if they were of a run of the data set."""
    decisions = [
        {"id": id, "action": action, "value": json.dumps(value), "person": person, "verdict": "changed"}
        | {"time": START + timedelta(minutes=index), "platform": "fake", "run": f"run-of-{dataset}", "note": ""}
        for index, (id, action, value, person) in enumerate(rows)
    ]
    Store(store).prepare()
    ls.record(pa.Table.from_pylist(decisions, CORRECTIONS_SCHEMA), store=store)


@pytest.fixture
def store(tmp_path, monkeypatch) -> Path:
    """A store whose decisions are of the data set ``data``."""
    from labelsift.corrections import record as recording

    def known(store, rows):
        return {
            row["run"]: recording._Run(row["run"].removeprefix("run-of-").partition("#")[0], "f" * 32)
            for row in rows
            if row["run"]
        }

    monkeypatch.setattr(recording, "_runs", known)
    return tmp_path / "kept"


def write(path: Path, rows: dict | None = None) -> Path:
    table = pa.table(rows or ROWS)
    if path.suffix == ".parquet":
        typed = table.set_column(3, "price", pa.array([1.1, None, -0.0, 1e5, 7.0]))
        typed = typed.set_column(2, "label", typed["label"].dictionary_encode())
        parquet.write_table(typed.append_column("tags", pa.array([["a"], [], None, ["b", "c"], ["d"]])), path)
    elif ".jsonl" in path.name:
        lines = [json.dumps(row | {"extra": {"n": [1, 2.50]}}, ensure_ascii=False) for row in table.to_pylist()]
        path.write_text("\n".join([lines[0].replace('": ', '" :  '), "", *lines[1:]]) + "\n", encoding="utf-8")
    else:
        table = table.set_column(2, "label", pa.array([label or "" for label in table["label"].to_pylist()]))
        csv.write_csv(table, path, csv.WriteOptions(delimiter="\t" if path.suffix == ".tsv" else ","))
    return path


def read(path: Path) -> ls.Samples:
    return ls.read(path, label="label", id="id", metadata=["price"])


FORMS = ["data.csv", "data.tsv", "data.jsonl", "data.parquet"]


@pytest.mark.parametrize("name", FORMS)
def test_the_next_version_holds_the_decisions_and_undo_brings_the_same_content_back(tmp_path, store, name):
    file = write(tmp_path / name)
    out, back = tmp_path / f"next-{name}", tmp_path / f"back-{name}"
    decided(
        store,
        ("007", "relabel", "y", "ann"),
        ("b", "remove", None, "ann"),
        ("c", "edit", 'vier, "4"\n', "ann"),
        ("d", "relabel", "x", "ann"),
        ("e", "keep", "y", "ann"),
    )
    version = correct(file, out, **COLUMNS, store=store)
    following = read(out)
    assert following.table.to_pydict() == {
        "id": ["007", "c", "d", "e"],
        "text": ['one, "two"', 'vier, "4"\n', "fünf", "six"],
        "label": ["y", "x", "x", "y"],
    }
    expected = read(file).apply(recorded(store=store))
    assert following.fingerprint == expected.fingerprint  # metadata and all
    assert (version.applied, version.changed) == ({"edit": 1, "keep": 1, "relabel": 2, "remove": 1}, 4)
    assert verify(store=store).problems == ()
    step = undo(out, back, store=store)
    assert step.fingerprint == version.parent == rowfiles.load(back).fingerprint
    assert read(back).table.equals(read(file).table)
    assert read(back).fingerprint == read(file).fingerprint
    assert [record["kind"] for record in Store(store).ledger.records()][-2:] == ["version", "undo"]


@pytest.mark.parametrize("name", FORMS)
def test_a_masked_sample_is_masked_in_all_its_columns_and_undo_brings_it_back(tmp_path, store, name):
    mail = "Ann.Lee@example.org"
    rows = ROWS | {
        "text": [f"I am {mail}", *ROWS["text"][1:]],
        "contact": [f"{OTHER}, {mail}", "b@example.org", "", "x", "y"],
    }
    file, out, back = write(tmp_path / name, rows), tmp_path / f"next-{name}", tmp_path / f"back-{name}"
    decided(store, ("007", "redact", [[5, 24, "email"]], "ann"), ("b", "redact", None, "ann"))
    version = correct(file, out, **COLUMNS, store=store)
    assert (version.applied, version.changed) == ({"redact": 2}, 2)
    read = partial(ls.read, label="label", id="id", metadata=["price", "contact"])
    following = read(out)
    assert following.texts.to_pylist() == ["I am [EMAIL_1]", *ROWS["text"][1:]]
    assert following.metadata["contact"].to_pylist()[:2] == ["[EMAIL_2], [EMAIL_1]", "[EMAIL_1]"]
    assert following.fingerprint == read(file).apply(recorded(store=store)).fingerprint
    assert mail.encode() not in out.read_bytes()
    undo(out, back, store=store)
    assert read(back).fingerprint == read(file).fingerprint
    assert verify(store=store).problems == ()


def test_a_new_label_and_a_masked_text_of_two_runs_are_both_applied(tmp_path, store):
    file, out = (
        write(tmp_path / "data.csv", ROWS | {"text": ["a@example.org", *ROWS["text"][1:]]}),
        tmp_path / "next.csv",
    )
    decided(store, ("007", "relabel", "y", "ann"))
    decided(store, ("007", "redact", None, "bob"), dataset="data#2")
    version = correct(file, out, **COLUMNS, store=store)
    assert (version.applied, version.changed) == ({"redact": 1, "relabel": 1}, 1)
    assert read(out).table.slice(0, 1).to_pylist() == [{"id": "007", "text": "[EMAIL_1]", "label": "y"}]


def test_cells_that_nobody_decided_on_stay_as_they_were_written(tmp_path, store):
    decided(store, ("b", "relabel", "x", "ann"))
    correct(write(tmp_path / "data.csv"), tmp_path / "next.csv", **COLUMNS, store=store)
    assert rowfiles.load(tmp_path / "next.csv").table["price"].to_pylist() == ROWS["price"]
    file = write(tmp_path / "data.jsonl")
    correct(file, tmp_path / "next.jsonl", **COLUMNS, store=store)
    then, now = ([line for line in path.read_text().splitlines() if line] for path in (file, tmp_path / "next.jsonl"))
    assert [number for number in range(5) if then[number] != now[number]] == [1]
    assert json.loads(now[1]) == json.loads(then[1]) | {"label": "x"}
    file = write(tmp_path / "data.parquet")
    correct(file, tmp_path / "next.parquet", **COLUMNS, store=store)
    assert parquet.read_table(tmp_path / "next.parquet").schema.types == parquet.read_table(file).schema.types


def test_numbers_as_labels_stay_numbers(tmp_path, store):
    decided(store, ("1", "relabel", "0", "ann"))
    rows = [{"id": number, "text": str(number), "label": number} for number in (0, 1)]
    (tmp_path / "data.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    correct(tmp_path / "data.jsonl", tmp_path / "n.jsonl", **COLUMNS, store=store)
    assert [json.loads(line)["label"] for line in (tmp_path / "n.jsonl").read_text().splitlines()] == [0, 0]
    parquet.write_table(pa.Table.from_pylist(rows), tmp_path / "data.parquet")
    correct(tmp_path / "data.parquet", tmp_path / "n.parquet", **COLUMNS, store=store)
    assert parquet.read_table(tmp_path / "n.parquet")["label"].to_pylist() == [0, 0]
    ls.record(
        pa.Table.from_pylist(
            [{"id": "0", "action": "relabel", "value": '"new"', "person": "a", "run": "run-of-data", "time": START}],
            CORRECTIONS_SCHEMA,
        ),
        store=store,
    )
    with pytest.raises(ls.InputError, match="label holds int64, and a correction does not fit"):
        correct(tmp_path / "data.parquet", tmp_path / "m.parquet", **COLUMNS, store=store, new_labels=True)


def test_conflicts_are_named_and_left_alone(tmp_path, store):
    decided(store, ("b", "relabel", "x", "ann"), ("b", "keep", "y", "bob"), ("c", "relabel", "y", "ann"))
    version = correct(write(tmp_path / "data.csv"), tmp_path / "next.csv", **COLUMNS, store=store)
    assert version.conflicts == {"b": {("relabel", '"x"'): ("ann",), ("keep", "null"): ("bob",)}}
    assert read(tmp_path / "next.csv").labels.to_pylist() == ["x", "y", "y", None, "y"]
    newest = correct(tmp_path / "data.csv", tmp_path / "newest.csv", **COLUMNS, store=store, policy="newest")
    assert newest.conflicts == {}


def test_a_second_step_after_a_removal_and_both_undone(tmp_path, store):
    file = write(tmp_path / "data.csv")
    decided(store, ("b", "remove", None, "ann"))
    version = correct(file, tmp_path / "2.csv", **COLUMNS, store=store)
    decided(store, ("b", "remove", None, "ann"), ("c", "relabel", "y", "ann"))
    two = correct(tmp_path / "2.csv", tmp_path / "3.csv", **COLUMNS, dataset="data", store=store)
    assert two.parent == version.fingerprint
    undo(tmp_path / "3.csv", tmp_path / "2b.csv", store=store)
    undo(tmp_path / "2b.csv", tmp_path / "1b.csv", store=store)
    assert read(tmp_path / "1b.csv").table.equals(read(file).table)


def test_nothing_to_change_writes_the_same_and_records_no_step(tmp_path, store):
    decided(store, ("b", "keep", "y", "ann"))
    version = correct(write(tmp_path / "data.csv"), tmp_path / "next.csv", **COLUMNS, store=store)
    assert version.parent == version.fingerprint == rowfiles.load(tmp_path / "next.csv").fingerprint
    assert len(Store(store).ledger.records()) == 1


def test_the_same_step_again_is_recorded_once(tmp_path, store):
    decided(store, ("b", "relabel", "x", "ann"))
    for _ in range(2):
        correct(write(tmp_path / "data.csv"), tmp_path / "next.csv", **COLUMNS, store=store)
    assert len(Store(store).ledger.records()) == 2
    assert verify(store=store).problems == ()


def test_a_decision_after_an_erasure_counts_and_one_before_it_does_not(tmp_path, store):
    file = write(tmp_path / "data.csv")
    decided(store, ("007", "relabel", "y", "ann"), ("c", "relabel", "y", "ann"))
    begun = Store(store).ledger.append(lambda _: [{"kind": "forget", "ids": id_hashes(["007", "c"])}])[0]
    Store(store).ledger.append(lambda _: [{"kind": "forgotten", "forget": begun["number"]}])
    Store(store).ledger.append(lambda standing: [standing[1] | {"person": "bob"}])  # on "c", of a run of later
    version = correct(file, tmp_path / "next.csv", **COLUMNS, store=store)
    assert version.applied == {"relabel": 1}
    assert read(tmp_path / "next.csv").labels.to_pylist() == ["x", "y", "y", None, "y"]


def test_the_parent_is_the_run_of_the_version_before(tmp_path, store):
    file = write(tmp_path / "data.csv")
    runs = [ls.scan(read(file), only=["empty"], store=store).run]
    decided(store, ("007", "relabel", "y", "ann"))
    following = read(file).apply(recorded(store=store))
    assert parent_run(Store(store), following) == runs[0]  # by its lineage
    assert parent_run(Store(store), read(file)) is None
    correct(file, tmp_path / "next.csv", **COLUMNS, store=store)
    step = Store(store).ledger.records()[-1]
    assert parent_run(Store(store), read(tmp_path / "next.csv")) is None  # the step's run is kept nowhere
    Store(store).ledger.append(lambda _: [step | {"run": runs[0]}])
    assert parent_run(Store(store), read(tmp_path / "next.csv")) == runs[0]
    other = ls.read(pa.table({"id": ["z"], "text": ["another"], "label": ["x"]}), id="id", label="label")
    assert parent_run(Store(store), other) is None


def test_compressed_files_and_samples_without_ids(tmp_path, store):
    with gzip.open(tmp_path / "data.csv.gz", "wt") as file:
        file.write("text,label\none,x\ntwo,y\none,x\n")
    ids = ls.read(tmp_path / "data.csv.gz", label="label").ids.to_pylist()
    decided(store, (ids[2], "relabel", "y", "ann"))
    correct(tmp_path / "data.csv.gz", tmp_path / "next.csv.gz", label="label", store=store)
    with gzip.open(tmp_path / "next.csv.gz", "rt") as file:
        assert file.read() == "text,label\none,x\ntwo,y\none,y\n"


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"out": "data.csv"}, ls.InputError, "is the file itself"),
        ({"out": "next.parquet"}, ls.InputError, "another format"),
        ({"out": "absent/next.csv"}, ls.InputError, "cannot be written"),
        ({"label": None}, ls.InputError, "no column for them"),
        ({"dataset": "other"}, ls.StoreError, "no corrections of other. Name the data set: --dataset data"),
        ({"file": "s3://bucket/data.csv"}, ls.InputError, "at an address"),
        ({"file": "few.csv"}, ls.InputError, "no sample with these ids: c"),
    ],
)
def test_what_cannot_be_done_is_refused_and_nothing_written(tmp_path, store, options, error, message, monkeypatch):
    monkeypatch.chdir(tmp_path)
    write(Path("data.csv"))
    write(Path("few.csv"), {name: values[:2] for name, values in ROWS.items()})
    decided(store, ("b", "relabel", "x", "ann"), ("c", "relabel", "y", "ann"))
    asked = {"file": "data.csv", "out": "next.csv", "dataset": "data", **COLUMNS} | options
    before = sorted(path.name for path in tmp_path.iterdir())
    with pytest.raises(error, match=message):
        correct(asked.pop("file"), asked.pop("out"), store=store, **asked)
    assert sorted(path.name for path in tmp_path.iterdir()) == before
    assert len(Store(store).ledger.records()) == 2


def test_undo_refuses_what_it_did_not_make_and_what_was_changed_since(tmp_path, store):
    decided(store, ("b", "relabel", "x", "ann"), ("c", "remove", None, "ann"))
    file = write(tmp_path / "data.csv")
    out = tmp_path / "next.csv"
    version = correct(file, out, **COLUMNS, store=store)
    with pytest.raises(ls.StoreError, match="did not make the content"):
        undo(file, tmp_path / "back.csv", store=store)
    head, *lines = out.read_text(encoding="utf-8").splitlines(keepends=True)
    moved = rowfiles.load(out)
    rowfiles.save(moved.take(range(len(moved.table) - 1, -1, -1)), tmp_path / "moved.csv")
    assert rowfiles.load(tmp_path / "moved.csv").fingerprint == version.fingerprint
    with pytest.raises(ls.StoreError, match="rows of the file were moved"):
        undo(tmp_path / "moved.csv", tmp_path / "back.csv", store=store)
    out.write_text(head + "".join(lines[:-1]), encoding="utf-8")
    with pytest.raises(ls.StoreError, match="did not make the content"):
        undo(out, tmp_path / "back.csv", store=store)
    assert not (tmp_path / "back.csv").exists()


def test_what_is_kept_for_undo_is_private_and_verified(tmp_path, store):
    decided(store, ("b", "relabel", "x", "ann"))
    correct(write(tmp_path / "data.csv"), tmp_path / "next.csv", **COLUMNS, store=store)
    (folder,) = (store / "versions").iterdir()
    assert (folder.stat().st_mode & 0o777, folder.parent.stat().st_mode & 0o777) == (0o700, 0o700)
    kept = (folder / BEFORE).read_bytes()
    (folder / BEFORE).write_bytes(kept[:-1] + b"x")
    assert "rows that were kept to undo it were changed" in verify(store=store).problems[0]
    with pytest.raises(ls.StoreError, match="cannot be read from"):
        undo(tmp_path / "next.csv", tmp_path / "back.csv", store=store)
    shutil.rmtree(folder)
    assert "rows that were kept to undo it are missing" in verify(store=store).problems[0]


APPLIER = """
import sys
from labelsift.corrections.file_versions import correct
while True:
    correct(sys.argv[1], sys.argv[2], label="label", id="id", dataset="data", store=sys.argv[3])
    print(flush=True)
"""


def killed_at_random(tmp_path: Path, store: Path, times: int) -> None:
    """Kill a correction at any moment: the new file is whole or not there, and the store whole and undoable."""
    seed = random.randrange(2**32)
    rng = random.Random(seed)
    rows = {
        "id": [f"r{number}" for number in range(3000)],
        "text": [f"text {number}" for number in range(3000)],
        "label": ["x", "y"] * 1500,
    }
    csv.write_csv(pa.table(rows), tmp_path / "data.csv")
    decided(store, *((f"r{number}", "relabel", "y", "ann") for number in range(0, 3000, 2)))
    whole = None
    for turn in range(times):
        out = tmp_path / f"next-{turn}.csv"
        command = [sys.executable, "-c", APPLIER, str(tmp_path / "data.csv"), str(out), str(store)]
        process = subprocess.Popen(command, stdout=subprocess.PIPE)
        if turn % 2:  # the first time before anything can be done, then amid the second time
            assert process.stdout is not None
            process.stdout.readline()
        time.sleep(rng.uniform(0, 0.1) if turn % 2 else rng.uniform(0.3, 1.5))
        process.kill()
        process.communicate()
        assert verify(store=store).problems == (), f"seed {seed}"
        if out.exists():
            whole = whole or out.read_bytes()
            assert out.read_bytes() == whole, f"seed {seed}"
            undo(out, tmp_path / "back.csv", store=store)
            assert rowfiles.load(tmp_path / "back.csv").table.equals(rowfiles.load(tmp_path / "data.csv").table)
    assert whole is not None


@pytest.mark.slow
def test_a_killed_correction_leaves_the_old_or_the_new_state(tmp_path, store):
    killed_at_random(tmp_path, store, 5)


@pytest.mark.soak
def test_fifty_killed_corrections(tmp_path, store):
    killed_at_random(tmp_path, store, 50)


@pytest.mark.slow
@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(cells=st.lists(st.tuples(*[st.text(st.characters(codec="utf-8", exclude_characters="\x00"))] * 2), min_size=1))
@pytest.mark.parametrize("name", ["cells.csv", "cells.tsv", "cells.jsonl"])
def test_any_cell_is_written_as_it_was_read(tmp_path, cells, name):
    table = pa.table({"a": [first for first, _ in cells], 'b,\t"': [two for _, two in cells]})
    rows = rowfiles.RowFile(rowfiles.form_of(name), table)
    if name.endswith("jsonl"):
        lines = [json.dumps(row, ensure_ascii=False) for row in table.to_pylist()]
        rows = rowfiles.RowFile("jsonl", pa.table({rowfiles.LINE: lines}))
    rowfiles.save(rows, tmp_path / name)
    assert rowfiles.load(tmp_path / name).table.to_pydict() == rows.table.to_pydict()


@pytest.mark.parametrize("encoding", ["utf-8", "cp1252", "utf-16"])
def test_a_file_that_must_be_told_how_to_read_stays_as_it_is_but_for_the_decisions(tmp_path, store, encoding):
    written = '007|fünf "Euro|x\nb|andere|none\nc|dritte|y\n'.encode(encoding)
    (tmp_path / "data.dat").write_bytes(written)
    form = Form("csv", encoding, "|", False, ("id", "text", "label"))
    decided(store, ("007", "relabel", "y", "ann"), ("b", "relabel", "x", "ann"))
    version = correct(tmp_path / "data.dat", tmp_path / "next.dat", **COLUMNS, form=form, missing=["none"], store=store)
    assert version.changed == 2
    expected = '007|fünf "Euro|y\nb|andere|x\nc|dritte|y\n'
    assert (tmp_path / "next.dat").read_bytes().decode(encoding) == expected
    undo(tmp_path / "next.dat", tmp_path / "back.dat", form=form, store=store)
    assert (tmp_path / "back.dat").read_bytes() == written


def test_the_commands_take_how_the_file_is_written(tmp_path, store):
    (tmp_path / "data.dat").write_text("007|a text|x\nb|another|y\n")
    decided(store, ("007", "relabel", "y", "ann"))
    how = ("--format", "csv", "--delimiter", "|", "--columns", "id,text,label", "--store", store)

    def run(*words: object) -> None:
        result = CliRunner().invoke(main, [str(word) for word in words])
        assert result.exit_code == 0, result.output

    run("correct", tmp_path / "data.dat", "--out", tmp_path / "n.dat", *how, "--id", "id", "--label", "label")
    assert (tmp_path / "n.dat").read_text() == "007|a text|y\nb|another|y\n"
    run("undo", tmp_path / "n.dat", "--out", tmp_path / "back.dat", *how)
    assert (tmp_path / "back.dat").read_text() == (tmp_path / "data.dat").read_text()


def test_the_mark_before_the_first_line_of_a_jsonl_file_stays(tmp_path):
    lines = '\ufeff{"id": "1", "text": "hello there", "label": "a"}\n{"id": "2", "text": "bye now", "label": "b"}\n'
    (tmp_path / "a.jsonl").write_text(lines, encoding="utf-8")
    store = tmp_path / "kept"
    run = ls.scan(ls.read(tmp_path / "a.jsonl", id="id", label="label"), only=["empty"], store=store).run
    row = {"id": "1", "action": "relabel", "value": '"b"', "run": run, "person": "ann", "verdict": "changed"}
    ls.record(pa.Table.from_pylist([row | {"platform": "xlsx"}], CORRECTIONS_SCHEMA), store=store)
    correct(tmp_path / "a.jsonl", tmp_path / "b.jsonl", label="label", id="id", store=store)
    assert (tmp_path / "b.jsonl").read_text("utf-8") == lines.replace('"a"', '"b"')
    undo(tmp_path / "b.jsonl", tmp_path / "c.jsonl", store=store)
    assert (tmp_path / "c.jsonl").read_bytes() == (tmp_path / "a.jsonl").read_bytes()
