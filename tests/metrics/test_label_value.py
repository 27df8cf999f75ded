"""What new labels are worth: a gain where they are better, none where they are not."""

from __future__ import annotations

import io
from dataclasses import replace
from pathlib import Path

import labelsift as ls
import numpy as np
import pyarrow as pa
import pytest
from labelsift.cli.print_comparison import print_label_value
from labelsift.data.stable_draws import row_keys
from labelsift.metrics.label_value import NEW, OLD, held_out_penalty, label_value
from rich.console import Console

NOISYAG = Path(__file__).parents[3] / "shared" / "data" / "noisyag" / "data.csv.gz"
CLASSES = ("billing", "delivery", "login")


def report(labels: list[str | None], vectors: np.ndarray, **columns: list) -> ls.Report:
    """A run without a scan: texts, labels, embeddings."""
    n = len(labels)
    table = pa.table(
        {"id": [f"s{row}" for row in range(n)], "text": [f"text {row}" for row in range(n)], "label": labels}
    )
    for name, values in columns.items():
        table = table.append_column(name, pa.array(values))
    names = [name for name in columns if name != "split"]
    samples = ls.read(
        table, id="id", label="label", split="split" if "split" in columns else None, metadata=names, name="t"
    )
    return ls.scan(samples, signals=ls.Signals(embeddings=vectors), only=["outlier"], store=None)


@pytest.fixture(scope="module")
def data() -> tuple[np.ndarray, list[str], list[str]]:
    """Vectors of three overlapping classes, the right labels, and labels of which a third were flipped."""
    rng = np.random.default_rng(3)
    codes = rng.integers(0, 3, 900)
    vectors = rng.normal(size=(900, 16)) * 0.9
    vectors[np.arange(900), codes] += 1.6
    flipped = np.where(rng.random(900) < 0.35, (codes + 1) % 3, codes)
    return vectors, [CLASSES[code] for code in codes], [CLASSES[code] for code in flipped]


def test_corrected_labels_show_a_gain(data):
    vectors, right, wrong = data
    value = label_value(report(wrong, vectors), report(right, vectors))
    assert value.gain > 0.03
    assert value.low > 0
    assert np.mean(value.accuracy[NEW, NEW]) > np.mean(value.accuracy[OLD, OLD])
    assert value.changed_training + value.changed_evaluation == sum(a != b for a, b in zip(right, wrong, strict=True))
    assert any("no independent yardstick" in note for note in value.notes)


def test_the_same_labels_are_worth_nothing_more(data):
    vectors, right, _ = data
    value = label_value(report(right, vectors), report(right, vectors))
    assert value.gain == 0
    assert value.accuracy[OLD, OLD] == value.accuracy[NEW, NEW]
    assert not any("yardstick" in note for note in value.notes)


def test_as_many_labels_shuffled_show_no_gain(data):
    vectors, right, _ = data
    rng = np.random.default_rng(4)
    rows = rng.choice(len(right), 200, replace=False)
    shuffled = list(right)
    for row, other in zip(rows, rng.permutation(rows), strict=True):
        shuffled[row] = right[other]
    value = label_value(report(right, vectors), report(shuffled, vectors))
    assert value.low < 0.02


def test_a_frozen_split_is_never_trained_on_and_slices_are_shown(data):
    vectors, right, wrong = data
    split = ["test" if row % 4 == 0 else "train" for row in range(len(right))]
    state = ["CA" if row % 3 == 0 else "NY" for row in range(len(right))]
    # Wrong labels in the test rows alone: neither model may learn from them, so both are the same.
    half = [bad if part == "test" else good for good, bad, part in zip(right, wrong, split, strict=True)]
    first, other = (report(labels, vectors, split=split, state=state) for labels in (half, right))
    value = label_value(first, other, evaluation="test", by=["state"])
    assert value.changed_training == 0 < value.changed_evaluation
    assert value.accuracy[OLD, NEW] == value.accuracy[NEW, NEW]
    assert value.slices["slug"].to_pylist() == ["state:CA", "state:NY"]
    assert value.slices["n"].to_pylist() == [300, 600]


def test_a_slice_shows_two_by_two_and_a_gain_where_its_labels_were_mended(data):
    vectors, right, wrong = data
    state = ["CA" if label == "billing" else "NY" for label in right]
    whole = ["yes"] * len(right)
    value = label_value(
        *(report(labels, vectors, state=state, whole=whole) for labels in (wrong, right)), by=["state", "whole"]
    )
    california, _, everything = value.slices.to_pylist()
    assert california["low"] > 0
    assert california["new_new"] - california["old_new"] == pytest.approx(california["gain"])
    assert [everything[name] for name in ("gain", "low", "high")] == pytest.approx([value.gain, value.low, value.high])
    for (trained, judged), values in value.accuracy.items():
        assert everything[f"{trained}_{judged}"] == pytest.approx(np.mean(values))
    console = Console(width=160, file=io.StringIO(), highlight=False)
    print_label_value(value, console=console)
    assert isinstance(console.file, io.StringIO)
    (line,) = [line for line in console.file.getvalue().splitlines() if "state:CA" in line]
    cells = [f"{california[name]:.3f}" for name in ("old_old", "new_old", "old_new", "new_new")]
    interval = ["…", f"{california['high']:+.3f}", "*"]
    assert line.split()[2:] == [*cells, f"{california['gain']:+.3f}", f"{california['low']:+.3f}", *interval]


def test_of_a_handful_of_rows_a_slice_has_no_interval(data):
    vectors, right, wrong = data
    state = ["CA" if row < 20 else "NY" for row in range(len(right))]
    value = label_value(*(report(labels, vectors, state=state) for labels in (wrong, right)), by=["state"])
    small, large = value.slices.to_pylist()
    assert (small["slug"], small["low"], small["high"]) == ("state:CA", None, None)
    assert small["gain"] is not None
    assert large["low"] is not None


def test_what_cannot_be_measured_is_refused(data):
    vectors, right, _ = data
    run = report(right, vectors)
    with pytest.raises(ls.InputError, match="no split holdout"):
        label_value(run, run, evaluation="holdout")
    with pytest.raises(ls.InputError, match="share 0 labeled samples"):
        label_value(report([None] * len(right), vectors, split=["a"] * len(right)), run)
    with pytest.raises(ls.InputError, match="no such metadata column: planet"):
        label_value(run, run, by=["planet"])


@pytest.mark.soak
@pytest.mark.skipif(not NOISYAG.exists(), reason="needs ../shared: people's errors in news labels")
def test_correcting_what_was_flagged_helps_and_shuffling_does_not():
    samples = ls.read(NOISYAG, label="given_label", id="id", metadata=["true_label"])
    old = ls.scan(samples, store=None, budget=1500, only=["label"])
    flagged = old.scores["is_label_issue"].to_numpy()
    given = np.array(samples.labels.to_pylist(), dtype=object)
    truth = np.array(samples.metadata["true_label"].to_pylist(), dtype=object)
    corrected, shuffled = np.where(flagged, truth, given), given.copy()
    changed = np.random.default_rng(0).choice(len(given), int((corrected != given).sum()), replace=False)
    shuffled[changed] = given[np.random.default_rng(1).permutation(changed)]

    def relabeled(labels: np.ndarray) -> ls.Report:
        table = samples.table.set_column(samples.table.column_names.index("label"), "label", pa.array(labels))
        return ls.scan(
            ls.read(table, id="id", label="label"),
            signals=ls.Signals(embeddings=old.embeddings),
            only=["outlier"],
            store=None,
        )

    better, worse = label_value(old, relabeled(corrected)), label_value(old, relabeled(shuffled))
    assert better.low > 0
    assert worse.high < better.low
    assert worse.gain <= 0.005


@pytest.mark.slow
@pytest.mark.parametrize("split", [False, True], ids=["a fifth", "a split"])
def test_the_order_of_rows_changes_no_accuracy(data, split):
    vectors, right, wrong = (np.asarray(each)[:300] for each in data)
    order = np.random.default_rng(4).permutation(300)
    table = {"id": [f"s{row}" for row in range(300)], "text": [f"text {row}" for row in range(300)]}
    table["split"] = ["test" if row % 4 == 0 else "train" for row in range(300)]
    values = []
    for rows in (np.arange(300), order):
        sides = [
            ls.scan(
                ls.read(
                    pa.table({**table, "label": labels}).take(pa.array(rows)),
                    id="id",
                    label="label",
                    split="split",
                    name="t",
                ),
                signals=ls.Signals(embeddings=vectors[rows].astype(np.float32)),
                only=["outlier"],
                store=None,
            )
            for labels in (wrong.tolist(), right.tolist())
        ]
        values.append(label_value(*sides, evaluation="test" if split else None))
    assert values[0].accuracy == values[1].accuracy


def test_which_fifth_chooses_the_penalty_hangs_on_keys_and_not_on_places(data):
    vectors, _, wrong = data
    codes = np.array([CLASSES.index(name) for name in wrong])
    keys = row_keys([f"s{row}" for row in range(900)], None)
    order = np.random.default_rng(5).permutation(900)
    first = held_out_penalty(vectors, codes, keys=keys)
    assert held_out_penalty(vectors[order], codes[order], keys=keys[order]) == pytest.approx(first, rel=1e-6)


def test_versions_of_the_method_are_named(data):
    vectors, right, wrong = data
    old, new = report(wrong[:200], vectors[:200]), report(right[:200], vectors[:200])
    assert not any("method" in note for note in label_value(old, new).notes)
    (note,) = (note for note in label_value(replace(old, settings={}), new).notes if "method" in note)
    assert "versions 1 and" in note and "The gain does not hang on that" in note
