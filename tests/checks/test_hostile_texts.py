"""Hostile texts: every check of the rows stands any text, alone and among others, and its results keep their form."""

from __future__ import annotations

import dataclasses
import hashlib

import labelsift as ls
import numpy as np
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from labelsift.checks.registry import checks
from labelsift.data.schemas import FINDINGS_SCHEMA

ROWS = [check for check in checks() if check.group == "rows"]


class Hashed:
    """An embedder of nothing but hashes, for scans that need vectors."""

    name, dimensions, languages = "hashed", 8, None

    def embed(self, texts):
        digests = [hashlib.blake2b(text.encode(), digest_size=16).digest() for text in texts]
        return np.array([np.frombuffer(digest, np.uint16) for digest in digests], dtype=np.float32) + 1


def scanned(texts: list[str], *, labels: list[str] | None = None) -> ls.Report:
    """Run all checks of the rows over texts that stand in metadata, too."""
    n = len(texts)
    table = {
        "id": [f"r{row}" for row in range(n)],
        "text": pa.array(texts, pa.string()),
        "note": [text[:2_000] for text in reversed(texts)],
    }
    table["split"] = ["train" if row % 3 else "test" for row in range(n)]
    if labels:
        table["label"] = labels
    report = ls.scan(
        pa.table(table),
        id="id",
        label="label" if labels else None,
        split="split",
        metadata=["note"],
        only=["rows"],
        embedder=Hashed(),
        store=None,
        progress=False,
    )
    _require_form(report)
    return report


def _require_form(report: ls.Report) -> None:
    """Results of every check have one row a sample, scores from 0 to 1 and findings that a file can hold."""
    scores, ids = report.scores, set(report.samples.ids.to_pylist())
    assert scores["id"].to_pylist() == report.samples.ids.to_pylist()
    findings = report.findings
    assert findings.schema == FINDINGS_SCHEMA
    for row in findings.to_pylist():
        assert row["scope"] != "sample" or row["id"] in ids
        assert row["reason"]
        row["reason"].encode()
        row["evidence"].encode()
    for name in scores.column_names:
        if name.endswith("_score"):
            values = scores[name].drop_null().to_numpy()
            assert ((values >= 0) & (values <= 1)).all(), name


# Characters that files, people and attackers write: controls, joiners, directions, marks, far planes, markup.
ODD = (
    "\x00\x01\x07\x1b\x7f\x85\xa0\xad\u034f\u061c\u115f\u180e\u200b\u200c\u200d\u200e\u202e\u2028\u2060\u2066"
    "\ufeff\ufffd\ufffe\ufe0f\u0301\u0e31\u093f\U000e0001\U0010ffff\U0001f468\U0001f3fd🎉😂"
    "éÃ¤â€™ßİıſKﬁ①²½ٱ漢かカ한ไत्ש"
    "<>&;#=?%[]{}()`'\"\\/|-_.,:!@$^*+~ \t\r\n0123456789aAeExXzZ"
)
PIECES = (
    "<a href=x", "</p>", "&amp;", "&#39;", "=?utf-8?B?",
    "=C3=A4", "\\x", "\\u00e4", "```", "`", "<!--", "[/quote]", "??",
    "aaaa", "asdf", "qwer", "http://", "@", "#", "as an ai language model", "I'm sorry, but I cannot", "Sure, here is",
    "مرحبا", "שלום", "привет", "こんにちは", "สวัสดี", "नमस्ते",
    "not", "1234", "4111 1111 1111 1111", "a@b.co", "AKIA", "-----BEGIN",
    "+49 170 1234567", "DE89 3704 0044 0532 0130 00", "eyJ", "password=", "://", "::", "0x", "%00", "\r\n",
)  # fmt: skip
texts = st.one_of(
    st.text(max_size=60),
    st.text(alphabet=ODD, max_size=80),
    st.lists(st.one_of(st.sampled_from(PIECES), st.text(alphabet=ODD, max_size=3)), max_size=12).map("".join),
    st.tuples(st.sampled_from((*PIECES, *ODD)), st.integers(1, 300)).map(lambda part: part[0] * part[1]),
)


@pytest.mark.slow
@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(st.lists(texts, min_size=1, max_size=30))
def test_every_check_of_the_rows_stands_any_texts(rows):
    scanned(rows)


@pytest.mark.slow
@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(st.lists(texts, min_size=2, max_size=20), st.randoms(use_true_random=False))
def test_every_check_of_the_rows_stands_any_texts_with_labels(rows, draw):
    scanned(rows, labels=[draw.choice("ab") for _ in rows])


HOSTILE = {
    "nul": "\x00" * 1000,
    "zero width": "\u200b\u200c\u200d\ufeff" * 500,
    "right to left": "\u202eשלום עולם" * 200,
    "emoji": "👩‍👩‍👧‍👦🏳️‍🌈😂" * 300,
    "combining": "e" + "\u0301" * 5000,
    "far planes": "\U0010ffff\U000f0000" * 400,
}


@pytest.mark.slow
@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE.keys())
@pytest.mark.parametrize("rows", [1, 3, 60])
def test_odd_texts_are_scanned_alone_and_among_others(text, rows):
    scanned([text] + [f"an ordinary text with the number {row}" for row in range(rows - 1)])


UNITS = (
    *("a", "ab ", "a.", "a@", "@a.", "1", "1 ", "1-", "+1 ", "(", "((a)", "<", "<a ", "<a b=", "</", "&", "&#1", "`"),
    *("```", "`a", "=", "=?a?b?", "\\x", "\\u", "[/", "?", "?? ", "!", "\n", " ", "\t", "é", "Ã", "Ã¤", "\ufffd"),
    *("あ", "😂", "\x00", "\u200d"),
    *("asdf", "A1", "eyJ.", "key=", "://", "a:", "%", "{", "{{", "-----", "/", "x" * 9 + "-"),
)  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize("size", [200_000, pytest.param(1_000_000, marks=pytest.mark.soak)])
def test_long_texts_of_any_unit_are_scanned_once(size):
    """A rule that looks again from every place would take hours: all units stand in one scan, a row each."""
    texts = [(unit * (size // len(unit) + 1))[:size] + "!" for unit in UNITS]
    report = scanned(texts)
    assert len(report.scores) == len(UNITS)


@pytest.mark.slow
@pytest.mark.parametrize("text", ["<p>the same text &amp; again</p>", "asdf jklö qwer", "an ordinary text", "\x00"])
def test_ten_thousand_identical_rows_are_one_pile(text):
    report = scanned([text] * 10_000)
    assert report.scores["is_exact_duplicate_issue"].to_pylist() == [text != "\x00"] * 10_000
    assert not any(report.scores["is_near_duplicate_issue"].to_pylist())


def test_one_hostile_row_changes_nothing_for_the_others():
    ordinary = [f"my order number {row} came late and the box was open, please help me" for row in range(80)]
    alone, beside = scanned(ordinary), scanned([*ordinary, "\x00<p>" * 1000])
    for name in ("is_garbage_issue", "is_language_issue", "is_empty_issue"):
        assert beside.scores[name].to_pylist()[:80] == alone.scores[name].to_pylist()


def test_no_check_of_the_rows_is_left_out():
    assert {"empty", "language", "exact_duplicate", "near_duplicate", "garbage"} <= {check.name for check in ROWS}
    assert all(dataclasses.is_dataclass(check.settings) for check in ROWS if check.settings is not None)
