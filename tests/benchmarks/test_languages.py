"""Informal English stays English, as the benchmark of languages measures it."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[2]))  # benchmarks are no part of the package

from benchmarks.informal_english import informal_english
from benchmarks.languages import _foreign, average_precision


def test_at_most_one_informal_english_text_in_a_hundred_is_called_foreign():
    texts = informal_english(1000, seed=14)
    assert len(set(texts)) == 1000
    assert _foreign(texts).sum() <= 10


def test_foreign_texts_among_them_are_found():
    texts = ["Mi pedido no ha llegado todavía, ¿dónde está?", "где мой заказ", "注文した本がまだ届きません"]
    assert _foreign(texts).all()


def test_average_precision_counts_hits_from_the_top():
    assert average_precision(np.array([True, False, True]), np.array([0.9, 0.8, 0.1])) == (1 + 2 / 3) / 2
