"""Texts in another language than the data set's, by :mod:`labelsift.models.languages`, and texts that mix languages.

The score is the probability of the expected languages.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from ..data.language_names import language_name
from ..data.schemas import Finding
from ..models.languages import SHORTEST, SURE_FROM, Languages, detect, encode_languages, maker
from ..models.mixed_languages import encode_parts, part_shares
from .context import Context, FactTable, Result
from .language_verdict import language_verdict
from .registry import ANY_TASK, check

MIXED = "mixed"  # kind of the findings about texts in several languages
_TOLD = 12  # languages of which the share is told


@dataclass(frozen=True)
class Language:
    """Settings of the check.

    Parameters
    ----------
    expected
        Codes of the languages that the data set should be in; found out by default.
    expected_share
        A language with this share of the data set belongs to it, where none is named.
    foreign
        Probability of all other languages together, from which a text is flagged.
    times
        How many times the probability of the expected languages it must be.
    shortest
        Characters of a text that is judged.
    mixed_share
        Share that parts in another language must have of a text that mixes languages, and parts in an expected one,
        too.
    """

    expected: tuple[str, ...] = ()
    expected_share: float = 0.2
    foreign: float = 0.5
    times: float = 6.0
    shortest: int = SHORTEST
    mixed_share: float = 0.2

    def __post_init__(self) -> None:
        for name in ("expected_share", "foreign", "mixed_share"):
            if not 0 < getattr(self, name) <= 1:
                raise ValueError(f"{name} is {getattr(self, name)}, and goes from 0 to 1")
        if self.times < 1:
            raise ValueError(f"times is {self.times}, and must be 1 or more")
        if self.shortest < SHORTEST:
            raise ValueError(f"shortest is {self.shortest}: no language can be told below {SHORTEST} characters")


@check(
    "language",
    needs=("text",),
    tasks=ANY_TASK,
    after=("empty",),
    settings=Language,
    title="Other language",
    one="sample in another language",
    many="samples in another language",
    meaning="Not in the main language.",
    rank=90,
    actions=("remove",),
)
def language(context: Context) -> Result:
    """Flag rows in another language than the data set's, and rows that mix both; tell the share of each language."""
    settings, languages = context.settings(Language), detected(context)
    top, probability = languages.likeliest()
    sure = (top >= 0) & (probability >= SURE_FROM)
    counts = _counts(languages, top[sure])
    expected = _expected(counts, settings)
    total = sum(counts.values())
    context.facts["languages"] = {name: count / total for name, count in counts.most_common(_TOLD)}
    context.facts["expected_languages"] = sorted(expected)
    score = np.full(len(context), np.nan, dtype=np.float32)
    judged = languages.known() & (pc.utf8_length(context.samples.texts).to_numpy() >= settings.shortest)
    if not expected or not judged.any():
        return Result(score, np.zeros(len(context), dtype=bool), [])
    score[judged] = languages.share(expected)[judged]
    own, foreign = languages.share(expected), languages.foreign(expected)
    flagged = judged & (foreign >= settings.foreign) & (foreign >= settings.times * own)
    likeliest, likelihood = languages.likeliest(but=expected)
    names = [languages.names[code] if code >= 0 else "" for code in likeliest]
    findings = {
        row: _foreign(context, row, names[row], float(likelihood[row]), float(score[row]), expected)
        for row in np.flatnonzero(flagged).tolist()
    }
    mixed = _mixed(context, expected, judged & ~flagged, settings)
    for row, finding in mixed.items():
        findings[row], score[row] = finding, finding.score
    is_issue = flagged.copy()
    is_issue[list(mixed)] = True
    verdict = language_verdict(
        context, {row: names[row] for row in np.flatnonzero(flagged).tolist()}, judged, len(mixed)
    )
    rows = [[language_name(name), count, count / total] for name, count in counts.most_common(_TOLD)]
    table = FactTable(
        "Languages of the texts that can be told for sure", ("language", "texts", "share"), rows, ("share",)
    )
    return Result(
        score, is_issue, [findings[row] for row in sorted(findings)], verdict=verdict, tables=(table,) if rows else ()
    )


def _counts(languages: Languages, codes: np.ndarray) -> Counter[str]:
    numbers = np.bincount(codes, minlength=len(languages.names)).tolist()
    return Counter({name: count for name, count in zip(languages.names, numbers, strict=True) if count})


def _expected(counts: Counter[str], settings: Language) -> frozenset[str]:
    if settings.expected:
        return frozenset(settings.expected)
    total = sum(counts.values())
    return frozenset(name for name, count in counts.items() if count >= settings.expected_share * total)


def _foreign(
    context: Context, row: int, name: str, probability: float, score: float, expected: frozenset[str]
) -> Finding:
    others = " or ".join(language_name(code) for code in sorted(expected))
    if probability >= SURE_FROM:
        reason = f"Written in {language_name(name)} ({probability:.2f}); the data set is in {others}."
    else:
        reason = f"Not in {others} as the data set is; most likely in {language_name(name)} ({probability:.2f})."
    return Finding(
        id=context.ids(np.array([row]))[0],
        issue="language",
        kind=name,
        score=score,
        given=context.label(row),
        reason=reason,
        evidence={"language": name, "probability": round(probability, 4)},
    )


def _mixed(context: Context, expected: frozenset[str], judged: np.ndarray, settings: Language) -> dict[int, Finding]:
    """Return row → finding for the texts with parts in an expected language and in another one."""
    texts = context.samples.texts

    def tell(rows: np.ndarray) -> pa.ListArray:
        return encode_parts(texts.take(pa.array(rows)).to_pylist())

    parts = context.cache.rows("parts", f"{maker()}, parts 1", context.text_hashes, tell)
    own, names, foreign = part_shares(parts, expected)
    whole = np.maximum(own + foreign, 1)
    rows = np.flatnonzero(judged & (np.minimum(own, foreign) >= settings.mixed_share * whole) & (foreign > 0))
    findings = {}
    for row in rows.tolist():
        share = float(foreign[row] / whole[row])
        findings[row] = Finding(
            id=context.ids(np.array([row]))[0],
            issue="language",
            kind=MIXED,
            score=1 - share,
            given=context.label(row),
            reason=f"Mixes languages: {100 * share:.0f} % of what can be told is in {language_name(names[row])}.",
            evidence={"language": names[row], "share": round(share, 4)},
        )
    return findings


def detected(context: Context) -> Languages:
    """Return what the detector says of every row; found once a scan, and kept for the next one."""
    if context.detected is None:
        texts = context.samples.texts

        def detect_rows(rows: np.ndarray) -> pa.ListArray:
            return encode_languages(detect(texts.take(pa.array(rows)).to_pylist()))

        context.detected = Languages.of(context.cache.rows("languages", maker(), context.text_hashes, detect_rows))
    return context.detected
