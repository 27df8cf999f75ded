"""Garbage that one text alone tells, for all rows of a data set: prefilters in Arrow, then the rules of texts/.

Regular expressions that run in linear time (RE2) choose the few texts that a rule looks at.
"""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from ..store.cache import versions_of
from ..texts import encoding_damage, keyboard_mash, markup, model_leftovers, repetition
from .context import Context

_SIGN = pa.struct(
    [
        ("kind", pa.string()),
        ("detail", pa.string()),  # of a language model's words; repairable of an encoding
        ("count", pa.int32()),
        ("share", pa.float32()),
        ("start", pa.int32()),
    ]
)
_LEAST = 0.25  # share of a text that is kept as a sign, below every threshold that makes sense
_VERSION = 1  # of the rules

Sign = dict[str, object]


def signs(context: Context) -> pa.ListArray:
    """Return the signs of garbage in each text, a list of structs a row; kept for the next scan."""
    texts = context.samples.texts

    def read(rows: np.ndarray) -> pa.ListArray:
        return signs_in(texts.take(pa.array(rows)))

    maker = f"rules {_VERSION}, {versions_of('ftfy')}"
    return context.cache.rows("garbage", maker, context.text_hashes, read)


def signs_in(texts: pa.ChunkedArray) -> pa.ListArray:
    """Return the signs of garbage in each text."""
    signs: list[list[Sign]] = [[] for _ in range(len(texts))]
    long = pc.greater_equal(pc.utf8_length(texts), repetition.RUN)
    for mask, rule in (
        (pc.match_substring_regex(texts, encoding_damage.SUSPICIOUS), _encoding),
        (pc.match_substring_regex(texts, markup.CONTROL), _control_characters),
        (pc.match_substring_regex(texts, model_leftovers.SUSPICIOUS), _model_leftover),
        (pc.match_substring_regex(texts, keyboard_mash.SUSPICIOUS), _mash),
        (_mostly_symbols(texts), _symbols),
        (long, _repetition),
        (pc.match_substring_regex(texts, markup.SUSPICIOUS), _markup),
    ):
        rows = np.flatnonzero(mask.to_numpy())
        for row, text in zip(rows.tolist(), texts.take(pa.array(rows)).to_pylist(), strict=True):
            if sign := rule(text):
                signs[row].append(sign)
    return pa.array(signs, pa.list_(_SIGN))


def _mostly_symbols(texts: pa.ChunkedArray) -> pa.ChunkedArray:
    rest = pc.utf8_length(pc.replace_substring_regex(texts, repetition.NO_CONTENT, ""))
    enough = pc.greater_equal(rest, repetition.SYMBOLS_FROM)
    return pc.and_(enough, pc.greater_equal(pc.multiply(rest, int(1 / _LEAST)), pc.utf8_length(texts)))


def _sign(kind: str, *, detail: str = "", count: int = 0, share: float = 0.0, start: int = -1) -> Sign:
    return {"kind": kind, "detail": detail, "count": count, "share": share, "start": start}


def _encoding(text: str) -> Sign | None:
    count = encoding_damage.damage(text)
    if not count:
        return None
    whole = encoding_damage.repaired(text) is not None
    return _sign("encoding", detail="repairable" if whole else "", count=count)


def _control_characters(text: str) -> Sign | None:
    count, start = markup.control_characters(text)
    return _sign("control_characters", count=count, start=start) if count else None


def _model_leftover(text: str) -> Sign | None:
    leftover = model_leftovers.model_leftover(text)
    return _sign("model_leftover", detail=leftover) if leftover else None


def _mash(text: str) -> Sign | None:
    share = 1.0 if keyboard_mash.of_one_row(text) else keyboard_mash.run_share(text)
    return _sign("mash", share=share) if share >= _LEAST else None


def _symbols(text: str) -> Sign | None:
    share = repetition.symbol_share(text)
    return _sign("symbols", share=share) if share >= _LEAST else None


def _repetition(text: str) -> Sign | None:
    share = repetition.repeated_share(text)
    return _sign("repetition", share=share) if share >= _LEAST else None


def _markup(text: str) -> Sign | None:
    count, size, start = markup.markup(text)
    return _sign("markup", count=count, share=size / len(text), start=start) if count else None
