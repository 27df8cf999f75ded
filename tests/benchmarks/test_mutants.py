"""Mutants change one place, are the same for the same seed, and leave docstrings and messages alone."""

from __future__ import annotations

import ast
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[2]))  # benchmarks are no part of the package

from benchmarks.mutants import GROUPS, ROOT, draw, mutants

MODULE = "core/store/hash_chain.py"


@pytest.mark.slow
def test_each_mutant_is_another_program_that_can_be_read():
    source = ast.unparse(ast.parse((ROOT / MODULE).read_text(encoding="utf-8")))
    made = list(mutants(MODULE))
    assert len(made) > 30
    assert len({mutant.source for mutant in made}) > 0.9 * len(made)
    for mutant in made:
        assert mutant.source != source
        ast.parse(mutant.source)
    kinds = ("NotEq", "Sub", "left out", "+ 1", "another name", "without not", "change places")
    assert all(any(kind in mutant.what for mutant in made) for kind in kinds)


def test_docstrings_and_messages_stay():
    strings = {node.value.value for node in ast.walk(ast.parse((ROOT / MODULE).read_text()))
               if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)}  # fmt: skip
    for mutant in mutants(MODULE):
        kept = {node.value for node in ast.walk(ast.parse(mutant.source)) if isinstance(node, ast.Constant)}
        assert strings <= kept


@pytest.mark.slow
def test_a_seed_draws_the_same_and_every_group_has_its_modules_and_tests():
    first, again, other = (draw([MODULE], 5, seed) for seed in (0, 0, 1))
    assert first == again != other
    for modules, tests in GROUPS.values():
        assert all((ROOT / path).exists() for path in (*modules, *tests))
