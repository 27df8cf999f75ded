"""Table of weak slices: slug, words and SQL of each, its figures with intervals, and what it follows from."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from ...checks.cluster_words import distinctive_words
from ...data.slugs import slugs
from ...data.stable_draws import drawn
from ...store.cache import sample_keys
from ..estimates import Estimates, difference
from .causes import label_behind
from .discovery import Discovery
from .merge import WeakSlice
from .regions import Condition, Feature, Region, region_mask
from .sources import CLUSTER
from .twins import twins
from .wording import SliceColumn, cluster_title

if TYPE_CHECKING:
    from ...store.run import Run

_READ = 400  # texts of a cluster, and of the others, of which the words are counted
_SHOWN = 3  # other conditions for the same rows
SCHEMA = pa.schema(
    [
        pa.field("slug", pa.string()),
        pa.field("predicate", pa.string()),
        pa.field("where", pa.string()),
        pa.field("n", pa.int64()),
        *(pa.field(name, pa.float64()) for name in ("value", "low", "high", "rest")),
        *(pa.field(name, pa.float64()) for name in ("difference", "difference_low", "difference_high", "p_value")),
        pa.field("follows", pa.string()),
        pa.field("measured", pa.int64()),
        pa.field("same_rows", pa.string()),
    ]
)


def written(
    run: Run,
    discovery: Discovery,
    sources: Mapping[str, SliceColumn],
    classes: np.ndarray,
    wrong: np.ndarray,
    names: Sequence[str],
) -> pa.Table:
    """Return what a search found in a run, in :data:`SCHEMA`.

    Parameters
    ----------
    sources
        The columns that were searched, by their names.
    classes
        The given label of each row that counted, as a position in ``names``: int64, shape (m,), -1 = none.
    wrong
        Whether each of them is wrong: bool, shape (m,).
    """
    entries = discovery.slices
    sources = _with_cluster_words(run, entries, sources)
    settled: list[Region] = [tuple(sources[term.feature].settled(term) for term in entry.region) for entry in entries]
    own, rest = (
        Estimates(
            np.array([getattr(entry, hits) for entry in entries], dtype=float),
            np.array([getattr(entry, n) for entry in entries], dtype=float),
        )
        for hits, n in (("wrong", "n"), ("rest_wrong", "rest_n"))
    )
    low, high = own.interval()
    middle, least, greatest = difference(own, rest, confidence=1 - 0.05 / max(discovery.candidates, 1))
    everyone = np.arange(len(run.samples))
    features = {name: source.feature for name, source in sources.items()}
    columns: dict[str, Any] = {
        "slug": slugs([tuple(sources[term.feature].term(term) for term in region) for region in settled]),
        "predicate": [_joined(region, sources, SliceColumn.described, " and ") for region in settled],
        "where": [_joined(region, sources, SliceColumn.where, " AND ") for region in settled],
        "n": [int(region_mask(region, features, everyone).sum()) for region in settled],
        "value": own.value,
        "low": low,
        "high": high,
        "rest": rest.value,
        "difference": middle,
        "difference_low": least,
        "difference_high": greatest,
        "p_value": [entry.p_value for entry in entries],
        "follows": [_follows(entry, classes, wrong, names) for entry in entries],
        "measured": [entry.n for entry in entries],
        "same_rows": [_same_rows(region, sources, features) for region in settled],
    }
    return pa.table(columns, schema=SCHEMA)


def _joined(
    region: Region, sources: Mapping[str, SliceColumn], write: Callable[[SliceColumn, Condition], str], word: str
) -> str:
    return word.join(write(sources[term.feature], term) for term in region)


def _same_rows(region: Region, sources: Mapping[str, SliceColumn], features: Mapping[str, Feature]) -> str | None:
    """Name the other conditions that hold nearly the same rows."""
    others = [tuple(sources[term.feature].settled(term) for term in other) for other in twins(region, features)]
    return "; ".join(_joined(other, sources, SliceColumn.described, " and ") for other in others[:_SHOWN]) or None


def _follows(entry: WeakSlice, classes: np.ndarray, wrong: np.ndarray, names: Sequence[str]) -> str | None:
    """Say that a slice is no weaker than its classes; None where it is, or where it is named by a label."""
    if any(condition.feature in ("label", "predicted") for condition in entry.region):
        return None
    half = entry.half
    behind = label_behind(entry.rows[half], classes[half], wrong[half])
    return None if behind is None else f"follows from the label {names[behind]}"


def _with_cluster_words(
    run: Run, entries: Sequence[WeakSlice], sources: Mapping[str, SliceColumn]
) -> dict[str, SliceColumn]:
    """Return the columns, the clusters among them that were found with what their texts have in common."""
    named = {
        condition.code
        for entry in entries
        for condition in entry.region
        if condition.feature == CLUSTER and condition.code is not None and condition.code > 0
    }
    if not named or not run.samples.has_texts or run.samples.textless:
        return dict(sources)
    source, keys = sources[CLUSTER], sample_keys(run.samples)
    words = {}
    for code in sorted(named):
        cluster, inside = source.values[code], source.feature.values == code
        drawn_rows = [
            drawn(np.flatnonzero(mask), _READ, keys=keys, seed=0, purpose="cluster words") for mask in (inside, ~inside)
        ]
        texts = [run.samples.texts.take(pa.array(part)).to_pylist() for part in drawn_rows]
        words[cluster] = f"{cluster_title(distinctive_words(*texts))} (cluster {cluster})"
    return {**sources, CLUSTER: replace(source, words={**source.words, **words})}
