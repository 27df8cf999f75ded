"""XGBoost: the recorded logits are the margins after each k-th round, and the model is left as it was."""

from __future__ import annotations

import frameworks
import labelsift as ls
import numpy as np
import pyarrow as pa
import pytest
from labelsift.capture.recording import EVAL, TRAIN
from labelsift.errors import InputError
from labelsift.signals.epoch_files import read_epochs
from tickets import tickets, vectors

frameworks.require("xgboost")
pytestmark = pytest.mark.soak


@pytest.fixture
def xgb():
    import xgboost

    return xgboost


def coded(samples):
    return samples.codes(samples.classes)


def by_hand(model, x, rounds, xgb):
    booster = model.get_booster() if hasattr(model, "get_booster") else model
    return np.stack([booster.predict(xgb.DMatrix(x), output_margin=True, iteration_range=(0, k)) for k in rounds])


def test_margins_of_every_second_round_are_recorded_and_the_model_keeps_its_own_callbacks(xgb, tmp_path):
    samples = tickets()
    x, y = vectors(samples), coded(samples)
    own = xgb.callback.LearningRateScheduler(lambda _: 0.3)
    model = xgb.XGBClassifier(n_estimators=6, n_jobs=1, callbacks=[own])
    with ls.watch(model, samples, data=x, every=2, store=tmp_path) as capture:
        model.fit(x, y)
    files = read_epochs(capture.folder / TRAIN)
    np.testing.assert_allclose(np.stack(files.logits), by_hand(model, x, (2, 4, 6), xgb), atol=1e-5)
    assert files.ids == tuple(samples.ids.to_pylist())
    assert files.classes == samples.classes
    assert model.get_params()["callbacks"] == [own]
    assert capture.report.summary()["facts"]["dynamics"]["epochs"] == 3
    assert capture.report.to_html(tmp_path / "report.html").stat().st_size > 10_000


def test_two_classes_of_a_dmatrix_are_two_columns(xgb, tmp_path):
    samples = tickets(classes=2)
    x = vectors(samples)
    matrix = xgb.DMatrix(x, coded(samples))
    with ls.watch(matrix, samples, store=tmp_path, scan=False) as capture:
        booster = xgb.train(
            {"objective": "binary:logistic", "nthread": 1}, matrix, 3, callbacks=[capture.callback], verbose_eval=False
        )
    margins = by_hand(booster, x, (1, 2, 3), xgb)
    logits = np.stack(read_epochs(capture.folder / TRAIN).logits)
    np.testing.assert_allclose(logits[..., 1] - logits[..., 0], margins, atol=1e-5)
    with ls.watch(matrix, samples, store=tmp_path, scan=False) as later:  # the old callback does nothing any more
        xgb.train({"objective": "binary:logistic", "nthread": 1}, matrix, 2, callbacks=[capture.callback])
    assert not later.recording.started
    assert len(read_epochs(capture.folder / TRAIN).logits) == 3


def test_rows_of_two_splits_are_told_apart_by_data_or_by_the_samples_column(xgb, tmp_path):
    samples = tickets(split=True)
    x, y = vectors(samples), coded(samples)
    kept = np.array([name == "validation" for name in samples.column("split").to_pylist()])
    for data in ({"train": x[~kept], "eval": x[kept]}, x):
        model = xgb.XGBClassifier(n_estimators=2, n_jobs=1)
        with ls.watch(model, samples, data=data, store=tmp_path) as capture:
            model.fit(x[~kept], y[~kept])
        last = by_hand(model, x, (2,), xgb)[0]
        for split, wanted in ((TRAIN, ~kept), (EVAL, kept)):
            rows, logits = capture.recording.last(split)
            assert rows.tolist() == np.flatnonzero(wanted).tolist()
            np.testing.assert_allclose(logits, last[wanted], atol=1e-5)
        predicted = capture.report.samples.column("predicted").to_pylist()
        assert [name is not None for name in predicted] == kept.tolist()


def test_what_does_not_fit_is_refused_before_a_tree_is_grown(xgb, tmp_path):
    samples = tickets()
    x, y = vectors(samples), coded(samples)
    model = xgb.XGBClassifier(n_estimators=2, n_jobs=1)
    wrong = [
        (model, None, "none were given"),
        (model, x[:-1], "59 rows, and there are 60"),
        (xgb.DMatrix(x, np.roll(y, 1)), None, "not those of the samples"),
        (xgb.XGBRegressor(), x, "no classes"),
    ]
    for target, data, message in wrong:
        with pytest.raises(InputError, match=message) as error, ls.watch(target, samples, data=data, store=tmp_path):
            pytest.fail("entered")
        assert error.value.hint
    assert model.get_params()["callbacks"] is None
    with pytest.raises(InputError, match="no logits"), ls.watch(xgb.DMatrix(x, y), samples, store=tmp_path) as capture:
        xgb.train({"objective": "reg:squarederror"}, xgb.DMatrix(x, y), 2, callbacks=[capture.callback])


def test_after_an_exception_the_model_is_as_it_was(xgb, tmp_path):
    samples = tickets()
    x, y = vectors(samples), coded(samples)
    model = xgb.XGBClassifier(n_estimators=2, n_jobs=1)
    with pytest.raises(ZeroDivisionError), ls.watch(model, samples, data=x, store=tmp_path):
        model.fit(x, y)
        raise ZeroDivisionError
    assert model.get_params()["callbacks"] is None


def test_a_round_that_never_came_is_said_with_the_cure(xgb, tmp_path, caplog):
    samples = tickets()
    x, y = vectors(samples), coded(samples)
    model = xgb.XGBClassifier(n_estimators=2, n_jobs=1)
    with ls.watch(model, samples, data=x, every=5, store=tmp_path):
        model.fit(x, y)
    assert "callbacks=[capture.callback]" in caplog.text


def test_a_table_without_texts_is_judged_by_its_features(xgb, tmp_path):
    rng = np.random.default_rng(0)
    x = rng.normal(size=(200, 4)) * (1, 1000, 1, 1)
    y = (x[:, 0] > 0).astype(int)
    y[:8] = 1 - y[:8]
    table = pa.table({"row": [f"r{row}" for row in range(200)], "label": y})
    samples = ls.read(table, label="label", id="row", text=None)
    model = xgb.XGBClassifier(n_estimators=10, max_depth=2, n_jobs=1)
    with ls.watch(model, samples, data=x, store=tmp_path) as capture:
        model.fit(x, y)
    hard = {row["id"] for row in capture.report.findings.to_pylist() if row["issue"] == "hard"}
    assert len(hard & {f"r{row}" for row in range(8)}) >= 7
    np.testing.assert_allclose(capture.signals().embeddings.std(axis=0), 1, atol=1e-3)
