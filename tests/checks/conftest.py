"""Contexts built by hand, for checks that need no scan."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pyarrow as pa
import pytest
from labelsift.checks import Context
from labelsift.io.read import read


def build_context(
    texts: list[str | None],
    labels: list[str | None] | None = None,
    *,
    classes: tuple[str, ...] | None = None,
    **given: object,
) -> Context:
    """Build a context whose ids are r0, r1 …"""
    columns: dict[str, object] = {"id": [f"r{row}" for row in range(len(texts))], "text": pa.array(texts, pa.string())}
    if labels is not None:
        columns["label"] = pa.array(labels, pa.string())
    samples = read(pa.table(columns), id="id", label="label" if labels is not None else None)
    classes = classes or samples.classes
    readable = np.ones(len(texts), dtype=bool)
    return Context(samples=samples, classes=classes, codes=samples.codes(classes), readable=readable, **given)


@pytest.fixture(scope="session")
def make_context() -> Callable[..., Context]:
    return build_context
