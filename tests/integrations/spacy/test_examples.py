"""The scripts of examples/ on spaCy end with a report."""

from __future__ import annotations

import frameworks
import pytest
from example_scripts import printed

frameworks.require("spacy")
pytestmark = pytest.mark.soak


def test_the_examples_end_with_a_report(tmp_path):
    assert "Report of tickets" in printed("spacy_textcat", tmp_path)
    assert "P(city)" in printed("spacy_ner", tmp_path)
