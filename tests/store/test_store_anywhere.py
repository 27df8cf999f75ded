"""The run store in a folder and in a bucket behind a real S3 socket: the same code, the same results."""

from __future__ import annotations

import json
import os
from dataclasses import replace
from pathlib import Path

import labelsift as ls
import numpy as np
import pyarrow as pa
import pytest
from click.testing import CliRunner
from labelsift.cli import main
from labelsift.errors import InputError, StoreError
from labelsift.search.batch import kept_batch
from labelsift.store import sweep
from labelsift.store.store import Store
from labelsift.store.sweep import sweep_dead
from saving_processes import killed_save, saved_at_once

LATER = "20991231-235959-ffffff"


@pytest.fixture(scope="module")
def report(make_report):
    made = make_report(60)
    vectors = np.random.default_rng(0).normal(size=(60, 8)).astype(np.float32)
    return replace(made, embeddings=vectors)


@pytest.fixture
def store(anywhere) -> Store:
    return Store(anywhere)


def test_what_is_saved_is_loaded(report, store):
    store.save(report)
    again = store.load()
    assert again.samples.table.equals(report.samples.table)
    assert again.samples.metadata.equals(report.samples.metadata)
    assert again.scores.equals(report.scores)
    assert again.findings.equals(report.findings)
    assert (again.run, again.settings, again.notes) == (report.run, report.settings, report.notes)
    np.testing.assert_array_equal(again.embeddings, report.embeddings)
    np.testing.assert_array_equal(again.pred_probs, report.pred_probs)
    (info,) = store.runs()
    assert (info.rows, info.fingerprint) == (60, report.samples.fingerprint)


def test_samples_are_read_by_their_ids(report, store):
    store.save(report)
    assert store.samples("latest", ["t7", "t3", "t59"]).ids.to_pylist() == ["t7", "t3", "t59"]
    assert store.samples("latest", ["t3"]).texts.to_pylist() == report.samples.take([3]).texts.to_pylist()
    with pytest.raises(InputError, match="no sample with these ids: strange"):
        store.samples("latest", ["t3", "strange"])


def test_runs_are_found_and_removed(report, store):
    store.save(report)
    store.save(replace(report, run=LATER))
    assert store.find("2099") == LATER
    with pytest.raises(StoreError, match="There is no run 1999"):
        store.find("1999")
    store.remove(LATER)
    assert [run.run for run in store.runs()] == [report.run]
    assert not [name for name in store.place.names() if LATER in name]
    assert store.load().scores.equals(report.scores)


def test_links_and_batches_are_kept_once(report, store):
    store.save(report)
    store.save_links(report.run, {"t1": "http://127.0.0.1/2"})
    assert store.load().sample_links == {"t1": "http://127.0.0.1/2"}
    store.save_links("gone", {})
    assert (store.place / "runs").children() == [report.run]
    batch = replace(report, run=LATER, settings={**report.settings, "batch": True})
    assert kept_batch(batch, store).run == LATER
    names = store.place.names()
    assert kept_batch(batch, store).run == LATER
    assert store.place.names() == names


def test_a_run_of_the_same_name_is_never_overwritten(report, store):
    store.save(report)
    names = store.place.names()
    with pytest.raises(StoreError, match="could not be kept"):
        store.save(replace(report, notes=("another",)))
    assert store.place.names() == names
    assert store.load().notes == report.notes


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b'{"run": "other"}'])
def test_a_damaged_run_is_named_and_never_passed_over(report, store, content):
    store.save(report)
    store.save(replace(report, run=LATER))
    store.place_of(LATER).replace("run.json", content)
    (error,) = store.broken()
    assert f"The run {LATER} cannot be read" in str(error)
    with pytest.raises(StoreError, match=f"{LATER} cannot be read"):
        store.load()
    assert store.load(report.run).run == report.run


def test_a_newer_format_and_a_place_with_other_things_are_refused(report, store):
    store.place.replace("model.py", b"pass")
    with pytest.raises(StoreError, match="is not empty and no run store"):
        store.save(report)
    assert store.place.names() == ["model.py"]
    store.place.delete("model.py")
    with pytest.raises(StoreError, match="is no run store"):
        store.runs()
    store.save(report)
    store.place.replace("format.json", b'{"format": 2}')
    for attempt in (store.runs, store.load, lambda: store.save(replace(report, run=LATER))):
        with pytest.raises(StoreError, match="has the newer format 2"):
            attempt()


@pytest.mark.slow
@pytest.mark.parametrize("after", [1, 4])
def test_a_killed_save_leaves_nothing_that_is_read(report, store, anywhere, after, monkeypatch):
    store.save(report)
    whole = store.place.names()
    killed_save(anywhere, LATER, after=after)
    assert [run.run for run in store.runs()] == [report.run]
    assert store.broken() == []
    assert store.load().run == report.run
    with pytest.raises(StoreError, match="There is no run 2099"):
        store.find("2099")
    store.save(replace(report, run=LATER))  # what is left is in nobody's way
    assert store.load(LATER).scores.equals(report.scores)
    store.remove(LATER)
    killed_save(anywhere, LATER, after=after)
    assert sweep_dead(store.place / "runs") == []  # its process has ended
    assert store.place.names() == whole


@pytest.mark.server
def test_in_a_bucket_leftovers_of_another_machine_wait_for_a_day(report, bucket, monkeypatch):
    store = Store(f"{bucket}/kept")
    store.save(report)
    store.save(replace(report, run=LATER))
    whole = store.place.names()
    (tables,) = [name for name in store.place_of(LATER).children() if name.startswith("tables-")]
    for left in (f"{LATER}/tables-elsewhere-1-00", "20990101-000000-ffffff/tables-elsewhere-1-00"):
        (store.place / "runs").replace(f"{left}/samples.lance/data/x", b"half")
    assert sweep_dead(store.place / "runs") == [
        "20990101-000000-ffffff/tables-elsewhere-1-00",
        f"{LATER}/tables-elsewhere-1-00",
    ]
    assert len(store.place.names()) == len(whole) + 2
    monkeypatch.setattr(sweep, "FORGOTTEN", -1)
    store.prepare()
    assert store.place.names() == whole
    assert tables in store.place_of(LATER).children()


@pytest.mark.server
def test_a_full_bucket_is_named_and_leaves_the_old_runs(report, bucket, monkeypatch):
    import lance

    store = Store(f"{bucket}/kept")
    store.save(report)
    names, real = store.place.names(), lance.write_dataset

    def write(table, where, **options):
        if "findings" in where:
            raise OSError("PUT http://key:planted@host/kept?X-Amz-Signature=planted: no space")
        return real(table, where, **options)

    monkeypatch.setattr(lance, "write_dataset", write)
    with pytest.raises(StoreError, match=r"could not be kept in s3://.*no space") as caught:
        store.save(replace(report, run=LATER))
    assert "planted" not in str(caught.value)
    assert store.place.names() == names


@pytest.mark.slow
def test_processes_that_save_at_once_do_not_disturb_each_other(report, store, anywhere):
    names = [f"2099123{digit}-000000-ffffff" for digit in range(4)]
    assert saved_at_once(anywhere, [replace(report, run=name) for name in names]) == [0] * 4
    assert [run.run for run in store.runs()] == names[::-1]
    for name in names:
        assert store.load(name).scores.equals(report.scores)
    if "://" not in anywhere:
        assert [path.name for path in Path(anywhere).glob(".*")] == [".gitignore"]


@pytest.mark.server
def test_two_who_save_the_same_run_into_a_bucket_leave_one(report, bucket):
    where = f"{bucket}/kept"
    Store(where).prepare()
    assert sorted(saved_at_once(where, [report, report])) == [0, 1]
    tables = [name for name in Store(where).place_of(report.run).children() if name.startswith("tables-")]
    assert len(tables) == 1
    assert Store(where).load().scores.equals(report.scores)


def test_the_command_line_scans_into_it_and_shows_it(anywhere, tmp_path):
    file = tmp_path / "tickets.csv"
    rows = [f"t{row},ticket {row} about {('cards', 'refunds')[row % 2]},{'ab'[row % 2]}" for row in range(40)]
    file.write_text("id,text,label\n" + "\n".join(rows) + "\n")
    asked = ["scan", str(file), "--text", "text", "--label", "label", "--id", "id", "--store", anywhere]
    done = CliRunner().invoke(main, asked, catch_exceptions=False)
    assert done.exit_code == 0, done.output
    listed = CliRunner().invoke(main, ["runs", "list", "--store", anywhere, "--json"])
    (run,) = json.loads(listed.output)
    assert run["rows"] == 40
    assert ls.load(store=anywhere).samples.ids.to_pylist() == [f"t{number}" for number in range(40)]
    for asked in (
        ["runs", "tag", "latest", "baseline", "--by", "ann"],
        ["runs", "show", "tag:baseline"],
        ["note", "latest", "seen", "--by", "ann"],
        ["similar", "ticket about cards", "-k", "2"],
        ["compare", "latest", "tag:baseline"],
        ["runs", "export", "latest", str(tmp_path / "out")],
        ["queue"],
        ["audit"],
        ["reproduce", "latest"],
        ["verify"],
        ["runs", "rm", "latest", "--yes"],
    ):
        done = CliRunner().invoke(main, [*asked, "--store", anywhere], catch_exceptions=False)
        assert done.exit_code == 0, (asked, done.output)
    assert Store(anywhere).runs() == []
    assert os.environ.get("AWS_SECRET_ACCESS_KEY", "planted") not in done.output + listed.output


@pytest.mark.server
def test_pools_are_refused_in_a_bucket_with_a_cure(bucket, tmp_path):
    file = tmp_path / "pool.csv"
    file.write_text("id,text\nt0,hello there\nt1,good bye\n")
    done = CliRunner().invoke(main, ["index", str(file), "--text", "text", "--store", f"{bucket}/kept"])
    assert done.exit_code == 2
    assert "Pools, and what else is mapped into memory, lie in a folder" in done.output
    assert "--store" in done.output
    assert Store(f"{bucket}/kept").place.children() == []  # refused before anything is made


@pytest.mark.server
def test_a_bucket_that_is_not_there_is_named_before_the_scan(bucket):
    samples = ls.read(pa.table({"text": ["a", "b"]}))
    with pytest.raises(StoreError, match=r"s3://no-such-bucket-anywhere/kept cannot be written"):
        ls.scan(samples, store="s3://no-such-bucket-anywhere/kept")
