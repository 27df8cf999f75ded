"""A labeling platform that keeps what is pushed to it, a run to push there, and decisions about its samples."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from labelsift import platforms
from labelsift.corrections.record import Recorded, record
from labelsift.data.review_queue import ReviewQueue
from labelsift.data.schemas import CORRECTIONS_SCHEMA
from labelsift.platforms import LabelingPlatform, PushRequest, Receipt
from labelsift.report import Report, report_of
from labelsift.store.store import Store

START = datetime(2026, 11, 24, tzinfo=UTC)
RUN = "20261123-101500-4f2a"  # the run of a report that is built by hand


class RecordingPlatform(LabelingPlatform):
    """The labeling platform ``queue``, with abilities beyond the usual."""

    name = "queue"

    def __init__(self, *abilities: str) -> None:
        self.capabilities = frozenset({"classification", "text", "prefill", "blind", "match", *abilities})
        self.pushed: list[ReviewQueue] = []

    @property
    def asked(self) -> set[str]:
        """The samples of the last queue."""
        return {item.id for item in self.pushed[-1].items}

    @property
    def issues(self) -> dict[str, tuple[str, ...]]:
        """What each sample of the last queue is asked about."""
        return {item.id: item.issues for item in self.pushed[-1].items}

    def push(self, queue: ReviewQueue, request: PushRequest) -> Receipt:
        """Keep the queue."""
        self.pushed.append(queue)
        return Receipt(self.name, request.project, created=len(queue.items))


@pytest.fixture
def find_platform(monkeypatch: pytest.MonkeyPatch) -> Callable[[LabelingPlatform], None]:
    """Makes a platform the one that every name stands for."""
    return lambda platform: monkeypatch.setattr(platforms, "get", lambda _: platform)


@pytest.fixture
def recording(find_platform: Callable[[LabelingPlatform], None]) -> RecordingPlatform:
    """A platform that can also ask about single samples twice or blind, found by every name."""
    platform = RecordingPlatform("rounds")
    find_platform(platform)
    return platform


@pytest.fixture
def keep(tmp_path: Path) -> Callable[[Report], Report]:
    """Saves a report in a store and returns it as it is loaded from there."""

    def save(report: Report) -> Report:
        store = Store(tmp_path / "kept")
        store.prepare()
        store.save(report)
        return report_of(store.load())

    return save


@pytest.fixture
def scored(make_report: Callable[..., Report], keep: Callable[[Report], Report]) -> Report:
    """A kept run of 400 samples with scores from low to high; those below 0.2 are flagged, with a suggestion."""
    report = make_report(400)
    n = len(report.samples)
    score = np.linspace(0.02, 0.98, n).astype(np.float32)
    columns = {"id": report.samples.ids, "label_score": pa.array(score), "is_label_issue": pa.array(score < 0.2)}
    report.scores = pa.table(columns | {"suggested_label": ["refund"] * n, "confidence": pa.array(score)})
    return keep(report)


def decision(id: str, value: object = "refund", *, minutes: int = 0, **changes: object) -> dict[str, object]:
    """Return a row of a corrections table: ann gives a sample another label, some minutes after the start."""
    usual = {"id": id, "action": "relabel", "value": json.dumps(value), "verdict": "changed", "person": "ann"}
    return usual | {"platform": "queue", "run": RUN, "note": "", "time": START + timedelta(minutes=minutes)} | changes


def corrections(*rows: dict[str, object]) -> pa.Table:
    """Return decisions as a corrections table."""
    return pa.Table.from_pylist(list(rows), CORRECTIONS_SCHEMA)


def record_decisions(store: Store, rows: Sequence[dict[str, object]]) -> Recorded:
    """Record decisions in a store."""
    return record(corrections(*rows), store=store.folder)
