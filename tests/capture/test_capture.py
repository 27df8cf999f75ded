"""What every adapter of a framework stands on: recording, faults that cost no training, the scan after it."""

from __future__ import annotations

import logging
from types import SimpleNamespace

import labelsift as ls
import numpy as np
import pytest
from labelsift.capture import watch as watching
from labelsift.capture.capture import Capture
from labelsift.capture.logits import of_probabilities, two_columns
from labelsift.capture.recording import EMBEDDINGS, TRAIN
from labelsift.errors import InputError, LabelsiftError
from labelsift.signals.epoch_files import read_epochs


class Loop:
    """A training of no framework: hands batches to whoever listens."""

    listener = None

    def run(self, epochs, logits, order, *, embeddings=None, ids=None):
        for epoch in range(epochs):
            for rows in np.array_split(order[epoch], 3):
                if self.listener:
                    vectors = None if embeddings is None else embeddings[rows] + epoch
                    self.listener(
                        rows if ids is None else [ids[row] for row in rows], logits[epoch][rows], epoch, vectors
                    )


class LoopCapture(Capture):
    framework = "loop"
    watches = (f"{Loop.__module__.partition('.')[0]}:Loop",)

    def attach(self):
        def listen(ids, logits, epoch, embeddings):
            with self.guard():
                rows = ids if isinstance(ids, np.ndarray) else self.ids.positions(ids)
                self.record(rows, logits, epoch=epoch, embeddings=embeddings)

        self.target.listener = listen
        self.undo.callback(setattr, self.target, "listener", None)


@pytest.fixture(autouse=True)
def loop_is_known(monkeypatch):
    monkeypatch.setattr(
        watching, "entry_points", lambda group: [SimpleNamespace(name="loop", load=lambda: LoopCapture)]
    )


@pytest.fixture
def samples():
    rng = np.random.default_rng(0)
    rows = [
        {
            "id": f"t{row}",
            "text": f"{'money back' if row % 2 else 'parcel lost'} {rng.integers(1000)} please",
            "label": ("a", "b")[row % 2],
        }
        for row in range(30)
    ]
    import pyarrow as pa

    return ls.read(pa.Table.from_pylist(rows), label="label", id="id", name="loops")


def trained(n=30, epochs=3, seed=1):
    rng = np.random.default_rng(seed)
    return rng.normal(size=(epochs, n, 2)).astype(np.float32), [rng.permutation(n) for _ in range(epochs)]


def test_every_row_of_every_epoch_is_where_it_belongs_however_it_was_shuffled(samples, tmp_path):
    logits, order = trained()
    loop = Loop()
    with ls.watch(loop, samples, store=tmp_path / "kept") as capture:
        loop.run(3, logits, order, ids=samples.ids.to_pylist())
    files = read_epochs(capture.folder / TRAIN)
    np.testing.assert_array_equal(np.stack(files.logits), logits)
    assert files.ids == tuple(samples.ids.to_pylist())
    assert loop.listener is None
    assert oct(capture.folder.stat().st_mode & 0o777) == "0o700"
    assert capture.report.summary()["facts"]["dynamics"]["epochs"] == 3
    assert ls.load(capture.report.run, store=tmp_path / "kept").run == capture.report.run


def test_of_the_embeddings_the_newest_epoch_stays(samples, tmp_path):
    logits, order = trained()
    vectors = np.random.default_rng(0).normal(size=(30, 4)).astype(np.float32)
    loop = Loop()
    with ls.watch(loop, samples, store=tmp_path, scan=False) as capture:
        loop.run(3, logits, order, embeddings=vectors)
    ids, newest = capture.embeddings()
    assert ids == samples.ids.to_pylist()
    np.testing.assert_allclose(newest, vectors + 2, atol=2e-3)
    assert len(list((capture.folder / TRAIN / EMBEDDINGS).glob("*.npy"))) == 1
    with pytest.raises(LabelsiftError, match="scan=False"):
        capture.report  # noqa: B018


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda ids: [None, *ids[1:]], "have no id"),
        (lambda ids: [float("nan"), *ids[1:]], "have no id"),
        (lambda ids: [ids[1], *ids[1:]], "stand twice"),
        (lambda ids: ["nobody", *ids[1:]], "no sample has"),
    ],
)
def test_wrong_ids_stop_the_training_at_its_first_batch(samples, tmp_path, spoil, message):
    logits, _ = trained()
    loop = Loop()
    with pytest.raises(InputError, match=message) as error, ls.watch(loop, samples, store=tmp_path):
        loop.run(3, logits, [np.arange(30)] * 3, ids=spoil(samples.ids.to_pylist()))
    assert error.value.hint
    assert loop.listener is None


def test_a_fault_after_the_first_batch_is_said_once_and_costs_no_training(samples, tmp_path, caplog):
    logits, order = trained()
    logits = [logits[0], logits[1][:, :1], logits[2]]
    loop = Loop()
    with caplog.at_level(logging.WARNING, "labelsift"), ls.watch(loop, samples, store=tmp_path) as capture:
        loop.run(3, logits, order)
        assert loop.listener is None, "let go at once"
    assert len([record for record in caplog.records if "let go" in record.message]) == 1
    assert len(read_epochs(capture.folder / TRAIN).logits) == 1, "what was finished stays"
    with pytest.raises(LabelsiftError, match="let go"):
        capture.report  # noqa: B018


def test_after_an_exception_of_the_training_no_hook_is_left_and_finished_epochs_stay(samples, tmp_path):
    logits, order = trained()
    loop = Loop()
    with pytest.raises(ZeroDivisionError), ls.watch(loop, samples, store=tmp_path) as capture:
        loop.run(2, logits, order)
        loop.listener(order[2][:4], logits[2][order[2][:4]], 2, None)
        raise ZeroDivisionError
    assert loop.listener is None
    assert len(read_epochs(capture.folder / TRAIN).logits) == 2
    assert not list(capture.folder.rglob("*.part"))


def test_an_evaluation_stays_of_a_training_that_breaks_off_in_the_epoch_behind_it(samples, tmp_path):
    logits, order = trained()
    with pytest.raises(KeyboardInterrupt), ls.watch(Loop(), samples, store=tmp_path) as capture:
        for epoch in range(3):
            for part, at in ((TRAIN, order[epoch][:20]), ("eval", np.arange(5))):
                capture.record(at, logits[epoch][at], split=part, epoch=epoch, embeddings=np.ones((len(at), 2)))
                if epoch == 2:
                    raise KeyboardInterrupt
    assert {part: read_epochs(capture.folder / part).numbers for part in (TRAIN, "eval")} == {
        TRAIN: (0, 1),
        "eval": (0, 1),
    }
    assert len(list((capture.folder / "eval" / EMBEDDINGS).glob("epoch-00001*.npy"))) == 2


def test_a_training_that_is_taken_up_again_goes_on_in_its_recording(samples, tmp_path):
    logits, order = trained(epochs=4)
    for first in (0, 2):
        loop = Loop()
        with ls.watch(loop, samples, store=tmp_path, name="tickets", scan=False) as capture:
            loop.run(2, logits[first : first + 2], order[first : first + 2])
    np.testing.assert_array_equal(np.stack(read_epochs(capture.folder / TRAIN).logits), logits)


def test_a_name_is_not_taken_for_another_training(samples, tmp_path, caplog):
    logits, order = trained()
    loop, again = Loop(), dict(store=tmp_path, name="tickets", scan=False)
    with ls.watch(loop, samples, **again):
        pass  # nothing was recorded, so the name is free
    with ls.watch(loop, samples, **again, classes=["b", "a"]) as capture:
        loop.run(3, logits, order)
    assert "goes on" not in caplog.text
    index = (capture.folder / "capture.json").read_bytes()
    others = samples.take(np.arange(30)[::-1])
    for given, classes, what in ((others, ["b", "a"], "ids"), (samples, ["a", "b"], "classes")):
        with (
            pytest.raises(InputError, match=f"holds another training's rows: not the same {what}") as error,
            ls.watch(loop, given, **again, classes=classes),
        ):
            pass
        assert "name=" in error.value.hint
        assert (capture.folder / "capture.json").read_bytes() == index, "forget finds whose rows these are"
    with ls.watch(loop, samples, **again, classes=["b", "a"]):
        loop.run(1, logits, order)
    assert "tickets holds 3 epochs, and goes on behind them" in caplog.text


def test_every_second_epoch_is_recorded_where_that_is_asked(samples, tmp_path):
    logits, order = trained(epochs=4)
    loop = Loop()
    with ls.watch(loop, samples, store=tmp_path, every=2, scan=False) as capture:
        loop.run(4, logits, order)
    np.testing.assert_array_equal(np.stack(read_epochs(capture.folder / TRAIN).logits), logits[::2])


@pytest.mark.parametrize("kind", ["pandas", "arrow"])
def test_a_data_frame_is_known_by_its_column_id(samples, tmp_path, kind):
    table = samples.table.select(["id", "text"]).append_column("label", samples.labels)
    ids = samples.ids.to_pylist()
    with ls.watch(Loop(), table.to_pandas() if kind == "pandas" else table, store=tmp_path, scan=False) as capture:
        assert capture.recording.ids == ids
    bare = table.drop_columns("id")
    with ls.watch(Loop(), bare.to_pandas() if kind == "pandas" else bare, store=tmp_path, scan=False) as capture:
        assert not set(ids) & set(capture.recording.ids)


def test_what_nobody_knows_is_refused_with_the_adapters_that_there_are(samples, tmp_path):
    with pytest.raises(InputError, match=r"builtins\.dict") as error:
        ls.watch({}, samples, store=tmp_path)
    assert "loop" in error.value.hint


def test_a_label_that_is_no_class_of_the_model_is_refused(samples, tmp_path):
    with pytest.raises(InputError, match="no class") as error, ls.watch(Loop(), samples, store=tmp_path, classes=["a"]):
        pass
    assert "b" in error.value.ids


def test_nothing_recorded_is_said(samples, tmp_path, caplog):
    with caplog.at_level(logging.WARNING, "labelsift"), ls.watch(Loop(), samples, store=tmp_path) as capture:
        pass
    assert "recorded nothing" in caplog.text
    with pytest.raises(LabelsiftError, match="nothing was recorded"):
        capture.report  # noqa: B018


def test_logits_of_what_is_none():
    z = np.array([-3.0, 0.0, 40.0])
    softmax = np.exp(two_columns(z)) / np.exp(two_columns(z)).sum(axis=1, keepdims=True)
    np.testing.assert_allclose(softmax[:, 1], 1 / (1 + np.exp(-z)), rtol=1e-6)
    p = np.array([[0.0, 1.0], [0.3, 0.7]])
    back = np.exp(of_probabilities(p))
    np.testing.assert_allclose(back / back.sum(axis=1, keepdims=True), p, atol=1e-6)


def test_words_of_a_model_that_nobody_knows_how_to_ask_are_refused_before_the_training(samples, tmp_path):
    loop = Loop()
    with pytest.raises(InputError, match="Watching loop, nothing is known of how to ask"):
        ls.watch(loop, samples, explain=True, store=tmp_path / "kept").__enter__()
    assert loop.listener is None
    assert not (tmp_path / "kept").exists()


def test_a_model_that_cannot_be_asked_any_more_costs_its_words_and_not_the_report(
    samples, tmp_path, monkeypatch, caplog
):
    logits, order = trained()
    loop = Loop()
    monkeypatch.setattr(LoopCapture, "explainer", lambda capture: None)
    with (
        caplog.at_level(logging.WARNING, "labelsift"),
        ls.watch(loop, samples, explain=True, store=tmp_path / "kept") as capture,
    ):
        loop.run(3, logits, order, ids=samples.ids.to_pylist())
        monkeypatch.setattr(LoopCapture, "explainer", lambda capture: 1 / 0)
    assert "No words of the trained model: ZeroDivisionError" in caplog.text
    assert len(capture.report.samples) == len(samples)
