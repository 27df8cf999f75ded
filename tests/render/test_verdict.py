"""The verdict as Markdown: a golden text, escaping, and which slices are called worse."""

from __future__ import annotations

from types import SimpleNamespace

import pyarrow as pa
import pytest
from labelsift.render.class_health import ClassHealth
from labelsift.render.counts import IssueCount
from labelsift.render.verdict import FEWEST, MAX_LENGTH, SHOWN, escaped, summary

WHOLE = {"accuracy": 0.8125, "f1": 0.4567, "label_issue_rate": 0.1}
RANGE = {"accuracy_low": 0.79, "accuracy_high": 0.8301, "f1_low": 0.44, "f1_high": 0.4789}
GOLDEN = """\
### labelsift: 12 labels look wrong

Labels are worst where state = CA: 30 % are flagged. Of them half\\|so.

The proxy model (trained by the scan, out of sample) agrees with 81.2 % of the judged labels; macro F1 0.457.

**Issues**

| Issue | Samples | Share |
| --- | --- | --- |
| Suspicious labels | 1,200 | 12.0 % |

- Imbalance: Much \\*noise\\*.

**Most common mix-ups**

| Given label | Looks like | Samples |
| --- | --- | --- |
| a\\|b | &lt;i&gt; | 1,003 |

**Classes with the worst labels**

| Class | Judged labels | Flagged | Share |
| --- | --- | --- | --- |
| card\\_lost | 2,000 | 1,000 | 50 % |

**Slices whose labels are worse than the rest**

| Slice | Judged labels | Flagged | Share | 95 % interval |
| --- | --- | --- | --- | --- |
| state = CA | 1,000 | 300 | 30 % | 27 % – 33 % |

- a note \\*here\\*

Data set tickets, fingerprint `f00`, scan `r1`."""


def health(name, rows, flagged):
    return SimpleNamespace(name=name, rows=rows, flagged=flagged)


def overview(**changed):
    entries = [IssueCount("label", 1_200, 10_000)]
    return SimpleNamespace(**({
        "verdict": "12 labels look wrong", "details": "Of them half|so.", "tells_shares": True, "issues": entries,
        "share_of": lambda entry: f"{100 * entry.rate:.1f} %", "mix_ups": [("a|b", "<i>", 1_003)],
        "named_classes": [health("card_lost", 2_000, 1_000), health("fine", 10, 0)], "notes": ["a note *here*"],
        "report": SimpleNamespace(
            samples=SimpleNamespace(name="tickets", fingerprint="f00", task="classification"), run="r1",
            facts={"checks": {"imbalance": {"verdict": "Much *noise*.", "tables": []},
                              "garbage": {"verdict": "Words of texts.", "tables": []}}}),
    } | changed))  # fmt: skip


def slice_row(predicate="state = CA", judged=1_000, rate=0.3, low=0.27, high=0.33, worse_in="label_issue_rate"):
    return {"predicate": predicate, "worse_in": worse_in, "judged": judged, "label_issues": round(judged * (rate or 0)),
            "label_issue_rate": rate, "label_issue_rate_low": low, "label_issue_rate_high": high}  # fmt: skip


def written(rows=(), source="proxy model", whole=WHOLE, **changed):
    table = pa.Table.from_pylist(list(rows) or [slice_row(rate=None, low=None, high=None, worse_in="")])
    return summary(overview(**changed), table, whole, source)


def test_golden():
    assert written([slice_row()]).replace("\u00a0", " ") == GOLDEN  # no line ends before a percent sign
    assert ClassHealth.__dataclass_fields__.keys() >= {"name", "rows", "flagged"}  # as the stand-in has them


@pytest.mark.parametrize(
    ("row", "worse"),
    [
        (slice_row(), True),
        (slice_row(worse_in=""), False),  # its own interval lies above the data set's rate: of many slices some does
        (slice_row(worse_in="accuracy"), False),
        (slice_row(worse_in="label_issue_rate, accuracy"), True),
    ],
)
def test_a_slice_is_called_worse_only_where_the_table_calls_it_so(row, worse):
    text = written([row])
    assert ("Labels are worst where state = CA" in text) == ("Slices whose labels" in text) == worse


def test_of_many_rows_the_first_eight_are_shown():
    text = written([slice_row(f"s = {place}") for place in range(12)],
                   mix_ups=[(f"given {place}", "x", 2) for place in range(12)],
                   named_classes=[health(f"class {place}", 100, 5) for place in range(12)],
                   notes=[f"note {place}" for place in range(12)])  # fmt: skip
    assert SHOWN == 8 and FEWEST == 10  # with 9 labels the interval of 0 % reaches to 30 %
    for word in ("s = ", "given ", "class ", "note "):
        assert f"{word}7" in text and f"{word}8" not in text
    assert "where s = 0:" in text


def test_without_shares_none_is_written():
    text = written([slice_row()], tells_shares=False)
    assert "| Class | Judged labels | Flagged |\n| --- | --- | --- |\n| card\\_lost | 2,000 | 1,000 |" in text
    assert "Slices" not in text and "worst where" not in text


def test_whose_predictions_are_judged_is_said():
    assert "The predicted column agrees with 81.2\u00a0% of the given labels" in written(source="predicted")
    text = written(source="predicted", whole=WHOLE | RANGE).replace("\u00a0", " ")
    assert "agrees with 81.2 % (79 % to 83 %) of the given labels; macro F1 0.457 (0.440 to 0.479)." in text
    assert "81.2 % of" in written(whole=WHOLE | RANGE | {"accuracy_high": float("nan")}).replace("\u00a0", " ")
    assert "agrees" not in written(source="")
    assert "agrees" not in written(whole=WHOLE | {"accuracy": float("nan")})


def test_empty_parts_leave_no_heading_and_long_ones_are_left_out_whole():
    text = written(issues=[], mix_ups=[], named_classes=[], notes=[], details="")
    assert "|" not in text and "\n\n\n" not in text
    long = written(notes=["y" * 490] * 8, named_classes=[health("z" * 70, 50, 5)] * 8, details="w" * 3_000)
    assert len(long) <= MAX_LENGTH
    assert long.endswith("scan `r1`.") and "z" * 59 in long and "z" * 60 not in long


def test_every_sign_of_markdown_and_html_is_escaped():
    assert escaped("\\`*_{}[]|~#!<&>") == "\\\\\\`\\*\\_\\{\\}\\[\\]\\|\\~\\#\\!&lt;&amp;&gt;"
    assert "\n" not in escaped("a\nb")
    assert len(escaped("x" * 5_000)) == 2_000


def test_the_users_probabilities_spans_and_what_is_counted_are_said():
    text = written(source="user's probabilities")
    assert (
        "The user's model, by its probabilities, agrees with 81.2 % of the given labels; macro F1 0.457"
        in text.replace("\xa0", " ")
    )
    report = overview().report
    report.samples.task = "spans"
    table = pa.Table.from_pylist([slice_row(rate=None, low=None, high=None, worse_in="")])
    said = summary(overview(report=report), table, WHOLE, "predicted column", "on split test, 400 rows")
    assert "of the given texts, with all their spans, (on split test, 400 rows); entity F1 0.457" in said
