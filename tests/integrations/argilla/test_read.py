"""Existing datasets read as data sets, against the real server."""

from __future__ import annotations

import json

import labelsift as ls
import pytest
from labelsift.errors import InputError

from .own_datasets import TEXTS, make_dataset

VALUES = {
    "single": ("lost_card", "card_arrival", "lost_card"),
    "multi": (["lost_card", "card_arrival"], ["card_arrival"], '["card_arrival", "lost_card"]'),
    "spans": ([{"start": 0, "end": 3, "label": "PER"}], [], '[[0,3,"PER"]]'),
    "rating": (4, 2, "4"),
    "free": ("a word", "b", "a word"),
}


@pytest.mark.parametrize("kind", VALUES)
@pytest.mark.filterwarnings("ignore:.*answers of several people")
def test_what_people_submitted_is_read_and_nothing_else(kind, reached, api, workspace_id, name, make_user):
    value, other, cell = VALUES[kind]
    ann, bob = make_user(), make_user()
    made = make_dataset(api, workspace_id, name, kind)
    made.log(
        made.record(0, {ann.id: other, bob.id: value}),
        made.record(1, {ann.id: value}, suggested=other or None),
        made.record(2, {ann.id: value}, status="draft"),
        made.record(3, {ann.id: value}, status="discarded"),
    )
    samples = ls.read(f"argilla://{name}", predicted="label.suggestion" if other else None)
    assert samples.ids.to_pylist() == ["t0", "t1", "t2", "t3"] and samples.texts.to_pylist() == TEXTS
    assert samples.given.to_pylist()[1:] == [cell, None, None]
    assert samples.metadata["source"].to_pylist() == ["mail", "web", "mail", "web"]
    if samples.task == "classification":
        said = json.loads(samples.column("annotations").to_pylist()[0])
        assert said == {ann.username: str(other), bob.username: str(value)}
    if other:
        assert samples.column("predicted").to_pylist()[1] in (str(other), json.dumps(other))


def test_which_question_is_read_is_said_and_what_cannot_be_is_refused(reached, api, workspace_id, name):
    second = {
        "name": "tone",
        "title": "t",
        "required": True,
        "settings": {"type": "rating", "options": [{"value": 1}, {"value": 2}]},
    }
    labels = {
        **second,
        "name": "other",
        "settings": {
            "type": "multi_label_selection",
            "options": [{"value": "a", "text": "a"}, {"value": "b", "text": "b"}],
        },
    }
    made = make_dataset(api, workspace_id, name, questions=[second, labels])
    made.log(made.record(0, {}))
    samples = ls.read(f"argilla://quality/{name}", name="mine")
    assert samples.notes == (f"The labels of quality/{name} are the answers to label, and not to other.",)
    assert samples.name == "mine"
    with pytest.raises(InputError, match="no dataset nowhere in the workspace"):
        ls.read("argilla://nowhere")
    with pytest.raises(InputError, match="holds no tasks"):
        make_dataset(api, workspace_id, f"{name} empty")
        ls.read(f"argilla://{name} empty")


def test_a_review_dataset_is_none_to_scan(platform, name, make_queue):
    report = make_queue()
    report.push("argilla", project=name)
    with pytest.raises(InputError, match="review dataset of labelsift's own"):
        ls.read(f"argilla://{name} review {report.run}")
