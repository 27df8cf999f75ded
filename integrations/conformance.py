"""Conformance suite for labeling platforms: tests of what every adapter must do, for yours to inherit.

Put a test file beside your adapter and run it with pytest, against the real platform::

    from labelsift.integrations.conformance import LabelingPlatformConformance

    class TestMine(LabelingPlatformConformance):
        @pytest.fixture
        def platform(self):
            return Mine()

        def answer(self, platform, project, sample_id, value):
            ...  # as a person would, on the platform's own page or through its API

        def contents(self, platform, project):
            return {...}  # sample id → all that a person can see of its task

While a test runs, the platform is found by its name, whether or not an entry point names it.
In your ``conftest.py``, ``pytest.register_assert_rewrite("labelsift.integrations.conformance")`` makes failures tell
more.
"""

from __future__ import annotations

import itertools
import json
from pathlib import Path
from typing import Any

import pytest
from labelsift import platforms
from labelsift.data.adjudication import BOTH_FIT
from labelsift.data.samples import TASKS, Task
from labelsift.data.schemas import CORRECTIONS_SCHEMA
from labelsift.errors import LabelsiftError
from labelsift.platforms import MODES, LabelingPlatform, Mode
from labelsift.store.store import Store

from .conformance_actions import ActionsConformance
from .conformance_samples import (
    CLASSES,
    ODD_ID,
    OPTIONS,
    TEXTS,
    counts,
    labels_in,
    pushed,
    says,
    stored,
    value_of,
)

METHODS = {
    "read": ("read",),
    "apply": ("apply",),
    "enable": ("enable", "disable"),
    "serve": ("serve",),
    "forget": ("forget",),
    "examine": ("examine",),
    "local": ("local", "arrived"),
}
_numbers = itertools.count(1)


class LabelingPlatformConformance(ActionsConformance):
    """Tests for a labeling platform; a subclass says which one, and how a person answers there."""

    @pytest.fixture
    def platform(self) -> LabelingPlatform:
        """Return the adapter, ready to reach its server."""
        raise NotImplementedError

    @pytest.fixture
    def project(self) -> str:
        """Return the name of a project into which nothing was pushed yet."""
        return f"Conformance {next(_numbers)}"

    def answer(self, platform: LabelingPlatform, project: str, sample_id: str, value: Any) -> None:
        """Answer a sample's task as a person would: with a label, labels or spans; None skips it."""
        raise NotImplementedError

    @pytest.fixture(autouse=True)
    def _found_by_name(self, platform: LabelingPlatform, monkeypatch: pytest.MonkeyPatch) -> None:
        find = platforms.get
        monkeypatch.setattr(platforms, "get", lambda name: platform if name == platform.name else find(name))

    @pytest.fixture
    def store(self, tmp_path: Path) -> Path:
        """Return the folder of a run store; the platform's own files must not lie there."""
        return tmp_path / "store"

    def test_a_receipt_adds_up_and_names_what_failed(self, platform, project, store):
        report = stored(store)
        receipt = pushed(report, platform, project)
        ids = set(report.samples.ids.to_pylist())
        assert receipt.created + len(receipt.failed) == len(ids)
        assert receipt.updated == receipt.unchanged == 0
        assert all(receipt.failed.values())
        assert self.contents(platform, project).keys() == ids - receipt.failed.keys()
        assert receipt.sample_links.keys() <= ids - receipt.failed.keys()

    def test_a_dry_run_says_what_a_push_does_and_writes_nothing(self, platform, project, store):
        report = stored(store)
        planned = pushed(report, platform, project, dry_run=True)
        assert self.contents(platform, project) == {}
        assert counts(pushed(report, platform, project)) == counts(planned)
        before = self.contents(platform, project)
        assert counts(pushed(report, platform, project, dry_run=True))[:2] == (0, 0)
        assert self.contents(platform, project) == before

    def test_a_second_push_changes_nothing(self, platform, project, store):
        report = stored(store)
        first = pushed(report, platform, project)
        before = self.contents(platform, project)
        assert counts(pushed(report, platform, project)) == (0, 0, first.created, first.failed)
        assert self.contents(platform, project) == before

    @pytest.mark.parametrize(
        ("task", "mode"), [(task, "choose") for task in TASKS] + [(TASKS[0], m) for m in MODES[1:]]
    )
    def test_answers_come_back_as_verdicts_and_stay(self, platform, project, store, task: Task, mode: Mode):
        if not {task, *({mode} - {"choose"})} <= platform.capabilities:
            return  # refused, see below
        report = stored(store, task)
        first = pushed(report, platform, project, mode=mode)
        values = {"s0": value_of(0, task), "s1": value_of(2, task), "s2": value_of(0, task), "s3": None}
        for sample_id, value in values.items():
            self.answer(platform, project, sample_id, value)
        both = {}
        if "both_fit" in platform.capabilities and task == "classification" and mode != "blind":
            self.answer_feedback(platform, project, "s4", "both_fit")
            both = {"s4": ("keep", BOTH_FIT, value_of(4, task))}
        before = self.contents(platform, project)

        table = platforms.pull(platform.name, project=project, store=store)

        assert table.schema == CORRECTIONS_SCHEMA
        change = "respan" if task == "spans" else "relabel"
        assert {row["id"]: (row["action"], row["verdict"], json.loads(row["value"])) for row in table.to_pylist()} == {
            "s0": ("keep", "refused", values["s0"]),
            "s1": (change, "accepted", values["s1"]),
            "s2": (change, "changed", values["s2"]),
            "s3": ("keep", "skipped", value_of(3, task)),
            **both,
        }
        sources = {(row["platform"], row["run"], row["asked"]) for row in table.to_pylist()}
        assert sources == {(platform.name, report.run, mode)}
        assert self.contents(platform, project) == before  # a pull only reads
        assert counts(pushed(report, platform, project, mode=mode)) == (0, 0, first.created, first.failed)
        assert self.contents(platform, project) == before  # a push touches nothing that people wrote
        assert platforms.pull(platform.name, project=project, store=store).equals(table)

    def test_blind_shows_nothing_that_betrays_a_label(self, platform, project, store):
        if "blind" not in platform.capabilities:
            return  # refused, see below
        pushed(stored(store), platform, project, mode="blind")
        contents = self.contents(platform, project)
        assert contents
        for sample_id, visible in contents.items():
            assert labels_in(visible) == [], sample_id

    def test_single_blind_items_hide_their_labels_and_come_back_as_blind(self, platform, project, store):
        if "rounds" not in platform.capabilities:
            return  # refused, see below
        report = stored(store, rows=24)  # ten each, at the least, are asked blind and not
        first = pushed(report, platform, project, ability="rounds")
        (assignment,) = (record for record in Store(store).ledger.records() if record["kind"] == "assignment")
        before = self.contents(platform, project)
        hidden = {sample_id for sample_id, visible in before.items() if not labels_in(visible)}
        assert hidden == set(assignment["blind"]) & before.keys()
        assert counts(pushed(report, platform, project, ability="rounds")) == (0, 0, first.created, first.failed)
        assert self.contents(platform, project) == before

        asked = {"blind": min(hidden - {ODD_ID}), "choose": min(before.keys() - hidden - {ODD_ID})}
        for sample_id in asked.values():  # with the suggestion
            self.answer(platform, project, sample_id, value_of(int(sample_id[1:]) + 1, "classification"))
        table = platforms.pull(platform.name, project=project, store=store)
        answers = {row["asked"]: (row["id"], row["action"], row["verdict"]) for row in table.to_pylist()}
        assert answers == {mode: (sample_id, "relabel", "accepted") for mode, sample_id in asked.items()}

    def test_a_forgotten_sample_stands_beside_no_other(self, platform, project, store):
        if "forget" not in platform.capabilities:
            return  # refused, see below
        pushed(stored(store), platform, project)
        before = self.contents(platform, project)
        copies = [sample_id for sample_id, visible in before.items() if says(visible, TEXTS[2])]
        assert "s2" in copies
        assert platform.forget(["s2"], project=project, dry_run=True) == len(copies)
        assert self.contents(platform, project) == before
        assert platform.forget(["s2"], project=project) == len(copies)
        after = self.contents(platform, project)
        assert after.keys() == before.keys() - {"s2"}
        assert not says(after, TEXTS[2])
        assert platform.forget(["s2"], project=project) == 0

    @pytest.mark.parametrize("ability", ["lanes", "overlap"])
    def test_a_queue_that_is_dealt_out_is_as_whole_as_any_other(self, platform, project, store, ability: str):
        if ability not in platform.capabilities:
            return  # refused, see below
        report = stored(store)
        planned = pushed(report, platform, project, ability=ability, dry_run=True)
        assert self.contents(platform, project) == {}
        first = pushed(report, platform, project, ability=ability)
        before = self.contents(platform, project)
        assert counts(first) == counts(planned) == (len(before), 0, 0, first.failed)
        assert before.keys() == set(report.samples.ids.to_pylist()) - first.failed.keys()
        assert counts(pushed(report, platform, project, ability=ability)) == (0, 0, first.created, first.failed)
        assert self.contents(platform, project) == before

        answered = ["s0", "s1", "s2", "s3"]  # some in each part
        for sample_id in answered:
            self.answer(platform, project, sample_id, CLASSES[0])
        table = platforms.pull(platform.name, project=project, store=store)
        assert sorted(table["id"].to_pylist()) == answered

    @pytest.mark.parametrize("ability", OPTIONS)
    def test_options_that_are_not_declared_are_refused(self, platform, project, store, ability: str):
        if ability in platform.capabilities:
            return  # what it does is for the tests above, or the platform's own
        with pytest.raises(LabelsiftError) as refused:
            stored(store).push(platform.name, project=project, **OPTIONS[ability])
        assert platform.name in str(refused.value)
        assert self.contents(platform, project) == {}

    @pytest.mark.parametrize("task", TASKS)
    def test_kinds_of_labels_that_are_not_declared_are_refused(self, platform, project, store, task: Task):
        if task in platform.capabilities:
            assert pushed(stored(store, task), platform, project, dry_run=True).created
            return
        with pytest.raises(LabelsiftError) as refused:
            pushed(stored(store, task), platform, project)
        assert platform.name in str(refused.value)
        assert self.contents(platform, project) == {}

    @pytest.mark.parametrize("ability", METHODS)
    def test_methods_are_written_where_they_are_declared_and_else_refused(self, platform, ability: str):
        written = [getattr(type(platform), name) is not getattr(LabelingPlatform, name) for name in METHODS[ability]]
        assert written == [ability in platform.capabilities] * len(written)
        if ability not in platform.capabilities:
            with pytest.raises(LabelsiftError) as refused:
                platform.require(ability)
            assert platform.name in str(refused.value)
