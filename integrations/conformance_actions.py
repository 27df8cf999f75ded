"""Conformance tests of what is asked beside labels: copies are dropped or kept, texts masked, repaired or removed."""

from __future__ import annotations

import json
from typing import Any

import pytest
from labelsift import platforms
from labelsift.platforms import LabelingPlatform
from labelsift.review.verdicts import Feedback

from .conformance_samples import CLASSES, counts, duplicates_report, pushed, says, stored, texts_report


class ActionsConformance:
    """Tests for a labeling platform with ``copies``, ``actions`` or ``edit``."""

    def answer_feedback(self, platform: LabelingPlatform, project: str, sample_id: str, feedback: Feedback) -> None:
        """Answer a sample's task without a label.

        By ``both_fit``; by ``drop_copy`` and ``keep_copies`` of ``copies``; by ``redact``, ``keep`` and ``unusable``
        of ``actions``.
        """
        raise NotImplementedError

    def answer_text(self, platform: LabelingPlatform, project: str, sample_id: str, text: str | None) -> None:
        """Repair a sample's text: with a new one, or for None as it is proposed; of platforms with ``edit``."""
        raise NotImplementedError

    def contents(self, platform: LabelingPlatform, project: str) -> dict[str, Any]:
        """Return sample id → all that a person can see of its task, with answers; empty without a project."""
        raise NotImplementedError

    def test_a_copy_is_dropped_or_kept_and_the_first_one_stays(self, platform, project, store):
        if "copies" not in platform.capabilities:
            return
        report = stored(store, made=duplicates_report())
        first = pushed(report, platform, project)
        shown = self.contents(platform, project)
        assert shown.keys() == {"c1", "c3"}  # the first copy of a text stays
        assert says(shown["c3"], CLASSES[1])  # the label of the other copy
        said: dict[str, Feedback] = {"c1": "drop_copy", "c3": "keep_copies"}
        for sample_id, feedback in said.items():
            self.answer_feedback(platform, project, sample_id, feedback)

        table = platforms.pull(platform.name, project=project, store=store)
        assert {row["id"]: (row["action"], row["verdict"], json.loads(row["value"])) for row in table.to_pylist()} == {
            "c1": ("remove", "accepted", None),
            "c3": ("keep", "refused", CLASSES[2]),
        }
        assert report.samples.apply(table).ids.to_pylist() == ["c0", "c2", "c3"]
        assert counts(pushed(report, platform, project)) == (0, 0, first.created, {})

    @pytest.mark.parametrize("labeled", [True, False])
    def test_a_text_is_masked_repaired_removed_or_kept(self, platform, project, store, labeled: bool):
        if "actions" not in platform.capabilities:
            return
        report = stored(store, made=texts_report(labeled=labeled))
        first = pushed(report, platform, project)
        assert self.contents(platform, project).keys() == {f"t{number}" for number in range(5)}
        said: dict[str, Feedback] = {"t0": "redact", "t2": "unusable", "t3": "keep"}
        for sample_id, feedback in said.items():
            self.answer_feedback(platform, project, sample_id, feedback)
        edits = {"t1": None, "t4": "new words"} if "edit" in platform.capabilities else {}
        for sample_id, text in edits.items():
            self.answer_text(platform, project, sample_id, text)

        table = platforms.pull(platform.name, project=project, store=store)
        rows = {row["id"]: (row["action"], row["verdict"], json.loads(row["value"])) for row in table.to_pylist()}
        assert rows.pop("t0")[:2] == ("redact", "accepted")  # the places may be left to those who apply it
        assert rows == {
            "t2": ("remove", "changed", None),
            "t3": ("keep", "refused", CLASSES[3] if labeled else None),
        } | ({"t1": ("edit", "accepted", "café au lait"), "t4": ("edit", "changed", "new words")} if edits else {})
        following = report.samples.apply(table)
        assert following.ids.to_pylist() == ["t0", "t1", "t3", "t4"]
        assert following.texts[0].as_py() == "Write to [EMAIL_1]"
        assert counts(pushed(report, platform, project)) == (0, 0, first.created, {})
