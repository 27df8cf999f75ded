"""The registry: one check a name, in the order in which they run."""

from __future__ import annotations

import pytest
from labelsift.checks import checks
from labelsift.checks.registry import check
from labelsift.data.schemas import ISSUES


def test_the_checks_run_in_an_order_that_serves_them():
    names = [one.name for one in checks() if "classification" in one.tasks]
    assert {one.name for one in checks()} <= set(ISSUES)
    assert len(names) == len(set(names))
    # Which rows can be read is known before labels and outliers are judged; conflicts use the model's word.
    assert names.index("language") < names.index("label") < names.index("conflicting_labels")
    assert names.index("language") < names.index("outlier")


def test_a_name_is_taken_once():
    with pytest.raises(ValueError, match="a check called label already"):
        check("label")(lambda context: None)
