"""Text normalization: blank texts, case and Unicode folding, and groups of equal texts."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

# White space (\s knows only ASCII's), control characters and the invisible ones that web pages leave behind.
_INVISIBLE = r"[\s\p{Z}\p{Cc}\p{Cf}\x{00ad}\x{034f}\x{115f}\x{1160}\x{2800}\x{3164}\x{fe00}-\x{fe0f}\x{ffa0}]+"


def is_blank(texts: pa.ChunkedArray) -> np.ndarray:
    r"""Tell which texts show nothing: bool, shape (n,).

    >>> is_blank(pa.chunked_array([["a", " ", "", "\u200b\u00a0\n"]])).tolist()
    [False, True, True, True]
    """
    bare = pc.replace_substring_regex(texts, _INVISIBLE, "")
    return pc.equal(bare, "").to_numpy()


def folded(texts: pa.ChunkedArray) -> pa.ChunkedArray:
    r"""Return the texts in one case and Unicode form (NFKC), with single spaces.

    >>> folded(pa.chunked_array([["Hello \n WORLD"]])).to_pylist()
    ['hello world']
    """
    lower = pc.utf8_lower(pc.utf8_normalize(texts, form="NFKC"))
    return pc.utf8_trim_whitespace(pc.replace_substring_regex(lower, r"[\s\p{Zs}]+", " "))


def duplicate_groups(texts: pa.ChunkedArray) -> np.ndarray:
    """Give equal texts (see :func:`folded`) the same number: int64, shape (n,)."""
    forms = folded(texts)
    return pc.index_in(forms, value_set=pc.unique(forms)).to_numpy().astype(np.int64)
