"""How conditions on a column are written: as SQL of a report's filter, as words, and as terms of a slug."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Literal

import numpy as np

from ...data.slugs import Interval, Term, describe
from .borders import short_between
from .regions import MISSING, Condition, Feature

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_DAY, _HOUR, _MINUTE = 86_400, 3_600, 60  # seconds
_LONG = 1e15  # whole numbers from here on are written with an exponent
_ENDS = ("cast('-inf' as double)", "cast('inf' as double)")  # to the engine NaN lies beyond one of them, by its sign
Kind = Literal["whole", "float", "float32", "decimal", "date", "time", "category", "bare"]


@dataclass(frozen=True)
class SliceColumn:
    """A column of a run in which slices are sought.

    Parameters
    ----------
    feature
        Its values of all samples: numbers, days or seconds since 1970, or codes.
    sql
        What a condition calls it.
    kind
        What its values are; ``bare`` are categories that stand in SQL without quotes.
    values
        Of categories: the value of each code.
    words
        What to say of a category instead of naming column and value: value → words.
    title
        What it is called in words.
    has_nan
        Whether some values are NaN, which no null stands for.
    """

    feature: Feature
    sql: str
    kind: Kind
    values: Sequence[str] = ()
    words: Mapping[str, str] = field(default_factory=dict)
    title: str = ""
    has_nan: bool = False

    @property
    def name(self) -> str:
        """What it is called in slugs."""
        return self.feature.name

    def where(self, condition: Condition) -> str:
        """Write a condition as SQL."""
        if condition.code == MISSING:
            nan = f" OR {self.sql} < {_ENDS[0]} OR {self.sql} > {_ENDS[1]}"
            return f"({self.sql} IS NULL{nan})" if self.has_nan else f"{self.sql} IS NULL"
        if condition.code is not None:
            value = self.values[condition.code]
            return f"{self.sql} = {value if self.kind == 'bare' else _quoted(value)}"
        above, upto = (">=", "<") if self.kind in ("date", "time") else (">", "<=")
        low, high = (self._literal(border) for border in (condition.low, condition.high))
        if condition.high == -np.inf:
            high = _ENDS[0]
        parts = [f"{self.sql} {above} {low}"] * (low != "") + [f"{self.sql} {upto} {high}"] * (high != "")
        if self.has_nan:
            parts += [f"{self.sql} >= {_ENDS[0]}"] * (low == "") + [f"{self.sql} <= {_ENDS[1]}"] * (high == "")
        return " AND ".join(parts) or f"{self.sql} IS NOT NULL"

    def described(self, condition: Condition) -> str:
        """Write a condition for people."""
        column, value = self.term(condition)
        if isinstance(value, str) and value in self.words:
            return self.words[value]
        if isinstance(value, Interval) and self.kind in ("date", "time"):
            return self._period(condition)
        return describe(((self.title or column, value),))

    def _period(self, condition: Condition) -> str:
        name = self.title or self.name
        low, high = self._written(condition.low), self._written(condition.high)
        if not low:
            return f"{name} before {high}" if high else f"{name} is not missing"
        return f"{name} from {low} on" + f" and before {high}" * (high != "")

    def term(self, condition: Condition) -> Term:
        """Return column and value for a slug."""
        if condition.code == MISSING:
            return self.name, None
        if condition.code is not None:
            return self.name, self.values[condition.code]
        low, high = (self._written(border).replace(":", "") for border in (condition.low, condition.high))
        return self.name, Interval(low, "-inf" if condition.high == -np.inf else high)

    def settled(self, condition: Condition) -> Condition:
        """Return the same condition with borders that the column's type can hold, of times the roundest ones."""
        if condition.code is not None:
            return condition
        return Condition(condition.feature, self._border(condition.low), self._border(condition.high))

    def _border(self, border: float) -> float:
        if not np.isfinite(border):
            return border
        if self.kind == "whole":
            return float(np.floor(border))
        if self.kind == "float32":
            short = np.float32(border)
            return float(short if short <= border else np.nextafter(short, np.float32(-np.inf)))
        values = self.feature.values[~self.feature.missing]
        below, above = values[values <= border], values[values > border]
        if self.kind == "float" or not len(below) or not len(above):
            return border
        if self.kind == "decimal":  # the engine may round them in another way, but no border lies on one then
            return short_between(float(below.max()), float(above.min()))
        return self._round_time(int(below.max()), int(above.min()))

    def _round_time(self, last: int, first: int) -> float:
        """Return the last second before a round time after ``last`` and up to ``first``; of dates the last day."""
        units = (_DAY, _HOUR, _MINUTE) if self.kind == "time" else ()
        rounded = [start for unit in units if (start := first // unit * unit) > last]
        return float((rounded[0] if rounded else first) - 1)

    def _literal(self, border: float) -> str:
        if not np.isfinite(border):
            return ""
        if self.kind == "whole":
            return str(int(border))
        if self.kind in ("date", "time"):
            return f"{'date' if self.kind == 'date' else 'timestamp'} '{self._moment(border)}'"
        return repr(float(border))

    def _moment(self, border: float) -> str:
        """Write the first day or second after a border: times are said to be from it on."""
        if self.kind == "date":
            return (_EPOCH + timedelta(days=int(border) + 1)).date().isoformat()
        moment = (_EPOCH + timedelta(seconds=int(border) + 1)).replace(tzinfo=None).isoformat(sep=" ")
        return moment.removesuffix(" 00:00:00")

    def _written(self, border: float) -> str:
        """Write a border as a slug or a sentence has it; "" where there is none."""
        if not np.isfinite(border):
            return ""
        if self.kind in ("date", "time"):
            return self._moment(border).replace(" ", "T")
        whole = self.kind == "whole" or (border == int(border) and abs(border) < _LONG)
        return str(int(border)) if whole else repr(float(border)).replace("e+", "e")


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def column_sql(name: str) -> str | None:
    """Return a column's name as SQL has it, or None where the engine cannot be asked about it."""
    if not name or any(sign in name for sign in "`.;") or not name.isprintable():
        return None
    return '"' + name.replace('"', '""') + '"'


def cluster_title(words: Sequence[str]) -> str:
    """Write what a cluster's texts have in common.

    >>> cluster_title(["card", "lost"]), cluster_title([])
    ('texts with the words "card", "lost"', 'a cluster of texts')
    """
    quoted = ", ".join(json.dumps(word, ensure_ascii=False) for word in words)
    return f"texts with the words {quoted}" if words else "a cluster of texts"
