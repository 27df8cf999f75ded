"""CROWDLAB by cleanlab: nothing of it reaches standard output, where --json stands."""

from __future__ import annotations

import numpy as np
import pytest
from labelsift.data.annotator_labels import AnnotatorLabels
from labelsift.label_quality import crowdlab


def test_what_cleanlab_prints_is_not_shown(capsys):
    pytest.importorskip("cleanlab")
    codes = np.array([[0, 0, 1], [1, 1, 1], [0, 0, 2], [1, 1, 1], [0, 0, 0]] * 4, dtype=np.int32)  # nobody agrees on 2
    probabilities = np.full((20, 3), 0.05)
    probabilities[np.arange(20), codes[:, 0]] = 0.9
    made = crowdlab.by_crowdlab(AnnotatorLabels(("ann", "bob", "eve"), codes), probabilities)
    assert made.method == crowdlab.CROWDLAB
    assert capsys.readouterr().out == ""
