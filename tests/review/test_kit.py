"""The kit of labeling adapters by itself: a platform in memory whose requests fail wherever chance has it."""

from __future__ import annotations

import contextlib
import itertools
import json
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from labelsift.errors import PlatformError
from labelsift.integrations.conformance import CLASSES, LabelingPlatformConformance
from labelsift.integrations.conformance_samples import flagged_report
from labelsift.platforms import MODES, Mode, PushRequest
from labelsift.review.items import queue_of
from labelsift.review.verdicts import Feedback
from labelsift.store.store import Store

from .in_memory import Fault, InMemory, Server

REPORT = flagged_report()
QUEUE = queue_of(REPORT)
FAULTS = st.dictionaries(st.integers(1, 14), st.sampled_from(get_args(Fault)), max_size=4)
SAID = st.none() | st.sampled_from(CLASSES)
ANSWERS = st.lists(st.tuples(st.integers(0, 99), SAID, st.booleans()), max_size=5)  # task, label, whether it is a draft
OTHERS = st.lists(st.tuples(st.integers(0, 99), st.none() | st.text(max_size=3), st.none() | SAID), max_size=4)
MODE = st.sampled_from(MODES)
_numbers = itertools.count(1)


class TestInMemory(LabelingPlatformConformance):
    """The suite that every adapter passes."""

    @pytest.fixture
    def platform(self) -> InMemory:
        return InMemory()

    def answer(self, platform: InMemory, project: str, sample_id: str, value: Any) -> None:
        (task,) = (task for task in platform.servers[project].tasks.values() if task["key"] == sample_id)
        platform.servers[project].answer(task["id"], value)

    def answer_feedback(self, platform: InMemory, project: str, sample_id: str, feedback: Feedback) -> None:
        (task,) = (task for task in platform.servers[project].tasks.values() if task["key"] == sample_id)
        platform.servers[project].answer(task["id"], None, feedback=feedback)

    def answer_text(self, platform: InMemory, project: str, sample_id: str, text: str | None) -> None:
        (task,) = (task for task in platform.servers[project].tasks.values() if task["key"] == sample_id)
        platform.servers[project].answer(task["id"], text, feedback="edit")

    def contents(self, platform: InMemory, project: str) -> dict[str, Any]:
        return {task["key"]: task for task in platform.servers[project].tasks.values()}


class Trial:
    """A project of the platform, pushed to until it takes it."""

    def __init__(self) -> None:
        self.project, self.server, self.platform = f"P{next(_numbers)}", Server(), InMemory()
        self.platform.servers[self.project] = self.server

    def push(self, mode: Mode = "choose") -> tuple[int, int, int]:
        receipt = self.platform.push(QUEUE, PushRequest(self.project, mode=mode))
        return receipt.created, receipt.updated, receipt.unchanged

    def until_it_works(self, faults: dict[int, Fault], do: Callable[[], Any]) -> None:
        """Do it as often as it takes while requests fail; what is under way arrives when all is over."""
        self.server.requests, self.server.faults = 0, faults
        for _ in range(len(faults) + 1):
            with contextlib.suppress(PlatformError):
                do()
                break
        self.server.faults = {}
        self.server.arrive()

    def people_answer(self, answers: Sequence[tuple[int, str | None, bool]]) -> None:
        tasks = list(self.server.tasks)
        for number, value, draft in answers if tasks else ():
            self.server.answer(tasks[number % len(tasks)], value, draft=draft)

    def others_write(self, others: Sequence[tuple[int, str | None, str | None]]) -> None:
        tasks = list(self.server.tasks)
        for number, value, suggestion in others if tasks else ():
            self.server.add(tasks[number % len(tasks)], field=value, suggestion=suggestion)

    def of_others(self) -> list[tuple[Any, ...]]:
        """All that is not labelsift's, drafts included."""
        tasks = self.server.tasks.values()
        return [(task["key"], task["data"].get("theirs"), task["others"], task["drafts"]) for task in tasks]

    def answers(self) -> Counter[tuple[Any, ...]]:
        return Counter(
            (task["key"], *answer.values()) for task in self.server.tasks.values() for answer in task["answers"]
        )

    def pull(self, store: Path) -> list[dict[str, Any]]:
        return self.platform.pull(project=self.project, store=store).to_pylist()


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("kit") / "store"
    Store(place).save(REPORT)
    return place


@pytest.mark.slow
@settings(max_examples=300)
@given(faults=FAULTS, early=ANSWERS, later=ANSWERS, mode=MODE, before=st.none() | MODE)
def test_after_a_failure_at_any_step_the_same_again_is_exact(faults, early, later, mode, before):
    trial, untroubled = Trial(), Trial()
    if before is not None:
        trial.push(before)
    trial.people_answer(early)
    trial.until_it_works(faults, lambda: trial.push(mode))
    trial.people_answer(later)  # maybe two tasks of one sample, of which one came late
    answers = trial.answers()

    trial.push(mode)

    untroubled.push(mode)
    wanted = {task["key"]: (task["data"], task["predictions"]) for task in untroubled.server.tasks.values()}
    of_key: dict[str, list[dict[str, Any]]] = {}
    for task in trial.server.tasks.values():
        of_key.setdefault(task["key"], []).append(task)
    assert of_key.keys() == wanted.keys()  # nothing is lost
    for key, (first, *doubles) in of_key.items():
        # Nor doubled, but where people have answered or begun to.
        assert all(task["answers"] or task["drafts"] for task in (first, *doubles)) or not doubles
        assert doubles or (first["data"], first["predictions"]) == wanted[key]
    assert trial.answers() == answers
    assert trial.push(mode) == (0, 0, len(QUEUE.items))


@pytest.mark.slow
@settings(max_examples=100)
@given(answers=st.tuples(ANSWERS, ANSWERS), others=OTHERS, faults=FAULTS, modes=st.tuples(MODE, MODE))
def test_what_people_wrote_stays_and_comes_back_once(store, answers, others, faults, modes):
    trial, labels = Trial(), dict(zip(REPORT.samples.ids.to_pylist(), REPORT.samples.labels.to_pylist(), strict=True))
    assert trial.push(modes[0]) == (len(QUEUE.items), 0, 0)
    assert trial.push(modes[0]) == (0, 0, len(QUEUE.items))
    trial.others_write(others)
    for said in answers:
        trial.people_answer(said)
        written, theirs = trial.answers(), trial.of_others()
        trial.until_it_works(faults, lambda: trial.pull(store))
        rows = trial.pull(store)
        expected = [(key, json.dumps(labels[key] if skipped else value)) for key, value, skipped, *_ in written]
        assert sorted((row["id"], row["value"]) for row in rows) == sorted(expected)
        for mode in modes:
            trial.push(mode)
            assert (trial.answers(), trial.of_others()) == (written, theirs)
        assert trial.push(modes[1]) == (0, 0, len(QUEUE.items))
        assert [row["value"] for row in trial.pull(store)] == [row["value"] for row in rows]
