"""Garbage texts: damage and left-overs by rules on each text, mash, limits and boilerplate by the data set itself.

What most texts of a data set have, such as markup in a set of web pages, is how it is written: the verdict says so, and
no sample is flagged for it.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
import pyarrow as pa

from ..data.formatting import listed
from ..data.schemas import Finding
from ..models.letter_trigrams import trigram_support
from ..texts.keyboard_mash import unpronounceable
from .boilerplate import shared_parts
from .context import Context, Result
from .garbage_kinds import HABITS, KINDS, reason
from .garbage_rows import signs
from .language import detected
from .registry import ANY_TASK, check
from .text_lengths import cut_at_limit, extreme_lengths

_FEWEST_FOR_HABIT = 20  # texts, below which nothing is a habit
_SCORES = {"encoding": 0.1, "control_characters": 0.2, "model_leftover": 0.1, "cut_off": 0.4, "length": 0.4}
_SURE = 0.8  # probability of a language, from which a text is no mash: the detector takes keys for some language, too
_FLAGGED_BELOW = 0.5  # the score of every flagged text, however little of it is garbage

Rows = dict[int, dict[str, dict[str, Any]]]  # row → kind → evidence


@dataclass(frozen=True)
class Garbage:
    """Settings of the check.

    Parameters
    ----------
    kinds
        Which are looked for.
    markup_places
        Tags and entities from which a text is flagged.
    repeated_share, symbol_share, mash_share
        Share of a text that repeats itself, is symbols, or lies on neighbouring keys, from which it is flagged.
    mash_support
        Share of a text's letter trigrams that other texts have, below which it is mash.
    boilerplate_texts, boilerplate_share
        Different texts that share a part, and the share of a text that such parts make up, from which it is flagged.
    limit_texts
        Texts that end at exactly the greatest length, from which this is a limit.
    length_deviations, times_longer, times_shorter
        How far a length must lie from the median: in robust standard deviations of its logarithm, and in times.
    usual_share
        Share of the texts from which a kind is how the data set is written, and no sample is flagged.
    """

    kinds: tuple[str, ...] = tuple(KINDS)
    markup_places: int = 1
    repeated_share: float = 0.6
    symbol_share: float = 0.7
    mash_share: float = 0.5
    mash_support: float = 0.5
    boilerplate_texts: int = 10
    boilerplate_share: float = 0.5
    limit_texts: int = 5
    length_deviations: float = 6.0
    times_longer: float = 20.0
    times_shorter: float = 20.0
    usual_share: float = 0.5

    def __post_init__(self) -> None:
        if unknown := sorted(set(self.kinds) - set(KINDS)):
            raise ValueError(f"there is no kind of garbage called {unknown[0]}; there are {listed(list(KINDS))}")
        for field in fields(self):
            value = getattr(self, field.name)
            if field.type == "float" and field.name.endswith(("share", "support")) and not 0 < value <= 1:
                raise ValueError(f"{field.name} is {value}, and goes from 0 to 1")
            if not isinstance(value, tuple) and value <= 0:
                raise ValueError(f"{field.name} is {value}, and must be above 0")


@check(
    "garbage",
    needs=("text",),
    tasks=ANY_TASK,
    after=("empty", "language"),
    settings=Garbage,
    title="Garbage",
    one="garbage text",
    many="garbage texts",
    meaning="Damaged, cut off, made by a machine, or no text at all.",
    rank=130,
    actions=("remove", "edit"),
)
def garbage(context: Context) -> Result:
    """Flag texts of any kind of garbage; the score is lower the more of the text is, and 1 where nothing was seen."""
    settings = context.settings(Garbage)
    rows = _by_themselves(context, settings)
    for source in (_mash, _lengths, _boilerplate):
        for row, kind, evidence in source(context, settings):
            rows.setdefault(row, {}).setdefault(kind, evidence)
    judged = ~context.blank
    habits = _habits(rows, int(judged.sum()), settings)
    score = np.where(judged, np.float32(1), np.float32(np.nan)).astype(np.float32)
    findings, counts = [], Counter[str]()
    for row in sorted(rows):
        kinds = [kind for kind in KINDS if kind in rows[row] and kind in settings.kinds and kind not in habits]
        if not kinds or not judged[row]:
            continue
        counts.update(kinds)
        score[row] = min(_score(kind, rows[row][kind]) for kind in kinds)
        findings.append(_finding(context, row, kinds, rows[row], float(score[row])))
    is_issue = np.nan_to_num(score, nan=1.0) < 1
    return Result(score, is_issue, findings, verdict=_verdict(len(findings), int(judged.sum()), counts, habits))


def _by_themselves(context: Context, settings: Garbage) -> Rows:
    """Return what single texts tell."""
    signs_of_texts = signs(context)
    lengths = np.diff(signs_of_texts.offsets.to_numpy())
    numbers = np.repeat(np.arange(len(signs_of_texts)), lengths)
    rows: Rows = {}
    least = {
        "repetition": settings.repeated_share,
        "symbols": settings.symbol_share,
        "mash": settings.mash_share,
    }
    for row, sign in zip(numbers.tolist(), signs_of_texts.flatten().to_pylist(), strict=True):
        kind = sign["kind"]
        if sign["share"] < least.get(kind, 0) or (kind == "markup" and sign["count"] < settings.markup_places):
            continue
        rows.setdefault(row, {})[kind] = _evidence(sign)
    return rows


def _evidence(sign: dict[str, Any]) -> dict[str, Any]:
    evidence: dict[str, Any] = {}
    if sign["kind"] == "encoding":
        evidence["repairable"] = sign["detail"] == "repairable"
    elif sign["detail"]:
        evidence["leftover"] = sign["detail"]
    if sign["count"]:
        evidence["count"] = sign["count"]
    if sign["share"]:
        evidence["share"] = round(sign["share"], 4)
    return evidence | ({"start": sign["start"]} if sign["start"] >= 0 else {})


def _mash(context: Context, settings: Garbage) -> list[tuple[int, str, dict[str, Any]]]:
    """Return unpronounceable texts whose trigrams no other text has, unless the detector is sure of a language."""
    if "mash" not in settings.kinds:
        return []
    _, first, inverse = np.unique(context.same_text, return_index=True, return_inverse=True)
    support = trigram_support(context.samples.texts.take(pa.array(first)))[inverse]
    _, probability = detected(context).likeliest()
    odd = np.flatnonzero((support < settings.mash_support) & (probability < _SURE))
    texts = context.samples.texts.take(pa.array(odd)).to_pylist()
    return [
        (row, "mash", {"support": round(float(support[row]), 4)})
        for row, text in zip(odd.tolist(), texts, strict=True)
        if unpronounceable(text)
    ]


def _lengths(context: Context, settings: Garbage) -> list[tuple[int, str, dict[str, Any]]]:
    """Return texts that are cut off at a limit, and those of extreme length."""
    texts, odd_lengths = context.samples.texts, []
    if "cut_off" in settings.kinds and (limit := cut_at_limit(texts, context.same_text, fewest=settings.limit_texts)):
        evidence = {"limit": limit.length, "unit": limit.unit, "texts": len(limit.rows)}
        odd_lengths += [(row, "cut_off", evidence) for row in limit.rows.tolist()]
    if "length" in settings.kinds:
        long, short, median = extreme_lengths(
            texts,
            context.same_text,
            deviations=settings.length_deviations,
            times_longer=settings.times_longer,
            times_shorter=settings.times_shorter,
        )
        rows = np.concatenate([long, short])
        lengths = [len(text) for text in texts.take(pa.array(rows)).to_pylist()]
        evidence = [{"characters": length, "median": round(median, 1)} for length in lengths]
        odd_lengths += [(row, "length", value) for row, value in zip(rows.tolist(), evidence, strict=True)]
    return odd_lengths


def _boilerplate(context: Context, settings: Garbage) -> list[tuple[int, str, dict[str, Any]]]:
    """Return texts that mostly stand in many others, too."""
    if "boilerplate" not in settings.kinds:
        return []
    shared = shared_parts(context.samples.texts, context.same_text, fewest=settings.boilerplate_texts)
    rows = np.flatnonzero(shared.share >= settings.boilerplate_share)
    return [
        (row, "boilerplate", {"share": round(float(shared.share[row]), 4), "texts": int(shared.texts[row])})
        for row in rows.tolist()
    ]


def _habits(rows: Rows, judged: int, settings: Garbage) -> Counter[str]:
    """Return kind → number of texts for the kinds that are how the data set is written."""
    counts = Counter(kind for kinds in rows.values() for kind in kinds if kind in HABITS and kind in settings.kinds)
    enough = judged >= _FEWEST_FOR_HABIT
    return Counter({kind: count for kind, count in counts.items() if enough and count > settings.usual_share * judged})


def _score(kind: str, evidence: dict[str, Any]) -> float:
    if kind in _SCORES:
        return _SCORES[kind]
    part = 1 - evidence["support"] if "support" in evidence else evidence["share"]
    return _FLAGGED_BELOW * (1 - part)


def _finding(
    context: Context, row: int, kinds: list[str], evidence: dict[str, dict[str, Any]], score: float
) -> Finding:
    return Finding(
        id=context.ids(np.array([row]))[0],
        issue="garbage",
        kind=kinds[0],
        score=score,
        given=context.label(row),
        reason=" ".join(reason(kind, evidence[kind]) for kind in kinds),
        evidence=evidence[kinds[0]] | {"kinds": kinds},
    )


def _verdict(flagged: int, judged: int, counts: Counter[str], habits: Counter[str]) -> str:
    sentences = []
    if flagged:
        named = [f"{count:,} {KINDS[kind][count != 1]}" for kind, count in counts.most_common()]
        verb = "is" if flagged == 1 else "are"
        sentences.append(f"Of {judged:,} texts {flagged:,} {verb} not clean: {listed(named)}.")
    for kind, count in habits.most_common():
        sentences.append(
            f"{count:,} of {judged:,} are {KINDS[kind][1]}: that is how this data set is written, and no sample is "
            "flagged for it."
        )
    return " ".join(sentences)
