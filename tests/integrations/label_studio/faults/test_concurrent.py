"""Two pushes of the same run at the same time: one review project, every sample once, and no error."""

from __future__ import annotations

import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest
from labelsift.integrations.label_studio.client.client import Client
from labelsift.integrations.label_studio.push import review_project as push
from labelsift.integrations.label_studio.state import rounds as review


def pushed_at_once(platform, report, name, *, delay: float = 0.0):
    """Push twice, the second time ``delay`` seconds after the first began; return both receipts."""
    later = threading.Event()

    def push_after(wait: float):
        later.wait(wait)
        return report.push("label-studio", project=name)

    with ThreadPoolExecutor(2) as pool:
        return list(pool.map(push_after, (0.0, delay)))


def standing(client: Client, name: str) -> list[int]:
    return [project["id"] for project in client.projects() if project["title"].startswith(f"{name} ·")]


def exact(client: Client, counts, project: int, rows: int) -> None:
    assert counts(project) == (rows, rows - 1, 6)
    copies = Counter(task["data"]["labelsift_id"] for page in client.tasks(project) for task in page)
    assert (len(copies), set(copies.values())) == (rows, {1})


def test_twins_made_at_the_same_moment_are_settled_before_either_is_filled(
    platform, make_queue, name, client, counts, monkeypatch
):
    both = threading.Barrier(2)
    create = Client.create_project

    def create_when_both_are_about_to(self: Client, **wanted):
        both.wait(60)
        made = create(self, **wanted)
        both.wait(60)  # both exist before either looks around
        return made

    monkeypatch.setattr(Client, "create_project", create_when_both_are_about_to)
    report = make_queue(60)
    receipts = pushed_at_once(platform, report, name)

    (project,) = standing(client, name)
    assert {receipt.details["project_id"] for receipt in receipts} == {project}
    exact(client, counts, project, 60)
    assert report.push("label-studio", project=name).unchanged == 60


@pytest.mark.soak  # by chance rather than by design: what it found once has a test of its own below
@pytest.mark.parametrize("delay", [0.0, 0.5])
def test_pushes_that_overlap_end_exact(platform, make_queue, name, client, counts, delay):
    report = make_queue(1200)
    receipts = pushed_at_once(platform, report, name, delay=delay)
    (project,) = standing(client, name)
    assert {receipt.details["project_id"] for receipt in receipts} == {project}
    exact(client, counts, project, 1200)


def test_a_twin_whose_maker_died_is_not_waited_for_without_end(platform, make_queue, name, client, counts, monkeypatch):
    monkeypatch.setattr(review, "PATIENCE", 1.0)
    create = Client.create_project
    dead: list[int] = []

    def create_after_somebody_who_dies(self: Client, **wanted):
        dead.append(create(self, **wanted))
        return create(self, **wanted)

    monkeypatch.setattr(Client, "create_project", create_after_somebody_who_dies)
    receipt = make_queue(10).push("label-studio", project=name)
    assert standing(client, name) == dead == [receipt.details["project_id"]]
    exact(client, counts, dead[0], 10)


def test_a_younger_twin_that_somebody_fills_is_left_alone(platform, make_queue, name, client):
    report = make_queue(10)
    project = report.push("label-studio", project=name).details["project_id"]
    (current,) = review.rounds_of(client, name)
    twin = client.create_project(
        title=current.title,
        description=current.description,
        label_config=client.project(project)["label_config"],
        model_version="",
    )
    busy = review.announce(client, replace(current, project=twin), "t00001")
    review.drop_empty_twins(client, current)
    assert standing(client, name) == [project, twin]
    review.announce(client, busy, None)
    review.drop_empty_twins(client, current)
    assert standing(client, name) == [project]


def test_a_push_whose_project_is_deleted_under_it_starts_over(platform, make_queue, name, client, counts, monkeypatch):
    bring = push._bring
    deleted: list[int] = []

    def bring_after_it_was_taken_for_a_twin(client: Client, current, *rest, **more):
        if not deleted:
            deleted.append(current.project)
            client.delete_project(current.project)
        return bring(client, current, *rest, **more)

    monkeypatch.setattr(push, "_bring", bring_after_it_was_taken_for_a_twin)
    receipt = make_queue(10).push("label-studio", project=name)
    assert standing(client, name) == [receipt.details["project_id"]] != deleted
    exact(client, counts, receipt.details["project_id"], 10)
