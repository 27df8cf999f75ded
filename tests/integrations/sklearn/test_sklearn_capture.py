"""scikit-learn: the watched estimator is fitted as ever, and every row judged by a clone that has not seen its text."""

from __future__ import annotations

import labelsift as ls
import numpy as np
import pyarrow as pa
import pytest
from labelsift.capture.recording import OUT_OF_FOLD
from labelsift.errors import InputError
from tickets import tickets, vectors

pytestmark = pytest.mark.slow

pytest.importorskip("sklearn")


@pytest.fixture
def words():
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline

    return make_pipeline(TfidfVectorizer(), LogisticRegression())


@pytest.fixture
def logistic():
    from sklearn.linear_model import LogisticRegression

    return LogisticRegression()


def out_of_fold(capture):
    return np.load(capture.folder / OUT_OF_FOLD)


def table(rows, **roles):
    return ls.read(pa.Table.from_pylist(rows), label="label", **roles)


def test_a_pipeline_on_texts_is_fitted_and_its_wrong_labels_are_found(words, tmp_path):
    from sklearn.base import clone

    samples = tickets(90)
    texts, labels = samples.texts.to_pylist(), samples.labels.to_pylist()
    with ls.watch(words, samples, store=tmp_path) as capture:
        assert capture.fit() is words
    np.testing.assert_allclose(words.predict_proba(texts), clone(words).fit(texts, labels).predict_proba(texts))
    probs = out_of_fold(capture)
    assert not np.allclose(probs, words.predict_proba(texts), atol=0.01), "those of the fitted one are in sample"
    codes = samples.codes(samples.classes)
    assert (probs[:3].argmax(axis=1) != codes[:3]).all()
    assert (probs[3:].argmax(axis=1) == codes[3:]).mean() > 0.9
    report = capture.report
    np.testing.assert_allclose(report.pred_probs, probs, atol=1e-6)
    assert {f"T{row}" for row in range(3)} <= set(report.findings.to_pydict()["id"])
    assert report.to_html(tmp_path / "report.html").stat().st_size > 10_000


def test_the_probabilities_are_those_of_the_folds_by_hand_and_of_no_copy(logistic, tmp_path, monkeypatch):
    """Every text stands twice, under two classes: a model that has seen the copy would know it by heart."""
    from labelsift.integrations.sklearn import capture as module
    from sklearn.base import clone

    rng = np.random.default_rng(0)
    rows = [{"text": f"text {row // 2} {rng.integers(99)}" if row % 2 == 0 else "", "label": "ab"[row % 2]}
            for row in range(40)]  # fmt: skip
    for row in range(1, 40, 2):
        rows[row]["text"] = rows[row - 1]["text"]
    samples, x = table(rows), rng.normal(size=(40, 3))
    kept = {}
    real = module.predict_out_of_fold
    monkeypatch.setattr(module, "predict_out_of_fold", lambda e, r, k: kept.update(rows=r) or real(e, r, k))
    with ls.watch(logistic, samples, store=tmp_path, scan=False) as capture:
        capture.fit(x, samples.labels.to_pylist(), folds=4, seed=3)
    folds = kept["rows"].folds
    assert (folds[::2] == folds[1::2]).all()
    assert len(np.unique(folds)) == 4
    y = np.array(samples.labels.to_pylist())
    for fold in range(4):
        model = clone(logistic).fit(x[folds != fold], y[folds != fold])
        np.testing.assert_allclose(
            out_of_fold(capture)[folds == fold], model.predict_proba(x[folds == fold]), atol=1e-6
        )


@pytest.mark.parametrize("kind", ["names", "positions", "floats", "frame", "coo"])
def test_columns_are_those_of_the_classes_whatever_the_targets_are_called(logistic, tmp_path, kind):
    import pandas as pd
    import scipy.sparse

    samples = tickets(60)
    x, codes = vectors(samples), samples.codes(samples.classes)
    if kind == "frame":
        x = pd.DataFrame(x, index=range(100, 160))
    if kind == "coo":
        x = scipy.sparse.coo_matrix(x)
    numbers = {"positions": codes, "floats": codes.astype(float)}
    targets = numbers.get(kind, samples.labels.to_pylist())
    with ls.watch(logistic, samples, store=tmp_path, scan=False) as capture:
        capture.fit(x, targets)
    assert (out_of_fold(capture)[3:].argmax(axis=1) == codes[3:]).mean() > 0.9


def test_numbers_as_labels_are_columns_in_the_order_of_numbers(logistic, tmp_path):
    base = tickets(60, wrong=0)
    numbers = {"invoice": 10, "crash": 9, "parcel": -1}
    y = [numbers[name] for name in base.labels.to_pylist()]
    samples = table([{"text": text, "label": number} for text, number in zip(base.texts.to_pylist(), y, strict=True)])
    with ls.watch(logistic, samples, store=tmp_path) as capture:
        capture.fit(vectors(base), y)
    assert capture.recording.classes == ["-1", "9", "10"]
    found = np.array([-1, 9, 10])[out_of_fold(capture).argmax(axis=1)]
    assert (found == y).mean() > 0.95
    assert (
        np.array(capture.report.classes)[capture.report.pred_probs.argmax(axis=1)] == np.array(y, str)
    ).mean() > 0.95


def test_decision_values_become_probabilities_by_a_scale_of_the_other_folds(tmp_path):
    from sklearn.svm import LinearSVC

    samples = tickets(90, wrong=9)
    x, codes = 100 * vectors(samples), samples.codes(samples.classes)
    with ls.watch(LinearSVC(random_state=0, C=1e-4), samples, store=tmp_path) as capture:
        capture.fit(x)
    probs = out_of_fold(capture)
    np.testing.assert_allclose(probs.sum(axis=1), 1, atol=1e-5)
    assert (probs[9:].argmax(axis=1) == codes[9:]).mean() > 0.85
    stated = probs.max(axis=1).mean()
    assert abs(stated - (probs.argmax(axis=1) == codes).mean()) < 0.15, "as sure as it is right"
    assert any("LinearSVC has no probabilities" in note for note in capture.report.notes)


def test_a_class_that_no_other_fold_has_is_said_and_not_flagged(logistic, tmp_path):
    base = tickets(61, wrong=0)
    labels = [*base.labels.to_pylist()[:-1], "rare"]
    rows = [{"text": text, "label": label} for text, label in zip(base.texts.to_pylist(), labels, strict=True)]
    samples = table(rows)
    with ls.watch(logistic, samples, store=tmp_path) as capture:
        capture.fit(vectors(base))
    assert len(set(out_of_fold(capture)[-1].tolist())) == 1
    assert "rare" in logistic.classes_
    assert any("Nothing can be said of 1 rows" in note and "rare" in note for note in capture.report.notes)
    flagged = [row["id"] for row in capture.report.findings.to_pylist() if row["issue"] == "label"]
    assert samples.ids.to_pylist()[-1] not in flagged


def test_unlabeled_and_held_out_rows_are_judged_but_never_learned_from(words, tmp_path):
    base = tickets(60, split=True)
    rows = [
        {"text": text, "label": label if row else None, "split": split}
        for row, (text, label, split) in enumerate(
            zip(*(base.column(name).to_pylist() for name in ("text", "label", "split")), strict=True)
        )
    ]
    samples = table(rows, split="split")
    with ls.watch(words, samples, store=tmp_path) as capture:
        capture.fit()
    used = [row for row in rows[1:] if row["split"] == "train"]
    vocabulary = words[0].vocabulary_
    numbers = [text.split()[6] for text in samples.texts.to_pylist()]
    learned = [number in vocabulary for number in numbers]
    expected = [number in {row["text"].split()[6] for row in used} for number in numbers]
    assert learned == expected
    assert not all(learned)
    assert np.isfinite(out_of_fold(capture)).all()


def test_several_labels_a_row(tmp_path):
    from sklearn.linear_model import LogisticRegression
    from sklearn.multiclass import OneVsRestClassifier
    from sklearn.neighbors import KNeighborsClassifier

    base = tickets(60, wrong=0)
    topics = base.labels.to_pylist()
    rows = [
        {"text": text, "tags": [topic, "urgent"] if row % 7 else [topic]}
        for row, (text, topic) in enumerate(zip(base.texts.to_pylist(), topics, strict=True))
    ]
    samples = ls.read(pa.Table.from_pylist(rows), labels="tags")
    y = samples.members(samples.classes)
    for model in (OneVsRestClassifier(LogisticRegression()), KNeighborsClassifier()):
        with ls.watch(model, samples, store=tmp_path) as capture:
            capture.fit(vectors(base), y)
        assert ((out_of_fold(capture) > 0.5) == y).mean() > 0.9
        assert capture.report.samples.task == "multilabel"
    with pytest.raises(InputError, match="not those"), ls.watch(model, samples, store=tmp_path) as capture:
        capture.fit(vectors(base), 1 - y)


def test_only_the_training_rows_are_judged_where_only_they_are_given(logistic, tmp_path):
    samples = tickets(60, split=True)
    train = np.array([name == "train" for name in samples.column("split").to_pylist()])
    with ls.watch(logistic, samples, store=tmp_path) as capture:
        capture.fit(vectors(samples)[train], np.array(samples.labels.to_pylist())[train])
    assert capture.report.samples.ids.to_pylist() == [f"T{row}" for row in np.flatnonzero(train)]
    assert any("48 of 60 samples" in note for note in capture.report.notes)


def test_sample_weights_are_cut_to_the_rows_of_each_fit(logistic, tmp_path):
    samples = tickets(60, classes=2, wrong=0)
    codes = samples.codes(samples.classes)
    weights = np.where(codes == 0, 1e-6, 1.0)
    with ls.watch(logistic, samples, store=tmp_path, scan=False) as capture:
        capture.fit(vectors(samples), fit_params={"sample_weight": weights})
    assert (out_of_fold(capture)[:, 1] > 0.5).all()


def test_what_does_not_fit_is_refused_with_the_cure(logistic, tmp_path):
    from sklearn.cluster import KMeans
    from sklearn.ensemble import VotingClassifier
    from sklearn.linear_model import LinearRegression

    samples = tickets(60)
    x, y = vectors(samples), np.array(samples.labels.to_pylist())
    for target in (LinearRegression(), KMeans(), VotingClassifier([("a", logistic)])):
        with pytest.raises(InputError) as error, ls.watch(target, samples, store=tmp_path):
            pytest.fail("entered")
        assert error.value.hint
    wrong = [
        ((x[:-1], y[:-1]), "59 rows, and there are 60"),
        ((x, y[:-1]), r"shape \(59,\)"),
        ((x, np.roll(y, 1)), "not those of the samples"),
        ((x, np.where(y == "crash", "Crash", y)), "no class"),
    ]
    for arguments, message in wrong:
        with pytest.raises(InputError, match=message) as error, ls.watch(logistic, samples, store=tmp_path) as capture:
            capture.fit(*arguments)
        assert error.value.hint
        assert not hasattr(logistic, "classes_"), "nothing was fitted"


def test_what_the_folds_cannot_do_is_said_and_the_fitted_estimator_stays(tmp_path, caplog):
    from sklearn.svm import SVC

    pairs = SVC(decision_function_shape="ovo")
    four = tickets(60, wrong=0)
    labels = [f"{label} {row % 2}" for row, label in enumerate(four.labels.to_pylist())]
    many = table([{"text": t, "label": name} for t, name in zip(four.texts.to_pylist(), labels, strict=True)])
    x = vectors(four)
    with ls.watch(pairs, many, store=tmp_path) as capture:
        assert capture.fit(x) is pairs
    assert len(pairs.predict(x)) == 60
    assert "15 values a row" in caplog.text
    assert not capture.folder.joinpath(OUT_OF_FOLD).exists()


def test_a_fault_of_the_folds_leaves_the_fitted_estimator(tmp_path, caplog):
    from sklearn.linear_model import LogisticRegression

    class OnlyOnAll(LogisticRegression):
        def fit(self, X, y):
            if len(X) < 60:
                raise RuntimeError("too few rows")
            return super().fit(X, y)

    samples, model = tickets(60), OnlyOnAll()
    with ls.watch(model, samples, store=tmp_path) as capture:
        capture.fit(vectors(samples))
    assert "let go" in caplog.text
    assert list(model.classes_) == list(samples.classes)
    with pytest.raises(InputError, match="not open"):
        capture.fit(vectors(samples))


def test_few_rows(logistic, tmp_path, caplog):
    three = table([{"text": f"text {row}", "label": "aab"[row]} for row in range(3)])
    with ls.watch(logistic, three, store=tmp_path) as capture:
        capture.fit(np.eye(3))
    assert any("Nothing can be said of 1 rows" in note and "(b)" in note for note in capture.report.notes)
    two = three.take(np.array([0, 2]))
    with ls.watch(logistic, two, store=tmp_path) as capture:
        assert capture.fit(np.eye(2)).classes_.tolist() == ["a", "b"]
    assert "No part of the rows" in caplog.text
