"""Scored labels: whose predictions are judged, and which rows are counted."""

import json
from dataclasses import replace

import numpy as np
import pyarrow as pa
import pytest
from labelsift.data.samples import Samples
from labelsift.errors import InputError
from labelsift.metrics.evaluation_rows import is_training
from labelsift.metrics.slice_metrics import PREDICTED, PROBABILITIES, PROXY, estimates, overall, scored_labels
from labelsift.metrics.slice_table import slices_table


def with_column(report, name, values):
    table, column = report.samples.table, pa.chunked_array([pa.array(values, pa.string())])
    if name in table.column_names:
        table = table.set_column(table.column_names.index(name), name, column)
    else:
        table = table.append_column(name, column)
    return replace(report, samples=Samples(table, report.samples.metadata, "tickets"))


def brought(report):
    return replace(report, settings=report.settings | {"pred_probs": "the user's model"})


def whole(data, metric):
    return float(estimates(data, metric, np.zeros(len(data.given), dtype=np.int64), 1).value[0])


def test_probabilities_that_were_brought_are_the_users_and_others_the_proxys(make_report):
    report = make_report(300)
    proxy, users = scored_labels(report), scored_labels(brought(report))
    assert (proxy.source, users.source) == (PROXY, PROBABILITIES)
    assert proxy.gaps_of == PROXY
    test = np.array([split == "test" for split in report.samples.column("split").to_pylist()])
    assert (users.both == (test & (users.given >= 0) & (users.predicted >= 0))).all()
    assert proxy.both.sum() > users.both.sum() > 0  # the proxy is judged out of sample: all rows count
    crossed = replace(report, settings={"pred_probs": "5-fold cross-validation"})
    assert scored_labels(crossed).source == PROXY
    assert scored_labels(replace(report, pred_probs=None)).source == ""
    for data in (proxy, users):
        probs = np.asarray(report.pred_probs)[data.both]
        gap = probs.max(axis=1).mean() - (data.given == data.predicted)[data.both].mean()
        assert whole(data, "calibration_gap") == pytest.approx(gap, abs=1e-6)


def test_a_predicted_column_goes_before_probabilities_whose_calibration_is_their_own(make_report):
    data = scored_labels(brought(make_report(300, predicted=True)))
    assert data.source_of("accuracy") == PREDICTED
    assert data.source_of("calibration_gap") == PROBABILITIES
    assert (
        slices_table(brought(make_report(300, predicted=True)), by=["state"], metric="calibration_gap")[
            "metric_of"
        ].to_pylist()
        == [PROBABILITIES] * 4
    )


def test_probabilities_that_are_missing_predict_nothing(make_report):
    data = scored_labels(brought(make_report(300)))
    assert data.predicted[0] == -1
    assert not data.both[0]


@pytest.mark.parametrize("name", ["train", "Train", "TRAINING", "train_1", "train-02", "training.3", " train "])
def test_splits_that_a_model_was_trained_on_are_known_by_their_name(make_report, name):
    assert is_training(name)
    report = with_column(
        make_report(300, predicted=True), "split", [(name, "test")[row % 3 == 0] for row in range(300)]
    )
    data = scored_labels(report)
    assert not data.both[np.arange(300) % 3 > 0].any()
    assert data.counted == f"on split test, {data.both.sum()} rows"


@pytest.mark.parametrize("name", ["test", "trains", "strain", "validation", "pretrain", ""])
def test_other_splits_are_counted(make_report, name):
    report = with_column(make_report(300, predicted=True), "split", [(name, "dev")[row % 3 == 0] for row in range(300)])
    data = scored_labels(report)
    assert (data.both == ((data.given >= 0) & (data.predicted >= 0))).all()
    assert data.counted == f"on {data.both.sum()} rows"


def test_training_rows_count_where_no_other_has_predictions(make_report):
    report = make_report(300, predicted=True)
    test = np.arange(300) % 4 == 0
    said = [None if test[row] else value for row, value in enumerate(report.samples.column("predicted").to_pylist())]
    data = scored_labels(with_column(report, "predicted", said))
    assert data.both.sum() > 190
    assert data.counted == f"on split train, {data.both.sum()} rows"
    rows_without_split = with_column(report, "split", ["train"] * 150 + [None] * 150)
    assert scored_labels(rows_without_split).counted.startswith("on split none, ")


def test_a_split_that_is_named_alone_counts(make_report):
    report = make_report(300, predicted=True)
    train, test, both = (scored_labels(report, split=split) for split in ("train", "test", ["train", "test"]))
    assert (train.both | test.both).sum() == both.both.sum() == train.both.sum() + test.both.sum()
    assert train.was_judged.sum() + test.was_judged.sum() == both.was_judged.sum()
    assert whole(train, "label_issue_rate") == pytest.approx(train.flagged.sum() / train.was_judged.sum())
    assert scored_labels(report).was_judged.sum() == both.was_judged.sum()  # by default issue rates count all rows
    with pytest.raises(InputError, match=r"no such split: dev.*There are test, train"):
        scored_labels(report, split="dev")
    without = replace(report, samples=Samples(report.samples.table.drop_columns(["split"]), report.samples.metadata))
    with pytest.raises(InputError, match="no column of splits: test"):
        scored_labels(without, split="test")


def as_sets(report, *, predicted=True):
    labels = report.samples.labels.to_pylist()
    sets = [None if label is None else json.dumps([label]) for label in labels]
    columns = {"id": report.samples.ids, "text": report.samples.texts, "labels": pa.array(sets, pa.string())}
    if predicted:
        columns["predicted"] = pa.array([json.dumps(["refund"])] * len(labels))
    return replace(report, samples=Samples(pa.table(columns), report.samples.metadata))


def test_sets_are_predicted_by_a_column_or_by_probabilities_of_a_half_and_more(make_report):
    report = make_report(300)
    data = scored_labels(as_sets(report))
    assert (data.source, data.task) == (PREDICTED, "multilabel")
    refunds = [label == "refund" for label in report.samples.labels.to_pylist() if label is not None]
    assert whole(data, "accuracy") == pytest.approx(np.mean(refunds))
    probable = scored_labels(as_sets(report, predicted=False))
    assert probable.source == PROXY
    assert overall(probable)["accuracy"] == pytest.approx(overall(scored_labels(report))["accuracy"])
    assert scored_labels(as_sets(brought(report), predicted=False)).source == PROBABILITIES
    assert scored_labels(replace(as_sets(report, predicted=False), pred_probs=None)).source == ""
