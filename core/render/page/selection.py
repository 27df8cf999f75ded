"""Selection of the flagged samples that the page holds, and how much of each, within a number of bytes.

Samples come in worst first, issue by issue in turn (the worst of every issue, then the second worst
of every issue …), so that no issue crowds out another. As room runs out, less of each is taken:

====================  ==========================  =======================================
room used             text of the sample          texts of its nearest samples
====================  ==========================  =======================================
up to 60 %            whole, up to 200,000        first 1,000 characters each
60 % to 85 %          first 2,000 characters      only where they stand on the page anyway
above 85 %            first 300 characters        only where they stand on the page anyway
====================  ==========================  =======================================

A text that is longer than what its step allows is cut and says so; what does not fit at all is left
out and counted, and stands in the findings table as ever.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.compute as pc

from ...data.formatting import format_span, shortened
from ...data.hidden_texts import HiddenTexts
from ...data.issues import issue_named
from ...data.label_sets import format_labels
from ...data.schemas import from_json, of_issue
from ..sample_columns import prediction_of
from .anchors import anchor
from .notes import annotations_of, remark
from .row_values import cell_of, marks_of, plain_number, rows_of, shown_columns, telling_marks
from .safety import shared_reason, web_address

if TYPE_CHECKING:
    from ...store.run import Run

NODE = ("id", "label", "text", "length", "masked")
SAMPLE = ("node", "anchor", "split", "predicted", "meta", "link", "remarks", "findings")
FINDING = (
    "issue",
    "score",
    "given",
    "suggested",
    "confidence",
    "reason",
    "related",
    "more",
    "group",
    "evidence",
    "marks",
)
EVIDENCE = ("model", "given_prob", "neighbors", "neighbors_suggested", "neighbors_given")
# (part of the room used up to here, characters of a sample's text, characters of a neighbour's)
STEPS = ((0.60, 200_000, 1_000), (0.85, 2_000, 0), (1.0, 300, 0))
BESIDE = 1_000  # characters of a masked text, where the sample stands beside others
LOOKED_AT = 4 * BESIDE  # characters that are looked through for what is to be masked there
PER_ISSUE = 20_000
LEAST_SIZE = 60  # bytes of a sample; it takes more
RELATED = 20
STRING_LENGTH = 300
ID_LENGTH = 1_000  # what is selected on the page goes by its id
REASON_LENGTH = 1_000


def select(
    report: Run,
    *,
    share: bool,
    room: int,
    encode: Callable[[object], str],
    columns: Collection[str] = (),
    wrong: Mapping[str, str | None] | None = None,
    more: Sequence[str] = (),
) -> tuple[dict[str, Any], list[int | None]]:
    """Return what the page holds of samples in ``room`` encoded bytes, and the row of each of its samples.

    Parameters
    ----------
    columns
        Metadata columns that the page needs.
    wrong
        Sample id → what was predicted, where that is wrong; None where it is no single label.
    more
        Ids of samples that are not flagged, and come in after those that are.

    Returns
    -------
    dict, list
        Nodes (ids, labels, texts), samples and what they refer to; rows of the samples, None for ids without one.
    """
    by_id, total = _worst_first(report.findings, most=min(PER_ISSUE, room // LEAST_SIZE))
    others: dict[str, list[dict[str, Any]]] = {id: [] for id in more if id not in by_id}
    rows = _Rows(report, by_id | others, share=share, encode=encode, columns=columns, wrong=wrong or {})
    shown = 0
    for sample_id, findings in by_id.items():
        if not rows.add(sample_id, findings, room):
            break
        shown += 1
    for sample_id, findings in others.items():
        if not rows.add(sample_id, findings, room):
            break
    content = {
        "columns": {"node": NODE, "sample": SAMPLE, "finding": FINDING, "evidence": EVIDENCE},
        "metadata": rows.meta_names,
        "strings": list(rows.strings),
        "nodes": list(rows.nodes.values()),
        "samples": rows.samples,
        "wrong": rows.wrong_places,  # sample, and what was predicted (-1: no single label)
        "leftOut": total - shown,
    }
    return content, [rows.row_of.get(sample_id) for sample_id in rows.taken]


def _worst_first(table: pa.Table, *, most: int) -> tuple[dict[str, list[dict[str, Any]]], int]:
    """Return the findings of each flagged sample in the order in which samples come in, and how many there are."""
    table = table.filter(pc.equal(table["scope"], "sample"))
    by_id: dict[str, list[dict[str, Any]]] = {}
    rank: dict[str, tuple[int, int]] = {}
    issues = sorted(pc.unique(table["issue"]).to_pylist(), key=lambda issue: (issue_named(issue).rank, issue))
    for turn, issue in enumerate(issues):
        for position, finding in enumerate(of_issue(table, issue).slice(0, most).to_pylist()):
            sample_id = finding["id"]
            by_id.setdefault(sample_id, []).append(finding)
            rank[sample_id] = min(rank.get(sample_id, (position, turn)), (position, turn))
    total = len(pc.unique(table["id"]))
    return {sample_id: by_id[sample_id] for sample_id in sorted(rank, key=rank.__getitem__)}, total


@dataclass
class _Draft:
    """What one sample would add."""

    nodes: dict[str, list[Any]] = field(default_factory=dict)
    strings: dict[str, int] = field(default_factory=dict)
    sample: list[Any] = field(default_factory=list)
    wrong: int | None = None


class _Rows:
    """The rows taken so far and the bytes that they cost."""

    def __init__(
        self,
        report: Run,
        by_id: dict[str, list[dict[str, Any]]],
        *,
        share: bool,
        encode: Callable[[object], str],
        columns: Collection[str],
        wrong: Mapping[str, str | None],
    ) -> None:
        self.source, self.links = report.samples, report.sample_links
        self.remarks: dict[str, list[list[str]]] = {}
        for note in annotations_of(report, share=share).notes:
            if note.sample is not None:
                self.remarks.setdefault(note.sample, []).append(remark(note))
        self.share, self.encode, self.wrong = share, encode, wrong
        self.hidden = HiddenTexts(report.findings, report.scores.column_names)
        self.meta_names = [] if share else shown_columns(self.source.metadata.column_names, columns)
        self.labels = {*self.source.classes, *report.classes}
        self.row_of = rows_of(self.source, by_id)
        self.nodes: dict[str, list[Any]] = {}
        self.node_index: dict[str, int] = {}
        self.strings: dict[str, int] = {}
        self.groups: dict[str, int] = {}
        self.samples: list[list[Any]] = []
        self.taken: list[str] = []
        self.wrong_places: list[list[int]] = []
        self.used = 0

    def add(self, sample_id: str, findings: list[dict[str, Any]], room: int) -> bool:
        """Take a sample with as much of it as fits; False where nothing more fits."""
        for part, text, related_text in STEPS:
            if self.used >= part * room:
                continue
            draft = self._draft(sample_id, findings, text, related_text)
            before = [self.nodes[sample_id] for sample_id in draft.nodes if sample_id in self.nodes]
            parts = [draft.sample, list(draft.nodes.values()), list(draft.strings)]
            cost = sum(map(self._size, parts)) - sum(map(self._size, before))
            if self.used + cost <= part * room:
                self._take(draft, cost)
                self.taken.append(sample_id)
                return True
        return False

    def _draft(self, sample_id: str, findings: list[dict[str, Any]], text: int, related_text: int) -> _Draft:
        draft = _Draft()
        node = self._node(draft, sample_id, text, own=True)
        row = self.row_of.get(sample_id)
        meta = [self._string(draft, cell_of(self.source.metadata[name], row)) for name in self.meta_names]
        draft.sample = [
            node,
            anchor("sample", sample_id),
            self._string(draft, cell_of(self.source.column("split"), row)),
            self._string(draft, prediction_of(self.source, row)),
            meta,
            web_address(self.links.get(sample_id)),
            self.remarks.get(sample_id, []),
            [self._finding(draft, finding, related_text) for finding in findings],
        ]
        if sample_id in self.wrong:
            draft.wrong = self._string(draft, self.wrong[sample_id])
        return draft

    def _finding(self, draft: _Draft, finding: dict[str, Any], related_text: int) -> list[Any]:
        related = [sample_id for sample_id in finding["related_ids"] or () if sample_id in self.row_of]
        group = finding["group_id"]
        evidence = from_json(finding["evidence"]) or {}
        text = cell_of(self.source.column("text"), self.row_of.get(finding["id"]))
        reason = shortened(finding["reason"], REASON_LENGTH)
        return [
            self._string(draft, finding["issue"]),
            plain_number(finding["score"]),
            self._value(draft, finding["given"], text),
            self._value(draft, finding["suggested"], text),
            plain_number(finding["confidence"]),
            shared_reason(finding, reason, text, labels=self.labels) if self.share else reason,
            [self._node(draft, sample_id, related_text) for sample_id in related[:RELATED]],
            len(related[RELATED:]),
            -1 if group is None else self.groups.setdefault(group, len(self.groups)),
            [plain_number(evidence.get(name)) for name in EVIDENCE] if "neighbors" in evidence else [],
            [] if self.share else [*marks_of(finding), *telling_marks(finding, text, self.hidden)],
        ]

    def _node(self, draft: _Draft, sample_id: str, length: int, *, own: bool = False) -> int:
        """Return the index of a sample's id, label and text; more of the text is taken where more is wanted.

        Only the sample's ``own`` card shows its personal data and secrets: beside others its text stands masked.
        """
        before = draft.nodes.get(sample_id) or self.nodes.get(sample_id)
        index = self.node_index.get(sample_id)
        if index is None:
            new = [other for other in draft.nodes if other not in self.node_index]
            index = len(self.nodes) + (new.index(sample_id) if sample_id in draft.nodes else len(new))
        row = self.row_of.get(sample_id)
        if before is None:
            label = self._string(draft, self._label(row))
            before = draft.nodes[sample_id] = [shortened(sample_id, ID_LENGTH), label, None, 0, None]
        whole = None if self.share else cell_of(self.source.column("text"), row)
        if not isinstance(whole, str) or not length or (before[4] is not None and not own):
            return index
        head = whole[:LOOKED_AT]
        masked = self.hidden.masked(sample_id, head)
        shown = whole if own else masked
        unlike = own and (masked != head or len(whole) > LOOKED_AT)  # what lies further on was not looked through
        if (unlike and before[4] is None) or before[2] is None or len(before[2]) < min(length, len(shown)):
            full = len(whole) if len(whole) > LOOKED_AT else len(shown)
            cut = full if full > length else 0
            beside = masked[:BESIDE] if unlike else None
            draft.nodes[sample_id] = [*before[:2], shown[:length], cut, beside]
        return index

    def _label(self, row: int | None) -> object:
        """Return the given label of a row; of several, their names. Spans are shown in their text instead."""
        if self.source.task == "spans":
            return None
        cell = cell_of(self.source.given, row)
        return format_labels(json.loads(cell)) if isinstance(cell, str) and self.source.task == "multilabel" else cell

    def _is_label(self, value: object) -> bool:
        if isinstance(value, list):
            return all(isinstance(label, str) and label in self.labels for label in value)
        return isinstance(value, str) and value in self.labels

    def _string(self, draft: _Draft, value: object) -> int:
        if value is None:
            return -1
        text = shortened(str(value), STRING_LENGTH)
        if text in self.strings:
            return self.strings[text]
        return draft.strings.setdefault(text, len(self.strings) + len(draft.strings))

    def _value(self, draft: _Draft, cell: str | None, text: object) -> int:
        """Intern what is given or suggested; on a shared page only labels and numbers, which are no texts."""
        value = from_json(cell)
        value = format_span(value, text if isinstance(text, str) and not self.share else None) or value
        if self.share and not (isinstance(value, (int, float)) or self._is_label(value)):
            return -1
        if value is None or isinstance(value, (str, int, float)):
            return self._string(draft, value)
        return self._string(draft, format_labels(value))

    def _size(self, value: object) -> int:
        return len(self.encode(value).encode())

    def _take(self, draft: _Draft, cost: int) -> None:
        for sample_id, node in draft.nodes.items():
            self.node_index.setdefault(sample_id, len(self.nodes))
            self.nodes[sample_id] = node
        self.strings |= draft.strings
        if draft.wrong is not None:
            self.wrong_places.append([len(self.samples), draft.wrong])
            cost += 8
        self.samples.append(draft.sample)
        self.used += cost
