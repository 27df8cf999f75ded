"""Texts in another language than the data set's, by :mod:`labelsift.models.languages`.

The score is the probability of the expected languages.
"""

from __future__ import annotations

from collections import Counter

import numpy as np
import pyarrow as pa

from ..data.language_names import language_name
from ..data.schemas import Finding
from ..models.languages import SURE_FROM, UNSURE_BELOW, Languages, detect, encode_languages, maker
from .context import Context, Result
from .registry import ANY_TASK, check

EXPECTED_SHARE = 0.2  # a language with this share of the data set belongs to it
FLAG_BELOW = UNSURE_BELOW  # probability of the expected languages


@check(
    "language",
    needs=("text",),
    tasks=ANY_TASK,
    after=("empty",),
    title="Other language",
    one="sample in another language",
    many="samples in another language",
    meaning="Not in the main language.",
    rank=90,
)
def language(context: Context) -> Result:
    """Flag rows whose language is not one of the data set's; tell the share of each language."""
    languages = detected(context)
    names = languages.names
    top, probability = languages.likeliest()
    sure = (top >= 0) & (probability >= SURE_FROM)
    counts = Counter(dict(zip(names, np.bincount(top[sure], minlength=len(names)).tolist(), strict=True)))
    total = sum(counts.values())
    n = len(context)
    expected = {name for name, count in counts.items() if count and count >= EXPECTED_SHARE * total}
    shares = [(name, count / total) for name, count in counts.most_common(12) if count]
    context.facts["languages"] = dict(shares)
    context.facts["expected_languages"] = sorted(expected)
    score = np.full(n, np.nan, dtype=np.float32)
    if expected:
        known = languages.known()
        score[known] = languages.share(expected)[known]
    is_issue = sure & (np.nan_to_num(score, nan=1.0) < FLAG_BELOW)
    rows = np.flatnonzero(is_issue)
    others = " or ".join(language_name(name) for name in sorted(expected))
    findings = [
        Finding(
            id=sample_id,
            issue="language",
            kind=names[top[row]],
            score=float(score[row]),
            given=context.label(row),
            reason=f"Written in {language_name(names[top[row]])} ({probability[row]:.2f}); "
            f"the data set is in {others}.",
            evidence={"language": names[top[row]], "probability": round(float(probability[row]), 4)},
        )
        for row, sample_id in zip(rows, context.ids(rows), strict=True)
    ]
    return Result(score, is_issue, findings)


def detected(context: Context) -> Languages:
    """Return what the detector says of every row; found once a scan, and kept for the next one."""
    if context.detected is None:
        texts = context.samples.texts

        def detect_rows(rows: np.ndarray) -> pa.ListArray:
            return encode_languages(detect(texts.take(pa.array(rows)).to_pylist()))

        context.detected = Languages.of(context.cache.rows("languages", maker(), context.text_hashes, detect_rows))
    return context.detected
