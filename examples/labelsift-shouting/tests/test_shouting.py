"""The example's own tests: with labelsift installed, its check runs in every scan."""

import labelsift as ls
import pyarrow as pa
import pytest

TEXTS = [
    "WHERE IS MY ORDER, I WANT IT NOW",
    "where is my order, please",
    "OK",
    "ΠΟΥ ΕΙΝΑΙ Η ΠΑΡΑΓΓΕΛΙΑ ΜΟΥ ΤΩΡΑ",
    "注文はどこですか",
]


def scanned(**settings):
    checks = {"shouting": settings} if settings else None
    return ls.scan(pa.table({"text": TEXTS}), only=["shouting"], checks=checks, store=None, progress=False)


def test_texts_in_capitals_are_flagged_and_short_ones_not_judged():
    report = scanned()
    assert report.scores["is_shouting_issue"].to_pylist() == [True, False, False, True, False]
    assert [score is None for score in report.scores["shouting_score"].to_pylist()] == [False, False, True, False, True]
    assert report.facts["checks"]["shouting"]["verdict"] == "2 of 3 texts are written in capitals."
    assert {row["reason"] for row in report.findings.to_pylist()} == {"100% of its letters are capitals."}


def test_settings_move_the_threshold_and_wrong_ones_are_refused():
    assert scanned(letters=1).scores["is_shouting_issue"].to_pylist()[2]
    with pytest.raises(ls.InputError, match="goes from 0 to 1"):
        scanned(share=2)
