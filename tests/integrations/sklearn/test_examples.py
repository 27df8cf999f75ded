"""The scripts of examples/ on scikit-learn end with a report."""

from __future__ import annotations

import pytest
from example_scripts import printed


@pytest.mark.slow
@pytest.mark.parametrize("name", ["sklearn_pipeline", "sentence_embeddings_head"])
def test_the_example_finds_the_wrong_labels(name, tmp_path):
    pytest.importorskip("sklearn")
    assert "labels are probably wrong" in printed(name, tmp_path)
