"""Synthetic span errors: another type is never the span's own, and mostly what the tagger finds second likeliest."""

from collections import Counter

import numpy as np
from labelsift.label_quality.spans.synthetic_errors import WRONG_TAG, synthetic_errors


def test_wrong_types_follow_the_second_choices_of_the_tagger():
    forms = [["ann", "left", "early"]] * 400
    given = [[(0, 0, number % 3)] for number in range(400)]
    shares = np.array([0.64, 0.36, 0.0])
    drawn = [
        (given[text][0][2], span[2])
        for text, span, kind in synthetic_errors(forms, given, types=3, seed=0, shares=lambda *_: shares)
        if kind == WRONG_TAG
    ]
    assert len(drawn) == 400 and all(own != other for own, other in drawn)
    of_third = Counter(other for own, other in drawn if own == 2)
    assert 0.45 < of_third[0] / sum(of_third.values()) < 0.7
    assert Counter(other for own, other in drawn if own == 0)[2] < 5


def test_a_single_type_is_never_wrong():
    kinds = {kind for _, _, kind in synthetic_errors([["ann", "left"]] * 5, [[(0, 0, 0)]] * 5, types=1, seed=0)}
    assert WRONG_TAG not in kinds
