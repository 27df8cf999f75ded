"""Index of one run's samples by id and by text, with what the scan says of each; a lookup takes microseconds.

Of 200,000 samples some 40 MB are held: ids, labels, scores, texts, and two sorted arrays of hashes.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from ..data.hashing import text_digest, text_hash
from ..data.review_queue import Value
from ..data.samples import TEXT_HASH, Task
from ..review.suggestions import read_given, suggestion_of
from ..store.cache import text_hashes
from ..store.run import Run

NEIGHBOURS = 3  # that an answer names
EXCERPT = 200  # characters of a neighbour's text


@dataclass(frozen=True)
class Prediction:
    """What the scan, or a model, says of one sample.

    Parameters
    ----------
    value
        The label, labels or spans that fit best; None where nothing can be said.
    confidence
        In them, 0..1.
    given, quality
        What the sample was labeled, and how likely that is right, 0..1; None where it was not judged.
    other
        The best value but the given one, and its probability; None where there is none.
    reason
        One plain sentence; empty where nothing is to be said.
    neighbours
        The nearest samples of the same run: id, label, text (an excerpt) and, where it is known, similarity.
    probabilities
        A model's, where one judged: float32, shape (classes,).
    """

    value: Value | None
    confidence: float | None
    given: Value | None = None
    quality: float | None = None
    other: tuple[Value, float] | None = None
    reason: str = ""
    neighbours: tuple[Mapping[str, Any], ...] = ()
    probabilities: np.ndarray | None = None


NOTHING = Prediction(None, None)


class RunIndex:
    """A run's samples, by id and by text.

    Parameters
    ----------
    report
        The run. Its vectors and probabilities are not kept.
    """

    def __init__(self, report: Run) -> None:
        samples = report.samples
        self.dataset = samples.name
        self.task: Task = samples.task
        self.created = report.created.isoformat()
        self.ids = _whole(samples.ids)
        has_texts = samples.has_texts and not samples.textless
        self._texts = _whole(samples.texts) if has_texts else None
        self._hashes = samples.column(TEXT_HASH)
        self._given = _whole(samples.given) if samples.given is not None else None
        scores = {name: report.scores[name] for name in report.scores.column_names}
        issue, rows = "span" if self.task == "spans" else "label", len(samples)
        self._quality = _column(scores.get(f"{issue}_score"), rows, fill=float("nan"), dtype=np.float32)
        self._confidence = _column(scores.get("confidence"), rows, fill=float("nan"), dtype=np.float32)
        self._flags = _column(scores.get(f"is_{issue}_issue"), rows, fill=False, dtype=np.bool_)
        suggested = scores.get("suggested_label")
        self._suggested = _whole(suggested) if suggested is not None else None
        self.labels = tuple(dict.fromkeys([*samples.classes, *report.classes]))
        self._findings = _findings(report.findings)
        self._by_id, self._by_text = _Lookup(_digests(samples.ids)), None
        if self._texts is not None:
            self._by_text = _Lookup(_digests(samples.texts))
        elif self._hashes is not None:
            self._by_text = _Lookup(bytes.fromhex("".join(self._hashes.to_pylist())))

    def __len__(self) -> int:
        return len(self.ids)

    def row(self, *, id: str | None = None, text: str | None = None) -> int | None:
        """Return the row of a sample that is known by its id, or whose text is known.

        A sample whose text is another one than the given one is another sample, whatever its id.
        """
        if id is not None:
            for row in self._by_id.rows(id):
                if self.ids[row].as_py() == id and self._fits(row, text):
                    return row
        if text is None or self._by_text is None:
            return None
        return next((row for row in self._by_text.rows(text) if self._fits(row, text)), None)

    def _fits(self, row: int, text: str | None) -> bool:
        if text is None:
            return True
        if self._texts is not None:
            kept = self._texts[row].as_py()
            return kept == text or kept.replace("\x00", "\ufffd") == text  # as a push writes it
        return self._hashes is None or self._hashes[row].as_py() == text_hash(text)

    def given(self, row: int) -> Value | None:
        """Return what a sample is labeled, as a value; None where it is not."""
        return read_given(self.label_of(row), self.task)

    def label_of(self, row: int) -> str | None:
        """Return what a sample is labeled, as it stands in the run."""
        return self._given[row].as_py() if self._given is not None else None

    def prediction(self, row: int) -> Prediction:
        """Return what the scan says of a sample."""
        given, quality = self.given(row), _number(self._quality[row])
        findings = self._findings.get(self.ids[row].as_py(), [])
        other, confidence = self._other(row, given, findings)
        likelier = other is not None and (
            bool(self._flags[row]) or given is None or (confidence or 0.0) > (quality or 0.0)
        )
        near = [self.row(id=id) for id in (findings[0]["related_ids"] or ())[:NEIGHBOURS]] if findings else []
        reasons = dict.fromkeys(finding["reason"].strip().rstrip(".") for finding in findings)
        return Prediction(
            value=other if likelier else given if quality is not None else None,
            confidence=confidence if likelier else quality,
            given=given,
            quality=quality,
            other=(other, confidence or 0.0) if other is not None else None,
            reason=" ".join(f"{reason}." for reason in reasons if reason),
            neighbours=tuple(self.neighbour(row) for row in near if row is not None),
        )

    def _other(
        self, row: int, given: Value | None, findings: list[dict[str, Any]]
    ) -> tuple[Value | None, float | None]:
        if self.task == "spans":
            suggested, _ = suggestion_of(findings, given=given, task=self.task)
            return suggested, None if suggested is None else findings[0]["confidence"]
        cell = self._suggested[row].as_py() if self._suggested is not None else None
        return (None, None) if cell is None else (read_given(cell, self.task), _number(self._confidence[row]))

    def neighbour(self, row: int, similarity: float | None = None) -> dict[str, Any]:
        """Return what is shown of one sample of this run."""
        neighbour: dict[str, Any] = {"id": self.ids[row].as_py(), "label": self.label_of(row)}
        if self._texts is not None:
            neighbour["text"] = self._texts[row].as_py()[:EXCERPT]
        return neighbour if similarity is None else neighbour | {"similarity": round(similarity, 4)}


class _Lookup:
    """Rows by the first 64 bits of a hash of 128; who asks compares what was hashed."""

    def __init__(self, digests: bytes) -> None:
        keys = np.frombuffer(digests, dtype="<u8")[::2]
        self._order = np.argsort(keys, kind="stable").astype(np.int32)
        self._keys = keys[self._order]

    def rows(self, text: str) -> list[int]:
        key = np.frombuffer(text_digest(text), dtype="<u8")[0]
        first, last = np.searchsorted(self._keys, key, "left"), np.searchsorted(self._keys, key, "right")
        return self._order[first:last].tolist()


def _digests(texts: pa.ChunkedArray) -> bytes:
    return text_hashes(texts).buffers()[1].to_pybytes()


def _whole(column: pa.ChunkedArray) -> pa.Array:
    whole = column.cast(pa.large_string()).combine_chunks()
    return whole.combine_chunks() if isinstance(whole, pa.ChunkedArray) else whole


def _column(column: pa.ChunkedArray | None, rows: int, *, fill: float | bool, dtype: type[np.generic]) -> np.ndarray:
    """Return a column of the scores as an array, nulls filled; all filled where the run does not have it."""
    if column is None:
        return np.full(rows, fill, dtype=dtype)
    return pc.fill_null(column, fill).to_numpy().astype(dtype)


def _number(value: np.float32) -> float | None:
    return min(max(float(value), 0.0), 1.0) if np.isfinite(value) else None


def _findings(findings: pa.Table) -> dict[str, list[dict[str, Any]]]:
    """Return the findings that dispute the label of a sample, worst first, by its id."""
    mine = pc.and_(pc.equal(findings["scope"], "sample"), pc.is_in(findings["issue"], pa.array(["label", "span"])))
    by_id: dict[str, list[dict[str, Any]]] = defaultdict(list)
    names = ["id", "issue", "score", "given", "suggested", "confidence", "reason", "related_ids"]
    for row in findings.filter(mine).select(names).to_pylist():
        by_id[row["id"]].append(row)
    return dict(by_id)
