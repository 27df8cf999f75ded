"""Names of classes on their way in: of arrays, indexes and numbers, written as labels of the same values are."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from ..errors import InputError

MISSING = ("nan", "NaN", "-nan", "-NaN", "NULL", "null", "<NA>", "N/A", "n/a", "#N/A", "#NA", "NaT")
PERHAPS_MISSING = ("NA", "None", "none")  # names of classes, too
_WHOLE = re.compile(r"[-+]?\d+")


def scalar_text(value: object) -> str:
    """Write one value as a column of it would be read: whole numbers without a point, truth values in lower case.

    >>> [scalar_text(value) for value in ("a", 2.0, 2, True, np.int64(3), np.str_("b"), b"c")]
    ['a', '2', '2', 'true', '3', 'b', 'c']
    """
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)


def names_of(classes: Any) -> list[str] | None:  # noqa: ANN401 - a list, an array, an index, a mapping
    """Return the names of classes, in the order given: a list, scikit-learn's ``classes_``, ``id2label`` of a model.

    Raises
    ------
    InputError
        If one is missing, or numbers of a mapping do not count from 0.

    >>> names_of(np.array([0, 1])), names_of({1: "yes", 0: "no"}), names_of(None)
    (['0', '1'], ['no', 'yes'], None)
    """
    if classes is None:
        return None
    if isinstance(classes, (str, bytes)) or not isinstance(classes, Iterable):
        raise InputError(f"classes is {classes!r}, and no list of names", hint="Give a list: classes=['a', 'b']")
    if isinstance(classes, Mapping):
        numbered = {scalar_text(number): name for number, name in classes.items()}
        if sorted(numbered) != sorted(map(str, range(len(numbered)))):
            raise InputError("The numbers of classes do not count from 0", ids=numbered, hint="Give a list of names")
        classes = [numbered[str(number)] for number in range(len(numbered))]
    values = list(classes)
    missing = [place for place, value in enumerate(values) if value is None or value != value]  # NaN
    if missing:
        raise InputError("Some classes have no name, at the places", ids=missing, hint="Name each column's class")
    return [scalar_text(value) for value in values]


def in_order(classes: Iterable[str]) -> list[str]:
    """Sort the names of classes as scikit-learn would: whole numbers as numbers, all else as texts.

    >>> in_order(["10", "9", "-1"]), in_order(["10", "9", "x"])
    (['-1', '9', '10'], ['10', '9', 'x'])
    """
    names = sorted(classes)
    return sorted(names, key=int) if all(map(_WHOLE.fullmatch, names)) else names
