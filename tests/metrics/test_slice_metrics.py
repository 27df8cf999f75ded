"""Metrics a class and a slice against scikit-learn and against counting by hand."""

from dataclasses import replace

import numpy as np
import pyarrow as pa
import pytest
from labelsift.data.factorize import MAX_VALUES, cross, partition, partitions
from labelsift.data.samples import Samples
from labelsift.errors import InputError
from labelsift.metrics.slice_metrics import PREDICTED, PROXY, cell_metrics, class_metrics, scored_labels
from labelsift.metrics.slice_table import slices_table
from labelsift.models.rates import wilson
from sklearn.metrics import accuracy_score, f1_score, precision_recall_fscore_support

NO_TEXT = pa.chunked_array([["one text"] * 20])


def column(values):
    return pa.chunked_array([values])


def cells_of(values, *, texts=None, name="c"):
    return partition(name, column(values), texts=texts or column(["a text"] * len(values)))


@pytest.mark.parametrize("predicted", [True, False])
def test_metrics_a_slice_equal_scikit_learn(make_report, predicted):
    report = make_report(300, predicted=predicted)
    data = scored_labels(report)
    assert data.source == (PREDICTED if predicted else PROXY)
    cells = partitions(report.samples)[0]["state"]
    metrics = cell_metrics(data, cells.codes, len(cells))
    for cell in range(len(cells)):
        rows = (cells.codes == cell) & data.both
        if not rows.any():  # California has rows of the split train alone
            assert predicted
            assert np.isnan(metrics["accuracy"][cell])
            continue
        given, said = data.given[rows], data.predicted[rows]
        assert metrics["accuracy"][cell] == pytest.approx(accuracy_score(given, said))
        assert metrics["f1"][cell] == pytest.approx(f1_score(given, said, average="macro", zero_division=0))
        assert metrics["weighted_f1"][cell] == pytest.approx(f1_score(given, said, average="weighted", zero_division=0))
        assert metrics["n"][cell] == (cells.codes == cell).sum()
        assert metrics["label_issues"][cell] == data.flagged[(cells.codes == cell) & (data.given >= 0)].sum()


def test_metrics_a_class_equal_scikit_learn(make_report):
    data = scored_labels(make_report(300, predicted=True))
    both = data.both
    assert both.sum() < ((data.given >= 0) & (data.predicted >= 0)).sum()  # the split train is left out
    precision, recall, f1, _ = precision_recall_fscore_support(
        data.given[both], data.predicted[both], labels=range(len(data.classes)), zero_division=0
    )
    metrics = class_metrics(data)
    np.testing.assert_allclose(metrics["precision"], precision)
    np.testing.assert_allclose(metrics["recall"], recall)
    np.testing.assert_allclose(metrics["f1"], f1)
    assert metrics["n"].sum() == (data.given >= 0).sum()


def test_a_class_that_only_the_prediction_knows_counts(make_report):
    report = make_report(60, predicted=True)
    table = report.samples.table
    said = ["unheard of" if index % 2 else label for index, label in enumerate(table["label"].to_pylist())]
    table = table.set_column(table.column_names.index("predicted"), "predicted", pa.array(said, pa.string()))
    data = scored_labels(replace(report, samples=Samples(table, report.samples.metadata)), split=["train", "test"])
    metrics = class_metrics(data)
    position = data.classes.index("unheard of")
    assert metrics["n"][position] == 0
    assert metrics["precision"][position] == 0
    assert np.isnan(metrics["recall"][position])


def test_without_any_prediction_only_label_issues_are_counted(make_report):
    data = scored_labels(replace(make_report(60), pred_probs=None))
    metrics = cell_metrics(data, np.zeros(60, dtype=np.int64), 1)
    assert data.source == ""
    assert np.isnan([metrics["accuracy"][0], metrics["f1"][0], metrics["weighted_f1"][0]]).all()
    assert metrics["label_issue_rate"][0] > 0


@pytest.mark.parametrize("predicted", [True, False])
def test_what_was_not_judged_is_neither_clean_nor_right(make_report, unjudged, predicted):
    report = make_report(300, predicted=predicted)
    cells = partitions(report.samples)[0]["state"]
    names = [predicate[0][1] for predicate in cells.predicates]
    of = np.array([names[code] for code in cells.codes])
    out = (of == "TX") | ((of == "NY") & (np.arange(300) % 2 == 0))
    before, data = scored_labels(report), scored_labels(unjudged(report, out))
    old, new = (cell_metrics(scored, cells.codes, len(cells)) for scored in (before, data))
    position, half = names.index("TX"), names.index("NY")
    assert (new["labeled"] == old["labeled"]).all()
    assert new["labeled"][position] > 20
    assert new["judged"][position] == new["label_issues"][position] == 0
    assert np.isnan([new[f"label_issue_rate{end}"][position] for end in ("", "_low", "_high")]).all()
    kept = (of == "NY") & ~out & (data.given >= 0)
    assert new["judged"][half] == kept.sum()
    assert new["label_issue_rate"][half] == pytest.approx(data.flagged[kept].mean())
    for name in ("accuracy", "f1", "weighted_f1"):
        if predicted:  # the user's own model needs no judging of ours
            assert new[name][position] == old[name][position]
        else:
            assert np.isnan(new[name][position])
    if not predicted:
        known = kept & (data.predicted >= 0)
        right = before.given[known] == before.predicted[known]
        assert new["accuracy"][half] == pytest.approx(right.mean())
    table = slices_table(unjudged(report, out), by=["state"])
    row = next(row for row in table.to_pylist() if row["predicate"] == 'state = "TX"')
    assert (row["value"], row["low"], row["high"]) == (None, None, None)


def test_a_class_is_rated_by_its_judged_labels(make_report, unjudged):
    report = make_report(300)
    refunds = np.array([label == "refund" for label in report.samples.labels.to_pylist()])
    metrics = class_metrics(scored_labels(unjudged(report, refunds)))
    position = report.samples.classes.index("refund")
    assert metrics["n"][position] == refunds.sum()
    assert metrics["judged"][position] == 0
    assert np.isnan(metrics["label_issue_rate"][position])
    some = class_metrics(scored_labels(unjudged(report, np.arange(300) % 2 == 0)))
    assert (some["label_issue_rate"] == some["label_issues"] / some["judged"]).all()


def test_scores_in_another_order_are_joined_by_id(make_report):
    report = make_report(60)
    shuffled = replace(report, scores=report.scores.take(pa.array(np.random.default_rng(1).permutation(60))))
    assert (scored_labels(shuffled).flagged == scored_labels(report).flagged).all()


def test_wilson_holds_the_rate_and_says_nan_of_nothing():
    low, high = wilson(np.array([0, 3, 10, 0]), np.array([10, 10, 10, 0]))
    assert (low[:3] <= [0, 0.3, 1]).all()
    assert (high[:3] >= [0, 0.3, 1]).all()
    # Wilson's interval of 3 in 10, worked out by hand from the formula.
    assert low[1] == pytest.approx(0.10779, abs=1e-5)
    assert high[1] == pytest.approx(0.60322, abs=1e-5)
    assert np.isnan(low[3])
    assert np.isnan(high[3])


@pytest.mark.parametrize(
    ("values", "reason"),
    [
        ([f"T-{number}" for number in range(100)], f"more than {MAX_VALUES} values"),
        ([f"T-{number}" for number in range(40)], "nearly unique"),
        (["US"] * 100, "only one value"),
        ([None] * 100, "only one value"),
        ([["a"], ["b"]] * 50, "not plain values"),
        (
            ["the customer writes at great length about what happened " * 2 + "ab"[row % 2] for row in range(100)],
            "free text",
        ),
    ],
)
def test_columns_that_cannot_be_sliced_say_why(values, reason):
    cells = cells_of(values)
    assert isinstance(cells, str)
    assert reason in cells


def test_a_copy_of_the_text_is_never_sliced():
    texts = column([f"text {number % 10}" for number in range(100)])
    assert "repeats the samples' texts" in partition("c", texts, texts=texts)


def test_numbers_are_quartered_and_equal_values_stay_together():
    values = [0.0] * 70 + [float(number) for number in range(1, 31)] + [None, float("nan")]
    cells = cells_of(values, name="age")
    of_zero = {int(cells.codes[number]) for number in range(70)}
    assert len(of_zero) == 1
    assert len(cells) == 4  # the two lower quarters are one
    assert cells.described[-1] == "age is missing"
    assert (cells.codes[-2:] == len(cells) - 1).all()
    assert cells.predicates[0] == (("age", "q1"),)
    assert cells.described[0].startswith("age ≤ ")


def test_few_numbers_dictionaries_and_booleans_are_categories():
    assert cells_of([1, 2, 3, 4] * 10).predicates == tuple((("c", str(value)),) for value in (1, 2, 3, 4))
    assert cells_of([True, False] * 10).predicates == ((("c", "false"),), (("c", "true"),))
    coded = pa.chunked_array([pa.array(["a", "b"] * 10).dictionary_encode()])
    assert len(partition("c", coded, texts=NO_TEXT)) == 2


def test_crossing_counts_only_what_occurs():
    first, second = cells_of(["a", "a", "b", "b"] * 3, name="x"), cells_of(["u", "u", "u", "v"] * 3, name="y")
    both = cross(first, second)
    assert both.predicates == (
        (("x", "a"), ("y", "u")),
        (("x", "b"), ("y", "u")),
        (("x", "b"), ("y", "v")),
    )
    assert both.codes.tolist() == [0, 0, 1, 2] * 3


def test_slices_one_and_two_way(make_report):
    report = make_report()
    table = slices_table(report, by=["state", "gender"])
    assert table.column_names[:6] == ["slug", "predicate", "n", "value", "low", "high"]
    by_slug = {row["slug"]: row for row in table.to_pylist()}
    assert by_slug["state:CA__gender:m"]["predicate"] == 'state = "CA" and gender = "m"'
    assert by_slug["state:CA"]["value"] == 1.0
    assert table["slug"][0].as_py() == "state:CA"
    for column_name in ("state:", "gender:"):
        one_way = [row["n"] for slug, row in by_slug.items() if slug.startswith(column_name) and "__" not in slug]
        assert sum(one_way) == len(report.samples)
    assert sum(row["n"] for slug, row in by_slug.items() if "__" in slug) == len(report.samples)
    assert all(row["low"] <= row["value"] <= row["high"] for row in by_slug.values())


def test_the_end_that_is_nearer_to_good_is_sorted_by_and_what_has_no_interval_comes_last(make_report):
    *rows, last = slices_table(make_report(), by=["state"], metric="f1").to_pylist()
    assert [row["high"] for row in rows] == sorted(row["high"] for row in rows)
    assert last["slug"] == "state:CA"  # ten samples of four classes
    assert last["value"] < rows[0]["value"]
    assert (last["low"], last["difference_low"], last["note"]) == (None, None, None)


def test_refusals_name_the_column_the_reason_and_a_cure(make_report):
    report = make_report()
    with pytest.raises(InputError, match=r"no metadata column called sate.*Did you mean state"):
        slices_table(report, by=["sate"])
    with pytest.raises(InputError, match=r"copy cannot be sliced.*Slice by split, state"):
        slices_table(report, by=["copy"])
    with pytest.raises(InputError, match=r"no slice metric called auc.*label_issue_rate"):
        slices_table(report, by=["state"], metric="auc")


def test_no_rows_and_no_metadata():
    empty = pa.table({"id": pa.array([], pa.string()), "text": pa.array([], pa.string())})
    samples = Samples(empty, pa.table({"state": pa.array([], pa.string())}))
    cells, skipped = partitions(samples)
    assert not cells
    assert "state" in skipped
