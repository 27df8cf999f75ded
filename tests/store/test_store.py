"""The run store: whole or not at all, and every trouble says what it is."""

from __future__ import annotations

import errno
import json
import os
import stat
import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import labelsift as ls
import lance
import numpy as np
import pyarrow as pa
import pytest
from click.testing import CliRunner
from labelsift.cli import main
from labelsift.data.samples import Samples
from labelsift.errors import InputError, StoreError
from labelsift.report import load
from labelsift.store.format import FORMAT
from labelsift.store.store import Store, run_name
from saving_processes import killed_save

START = datetime(2026, 11, 23, 10, 15, tzinfo=UTC)


@pytest.fixture
def report(make_report):
    """A report with everything that a store must keep."""
    made = make_report(60, predicted=True)
    vectors = np.random.default_rng(0).normal(size=(60, 8)).astype(np.float32)
    return replace(made, embeddings=vectors, facts={"labeled": 57, "languages": {"en": 1.0}})


@pytest.fixture
def store(tmp_path) -> Store:
    return Store(tmp_path / "kept")


def numbered(report, number: int, **changes):
    """The same report as another run, `number` minutes later."""
    created = START + timedelta(minutes=number)
    return replace(report, run=f"{created:%Y%m%d-%H%M%S}-aa{number:04d}", created=created, **changes)


def test_what_is_loaded_is_what_was_saved(report, store):
    store.save(report)
    loaded = store.load(report.run)
    assert loaded.samples.table.equals(report.samples.table)
    assert loaded.samples.metadata.equals(report.samples.metadata)
    assert loaded.samples.name == report.samples.name
    assert loaded.samples.fingerprint == report.samples.fingerprint
    assert loaded.scores.equals(report.scores)
    assert loaded.findings.equals(report.findings)
    assert loaded.findings.schema == report.findings.schema
    np.testing.assert_array_equal(loaded.embeddings, report.embeddings)
    np.testing.assert_array_equal(loaded.pred_probs, report.pred_probs)  # with its row of NaN
    for name in ("run", "created", "classes", "settings", "facts", "notes", "sample_links"):
        wanted = {} if name == "sample_links" else getattr(report, name)
        assert getattr(loaded, name) == wanted
    assert loaded.store is store


def test_a_report_with_nothing_found_and_nothing_made_is_kept(report, store):
    bare = replace(
        report,
        samples=Samples(report.samples.table, pa.table({}), "bare"),
        findings=report.findings.slice(0, 0),
        embeddings=None,
        pred_probs=None,
        scores=report.scores.select(["id"]),
    )
    store.save(bare)
    loaded = store.load()
    assert loaded.findings.num_rows == 0
    assert loaded.findings.schema == report.findings.schema
    assert loaded.samples.metadata.num_columns == 0
    assert loaded.embeddings is None is loaded.pred_probs
    assert len(loaded.samples.take(np.array([1, 2]))) == 2


def test_metadata_of_any_name_and_type_is_kept(report, store):
    rows = len(report.samples)
    metadata = pa.table(
        {
            "user.name": ["x"] * rows,
            "": list(range(rows)),
            "_rowid": [None] * rows,
            "a\"`'/b\\": pa.array(["u", None] * (rows // 2)).dictionary_encode(),
            "💥": [[1, 2], None] * (rows // 2),
            "day": [START.date()] * rows,
            "when": [START] * rows,
            "nested": [{"a.b": 1}] * rows,
        }
    )
    store.save(replace(report, samples=Samples(report.samples.table, metadata, "odd")))
    assert store.load().samples.metadata.equals(metadata)


def test_latest_is_the_newest_of_a_data_set(report, store):
    other = Samples(report.samples.table, report.samples.metadata, "chats")
    for saved in (numbered(report, 1), numbered(report, 2), numbered(report, 4), numbered(report, 5, samples=other)):
        store.save(saved)
    assert [run.run[-1] for run in store.runs()] == ["5", "4", "2", "1"]
    assert store.load().run.endswith("5")
    assert store.load(dataset="tickets").run.endswith("4")
    assert load("latest", dataset="chats", store=store.folder).samples.name == "chats"
    with pytest.raises(StoreError, match=r"holds no run of nothing.*Scan first"):
        store.load(dataset="nothing")
    info = store.runs()[0]
    assert (info.dataset, info.rows, info.fingerprint) == ("chats", 60, report.samples.fingerprint)
    assert info.label_issues == report.summary()["issues"]["label"]["count"]


def test_a_run_is_found_by_the_beginning_of_its_name(report, store):
    for number in (1, 2):
        store.save(numbered(report, number))
    assert store.find("20261123-1016") == "20261123-101600-aa0001"
    with pytest.raises(StoreError, match=r"2 runs match 20261123.*Newest runs: 20261123-101700"):
        store.find("20261123")
    with pytest.raises(StoreError, match=r"There is no run 1999\. Newest runs"):
        store.find("1999")


def test_a_clock_that_once_ran_ahead_does_not_make_its_run_the_latest_for_years(report, store):
    ahead = replace(report, created=START + timedelta(days=1500))
    store.save(replace(ahead, run=run_name(ahead.created, report.samples.fingerprint)))
    now = numbered(report, 1)
    store.save(now)
    assert store.find() == now.run
    assert store.runs()[0].run == now.run


def test_an_empty_name_is_no_run(report, store):
    store.save(report)
    for name in ("runs", "rm", "--yes"), ("runs", "show"):
        done = CliRunner().invoke(main, [*name, "", "--store", str(store.place)])
        assert done.exit_code == 2
        assert "empty name" in done.stderr
    assert store.find() == report.run


def test_names_sort_by_time_and_are_never_the_same():
    names = [run_name(START, "4f2a") for _ in range(50)]
    assert len(set(names)) == 50
    assert run_name(START, "ff") < run_name(START + timedelta(seconds=1), "00")


def test_the_folder_is_private_and_ignored_by_git(report, store):
    before = os.umask(0)
    try:
        store.save(report)
    finally:
        os.umask(before)
    for folder in (store.folder, store.folder / "runs", store.folder / "runs" / report.run):
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert (store.folder / ".gitignore").read_text() == "*\n"
    assert json.loads((store.folder / "format.json").read_text()) == {"format": FORMAT}
    store.folder.chmod(0o755)  # somebody opened it
    store.save(numbered(report, 1))
    assert stat.S_IMODE(store.folder.stat().st_mode) == 0o700


def test_a_newer_format_is_refused_by_name(report, store):
    store.save(report)
    (store.folder / "format.json").write_text('{"format": 2}')
    for attempt in (store.runs, store.load, lambda: store.save(numbered(report, 1))):
        with pytest.raises(
            StoreError, match=r"has the newer format 2; this labelsift reads format 1.*Update labelsift"
        ):
            attempt()
    assert [path.name for path in (store.folder / "runs").iterdir()] == [report.run]


@pytest.mark.parametrize("content", ["", "{", "[]", '{"format": "x"}', "{}"])
def test_a_damaged_format_file_is_named(report, store, content):
    store.save(report)
    (store.folder / "format.json").write_text(content)
    with pytest.raises(StoreError, match=r"format\.json cannot be read|has the unknown format"):
        store.runs()


def test_no_store_yet(store, tmp_path):
    with pytest.raises(StoreError, match=r"is no run store.*Scan first"):
        store.load()
    (tmp_path / "file").write_text("x")
    with pytest.raises(StoreError, match="is no run store"):
        Store(tmp_path / "file").runs()


def test_a_store_that_cannot_be_made_is_named(report, tmp_path):
    (tmp_path / "file").write_text("x")
    with pytest.raises(StoreError, match=r"file cannot be written.*another --store"):
        Store(tmp_path / "file").save(report)


def test_a_run_that_lost_a_part_is_named_and_the_others_stay_readable(report, store):
    for number in (1, 2, 3):
        store.save(numbered(report, number))
    runs = store.folder / "runs"
    (runs / "20261123-101700-aa0002" / "run.json").unlink()
    assert [run.run[-1] for run in store.runs()] == ["3", "1"]
    (error,) = store.broken()
    assert "The run 20261123-101700-aa0002 cannot be read" in str(error)
    assert f"Delete {runs / '20261123-101700-aa0002'}" in str(error)
    assert store.load().run.endswith("3")
    assert store.load("20261123-1016").run.endswith("1")
    with pytest.raises(StoreError, match="aa0002 cannot be read"):
        store.load("20261123-1017")


@pytest.mark.parametrize("content", ["", "{", "[]", "{}", '{"run": "other"}', "\udcff"])
def test_a_damaged_newest_run_is_never_passed_over_silently(report, store, content):
    store.save(numbered(report, 1))
    store.save(numbered(report, 2))
    facts = store.folder / "runs" / "20261123-101700-aa0002" / "run.json"
    facts.write_bytes(content.encode("utf-8", "surrogateescape"))
    with pytest.raises(StoreError, match="aa0002 cannot be read"):
        store.load()
    assert store.load("20261123-1016").run.endswith("1")


@pytest.mark.parametrize("part", ["samples.lance", "scores.lance", "findings.lance", "metadata.lance"])
def test_a_missing_table_is_named(report, store, part):
    import shutil

    store.save(report)
    shutil.rmtree(store.folder / "runs" / report.run / part)
    with pytest.raises(StoreError, match=f"The run {report.run} cannot be read .*{part.partition('.')[0]}"):
        store.load()


def test_a_broken_table_is_named(report, store):
    store.save(report)
    for path in (store.folder / "runs" / report.run / "scores.lance").rglob("*"):
        if path.is_file():
            path.write_bytes(b"not lance")
    with pytest.raises(StoreError, match=f"The run {report.run} cannot be read"):
        store.load()


def failing(after: int):
    """lance.write_dataset that works some times and then finds the disk full."""
    real, calls = lance.write_dataset, []

    def write(*args, **options):
        calls.append(1)
        if len(calls) > after:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return real(*args, **options)

    return write


@pytest.mark.parametrize("after", [0, 2])
def test_a_full_disk_is_named_and_leaves_the_old_runs(report, store, monkeypatch, after):
    store.save(numbered(report, 1))
    monkeypatch.setattr(lance, "write_dataset", failing(after))
    with pytest.raises(StoreError, match=r"could not be kept in .*No space left on device.*Free some space"):
        store.save(numbered(report, 2))
    assert [path.name for path in (store.folder / "runs").iterdir()] == ["20261123-101600-aa0001"]
    assert store.load().run.endswith("1")


@pytest.mark.slow
@pytest.mark.parametrize("after", [0, 3])
def test_a_killed_writer_leaves_nothing_that_is_read(report, store, after):
    store.save(report)
    later = "20991231-235959-ffffff"
    killed_save(store.folder, later, after=after)
    (half,) = [path for path in (store.folder / "runs").iterdir() if path.name != report.run]
    assert half.name.startswith(".")
    assert [run.run for run in store.runs()] == [report.run]
    assert store.broken() == []
    assert store.load().run == report.run
    store.save(numbered(report, 1))
    assert half.exists()  # it may still be written to
    long_ago = time.time() - 100_000
    os.utime(half, (long_ago, long_ago))
    store.save(numbered(report, 2))
    assert not half.exists()


def test_links_are_kept_with_the_run(report, store):
    store.save(report)
    store.save_links(report.run, {"t1": "http://127.0.0.1/1"})
    store.save_links(report.run, {"t1": "http://127.0.0.1/2", "t2": "http://127.0.0.1/3"})
    assert store.load().sample_links == {"t1": "http://127.0.0.1/2", "t2": "http://127.0.0.1/3"}
    store.save_links("gone", {})  # the run was deleted meanwhile
    assert [path.name for path in (store.folder / "runs").iterdir()] == [report.run]


@pytest.mark.parametrize("where", ["s3://key:secret@bucket/runs", Path("s3://bucket"), "GS://bucket", "file:///tmp/x"])
def test_an_address_of_no_bucket_is_refused_and_makes_no_folder(where, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    scanned = tmp_path / "a.csv"
    scanned.write_text("text,label\nhello there,x\ngood bye,y\n")
    for use in (
        lambda: Store(where),
        lambda: load(store=where),
        lambda: ls.scan(ls.read(scanned, label="label"), store=where),
    ):
        with pytest.raises(InputError, match=r"is no s3://bucket/prefix|No store can lie at a") as caught:
            use()
        assert "secret" not in str(caught.value)
    done = CliRunner().invoke(main, ["runs", "list", "--store", str(where)])
    assert done.exit_code == 2
    assert "s3://bucket/prefix" in done.output
    assert [path.name for path in tmp_path.iterdir()] == ["a.csv"]


def test_a_folder_with_other_things_in_it_is_refused_before_the_scan(tmp_path, monkeypatch):
    (tmp_path / ".gitignore").write_text("*.log\n")
    (tmp_path / "model.py").write_text("pass\n")
    mode = tmp_path.stat().st_mode
    samples = ls.read(pa.table({"text": ["a", "b"]}))
    with pytest.raises(StoreError, match="is not empty and no run store"):
        ls.scan(samples, store=tmp_path)
    assert (tmp_path / ".gitignore").read_text() == "*.log\n"
    assert tmp_path.stat().st_mode == mode
