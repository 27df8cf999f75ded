"""Verdict on the languages of a data set: shares of the foreign ones, and the metadata value that most of each has."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

import numpy as np

from ..data.formatting import listed, percent
from ..data.language_names import language_name
from .context import Context
from .over_represented import over_represented

_NAMED = 3  # languages


def language_verdict(context: Context, foreign: Mapping[int, str], judged: np.ndarray, mixed: int) -> str:
    """Say how many texts are in which other language and where most of them stand, in one or two sentences.

    Parameters
    ----------
    foreign
        Row → likeliest language, for the flagged rows.
    judged
        bool, shape (n,): the rows whose language can be told.
    mixed
        The number of texts that mix languages.
    """
    total, sentences = int(judged.sum()), []
    counts = Counter(foreign.values())
    if counts:
        named = [_language(context, name, count, foreign, judged) for name, count in counts.most_common(_NAMED)]
        if rest := sum(counts.values()) - sum(count for _, count in counts.most_common(_NAMED)):
            named.append(f"{percent(rest, total)} in others ({_texts(rest)})")
        sentences.append(f"Of the {_texts(total)} whose language can be told {listed(named)}.")
    if mixed:
        sentences.append(f"{_texts(mixed)} {'mixes' if mixed == 1 else 'mix'} languages.")
    return " ".join(sentences)


def _language(context: Context, name: str, count: int, foreign: Mapping[int, str], judged: np.ndarray) -> str:
    chosen = np.zeros(len(context), dtype=bool)
    chosen[[row for row, other in foreign.items() if other == name]] = True
    sentence = (
        f"{percent(count, int(judged.sum()))} {'is' if count == 1 else 'are'} {language_name(name)} ({_texts(count)}"
    )
    value = over_represented(context.samples, chosen, judged)
    if value is None:
        return f"{sentence})"
    most = f"mostly {value.column} = {value.value}: {percent(value.share)}, of the others {percent(value.elsewhere)}"
    return f"{sentence}, {most})"


def _texts(count: int) -> str:
    return f"{count:,} {'text' if count == 1 else 'texts'}"
