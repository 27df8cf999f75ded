"""A writer of logits: what it keeps, what it refuses, and what a killed one leaves."""

from __future__ import annotations

import os
import signal
import stat
import subprocess
import sys

import numpy as np
import pytest
from labelsift.errors import InputError
from labelsift.signals import dynamics_writer
from labelsift.signals.dynamics_writer import DynamicsWriter
from labelsift.signals.epoch_files import read_epochs

EPOCH = np.arange(6, dtype=np.float32).reshape(3, 2)


def test_epochs_come_back_as_they_were(tmp_path):
    with DynamicsWriter(tmp_path / "logits", classes=["no", "yes"], ids=["a", "b", "c"]) as writer:
        writer.epoch(EPOCH)
        writer.batch(["c", "a"], EPOCH[[2, 0]] + 1)
        writer.batch(["b"], EPOCH[[1]] + 1)
    dynamics = read_epochs(tmp_path / "logits")
    assert (dynamics.classes, dynamics.ids, dynamics.seen) == (("no", "yes"), ("a", "b", "c"), (None, None))
    np.testing.assert_array_equal(dynamics.logits[1], EPOCH + 1)
    assert stat.S_IMODE((tmp_path / "logits").stat().st_mode) == 0o700


def test_an_epoch_that_dropped_its_last_rows_says_so(tmp_path):
    with DynamicsWriter(tmp_path, ids=["a", "b", "c"]) as writer:
        writer.batch(["c", "a"], EPOCH[:2])
        writer.end_epoch()
        writer.end_epoch()  # nothing is under way
        writer.epoch(EPOCH)
    dynamics = read_epochs(tmp_path)
    assert len(dynamics.logits) == 2
    assert dynamics.seen[0].tolist() == [True, False, True]
    assert dynamics.seen[1] is None


def test_numbers_are_positions_unless_the_ids_are_numbers(tmp_path):
    with DynamicsWriter(tmp_path / "names", ids=["7", "8", "9"]) as writer:
        writer.batch([2, 0, 1], EPOCH)
    np.testing.assert_array_equal(read_epochs(tmp_path / "names").logits[0], EPOCH[[1, 2, 0]])
    with DynamicsWriter(tmp_path / "numbers", ids=[2, 0, 1]) as writer:
        writer.batch(np.array([0, 1, 2]), EPOCH)
    assert read_epochs(tmp_path / "numbers").ids == ("2", "0", "1")
    np.testing.assert_array_equal(read_epochs(tmp_path / "numbers").logits[0], EPOCH[[2, 0, 1]])


def test_a_named_epoch_may_show_a_row_twice(tmp_path):
    with DynamicsWriter(tmp_path, rows=3) as writer:
        writer.batch([0, 1], EPOCH[:2], epoch=0)
        writer.batch([1, 2], EPOCH[1:] + 5, epoch=0)
        writer.batch([0, 1, 2], EPOCH, epoch=1)
    dynamics = read_epochs(tmp_path)
    np.testing.assert_array_equal(dynamics.logits[0], np.stack([EPOCH[0], EPOCH[1] + 5, EPOCH[2] + 5]))
    np.testing.assert_array_equal(dynamics.logits[1], EPOCH)


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda writer: writer.batch(["x"], EPOCH[:1]), "no such rows: x"),
        (lambda writer: writer.batch([3], EPOCH[:1]), "no such rows: 3"),
        (lambda writer: writer.batch([-1], EPOCH[:1]), "no such rows: -1"),
        (lambda writer: writer.batch(["a", "b"], EPOCH[:1]), "1 rows of logits for 2 samples"),
        (lambda writer: writer.batch(["a"], np.zeros((1, 3))), "3 columns, not 2"),
        (lambda writer: writer.batch(["a"], np.zeros(2)), "shape"),
        (lambda writer: writer.epoch(EPOCH[:2]), "2 rows, not 3"),
        (lambda writer: (writer.batch(["a", "b"], EPOCH[:2]), writer.batch(["b"], EPOCH[:1])), "twice in one epoch"),
    ],
)
def test_what_does_not_fit_is_refused_by_name(tmp_path, call, said):
    with DynamicsWriter(tmp_path, classes=["no", "yes"], ids=["a", "b", "c"]) as writer:
        with pytest.raises(InputError, match=said):
            call(writer)


def test_a_writer_without_rows_and_ids_named_twice_are_refused(tmp_path):
    with pytest.raises(InputError, match="how many rows"), DynamicsWriter(tmp_path / "one") as writer:
        writer.batch([0], EPOCH[:1])
    with pytest.raises(InputError, match="named twice: a"):
        DynamicsWriter(tmp_path / "two", ids=["a", "b", "a"])


def test_a_folder_with_epochs_is_not_overwritten_but_goes_on(tmp_path):
    with DynamicsWriter(tmp_path, ids=["a", "b", "c"]) as writer:
        writer.epoch(EPOCH)
    with pytest.raises(InputError, match="already"):
        DynamicsWriter(tmp_path, ids=["a", "b", "c"])
    with pytest.raises(InputError, match="other rows"):
        DynamicsWriter(tmp_path, ids=["a", "b", "d"], resume=True)
    with DynamicsWriter(tmp_path, ids=["a", "b", "c"], resume=True) as writer:
        writer.epoch(EPOCH + 1)
    np.testing.assert_array_equal(read_epochs(tmp_path).logits[1], EPOCH + 1)


def test_an_error_in_the_training_leaves_no_half_epoch(tmp_path):
    with pytest.raises(RuntimeError), DynamicsWriter(tmp_path, ids=["a", "b", "c"]) as writer:
        writer.epoch(EPOCH)
        writer.batch(["a"], EPOCH[:1])
        raise RuntimeError
    assert sorted(os.listdir(tmp_path)) == ["epoch-00000.npy", "index.json"]


def test_a_killed_writer_leaves_the_finished_epochs(tmp_path):
    script = (
        "import sys, time, numpy as np, labelsift as ls\n"
        "writer = ls.DynamicsWriter(sys.argv[1], rows=3)\n"
        "writer.epoch(np.zeros((3, 2)))\nwriter.epoch(np.ones((3, 2)))\nwriter.batch([1], np.ones((1, 2)))\n"
        "print('ready', flush=True)\ntime.sleep(60)\n"
    )
    child = subprocess.Popen([sys.executable, "-c", script, str(tmp_path)], stdout=subprocess.PIPE, text=True)
    assert child.stdout is not None
    assert child.stdout.readline() == "ready\n"
    child.send_signal(signal.SIGKILL)
    child.wait()
    child.stdout.close()
    assert len(read_epochs(tmp_path).logits) == 2
    assert [name for name in os.listdir(tmp_path) if name.endswith(".part")]
    with DynamicsWriter(tmp_path, rows=3, resume=True) as writer:
        writer.epoch(EPOCH)
    assert len(read_epochs(tmp_path).logits) == 3
    assert not [name for name in os.listdir(tmp_path) if name.endswith(".part")]


def test_the_writer_holds_a_batch_and_not_an_epoch(tmp_path):
    import tracemalloc

    rows, columns = 40_000, 50  # 8 MB an epoch
    batch = np.ones((1_000, columns), dtype=np.float32)
    tracemalloc.start()
    try:
        with DynamicsWriter(tmp_path, rows=rows) as writer:
            for _ in range(3):
                for row in range(0, rows, len(batch)):
                    writer.batch(np.arange(row, row + len(batch)), batch)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 2_000_000
    assert len(read_epochs(tmp_path).logits) == 3


def test_half_precision_takes_half_the_room(tmp_path):
    with DynamicsWriter(tmp_path, rows=3, dtype="float16") as writer:
        writer.epoch(EPOCH)
    assert read_epochs(tmp_path).logits[0].dtype == np.float16


@pytest.mark.parametrize("content", [None, "{", '{"format": 99}'])
def test_a_folder_of_something_else_is_refused(tmp_path, content):
    if content is not None:
        (tmp_path / "index.json").write_text(content)
    with pytest.raises(InputError, match=r"holds no logits|format 99"):
        read_epochs(tmp_path)


def test_a_saved_array_is_read_too(tmp_path):
    np.save(tmp_path / "all.npy", np.stack([EPOCH, EPOCH + 1]))
    assert [epoch.shape for epoch in read_epochs(tmp_path / "all.npy").logits] == [(3, 2), (3, 2)]
    (tmp_path / "bad.npy").write_bytes(b"no array")
    with pytest.raises(InputError, match="no array of logits"):
        read_epochs(tmp_path / "bad.npy")


def test_an_epoch_larger_than_may_be_mapped_holds_what_was_written(tmp_path, monkeypatch):
    monkeypatch.setattr(dynamics_writer, "MOST_MAPPED", 4096)
    logits = np.random.default_rng(0).normal(size=(2, 3_000, 4)).astype(np.float32)
    let_go = []
    unmap = DynamicsWriter._unmap
    monkeypatch.setattr(DynamicsWriter, "_unmap", lambda *given: (let_go.append(1), unmap(*given)))
    with DynamicsWriter(tmp_path / "kept", rows=3_000, classes=list("abcd")) as writer:
        for epoch, values in enumerate(logits):
            for rows in np.array_split(np.random.default_rng(epoch).permutation(3_000), 20):
                writer.batch(rows, values[rows], epoch=epoch)
    np.testing.assert_array_equal(np.stack(read_epochs(tmp_path / "kept").logits), logits)
    assert len(let_go) == 40
