"""Review queue: the flagged samples of a run as a labeling platform gets them, plain data."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal

import numpy as np

from .samples import Samples, Task

Value = Any  # str | list[str] | list[[int, int, str]]
Span = Sequence[int | str]  # [start, end, type]
Dispute = tuple[list[int | str] | None, list[int | str] | None]  # what is marked, and what should be; None = nothing
Copies = Literal["drop_copy", "keep_copies"]  # what can be said of a duplicate
Action = Literal["redact", "edit", "remove", "keep"]  # what can be done with a sample, whatever its label


@dataclass(frozen=True)
class Neighbor:
    """Another sample that is shown beside one: a copy of its text, or its address, and its label."""

    id: str
    text: str
    given: Value | None


@dataclass(frozen=True)
class ReviewItem:
    """One flagged sample with everything that was found about it.

    Parameters
    ----------
    id
        The sample's id.
    rank
        Its place in the queue, 1 = worst.
    issues
        What it is flagged for, the one that ranks it first.
    scores
        Issue → score (0 = certainly bad, 1 = good).
    text
        The sample's text, or the address of its image or sound; empty where it has none.
    given, suggested
        Its label and the label that fits better, None where there is none. Where samples have several labels, or
        spans, the whole sets: a sorted list of labels, ``[[start, end, type], …]``.
    confidence
        In the suggestion, 0..1; None without one.
    reason
        Plain sentences, the main one first.
    metadata
        The user's own fields, as JSON values.
    again
        True for the second task of a sample.
    blind
        True where the labels and the reason must not be shown, whatever the others show.
    task
        What kind of labels ``given`` and ``suggested`` are.
    disputes
        Of spans: each as it is marked and as it should be, worst first; None where nothing is, or should be.
    group
        Its cluster of duplicates; None where it has none. Other items of it need not be in the queue.
    neighbors, twin
        Its nearest samples, and the one that has the same text, or almost; none of a blind item.
    copies
        What people are asked of it as a duplicate; of the first copy of a group nothing, as it stays.
    first_copy
        True where it is flagged for nothing but that: who shows the others' twins need not ask about it.
    actions
        What can be done with it whatever its label, the fitting action first; none of a blind item.
    masks
        The places in its text that hold personal data or secrets, as they were found: start, end, kind.
    repaired
        Its text with a damaged encoding repaired; None where nothing is to be repaired.
    labelless
        True where the data has no labels at all: only what is to be done with it is asked.
    words, words_for, words_of_users
        Where words of its text stand that made the model say a label, start and end in characters, the strongest first;
        that label; and whether that was a model of the user's, and not the scan's own. None of a blind item.
    """

    id: str
    rank: int
    issues: tuple[str, ...]
    scores: dict[str, float]
    text: str
    given: Value | None
    suggested: Value | None
    confidence: float | None
    reason: str
    metadata: dict[str, Any] = field(default_factory=dict)
    again: bool = False
    blind: bool = False
    task: Task = "classification"
    disputes: tuple[Dispute, ...] = ()
    group: str | None = None
    neighbors: tuple[Neighbor, ...] = ()
    twin: Neighbor | None = None
    copies: tuple[Copies, ...] = ()
    first_copy: bool = False
    actions: tuple[Action, ...] = ()
    masks: tuple[tuple[int, int, str], ...] = ()
    repaired: str | None = None
    labelless: bool = False
    words: tuple[tuple[int, int], ...] = ()
    words_for: str = ""
    words_of_users: bool = False

    @property
    def key(self) -> str:
        """What a push knows its task by."""
        return key_of(self.id, again=self.again)

    @property
    def alone(self) -> ReviewItem:
        """The item without other samples and actions, for a page that has no place for them."""
        alone = replace(self, neighbors=(), twin=None, copies=(), first_copy=False)
        return replace(alone, actions=(), masks=(), repaired=None)


@dataclass(frozen=True)
class ReviewQueue:
    """What people are asked about of one run.

    Parameters
    ----------
    run
        The run's name.
    samples
        All samples of the run, also those that nobody is asked about.
    items
        Worst first; second tasks of samples stand among them.
    classes
        The classes that the run's model knows; those of the samples stand in ``samples``.
    repeats
        Id → the score that places the second task of a sample, also where the queue does not hold it: such a task
        is left as it stands.
    vectors
        Ids of samples → their embeddings, for a platform that finds similar ones: float32, shape (n, d), rows of unit
        length, zero where a text has no token. It picks rows of what the run keeps when it is called, and computes
        nothing; of no ids the shape tells d. None where the run keeps no embeddings.
    """

    run: str
    samples: Samples
    items: tuple[ReviewItem, ...]
    classes: tuple[str, ...] = ()
    repeats: Mapping[str, float] = field(default_factory=dict)
    vectors: Callable[[Sequence[str]], np.ndarray] | None = field(default=None, compare=False, repr=False)


_AGAIN = "\x00again"


def key_of(sample: str, *, again: bool) -> str:
    """Return what a push knows a task by: the sample's id, or for its second task what is no sample's id."""
    return f"{sample}{_AGAIN}" if again else sample


def sample_of(key: str) -> str:
    """Return the sample of a key of :func:`key_of`."""
    return key.removesuffix(_AGAIN)
