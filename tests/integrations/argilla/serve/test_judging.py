"""What is written onto a record, for each kind of question: it fits, and written once it is not written again."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from labelsift.integrations.argilla.client.read import Dataset
from labelsift.integrations.argilla.convert.label_question import LabelQuestion
from labelsift.integrations.argilla.serve.datasets import ServedDataset
from labelsift.integrations.argilla.serve.judging import LONGEST, change_of
from labelsift.serving.run_index import Prediction

TEXT = "Bonn & Köln 日本"


def entry_for(kind: Any, labels: tuple[str, ...]) -> ServedDataset:
    dataset = Dataset("d", "tickets", "quality", {}, {}, {}, {}, {})
    index = SimpleNamespace(labels=("PER", "LOC", "a", "b"), task="classification")
    served: Any = SimpleNamespace(version=lambda _: "r1", scorer=SimpleNamespace(model=None, run_index=index))
    return ServedDataset(dataset, LabelQuestion("label", "q", kind, labels), "text", "text", served)


def record_with(**more: Any) -> dict[str, Any]:
    return {"id": "1", "external_id": None, "fields": {"text": TEXT}, "metadata": {"mine": 1}, "suggestions": []} | more


@pytest.mark.parametrize(
    ("kind", "labels", "value", "suggested", "score"),
    [
        ("label_selection", ("A", "b"), "a", "A", 0.9123),
        ("multi_label_selection", ("a", "b"), ["a", "b"], ["a", "b"], [0.9123, 0.9123]),
        ("span", ("LOC",), [[0, 4, "LOC"]], [{"start": 0, "end": 4, "label": "LOC"}], [0.9123]),
        ("text", (), "a", "a", 0.9123),
    ],
)
def test_what_was_written_is_not_written_again(
    kind: str, labels: tuple[str, ...], value: Any, suggested: Any, score: Any
) -> None:
    entry, prediction = entry_for(kind, labels), Prediction(value, 0.91234567)
    change, stale = change_of(record_with(), prediction, entry)
    assert change is not None and stale == ()
    [made] = change["suggestions"]
    assert (made["question_id"], made["value"], made["score"]) == ("q", suggested, score)
    assert made["agent"] == ("labelsift/span" if kind == "span" else "labelsift/label")
    assert "fields" not in change and change["metadata"]["mine"] == 1
    written = record_with(metadata=change["metadata"], suggestions=[{"id": "s", **made}])
    assert change_of(written, prediction, entry) == (None, ())
    another = change_of(written, Prediction(value, 0.5), entry)[0]
    assert another is not None and another["metadata"]["mine"] == 1


@pytest.mark.parametrize(
    ("kind", "labels", "value", "why"),
    [
        ("label_selection", ("b",), "a", "has no label 'a', so nothing is suggested."),
        ("rating", ("1", "2"), "a", "has no label 'a', so nothing is suggested."),
        ("span", ("LOC",), [[0, 400, "LOC"]], ", so nothing is suggested."),
        ("multi_label_selection", ("a", "b"), [], "The scan gives (none) 0.91."),
        ("label_selection", ("b",), None, "Nothing can be said of this text: the run's embedder cannot read it."),
    ],
)
def test_what_the_question_cannot_take_is_said_and_an_old_suggestion_deleted(
    kind: str, labels: tuple[str, ...], value: Any, why: str
) -> None:
    own = {"id": "s", "question_id": "q", "value": "b", "score": 0.4, "agent": "labelsift/label"}
    change, stale = change_of(record_with(suggestions=[own]), Prediction(value, 0.91), entry_for(kind, labels))
    assert change is not None and change["suggestions"] == [] and stale == ["s"]
    assert change["metadata"]["labelsift_reason"].endswith(why)


def test_a_long_reason_is_cut_and_a_record_without_metadata_gets_some() -> None:
    change, _ = change_of(
        record_with(metadata=None), Prediction("a", 0.9, reason="x" * 5_000), entry_for("label_selection", ("a", "b"))
    )
    assert change is not None and len(change["metadata"]["labelsift_reason"]) == LONGEST
    assert change["metadata"].keys() == {"labelsift_run", "labelsift_reason"}
