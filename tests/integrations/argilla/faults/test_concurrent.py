"""Two pushes at the same time, and people who delete, rename and edit while one is at work."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from labelsift.errors import InputError, PlatformError
from labelsift.integrations.argilla.client.client import Client
from labelsift.integrations.argilla.convert.review_schema import DECISION, GIVEN, LABEL, RANK
from labelsift.integrations.argilla.push import review_dataset
from labelsift.integrations.argilla.state import rounds
from labelsift.integrations.argilla.state.rounds import Round


def standing(client: Client, name: str) -> list[dict[str, Any]]:
    rows = client.datasets(client.workspaces()[0]["id"])
    return [about for about in rows if about["name"].startswith(f"{name} review")]


def records_in(client: Client, dataset: str) -> list[dict[str, Any]]:
    return [record for page in client.records(dataset) for record in page]


def exact(client: Client, name: str, rows: int) -> str:
    (about,) = standing(client, name)
    records = records_in(client, about["id"])
    assert sorted(record["metadata"][RANK] for record in records) == [*range(1, rows + 1)]
    assert client.indexed(about["id"]) == rows
    return about["id"]


@pytest.mark.parametrize("delay", [0.0, 0.4])
def test_pushes_that_overlap_end_exact(platform, make_queue, name, client, monkeypatch, delay):
    monkeypatch.setattr(review_dataset, "BATCH", 20)
    report, later = make_queue(120), threading.Event()

    def push_after(wait: float) -> Any:
        later.wait(wait)
        return report.push("argilla", project=name)

    with ThreadPoolExecutor(2) as pool:
        receipts = list(pool.map(push_after, (0.0, delay)))
    assert {receipt.details["dataset_id"] for receipt in receipts} == {exact(client, name, 120)}
    assert report.push("argilla", project=name).unchanged == 120


def test_a_record_that_two_make_at_the_same_moment_is_made_once(platform, make_queue, name, client, monkeypatch):
    both, upsert = threading.Barrier(2), Client._upsert

    def upsert_when_all_are_about_to(self: Client, *args: Any) -> Any:
        if not both.broken:
            both.wait(60)
        try:
            return upsert(self, *args)
        finally:
            both.abort()

    make_queue(1).push("argilla", project=f"{name} first")
    report = make_queue(400)
    with monkeypatch.context() as patch:
        patch.setattr(Client, "_upsert", upsert_when_all_are_about_to)
        with ThreadPoolExecutor(2) as pool:
            list(pool.map(lambda _: report.push("argilla", project=name), range(2)))
    exact(client, name, 400)


def test_a_draft_of_a_push_that_died_is_made_anew(platform, make_queue, name, client, monkeypatch):
    monkeypatch.setattr(rounds, "PATIENCE", 8.0)  # longer than a busy machine takes to publish a dataset
    report, space = make_queue(6), client.workspaces()[0]["id"]
    dead = Round(name, report.run, "choose", 1)
    draft = client.create_dataset(dead.name, workspace=space, about=dead.about)["id"]
    with ThreadPoolExecutor(2) as pool:  # and two that wait for it do not take each other's
        list(pool.map(lambda _: report.push("argilla", project=name), range(2)))
    assert exact(client, name, 6) != draft


def test_a_dataset_of_somebody_else_with_this_name_is_left_alone(platform, make_queue, name, client):
    report, space = make_queue(6), client.workspaces()[0]["id"]
    taken = client.create_dataset(Round(name, report.run, "choose", 1).name, workspace=space, about={})
    with pytest.raises(PlatformError, match="made for something else, or not at all") as refused:
        report.push("argilla", project=name)
    assert "Rename it" in str(refused.value)
    assert [about["id"] for about in standing(client, name)] == [taken["id"]]
    client.delete_dataset(taken["id"])


def test_long_names_that_are_cut_to_the_same_are_told_apart(platform, make_queue, client, name):
    report, long = make_queue(3), name + " x" * 120
    report.push("argilla", project=f"{long}1")
    with pytest.raises(PlatformError, match="made for something else"):
        report.push("argilla", project=f"{long}2")


@pytest.fixture
def between(monkeypatch) -> Callable[..., None]:
    """Do something before the second batch of a push."""

    def before_the_second(do: Callable[[str], Any]) -> None:
        monkeypatch.setattr(review_dataset, "BATCH", 5)
        upsert, seen = Client.upsert, []

        def wait(self: Client, dataset: str, *args: Any, **more: Any) -> Any:
            seen.append(dataset)
            if len(seen) == 2:
                do(dataset)
            return upsert(self, dataset, *args, **more)

        monkeypatch.setattr(Client, "upsert", wait)

    return before_the_second


def test_a_dataset_that_is_deleted_under_a_push_is_named_and_made_anew(platform, make_queue, name, client, between):
    report = make_queue(12)
    between(client.delete_dataset)
    with pytest.raises(PlatformError, match="was deleted while samples were sent to it") as refused:
        report.push("argilla", project=name)
    assert "made anew" in str(refused.value)
    assert report.push("argilla", project=name).created == 12
    exact(client, name, 12)


def test_a_dataset_that_is_renamed_under_a_push_stays_the_one(platform, make_queue, name, client, between):
    report = make_queue(12)
    between(lambda dataset: client.write_dataset(dataset, {"name": f"{name} review by us"}))
    report.push("argilla", project=name)
    assert report.push("argilla", project=name).unchanged == 12
    exact(client, name, 12)


def test_what_people_do_under_a_push_stays(platform, make_queue, name, client, api, between):
    report = make_queue(12)

    def answer_delete_and_add(dataset: str) -> None:
        first, second, third, *_ = records_in(client, dataset)
        client.respond(first["id"], {DECISION: GIVEN})
        client.respond(second["id"], {DECISION: GIVEN}, status="draft")
        client.delete_records(dataset, [third["id"]])
        api("POST", f"/datasets/{dataset}/records/bulk", {"items": [{"fields": {"text": "by hand"}}]})
        client.write_dataset(dataset, {"guidelines": "Our own guidelines"})

    between(answer_delete_and_add)
    report.push("argilla", project=name)
    (about,) = standing(client, name)
    before = {record["id"]: record for record in records_in(client, about["id"])}
    receipt = report.push("argilla", project=name)
    assert (receipt.created, receipt.updated, receipt.unchanged) == (1, 0, 11)
    after = {record["id"]: record for record in records_in(client, about["id"])}
    assert after.items() >= before.items()
    assert len(after) == 13
    (about,) = standing(client, name)
    assert about["guidelines"] == "Our own guidelines"
    (row,) = platform.pull(project=name).to_pylist()  # neither the draft nor the record that is no sample
    assert row["verdict"] == "refused"


def test_a_record_of_their_own_does_not_stop_a_pull(platform, make_queue, name, client, api, tmp_path):
    from labelsift.store.store import Store

    report = make_queue(4)
    Store(tmp_path / "store").save(report)
    report.push("argilla", project=name)
    (about,) = standing(client, name)
    theirs = [{"fields": {"text": "by hand"}}, {"fields": {"text": "by hand"}, "external_id": "not of the run"}]
    api("POST", f"/datasets/{about['id']}/records/bulk", {"items": theirs})
    for record in records_in(client, about["id"]):
        client.respond(record["id"], {DECISION: GIVEN})
    assert platform.pull(project=name, store=tmp_path / "store").num_rows == 4
    assert report.push("argilla", project=name).unchanged == 4


def test_a_label_that_the_dataset_does_not_know_is_refused_before_anything_is_sent(platform, make_queue, name, client):
    make_queue(6, classes=("a", "b", "c")).push("argilla", project=name)
    (about,) = standing(client, name)
    before = records_in(client, about["id"])
    with pytest.raises(InputError, match="does not offer these labels") as refused:
        make_queue(6, classes=("a", "b", "zebra")).push("argilla", project=name)
    assert "zebra" in str(refused.value)
    assert records_in(client, about["id"]) == before
    assert LABEL in client.settings_of(about, workspace="quality").questions
