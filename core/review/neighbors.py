"""Neighbours and twins: the samples that are shown beside an item, and what is asked of it as a duplicate.

Of a group of duplicates the first copy stays: it alone is never to be dropped, so that answers to several items cannot
drop all copies of a text. Whoever shows these samples holds copies of their texts, which ``forget`` must reach. Their
personal data and secrets are masked: they are shown for their likeness alone.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from ..data.formatting import shortened
from ..data.hidden_texts import HiddenTexts
from ..data.media import shown_of
from ..data.review_queue import Copies, Neighbor
from ..store.run import Run
from .suggestions import DISPUTING, given_in

NEAREST = 3
LONGEST, LONGEST_TWIN = 300, 3_000  # characters
_TWINS = ("conflicting_labels", "exact_duplicate", "near_duplicate")  # the first one's twin has another label
# A word with the space behind it, so that words make up the text again. Without spaces each character is a word.
_WORD = re.compile(r"(?:[^\W\u0e00-\u0eff\u3040-\u30ff\u3400-\u9fff]+|\S|^\s+)\s*")
Part = Literal["both", "this", "other"]


@dataclass(frozen=True)
class Beside:
    """As in :class:`labelsift.data.review_queue.ReviewItem`."""

    neighbors: tuple[Neighbor, ...] = ()
    twin: Neighbor | None = None
    copies: tuple[Copies, ...] = ()
    first_copy: bool = False


def beside(run: Run, issues: Mapping[str, Sequence[str]]) -> dict[str, Beside]:
    """Return what is shown beside samples, as their findings name it; samples without any are left out.

    Parameters
    ----------
    issues
        Sample id → what it is asked about, the main issue first.
    """
    table = run.findings.select(["id", "scope", "issue", "related_ids", "group_id"])
    asked = pc.and_(
        pc.equal(table["scope"], "sample"), pc.is_in(table["id"], value_set=pa.array(list(issues), pa.string()))
    )
    findings: dict[str, dict[str, dict[str, Any]]] = {}
    for row in table.filter(asked).to_pylist():
        if row["issue"] in issues[row["id"]] and row["related_ids"]:
            findings.setdefault(row["id"], {}).setdefault(row["issue"], row)
    there = _there(run, findings)
    made = {id: _beside(id, of, issues[id], there) for id, of in findings.items()}
    return {id: of for id, of in made.items() if of != Beside()}


def _there(run: Run, findings: Mapping[str, Mapping[str, Mapping[str, Any]]]) -> dict[str, Neighbor]:
    """Return the samples that findings name, as far as the run has them."""
    named = {id for of in findings.values() for row in of.values() for id in (*row["related_ids"], _first(row))} - {""}
    wanted = pa.array(sorted(named | findings.keys()), pa.string())
    rows = pc.index_in(wanted, value_set=run.samples.ids.combine_chunks()).drop_null().to_numpy()
    samples, visible = run.samples.take(rows.astype(np.int64)), shown_of(run.samples)
    texts = visible.of(samples) if visible else [""] * len(samples)
    ids = samples.ids.to_pylist()
    if visible and visible.medium == "text":  # what is another sample's is none of whoever labels this one
        hidden = HiddenTexts(run.findings, run.scores.column_names)
        texts = [hidden.masked(id, text) for id, text in zip(ids, texts, strict=True)]
    values = zip(ids, texts, given_in(samples), strict=True)
    return {id: Neighbor(id, text.replace("\x00", "\ufffd"), given) for id, text, given in values}


def _beside(
    id: str, findings: Mapping[str, Mapping[str, Any]], issues: Sequence[str], there: Mapping[str, Neighbor]
) -> Beside:
    disputed = any(issue in DISPUTING for issue in issues)
    pairs = [findings[issue] for issue in _TWINS if issue in findings]
    # Its own group's first copy, or one that was erased, drops nothing.
    drops = [row for row in pairs if _first(row) in there and _first(row) != id]
    pairs.sort(key=lambda row: row not in drops)
    twin = next((twin for row in pairs if (twin := _twin(there[id], row, there))), None)
    copies: tuple[Copies, ...] = ("drop_copy",) if disputed else ("drop_copy", "keep_copies")
    nearest = next((findings[issue]["related_ids"] for issue in issues if issue in findings.keys() - set(_TWINS)), ())
    near = [there[other] for other in nearest if other in there and (twin is None or other != twin.id)]
    return Beside(
        tuple(Neighbor(one.id, shortened(" ".join(one.text.split()), LONGEST), one.given) for one in near[:NEAREST]),
        twin and Neighbor(twin.id, shortened(twin.text, LONGEST_TWIN), twin.given),
        copies if drops and twin else (),
        first_copy=twin is not None and not drops and set(issues) <= {"exact_duplicate", "near_duplicate"},
    )


def _twin(sample: Neighbor, row: Mapping[str, Any], there: Mapping[str, Neighbor]) -> Neighbor | None:
    """Return the copy to look at: the first of the group, else the nearest; of conflicting labels, another label's."""
    others = [id for id in row["related_ids"] if id in there]
    others.sort(key=lambda id: id != _first(row))
    if row["issue"] == "conflicting_labels":
        others.sort(key=lambda id: there[id].given == sample.given)
    return there[others[0]] if others else None


def _first(row: Mapping[str, Any]) -> str:
    """Return the sample that a group of duplicates is called after: the one that stands first in the data."""
    return (row["group_id"] or "").partition(":")[2]


def differences(text: str, other: str) -> list[tuple[Part, str]]:
    """Part another text by its words: those of both, those of the other text alone, and those of this one alone.

    >>> differences("my card is lost", "my card was lost")
    [('both', 'my card '), ('this', 'is '), ('other', 'was '), ('both', 'lost')]
    """
    words, others = _WORD.findall(text), _WORD.findall(other)
    parts: list[tuple[Part, str]] = []
    for step, start, end, low, high in difflib.SequenceMatcher(None, words, others).get_opcodes():
        if step != "equal":
            parts.append(("this", "".join(words[start:end])))
        parts.append(("both" if step == "equal" else "other", "".join(others[low:high])))
    return [part for part in parts if part[1]]
