"""Repeats: items that come back unmarked, count as one vote, and tell how well people agree with themselves."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta

import labelsift as ls
import numpy as np
import pyarrow as pa
import pytest
from click.testing import CliRunner
from labelsift import platforms
from labelsift.cli import main
from labelsift.corrections.probe_estimates import probed
from labelsift.corrections.progress import queue
from labelsift.corrections.record import Recorded
from labelsift.data.adjudication import REPEAT, Resolution, resolve
from labelsift.data.review_queue import ReviewQueue
from labelsift.data.schemas import CORRECTIONS_SCHEMA
from labelsift.errors import InputError
from labelsift.platforms import LabelingPlatform, PushRequest, Receipt
from labelsift.report import report_of
from labelsift.review.rounds import planned
from labelsift.store.store import Store

START = datetime(2026, 11, 24, tzinfo=UTC)


class Once(LabelingPlatform):
    """A labeling platform that asks about each sample once."""

    name = "queue"
    capabilities = frozenset({"classification", "text", "blind"})

    def __init__(self) -> None:
        self.pushed: list[tuple[ReviewQueue, Mapping[str, float]]] = []

    def push(self, queue: ReviewQueue, request: PushRequest) -> Receipt:
        self.pushed.append((queue, queue.repeats))
        return Receipt(self.name, request.project)


class Twice(Once):
    """One that can ask again."""

    capabilities = Once.capabilities | {"rounds"}


@pytest.fixture
def platform(monkeypatch) -> Twice:
    made = Twice()
    monkeypatch.setattr(platforms, "get", lambda _: made)
    return made


@pytest.fixture
def kept(tmp_path, make_report) -> ls.Report:
    report = make_report(400)
    n = len(report.samples)
    score = np.linspace(0.02, 0.98, n).astype(np.float32)
    columns = {"id": report.samples.ids, "label_score": pa.array(score), "is_label_issue": pa.array(score < 0.2)}
    report.scores = pa.table(columns | {"suggested_label": ["refund"] * n, "confidence": pa.array(score)})
    store = Store(tmp_path / "kept")
    store.prepare()
    store.save(report)
    return report_of(store.load())


def said(run: str, id: str, value: str, *, asked: str | None = "blind", person: str = "ann", at: int = 0) -> dict:
    told = {"id": id, "action": "relabel", "value": json.dumps(value), "verdict": "changed", "person": person}
    return told | {"run": run, "platform": "queue", "note": "", "time": START + timedelta(minutes=at), "asked": asked}


def record(store: Store, rows: Sequence[dict]) -> Recorded:
    return ls.record(pa.Table.from_pylist(rows, CORRECTIONS_SCHEMA), store=store.folder)


def test_a_repeat_comes_a_third_of_the_queue_later_at_a_random_place(kept):
    plan = planned(kept, share=1.0, budget=None, seed=3, repeat=0.1)
    items = sorted(plan.scores, key=lambda one: plan.scores[one])
    assert len(plan.repeats) == max(round(0.1 * len(items)), 10)
    assert plan.repeats.keys() <= plan.scores.keys()
    for id, score in plan.repeats.items():
        between = sum(plan.scores[id] < one < score for one in plan.scores.values())
        assert between >= len(items) // 3 - 1
    assert plan.repeats != planned(kept, share=1.0, budget=None, seed=4, repeat=0.1).repeats
    without = planned(kept, share=1.0, budget=None, seed=3)
    assert (without.flagged, without.probes, without.scores) == (plan.flagged, plan.probes, plan.scores)
    assert without.repeats == {}


def test_where_all_scores_are_equal_a_repeat_has_another_one_all_the_same(kept):
    score = pa.array(np.full(len(kept.samples), 0.1, np.float32))
    kept.scores = kept.scores.set_column(kept.scores.column_names.index("label_score"), "label_score", score)
    plan = planned(kept, share=0.1, budget=20, seed=3, repeat=1.0)
    assert plan.repeats
    assert all(score > plan.scores[id] for id, score in plan.repeats.items())


def test_a_round_pushed_again_asks_the_same_twice_also_beside_the_rest(kept, platform):
    for _ in range(2):
        kept.push("queue", project="Tickets", mode="blind", probe=0.25, repeat=0.05)
    (_, first), (_, second) = platform.pushed
    assert len(first) == 10
    assert first == second
    kept.push("queue", project="Tickets", mode="blind")  # into the same project: the second tasks there are no doubles
    pushed, repeats = platform.pushed[2]
    assert repeats == first
    assert not set(first) & {item.id for item in pushed.items}
    for elsewhere in ({"project": "Others", "mode": "blind"}, {"project": "Tickets", "mode": "choose"}):
        kept.push("queue", **elsewhere)
        assert platform.pushed[-1][1] == {}


def test_a_platform_that_asks_once_is_refused_before_a_plan_is_kept(kept, platform, monkeypatch):
    once = Once()
    monkeypatch.setattr(platforms, "get", lambda _: once)
    with pytest.raises(InputError, match="twice or blind"):
        kept.push("queue", project="Tickets", mode="blind", probe=0.25, repeat=0.05)
    assert Store(kept.store.folder).ledger.records() == []
    with pytest.raises(InputError, match="part of a round with probes"):
        kept.push("queue", project="Tickets", mode="blind", repeat=0.05)
    assert once.pushed == []


def test_a_repeat_is_no_second_vote_but_counts_where_it_is_the_only_one():
    def votes(*rows: dict) -> Resolution:
        return resolve(pa.Table.from_pylist(list(rows), CORRECTIONS_SCHEMA))

    first, again = said("r", "a", "x"), said("r", "a", "y", asked=REPEAT, at=60)
    assert votes(first, again).decided == {"a": ("relabel", '"x"')}
    assert votes(again, first).decided == {"a": ("relabel", '"x"')}
    assert votes(again).decided == {"a": ("relabel", '"y"')}
    other = said("r", "a", "y", asked=REPEAT, person="bob", at=60)
    assert votes(first, other).conflicts.keys() == {"a"}  # somebody else got the second task


def test_both_answers_are_kept_and_the_queue_counts_one(kept):
    store = Store(kept.store.folder)
    id = kept.samples.ids[0].as_py()
    both = [said(kept.run, id, "other"), said(kept.run, id, "other", asked=REPEAT, at=9)]
    assert record(store, both).new == 2
    assert record(store, both).new == 0
    untimed = [one | {"time": None, "person": "bob"} for one in both]
    assert record(store, untimed).new == 2  # one person, one sample, one run: told apart by what was asked
    assert sum(row["changed"] for row in queue(store=store.folder)) == 2
    told = CliRunner().invoke(main, ["audit", "--store", str(store.folder), "--json"]).output
    assert [("asked once more" in row["why"]) for row in json.loads(told)] == [False, True, False, True]


def test_how_well_people_agree_with_themselves(kept, platform):
    store = Store(kept.store.folder)
    kept.push("queue", project="Tickets", mode="blind", probe=0.25, repeat=0.2)
    (plan,) = [one for one in store.ledger.records() if one["kind"] == "round"]
    ids = sorted(plan["repeats"])
    record(store, [said(kept.run, one, "other") for one in plan["scores"]])
    assert probed(store=store.folder).agreement is None
    record(store, [said(kept.run, one, "other", asked=REPEAT, at=60) for one in ids[:9]])
    found = probed(store=store.folder)
    assert (found.repeated, found.agreement) == (9, None)
    assert any("9 samples were decided twice" in note for note in found.notes)
    before = found.flagged, found.rest, found.estimates
    record(store, [said(kept.run, one, "refund", asked=REPEAT, at=60) for one in ids[9:]])
    found = probed(store=store.folder)
    assert (found.flagged, found.rest, found.estimates) == before
    assert found.repeated == len(ids)
    assert found.agreement is not None
    assert found.agreement.value == 9 / len(ids)
    assert found.agreement.low < 9 / len(ids) < found.agreement.high
    record(store, [said(kept.run, ids[0], "refund", asked=REPEAT, at=60, person="bob")])  # not with themselves
    assert probed(store=store.folder).agreement == found.agreement
    told = CliRunner().invoke(main, ["probes", "--store", str(store.folder)]).output
    assert "the same answer to the same sample again" in told
    assert json.loads(CliRunner().invoke(main, ["probes", "--store", str(store.folder), "--json"]).output)["agreement"]


def test_decisions_of_a_blind_round_without_probes_count_as_blind(kept, platform):
    store = Store(kept.store.folder)
    kept.push("queue", project="Tickets", mode="blind", probe=0.2, budget=20)
    (plan,) = [one for one in store.ledger.records() if one["kind"] == "round"]
    flagged = kept.scores.filter(kept.scores["is_label_issue"])["id"].to_pylist()
    rest = [one for one in flagged if one not in plan["flagged"]]
    shown, blind = rest[: len(rest) // 2], rest[len(rest) // 2 :]
    record(store, [said(kept.run, one, "refund", asked="choose") for one in shown])
    record(store, [said(kept.run, one, "other", asked="blind") for one in [*blind, *plan["scores"]]])
    accepted = probed(store=store.folder).accepted
    assert (accepted["shown"].value, accepted["blind"].value) == (1.0, 0.0)
