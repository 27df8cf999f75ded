"""What becomes of a recording when a training is over: splits, predictions of held-out rows, runs of trackers."""

from __future__ import annotations

import contextlib
from types import SimpleNamespace

import labelsift as ls
import numpy as np
import pyarrow as pa
import pytest
from labelsift import platforms
from labelsift.capture import afterwards
from labelsift.capture.afterwards import ActiveRuns, seen_samples
from labelsift.capture.recording import Recording
from labelsift.capture.row_ids import SampleIds, labels_differ, split_positions
from labelsift.errors import InputError, PlatformError
from labelsift.platforms import Receipt, Tracker


def samples(split=None, **columns):
    table = {"id": list("abcdef"), "text": [f"text {name}" for name in "abcdef"], "label": list("xyxyxy")}
    table |= {"split": split} if split else {}
    return ls.read(pa.table(table | columns), id="id", label="label", split="split" if split else None)


@pytest.fixture
def recording(tmp_path):
    made = Recording(tmp_path / "kept", list("abcdef"), ["x", "y"], framework="none")
    made.batch(np.arange(4), np.zeros((4, 2)), split="train", epoch=0)
    made.batch(np.array([3, 4]), np.array([[0.0, 5.0], [0.0, 5.0]]), split="eval", epoch=0)
    made.batch(np.array([4]), np.array([[5.0, 0.0]]), split="eval", epoch=1)
    made.close()
    return made


def test_held_out_rows_get_the_newest_prediction_and_training_rows_none(recording):
    seen = seen_samples(samples(), recording)
    assert seen.column("split").to_pylist() == ["train"] * 4 + ["eval", None]
    assert seen.column("predicted").to_pylist() == [None] * 4 + ["x", None]


def test_what_any_epoch_trained_on_is_not_held_out_though_the_last_one_broke_off_early(tmp_path):
    made = Recording(tmp_path / "kept", list("abcdef"), ["x", "y"], framework="none")
    for epoch, rows in enumerate(([0, 1], [2, 3], [0])):
        made.batch(np.array(rows), np.zeros((len(rows), 2)), split="train", epoch=epoch)
        made.batch(np.arange(6), np.zeros((6, 2)), split="eval", epoch=epoch)
    made.close()
    seen = seen_samples(samples(), made)
    assert seen.column("split").to_pylist() == ["train"] * 4 + ["eval"] * 2
    assert seen.column("predicted").to_pylist() == [None] * 4 + ["x"] * 2


def test_splits_and_predictions_of_the_users_own_stay(recording):
    names = ["train", "dev", "train", "train", "dev", "test"]
    seen = seen_samples(samples(names), recording)
    assert seen.column("split").to_pylist() == names
    assert seen.column("predicted").to_pylist()[4] == "x"


def test_without_held_out_rows_the_samples_are_what_they_were(tmp_path):
    only = Recording(tmp_path / "kept", list("abcdef"), ["x", "y"], framework="none")
    only.batch(np.arange(6), np.zeros((6, 2)), split="train", epoch=0)
    only.close()
    given = samples()
    assert seen_samples(given, only) is given


def test_rows_are_held_out_only_where_the_training_was_seen(tmp_path):
    only = Recording(tmp_path / "kept", list("abcdef"), ["x", "y"], framework="none")
    only.batch(np.arange(6), np.zeros((6, 2)), split="eval", epoch=0)
    only.close()
    given = samples()
    assert seen_samples(given, only) is given


class Stub(Tracker):
    name = "stub"

    def __init__(self, active, *, fails=False):
        self.active, self.fails, self.logged, self.open = active, fails, [], None

    def active_run(self):
        return self.active

    @contextlib.contextmanager
    def reopened(self, run):
        self.open = run
        yield
        self.open = None

    def log(self, run, request):
        if self.fails:
            raise PlatformError("The server sleeps", hint="Wake it")
        self.logged.append((run.run, self.open))
        return Receipt("stub", "target", created=1)


@pytest.fixture
def trackers(monkeypatch):
    def known(*made):
        for place, stub in enumerate(made):
            stub.name = f"stub{place}"
        points = [SimpleNamespace(name=stub.name, load=lambda stub=stub: lambda: stub) for stub in made]
        monkeypatch.setattr(afterwards, "entry_points", lambda group: points)
        monkeypatch.setattr(platforms, "get", lambda name: {stub.name: stub for stub in made}[name])

    return known


def test_a_run_that_ended_with_the_training_gets_the_report_and_idle_trackers_nothing(trackers, make_report, caplog):
    ended, idle, broken = Stub("r-1"), Stub(None), Stub("r-2", fails=True)
    trackers(ended, idle, broken)
    runs = ActiveRuns()
    runs.look()
    ended.active = None
    report = make_report()
    runs.log(report)
    assert ended.logged == [(report.run, "r-1")]
    assert idle.logged == []
    assert "The server sleeps" in caplog.text


def test_rows_without_ids_are_known_by_their_order_where_the_numbers_fit():
    plain = samples()
    assert split_positions(plain, 6, "train").tolist() == list(range(6))
    parted = samples(["train", "validation", "train", "test", "train", "validation"])
    assert split_positions(parted, 3, "train").tolist() == [0, 2, 4]
    assert split_positions(parted, 2, "eval").tolist() == [1, 5]
    assert split_positions(parted, 1, "eval_test").tolist() == [3]
    with pytest.raises(InputError, match="4 rows, and there are 6 samples, 3 of them train") as error:
        split_positions(parted, 4, "train")
    assert "ids=" in error.value.hint


def test_an_evaluation_without_ids_goes_to_the_split_of_its_name_and_never_to_another_of_its_size():
    parted = samples(["train", "validation", "test", "test", "train", "validation"])
    assert split_positions(parted, 2, "eval_test").tolist() == [2, 3]
    assert split_positions(parted, 2, "eval_validation").tolist() == [1, 5]
    assert split_positions(parted, 2, "eval_dev").tolist() == [1, 5]
    assert split_positions(parted, 4, "eval").tolist() == [1, 2, 3, 5]
    with pytest.raises(InputError, match="validation and test") as error:
        split_positions(parted, 2, "eval")
    assert "either" in error.value.hint
    for size in (4, 6):
        with pytest.raises(InputError, match="2 of them test"):
            split_positions(parted, size, "eval_test")
    without = samples(["train", "train", "test", "test", "train", "train"])
    with pytest.raises(InputError, match="0 of them"):
        split_positions(without, 2, "eval_validation")  # as many as test, and not test
    assert split_positions(samples(["train", "a b", "a b", "test", "test", "dev"]), 2, "eval_a_b").tolist() == [1, 2]


def test_ids_are_known_by_name_and_by_pseudonym():
    ids = SampleIds(["a", "id-bfc57bb373fd", "7"])
    assert ids.positions([7, "jo@mail.example", b"a"]).tolist() == [2, 1, 0]
    with pytest.raises(InputError, match="no sample has") as error:
        ids.positions(["a", "z"])
    assert list(error.value.ids) == ["z"]


def test_a_data_set_in_another_order_is_known_by_its_labels():
    with pytest.raises(InputError, match="labels of 2 rows") as error:
        labels_differ(samples(), np.array([0, 1, 2]), np.array([1, 0, 0]), ["x", "y"])
    assert list(error.value.ids) == ["a", "b"]
    labels_differ(samples(), np.array([0, 1, 2]), np.array([0, -1, 0]), ["x", "y"])
