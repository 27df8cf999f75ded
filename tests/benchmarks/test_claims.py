"""The benchmark of claims: its data are what their names say, and one tiny condition runs to the end."""

from __future__ import annotations

import sys
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("cleanlab")
sys.path.insert(0, str(Path(__file__).parents[2]))  # benchmarks are no part of the package

from benchmarks import claims, made_labels
from benchmarks.made_labels import CLEAN, CONDITIONS, HUMAN, QUICK, Condition, near, none, topics, uniform

TINY = Condition("tiny topics", "plain", topics, 240, 3, uniform(0.1))


def test_there_are_as_many_conditions_of_each_kind_as_the_claims_need():
    kinds = Counter(each.kind for each in CONDITIONS)
    assert len(CONDITIONS) >= 40
    assert kinds[HUMAN] >= 10 and kinds[CLEAN] >= 8
    assert kinds["rare"] >= 4 and kinds["random"] >= 4 and kinds["swapped"] >= 2
    names = [each.name for each in CONDITIONS]
    assert len(set(names)) == len(names)
    assert set(names) >= QUICK and len(QUICK) == 12
    assert all(60 <= each.rows <= 10_000 and 2 <= each.classes <= 150 for each in CONDITIONS)


def test_the_same_seed_makes_the_same_data_and_another_one_others():
    first, second, other = (TINY.make(seed) for seed in (0, 0, 1))
    assert first[0].texts == second[0].texts and first[0].texts != other[0].texts
    np.testing.assert_array_equal(first[1], second[1])


@pytest.mark.slow
@pytest.mark.parametrize("condition", [each for each in CONDITIONS if each.rows <= 2_000], ids=lambda each: each.name)
def test_conditions_hold_as_many_errors_as_they_say(condition):
    drawn, given = condition.make(0)
    wrong = (given != drawn.truth).mean()
    assert len(given) == condition.rows == len(drawn.truth) == len(drawn.posterior)
    assert set(np.unique(given)) <= set(range(condition.classes))
    np.testing.assert_allclose(drawn.posterior.sum(axis=1), 1, atol=1e-4)
    if condition.kind == CLEAN or "no errors" in condition.name:
        assert wrong == 0
    elif condition.kind in ("plain", HUMAN):
        share = float(condition.name.rsplit(" %", 1)[0].rsplit(" ", 1)[-1]) / 100
        assert abs(wrong - share) < 4 * np.sqrt(share / condition.rows) + share / 4


def test_near_errors_go_to_the_partner_alone():
    drawn, given = Condition("x", "plain", topics, 400, 6, near(0.2)).make(0)
    wrong = given != drawn.truth
    assert wrong.any() and (given[wrong] == (drawn.truth[wrong] ^ 1)).all()


@pytest.mark.slow
def test_a_tiny_condition_is_judged_and_told(capsys, monkeypatch):
    clean = Condition("tiny without errors", CLEAN, topics, 90, 3, none())
    monkeypatch.setattr(claims, "CONDITIONS", (TINY, clean))
    monkeypatch.setattr(sys, "argv", ["claims", "--seeds", "300", "--verbose"])
    claims.main()
    said = capsys.readouterr().out
    assert "tiny topics" in said and "2 scans, seeds 300 to 300" in said
    assert "without errors, more than 1 % flagged: 0.0%" in said
    assert "held " in said and "nan" not in said.split("plain")[-1].split("\n")[0]


def test_an_outcome_says_whether_the_range_held_the_truth():
    outcome = claims.judged(TINY, 301)
    drawn, given = TINY.make(301)
    assert 0 <= outcome.width <= 1 and 0 <= outcome.flagged <= 1
    assert outcome.holds in (True, False) and not outcome.named
    assert (given != drawn.truth).any() and made_labels.HUMAN != outcome.condition.kind
