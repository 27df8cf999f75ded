"""Masked texts of a run's samples, for wherever they are shown beside other samples or leave for a tracker."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from ..texts.redaction import Marks, joined, matches, redact, replaced
from .schemas import from_json

HIDING = ("pii", "secret")  # issues whose evidence names the places to mask
COLUMNS = "hidden_columns"  # the fact of a run that names the columns in which they were found, by issue


class HiddenTexts:
    """Masks texts by what a scan found in them, and by what is found now.

    A text without a finding is searched only where the run did not look for both personal data and secrets.

    Parameters
    ----------
    findings
        Of the run.
    columns
        The names of the columns of its scores, which say what it looked for.
    """

    def __init__(self, findings: pa.Table, columns: Collection[str]) -> None:
        wanted = pc.and_(pc.equal(findings["scope"], "sample"), pc.is_in(findings["issue"], value_set=pa.array(HIDING)))
        self._searched = {f"is_{issue}_issue" for issue in HIDING} <= set(columns)
        self._places: dict[str, list[tuple[int, int, str]]] = {}
        for row in findings.filter(wanted).select(["id", "evidence"]).to_pylist():
            self._places.setdefault(row["id"], []).extend(places_in(row["evidence"]))

    def masked(self, id: str, text: str) -> str:
        """Return a sample's text with marks in place of personal data and secrets."""
        spans = self._spans(id, text)
        return redact(text, spans) if spans else text

    def clear(self, id: str, text: str, places: Iterable[tuple[int, int]]) -> list[tuple[int, int]]:
        """Return those of some places in a sample's text that touch nothing that is masked in it."""
        return [place for place, moved in self._moved(id, text, places) if moved is not None]

    def moved(self, id: str, text: str, places: Iterable[tuple[int, int]]) -> list[tuple[int, int]]:
        """Return where these stand in the masked text."""
        return [moved for _, moved in self._moved(id, text, places) if moved is not None]

    def _moved(
        self, id: str, text: str, places: Iterable[tuple[int, int]]
    ) -> list[tuple[tuple[int, int], tuple[int, int] | None]]:
        return _moved(text, self._spans(id, text), places)

    def _spans(self, id: str, text: str) -> Sequence[tuple[int, int, str]]:
        places = self._places.get(id)
        if places is None:
            return () if self._searched else matches(text)
        return joined([*places, *matches(text)], length=len(text))


def hide(text: str, places: Iterable[tuple[int, int, str]]) -> str:
    """Return a text with marks in place of what was found in it, and of whatever else is found now."""
    return redact(text, joined([*places, *matches(text)], length=len(text)))


def hide_around(
    text: str, places: Iterable[tuple[int, int, str]], words: Iterable[tuple[int, int]]
) -> tuple[str, list[tuple[int, int]]]:
    """Return what :func:`hide` returns, and where words stand in it; none that touches a mark.

    >>> hide_around("jo@a.example wants money", [], [(0, 2), (19, 24)])
    ('[EMAIL_1] wants money', [(16, 21)])
    """
    spans = joined([*places, *matches(text)], length=len(text))
    return redact(text, spans), [moved for _, moved in _moved(text, spans, words) if moved is not None]


def _moved(
    text: str, spans: Sequence[tuple[int, int, str]], places: Iterable[tuple[int, int]]
) -> list[tuple[tuple[int, int], tuple[int, int] | None]]:
    """Return each place, and where it stands once these spans are masked; None where it touches one."""
    marks = replaced(text, spans, marks=Marks())
    moved = []
    for start, end in places:
        shift = sum(len(mark) - (last - first) for first, last, mark in marks if last <= start)
        touched = any(first < end and start < last for first, last, _ in marks)
        moved.append(((start, end), None if touched else (start + shift, end + shift)))
    return moved


def hide_in(value: Any, marks: Marks | None = None) -> Any:  # noqa: ANN401 - any JSON value
    """Return a JSON value with marks in place of personal data and secrets in its texts; ``marks`` are the row's.

    >>> hide_in({"from": ["ann@example.org", 7]})
    {'from': ['[EMAIL_1]', 7]}
    """
    marks = marks or Marks()
    if isinstance(value, str):
        return redact(value, matches(value), marks=marks)
    if isinstance(value, Mapping):
        return {hide_in(name, marks): hide_in(item, marks) for name, item in value.items()}
    return [hide_in(item, marks) for item in value] if isinstance(value, (list, tuple)) else value


def places_in(evidence: str | None) -> list[tuple[int, int, str]]:
    """Return the places that the evidence of a finding names, ``[[start, end, kind], …]``; none of another form.

    >>> places_in('{"spans": [[0, 3, "name"]]}'), places_in(None), places_in('{"spans": 3}')
    ([(0, 3, 'name')], [], [])
    """
    content = from_json(evidence)
    spans = content.get("spans") if isinstance(content, dict) else None
    places = [place for place in spans if isinstance(place, list)] if isinstance(spans, list) else []
    return [(start, end, kind) for start, end, kind in places]


def hidden_columns(facts: Mapping[str, Any]) -> frozenset[str]:
    """Return the metadata columns in which a run found personal data or secrets.

    >>> sorted(hidden_columns({"hidden_columns": {"pii": ["agent"], "secret": []}}))
    ['agent']
    """
    hidden = facts.get(COLUMNS) or {}
    return frozenset(name for names in hidden.values() for name in names)
