"""Erasure of what was sent: every project is asked for its tasks of the samples, and what cannot be erased is named."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest
from labelsift.corrections.erase import forget
from labelsift.errors import PlatformError
from labelsift.report import Report
from labelsift.store.base import FORGOTTEN, RunTarget
from labelsift.store.hash_chain import now
from labelsift.store.store import Store
from recording_platform import RecordingPlatform


class Forgetful(RecordingPlatform):
    """A platform that keeps what it is asked to delete, and says of each that there was a task of it."""

    def __init__(self, *abilities: str) -> None:
        super().__init__("forget", *abilities)
        self.asked_to_forget: list[tuple[str, list[str], str | None, bool]] = []

    def forget(self, ids: Sequence[str], *, project: str, match: str | None = None, dry_run: bool = False) -> int:
        if project == "gone":
            raise PlatformError("queue has no project gone", hint="Check its name")
        self.asked_to_forget.append((project, list(ids), match, dry_run))
        return len(ids)


@pytest.fixture
def forgetful(find_platform) -> Forgetful:
    platform = Forgetful()
    find_platform(platform)
    return platform


@pytest.fixture
def store(make_report, keep) -> Store:
    report: Report = keep(make_report(40))
    return report.store


def sent(store: Store, *targets: str, match: str | None = None, with_text: bool = True) -> None:
    for target in targets:
        store.sent(RunTarget(store.find(), "queue", target), match=match, with_text=with_text)


def looked(store: Store, *looks: tuple[str, str | None, str]) -> None:
    """Record second looks, as a server beside a platform does: project, sample (None while it waits), and key."""
    usual = {"kind": "second_look", "time": now(), "platform": "queue", "run": store.find(), "waits": False}
    entries = [usual | {"target": target, "id": id, "key": key} for target, id, key in looks]
    store.ledger.append(lambda _: entries)


@pytest.mark.parametrize("dry_run", [True, False])
def test_second_looks_of_erased_samples_are_deleted_in_their_project_by_their_keys(store, forgetful, dry_run):
    looked(
        store,
        ("Tickets", "t3", "key-a"),
        ("Tickets", "t3", "key-b"),
        ("Tickets", "t4", "key-c"),  # of a sample that stays
        ("Tickets", None, "key-d"),  # waits: it has no task
        ("Others", "t5", "key-e"),
    )
    erased = forget(["t3", "t5"], store=store.folder, dry_run=dry_run)
    assert forgetful.asked_to_forget == [
        ("Tickets", ["t3", "t5", "key-a", "key-b"], None, dry_run),
        ("Others", ["t3", "t5", "key-e"], None, dry_run),
    ]
    assert erased.platforms == {"queue Tickets": 4, "queue Others": 3}
    assert erased.unreachable == []


def test_a_project_is_asked_for_tasks_and_second_looks_at_once(store, forgetful):
    sent(store, "Tickets")
    looked(store, ("Tickets", "t3", "key-a"))
    sent(store, "Tickets")
    forget(["t3"], store=store.folder)
    told = [ids for project, ids, *_ in forgetful.asked_to_forget if project == "Tickets"]
    assert told[0] == ["t3", "key-a"]
    assert sum(ids.count("key-a") for ids in told) == 1


def test_second_looks_at_the_user_s_own_tasks_are_tasks_of_ours(store, forgetful):
    """The field that tells which task is whose stands in the user's tasks alone."""
    sent(store, "Tickets", match="data.ticket")
    looked(store, ("Tickets", "t3", "key-a"))
    erased = forget(["t3"], store=store.folder)
    assert forgetful.asked_to_forget == [
        ("Tickets", ["t3"], "data.ticket", False),
        ("Tickets", ["t3", "key-a"], None, False),
    ]
    assert erased.platforms == {"queue Tickets": 3}


def test_a_project_that_cannot_be_reached_is_named_and_all_else_is_erased(store, forgetful):
    sent(store, "gone", "Tickets")
    erased = forget(["t3"], store=store.folder)
    (named,) = erased.unreachable
    assert named.startswith("queue gone: queue has no project gone") and "Check its name" in named
    assert erased.platforms == {"queue Tickets": 1}
    assert "t3" not in store.load().samples.ids.to_pylist()
    ended = [record for record in store.ledger.records() if record.get("kind") == FORGOTTEN]
    assert [(record["unreachable"], record["runs"]) for record in ended] == [(1, {store.find(): 1})]


def test_what_cannot_delete_is_named_by_whether_texts_went_there(store, find_platform):
    find_platform(RecordingPlatform())
    sent(store, "with texts")
    sent(store, "figures only", with_text=False)
    looked(store, ("looks", "t3", "key-a"), ("of others", "t4", "key-b"))
    erased = forget(["t3"], store=store.folder)
    assert [line.partition(" may hold")[0] for line in erased.unreachable] == ["queue with texts", "queue looks"]
    assert erased.elsewhere == ["queue figures only"]
    assert erased.platforms == {}


def test_only_samples_with_the_same_words_are_named_as_copies(make_report, keep):
    """Empty texts say nothing, and so are no copies of one another."""
    report = make_report(12)
    texts = ["", "", "the same words here", "the same words here", *report.samples.texts.to_pylist()[4:]]
    table = report.samples.table
    table = table.set_column(table.column_names.index("text"), "text", [texts])
    store = keep(replace(report, samples=replace(report.samples, table=table))).store
    assert forget(["t0"], store=store.folder, dry_run=True).copies == []
    assert forget(["t0", "t2"], store=store.folder).copies == ["t3"]
