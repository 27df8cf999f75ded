"""The script of examples/ on XGBoost ends with the labels that the trees could not agree with."""

from __future__ import annotations

import frameworks
import pytest
from example_scripts import printed

frameworks.require("xgboost")
pytestmark = pytest.mark.soak


def test_the_example_finds_the_wrong_labels(tmp_path):
    assert "C230 C240" in printed("xgboost_table", tmp_path)
