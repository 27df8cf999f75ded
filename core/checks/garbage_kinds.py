"""Kinds of garbage: their order, what each is called in a verdict, and the sentence about a sample."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

# Worst first: the kind of a finding is the first of those that a text has. After a number: one, many.
KINDS = {
    "encoding": ("text read in a wrong encoding", "texts read in a wrong encoding"),
    "control_characters": ("text with control characters", "texts with control characters"),
    "model_leftover": ("text with words of a language model", "texts with words of a language model"),
    "mash": ("text of keys hit at random", "texts of keys hit at random"),
    "symbols": ("text of symbols alone", "texts of symbols alone"),
    "repetition": ("text that repeats itself", "texts that repeat themselves"),
    "markup": ("text with left-over markup", "texts with left-over markup"),
    "cut_off": ("cut-off text", "cut-off texts"),
    "boilerplate": ("text that is mostly boilerplate", "texts that are mostly boilerplate"),
    "length": ("text of extreme length", "texts of extreme length"),
}
# What a data set may be written in as a whole: where most texts have it, it is no fault of a sample.
HABITS = ("mash", "symbols", "repetition", "markup", "boilerplate")
_LEFTOVERS = {
    "self_description": "The text speaks as a language model does of itself.",
    "refusal": "The text refuses a task in the words of a language model.",
    "opening": "The text opens as a language model's answer does, before what was asked for.",
    "special_token": "The text holds a token that only language models write.",
}


def reason(kind: str, evidence: Mapping[str, Any]) -> str:
    """Return the sentence about a sample, which counts and measures and quotes nothing.

    >>> reason("repetition", {"share": 0.812})
    '81 % of the text repeats what stands before in it.'
    """
    return _SENTENCES[kind](evidence)


def _encoding(evidence: Mapping[str, Any]) -> str:
    if evidence.get("repairable"):
        return "The text was read in a wrong encoding; its letters can be restored."
    return f"The text holds {_counted(evidence['count'], 'trace')} of a wrong encoding."


def _mash(evidence: Mapping[str, Any]) -> str:
    if "support" in evidence:
        seen = f"Of the letter triples in the text only {_percent(evidence['support'])} stand in other texts"
    else:
        seen = f"{_percent(evidence['share'])} of the text lies on neighbouring keys"
    return f"{seen}: it looks like keys hit at random."


def _cut_off(evidence: Mapping[str, Any]) -> str:
    limit = f"exactly {evidence['limit']:,} {evidence['unit']}, the greatest length"
    return f"The text ends without a closing mark at {limit}, and so {_do(evidence['texts'] - 1)}."


def _length(evidence: Mapping[str, Any]) -> str:
    return f"The text has {_counted(evidence['characters'], 'character')}; the median is {evidence['median']:,.0f}."


def _markup(evidence: Mapping[str, Any]) -> str:
    tags = _counted(evidence["count"], "left-over tag or entity", "left-over tags or entities")
    return f"The text holds {tags}{_place(evidence)}."


_SENTENCES: dict[str, Callable[[Mapping[str, Any]], str]] = {
    "encoding": _encoding,
    "control_characters": lambda evidence: (
        f"The text holds {_counted(evidence['count'], 'control character')}{_place(evidence)}."
    ),
    "model_leftover": lambda evidence: _LEFTOVERS[evidence["leftover"]],
    "mash": _mash,
    "symbols": lambda evidence: f"{_percent(evidence['share'])} of the text is neither letters nor digits.",
    "repetition": lambda evidence: f"{_percent(evidence['share'])} of the text repeats what stands before in it.",
    "markup": _markup,
    "cut_off": _cut_off,
    "boilerplate": lambda evidence: (
        f"{_percent(evidence['share'])} of the text stands in {evidence['texts'] - 1:,} other texts, too."
    ),
    "length": _length,
}


def _counted(count: int, one: str, many: str = "") -> str:
    return f"{count:,} {one if count == 1 else many or f'{one}s'}"


def _do(others: int) -> str:
    return "does 1 other" if others == 1 else f"do {others:,} others"


def _percent(share: float) -> str:
    return f"{100 * share:.0f} %"


def _place(evidence: Mapping[str, Any]) -> str:
    first = "the first " if evidence["count"] > 1 else ""
    return f", {first}at position {evidence['start']:,}" if evidence.get("start", -1) >= 0 else ""
