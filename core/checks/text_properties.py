"""Trivial properties of texts as codes: length, capitals, last mark, digits, web addresses, white space, language."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from ..data.language_names import language_name
from ..models.languages import SURE_FROM
from .context import Context

QUARTERS = (0.25, 0.5, 0.75)
SHORTEST_OF_ALL_CAPITALS = 2  # letters
MARKS = (("?", "a question mark"), ("!", "an exclamation mark"), (".", "a full stop"))


@dataclass(frozen=True)
class Property:
    """What can be said of a text without reading it.

    Parameters
    ----------
    name
        A noun phrase.
    values
        How each value is called.
    codes
        int64, shape (n,): positions in ``values``, -1 for blank texts.
    """

    name: str
    values: tuple[str, ...]
    codes: np.ndarray


def text_properties(context: Context) -> tuple[Property, ...]:
    """Return the properties of the samples' texts; none where there are no texts.

    The language is among them where the languages are detected already.
    """
    if not context.samples.has_texts:
        return ()
    texts = context.samples.texts
    capitals = _matches(texts, r"^\P{Ll}*\p{Lu}\P{Ll}*\p{Lu}\P{Ll}*$").astype(np.int64)
    capitals += 2 * _matches(texts, r"^[^\p{Lu}]*\p{Ll}[^\p{Lu}]*$")
    trimmed = pc.utf8_trim_whitespace(texts)
    last = np.zeros(len(context), dtype=np.int64)
    for number, (mark, _) in enumerate(MARKS, start=1):
        last[pc.ends_with(trimmed, mark).to_numpy()] = number
    named = [
        ("length", *_quarters(pc.utf8_length(texts).to_numpy(), context.blank)),
        ("capitals", ("both cases or none", "capitals only", "no capitals"), capitals),
        ("last mark", ("no such mark at the end", *(f"{name} at the end" for _, name in MARKS)), last),
        ("digits", ("no digit", "digits"), _matches(texts, r"\p{Nd}").astype(np.int64)),
        ("web addresses", ("no web address", "a web address"), _matches(texts, r"(?i)https?://|\bwww\.").astype(int)),
        (
            "white space",
            ("no spare white space", "spare white space"),
            _matches(texts, r"^\s|\s$|\s\s").astype(np.int64),
        ),
    ]
    if context.detected is not None:
        top, probability = context.detected.likeliest()
        names = (*(f"text in {language_name(name)}" for name in context.detected.names), "an unknown language")
        named.append(("language", names, np.where((top >= 0) & (probability >= SURE_FROM), top, len(names) - 1)))
    return tuple(Property(name, values, np.where(context.blank, -1, codes)) for name, values, codes in named)


def _matches(texts: pa.ChunkedArray, pattern: str) -> np.ndarray:
    return pc.match_substring_regex(texts, pattern).to_numpy()


def _quarters(lengths: np.ndarray, blank: np.ndarray) -> tuple[tuple[str, ...], np.ndarray]:
    if blank.all():
        return ("no text",), np.zeros(len(lengths), dtype=np.int64)
    edges = np.unique(np.quantile(lengths[~blank], QUARTERS)).astype(int)
    starts = [0, *(edge + 1 for edge in edges.tolist())]
    ends = [*edges.tolist(), int(lengths.max())]
    names = tuple(f"{start:,} to {end:,} characters" for start, end in zip(starts, ends, strict=True))
    return names, np.searchsorted(edges, lengths, side="left")
