"""Tag probabilities of tokens, validated once and aligned to the samples."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ..data.samples import Samples
from ..data.spans import spaced
from ..errors import InputError
from ..label_quality.spans.marginals import types_of

ROUNDING = 0.01  # how far a row of probabilities may be from one, as for those of samples


@dataclass(frozen=True)
class TokenSignals:
    """Probabilities of each token's tag, in the order of the samples.

    Parameters
    ----------
    probabilities
        Of each sample: float32, shape (tokens, classes).
    places
        Of each sample: where its tokens stand, (start, end) in characters.
    classes
        The tag of each column.
    types
        The types that they speak of, sorted.
    """

    probabilities: Sequence[np.ndarray]
    places: Sequence[Sequence[tuple[int, int]]]
    classes: tuple[str, ...]
    types: tuple[str, ...]


def aligned_tokens(
    samples: Samples,
    probabilities: Sequence[np.ndarray],
    offsets: Sequence[Sequence[tuple[int, int]]] | None,
    classes: Sequence[str],
    ids: Sequence[str] | None,
) -> TokenSignals:
    """Check and order what :class:`labelsift.signals.signals.Signals` was given."""
    rows = _rows(samples, len(probabilities), ids)
    if offsets is not None and len(offsets) != len(probabilities):
        raise InputError(
            f"token_offsets has {len(offsets):,} rows and token_pred_probs {len(probabilities):,}",
            hint="Give one a sample",
        )
    if len(set(classes)) != len(classes) or len(classes) < 2:
        raise InputError("token_pred_probs needs the tag of each column, once", hint="Name them: Signals(classes=…)")
    types = types_of(classes)
    missing = sorted(set(samples.classes) - set(types))
    if missing:
        raise InputError("Types of the data are not among the classes of token_pred_probs", ids=missing)
    arrays = [np.asarray(probabilities[row], dtype=np.float32) for row in rows]
    texts, names = samples.texts.to_pylist(), samples.ids.to_pylist()
    places = [
        [(int(start), int(end)) for start, end in offsets[row]] if offsets is not None else spaced(text)
        for row, text in zip(rows, texts, strict=True)
    ]
    _refuse(arrays, places, texts, names, columns=len(classes))
    return TokenSignals(arrays, places, tuple(classes), types)


def _rows(samples: Samples, count: int, ids: Sequence[str] | None) -> list[int]:
    if ids is None:
        if count != len(samples):
            raise InputError(
                f"token_pred_probs has {count:,} rows, but the data has {len(samples):,}",
                hint="Give as many in the same order, or name the samples: Signals(ids=…)",
            )
        return list(range(count))
    position = {str(sample_id): row for row, sample_id in enumerate(ids)}
    if len(position) != count or len(ids) != count:
        raise InputError("The ids do not name each row of token_pred_probs once", hint="Name one sample a row")
    missing = [sample_id for sample_id in samples.ids.to_pylist() if sample_id not in position]
    if missing:
        raise InputError("token_pred_probs says nothing of these samples", ids=missing, hint="Add their rows")
    return [position[sample_id] for sample_id in samples.ids.to_pylist()]


def _refuse(
    arrays: Sequence[np.ndarray],
    places: Sequence[Sequence[tuple[int, int]]],
    texts: Sequence[str],
    names: Sequence[str],
    *,
    columns: int,
) -> None:
    faults: dict[str, list[str]] = {}
    for array, offsets, text, name in zip(arrays, places, texts, names, strict=True):
        fault = _fault(array, offsets, text, columns)
        if fault:
            faults.setdefault(fault, []).append(name)
    for fault, ids in faults.items():
        raise InputError(
            f"The token probabilities of these samples {fault}", ids=ids,
            hint="Give one row a token: those of token_offsets, or without it those between white space",
        )  # fmt: skip


def _fault(array: np.ndarray, offsets: Sequence[tuple[int, int]], text: str, columns: int) -> str | None:
    if array.size == 0 and not offsets:
        return None
    if array.shape != (len(offsets), columns):
        return f"have another shape than (tokens, {columns})"
    if not np.isfinite(array).all() or (array < -ROUNDING).any():
        return "hold NaN, infinity or negative values"
    if (np.abs(array.sum(axis=1) - 1) > ROUNDING).any():
        return "do not sum to one"
    ends = [0, *(end for _, end in offsets)]
    if any(start < before or end <= start for (start, end), before in zip(offsets, ends[:-1], strict=True)):
        return "have tokens that are empty or not in order"
    return "have tokens behind the end of the text" if ends[-1] > len(text) else None
