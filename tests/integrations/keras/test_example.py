"""The script of examples/ on Keras ends with a report, on PyTorch and on TensorFlow."""

from __future__ import annotations

import frameworks
import pytest
from example_scripts import printed

frameworks.require("torch", "keras")


@pytest.mark.slow
@pytest.mark.xdist_group("torch")
def test_the_example_finds_the_wrong_labels(tmp_path):
    assert "labels are probably wrong" in printed("keras_tickets", tmp_path, KERAS_BACKEND="torch")


@pytest.mark.soak
def test_the_example_runs_on_tensorflow(tmp_path):
    frameworks.require("tensorflow")
    assert "labels are probably wrong" in printed("keras_tickets", tmp_path, KERAS_BACKEND="tensorflow")
