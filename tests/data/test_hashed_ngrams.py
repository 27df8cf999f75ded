"""Character n-grams by hash bucket."""

from __future__ import annotations

import numpy as np
from labelsift.data.hashed_ngrams import BUCKETS, bucket_counts, buckets_in


def test_each_text_has_its_own_buckets_whatever_stands_beside_it():
    texts = ["ab", "", "the cat", "日本語", "ab"]
    starts, buckets, counts = bucket_counts(texts)
    for row, text in enumerate(texts):
        alone = bucket_counts([text])
        mine = slice(starts[row], starts[row + 1])
        assert np.array_equal(buckets[mine], alone[1])
        assert np.array_equal(counts[mine], alone[2])
    assert buckets.max() < BUCKETS


def test_no_ngram_crosses_a_word():
    together = set(buckets_in(["one two"]).tolist())
    assert together == set(buckets_in(["one"]).tolist()) | set(buckets_in(["two"]).tolist())


def test_ngrams_are_counted():
    _, buckets, counts = bucket_counts(["aa"])  # a twice; _a, aa, a_; _aa, aa_; _aa_
    assert sorted(counts.tolist()) == [1, 1, 1, 1, 1, 1, 2]
    assert len(set(buckets.tolist())) == 7
