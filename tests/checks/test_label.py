"""Labels that look wrong: planted flips are found, suggestions are right, reasons say it in words."""

from __future__ import annotations

from datetime import UTC, datetime

import numpy as np
import pyarrow as pa
import pytest
from labelsift.checks.label import label
from labelsift.corrections.record import record
from labelsift.data.schemas import CORRECTIONS_SCHEMA
from labelsift.io.read import read
from labelsift.models.neighbors import Graph
from labelsift.scanning import scan
from labelsift.signals.signals import Signals

CLASSES = 10


def planted(
    seed: int, *, rows: int = 800, share: float = 0.08, spread: float = 0.9
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return clusters with overlap, their true classes, and labels of which a share are flipped to a near class."""
    rng = np.random.default_rng(seed)
    centers = rng.normal(size=(CLASSES, 24))
    truth = rng.integers(0, CLASSES, rows)
    vectors = centers[truth] + spread * rng.normal(size=(rows, 24))
    nearest = np.argsort(((centers[:, None] - centers) ** 2).sum(axis=2), axis=1)[:, 1]
    wrong = rng.random(rows) < share
    given = np.where(wrong, np.where(rng.random(rows) < 0.5, nearest[truth], (truth + 3) % CLASSES), truth)
    return (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32), truth, given


def scanned(vectors: np.ndarray, given: np.ndarray, **options):
    names = np.array([f"c{code}" for code in range(CLASSES)])
    table = pa.table(
        {"id": [f"r{row}" for row in range(len(given))], "text": ["x"] * len(given), "label": names[given]}
    )
    # Every text is another one, or the copies would share a fold.
    table = table.set_column(1, "text", pa.array([f"text {row}" for row in range(len(given))]))
    samples = read(table, id="id", label="label")
    return scan(samples, signals=Signals(embeddings=vectors), **{"only": ["label"], "store": None} | options)


@pytest.mark.slow
def test_planted_flips_are_ranked_first_and_not_below_cleanlab():
    from cleanlab.rank import get_label_quality_scores
    from sklearn.metrics import average_precision_score

    gains = []
    for seed in range(3):
        vectors, truth, given = planted(seed, spread=1.3)
        report = scanned(vectors, given)
        ours = average_precision_score(given != truth, 1 - report.scores["label_score"].to_numpy())
        probabilities = report.pred_probs.astype(np.float64)
        probabilities /= probabilities.sum(axis=1, keepdims=True)
        theirs = max(
            average_precision_score(given != truth, 1 - get_label_quality_scores(given, probabilities, method=method))
            for method in ("self_confidence", "normalized_margin")
        )
        assert ours > theirs
        gains.append(ours - theirs)
    assert np.mean(gains) > 0.03  # on the same probabilities


def test_flags_are_mostly_right_and_suggest_the_truth():
    vectors, truth, given = planted(5)
    report = scanned(vectors, given)
    flagged = report.scores["is_label_issue"].to_numpy(zero_copy_only=False)
    wrong = given != truth
    assert (flagged & wrong).sum() / flagged.sum() > 0.8
    assert (flagged & wrong).sum() / wrong.sum() > 0.8
    suggested = np.array([int(name[1:]) for name in report.scores["suggested_label"].to_pylist()])
    assert (suggested[wrong] == truth[wrong]).mean() > 0.9
    assert (suggested != given).all()  # always the best class other than the given one
    confidence = report.scores["confidence"].to_numpy()
    assert ((confidence > 0) & (confidence <= 1)).all()


@pytest.mark.parametrize("budget", [1, 17, 100])
def test_a_budget_flags_exactly_that_many_of_the_worst(budget):
    vectors, _, given = planted(6, rows=300)
    report = scanned(vectors, given, budget=budget)
    score = report.scores["label_score"].to_numpy()
    flagged = report.scores["is_label_issue"].to_numpy(zero_copy_only=False)
    of_samples = [row for row in report.findings["scope"].to_pylist() if row == "sample"]  # others are about classes
    assert flagged.sum() == len(of_samples) == budget
    assert score[flagged].max() <= score[~flagged].min()


def test_the_same_seed_gives_the_same_scores():
    vectors, _, given = planted(7, rows=300)
    first, second = scanned(vectors, given), scanned(vectors, given)
    assert first.scores.equals(second.scores)
    assert first.findings.equals(second.findings)


@pytest.mark.slow
def test_another_order_of_rows_hardly_moves_the_ranking():
    # The folds follow seed and order, so scores are not equal: the same rows must still be the worst.
    vectors, _, given = planted(8)
    order = np.random.default_rng(0).permutation(len(given))
    first = scanned(vectors, given).scores["label_score"].to_numpy()
    second = np.empty_like(first)
    second[order] = scanned(vectors[order], given[order]).scores["label_score"].to_numpy()
    worst = [set(np.argsort(score)[:60].tolist()) for score in (first, second)]
    assert len(worst[0] & worst[1]) >= 50
    assert np.corrcoef(first, second)[0, 1] > 0.97


NAMES = ("lost_card", "new_card", "refund")
CERTAIN = dict(zip(NAMES, ([0.97, 0.02, 0.01], [0.01, 0.97, 0.02], [0.02, 0.01, 0.97]), strict=True))
CLEAR = 60  # rows that follow those of a test, which show that these labels can be learned


def brought(
    make_context,
    probabilities: list[list[float]],
    labels: list[str | None],
    graph: Graph | None = None,
    *,
    clear_rows: int = CLEAR,
):
    """Bring probabilities for some rows, and after them for rows about which model and labels agree."""
    clear = [NAMES[row % 3] for row in range(clear_rows)]
    if graph is not None:  # the neighbours of the others are themselves
        own = np.arange(len(labels), len(labels) + clear_rows, dtype=np.int32)[:, None]
        rows = np.append(graph.rows, np.repeat(own, graph.rows.shape[1], axis=1), axis=0)
        graph = Graph(rows, np.full(rows.shape, 0.9, dtype=np.float32))
    return make_context(
        [f"text {row}" for row in range(len(labels) + clear_rows)],
        [*labels, *clear],
        classes=NAMES,
        pred_probs=np.array(probabilities + [CERTAIN[name] for name in clear], dtype=np.float32),
        graph=graph,
    )


def test_the_score_is_the_probability_that_the_label_is_right(make_context):
    # Three of a hundred labels contradict a model that is sure of them, as often in each class.
    wrong = [NAMES[(row + 1) % 3] for row in range(9)]
    probabilities = [[0.7, 0.2, 0.1], [0.2, 0.3, 0.5], *[CERTAIN[NAMES[row % 3]] for row in range(9)]]
    result = label(brought(make_context, probabilities, ["lost_card", None, *wrong], clear_rows=300))
    assert result.score[0] > 0.5 > result.score[2:11].max()
    assert np.flatnonzero(result.is_issue).tolist() == list(range(2, 11))
    assert result.suggested[1:11].tolist() == [-1, *[0, 1, 2] * 3]
    judged = np.isfinite(result.score)
    assert (result.confidence[judged] <= 1 - result.score[judged] + 1e-6).all()  # one class that it may be instead
    assert np.isnan([result.score[1], result.confidence[1]]).all()


def test_a_contradiction_alone_proves_no_error(make_context):
    # Nothing tells an error from a rare, but right label: the row is no flag, and its score says less than even odds.
    result = label(brought(make_context, [[0.04, 0.95, 0.01]], ["lost_card"]))
    assert not result.is_issue.any() and result.findings == []
    assert 0.5 < result.score[0] == np.nanmin(result.score)


@pytest.mark.parametrize("rows", [1, 2, 3, 5])
def test_nothing_is_claimed_of_a_handful_of_rows(make_context, rows):
    context = make_context(
        [f"text {row}" for row in range(rows)],
        ["lost_card", "new_card", "new_card", "refund", "refund"][:rows],
        classes=NAMES,
        pred_probs=np.array([[0.04, 0.95, 0.01]] * rows, dtype=np.float32),
        budget=2,
    )
    result = label(context)
    assert np.isnan(result.score).all() and np.isnan(result.confidence).all()
    assert not result.is_issue.any() and result.findings == []
    assert (result.suggested == -1).all()
    told = context.facts["label_errors"]
    assert (told["number"], told["range"], told["learnable"]) == (0, None, False)
    assert told["expected_precision"] is None and told["expected_precision_at"] == {}


def neighbours_of_first(labels: list[str | None], order: list[int]) -> Graph:
    rows = np.tile(np.arange(len(labels), dtype=np.int32)[None, : len(order)], (len(labels), 1))
    rows[0] = order
    return Graph(rows, np.full(rows.shape, 0.9, dtype=np.float32))


@pytest.mark.parametrize(
    ("model", "neighbours", "reason"),
    [
        (
            0.94,
            ["new_card"] * 9 + ["lost_card"],
            "Labeled lost_card; 9 of its 10 nearest samples and the model (0.94) say new_card.",
        ),
        (0.94, ["lost_card"] * 10, "Labeled lost_card; the model (0.94) says new_card."),
        (
            0.94,
            ["new_card"] * 3 + ["lost_card"] * 7,
            "Labeled lost_card; 3 of its 10 nearest samples say new_card, the model gives it 0.94.",
        ),
        (
            0.45,
            ["new_card"] * 8 + ["refund"] * 2,
            "Labeled lost_card; 8 of its 10 nearest samples say new_card, the model gives it 0.45.",
        ),
        # Unlabeled neighbours have no say, and more than ten are not counted.
        (
            0.94,
            [None] * 3 + ["new_card"] * 12,
            "Labeled lost_card; 10 of its 10 nearest samples and the model (0.94) say new_card.",
        ),
    ],
)
def test_reasons_are_sentences_that_a_labeler_understands(make_context, model, neighbours, reason):
    labels = ["lost_card", *neighbours]
    probabilities = [[0.3, model, 0.7 - model] if model < 0.5 else [0.99 - model, model, 0.01]]
    probabilities += [CERTAIN[neighbour or "refund"] for neighbour in neighbours]
    graph = neighbours_of_first(labels, list(range(1, len(labels))))
    context = brought(make_context, probabilities, labels, graph)
    context.budget = 1
    (finding,) = label(context).findings
    assert (finding.id, finding.given, finding.suggested) == ("r0", "lost_card", "new_card")
    assert finding.reason.startswith(reason)
    assert 0 < finding.confidence <= 1 - finding.score + 1e-6
    assert len(finding.related_ids) == min(10, len([neighbour for neighbour in neighbours if neighbour]))


def test_without_neighbours_the_model_alone_speaks(make_context):
    context = brought(make_context, [[0.04, 0.95, 0.01], [0.1, 0.8, 0.1]], ["lost_card", "new_card"])
    context.budget = 1
    (finding,) = label(context).findings
    assert finding.reason.startswith("Labeled lost_card; the model (0.95) says new_card.")


def test_blank_unreadable_and_unknown_rows_are_not_judged(make_context):
    probabilities = [[0.02, 0.97, 0.01]] * 4
    context = brought(make_context, probabilities, ["lost_card"] * 4)
    context.fold_of = np.zeros(4 + CLEAR, dtype=np.int16)  # as for probabilities of our own
    context.budget = 4
    context.pred_probs[3] = np.nan
    context.readable[1] = False
    context.blank[2] = True  # as for a text that shows nothing
    result = label(context)
    assert np.isnan(result.score).tolist() == [False, True, True, True] + [False] * CLEAR
    assert result.is_issue[0] and not result.is_issue[1:4].any()
    assert (result.suggested[1:4] == -1).all()
    assert np.isnan(result.confidence[1:4]).all()
    assert not {finding.id for finding in result.findings} & {"r1", "r2", "r3"}


def test_a_model_that_the_user_brought_reads_what_the_embedder_cannot(make_context):
    labels = ["lost_card", "new_card", "new_card", "new_card"]
    probabilities = [[0.02, 0.97, 0.01], *[[0.02, 0.97, 0.01]] * 3]
    context = brought(make_context, probabilities, labels, neighbours_of_first(labels, [1, 2, 3]))
    context.readable[:] = False
    context.budget = 1
    result = label(context)
    assert np.isfinite(result.score).all()
    (finding,) = result.findings
    # Its neighbours are those of a vector that says nothing: only the model speaks.
    assert finding.reason.startswith("Labeled lost_card; the model (0.97) says new_card.")
    assert (finding.related_ids, finding.evidence["neighbors"]) == ([], 0)


@pytest.mark.slow
def test_verified_labels_help_to_find_the_other_errors(tmp_path):
    from sklearn.metrics import average_precision_score

    gains = []
    for seed in range(3):
        vectors, truth, given = planted(seed, share=0.3, spread=1.8)
        looked_at = np.random.default_rng(seed).random(len(truth)) < 0.3
        given = np.where(looked_at, truth, given)
        scores = []
        for decided in (False, True):
            store = tmp_path / f"{seed} {decided}"
            first = scanned(vectors, given, store=store)
            if decided:
                record(kept(first, looked_at), store=store)
            again = scanned(vectors, given, store=store).scores["label_score"].to_numpy()
            scores.append(average_precision_score((given != truth)[~looked_at], 1 - again[~looked_at]))
        gains.append(scores[1] - scores[0])
    assert np.mean(gains) > 0


def kept(report, rows):
    """Return the decisions of a person who found some labels right."""
    ids = report.samples.ids.filter(pa.array(rows)).to_pylist()
    same = {"action": "keep", "verdict": "refused", "value": None, "person": "p", "platform": "xlsx", "run": report.run}
    rows = [same | {"id": id, "time": datetime.now(UTC)} for id in ids]
    return pa.Table.from_pylist(rows, CORRECTIONS_SCHEMA)
