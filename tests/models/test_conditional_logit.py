"""Conditional logit: it finds the weights that made the choices, also where rows have few alternatives."""

import numpy as np
from labelsift.models.conditional_logit import out_of_part_choices


def test_choices_are_calibrated_and_alternatives_that_are_not_there_get_nothing():
    rng = np.random.default_rng(0)
    features = rng.normal(size=(4_000, 4, 2))
    there = np.ones((4_000, 4), dtype=bool)
    there[::2, 3] = False
    scores = np.where(there, features @ np.array([1.5, -0.5]), -np.inf)
    true = np.exp(scores) / np.exp(scores).sum(axis=1, keepdims=True)
    chosen = np.array([rng.choice(4, p=row) for row in true])
    chances = out_of_part_choices(features, there, chosen, np.arange(4_000) % 3)
    assert np.abs(chances - true).mean() < 0.02
    assert not chances[~there].any() and np.allclose(chances.sum(axis=1), 1)


def test_one_part_and_features_that_say_nothing():
    chances = out_of_part_choices(np.zeros((5, 3, 1)), np.ones((5, 3), bool), np.zeros(5, int), np.zeros(5, int))
    assert np.allclose(chances, 1 / 3)
