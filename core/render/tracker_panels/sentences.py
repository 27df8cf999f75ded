"""Sentences that name something which may not be named, found and left out whole."""

from __future__ import annotations

import re
from collections.abc import Iterable

import pyarrow as pa
import pyarrow.compute as pc

LONGEST = 30  # characters of a term that are looked for: sentences cut long ones
_QUOTE = r'"(?:[^"\\]|\\.)*"|“[^”]*”'  # a full stop in quotation marks ends no sentence
_ENDS = re.compile(rf"(?P<quote>{_QUOTE})|(?<=[.!?…])\s+")
_GAP = "\0"
_REST = "stand in the table."  # "3 more": of what was left out, as well


class Mentions:
    """Looks for whole words or names in texts, upper and lower case told apart.

    >>> Mentions(["rater", "Zoë P. Q"]).left_out('Rows with x = "Zoë P. Q" are bad. Others are not.')
    'Others are not.'
    """

    def __init__(self, terms: Iterable[str]) -> None:
        self.terms = tuple(sorted({term for term in terms if term.strip()}, key=lambda term: (-len(term), term)))
        self._starts = {term: term[:LONGEST] for term in self.terms}

    def in_text(self, text: str) -> bool:
        """Tell whether a text holds one of the terms."""
        return self._blanked(text) != text

    def left_out(self, text: str) -> str:
        """Return a text without the sentences that hold one of the terms."""
        blanked = self._blanked(text)
        if blanked == text:
            return text
        kept = [sentence for sentence in _sentences(blanked) if _GAP not in sentence]
        return " ".join(sentence for sentence in kept if not sentence.endswith(_REST))

    def in_column(self, texts: pa.Array | pa.ChunkedArray) -> pa.Array | pa.ChunkedArray:
        """Tell of each text whether it holds one of the terms: bool, null nowhere."""
        if not self.terms:
            return pa.array([False] * len(texts), pa.bool_())
        terms = "|".join(_literal(start) + ("" if term != start else _END) for term, start in self._starts.items())
        whole = texts.combine_chunks() if isinstance(texts, pa.ChunkedArray) else texts
        coded = whole.dictionary_encode()  # a search costs microseconds, and reasons are often alike
        matching = pc.match_substring_regex(coded.dictionary, f"{_BEGIN}(?:{terms})")
        return pc.fill_null(matching.take(coded.indices), fill_value=False)

    def _blanked(self, text: str) -> str:
        """Return a text with a gap for each term: so no sentence ends within one."""
        for term, start in self._starts.items():
            if start in text:
                text = re.sub(rf"(?<!\w){re.escape(start)}" + (r"(?!\w)" if term == start else ""), _GAP, text)
        return text


_BEGIN, _END = r"(?:^|[^\pL\pN_])", r"(?:$|[^\pL\pN_])"  # of a word, in the engine of pyarrow


def _literal(text: str) -> str:
    """Write a text as a pattern of pyarrow's engine, which knows fewer escapes than Python's."""
    return "".join(rf"\x{{{ord(letter):x}}}" if not letter.isalnum() else letter for letter in text)


def _sentences(text: str) -> list[str]:
    sentences, start = [], 0
    for end in _ENDS.finditer(text):
        if end["quote"] is None:
            sentences.append(text[start : end.start()])
            start = end.end()
    return [*sentences, text[start:]]
