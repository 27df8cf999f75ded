"""Keras on PyTorch: each epoch's logits are those of ``predict``, and watching changes no weight."""

from __future__ import annotations

import frameworks
import labelsift as ls
import numpy as np
import pytest
from labelsift.capture.recording import EVAL, TRAIN
from labelsift.errors import InputError
from labelsift.signals.epoch_files import read_epochs
from tickets import tickets, vectors

frameworks.require("torch", "keras")
pytestmark = [
    pytest.mark.xdist_group("torch"),
    pytest.mark.slow,
    pytest.mark.filterwarnings("ignore:__array__ implementation doesn't accept:DeprecationWarning"),  # Keras's predict
]
FORMS = ("sequential", "unbuilt", "functional", "activation", "softmax_layer", "linear", "subclassed", "nested")


@pytest.fixture
def models():
    import keras_models

    return keras_models


@pytest.fixture
def samples():
    return tickets(60)


def fitted(model, x, y, *callbacks, epochs=2, **options):
    model.fit(x, y, epochs=epochs, batch_size=16, shuffle=True, verbose=0, callbacks=list(callbacks), **options)


@pytest.mark.parametrize("form", FORMS)
def test_the_logits_of_every_epoch_are_those_of_predict(models, samples, tmp_path, form):
    x, y = vectors(samples), samples.codes(samples.classes)
    model, by_hand = models.model(form), models.Predictions(x)
    with ls.watch(model, samples, data=x, store=tmp_path, scan=False) as capture:
        fitted(model, x, y, capture.callback, by_hand)
    files = read_epochs(capture.folder / TRAIN)
    expected = np.stack(by_hand.epochs)
    expected = models.softmax(expected) if form == "linear" else expected
    np.testing.assert_allclose(models.softmax(np.stack(files.logits)), expected, atol=1e-5)
    assert files.ids == tuple(samples.ids.to_pylist())
    assert not np.allclose(files.logits[0], files.logits[1], atol=1e-4), "the model learned between the two"


@pytest.mark.parametrize("form", ["functional", "subclassed"])
def test_a_watched_training_ends_with_the_same_weights(models, samples, tmp_path, form):
    x, y = vectors(samples), samples.codes(samples.classes)
    weights, histories = [], []
    for watched in (False, True):
        model = models.model(form)
        if watched:
            with ls.watch(model, samples, data=x, embedding="hidden", store=tmp_path, scan=False) as capture:
                histories.append(model.fit(x, y, epochs=3, batch_size=16, verbose=0, callbacks=[capture.callback]))
        else:
            histories.append(model.fit(x, y, epochs=3, batch_size=16, verbose=0))
        weights.append(model.get_weights())
    for plain, seen in zip(*weights, strict=True):
        np.testing.assert_array_equal(plain, seen)
    assert histories[0].history == histories[1].history
    assert "call" not in vars(model.get_layer("hidden"))
    ids, embeddings = capture.embeddings()
    assert ids == samples.ids.to_pylist()
    kernel, bias = model.get_layer("hidden").get_weights()
    np.testing.assert_allclose(embeddings, np.maximum(x @ kernel + bias, 0), atol=2e-3)


def test_a_report_is_made_of_it_and_the_old_callback_sleeps(models, samples, tmp_path):
    x, y = vectors(samples), samples.codes(samples.classes)
    model = models.model("sequential")
    with ls.watch(model, samples, data=(x, y), store=tmp_path) as capture:
        fitted(model, x, y, capture.callback, epochs=4)
    fitted(model, x, y, capture.callback)
    assert len(read_epochs(capture.folder / TRAIN).logits) == 4
    assert capture.report.summary()["facts"]["dynamics"]["epochs"] == 4
    assert capture.report.to_html(tmp_path / "report.html").stat().st_size > 10_000


@pytest.mark.parametrize("form", ["functional", "linear"])
def test_one_output_for_two_classes_is_two_columns(models, tmp_path, form):
    samples = tickets(40, classes=2)
    x, y = vectors(samples), samples.codes(samples.classes)
    model, by_hand = models.model(form, classes=1, activation="sigmoid"), models.Predictions(x)
    with ls.watch(model, samples, data=x, store=tmp_path, scan=False) as capture:
        fitted(model, x, y, capture.callback, by_hand)
    logits = np.stack(read_epochs(capture.folder / TRAIN).logits)
    second = np.stack(by_hand.epochs)[..., 0]
    second = 1 / (1 + np.exp(-second)) if form == "linear" else second
    np.testing.assert_allclose(models.softmax(logits)[..., 1], second, atol=1e-5)


def test_rows_of_two_splits_are_told_apart(models, tmp_path):
    samples = tickets(60, split=True)
    x, y = vectors(samples), samples.codes(samples.classes)
    kept = np.array([name == "validation" for name in samples.column("split").to_pylist()])
    for data in ({"train": (x[~kept], y[~kept]), "eval": x[kept]}, x):
        model, by_hand = models.model("functional"), models.Predictions(x)
        with ls.watch(model, samples, data=data, store=tmp_path, scan=False) as capture:
            fitted(model, x[~kept], y[~kept], capture.callback, by_hand, validation_data=(x[kept], y[kept]))
        for split, wanted in ((TRAIN, ~kept), (EVAL, kept)):
            rows, logits = capture.recording.last(split)
            assert rows.tolist() == np.flatnonzero(wanted).tolist()
            np.testing.assert_allclose(models.softmax(logits), by_hand.epochs[-1][wanted], atol=1e-5)


class Batches:
    """A data set of batches that may be read again and again, in one order or in another each time."""

    def __init__(self, *arrays, shuffled=False):
        self.arrays, self.shuffled, self.rng = arrays, shuffled, np.random.default_rng(0)

    def __iter__(self):
        n = len(self.arrays[-1])
        order = self.rng.permutation(n) if self.shuffled else np.arange(n)
        for rows in np.array_split(order, 4):
            yield tuple(
                {key: values[rows] for key, values in array.items()} if isinstance(array, dict) else array[rows]
                for array in self.arrays
            )


def test_a_data_set_is_known_by_its_order_or_by_ids_however_it_is_shuffled(models, samples, tmp_path):
    x, y = vectors(samples), samples.codes(samples.classes)
    ids = np.array(samples.ids.to_pylist())
    watched = [
        (Batches(x, y), None),
        (Batches({"x": x, "ticket": ids}, y, shuffled=True), "ticket"),
        (Batches(x, y, ids, shuffled=True), lambda batch: batch[2]),
    ]
    for data, name in watched:
        model, by_hand = models.model("functional"), models.Predictions(x)
        with ls.watch(model, samples, data=data, ids=name, store=tmp_path, scan=False) as capture:
            fitted(model, x, y, capture.callback, by_hand)
        logits = np.stack(read_epochs(capture.folder / TRAIN).logits)
        np.testing.assert_allclose(models.softmax(logits), np.stack(by_hand.epochs), atol=1e-5)


def test_what_does_not_fit_is_refused_before_the_training(models, samples, tmp_path):
    x, y = vectors(samples), samples.codes(samples.classes)
    ids = np.array(samples.ids.to_pylist())
    twice = {"x": x, "ticket": np.where(ids == "T1", "T0", ids)}
    nobody = {"x": x, "ticket": np.where(ids == "T1", "", ids)}
    wrong = [
        (None, None, "none were given"),
        (x[:-1], None, "59 rows, and there are 60"),
        ((x, np.roll(y, 1)), None, "not those of the samples"),
        ((x, np.eye(3)[np.roll(y, 1)]), None, "not those of the samples"),
        (Batches(x[:-1], y[:-1]), None, "59 rows, and there are 60"),
        (iter([x]), None, "once only"),
        ([x, x[:-1]], None, "rows"),
        (["text"] * 60, None, "no array"),
        (twice, "ticket", "twice"),
        (nobody, "ticket", "no id"),
        ({"x": x}, "ticket", "no 'ticket'"),
        (5, None, "no rows"),
    ]
    model = models.model("functional")
    for data, name, message in wrong:
        with (
            pytest.raises(InputError, match=message) as error,
            ls.watch(model, samples, data=data, ids=name, store=tmp_path),
        ):
            pytest.fail("entered")
        assert error.value.hint


def test_what_shows_at_the_first_epoch_stops_the_training_there(models, samples, tmp_path):
    x, y = vectors(samples), samples.codes(samples.classes)
    for changes, message in (
        ({"data": Batches(x, y, shuffled=True)}, "labels|another order"),
        ({"data": x, "embedding": "nowhere"}, "no layer"),
        ({"data": x, "classes": [*samples.classes, "more"]}, "columns"),
    ):
        model = models.model("functional")
        with (
            pytest.raises(InputError, match=message),
            ls.watch(model, samples, store=tmp_path, **changes) as capture,
        ):
            fitted(model, x, y, capture.callback)


def test_a_later_fault_costs_no_training_and_no_layer_stays_wrapped(models, samples, tmp_path, caplog, monkeypatch):
    x, y = vectors(samples), samples.codes(samples.classes)
    model, by_hand = models.model("functional"), models.Predictions(x)
    with ls.watch(model, samples, data=x, store=tmp_path) as capture:
        real, calls = capture.recording.batch, []

        def failing(*args, **options):
            calls.append(options["epoch"])
            if options["epoch"] == 1:
                raise OSError("the disk is full")
            real(*args, **options)

        monkeypatch.setattr(capture.recording, "batch", failing)
        fitted(model, x, y, capture.callback, by_hand, epochs=3)
    assert len(by_hand.epochs) == 3
    assert calls == [0, 1]
    assert "the disk is full" in caplog.text
    assert all("call" not in vars(layer) for layer in model.layers)


def test_a_fit_without_the_callback_is_told_how(models, samples, tmp_path, caplog):
    x, y = vectors(samples), samples.codes(samples.classes)
    model = models.model("functional")
    with ls.watch(model, samples, data=x, store=tmp_path):
        fitted(model, x, y)
    assert "callbacks=[capture.callback]" in caplog.text
