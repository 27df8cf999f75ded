"""A command reads and verifies the decision log once, however many steps ask for it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from os import PathLike

import labelsift as ls
import pyarrow as pa
import pytest
from click.testing import CliRunner
from labelsift import platforms
from labelsift.cli import main
from labelsift.corrections.progress import queue
from labelsift.corrections.verify import verify
from labelsift.data.schemas import CORRECTIONS_SCHEMA
from labelsift.platforms import ApplyRequest, LabelingPlatform, Receipt
from labelsift.store import hash_chain
from labelsift.store.store import Store

DECISIONS = 400
Count = Callable[[], object]


def corrections(run: str, ids: list[str], *, number: int, person: str) -> pa.Table:
    start = datetime(2026, 11, 25, tzinfo=UTC)
    rows = [
        {"id": ids[turn % len(ids)], "action": "keep", "verdict": "refused", "person": person, "platform": "p"}
        | {"run": run, "time": start + timedelta(seconds=turn)}
        for turn in range(number)
    ]
    return pa.Table.from_pylist(rows, schema=CORRECTIONS_SCHEMA)


@pytest.fixture
def decided(make_report, tmp_path) -> tuple[str, ls.Samples]:
    """A store with one run and some hundred decisions, and the samples of the run."""
    report = make_report(40)
    Store(tmp_path / "s").save(report)
    table = corrections(report.run, report.samples.ids.to_pylist(), number=DECISIONS, person="ann")
    assert ls.record(table, store=tmp_path / "s").new == DECISIONS
    return str(tmp_path / "s"), report.samples


@pytest.fixture
def hashed(monkeypatch) -> Callable[..., object]:
    """Count how many hashes of records a step makes."""

    @contextmanager
    def counted() -> Iterator[list[int]]:
        numbers: list[int] = []
        whole = hash_chain.hash_of
        with monkeypatch.context() as patch:
            patch.setattr(hash_chain, "hash_of", lambda record: (numbers.append(record["number"]), whole(record))[1])
            yield numbers

    return counted


def test_a_scan_verifies_each_record_once(decided, hashed):
    store, samples = decided
    with hashed() as numbers:
        ls.scan(samples, only=["empty"], store=store)
    assert numbers == list(range(1, DECISIONS + 1))


def test_recording_verifies_each_record_once_and_hashes_the_new_ones(decided, hashed):
    store, samples = decided
    run = Store(store).find()
    with hashed() as numbers:
        ls.record(corrections(run, samples.ids.to_pylist(), number=7, person="bob"), store=store)
    assert numbers == list(range(1, DECISIONS + 8))


@pytest.mark.slow
def test_a_push_of_a_store_with_20000_decisions_verifies_each_record_once(make_report, hashed, tmp_path):
    report = make_report(40)
    Store(tmp_path / "s").save(report)
    ids = report.samples.ids.to_pylist()
    ls.record(corrections(report.run, ids, number=20_000, person="ann"), store=tmp_path / "s")
    with hashed() as numbers:
        receipt = ls.load(store=tmp_path / "s").push("xlsx", project=str(tmp_path / "review.xlsx"))
    assert receipt.created
    # The last record says where the run was sent: it is hashed when it is written, and when erasures are looked for.
    assert numbers == [*range(1, 20_002), 20_001]


@pytest.mark.parametrize("step", [queue, ls.recorded, verify], ids=lambda step: step.__name__)
def test_what_only_reads_verifies_each_record_once(decided, hashed, step):
    with hashed() as numbers:
        step(store=decided[0])
    assert numbers == list(range(1, DECISIONS + 1))


@pytest.mark.parametrize("command", ["queue", "audit", "runs", "runs tag latest kept", "runs show latest"])
def test_a_command_verifies_each_record_once(decided, hashed, command):
    with hashed() as numbers:
        result = CliRunner().invoke(main, [*command.split(), "--store", decided[0]])
    assert result.exit_code == 0, result.output
    assert numbers[:DECISIONS] == list(range(1, DECISIONS + 1))
    assert len(numbers) <= DECISIONS + 2  # a tag is one new record, hashed when it is written and when it is read


@dataclass
class Reading(LabelingPlatform):
    """A platform whose adapter reads the decision log itself, as Label Studio's does."""

    pulled: pa.Table
    name = "reading"
    capabilities = frozenset({"apply"})

    def pull(self, *, project: str, store: str | PathLike[str] | None = None) -> pa.Table:
        assert Store.of(store).ledger.records()
        return self.pulled

    def apply(self, corrections: pa.Table, request: ApplyRequest) -> Receipt:
        assert len(Store.of(request.store).ledger.records()) == corrections.num_rows
        return Receipt(self.name, request.project, updated=corrections.num_rows)


@pytest.mark.parametrize(("command", "new"), [("pull", 3), ("pull --no-store", 0), ("pull --all", 3), ("apply", 0)])
def test_pull_and_apply_verify_each_record_once_with_what_the_adapter_reads(decided, hashed, monkeypatch, command, new):
    store, samples = decided
    ids = samples.ids.to_pylist()
    adapter = Reading(corrections(Store(store).find(), ids, number=3, person="bob"))
    monkeypatch.setattr(platforms, "get", lambda name: adapter)
    verb, *options = command.split()
    with hashed() as numbers:
        result = CliRunner().invoke(main, [verb, "reading", "Tickets", *options, "--store", store])
    assert result.exit_code == 0, result.output
    assert numbers == list(range(1, DECISIONS + new + 1))


@pytest.mark.slow
@pytest.mark.parametrize("command", ["runs show tag:kept", "compare tag:kept tag:kept"])
def test_a_run_that_is_named_by_its_tag_costs_no_second_look_at_the_log(decided, hashed, command):
    store, samples = decided
    ls.scan(samples, only=["empty"], store=store)
    assert CliRunner().invoke(main, ["runs", "tag", "latest", "kept", "--store", store]).exit_code == 0
    with hashed() as numbers:
        result = CliRunner().invoke(main, [*command.split(), "--store", store])
    assert result.exit_code == 0, result.output
    assert numbers == list(range(1, DECISIONS + 2))


def test_forgetting_verifies_each_record_once_though_it_asks_first(decided, hashed):
    store, samples = decided
    with hashed() as numbers:
        result = CliRunner().invoke(main, ["forget", samples.ids[0].as_py(), "--store", store], input="y\n")
    assert result.exit_code == 0, result.output
    assert numbers[:DECISIONS] == list(range(1, DECISIONS + 1))
    assert min(numbers[DECISIONS:]) > DECISIONS  # what it adds itself
