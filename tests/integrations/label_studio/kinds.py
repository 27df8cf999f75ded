"""Reports of every kind of label and medium, small enough to be read."""

from __future__ import annotations

import base64
import json
from datetime import UTC, datetime
from typing import Any

import pyarrow as pa
from labelsift.data.samples import Samples
from labelsift.data.schemas import Finding, findings_table
from labelsift.integrations.label_studio.convert.label_config import LabelControl
from labelsift.integrations.label_studio.pull.review_project import review_answer
from labelsift.report import Report
from labelsift.review.answers import correction_of

SINGLE = LabelControl("label", "text", (), "text")  # what review projects of single labels have
RUN = "20261123-101500-4f2a"
# A picture and a sound of a few bytes.
PIXEL = (
    "data:image/svg+xml;base64,"
    + base64.b64encode(
        b'<svg xmlns="http://www.w3.org/2000/svg" width="320" height="200">'
        b'<rect width="320" height="200" fill="#56B4E9"/>'
        b'<circle cx="160" cy="100" r="60" fill="#E69F00"/></svg>'
    ).decode()
)
WAVE = (
    b"RIFF"
    + (36 + 1600).to_bytes(4, "little")
    + b"WAVEfmt "
    + (16).to_bytes(4, "little")
    + (1).to_bytes(2, "little")
    + (1).to_bytes(2, "little")
    + (8000).to_bytes(4, "little")
    + (8000).to_bytes(4, "little")
    + (1).to_bytes(2, "little")
    + (8).to_bytes(2, "little")
    + b"data"
    + (1600).to_bytes(4, "little")
    + bytes(range(100)) * 16
)


def report_of(
    table: dict[str, list[Any]],
    findings: list[Finding],
    *,
    metadata: dict[str, list[Any]] | None = None,
    run: str = RUN,
) -> Report:
    columns = {name: pa.array(values, pa.string()) for name, values in table.items()}
    samples = Samples(pa.table(columns), pa.table(metadata or {"channel": ["mail"] * len(table["id"])}), "kinds")
    scores: dict[str, Any] = {"id": columns["id"]}
    return Report(
        run=run,
        created=datetime(2026, 11, 23, 10, 15, tzinfo=UTC),
        samples=samples,
        scores=pa.table(scores),
        findings=findings_table(findings),
        classes=samples.classes,
    )


def sets(run: str = RUN) -> Report:
    """Sets of labels: one to take away, one missing, one to swap, none at all right, unlabeled, and an outlier."""
    given = [["insult", "toxic"], ["toxic"], ["insult"], ["threat"], None, []]
    right = [["toxic"], ["threat", "toxic"], ["threat"], [], ["toxic"], None]
    ids = [f"m{row}" for row in range(len(given))]
    findings = [
        Finding(id, "label", 0.1 + index / 10, f"Why {id}", given=old, suggested=new, confidence=0.9 - index / 10)
        for index, (id, old, new) in enumerate(zip(ids, given, right, strict=True))
        if new is not None
    ]
    findings.append(Finding("m5", "outlier", 0.2, "Unlike every other sample", given=[]))
    table = {
        "id": ids,
        "text": [f"Comment {row}: you are a fool, and worse" for row in range(len(ids))],
        "labels": [None if labels is None else json.dumps(labels) for labels in given],
    }
    metadata = {"channel": ["mail"] * len(ids), "tags": ["insult|toxic", "x", "x", "x", "x", "x"]}
    return report_of(table, findings, metadata=metadata, run=run)


TEXTS = {
    "wrong_tag": "Ann Lee flew to Paris, and Paris was cold.",
    "ghost": "The Monday meeting in Berlin was long.",
    "missed": "🙂 Then Müller went to Rome 🚄 with Ann.",
    "shifted": "We met near New York City last May.\r\nAnn paid.",
    "outlier": "Ann wrote nothing of note.",
    "rtl": "مرحبا Ann in \u202eهلا Cairo",
}


def mark(name: str, words: str, kind: str, *, last: bool = False) -> list[int | str]:
    text = TEXTS[name]
    start = text.rindex(words) if last else text.index(words)
    return [start, start + len(words), kind]


SPANS = {
    "wrong_tag": ([mark("wrong_tag", "Ann Lee", "PER"), mark("wrong_tag", "Paris", "PER", last=True)]),
    "ghost": [mark("ghost", "Monday", "PER"), mark("ghost", "Berlin", "LOC")],
    "missed": [mark("missed", "Müller", "PER")],
    "shifted": [mark("shifted", "New York", "LOC"), mark("shifted", "Ann", "PER")],
    "outlier": [mark("outlier", "Ann", "PER")],
    "rtl": [mark("rtl", "Ann", "LOC")],
}
DISPUTES = {
    "wrong_tag": (mark("wrong_tag", "Paris", "PER", last=True), mark("wrong_tag", "Paris", "LOC", last=True)),
    "ghost": (mark("ghost", "Monday", "PER"), None),
    "missed": (None, mark("missed", "Rome", "LOC")),
    "shifted": (mark("shifted", "New York", "LOC"), mark("shifted", "New York City", "LOC")),
    "rtl": (mark("rtl", "Ann", "LOC"), mark("rtl", "Ann", "PER")),
}


def spans(run: str = RUN) -> Report:
    """Spans with an error of each kind, texts with emoji, line ends of Windows and right-to-left, and an outlier."""
    findings = [
        Finding(name, "span", 0.1 + place / 10, f"Why {name}", kind=name, given=old, suggested=new, confidence=0.9)
        for place, (name, (old, new)) in enumerate(DISPUTES.items())
    ]
    findings.append(Finding("outlier", "outlier", 0.2, "Unlike every other sample"))
    table = {
        "id": list(TEXTS),
        "text": list(TEXTS.values()),
        "spans": [json.dumps(SPANS[name], ensure_ascii=False, separators=(",", ":")) for name in TEXTS],
    }
    metadata = {"channel": ["mail"] * len(TEXTS), "tags": [["B-PER", "O"]] * len(TEXTS)}
    return report_of(table, findings, metadata=metadata, run=run)


PATHS = ("animal / cat", "animal / dog", "animal / dog / poodle", "plant / tree", "plant / $5 herb")


def tree(run: str = RUN) -> Report:
    """Single labels that are paths."""
    ids = [f"x{place}" for place in range(len(PATHS))]
    findings = [
        Finding(id, "label", 0.1, f"Why {id}", given=old, suggested=new, confidence=0.8)
        for id, old, new in zip(ids, PATHS, PATHS[1:] + PATHS[:1], strict=True)
    ]
    return report_of({"id": ids, "text": [f"About {id}" for id in ids], "label": list(PATHS)}, findings, run=run)


def trees(run: str = RUN) -> Report:
    """Sets of labels that are paths; for the last none is right."""
    given = [["animal / cat", "plant / tree"], ["plant / $5 herb"]]
    right = [["animal / dog / poodle", "plant / tree"], []]
    ids = ["y0", "y1"]
    findings = [
        Finding(id, "label", 0.1, f"Why {id}", given=old, suggested=new, confidence=0.8)
        for id, old, new in zip(ids, given, right, strict=True)
    ]
    table = {"id": ids, "text": ["One", "Two"], "labels": [json.dumps(labels) for labels in given]}
    return report_of(table, findings, run=run)


def seen(medium: str, address: str = PIXEL, run: str = RUN) -> Report:
    """Images or sounds behind addresses, with single labels; one without an address."""
    ids = [f"{medium}-{place}" for place in range(3)]
    findings = [Finding(id, "label", 0.2, f"Why {id}", given="cat", suggested="dog", confidence=0.7) for id in ids]
    metadata = {"camera": ["a", "b", "c"], f"{medium}_url": [address, address, None]}
    return report_of({"id": ids, "label": ["cat"] * 3}, findings, metadata=metadata, run=run)


def correction(
    data: dict[str, Any], annotation: dict[str, Any], *, target: LabelControl = SINGLE
) -> dict[str, Any] | None:
    """Return what a pull makes of an answer in a review project."""
    answer = review_answer(data, annotation, target, people={})
    return None if answer is None else correction_of(answer, platform="label-studio", task=target.task)
