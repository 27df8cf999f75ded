"""What a push wants beside what the platform holds."""

from __future__ import annotations

from labelsift.platforms import Receipt
from labelsift.review.upsert import Diff, Holdings, StoredTask, TaskPlan, compare, count, predicted

PLAN = TaskPlan(
    data={"a": {"labelsift_id": "a", "x": 1}, "a\x00again": {"labelsift_id": "a", "x": 2}},
    predictions={"a": {"value": "new"}},
    failed={"b": "Its id is too long"},
)


def task(number: int, key: str = "a", *, touched: bool = False, predictions: tuple = ({"value": "new"},), **data):
    return key, StoredTask(number, {**PLAN.data[key], **data}, predictions=predictions, touched=touched)


def test_of_two_tasks_of_a_sample_the_answered_ones_stay_else_the_oldest():
    for tasks, kept, doubles in (
        ([task(1), task(2), task(3)], 1, [2, 3]),
        ([task(1), task(2, touched=True), task(3)], 2, [1, 3]),
        ([task(1), task(2, touched=True), task(3, touched=True)], 2, [1]),
    ):
        holdings = Holdings.of(tasks)
        assert (holdings.of_sample["a"].task, holdings.doubles) == (kept, doubles)


def test_what_differs_is_told_by_data_and_prediction_and_others_fields_are_theirs():
    second = task(9, "a\x00again", predictions=())
    for first, edited, unpredicted in (
        (task(1, theirs=7), [], []),
        (task(1, x=3), ["a"], []),
        (task(1, predictions=()), [], ["a"]),
        (task(1, predictions=({"value": "old"},)), [], ["a"]),
        (task(1, predictions=({"value": "new"}, {"value": "new"})), [], ["a"]),
    ):
        diff = compare(PLAN, Holdings.of([first, second]))
        assert diff == Diff(edited=edited, unpredicted=unpredicted)
    assert compare(PLAN, Holdings.of([task(1)])).missing == ["a\x00again"]
    _, stored = task(1, predictions=({"value": "new", "id": 5},))
    assert not predicted(stored, {"value": "new"})
    assert predicted(stored, {"value": "new"}, same=lambda stored, wanted: stored["value"] == wanted["value"])
    assert not predicted(stored, None)


def test_a_receipt_counts_tasks_and_names_what_failed():
    receipt = Receipt("p", "t")
    count(receipt, PLAN, compare(PLAN, Holdings.of([task(1, x=3), task(2)])))
    assert (receipt.created, receipt.updated, receipt.unchanged, receipt.failed) == (1, 1, 0, PLAN.failed)
    assert receipt.details == {"doubles_removed": 1}
    assert PLAN.samples == ["a"]
