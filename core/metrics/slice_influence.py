"""Influence ranking: the relabels between two runs that push a slice's metrics down most (influence functions)."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from ..data.stable_draws import drawn
from ..errors import InputError
from ..models.influence import fit_newton, relabel_influence
from ..models.threads import limited_threads
from ..store.cache import sample_keys
from ..store.run import Run
from .compare import relabels
from .label_value import held_out_penalty
from .slice_table import slice_ids

MOST_ROWS = 20_000  # learned from: the exact fit that influence needs takes minutes beyond
_SCHEMA = pa.schema([("id", pa.string()), ("old", pa.string()), ("new", pa.string()), ("effect", pa.float64())])


@limited_threads()
def influence_ranking(old: Run, new: Run, slug: str) -> pa.Table:
    """Rank the relabels between two runs by how far each pushes a slice down.

    A linear model like the scan's is fitted on the new run's labels; the effect of a relabel is the first-order
    change of the slice's mean log loss (in nats) that it causes, see :mod:`labelsift.models.influence`. The slice is
    judged by its samples whose label is the same in both runs, so that no disputed label is the yardstick.

    Returns
    -------
    pyarrow.Table
        ``id, old, new, effect``, most harmful first; negative effects help the slice.

    Raises
    ------
    InputError
        If there is no such slice, no label changed, or the slice has no undisputed labels.
    """
    if new.embeddings is None:
        raise InputError(f"The run {new.run} has no embeddings", hint="Scan with the check label")
    relabeled = relabels(old, new)
    relabeled = relabeled.filter(pc.and_(pc.is_valid(relabeled["old"]), pc.is_valid(relabeled["new"])))
    if not relabeled.num_rows:
        raise InputError("No label changed between these runs", hint="Name two runs before and after a correction")
    classes = tuple(sorted({*old.samples.classes, *new.samples.classes, *relabeled["old"].to_pylist()}))
    codes = new.samples.codes(classes)
    changed = new.samples.positions(relabeled["id"].to_pylist())
    keys = sample_keys(new.samples)
    fitted = _rows_to_fit(codes, changed, keys)
    inside = np.setdiff1d(new.samples.positions(slice_ids(new, slug)), changed)
    inside = inside[codes[inside] >= 0]
    if not len(inside):
        raise InputError("The slice has no sample whose label is the same in both runs", ids=[slug])
    vectors = new.embeddings
    penalty = held_out_penalty(vectors[fitted], codes[fitted], keys=keys[fitted])
    weights = fit_newton(vectors[fitted], codes[fitted], classes=len(classes), penalty=penalty)
    index = {name: position for position, name in enumerate(classes)}
    old_codes = np.array([index[label] for label in relabeled["old"].to_pylist()])
    effect = relabel_influence(
        vectors[fitted],
        codes[fitted],
        weights,
        penalty=penalty,
        judged=(vectors[inside], codes[inside]),
        changed=(vectors[changed], old_codes, codes[changed]),
    )
    order = np.argsort(-effect, kind="stable")
    table = relabeled.append_column("effect", pa.array(effect)).take(pa.array(order))
    return table.select(_SCHEMA.names).cast(_SCHEMA)


def _rows_to_fit(codes: np.ndarray, changed: np.ndarray, keys: np.ndarray) -> np.ndarray:
    """Return the rows to fit on: all labeled ones, or the changed ones and a sample of the others; by their keys."""
    labeled = np.flatnonzero(codes >= 0)
    if len(labeled) > MOST_ROWS:
        others = np.setdiff1d(labeled, changed)
        limit = max(MOST_ROWS - len(changed), 0)
        labeled = np.concatenate([changed, drawn(others, limit, keys=keys, seed=0, purpose="influence")])
    return labeled[np.argsort(keys[labeled], kind="stable")]
