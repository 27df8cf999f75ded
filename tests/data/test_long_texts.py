"""Texts of megabytes are judged by their beginnings, kept whole, and it is said."""

from __future__ import annotations

import labelsift as ls
import pyarrow as pa
from labelsift.data.long_texts import LONGEST, cut_for_judging


def _samples(*texts: str):
    ids = [f"t{number}" for number in range(len(texts))]
    return ls.read(
        pa.table({"id": ids, "text": list(texts), "label": ["a", "b"] * (len(texts) // 2)}), id="id", label="label"
    )


def test_short_texts_stay_the_same_object():
    samples = _samples("card lost", "x" * LONGEST)
    assert cut_for_judging(samples) == (samples, ())


def test_a_long_text_is_judged_by_its_beginning_and_kept_whole(tmp_path):
    long, other = "w\u00fcrd " * LONGEST, "w\u00fcrd " * (LONGEST + 1)
    samples = _samples(long, other, long, "short")
    judged, notes = cut_for_judging(samples)
    cut = judged.texts.to_pylist()
    assert max(map(len, cut)) == LONGEST + 33
    assert cut[0] == cut[2] != cut[1] and cut[3] == "short"
    assert notes == ("3 texts of more than 100,000 characters were judged by the first 100,000: t0, t1, t2.",)
    report = ls.scan(samples, only=["exact_duplicate"], store=tmp_path / "kept")
    again = ls.load(store=tmp_path / "kept")
    assert again.samples.texts.to_pylist() == [long, other, long, "short"]
    assert again.samples.fingerprint == samples.fingerprint
    assert notes[0] in again.notes
    assert {row["id"] for row in report.findings.to_pylist()} == {"t0", "t2"}  # t1 begins alike, and is no copy
