"""Repeats: items that come back unmarked, count as one vote, and tell how well people agree with themselves."""

from __future__ import annotations

import json

import numpy as np
import pyarrow as pa
import pytest
from click.testing import CliRunner
from labelsift.cli import main
from labelsift.corrections.probe_estimates import probed
from labelsift.corrections.progress import queue
from labelsift.data.adjudication import REPEAT, Resolution, resolve
from labelsift.errors import InputError
from labelsift.review.rounds import planned
from labelsift.store.store import Store
from recording_platform import RecordingPlatform, corrections, decision, record_decisions


def test_a_repeat_comes_a_third_of_the_queue_later_at_a_random_place(scored):
    plan = planned(scored, share=1.0, budget=None, seed=3, repeat=0.1)
    items = sorted(plan.scores, key=lambda id: plan.scores[id])
    assert len(plan.repeats) == max(round(0.1 * len(items)), 10)
    assert plan.repeats.keys() <= plan.scores.keys()
    for id, score in plan.repeats.items():
        between = sum(plan.scores[id] < other < score for other in plan.scores.values())
        assert between >= len(items) // 3 - 1
    assert plan.repeats != planned(scored, share=1.0, budget=None, seed=4, repeat=0.1).repeats
    without = planned(scored, share=1.0, budget=None, seed=3)
    assert (without.flagged, without.probes, without.scores) == (plan.flagged, plan.probes, plan.scores)
    assert without.repeats == {}


def test_where_all_scores_are_equal_a_repeat_has_another_one_all_the_same(scored):
    score = pa.array(np.full(len(scored.samples), 0.1, np.float32))
    scored.scores = scored.scores.set_column(scored.scores.column_names.index("label_score"), "label_score", score)
    plan = planned(scored, share=0.1, budget=20, seed=3, repeat=1.0)
    assert plan.repeats
    assert all(score > plan.scores[id] for id, score in plan.repeats.items())


def test_a_round_pushed_again_asks_the_same_twice_also_beside_the_rest(scored, recording):
    for _ in range(2):
        scored.push("queue", project="Tickets", mode="blind", probe=0.25, repeat=0.05)
    first, second = (queue.repeats for queue in recording.pushed)
    assert len(first) == 10
    assert first == second
    # Into the same project: the second tasks there are no doubles.
    scored.push("queue", project="Tickets", mode="blind")
    pushed = recording.pushed[2]
    assert pushed.repeats == first
    assert not set(first) & {item.id for item in pushed.items}
    for elsewhere in ({"project": "Others", "mode": "blind"}, {"project": "Tickets", "mode": "choose"}):
        scored.push("queue", **elsewhere)
        assert recording.pushed[-1].repeats == {}


def test_a_platform_that_asks_once_is_refused_before_a_plan_is_kept(scored, find_platform):
    once = RecordingPlatform()
    find_platform(once)
    with pytest.raises(InputError, match="twice or blind"):
        scored.push("queue", project="Tickets", mode="blind", probe=0.25, repeat=0.05)
    assert Store(scored.store.folder).ledger.records() == []
    with pytest.raises(InputError, match="part of a round with probes"):
        scored.push("queue", project="Tickets", mode="blind", repeat=0.05)
    assert once.pushed == []


def test_a_repeat_is_no_second_vote_but_counts_where_it_is_the_only_one():
    def votes(*rows: dict) -> Resolution:
        return resolve(corrections(*rows))

    first, again = decision("a", "x", asked="blind"), decision("a", "y", asked=REPEAT, minutes=60)
    assert votes(first, again).decided == {"a": ("relabel", '"x"')}
    assert votes(again, first).decided == {"a": ("relabel", '"x"')}
    assert votes(again).decided == {"a": ("relabel", '"y"')}
    other = decision("a", "y", asked=REPEAT, person="bob", minutes=60)
    assert votes(first, other).conflicts.keys() == {"a"}  # somebody else got the second task


def test_both_answers_are_kept_and_the_queue_counts_one(scored):
    store = Store(scored.store.folder)
    id = scored.samples.ids[0].as_py()
    both = [decision(id, "other"), decision(id, "other", asked=REPEAT, minutes=9)]
    assert record_decisions(store, both).new == 2
    assert record_decisions(store, both).new == 0
    untimed = [row | {"time": None, "person": "bob"} for row in both]
    assert record_decisions(store, untimed).new == 2  # one person, one sample, one run: told apart by what was asked
    assert sum(row["changed"] for row in queue(store=store.folder)) == 2
    output = CliRunner().invoke(main, ["audit", "--store", str(store.folder), "--json"]).output
    assert [("asked once more" in row["why"]) for row in json.loads(output)] == [False, True, False, True]


def test_how_well_people_agree_with_themselves(scored, recording):
    store = Store(scored.store.folder)
    scored.push("queue", project="Tickets", mode="blind", probe=0.25, repeat=0.2)
    (plan,) = [record for record in store.ledger.records() if record["kind"] == "round"]
    ids = sorted(plan["repeats"])
    record_decisions(store, [decision(id, "other", asked="blind") for id in plan["scores"]])
    assert probed(store=store.folder).agreement is None
    record_decisions(store, [decision(id, "other", asked=REPEAT, minutes=60) for id in ids[:9]])
    estimated = probed(store=store.folder)
    assert (estimated.repeated, estimated.agreement) == (9, None)
    assert any("9 samples were decided twice" in note for note in estimated.notes)
    before = estimated.flagged, estimated.rest, estimated.estimates
    record_decisions(store, [decision(id, "refund", asked=REPEAT, minutes=60) for id in ids[9:]])
    estimated = probed(store=store.folder)
    assert (estimated.flagged, estimated.rest, estimated.estimates) == before
    assert estimated.repeated == len(ids)
    assert estimated.agreement is not None
    assert estimated.agreement.value == 9 / len(ids)
    assert estimated.agreement.low < 9 / len(ids) < estimated.agreement.high
    record_decisions(store, [decision(ids[0], "refund", asked=REPEAT, minutes=60, person="bob")])  # not with themselves
    assert probed(store=store.folder).agreement == estimated.agreement
    output = CliRunner().invoke(main, ["probes", "--store", str(store.folder)]).output
    assert "the same answer to the same sample again" in output
    assert json.loads(CliRunner().invoke(main, ["probes", "--store", str(store.folder), "--json"]).output)["agreement"]


def test_decisions_of_a_blind_round_without_probes_count_as_blind(scored, recording):
    store = Store(scored.store.folder)
    scored.push("queue", project="Tickets", mode="blind", probe=0.2, budget=20)
    (plan,) = [record for record in store.ledger.records() if record["kind"] == "round"]
    flagged = scored.scores.filter(scored.scores["is_label_issue"])["id"].to_pylist()
    rest = [id for id in flagged if id not in plan["flagged"]]
    shown, blind = rest[: len(rest) // 2], rest[len(rest) // 2 :]
    record_decisions(store, [decision(id, "refund", asked="choose") for id in shown])
    record_decisions(store, [decision(id, "other", asked="blind") for id in [*blind, *plan["scores"]]])
    accepted = probed(store=store.folder).accepted
    assert (accepted["shown"].value, accepted["blind"].value) == (1.0, 0.0)
