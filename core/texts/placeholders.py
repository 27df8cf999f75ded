"""Placeholders in the place of a secret, and how random a value looks: Shannon entropy of its characters.

A value that a template fills, that a program reads from elsewhere, that says that it is an example, or that is a word
is no secret.
"""

from __future__ import annotations

import math
import re
from collections import Counter

_TEMPLATE = re.compile(r"[<>{}]|\$[A-Za-z_(]|%[(s]|^%\w+%$|^\$|\(|\)|\.\.\.|…|\[|\]|^env[.:]|^@")
_SAYS_SO = re.compile(
    r"your|example|placeholder|change.?me|replace|insert|redacted|dummy|sample|xxxx|\*{3}|•{2}|todo|_here|-here"
    r"|my[_-]?secret"
    r"|fake|000000|123456(?!7)|abcdef|\.{3}|EXAMPLE|s3cr3t|not[_-]?real|lorem",
    re.IGNORECASE,
)
_WORDS = frozenset(
    """
    passphrase password passwd pass pwd secret token key apikey api_key user username admin root test testing foo bar
    baz null none nil true false undefined empty string str int value default guest changeme hidden masked secure
    required optional unknown abc abc123 password1 postgres mysql redis host localhost port
    """.split()
)
_CODE = re.compile(
    r"^(?:self|this|config|settings|os|process|request|req|env|user|getpass|input|prompt|args|options|ctx|data)[.\[(]"
    r"|^[a-z_]+\.[a-z_]+(?:\.[a-z_]+)*$"
)


def is_placeholder(value: str) -> bool:
    """Tell whether a value stands for a secret only.

    >>> is_placeholder("YOUR_API_KEY"), is_placeholder("${DB_PASSWORD}"), is_placeholder("q7Rt-0aB")
    (True, True, False)
    """
    plain = value.strip("\"'`").lower()
    if plain in _WORDS or len(set(plain)) < 3:
        return True
    return bool(_TEMPLATE.search(value) or _SAYS_SO.search(value) or _CODE.search(value))


def entropy(value: str) -> float:
    """Return the Shannon entropy of a value's characters, in bits a character.

    >>> entropy("aaaa"), entropy("abcd")
    (0.0, 2.0)
    """
    counts = Counter(value).values()
    return sum(count / len(value) * math.log2(len(value) / count) for count in counts) + 0.0
