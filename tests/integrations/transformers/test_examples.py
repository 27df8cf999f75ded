"""Examples of trainings with transformers, sentence-transformers and SetFit run as they stand, and say what holds."""

from __future__ import annotations

import re
import runpy
import sys
from pathlib import Path

import frameworks
import pytest

frameworks.require("torch", "transformers", "accelerate", "sentence_transformers", "setfit", "datasets")
pytestmark = [pytest.mark.xdist_group("torch"), pytest.mark.slow, pytest.mark.filterwarnings("default")]
EXAMPLES = Path(__file__).parents[3] / "examples"


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("transformers_classification", r"Recorded 4 epochs of 240 tickets; run .*\n\d+ labels are in doubt"),
        ("token_classification", r"Tags of 420 words in 60 held-out tickets; run "),
        ("cross_encoder", r"Recorded 4 epochs of 240 pairs; run .*\nOf the 12 labels"),
        ("setfit_tickets", r"Embeddings of the shape \(24, 32\); run .*\nOf 60 held-out tickets"),
    ],
)
def test_an_example_runs(name, said, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", [name, "--store", str(tmp_path / "store")])
    monkeypatch.syspath_prepend(str(EXAMPLES))
    runpy.run_path(str(EXAMPLES / f"{name}.py"), run_name="__main__")
    assert re.search(said, capsys.readouterr().out)
    assert list((tmp_path / "store" / "captures").iterdir())
