"""What a check is: a function with a name, needs and tasks, in a small registry."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Literal

import numpy as np

from ..findings import Finding
from ..neighbors import Graph
from ..samples import Samples
from ..textforms import duplicate_groups, is_blank

Need = Literal["text", "labels", "vectors", "pred_probs", "undecided"]


@dataclass
class Context:
    """What the checks of one scan share.

    Parameters
    ----------
    samples
        The n samples.
    classes
        The class names; ``codes`` and the columns of ``pred_probs`` follow them.
    codes
        int32, shape (n,): the given labels as positions in ``classes``, -1 = unlabeled.
    vectors
        float32, shape (n, dimensions), unit length, or None.
    graph
        The nearest neighbours of every row, or None.
    pred_probs
        float32, shape (n, classes), out of sample, NaN rows where nothing can be said, or None.
    readable
        bool, shape (n,): the embedder can read the text; an unreadable one is not judged by its vector.
    detected
        Kept by :func:`labelsift.checks.language.detected`: language → probability of each row.
    fold_of
        int16, shape (n,): the cross-validation folds, or None where the user brought ``pred_probs``.
    penalty
        The penalty of the model behind ``pred_probs``, or None where the user brought them.
    embedder_languages
        Languages that the embedder can read; None = no limit known.
    near_pairs
        Kept by :func:`labelsift.checks.near_duplicate.near_pairs`.
    facts, notes
        Filled by the checks: what holds for the whole data set, and what a reader must know.
    """

    samples: Samples
    classes: tuple[str, ...]
    codes: np.ndarray
    readable: np.ndarray
    vectors: np.ndarray | None = None
    graph: Graph | None = None
    pred_probs: np.ndarray | None = None
    fold_of: np.ndarray | None = None
    penalty: float | None = None
    embedder_languages: frozenset[str] | None = None
    seed: int = 0
    budget: int | None = None
    detected: list[dict[str, float]] | None = None
    near_pairs: tuple[np.ndarray, np.ndarray] | None = None
    facts: dict[str, Any] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)

    def __len__(self) -> int:
        return len(self.samples)

    @cached_property
    def blank(self) -> np.ndarray:
        """Tell the rows whose text shows nothing: bool, shape (n,)."""
        return is_blank(self.samples.texts)

    @cached_property
    def same_text(self) -> np.ndarray:
        """Number the rows by their text, up to case and white space: int64, shape (n,)."""
        return duplicate_groups(self.samples.texts)

    @property
    def brought_pred_probs(self) -> bool:
        """Tell whether ``pred_probs`` are the user's, whose model reads what our embedder may not."""
        return self.pred_probs is not None and self.fold_of is None

    def ids(self, rows: np.ndarray) -> list[str]:
        """Return the ids of rows; positions below 0 are left out."""
        rows = rows[rows >= 0]
        return self.samples.ids.take(rows).to_pylist()

    def label(self, row: int) -> str | None:
        """Return the given label of one row."""
        code = int(self.codes[row])
        return None if code < 0 else self.classes[code]


@dataclass
class Result:
    """What a check found.

    Parameters
    ----------
    score
        float32, shape (n,): 0 = certainly bad, 1 = good, NaN = not judged.
    is_issue
        bool, shape (n,).
    findings
        One for each flagged row, and those about classes, slices or the data set.
    suggested, confidence
        Positions in the classes (int32, -1 = none) and float32, shape (n,), from the label check alone.
    """

    score: np.ndarray
    is_issue: np.ndarray
    findings: list[Finding]
    suggested: np.ndarray | None = None
    confidence: np.ndarray | None = None


@dataclass(frozen=True)
class Check:
    """One entry of the registry."""

    name: str
    needs: frozenset[Need]
    tasks: frozenset[str]
    run: Callable[[Context], Result]


_CHECKS: dict[str, Check] = {}


def check(
    name: str, *, needs: tuple[Need, ...] = (), tasks: tuple[str, ...] = ("classification",)
) -> Callable[[Callable[[Context], Result]], Callable[[Context], Result]]:
    """Register a function as the check of an issue."""

    def register(run: Callable[[Context], Result]) -> Callable[[Context], Result]:
        if name in _CHECKS:
            raise ValueError(f"there is a check called {name} already")
        _CHECKS[name] = Check(name, frozenset(needs), frozenset(tasks), run)
        return run

    return register


def checks() -> tuple[Check, ...]:
    """Return all registered checks in the order of registration."""
    return tuple(_CHECKS.values())
