"""Search in a dataset, against the real server. The index in tests is a stand-in, so no score of Lucene is asserted."""

from __future__ import annotations

import pytest
from labelsift.errors import InputError
from labelsift.integrations.argilla.query import search

from .own_datasets import Made, make_dataset

VECTORS = {"t0": [1, 0, 0], "t1": [0.9, 0.1, 0], "t2": [0, 1, 0], "t3": [0.1, 0.9, 0], "t4": [0, 0, 1]}


@pytest.fixture(scope="module")
def made(api, workspace_id, make_user) -> Made:
    ann = make_user()
    dataset = make_dataset(api, workspace_id, "Search")
    for body in (
        ("metadata-properties", {"name": "quality", "title": "q", "settings": {"type": "float"}}),
        ("vectors-settings", {"name": "mine", "title": "v", "dimensions": 3}),
    ):
        api("POST", f"/datasets/{dataset.id}/{body[0]}", body[1])
    for number, (id, vector) in enumerate(VECTORS.items()):
        body = dataset.record(number, {ann.id: "lost_card"} if number == 2 else {}, text=f"word{number} letter")
        body["suggestions"] = [
            {"question_id": dataset.question, "value": "lost_card", "score": 0.9 - number / 10, "agent": "a"}
        ]
        dataset.log({**body, "external_id": id, "metadata": {"quality": 0.5 - number / 10, "source": "web"}})
        dataset.log({"external_id": id, "vectors": {"mine": vector}})
    dataset.log(dataset.record(9, {}, text="word9"))
    return dataset


def found(**asked) -> list[str]:
    return [hit.id for hit in search("Search", **asked)]


def test_records_are_sorted_by_metadata_and_by_the_scores_of_suggestions(made, reached):
    assert found(sort=["quality"])[:5] == ["t4", "t3", "t2", "t1", "t0"]
    assert found(sort=["-quality"], limit=2) == ["t0", "t1"]
    assert found(sort=["label.suggestion.score"])[:5] == ["t4", "t3", "t2", "t1", "t0"]
    assert search("Search", sort=["quality"], limit=1)[0].score is None


def test_all_filters_must_fit(made, reached):
    assert set(found(filters={"quality": (0.25, None), "source": "web"})) == {"t0", "t1", "t2"}
    assert found(filters={"external_id": ["t1", "t3"], "quality": (None, 0.2)}) == ["t3"]
    assert found(filters={"label.response": "lost_card", "response.status": "submitted"}) == ["t2"]
    assert set(found(filters={"label.suggestion": "lost_card", "label.suggestion.score": (0.75, 1)})) == {"t0", "t1"}
    assert found(text="word3") == ["t3"] and search("Search", text="word3")[0].score is not None


def test_similar_records_come_nearest_first_with_their_scores_and_without_the_seeds(made, reached):
    hits = search("Search", like=["t0"], limit=4)
    assert hits[0].id == "t1" and [hit.score for hit in hits] == sorted((hit.score for hit in hits), reverse=True)
    hits = search("Search", like=["t0", "t2"], limit=3)  # near the mean of both
    assert {hit.id for hit in hits[:2]} == {"t1", "t3"} and hits[2].id == "t4"
    assert found(like=["t0", "t1"], filters={"external_id": ["t3", "t4", "t0"]}) == ["t3", "t4"]


def test_what_is_not_there_is_named(made, reached):
    with pytest.raises(InputError, match=r"nothing called qualtiy .*There is: source, theirs, quality, id"):
        found(sort=["qualtiy"])
    with pytest.raises(InputError, match=r"have no vector mine: t9, nowhere"):
        found(like=["t1", "t9", "nowhere"])
    with pytest.raises(InputError, match=r"has no vectors theirs. There is: mine"):
        found(like=["t1"], vector="theirs")
    with pytest.raises(InputError, match="come nearest first"):
        found(like=["t1"], sort=["quality"])
