"""Samples of the conformance suite: runs whose labels are all flagged, one with duplicates, and what tasks show."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
from labelsift.data.samples import Samples, Task
from labelsift.data.schemas import Finding, findings_table
from labelsift.platforms import LabelingPlatform, Mode, Receipt
from labelsift.report import Report, load
from labelsift.store.store import Store

OPTIONS: dict[str, dict[str, Any]] = {
    "prefill": {"mode": "prefill"},
    "blind": {"mode": "blind"},
    "match": {"match": "ticket"},
    "lanes": {"lanes": 2},
    "overlap": {"twice": 0.5},
    "link": {"link": "ticket"},
    "rounds": {"blind_share": 0.5},
}
CLASSES = ("zebrafish", "wolverine", "quokka", "axolotl")  # words that stand in no text, and by chance nowhere else
TEXTS = ("plain", "two\nlines", "Zürich 🙂", "=1+1", '<b>bold</b> & "quoted"', " padded ", "long " * 1000, "last")
ODD_ID = "odd\x07id"  # not every platform can hold it, and those that cannot must say so
_CELLS: dict[Task, str] = {"classification": "label", "multilabel": "labels", "spans": "spans"}


def flagged_report(task: Task = "classification", *, rows: int = len(TEXTS)) -> Report:
    """Return a run of samples whose labels are all flagged; a field of the user's holds each given label."""
    ids = [*(f"s{number}" for number in range(rows - 1)), ODD_ID]
    texts = [TEXTS[number % len(TEXTS)] for number in range(rows)]
    if task != "classification":
        texts = [f"Hi: {text.strip()}" for text in texts]
    given, suggested = ([value_of(index + shift, task) for index in range(len(ids))] for shift in (0, 1))
    cells = given if task == "classification" else [json.dumps(value) for value in given]
    findings = []
    for index, (id, old, new) in enumerate(zip(ids, given, suggested, strict=True)):
        issue, score, reason = "label", 0.05 + index / 100, f"Labeled {old}; the model says {new}"
        if task == "spans":  # a finding is about one span
            issue, (old,), (new,) = "span", old, new
        near = [*ids, *ids][index + 1 : index + 4]
        findings.append(Finding(id, issue, score, reason, given=old, suggested=new, confidence=0.9, related_ids=near))
    metadata = {"guess": [str(value) for value in given], "channel": [("mail", "phone")[len(id) % 2] for id in ids]}
    table = pa.table({"id": ids, "text": texts, _CELLS[task]: cells})
    return _report(task, Samples(table, pa.table(metadata), "conformance"), findings)


def duplicates_report() -> Report:
    """Return a run of two equal texts, ``c0`` and ``c1``, and of two that are almost equal, ``c2`` and ``c3``."""
    texts = ["Where is it?", "Where is it?", "I paid twice <today>", "I paid twice <today> again"]
    ids, labels = [f"c{number}" for number in range(4)], [CLASSES[0], CLASSES[0], CLASSES[1], CLASSES[2]]
    kinds = [("exact_duplicate", 0.0, "same:c0")] * 2 + [("near_duplicate", 0.2, "near:c2")] * 2
    findings = [
        Finding(id, issue, score, "It stands twice", given=label, related_ids=[ids[index ^ 1]], group_id=group)
        for index, (id, label, (issue, score, group)) in enumerate(zip(ids, labels, kinds, strict=True))
    ]
    table = pa.table({"id": ids, "text": texts, "label": labels})
    return _report("copies", Samples(table, pa.table({"channel": ["mail"] * 4}), "conformance"), findings)


def texts_report(*, labeled: bool) -> Report:
    """Return a run of five texts that hold an address, a secret or damage, ``t0`` to ``t4``; with labels or without."""
    address, damage, secret = "Write to ann@example.org", "cafÃ© au lait", "The password is hunter2!"
    texts, ids = [address, damage, address, secret, damage], [f"t{number}" for number in range(5)]
    spans = {address: ["email", [9, 24]], secret: ["password", [16, 24]]}
    findings = []
    for index, (id, text) in enumerate(zip(ids, texts, strict=True)):
        issue, evidence = "garbage", {"repairable": True}
        if text in spans:
            kind, (start, end) = spans[text]
            issue, evidence = ("secret" if kind == "password" else "pii"), {"spans": [[start, end, kind]]}
        given = CLASSES[index % 4] if labeled else None
        findings.append(Finding(id, issue, 0.1, "See the text", given=given, evidence=evidence))
    columns = {"id": ids, "text": texts} | ({"label": [CLASSES[index % 4] for index in range(5)]} if labeled else {})
    samples = Samples(pa.table(columns), pa.table({"channel": ["mail"] * 5}), "conformance")
    return _report(f"act{labeled}", samples, findings, classes=CLASSES if labeled else ())


def _report(name: str, samples: Samples, findings: list[Finding], *, classes: tuple[str, ...] = CLASSES) -> Report:
    return Report(
        run=f"20261123-101500-{name[:4]}",
        created=datetime(2026, 11, 23, 10, 15, tzinfo=UTC),
        samples=samples,
        scores=pa.table({"id": samples.ids}),
        findings=findings_table(findings),
        classes=classes,
    )


def value_of(number: int, task: Task) -> Any:
    """Return a label as what a sample of a task has: itself, a set of it, or the first word marked with it."""
    label = CLASSES[number % len(CLASSES)]
    return {"classification": label, "multilabel": [label], "spans": [[0, 2, label]]}[task]


def stored(store: Path, task: Task = "classification", *, rows: int = len(TEXTS), made: Report | None = None) -> Report:
    """Return a run as a store gives it back: the pull of a blind round asks there for what was given."""
    Store(store).save(made or flagged_report(task, rows=rows))
    return load(store=store)


def says(visible: object, text: str) -> bool:
    """Tell whether a text stands in what people see of a task."""
    return text in json.dumps(visible, ensure_ascii=False, default=str)


def labels_in(visible: object) -> list[str]:
    """Return the labels that a person can read in what they see of a task."""
    text = json.dumps(visible, ensure_ascii=False, default=str).casefold()
    return [label for label in CLASSES if label in text]


def pushed(
    report: Report,
    platform: LabelingPlatform,
    project: str,
    *,
    mode: Mode = "choose",
    ability: str | None = None,
    dry_run: bool = False,
) -> Receipt:
    """Push a run, and return the receipt; with the options that an ability stands for."""
    options: dict[str, Any] = OPTIONS[ability] if ability else {"mode": mode}
    receipt = report.push(platform.name, project=project, dry_run=dry_run, **options)
    assert (receipt.platform, receipt.dry_run) == (platform.name, dry_run)
    json.dumps(receipt.as_dict())
    return receipt


def counts(receipt: Receipt) -> tuple[int, int, int, dict[str, str]]:
    """Return how many samples are new, changed and unchanged, and which failed."""
    return receipt.created, receipt.updated, receipt.unchanged, receipt.failed
