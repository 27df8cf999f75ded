"""The whole way, on demo data and banking77: scan, three people who disagree, correct under each policy, scan again,
compare, undo, reproduce.
"""

from __future__ import annotations

import gzip
import json
import random
import shutil
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path

import labelsift as ls
import pyarrow as pa
import pytest
from labelsift.corrections.file_versions import correct, undo
from labelsift.corrections.reproduce import reproduce
from labelsift.corrections.verify import verify
from labelsift.data.schemas import CORRECTIONS_SCHEMA
from labelsift.demo.tickets import write_tickets
from labelsift.metrics.compare import compare

PEOPLE = ("ann", "bob", "eve")
BANKING = Path(__file__).parents[3] / "shared" / "data" / "banking77" / "data.csv.gz"
SETS = {"tickets": {"label": "label", "id": "ticket_id"}, "banking": {"label": "given_pair10", "id": "id"}}
START = datetime(2026, 11, 23, tzinfo=UTC)


@pytest.fixture(scope="module", params=["tickets", "banking"])
def file(request, tmp_path_factory) -> Path:
    """Return a data file, beside which a store holds the run of a scan of it."""
    folder = tmp_path_factory.mktemp(request.param)
    if request.param == "tickets":
        write_tickets(folder, 0)
    elif BANKING.exists():
        (folder / "banking.csv").write_bytes(gzip.decompress(BANKING.read_bytes()))
    else:
        pytest.skip("needs the benchmark sets beside the project: ../shared/data")
    file = folder / f"{request.param}.csv"
    ls.scan(ls.read(file, **SETS[file.stem]), only=["empty", "exact_duplicate"], store=folder / "kept")
    return file


def votes_on(samples: ls.Samples) -> dict[str, list[tuple[str, str]]]:
    """Choose what each person says of 60 samples: sample → (person, label), oldest first."""
    rng = random.Random(3)
    chosen = rng.sample(samples.ids.to_pylist(), 60)
    return {
        id: [(person, rng.choice(samples.classes[:2])) for person in rng.sample(PEOPLE, rng.randint(1, 3))]
        for id in chosen
    }


def expected(votes: list[tuple[str, str]], policy: str) -> str | None:
    """Say by the plain words of the policy which label wins; None where none does."""
    if policy == "newest":
        return votes[-1][1]
    if policy == "expert":
        votes = [vote for vote in votes if vote[0] == "eve"] or votes
    counted = Counter(label for _, label in votes).most_common()
    if policy == "unanimous":
        return counted[0][0] if len(counted) == 1 else None
    return counted[0][0] if len(counted) == 1 or counted[0][1] > counted[1][1] else None


@pytest.mark.slow
@pytest.mark.parametrize("policy", ["majority", "unanimous", "newest", "expert"])
def test_round_trip(file, tmp_path, policy):
    columns = SETS[file.stem]
    store = shutil.copytree(file.parent / "kept", tmp_path / "kept")
    report = ls.load(store=store)
    samples = report.samples
    votes = votes_on(samples)
    labels = dict(zip(samples.ids.to_pylist(), samples.labels.to_pylist(), strict=True))
    rows = [
        {"id": id, "action": "keep" if label == labels[id] else "relabel", "value": json.dumps(label)}
        | {
            "person": person,
            "verdict": "changed",
            "run": report.run,
            "time": START + timedelta(minutes=index),
            "note": "",
        }
        for id, cast in votes.items()
        for index, (person, label) in enumerate(cast)
    ]
    ls.record(pa.Table.from_pylist(rows, CORRECTIONS_SCHEMA), store=store)

    wanted = {id: expected(cast, policy) for id, cast in votes.items()}
    experts = ["eve"] if policy == "expert" else []
    version = correct(file, tmp_path / "next.csv", **columns, store=store, policy=policy, experts=experts)
    following = ls.read(tmp_path / "next.csv", **columns)
    after = dict(zip(following.ids.to_pylist(), following.labels.to_pylist(), strict=True))
    assert after == labels | {id: label for id, label in wanted.items() if label is not None}
    assert set(version.conflicts) == {id for id, label in wanted.items() if label is None}
    assert bool(version.conflicts) == (policy != "newest")
    assert version.changed == sum(after[id] != labels[id] for id in labels) > 0
    again = ls.scan(following, only=["empty", "exact_duplicate"], store=store)
    changed = {id for id in labels if after[id] != labels[id]}
    compared = compare(report, again)
    assert set(compared.relabeled["id"].to_pylist()) == changed
    assert not compared.added + compared.removed + compared.edited

    undo(tmp_path / "next.csv", tmp_path / "back.csv", store=store)
    assert ls.read(tmp_path / "back.csv", **columns).fingerprint == samples.fingerprint
    for run, then in ((report.run, samples), (again.run, following)):
        assert reproduce(run, store=store).found == then.fingerprint == reproduce(run, store=store).fingerprint
    assert verify(store=store).problems == ()
