"""Spelling variants: labels that differ only in case, white space, hyphens or Unicode form, and the file to mend them.

Two spellings are one where their forms are equal: folded (NFKC, lower case), without spaces, hyphens, underscores,
apostrophes and full stops between letters or around them. What stands beside a digit stays, and so does every other
sign: ``-1`` is not ``1``, and ``C++`` is not ``C``.
"""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Mapping, Sequence

import pyarrow as pa

from .normalize import folded

_BETWEEN = re.compile(r"(?<=[^\W\d_])[\s_\-‐‑–—'’.]+(?=[^\W\d_])")
_AROUND = re.compile(r"^[\s_\-‐‑–—'’\".“”]+(?=[^\W\d_])|(?<=[^\W\d_])[\s_\-‐‑–—'’\".,;:“”]+$")
LONG = 6  # letters: shorter names that differ in one letter are mostly two words
SELDOM = 0.05  # of the rows of the name that it may be a misspelling of


def form_of(labels: Sequence[str]) -> list[str]:
    """Return what equal spellings have in common.

    >>> form_of(["Refund", "refund ", "re-fund", "-1", "1", "C++", "c", "late  delivery", "late_delivery"])
    ['refund', 'refund', 'refund', '-1', '1', 'c++', 'c', 'latedelivery', 'latedelivery']
    """
    forms = folded(pa.chunked_array([list(labels)], pa.string())).to_pylist()
    return [_BETWEEN.sub("", _AROUND.sub("", form)) for form in forms]


def spelling_groups(counts: Mapping[str, int]) -> list[list[str]]:
    """Return the labels that are spellings of one, the most frequent first in each group.

    >>> spelling_groups({"refund": 90, "Refund": 3, "card": 50, "re-fund": 3})
    [['refund', 'Refund', 're-fund']]
    """
    groups: dict[str, list[str]] = defaultdict(list)
    for label, form in zip(counts, form_of(list(counts)), strict=True):
        groups[form].append(label)
    alike = [sorted(labels, key=lambda label: (-counts[label], label)) for labels in groups.values() if len(labels) > 1]
    return sorted(alike, key=lambda labels: (-counts[labels[0]], labels[0]))


def misspellings(counts: Mapping[str, int]) -> list[tuple[str, str]]:
    """Return pairs of a seldom label and a frequent one from which one edit parts it: perhaps a slip, perhaps not.

    >>> misspellings({"delivery": 200, "delivry": 2, "cards": 100, "card": 2})
    [('delivry', 'delivery')]
    """
    forms = dict(zip(counts, form_of(list(counts)), strict=True))
    pairs = []
    for seldom, form in forms.items():
        for common, other in forms.items():
            long = min(len(form), len(other)) >= LONG and not re.search(r"\d", form + other)
            if long and counts[seldom] <= SELDOM * counts[common] and form != other and _one_edit(form, other):
                pairs.append((seldom, common))
    return sorted(pairs)


def _one_edit(first: str, second: str) -> bool:
    """Tell whether one letter was dropped, added or changed, or two neighbours swapped."""
    if abs(len(first) - len(second)) > 1:
        return False
    start = next((place for place, (a, b) in enumerate(zip(first, second, strict=False)) if a != b), len(first))
    rest, other = first[start:], second[start:]
    swapped = len(rest) > 1 and rest[:2] == other[1::-1] and rest[2:] == other[2:]
    return swapped or rest[1:] == other[1:] or rest[1:] == other or rest == other[1:]


def mapping_toml(counts: Mapping[str, int]) -> str:
    """Write the taxonomy file that makes each group of spellings one label; possible misspellings stand as comments.

    The form is that of :mod:`labelsift.data.taxonomy`.
    """
    lines = [
        "# Spellings of one label, the most frequent kept. Look through them; then labelsift scan FILE --taxonomy THIS",
        "[merge]",
    ]
    groups = spelling_groups(counts)
    for labels in groups:
        counted = ", ".join(f"{counts[label]:,}" for label in labels)
        lines.append(f"{_quoted(labels[0])} = [{', '.join(map(_quoted, labels))}]  # {counted} rows")
    spelled = {label for labels in groups for label in labels}
    perhaps = [(seldom, common) for seldom, common in misspellings(counts) if not {seldom, common} & spelled]
    if perhaps:
        lines.append("# Perhaps misspelled; take away the sign at the beginning of what is:")
    for common in dict.fromkeys(common for _, common in perhaps):
        names = [common, *(seldom for seldom, other in perhaps if other == common)]
        counted = ", ".join(f"{counts[label]:,}" for label in names)
        lines.append(f"# {_quoted(common)} = [{', '.join(map(_quoted, names))}]  # {counted} rows")
    return "\n".join(lines) + "\n"


def _quoted(label: str) -> str:
    """Write a text as TOML: JSON's escapes are TOML's, but for the delete character, which it wants escaped, too."""
    return json.dumps(label, ensure_ascii=False).replace("\x7f", "\\u007f")
