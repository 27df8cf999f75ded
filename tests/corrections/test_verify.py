"""Verifying a store: what was changed, cut or moved since is found, without a network."""

from __future__ import annotations

import json
import shutil
from datetime import UTC, datetime
from pathlib import Path

import lance
import pyarrow as pa
import pytest
from labelsift.corrections.record import record
from labelsift.corrections.verify import verify
from labelsift.data.schemas import CORRECTIONS_SCHEMA
from labelsift.errors import StoreError
from labelsift.store.hash_chain import HEAD
from labelsift.store.ledger import Ledger
from labelsift.store.ledger_files import RECORDS
from labelsift.store.store import Store

RUN = "20261123-101500-4f2a"


@pytest.fixture
def store(tmp_path, make_report) -> Store:
    """One run, and three decisions on it."""
    kept = Store(tmp_path / "kept")
    kept.save(make_report())
    row = {"action": "keep", "verdict": "refused", "value": "null", "person": "ann", "platform": "fake", "run": RUN}
    row |= {"round": "1", "time": datetime(2026, 11, 23, tzinfo=UTC), "note": ""}
    record(
        pa.Table.from_pylist([row | {"id": f"t{number}"} for number in (3, 13, 23)], CORRECTIONS_SCHEMA),
        store=kept.folder,
    )
    return kept


def first(store: Store, **options: str) -> str:
    problems = verify(store=store.folder, **options).problems
    assert problems
    return problems[0]


def rewritten(store: Store, change) -> None:
    """Replace the samples of the run, as who knows Lance could do it."""
    path = store.folder / "runs" / RUN / "samples.lance"
    table = change(lance.dataset(str(path)).to_table())
    shutil.rmtree(path)
    lance.write_dataset(table, str(path))


def test_an_untouched_store_is_whole(store):
    verification = verify(store=store.folder)
    assert (verification.records, verification.runs, verification.problems, verification.notes) == (3, 1, (), ())
    assert verification.last_hash == store.ledger.records()[-1]["hash"]


def test_a_changed_record_is_named(store):
    path = store.folder / "corrections" / RECORDS
    path.write_bytes(path.read_bytes().replace(b'"id":"t13"', b'"id":"t14"'))
    assert "record 2 (id t14, person ann" in first(store)


def relabeled(table: pa.Table) -> pa.Table:
    labels = table["label"].to_pylist()
    return table.set_column(table.column_names.index("label"), "label", pa.array(["refund", *labels[1:]]))


@pytest.mark.parametrize(
    "change",
    [relabeled, lambda table: table.slice(1), lambda table: table.take(list(reversed(range(len(table)))))],
    ids=["a changed label", "a missing row", "rows moved away from their metadata"],
)
def test_changed_samples_of_a_run_are_found(store, change):
    rewritten(store, change)
    assert first(store).startswith(f"Run {RUN}: its samples were changed")


def test_samples_and_fingerprint_changed_together_disagree_with_the_decisions(store, make_report):
    folder = store.folder / "runs" / RUN
    shutil.rmtree(folder)
    store.save(make_report(100))
    assert first(store).startswith(f"Run {RUN}: people decided on other samples")


def test_a_broken_run_is_named(store):
    (store.folder / "runs" / RUN / "run.json").write_text("{")
    assert f"The run {RUN} cannot be read" in first(store)
    assert verify(store=store.folder).runs == 0


def test_a_run_without_its_samples_is_named(store):
    shutil.rmtree(store.folder / "runs" / RUN / "samples.lance")
    assert f"The run {RUN} cannot be read" in first(store)


def cut(ledger: Ledger, to: int) -> None:
    """Cut the end and make the head fit: the record itself cannot tell."""
    records = ledger.records()[:to]
    content = b"".join((ledger.place.path / RECORDS).read_bytes().splitlines(keepends=True)[:to])
    (ledger.place.path / RECORDS).write_bytes(content)
    head = {"count": to, "size": len(content), "hash": records[-1]["hash"]}
    (ledger.place.path / HEAD).write_text(json.dumps(head))


def test_only_a_hash_that_was_noted_elsewhere_shows_a_cut_with_a_fitting_head(store):
    noted = verify(store=store.folder).last_hash
    assert verify(store=store.folder, expect=noted[:12]).problems == ()
    cut(store.ledger, 2)
    assert verify(store=store.folder).problems == ()
    assert "does not contain" in first(store, expect=noted)


def test_what_a_killed_append_left_is_no_damage(store):
    with (store.folder / "corrections" / RECORDS).open("ab") as file:
        file.write(b"half a record")
    verification = verify(store=store.folder)
    assert verification.problems == ()
    assert verification.notes == ("13 bytes behind the last record belong to no finished append; nobody reads them",)


def test_where_no_store_is_nothing_is_verified(tmp_path: Path):
    with pytest.raises(StoreError, match="is no run store"):
        verify(store=tmp_path)
