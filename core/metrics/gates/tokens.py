"""Tokens of a gate's condition: words, names in quotation marks, signs and numbers, each with its place."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass

from ...data.formatting import shortened
from ...errors import InputError

CLAUSES = ("of", "in", "by", "with", "split", "strict", "proven")  # words that are no names but in quotation marks
FORM = "METRIC [of CLASS] >= NUMBER or RUN - NUMBER [in SLICE | by COLUMN, COLUMN] [with n >= N] [split NAME]"
NUMBER = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?%?")
_TOKEN = re.compile(r'(?P<quoted>"(?:[^"\\]|\\.)*")|(?P<sign>>=|<=|[<>≥≤=])|(?P<comma>,)|(?P<word>[^\s,"<>≥≤=]+)', re.S)
_LONG, _WHOLE = 60, 200  # characters of a word, and of a condition, that an error shows


@dataclass(frozen=True)
class Token:
    """A part of a condition.

    Parameters
    ----------
    kind
        quoted, sign, comma, word or end.
    text
        What stands there; a name without its quotation marks.
    place
        Of its first character, from 1.
    """

    kind: str
    text: str
    place: int

    @property
    def short(self) -> str:
        """The text for an error."""
        return shortened(self.text, _LONG)

    @property
    def is_number(self) -> bool:
        """Whether it is a number, or a percentage."""
        return self.kind == "word" and NUMBER.fullmatch(self.text) is not None


def tokens(text: str) -> Iterator[Token]:
    """Part a condition into tokens, the last of which is its end.

    Raises
    ------
    InputError
        For a name whose quotation marks do not fit.
    """
    position = 0
    while True:
        while position < len(text) and text[position].isspace():
            position += 1
        if position == len(text):
            yield Token("end", "the end", position + 1)
            return
        match = _TOKEN.match(text, position)
        if match is None:
            raise refusal(text, Token("word", '"', position + 1), "a quotation mark is not closed")
        kind = str(match.lastgroup)
        yield Token(kind, _unquoted(text, match[0], position) if kind == "quoted" else match[0], position + 1)
        position = match.end()


def refusal(text: str, token: Token, why: str, *, hint: str = f"Write: {FORM}") -> InputError:
    """Return the error that names what is not understood in a condition, and its place."""
    shown = shortened(text, _WHOLE)
    return InputError(f"The condition {shown!r} cannot be read: at character {token.place} {why}", hint=hint)


def quoted(name: str) -> str:
    """Write a name, in quotation marks where it would be read as something else.

    >>> quoted("state:CA"), quoted("credit card"), quoted("in"), quoted("0.5")
    ('state:CA', '"credit card"', '"in"', '"0.5"')
    """
    match = _TOKEN.fullmatch(name)
    is_word = match is not None and match.lastgroup == "word" and not any(map(str.isspace, name))
    if is_word and name not in (*CLAUSES, "+", "-", "%") and not NUMBER.fullmatch(name):
        return name
    return json.dumps(name, ensure_ascii=False)


def _unquoted(text: str, name: str, position: int) -> str:
    try:
        return json.loads(name, strict=False)
    except ValueError:
        token = Token("quoted", name, position + 1)
        hint = 'Within quotation marks write \\" for a quotation mark and two \\ for one'
        raise refusal(text, token, f"{token.short} is no name", hint=hint) from None
