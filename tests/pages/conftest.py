"""Reports built by hand for the page, and Chromium."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from labelsift.data.samples import Samples
from labelsift.data.schemas import Finding, findings_table
from labelsift.report import Report

CLASSES = ("card_arrival", "lost_or_stolen_card", "refund")


def page_report(
    texts: list[str],
    *,
    ids: list[str] | None = None,
    labels: list[str | None] | None = None,
    name: str = "tickets",
    metadata: dict[str, list[str]] | None = None,
    neighbours: int = 3,
    links: dict[str, str] | None = None,
    notes: tuple[str, ...] = (),
) -> Report:
    """Build a report in which every labeled sample is flagged, the first the worst, each with its neighbours."""
    rows = len(texts)
    ids = ids or [f"t{row:05d}" for row in range(rows)]
    given = labels or [CLASSES[row % 3] for row in range(rows)]
    classes = tuple(sorted({label for label in given if label is not None} | set(CLASSES)))
    suggested = [None if label is None else classes[(classes.index(label) + 1) % len(classes)] for label in given]
    score = (np.arange(rows) / max(rows, 1) * 0.4).astype(np.float32)
    findings = [
        Finding(
            ids[row],
            "label",
            float(score[row]),
            f"Labeled {given[row]}; 9 of its 10 nearest samples and the model (0.94) say {suggested[row]}.",
            given=given[row],
            suggested=suggested[row],
            confidence=0.94,
            related_ids=[ids[(row + step) % rows] for step in range(1, neighbours + 1)],
            evidence={
                "model": 0.94,
                "given_prob": 0.01,
                "neighbors": 10,
                "neighbors_suggested": 9,
                "neighbors_given": 0,
            },
        )
        for row in range(rows)
        if given[row] is not None
    ]
    scores = {
        "id": pa.array(ids, pa.string()),
        "label_score": score,
        "is_label_issue": [label is not None for label in given],
        "empty_score": np.ones(rows, np.float32),
        "is_empty_issue": np.zeros(rows, bool),
        "suggested_label": pa.array(suggested, pa.string()),
        "confidence": np.full(rows, 0.94, np.float32),
    }
    probs = np.full((rows, len(classes)), 1 / len(classes), dtype=np.float32)
    return Report(
        run="20261123-101500-4f2a",
        created=datetime(2026, 11, 23, 10, 15, tzinfo=UTC),
        samples=Samples(
            pa.table(
                {
                    "id": pa.array(ids, pa.string()),
                    "text": pa.array(texts, pa.string()),
                    "label": pa.array(given, pa.string()),
                }
            ),
            pa.table(metadata or {"channel": [("mail", "phone")[row % 2] for row in range(rows)]}),
            name,
        ),
        scores=pa.table(scores),
        findings=findings_table(findings),
        classes=classes,
        settings={"embedder": "wordllama", "folds": 5, "source": "/home/someone/tickets.csv"},
        notes=notes,
        pred_probs=probs,
        sample_links=links or {},
    )


@pytest.fixture(scope="session")
def make_page_report() -> Callable[..., Report]:
    return page_report


class Opened:
    """A page in the browser, with everything that it asked for, said or threw."""

    def __init__(self, page, path: Path) -> None:
        self.page = page
        self.requests: list[str] = []
        self.trouble: list[str] = []
        page.on("request", lambda request: self.requests.append(request.url))
        page.on("console", lambda message: self.trouble.append(message.text))
        page.on("pageerror", lambda error: self.trouble.append(str(error)))
        page.on("dialog", lambda dialog: (self.trouble.append(dialog.message), dialog.dismiss()))
        page.goto(path.as_uri())
        page.wait_for_selector("html[data-ready]")


@pytest.fixture
def open_page(chromium, tmp_path) -> Iterator[Callable[..., Opened]]:
    contexts = []

    def opened(report: Report, *, share: bool = False, width: int = 1280) -> Opened:
        path = report.to_html(tmp_path / f"report-{len(contexts)}.html", share=share)
        contexts.append(chromium.new_context(viewport={"width": width, "height": 900}))
        return Opened(contexts[-1].new_page(), path)

    yield opened
    for context in contexts:
        context.close()
