"""Erasure from recorded trainings: no number and no id of the sample stays, everybody else's do."""

from __future__ import annotations

import os
import time

import labelsift as ls
import numpy as np
import pytest
from labelsift.capture.recording import OUT_OF_FOLD, TOKENS, TRAIN, Recording
from labelsift.capture.token_files import read_tokens
from labelsift.corrections import erase_captures
from labelsift.corrections.erase import forget
from labelsift.corrections.verify import verify
from labelsift.signals.epoch_files import read_epochs
from labelsift.signals.training_dynamics import Dynamics
from labelsift.store.base import CAPTURES, BaseStore

IDS = [f"ticket-{row}" for row in range(6)]
GONE = [1, 4]
MARK = np.float32(12345.678)  # what the erased rows hold, and no other


def recorded(store, name="a training", *, ended=True):
    """Record two epochs (the second without the last row), embeddings, tokens, probabilities; return where and what."""
    BaseStore(store).prepare()
    folder = store / CAPTURES / name
    recording = Recording(folder, IDS, ["no", "yes"], framework="none")
    logits = np.arange(12, dtype=np.float32).reshape(6, 2)
    logits[GONE] = MARK
    for epoch in range(2):
        rows = np.arange(6 - epoch)[::-1]
        recording.batch(rows, logits[rows], split=TRAIN, epoch=epoch, embeddings=logits[rows])
    tokens = [np.repeat(logits[row : row + 1], row, axis=0) for row in range(6)]
    for rows in (np.array([1, 5]), np.arange(6)):  # both of them twice
        recording.tokens(rows, [tokens[row] for row in rows], split=TRAIN, epoch=0)
    probabilities = np.full((6, 2), 0.5)
    probabilities[GONE] = MARK
    recording.out_of_fold(probabilities)
    if ended:
        recording.close()
    return folder, logits, tokens, recording


def traces(folder):
    """Return the files in which an erased id, or a number of an erased row, still stands."""
    marks = [MARK.tobytes(), np.float16(MARK).tobytes(), *(IDS[row].encode() for row in GONE)]
    return [file.name for file in folder.rglob("*") if file.is_file() and any(m in file.read_bytes() for m in marks)]


def test_no_number_and_no_id_stays_and_the_others_do(tmp_path):
    store = tmp_path / "kept"
    folder, logits, tokens, _ = recorded(store)
    assert len(traces(folder)) >= 7
    plan = forget([IDS[row] for row in GONE], store=store, dry_run=True)
    assert plan.captures == {"a training": 2}
    assert len(traces(folder)) >= 7
    erased = forget([IDS[row] for row in GONE], store=store)
    assert erased.captures == {"a training": 2}
    assert erased.unknown == erased.unreachable == []
    assert traces(folder) == []
    stay = [row for row in range(6) if row not in GONE]
    files = read_epochs(folder / TRAIN)
    assert [files.ids[row] for row in stay] == [IDS[row] for row in stay]
    assert len(set(files.ids)) == 6
    for epoch, seen in enumerate(files.seen):
        shown = stay[: len(stay) - epoch]
        assert np.flatnonzero(seen).tolist() == shown
        np.testing.assert_array_equal(files.logits[epoch][shown], logits[shown])
        assert np.isnan(files.logits[epoch][GONE]).all()
    assert np.flatnonzero(read_epochs(folder / TRAIN / "embeddings").seen[0]).tolist() == stay[:-1]
    kept = read_tokens(folder / TRAIN / TOKENS, 2)[0]
    assert sorted(kept) == stay
    for row in stay:
        np.testing.assert_array_equal(kept[row], tokens[row])
    np.testing.assert_array_equal(np.load(folder / OUT_OF_FOLD)[stay], 0.5)
    assert verify(store=store).problems == ()


def test_the_dynamics_of_the_others_serve_as_before(tmp_path):
    import pyarrow as pa

    store = tmp_path / "kept"
    folder, *_ = recorded(store)
    forget([IDS[row] for row in GONE], store=store)
    rows = [{"id": IDS[row], "text": f"text {row}", "label": ("no", "yes")[row % 2]} for row in (0, 2, 3, 5)]
    samples = ls.read(pa.Table.from_pylist(rows), label="label", id="id", name="rest")
    report = ls.scan(samples, signals=ls.Signals(dynamics=Dynamics(folder / TRAIN)), store=None, progress=False)
    assert report.summary()["facts"]["dynamics"]["epochs"] == 2


@pytest.mark.parametrize("step", range(7))  # marks of three epochs, the tokens' index, three files of ids
def test_killed_anywhere_it_is_finished_by_the_same_call(tmp_path, monkeypatch, step):
    store = tmp_path / "kept"
    folder, *_ = recorded(store)
    real, replaced = os.replace, []

    def cut(source, target):
        if "erasing" in str(source):
            if len(replaced) == step:
                raise KeyboardInterrupt
            replaced.append(target)
        real(source, target)

    monkeypatch.setattr(erase_captures.os, "replace", cut)
    ids = [IDS[row] for row in GONE]
    with pytest.raises(KeyboardInterrupt):
        forget(ids, store=store)
    assert verify(store=store).problems or verify(store=store).notes
    monkeypatch.undo()
    assert forget(ids, store=store).captures == {"a training": 2}
    assert traces(folder) == []


def test_a_training_under_way_is_named_and_one_that_was_killed_is_swept(tmp_path):
    store = tmp_path / "kept"
    folder, _, _, running = recorded(store, ended=False)
    first = forget([IDS[1]], store=store)
    assert "when it is over" in first.unreachable[0]
    assert np.isnan(read_epochs(folder / TRAIN).logits[0][1]).all(), "what is finished is erased at once"
    for part in folder.rglob("*.part"):
        os.utime(part, (time.time() - 90_000,) * 2)
    second = forget([IDS[1]], store=store)
    assert second.unreachable == []
    assert second.captures == {"a training": 1}
    running.discard_open()
    assert not any(IDS[1].encode() in file.read_bytes() for file in folder.rglob("*") if file.is_file())


def test_what_cannot_be_read_is_named(tmp_path):
    store = tmp_path / "kept"
    folder, *_ = recorded(store)
    other, *_ = recorded(store, "another")
    (folder / "capture.json").write_text("{")
    erased = forget([IDS[1]], store=store)
    assert "delete it" in erased.unreachable[0]
    assert str(folder) in erased.unreachable[0]
    assert erased.captures == {"another": 1}
    assert IDS[1] not in (other / "capture.json").read_text()
