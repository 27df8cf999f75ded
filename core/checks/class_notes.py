"""Notes about the classes: names that are nearly identical, and classes of too few rows."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import numpy as np

from ..data.formatting import shortened
from ..data.label_variants import spelling_groups

SHOWN = 8
NAME_LENGTH = 60


def near_identical(classes: Sequence[str]) -> list[str]:
    """Name the labels that a reader would take for the same; they stay as they are: labels are the user's.

    >>> near_identical(["negative", "positive", "positive "])[0][:103]
    "These labels differ only in case, white space, hyphens or Unicode form: 'positive', 'positive '. If the"
    >>> near_identical(["negative", "positive"])
    []
    """
    groups = spelling_groups(dict.fromkeys(classes, 1))
    alike = [", ".join(f"'{shortened(name, NAME_LENGTH)}'" for name in names[:SHOWN]) for names in groups]
    if not alike:
        return []
    return [
        f"These labels differ only in case, white space, hyphens or Unicode form: {_listed(alike, '; ')}. If they "
        "mean the same, make them one: the scan takes them for different classes and flags the rows of one as the "
        "other."
    ]


def rare(codes: np.ndarray, classes: Sequence[str], *, folds: int) -> list[str]:
    """Name the classes of too few rows to be judged well by cross-validation.

    Parameters
    ----------
    codes
        Class of every row, -1 = unlabeled: int, shape (n,).

    >>> rare(np.array([0, 1, 1, -1]), ["gift", "card"], folds=2)
    ['Labels that stand on one row only cannot be judged: gift. Add rows, or merge the classes.']
    """
    counts: list[tuple[int, int]] = sorted(Counter(codes[codes >= 0].tolist()).items())
    single = [classes[code] for code, count in counts if count == 1]
    few = [classes[code] for code, count in counts if 1 < count < folds]
    notes = []
    if single:
        notes.append(
            f"Labels that stand on one row only cannot be judged: {_listed(single)}. Add rows, or merge the classes."
        )
    if few:
        notes.append(f"Classes with fewer rows than folds ({folds}) are judged on thin evidence: {_listed(few)}.")
    return notes


def _listed(names: Sequence[str], comma: str = ", ") -> str:
    more = len(names) - SHOWN
    return comma.join(names[:SHOWN]) + (f" and {more} more" if more > 0 else "")
