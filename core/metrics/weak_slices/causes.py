"""Slices that follow from the label: expected errors by class (indirect standardization), as in a stratified test.

A class that is hard makes every column that follows it look guilty. The rows of a slice are therefore compared with
other rows of the same class (Mantel and Haenszel 1959): a slice that is no worse than its classes follows from them.
"""

from __future__ import annotations

import numpy as np

from .expectations import chance_of_more

LEVEL = 0.05
FEWEST = 10  # rows of a class outside the slice, from which its rate is known
ALONE = 0.9  # share of a slice's rows in classes that hardly occur outside, from which nothing can be compared


def label_behind(inside: np.ndarray, classes: np.ndarray, wrong: np.ndarray) -> int | None:
    """Return the class that a slice's weakness follows from; None where the slice is weak within its classes, too.

    Parameters
    ----------
    inside
        Whether each row lies in the slice: bool, shape (m,).
    classes
        Of each row: int64, shape (m,), -1 = none.
    wrong
        Whether it is wrong: bool, shape (m,).
    """
    known = classes >= 0
    inside, classes, wrong = inside[known], classes[known], wrong[known]
    if not inside.any() or inside.all():
        return None
    count = int(classes.max()) + 1
    own = np.bincount(classes[inside], minlength=count)
    others = np.bincount(classes[~inside], minlength=count)
    other_wrong = np.bincount(classes[~inside & wrong], minlength=count)
    rates = (other_wrong + 0.5) / (others + 1)
    comparable = others >= FEWEST
    overall = float(wrong[~inside].mean())
    hits = int(wrong[inside].sum())
    if own[~comparable].sum() >= ALONE * own.sum():
        return int(own.argmax())
    rows = inside & comparable[classes]
    by_class = own * (rates - overall) * comparable
    excess = int(wrong[rows].sum()) - overall * rows.sum()
    explained = by_class.sum() >= excess / 2
    if explained and hits and chance_of_more(int(wrong[rows].sum()), rates[classes[rows]]) > LEVEL:
        return int(by_class.argmax())
    return None
