r"""Writing systems of texts by Unicode block, and the marks of informal writing taken out.

A text is in the script that most of its letters have. Handles, addresses, tags, entities, placeholders, emoticons and
numbers are in no language: a detector takes them for one, so they go before anything is detected.
"""

from __future__ import annotations

import html
import re
import unicodedata
from collections import Counter

LATIN = "Latin"
_BLOCKS = {
    LATIN: "A-Za-z\u00aa\u00ba\u00c0-\u036f\u1e00-\u1eff",
    "Greek": "\u0370-\u03ff\u1f00-\u1fff",
    "Cyrillic": "\u0400-\u052f\u1c80-\u1c8f\u2de0-\u2dff\ua640-\ua69f",
    "Hebrew": "\u0590-\u05ff",
    "Arabic": "\u0600-\u06ff\u0750-\u077f\u08a0-\u08ff\ufb50-\ufdff\ufe70-\ufefc",
    "Devanagari": "\u0900-\u097f",
    "Thai": "\u0e00-\u0e7f",
    "Hangul": "\u1100-\u11ff\u3130-\u318f\uac00-\ud7af",
    "Kana": "\u3040-\u30ff",
    "Han": "\u3400-\u4dbf\u4e00-\u9fff\U00020000-\U0003ffff",
}
OTHER = "another script"
_LETTERS = re.compile(r"[^\W\d_]")
_BY_BLOCK = [(name, re.compile(f"[{block}]")) for name, block in _BLOCKS.items()]
_SPANNING = re.compile(r"</?[A-Za-z][^<>]*>|\{\{?[^{}]*\}\}?|%\(\w+\)[sd]|%[sd]")  # markup and placeholders
_MARK = re.compile(
    r"(?:https?://|www\.)\S+"  # addresses of pages
    r"|\S+@\S+\.\w\S*"  # and of people
    r"|(?<!\w)[@#][\w.-]+"  # handles and tags
    r"|^RT$|^[xX]+[dDpP]+$"
    r"|^(?!.*(?:[^\W\d_]{2}|[\u0900-\u1cff]{2})).*(?:[^\w\s&]|_).*$"  # emoticons: no two letters side by side, and no
    # two of an Indic script or Thai, whose vowels are marks
    r"|^[!-~]*\d[!-~]*$|\d+"  # codes and numbers; where words need no spaces, the numbers alone
)
_REPEATED = re.compile(r"([^\W\d_])\1{2,}")
_BORDERS = ".,!?;:'\"()"


def plain_words(text: str) -> list[str]:
    r"""Return the words of a text alone: what a language can be told from.

    >>> plain_words("@anna soooo good &lt;3 :-) https://t.co/x #win 2nite")
    ['soo', 'good']
    >>> plain_words("¯\\_(ツ)_/¯ отлично!")
    ['отлично!']
    """
    if "&" in text:
        text = html.unescape(text)
    if not text.isascii():
        text = unicodedata.normalize("NFKC", text)  # letters in fancy fonts are letters
    if "<" in text or "{" in text or "%" in text:
        text = _SPANNING.sub(" ", text)
    words = []
    for word in text.split():
        if not (word.isalpha() or word.strip(_BORDERS).isalpha()) or len(word) == 2:
            words += _MARK.sub(" ", word).split()
        else:
            words.append(_REPEATED.sub(r"\1\1", word) if len(word) > 3 else word)
    return words


def script_of(text: str) -> str | None:
    """Return the script of most letters of a text; None where it has no letter.

    >>> [script_of(text) for text in ("a card", "не советую", "好的 OK吗", "დიახ", "12 %")]
    ['Latin', 'Cyrillic', 'Han', 'another script', None]
    """
    if text.isascii():
        return LATIN if any(map(str.isalpha, text)) else None
    letters = "".join(_LETTERS.findall(text))
    counts = Counter({name: len(block.findall(letters)) for name, block in _BY_BLOCK})
    counts[OTHER] = len(letters) - counts.total()
    script, count = counts.most_common(1)[0]
    return script if count else None
