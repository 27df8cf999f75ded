"""Killed at any moment: a save leaves the store with the run or without it, and the record with it whole."""

from __future__ import annotations

import multiprocessing
import random
import subprocess
import sys
import time
from dataclasses import replace

import labelsift as ls
import numpy as np
import pyarrow as pa
import pytest
from labelsift.corrections.verify import verify
from labelsift.data.schemas import CORRECTIONS_SCHEMA
from labelsift.store.location import Folder
from labelsift.store.store import Store
from labelsift.store.sweep import sweep_dead

SAVER = """
import sys
from labelsift.store.location import Folder
from labelsift.store.sweep import sweep_dead
from labelsift.store.store import Store
store = Store(sys.argv[1])
report = store.load(sys.argv[2])
report.run = sys.argv[3]
print("begun", flush=True)
store.save(report)
print("saved", flush=True)
"""
WAIT = 0.15  # seconds, about as long as a save takes here: some are killed in it, some after it


@pytest.fixture
def store(make_report, anywhere) -> Store:
    """Make a store with one run that takes a while to be saved."""
    made = make_report(6000, predicted=True)
    vectors = np.random.default_rng(0).normal(size=(6000, 256)).astype(np.float32)
    kept = Store(anywhere)
    kept.save(replace(made, embeddings=vectors))
    return kept


@pytest.mark.slow
@pytest.mark.parametrize("kills", [5, pytest.param(50, marks=pytest.mark.soak)])
def test_a_killed_save_leaves_the_run_whole_or_not_there(store, kills):
    seed = random.randrange(2**32)
    rng = random.Random(seed)
    first = store.load()
    names, whole = [first.run], 0
    for turn in range(kills):
        name = f"20991231-{turn:06d}-ffffff"
        command = [sys.executable, "-c", SAVER, str(store.place), first.run, name]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
            assert process.stdout is not None
            assert process.stdout.readline() == "begun\n"
            time.sleep(rng.uniform(0, WAIT))
            process.kill()
            saved = process.stdout.read() == "saved\n"
        runs = [run.run for run in store.runs()]
        assert set(names) <= set(runs) <= {*names, name}, f"seed {seed}"
        assert name in runs or not saved, f"seed {seed}"
        if name in runs:
            again = store.load(name)
            assert again.samples.table.equals(first.samples.table), f"seed {seed}"
            assert again.scores.equals(first.scores), f"seed {seed}"
            np.testing.assert_array_equal(again.embeddings, first.embeddings)
            np.testing.assert_array_equal(again.pred_probs, first.pred_probs)
            last = first.samples.ids[-1].as_py()
            assert store.samples(name, [last]).ids.to_pylist() == [last]
            whole += 1
        names = runs
        assert store.broken() == [], f"seed {seed}"
    assert verify(store=str(store.place)).problems == (), f"seed {seed}"
    assert sweep_dead(store.place / "runs") == [], f"seed {seed}"
    assert (store.place / "runs").children() == sorted(names), f"seed {seed}"
    store.save(replace(first, run="21000101-000000-ffffff"))
    assert store.find() in {first.run, *names, "21000101-000000-ffffff"}
    assert len(store.runs()) == whole + 2


def _decide(folder: str, run: str, person: str, ids: list[str], start) -> None:
    start.wait()
    for id in ids:  # many small appends, so that the two meet
        decision = {"id": id, "run": run, "action": "keep", "value": '"x"', "verdict": "refused", "platform": "xlsx"}
        ls.record(pa.Table.from_pylist([decision | {"person": person}], CORRECTIONS_SCHEMA), store=folder)


@pytest.mark.slow
def test_two_people_whose_decisions_arrive_at_once_lose_none(make_report, anywhere):
    report = make_report(60)
    store = Store(anywhere)
    store.save(report)
    ids = report.samples.ids.to_pylist()[:20]
    context = multiprocessing.get_context("spawn")  # Lance's threads do not survive a fork
    start = context.Barrier(2)
    both = [
        context.Process(target=_decide, args=(str(store.place), report.run, person, ids, start))
        for person in ("ann", "bea")
    ]
    for process in both:
        process.start()
    for process in both:
        process.join(120)
    assert [process.exitcode for process in both] == [0, 0]
    decisions = [(row["person"], row["id"]) for row in store.ledger.records() if row.get("kind") == "decision"]
    assert sorted(decisions) == [(person, id) for person in ("ann", "bea") for id in sorted(ids)]
    assert verify(store=str(store.place)).problems == ()
    if isinstance(store.place, Folder):
        assert [path.name for path in store.place.path.glob(".*")] == [".gitignore"]
