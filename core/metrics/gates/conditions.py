"""Conditions of a gate: a small grammar, one line a condition, and its canonical text.

::

    METRIC [of CLASS] (>= | <= | > | <) (NUMBER | RUN [- NUMBER | + NUMBER])
        [in SLICE | by COLUMN, COLUMN] [with n >= N] [split NAME] [strict | proven]

Names with spaces, commas or comparison signs stand in ``"quotes"``, with the escapes of JSON; so do names that are
words of the grammar. Numbers may be percentages. The clauses after the number may stand in any order.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Literal

from ...data.formatting import listed
from ...errors import InputError
from ..metric_names import METRICS
from .tokens import CLAUSES, FORM, Token, quoted, refusal, tokens

Operator = Literal[">=", "<=", ">", "<"]
Proof = Literal["", "strict", "proven"]
OPERATORS: dict[str, Operator] = {">=": ">=", "<=": "<=", ">": ">", "<": "<", "≥": ">=", "≤": "<="}


@dataclass(frozen=True)
class Condition:
    """What must hold of a metric, in all samples, a slice, or every slice by some columns.

    Parameters
    ----------
    metric
        A name of :data:`labelsift.metrics.metric_names.METRICS`.
    operator
        How the metric stands to the threshold.
    threshold
        A number; with ``run`` what is added to that run's value, -0.02 for "at most 0.02 lower".
    run
        The run whose value is the threshold, as ``--run`` takes it; None: the threshold is the number itself.
    label
        The class of which precision, recall or F1 is meant.
    slice
        A named slice or the slug of any other; None: all samples.
    by
        Columns, of which every combination of values is a slice.
    fewest
        Slices of fewer counted samples are not judged.
    split
        The split whose rows are counted.
    proof
        What makes it fail: "" evidence against it, ``strict`` the value itself, ``proven`` the lack of evidence for it.
    """

    metric: str
    operator: Operator
    threshold: float
    run: str | None = None
    label: str | None = None
    slice: str | None = None
    by: tuple[str, ...] = ()
    fewest: int | None = None
    split: str | None = None
    proof: Proof = ""

    @property
    def at_least(self) -> bool:
        """Whether low values break it."""
        return self.operator in (">=", ">")

    def __str__(self) -> str:
        """Write the condition so that :func:`parsed` reads the same one."""
        words = [self.metric, *(("of", quoted(self.label)) if self.label is not None else ()), self.operator]
        if self.run is None:
            words.append(_number_text(self.threshold))
        else:
            words.append(quoted(self.run))
            if self.threshold:
                words += ["-" if self.threshold < 0 else "+", _number_text(abs(self.threshold))]
        if self.slice is not None:
            words += ["in", quoted(self.slice)]
        if self.by:
            words += ["by", ", ".join(map(quoted, self.by))]
        if self.fewest is not None:
            words += ["with n >=", str(self.fewest)]
        if self.split is not None:
            words += ["split", quoted(self.split)]
        return " ".join([*words, *([self.proof] if self.proof else [])])


def parsed(text: str) -> Condition:
    """Read a condition.

    Raises
    ------
    InputError
        For what is no condition; names the word that is not understood and its place.

    >>> str(parsed("error_rate ≤ 12% by state, gender with n >= 50"))
    'error_rate <= 0.12 by state, gender with n >= 50'
    """
    return _Parser(text).condition()


def conditions_of(lines: Sequence[str | Condition]) -> list[Condition]:
    """Read several conditions, each once, in their order.

    Raises
    ------
    InputError
        If there is none: a gate without conditions is not passed.
    """
    if isinstance(lines, str):
        lines = [lines]
    conditions = [line if isinstance(line, Condition) else parsed(line) for line in lines]
    if not conditions:
        raise InputError(
            "There is no condition, so nothing can pass",
            hint='Name one: labelsift gate "accuracy >= 0.85", or write gates = ["accuracy >= 0.85"] in labelsift.toml',
        )
    return list(dict.fromkeys(conditions))


class _Parser:
    """One pass from left to right with one token of foresight."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.tokens = list(tokens(text))
        self.passed = 0

    @property
    def next(self) -> Token:
        """The token that comes next; the end stays."""
        return self.tokens[min(self.passed, len(self.tokens) - 1)]

    def condition(self) -> Condition:
        metric = self._metric()
        label = None
        if self._take_word("of"):
            label = self._name("a class")
            if not METRICS[metric].of_class:
                raise self._refusal(self.tokens[1], f"{metric} has no classes", hint=_of_class())
        operator = self._operator()
        run, threshold = self._threshold(metric)
        clauses: dict[str, object] = {}
        while self.next.kind != "end":
            place = self.next
            for name, value in self._clause():
                if name in clauses or ("by" if name == "slice" else "slice" if name == "by" else "") in clauses:
                    raise self._refusal(place, f"“{place.text}” comes a second time", hint="Write two conditions")
                clauses[name] = value
        return Condition(metric, operator, threshold, run, label, **clauses)  # type: ignore[arg-type]

    def _advance(self) -> Token:
        token = self.next
        self.passed += 1
        return token

    def _take_word(self, *words: str) -> str:
        """Pass one of these words, if it comes next."""
        if self.next.kind == "word" and self.next.text in words:
            return self._advance().text
        return ""

    def _metric(self) -> str:
        token = self._advance()
        name = token.text.lower().replace("-", "_")
        if token.kind not in ("word", "quoted") or name not in METRICS:
            raise self._refusal(token, f"“{token.short}” is no metric", hint=_nearest(name, [*METRICS]))
        return name

    def _operator(self) -> Operator:
        token = self._advance()
        if token.kind != "sign" or token.text not in OPERATORS:
            near = "Names with spaces stand in quotation marks; of belongs before a class"
            hint = near if token.kind in ("word", "quoted") else "Write >=, <=, > or <"
            raise self._refusal(token, f"a comparison was expected before “{token.short}”", hint=hint)
        return OPERATORS[token.text]

    def _threshold(self, metric: str) -> tuple[str | None, float]:
        """Return run and number."""
        token = self.next
        if token.is_number:
            value = self._number("a number")
            least, most = (-1.0 if METRICS[metric].needs == "probabilities" else 0.0), 1.0
            if not least <= value <= most:
                write = f" or {value:g}%" if 1 < value <= 100 else ""
                hint = f"Write {value / 100:g}{write}" if write else 'Write a run whose name is a number in "quotes"'
                raise self._refusal(token, f"{metric} lies between {least:g} and {most:g}", hint=hint)
            return None, value
        run = self._name("a number or a run", never=CLAUSES)
        sign = self._take_word("+", "-")
        if sign:
            value = self._number("a number")
            return run, (-value if sign == "-" else value) + 0.0
        if self.next.is_number and self.next.text[0] in "+-":
            return run, self._number("a number")
        return run, 0.0

    def _clause(self) -> Iterator[tuple[str, object]]:
        token = self._advance()
        word = token.text if token.kind == "word" else ""
        if word == "in":
            yield "slice", self._name("a slice")
        elif word == "by":
            yield "by", self._columns()
        elif word == "with":
            yield "fewest", self._fewest()
        elif word == "split":
            yield "split", self._name("a split")
        elif word in ("strict", "proven"):
            yield "proof", word
        else:
            quotes = "Put a name with spaces in quotation marks as a whole"
            near = get_close_matches(token.text, CLAUSES[1:], n=1)
            hint = f"Did you mean {near[0]}?" if near else quotes
            raise self._refusal(token, f"“{token.short}” is not understood", hint=hint)

    def _columns(self) -> tuple[str, ...]:
        columns = [self._name("a column")]
        while self.next.kind == "comma":
            self._advance()
            columns.append(self._name("a column"))
        return tuple(dict.fromkeys(columns))

    def _fewest(self) -> int:
        token = self.next
        signs = self._take_word("n") and self.next.kind == "sign" and OPERATORS.get(self._advance().text) == ">="
        if not signs or not re.fullmatch("[0-9]{1,15}", self.next.text) or self.next.kind != "word":
            raise self._refusal(token, "“with” is not followed by a number of samples", hint="Write: with n >= 50")
        return int(self._advance().text)

    def _name(self, what: str, *, never: tuple[str, ...] = ()) -> str:
        """Pass a name; where one must stand, also a word of the grammar is one: ``by split``."""
        token = self._advance()
        if token.kind == "quoted" or (token.kind == "word" and token.text not in (*never, "+", "-")):
            return token.text
        raise self._refusal(token, f"{what} was expected before “{token.short}”", hint=f"Write: {FORM}")

    def _number(self, what: str) -> float:
        token = self._advance()
        if not token.is_number:
            raise self._refusal(token, f"{what} was expected before “{token.short}”", hint="Write 0.02 or 2%")
        percent = token.text.endswith("%") or bool(self._take_word("%"))
        value = float(token.text.removesuffix("%")) / (100 if percent else 1) + 0.0
        if abs(value) > 1e9:
            raise self._refusal(token, f"“{token.short}” is no number that a metric can have")
        return value

    def _refusal(self, token: Token, why: str, *, hint: str = f"Write: {FORM}") -> InputError:
        return refusal(self.text, token, why, hint=hint)


def _of_class() -> str:
    return f"A class can be named with {listed([name for name, metric in METRICS.items() if metric.of_class])}"


def _nearest(name: str, known: Sequence[str]) -> str:
    near = get_close_matches(name, known, n=1)
    return f"The nearest is {near[0]}" if near else f"There are {listed(known)}"


def _number_text(value: float) -> str:
    return repr(float(value)).removesuffix(".0")
