"""What can be done with a sample: offered as its issues allow, and never where it would tell or could not be said."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import labelsift as ls
import numpy as np
import pyarrow as pa
import pytest
from labelsift.data.schemas import Finding, findings_table
from labelsift.integrations.conformance_samples import texts_report
from labelsift.report import Report
from labelsift.review.answers import Answer, acted, correction_of
from labelsift.review.items import queue_of
from labelsift.review.questions import header_of

MAIL = "ann@example.org"


def report_of(*findings: Finding, labels: list[str] | None = None, **columns: Any) -> Report:
    """Four samples, of which ``a`` and ``b`` hold the same address."""
    table = {"id": list("abcd"), "text": [f"I am {MAIL}", f"I was {MAIL}", "cafÃ©", "qwertz"]}
    table |= {"label": labels} if labels else {}
    read = {"label": "label"} if labels else {}
    samples = ls.read(pa.table(table | columns), id="id", metadata=list(columns), **read)
    return Report(
        "20261123-101500-4f2a",
        datetime(2026, 11, 23, tzinfo=UTC),
        samples,
        pa.table({"id": list("abcd")}),
        findings_table(findings),
    )


PII = Finding("a", "pii", 0.0, "r", evidence={"spans": [[5, 20, "email"]]}, related_ids=["b"])
LABEL = Finding("a", "label", 0.1, "r", given="x", suggested="y")


@pytest.mark.parametrize(
    ("findings", "labels", "actions", "header"),
    [
        (
            [PII],
            "xxyy",
            ("redact", "remove", "keep"),
            "Labeled x. Mask the personal data, remove the sample",
        ),
        ([PII, LABEL], "xxyy", ("redact", "remove"), "Labeled x. Maybe y?"),
        ([LABEL], "xxyy", (), "Labeled x. Maybe y?"),
        ([PII], None, ("redact", "remove", "keep"), "Mask the personal data, remove the sample, or keep it as it is?"),
        ([Finding("a", "outlier", 0.1, "r")], None, ("remove", "keep"), "Remove the sample or keep it as it is?"),
        ([Finding("a", "strangers_own", 0.1, "r")], None, ("remove", "keep"), "Remove the sample or keep it as it is?"),
        ([Finding("a", "strangers_own", 0.1, "r")], "xxyy", (), "Labeled x. Is that right?"),
        (
            [Finding("c", "garbage", 0.1, "r", kind="encoding", evidence={"repairable": True})],
            None,
            ("edit", "remove", "keep"),
            "Use the repaired text, remove the sample, or keep it as it is?",
        ),
        (
            [Finding("d", "garbage", 0.1, "r")],
            None,
            ("remove", "edit", "keep"),
            "Remove the sample, repair the text",
        ),
    ],
)
def test_an_item_offers_what_its_issues_allow_and_asks_for_it(findings, labels, actions, header):
    (item,) = queue_of(report_of(*findings, labels=list(labels) if labels else None)).items
    assert item.actions == actions
    assert header_of(item).startswith(header)
    assert item.alone.actions == ()  # a page of the users' own has no place for them
    assert "Mask" not in header_of(item.alone)


def test_a_blind_item_offers_nothing_that_would_tell_why_it_is_asked():
    (item,) = queue_of(report_of(PII, labels=list("xxyy")), blind={"a"}).items
    assert (item.actions, item.masks, item.repaired) == ((), (), None)


def test_other_samples_stand_masked_beside_an_item_and_its_own_text_where_it_is_asked_for():
    report = report_of(PII, contact=[f"<{MAIL}>", "", "", ""])
    report.embeddings = np.eye(4, 8, dtype=np.float32)
    queue = queue_of(report)
    (item,) = queue.items
    assert [near.text for near in item.neighbors] == ["I was [EMAIL_1]"]
    assert (item.text, item.metadata["contact"], item.masks) == (f"I am {MAIL}", f"<{MAIL}>", ((5, 20, "email"),))
    assert queue.vectors is not None
    queue = queue_of(report, mask=True)
    (item,) = queue.items
    assert (item.text, item.metadata["contact"], item.masks) == ("I am [EMAIL_1]", "<[EMAIL_1]>", ())
    assert queue.vectors is None  # they would tell the words


def test_marked_texts_are_not_masked_on_their_tasks(recording):
    table = pa.table({"id": ["a"], "text": ["Ann left"], "marks": ['[[0, 3, "person"]]']})
    report = texts_report(labeled=True)
    report.samples = ls.read(table, id="id", spans="marks")
    recording.capabilities |= {"spans"}
    with pytest.raises(ls.InputError, match="cannot be masked on its task"):
        report.push("queue", project="T", mask=True)


def test_an_answer_about_the_text_becomes_a_correction():
    def row(answer: Answer, **proposed: Any) -> tuple[Any, ...]:
        made = correction_of(acted(answer, **proposed), platform="p")
        return made["action"], made["verdict"], made["value"], made["note"]

    given = Answer("a", given="x", suggested="y")
    masks = [[0, 3, "name"]]
    assert row(replace(given, feedback="redact"), masks=masks) == ("redact", "accepted", '[[0, 3, "name"]]', "")
    assert row(replace(given, feedback="redact")) == ("redact", "accepted", "null", "")
    assert row(replace(given, feedback="edit"), repaired="é") == ("edit", "accepted", '"é"', "")
    assert row(replace(given, feedback="edit", value="e"), repaired="é") == ("edit", "changed", '"e"', "")
    assert row(replace(given, feedback="edit", note="?"))[1:] == (
        "skipped",
        '"x"',
        "? [The answer is incomplete: no new text is written]",
    )
    assert row(replace(given, feedback="keep", value="z")) == ("keep", "refused", '"x"', "")
