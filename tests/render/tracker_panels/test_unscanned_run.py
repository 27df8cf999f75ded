"""Slice metrics of predictions without a scan: what is told, of which slices, and what stays untold."""

import labelsift as ls
import numpy as np
import pyarrow as pa
import pytest
from labelsift.errors import InputError
from labelsift.render.tracker_panels.unscanned_run import (
    evaluation_metrics,
    personal_columns,
    unscanned_run,
    with_predictions,
)

N = 300
REGION = np.array(["北海道", "東京", "大阪"])[np.arange(N) % 3]
CODES = np.arange(N) // 3 % 2


def samples(**columns):
    table = {
        "id": [str(row) for row in range(N)],
        "text": [f"text {row}" for row in range(N)],
        "label": [["no", "yes"][code] for code in CODES],
        "region": REGION.tolist(),
    } | columns
    role = "labels" if "labels" in table else "label"
    table = {name: values for name, values in table.items() if name != "label" or role == "label"}
    others = [name for name in table if name not in ("id", "text", role, "predicted")]
    predicted = {"predicted": "predicted"} if "predicted" in table else {}
    return ls.read(pa.table(table), id="id", metadata=others, **{role: role}, **predicted)


def wrong_in(region):
    return np.eye(2)[np.where(region == REGION, 1 - CODES, CODES)]


def test_the_worst_slices_are_told_beside_all_and_the_declared_ones():
    run = unscanned_run(samples(), {"few": "id in ('1', '2')", "early": "cast(id as int) < 30"})
    metrics = evaluation_metrics(with_predictions(run, wrong_in("東京"), ["no", "yes"]))
    assert metrics["slice.accuracy/all"] == pytest.approx(2 / 3)
    assert metrics["slice.accuracy/slice:early"] == pytest.approx(2 / 3)
    assert metrics["slice.accuracy/region:東京"] == 0
    assert not [name for name in metrics if "few" in name or "label_issue_rate" in name or "大阪" in name]


def test_random_predictions_name_no_slice():
    named = 0
    for seed in range(20):
        values = np.eye(2)[np.random.default_rng(seed).integers(0, 2, N)]
        metrics = evaluation_metrics(with_predictions(unscanned_run(samples()), values, ["no", "yes"]))
        named += any("region" in name for name in metrics)
    assert named <= 3  # by chance in one of twenty


def test_an_earlier_models_predictions_play_no_part():
    old = samples(predicted=["no"] * N)
    run = unscanned_run(old)
    assert run.samples.column("predicted") is None
    right = evaluation_metrics(with_predictions(run, np.eye(2)[CODES], ["no", "yes"]))
    assert right["slice.accuracy/all"] == 1
    by_name = with_predictions(run, ["no"] * N, ["no", "yes"])
    assert evaluation_metrics(by_name)["slice.accuracy/all"] == 0.5
    assert evaluation_metrics(with_predictions(by_name, np.eye(2)[CODES], ["no", "yes"])) == right


def test_a_rare_class_and_missing_labels_are_counted_as_far_as_they_go():
    labels = ["rare" if row < 3 else None if row < 100 else ["no", "yes"][CODES[row]] for row in range(N)]
    run = unscanned_run(samples(label=labels))
    metrics = evaluation_metrics(with_predictions(run, np.eye(3)[np.zeros(N, dtype=int)], ["no", "rare", "yes"]))
    assert metrics["slice.accuracy/all"] == pytest.approx((CODES[100:] == 0).sum() / 203)
    assert not [name for name in metrics if "rare" in name]


def test_sets_of_labels_are_told_by_the_probability_of_each():
    sets = samples(labels=[["no"] if code else ["no", "yes"] for code in CODES])
    run = unscanned_run(sets)
    right = np.column_stack([np.ones(N), 1 - CODES]) * 0.9
    assert evaluation_metrics(with_predictions(run, right, ["no", "yes"]))["slice.accuracy/all"] == 1
    with pytest.raises(InputError, match="Give probabilities of each"):
        with_predictions(run, ["no"] * N, ["no", "yes"])


def test_columns_that_name_people_or_hold_their_data_make_no_slice():
    people = {
        "mail": [("a@example.org", "b@example.org", "c@example.org")[row % 3] for row in range(N)],
        "annotator": [("ann", "bob", "cem")[row % 3] for row in range(N)],
    }
    shown = samples(**people)
    assert personal_columns(shown) == ["mail"]
    metrics = evaluation_metrics(with_predictions(unscanned_run(shown), wrong_in("東京"), ["no", "yes"]))
    assert {name.partition("/")[2] for name in metrics} == {"all", "region:東京"}


def stars(**columns):
    """Samples of five classes that are called by numbers."""
    return unscanned_run(samples(label=[str(1 + row % 5) for row in range(N)], **columns))


@pytest.mark.parametrize("kind", [int, np.uint8, float])
def test_predicted_numbers_are_names_of_classes_that_are_called_by_numbers(kind):
    run = stars()
    right = 1 + np.arange(N) % 5
    classes = run.samples.classes
    assert evaluation_metrics(with_predictions(run, right.astype(kind), classes))["slice.accuracy/all"] == 1
    four = with_predictions(run, np.minimum(right, 4).astype(kind), classes)  # each is a position, too
    assert evaluation_metrics(four)["slice.accuracy/all"] == pytest.approx(0.8)
    with pytest.raises(InputError, match=r"no classes.*\b0\b.*1, 2, 3, 4 and 5"):
        with_predictions(run, (right - 1).astype(kind), classes)


@pytest.mark.parametrize("wrong", [-1, 2, 0.5, np.nan])
def test_predicted_numbers_that_are_no_positions_are_refused(wrong):
    run = unscanned_run(samples())
    positions = CODES.astype(float)
    assert evaluation_metrics(with_predictions(run, positions, ["no", "yes"]))["slice.accuracy/all"] == 1
    positions[7] = wrong
    values = positions if wrong not in (-1, 2) else positions.astype(int)
    with pytest.raises(InputError, match=f"no classes.*{wrong}.*no and yes"):
        with_predictions(run, values, ["no", "yes"])


def test_what_cannot_be_measured_is_refused():
    with pytest.raises(InputError, match="no labels"):
        unscanned_run(samples(label=[None] * N))
    with pytest.raises(InputError, match="Slice x"):
        unscanned_run(samples(), {"x": "no_such_column = 1"})
    marked = pa.table({"text": ["Ann in Rome"], "spans": [[{"start": 0, "end": 3, "label": "PER"}]], "id": ["1"]})
    with pytest.raises(InputError, match="classes of tokens"):
        unscanned_run(ls.read(marked, spans="spans", id="id"))
