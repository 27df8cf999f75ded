"""Runs that are kept without texts: ids, labels, vectors and hashes only.

In place of its text a row keeps two hashes: ``row_hash``, what it adds to the fingerprint of the samples (see
:attr:`labelsift.data.samples.Samples.digest`), so that the rows can still be proven; and ``text_hash``, by which a text
that people judged is known again (see :mod:`labelsift.data.hashing`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from ..errors import InputError
from .hashing import text_hash
from .issues import issue_named
from .samples import ROW_HASH, TEXT_HASH, Samples
from .schemas import with_column, without_words

SETTING = "texts"  # in a run's settings; False where the texts are not kept


def as_kept(samples: Samples, settings: Mapping[str, Any]) -> Samples:
    """Return the samples as a run with these settings keeps them."""
    return without_texts(samples) if settings.get(SETTING) is False else samples


def without_texts(samples: Samples) -> Samples:
    """Return the samples with empty texts and with the hashes that stand for them; once more changes nothing."""
    if samples.textless or not samples.has_texts:
        return samples
    row_hashes = pa.array([digest.hex() for digest in samples.row_hashes()], pa.string())
    table = with_column(samples.table, "text", pa.array([""] * len(samples), pa.string()))
    table = table.append_column(ROW_HASH, row_hashes).append_column(TEXT_HASH, hashed_texts(samples))
    return replace(samples, table=table)


def without_quotes(findings: pa.Table, settings: Mapping[str, Any]) -> pa.Table:
    """Return the findings as a run with these settings keeps them: without the words that reasons quote.

    Nor has it the places of words: with lengths and order, they tell something of a text.
    """
    if settings.get(SETTING) is not False:
        return findings
    findings = without_words(findings)
    of_spans = pc.equal(findings["issue"], "span")
    reasons = pc.if_else(of_spans, issue_named("span").meaning, findings["reason"])
    return with_column(findings, "reason", reasons)


def hashed_texts(samples: Samples) -> pa.ChunkedArray:
    """Return the hash of each text: strings, shape (n,)."""
    if samples.textless:
        return samples.table[TEXT_HASH]
    return pa.chunked_array([pa.array(map(text_hash, samples.texts.to_pylist()), pa.string())])


def comparable_texts(*several: Samples) -> list[pa.ChunkedArray]:
    """Return the texts of each, or the hashes of all where one has no texts: equal exactly where the texts are."""
    hashed = any(samples.textless for samples in several)
    return [hashed_texts(samples) if hashed else samples.texts for samples in several]


def require_texts(samples: Samples, what: str, *, run: str, hint: str = "") -> None:
    """Refuse what cannot be done without the texts.

    Parameters
    ----------
    what
        What needs them, as the subject of a sentence: ``A push``.
    run
        What was kept without: the name of the run.
    hint
        Another way than to scan again.

    Raises
    ------
    InputError
        If the samples have no texts.
    """
    if samples.textless:
        raise InputError(
            f"{what} needs the texts, and {run} was kept without texts",
            hint=hint or "Scan the file again, with its texts kept",
        )


def same_rows(samples: Samples, kept_digest: str | None) -> bool:
    """Tell whether the rows are those that were kept: their hashes alone do not show a changed label."""
    return not samples.textless or f"{samples.kept_digest:032x}" == kept_digest


def without_rows(kept_digest: str, gone: Samples) -> str:
    """Return the digest of what stays once some rows are gone."""
    return f"{(int(kept_digest, 16) - gone.kept_digest) % 2**128:032x}"
