"""Cut-off and extreme texts by the lengths of a data set: a pile at a limit, and robust z-scores of the logarithm.

Both are told from the data set's own distribution: a length is extreme where next to no other text is as long or as
short, and a text is cut off where many texts that are unlike end at exactly the greatest length.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from ..data.long_texts import LONGEST

FEWEST_TEXTS = 50  # different ones, below which nothing is said of lengths
_NEAR = 20  # lengths below the limit that tell how many texts would end there by chance
_SHORTEST_LIMIT = {"characters": 50, "bytes": 50, "words": 20}
_DIFFERENT = 0.6  # share of a pile's texts with a beginning and an end of their own: no form that was filled in
_EDGE = 12  # characters of these
_CLOSED = r"[.!?…。！？։؟।:;)\]}\"'”’»」』>*]\s*$|\p{So}\s*$"


@dataclass(frozen=True)
class Limit:
    """A length at which texts were cut.

    Parameters
    ----------
    length, unit
        So many characters, bytes or words.
    rows
        Of the texts that have this length and do not end with a closing mark.
    """

    length: int
    unit: str
    rows: np.ndarray


def cut_at_limit(texts: pa.ChunkedArray, same_text: np.ndarray, *, fewest: int) -> Limit | None:
    """Find the limit at which a data set's texts were cut, or None where there is none.

    Parameters
    ----------
    same_text
        int64, shape (n,): the number of each text; equal texts count once.
    fewest
        Different texts at the limit that make a pile.
    """
    different = np.unique(same_text, return_index=True)[1]
    if len(different) < FEWEST_TEXTS:
        return None
    sizes = {
        "characters": pc.utf8_length(texts),
        "bytes": pc.binary_length(texts),
        "words": pc.count_substring_regex(texts, r"\S+"),
    }
    for unit, lengths in sizes.items():
        length = lengths.to_numpy().astype(np.int64)
        limit = int(length.max())
        if limit < _SHORTEST_LIMIT[unit] or (unit != "words" and limit >= LONGEST):  # those the scan has cut itself
            continue
        pile = different[length[different] == limit]
        below = length[different] >= limit - _NEAR
        by_chance = (below.sum() - len(pile)) / _NEAR
        few = len(pile) < max(fewest, 4 * by_chance + 3) or len(pile) > len(different) / 2
        if few or not _unlike(texts.take(pa.array(pile))):
            continue
        rows = np.flatnonzero(length == limit)
        closed = pc.match_substring_regex(texts.take(pa.array(rows)), _CLOSED).to_numpy()
        return Limit(limit, unit, rows[~closed]) if not closed.all() else None
    return None


def _unlike(texts: pa.ChunkedArray) -> bool:
    """Tell whether most texts begin and end in their own way."""
    edges = (pc.utf8_slice_codeunits(texts, 0, _EDGE), pc.utf8_slice_codeunits(texts, -_EDGE, None))
    return all(len(pc.unique(edge)) >= _DIFFERENT * len(texts) for edge in edges)


def extreme_lengths(
    texts: pa.ChunkedArray, same_text: np.ndarray, *, deviations: float, times_longer: float, times_shorter: float
) -> tuple[np.ndarray, np.ndarray, float]:
    """Find texts that are far longer or shorter than nearly all others.

    Parameters
    ----------
    deviations
        Robust standard deviations (1.48 × the median deviation) of the logarithm that a length must be off.
    times_longer, times_shorter
        Times the median that a long text must have, and that the median must have a short one's.

    Returns
    -------
    tuple
        (rows of long texts, rows of short ones, the median length). Where more than one text in a hundred is as
        extreme they are a kind of text of their own, and none is returned.
    """
    nothing = np.empty(0, dtype=np.int64)
    different = np.unique(same_text, return_index=True)[1]
    if len(different) < FEWEST_TEXTS:
        return nothing, nothing, float("nan")
    length = pc.utf8_length(pc.utf8_trim_whitespace(texts)).to_numpy().astype(np.float64)
    logs = np.log(np.maximum(length, 1))
    middle = float(np.median(logs[different]))
    spread = max(1.4826 * float(np.median(np.abs(logs[different] - middle))), 0.1)
    off = (logs - middle) / spread
    long = (off > deviations) & (length > times_longer * np.exp(middle))
    short = (off < -deviations) & (length * times_shorter < np.exp(middle)) & (length > 0)
    most = max(len(different) / 100, 1)
    rows = [np.flatnonzero(chosen) if chosen[different].sum() <= most else nothing for chosen in (long, short)]
    return rows[0], rows[1], float(np.exp(middle))
