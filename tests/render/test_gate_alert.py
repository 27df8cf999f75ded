"""Alerts of gates: they are for what changed, short, and hold no markup out of the data."""

import pytest
from labelsift.render.gate_alert import alert_text, change, judged_table


@pytest.mark.parametrize(
    ("before", "status", "words"),
    [
        (None, "failed", "failed the first time"),
        ("passed", "failed", "passed before, failed now"),
        ("failed", "passed", "failed before, passed now"),
        ("passed", "not measurable", "passed before, not measurable now"),
        ("not measurable", "passed", "not measurable before, passed now"),
        ("failed", "failed", ""),
        ("passed", "passed", ""),
        (None, "passed", ""),
        (None, "not measurable", ""),
    ],
)
def test_an_alert_is_for_what_changed(before, status, words):
    assert change(before, status) == words


def test_an_alert_of_many_conditions_stays_short_and_holds_no_markup():
    row = {
        **dict.fromkeys(("baseline_run", "difference", "low", "high", "p_value")),
        **{"slug": "x", "n": 40, "value": 0.2, "threshold": 0.1, "operator": "<=", "status": "failed"},
    }
    lines = [f"error_rate <= 0.1 in s{number}" for number in range(50)]
    result = {
        "run": "r",
        "dataset": "<!channel> `tickets`",
        "conditions": [{"condition": line, "status": "failed", "words": ""} for line in lines],
        "rows": [
            {**row, "condition": line, "slice": f'state = "[x](http://{place})"'}
            for line in lines
            for place in range(50)
        ],
    }
    text = alert_text(result, headline="Gate failed", changed="failed the first time")
    assert len(text.splitlines()) < 40
    assert "and 45 more conditions" in text
    assert "and 45 more slices" in text
    assert not [part for part in ("[x]", "<!", "`") if part in text]


def test_the_table_holds_what_was_judged(make_report):
    report = make_report(400, predicted=True)
    result = report.gate(["accuracy >= 0.9 by state", "accuracy >= 0.9 by age", "error_rate <= 0.2"]).as_dict()
    table = judged_table(result)
    n, status = table.columns.index("n"), table.columns.index("status")
    assert len(result["rows"]) > len(table.rows) > 1  # without those that are too few
    assert min(row[n] for row in table.rows) >= 10
    assert {row[status] for row in table.rows} == {"passed"}
