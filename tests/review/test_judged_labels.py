"""Judged labels: which decisions are evidence, and what they change in a queue that is pushed again."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st
from labelsift.data.hashing import id_hashes
from labelsift.data.review_queue import ReviewQueue
from labelsift.report import Report
from labelsift.review.judged_labels import decided_on, judged_labels, learned, withdrawn
from recording_platform import RUN, RecordingPlatform, decision, record_decisions

CLASSES = ("card_lost", "card_arrival", "refund", "top|up <b>")


def entry(number: int, id: str, **changes: object) -> dict[str, object]:
    """Return a decision as the log keeps it."""
    usual = {"kind": "decision", "number": number, "id": id, "person": "ann", "run": "r", "dataset": "d"}
    usual |= {"verdict": "accepted", "action": "relabel", "value": '"y"', "given": '"x"', "issues": ["label"]}
    evidence = {"score": 0.2, "suggested": "y", "confidence": 0.8}
    return usual | {"time": f"2026-11-24T00:00:{number:02}", "evidence": evidence} | changes


def step(number: int, kind: str, parent: str, fingerprint: str) -> dict[str, object]:
    return {"kind": kind, "number": number, "dataset": "d", "parent": parent, "fingerprint": fingerprint}


def test_what_is_no_answer_on_a_claim_is_left_out():
    made = judged_labels(
        [
            entry(0, "a"),
            entry(1, "b", verdict="skipped"),
            entry(2, "c", asked="repeat"),
            entry(3, "d", issues=["empty"]),
            entry(4, "e", evidence=None),
            entry(5, "f", run="other"),
            entry(6, "g", verdict="refused", issues=["ambiguous"]),
            entry(7, "h", verdict="both_fit", issues=["ambiguous"]),
            entry(8, "i", action="remove", value="null"),
        ],
        run="r",
    )
    assert [(row.sample, row.given, row.suggested, row.wrong) for row in made] == [
        ("a", "x", "y", True),
        ("g", "x", "y", False),
    ]
    assert made[0].claimed == pytest.approx(0.8)


def test_the_newest_answer_of_a_person_counts():
    made = judged_labels([entry(0, "a"), entry(1, "a", verdict="refused"), entry(2, "a", person="bob")])
    assert sorted((row.person, row.wrong) for row in made) == [("ann", False), ("bob", True)]
    assert judged_labels([entry(0, "a"), entry(1, "a", verdict="skipped")]) == []  # took it back
    assert judged_labels([entry(0, "a"), entry(1, "a", verdict="both_fit")]) == []


@given(st.lists(st.tuples(st.sampled_from("abcdef"), st.sampled_from(["accepted", "changed", "refused", "both_fit"]))))
def test_both_fit_counts_in_no_rate_and_settles_the_question(answers):
    records = [
        entry(number, f"{id}{number}", verdict=verdict, issues=["label", "ambiguous"])
        for number, (id, verdict) in enumerate(answers)
    ]
    rest = [record for record in records if record["verdict"] != "both_fit"]
    assert learned(records, run="r") == learned(rest, run="r")
    assert judged_labels(records, dataset="d") == judged_labels(rest, dataset="d")
    assert decided_on(records, "r") == {record["id"] for record in records}


@pytest.mark.parametrize("verdict", ["accepted", "both_fit"])
def test_what_was_undone_teaches_nothing_until_it_is_made_again(verdict):
    second = entry(2, "b", verdict=verdict)
    records = [entry(0, "a"), step(1, "version", "p", "q"), second, step(3, "version", "q", "s"), entry(4, "c")]
    assert withdrawn(records) == set()
    undone = [*records, step(5, "undo", "s", "q")]
    assert withdrawn(undone) == {2}
    assert [row.sample for row in judged_labels(undone)] == ["a", "c"]
    assert decided_on(undone, "r") == {"a", "c"}
    assert withdrawn([*undone, step(6, "undo", "q", "p")]) == {0, 2}
    assert withdrawn([*undone, step(6, "version", "q", "s")]) == set()


def test_an_erased_sample_teaches_nothing_until_it_is_judged_again():
    records = [entry(0, "a"), entry(1, "b"), {"kind": "forget", "number": 2, "ids": id_hashes(["a"])}]
    assert [row.sample for row in judged_labels(records)] == ["b"]
    assert {row.sample for row in judged_labels([*records, entry(3, "a")])} == {"a", "b"}


@pytest.fixture
def run(make_report: Callable[..., Report], keep: Callable[[Report], Report]) -> Report:
    """A kept run of 1,000 samples, 100 of them flagged for their label."""
    return keep(make_report(1000))


def answer(run: Report, count: int) -> list[str]:
    """Take each suggestion for one class, and refuse each for another; return the ids."""
    flagged = [row for row in run.findings.to_pylist() if row["issue"] == "label"]
    rows = [row for row in flagged if json.loads(row["given"]) in CLASSES[:2]][:count]
    made = [
        decision(row["id"], json.loads(row["suggested"]), verdict="accepted", minutes=place)
        if json.loads(row["given"]) == CLASSES[0]
        else decision(row["id"], json.loads(row["given"]), verdict="refused", action="keep", minutes=place)
        for place, row in enumerate(rows)
    ]
    record_decisions(run.store, made)
    return [row["id"] for row in rows]


def pushed(
    run: Report, recording: RecordingPlatform, *, budget: int | None = None, match: str | None = None
) -> ReviewQueue:
    run.push("queue", project="T", budget=budget, match=match)
    return recording.pushed[-1]


def test_open_items_get_other_scores_and_places_and_a_second_push_changes_nothing(run, recording):
    before = pushed(run, recording)
    ids = answer(run, 30)
    after = pushed(run, recording)
    assert pushed(run, recording) == after
    assert {item.id for item in after.items} == {item.id for item in before.items}
    assert [item.rank for item in after.items] == list(range(1, len(after.items) + 1))
    then = {item.id: item for item in before.items}
    judged = [item for item in after.items if item.id in ids]
    assert all(item.scores == then[item.id].scores for item in judged)
    still = [item for item in after.items if item.id not in ids and "label" in item.scores]
    taken = [item for item in still if item.given == CLASSES[0]]
    refused = [item for item in still if item.given == CLASSES[1]]
    assert taken
    assert refused
    assert max(item.scores["label"] for item in taken) < min(item.scores["label"] for item in refused)
    assert all((item.confidence or 0) < (then[item.id].confidence or 0) for item in refused)
    assert learned(run.store.ledger.records(), run=RUN).judged == 30


def test_nine_answers_change_nothing(run, recording):
    before = pushed(run, recording)
    answer(run, 9)
    assert pushed(run, recording) == before


def test_a_budget_chooses_the_same_samples(run, recording):
    before = pushed(run, recording, budget=40)
    answer(run, 30)
    assert {item.id for item in pushed(run, recording, budget=40).items} == {item.id for item in before.items}


def test_a_project_of_others_keeps_its_scores(run, recording):
    before = pushed(run, recording, match="id")
    answer(run, 30)
    assert pushed(run, recording, match="id") == before
