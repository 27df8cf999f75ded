"""Sets of labels: planted errors are found, told apart and corrected, with embeddings or with probabilities alone."""

from __future__ import annotations

import json
from collections import Counter

import labelsift as ls
import numpy as np
import pyarrow as pa
import pytest
from labelsift.data.label_sets import canonical
from labelsift.errors import InputError

ROWS, LABELS = 900, 6
NAMES = [f"tag {number}" for number in range(LABELS)]


def planted(seed: int = 7) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return vectors, true sets (bool), and sets of which a tenth has one label too few or too many."""
    rng = np.random.default_rng(seed)
    directions = rng.normal(size=(LABELS, 24))
    truth = rng.random((ROWS, LABELS)) < np.linspace(0.4, 0.06, LABELS)
    vectors = (truth * rng.uniform(0.7, 1.3, truth.shape)) @ directions + rng.normal(0, 0.5, (ROWS, 24))
    given = truth.copy()
    for row in rng.permutation(ROWS)[: ROWS // 10]:
        cells = np.flatnonzero(truth[row] == (rng.random() < 0.5 and truth[row].any()))
        cell = rng.choice(cells)
        given[row, cell] = ~given[row, cell]
    return (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32), truth, given


def named(marks: np.ndarray) -> list[str]:
    return [NAMES[row] for row in np.flatnonzero(marks)]


def samples_of(given: np.ndarray, unlabeled: tuple[int, ...] = ()) -> ls.Samples:
    sets = [None if index in unlabeled else named(row) for index, row in enumerate(given)]
    table = pa.table({"id": [f"r{row}" for row in range(len(given))], "tags": pa.array(sets, pa.list_(pa.string()))})
    return ls.read(table, text=None, id="id", labels="tags")


@pytest.fixture(scope="module")
def planted_scan():
    vectors, truth, given = planted()
    report = ls.scan(samples_of(given, (5, 6)), signals=ls.Signals(embeddings=vectors), store=None)
    return report, truth, given, vectors


def average_precision(wrong: np.ndarray, score: np.ndarray) -> float:
    order = np.argsort(score, kind="stable")
    hits = np.cumsum(wrong[order])
    return float((hits / np.arange(1, len(hits) + 1))[wrong[order]].mean())


def test_planted_errors_come_first_and_are_flagged(planted_scan):
    report, truth, given, _ = planted_scan
    wrong = (given != truth).any(axis=1)
    wrong[[5, 6]] = False
    score = np.nan_to_num(report.scores["label_score"].to_numpy(), nan=1.0)
    flags = report.scores["is_label_issue"].to_numpy()
    assert average_precision(wrong, score) > 0.95
    assert 2 * (flags & wrong).sum() / (flags.sum() + wrong.sum()) > 0.85
    assert ((score >= 0) & (score <= 1)).all()


def test_ours_ranks_no_worse_than_cleanlab_on_the_same_probabilities(planted_scan):
    rank = pytest.importorskip("cleanlab.multilabel_classification")
    report, truth, given, _ = planted_scan
    wrong = (given != truth).any(axis=1)
    probabilities = np.asarray(report.pred_probs)
    theirs = rank.get_label_quality_scores([np.flatnonzero(row).tolist() for row in given], probabilities)
    same = ls.scan(samples_of(given), signals=ls.Signals(pred_probs=probabilities, classes=NAMES), store=None)
    assert same.embeddings is None
    ours = average_precision(wrong, same.scores["label_score"].to_numpy())
    assert ours > average_precision(wrong, theirs)


def test_findings_name_the_label_its_direction_and_the_corrected_set(planted_scan):
    report, truth, given, _ = planted_scan
    rows = report.findings.to_pylist()
    assert {row["kind"] for row in rows if row["issue"] == "label"} == {"extra", "missing"}
    right = Counter()
    for row in (row for row in rows if row["issue"] == "label"):
        number, evidence = int(row["id"][1:]), json.loads(row["evidence"])
        before, after = json.loads(row["given"]), json.loads(row["suggested"])
        assert before == named(given[number])
        assert (evidence["label"] in before) == (row["kind"] == "extra")
        assert (evidence["label"] in after) == (row["kind"] == "missing")
        assert evidence["label"] in row["reason"]
        assert row["reason"].count(".") >= 1 and row["reason"].endswith(".")
        right[after == named(truth[number])] += 1
    assert right[True] / right.total() > 0.85


def test_every_judged_row_has_a_suggestion_in_canonical_form(planted_scan):
    report, _, given, _ = planted_scan
    suggestions = report.scores["suggested_label"].to_pylist()
    scores = report.scores["label_score"].to_pylist()
    for index, (suggested, score) in enumerate(zip(suggestions, scores, strict=True)):
        assert (suggested is None) == (score is None) == (index in (5, 6))
        if suggested is not None:
            assert suggested == canonical(json.loads(suggested))
            assert json.loads(suggested) != named(given[index])
    assert (report.facts["labeled"], report.summary()["judged"]) == (ROWS - 2, ROWS - 2)


@pytest.mark.slow
def test_confidence_is_as_high_as_it_is_right():
    sure, right = [], []
    for seed in (11, 12, 13):
        vectors, truth, given = planted(seed)
        report = ls.scan(samples_of(given), signals=ls.Signals(embeddings=vectors), only=["label"], store=None)
        for finding in report.findings.to_pylist():
            number, label = int(finding["id"][1:]), NAMES.index(json.loads(finding["evidence"])["label"])
            sure.append(finding["confidence"])
            right.append(given[number, label] != truth[number, label])
    assert np.mean(sure) == pytest.approx(np.mean(right), abs=0.06)


def test_a_budget_flags_the_worst_so_many(planted_scan):
    _, _, given, vectors = planted_scan
    report = ls.scan(samples_of(given), signals=ls.Signals(embeddings=vectors), only=["label"], budget=17, store=None)
    flags, score = report.scores["is_label_issue"].to_numpy(), report.scores["label_score"].to_numpy()
    assert flags.sum() == 17
    assert score[flags].max() <= score[~flags].min()
    assert set(report.findings["id"].to_pylist()) == set(report.samples.ids.filter(pa.array(flags)).to_pylist())


def test_clean_sets_are_hardly_flagged():
    vectors, truth, _ = planted()
    report = ls.scan(samples_of(truth), signals=ls.Signals(embeddings=vectors), only=["label"], store=None)
    assert report.scores["is_label_issue"].to_numpy().mean() < 0.02


def test_permuting_rows_and_columns_permutes_the_result(planted_scan):
    report, _, given, _ = planted_scan
    probabilities = np.asarray(report.pred_probs)
    rng = np.random.default_rng(0)
    rows, columns = rng.permutation(ROWS), rng.permutation(LABELS)
    plain = ls.scan(samples_of(given), signals=ls.Signals(pred_probs=probabilities, classes=NAMES), store=None)
    mixed = ls.Signals(
        pred_probs=probabilities[rows][:, columns],
        classes=[NAMES[column] for column in columns],
        ids=[f"r{row}" for row in rows],
    )
    again = ls.scan(samples_of(given).take(rows), signals=mixed, store=None)
    np.testing.assert_allclose(
        again.scores["label_score"].to_numpy(), plain.scores["label_score"].to_numpy()[rows], atol=1e-4
    )
    assert again.scores["suggested_label"].to_pylist() == [plain.scores["suggested_label"][row].as_py() for row in rows]


def test_probabilities_of_labels_need_not_sum_to_one_but_must_be_some(planted_scan):
    _, _, given, _ = planted_scan
    samples = samples_of(given)
    for value, said in ((1.5, "are above one"), (-0.5, "are negative"), (np.nan, "hold NaN")):
        probs = np.full((ROWS, LABELS), 0.5)
        probs[3, 1] = value
        with pytest.raises(InputError, match=said):
            ls.scan(samples, signals=ls.Signals(pred_probs=probs, classes=NAMES), store=None)
    with pytest.raises(InputError, match="not among the classes"):
        ls.scan(samples, signals=ls.Signals(pred_probs=probs[:, :5], classes=NAMES[:5]), store=None)


def test_labels_that_cannot_be_told_apart_are_passed_over_or_refused():
    vectors, _, given = planted()
    everywhere = given.copy()
    everywhere[:, 0] = True
    once = everywhere.copy()
    once[:, 5] = np.arange(ROWS) == 9
    report = ls.scan(samples_of(once), signals=ls.Signals(embeddings=vectors), only=["label"], store=None)
    disputed = {json.loads(finding)["label"] for finding in report.findings["evidence"].to_pylist()}
    assert disputed and not disputed & {NAMES[0], NAMES[5]}
    assert any("tag 5" in note for note in report.notes)
    same = np.zeros((ROWS, LABELS), dtype=bool)
    same[:, 2] = True
    with pytest.raises(InputError, match="have the same labels, tag 2"):
        ls.scan(samples_of(same), signals=ls.Signals(embeddings=vectors), store=None)


def test_one_label_alone_is_a_set_too():
    vectors, _, given = planted()
    alone = np.zeros_like(given)
    alone[:, 0] = given[:, 0]
    report = ls.scan(samples_of(alone), signals=ls.Signals(embeddings=vectors), only=["label"], store=None)
    assert report.samples.classes == (NAMES[0],)
    assert set(report.findings["kind"].to_pylist()) == {"extra", "missing"}


def test_sets_without_any_label_leave_the_label_check_out():
    vectors, _, given = planted()
    report = ls.scan(samples_of(np.zeros_like(given)), signals=ls.Signals(embeddings=vectors), store=None)
    assert "label_score" not in report.scores.column_names


def test_texts_are_read_by_the_default_embedder():
    words = {"billing": "invoice charged twice refund money", "login": "password locked account sign in"}
    rng = np.random.default_rng(1)
    rows = []
    for number in range(160):
        tags = [name for name in words if rng.random() < 0.5]
        said = " ".join(rng.permutation(" ".join(words[name] for name in tags).split())) if tags else "hello and thanks"
        rows.append({"text": f"{said} {number}", "tags": tags})
    rows[3]["tags"] = sorted(set(words) - set(rows[3]["tags"]))
    report = ls.scan(ls.read(pa.Table.from_pylist(rows), labels="tags"), store=None)
    assert report.scores["label_score"].to_numpy().argmin() == 3


def brought(given: np.ndarray, probabilities: np.ndarray) -> ls.Report:
    signals = ls.Signals(pred_probs=probabilities.astype(np.float32), classes=NAMES)
    return ls.scan(samples_of(given), signals=signals, only=["label"], store=None)


def told(truth: np.ndarray, rng: np.random.Generator, shape: tuple[int, int]) -> np.ndarray:
    return np.clip(np.where(truth, rng.beta(6, 2, shape), rng.beta(1, 8, shape)), 0.01, 0.99)


@pytest.mark.parametrize("votes", [1, 2, 5])
def test_of_random_sets_sure_probabilities_claim_nothing_and_a_note_says_so(votes):
    rng = np.random.default_rng(votes)
    given = rng.random((300, LABELS)) < 0.4
    report = brought(given, rng.binomial(votes, 0.4, given.shape) / votes)  # as of a tree, or of neighbours
    assert not report.scores["is_label_issue"].to_numpy().any()
    assert report.summary()["judged"] == 0
    assert report.notes[0].startswith("The samples do not tell these labels")
    assert all(name in report.notes[0] for name in NAMES)
    assert "The samples do not tell these labels" in str(report)


def test_planted_errors_are_flagged_where_probabilities_tell_also_beside_a_label_that_they_do_not():
    _, truth, given = planted()
    rng = np.random.default_rng(2)
    probabilities = told(truth, rng, given.shape)
    wrong = (given != truth).any(axis=1)
    report = brought(given, probabilities)
    flags = report.scores["is_label_issue"].to_numpy()
    assert 2 * (flags & wrong).sum() / (flags.sum() + wrong.sum()) > 0.8
    assert not any("do not tell" in note for note in report.notes)
    probabilities[:, 0] = rng.random(ROWS) < 0.4
    report = brought(given, probabilities)
    disputed = {json.loads(finding)["label"] for finding in report.findings["evidence"].to_pylist()}
    assert disputed == set(NAMES[1:])
    (note,) = [note for note in report.notes if "do not tell" in note]
    assert NAMES[0] in note and NAMES[1] not in note


def test_sure_probabilities_that_tell_little_do_not_flag_most_rows():
    _, truth, given = planted()
    rng = np.random.default_rng(3)
    little = np.where(rng.random(given.shape) < 0.35, truth, rng.random(given.shape) < given.mean(axis=0))
    assert brought(given, little).scores["is_label_issue"].to_numpy().mean() < 0.1
