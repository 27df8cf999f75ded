"""Dictionary of a tracker's names: what each scalar and each slug stands for."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import pyarrow as pa

from ...data.slugs import describe
from .scalars import meaning
from .slices import class_slugs

COLUMNS = ("name", "kind", "meaning", "n")


def dictionary(
    scalars: Iterable[str], issues: Sequence[str], slices: pa.Table, classes: pa.Table
) -> list[list[object]]:
    """Return rows of :data:`COLUMNS`; ``n`` counts the samples of a slice or class."""
    rows: list[list[object]] = [[name, "metric", meaning(name, issues), None] for name in scalars]
    columns = (slices[name].to_pylist() for name in ("slug", "predicate", "n"))
    rows += [[name, "slice", predicate, n] for name, predicate, n in zip(*columns, strict=True)]
    named = zip(class_slugs(classes), classes["label"].to_pylist(), classes["n"].to_pylist(), strict=True)
    return rows + [[name, "class", describe((("label", label),)), n] for name, label, n in named]
