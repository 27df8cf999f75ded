"""Groups of rows that are apart from the rest."""

from __future__ import annotations

import random

import labelsift as ls
import numpy as np
import pyarrow as pa
import pytest
from labelsift.checks.cluster_words import distinctive_words
from labelsift.models.neighbors import NeighborIndex
from labelsift.models.single_linkage import core_similarity, groups_joining

TOPICS = ["card lost bank", "refund money back", "login password account", "parcel late where", "fee charge statement"]
KITCHEN = "chop stir bake simmer fry flour butter eggs onion garlic oven golden".split()


def unit(vectors: np.ndarray) -> np.ndarray:
    return (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)


def made(seed: int, *, foreign: int = 0, rows: int = 900):
    """Five topics that share a direction, and a foreign group that does not."""
    rng = np.random.default_rng(seed)
    words = random.Random(seed)
    centers = np.eye(24)[1:6] * 0.9 + np.eye(24)[0]
    topic = rng.integers(0, 5, rows)
    vectors = unit(centers[topic] + 0.22 * rng.normal(size=(rows, 24)))
    far = unit(np.eye(24)[12] + 0.16 * rng.normal(size=(foreign, 24)))
    texts = [f"my {TOPICS[at]} please {row}" for row, at in enumerate(topic)]
    texts += [f"{' '.join(words.sample(KITCHEN, 4))} {row}" for row in range(foreign)]
    return np.vstack([vectors, far]), texts, topic


def scanned(vectors: np.ndarray, columns: dict, **roles):
    table = pa.table({"id": [f"r{row}" for row in range(len(vectors))], **columns})
    samples = ls.read(table, id="id", text="text" if "text" in columns else None, **roles)
    signals = ls.Signals(embeddings=vectors)
    return ls.scan(samples, only=["cluster"], signals=signals, store=None, progress=False)


def flagged(report) -> set[str]:
    return set(report.samples.ids.filter(report.scores["is_cluster_issue"]).to_pylist())


@pytest.mark.parametrize("seed", range(6))
def test_a_foreign_group_is_found_whole_and_nothing_else(seed):
    vectors, texts, _ = made(seed, foreign=40)
    source = ["app"] * 900 + ["vendor"] * 40
    report = scanned(vectors, {"text": texts, "source": source}, metadata=["source"])
    planted = {f"r{row}" for row in range(900, 940)}
    assert len(planted & flagged(report)) >= 39
    assert len(flagged(report) - planted) <= 1
    verdict = report.facts["checks"]["cluster"]["verdict"]
    assert verdict.startswith("1 group is apart from the rest: ")
    title = report.facts["checks"]["cluster"]["tables"][0]["rows"][0][0].split(", ")
    assert set(title) <= set(KITCHEN)
    assert 'source = "vendor"' in verdict


def test_topics_of_one_data_set_are_no_foreign_groups():
    for seed in range(12):
        vectors, texts, topic = made(seed)
        report = scanned(vectors, {"text": texts, "label": [f"c{at}" for at in topic]}, label="label")
        assert flagged(report) == set()
        assert "cluster" not in report.facts["checks"]


def test_random_vectors_hold_no_group():
    for seed in range(10):
        vectors = unit(np.random.default_rng(seed).normal(size=(500, 16)))
        assert flagged(scanned(vectors, {"text": [f"t{row}" for row in range(500)]})) == set()


def test_the_order_of_the_rows_does_not_matter():
    vectors, texts, _ = made(3, foreign=30)
    order = np.random.default_rng(0).permutation(len(texts))
    first = scanned(vectors, {"text": texts})
    second = scanned(vectors[order], {"text": [texts[row] for row in order]})
    names = {f"r{place}": f"r{row}" for place, row in enumerate(order)}
    assert {names[name] for name in flagged(second)} == flagged(first) != set()
    assert second.facts["checks"]["cluster"]["verdict"] == first.facts["checks"]["cluster"]["verdict"]


def test_a_pile_of_copies_is_left_to_the_duplicates():
    vectors, texts, _ = made(4)
    vectors = np.vstack([vectors, np.repeat(vectors[:1], 120, axis=0)])
    assert flagged(scanned(vectors, {"text": texts + [texts[0]] * 120})) == set()


def test_samples_without_texts_have_no_title():
    vectors, _, _ = made(5, foreign=40)
    report = scanned(vectors, {"none": [0] * 940})
    assert len(flagged(report)) >= 38
    assert report.facts["checks"]["cluster"]["tables"][0]["rows"][0][0] is None


@pytest.mark.parametrize("rows", [3, 12, 59])
def test_few_rows_are_not_judged(rows):
    report = scanned(made(0)[0][:rows], {"text": [f"t{row}" for row in range(rows)]})
    assert report.scores["cluster_score"].null_count == rows


def test_equal_vectors():
    assert flagged(scanned(np.tile(np.float32([[0.6, 0.8]]), (200, 1)), {"text": ["x"] * 200})) == set()


def test_titles_hold_no_word_of_a_single_person():
    inside = ["bake the cake a.b@example.com 555 1234", "bake a cake, Zwetschge", "bake one cake http://x.org/kuchen"]
    words = distinctive_words([*inside, *inside[:1]], ["lost my card"] * 50)
    assert words == ["bake", "cake"]
    assert distinctive_words(["", " "], []) == []


def test_groups_join_at_their_similarity():
    vectors, _, _ = made(6, foreign=25)
    graph = NeighborIndex(vectors).graph(vectors, 50)
    groups = groups_joining(graph, np.ones(len(vectors), dtype=bool), least=10, most=180)
    lowest = min(groups, key=lambda group: group.joins)
    assert len(set(lowest.rows.tolist()) ^ set(range(900, 925))) <= 2
    assert lowest.joins < np.quantile(core_similarity(graph), 0.05)


def test_another_language_is_a_group_with_its_words():
    vectors, texts, _ = made(7)
    spanish = [f"mi tarjeta no ha llegado todavía y llevo {row} semanas esperando una respuesta" for row in range(20)]
    vectors = np.vstack([vectors, vectors[:20]])  # to an embedder that reads English only they are like anything
    table = pa.table({"text": [*texts, *spanish], "id": [f"r{row}" for row in range(920)]})
    signals = ls.Signals(embeddings=vectors)
    report = ls.scan(ls.read(table, id="id"), only=["language", "cluster"], signals=signals, store=None, progress=False)
    assert flagged(report) == {f"r{row}" for row in range(900, 920)}
    verdict = report.facts["checks"]["cluster"]["verdict"]
    assert "respuesta" in verdict
    assert "100\u00a0% Spanish" in verdict
