"""The table of slices: rests and differences, too few, what follows from the label, labels as columns, named slices."""

from dataclasses import replace

import numpy as np
import pyarrow as pa
import pytest
from labelsift.data.samples import Samples
from labelsift.errors import InputError
from labelsift.metrics.estimates import simultaneous_differences
from labelsift.metrics.slice_cells import slice_ids
from labelsift.metrics.slice_metrics import estimates, rest, scored_labels
from labelsift.metrics.slice_table import full_table, slice_row, slices_table

COLUMNS = [
    *("slug", "predicate", "n", "value", "low", "high", "rest", "difference", "difference_low", "difference_high"),
    *("note", "counted", "metric_of"),
]


def made(report, labels, predicted, flagged=None, **metadata):
    """Return a report with other labels and columns, of as many rows."""
    rows = len(labels)
    columns = {
        "id": [f"t{row}" for row in range(rows)],
        "text": ["a text"] * rows,
        "label": labels,
        "predicted": predicted,
    }
    flags = [False] * rows if flagged is None else list(map(bool, flagged))
    scores = {"id": columns["id"], "label_score": np.full(rows, 0.5, dtype=np.float32), "is_label_issue": flags}
    samples = Samples(pa.table(columns), pa.table(metadata), "made")
    return replace(report, samples=samples, scores=pa.table(scores), classes=(), pred_probs=None)


def rows_of(table):
    return {row["slug"]: row for row in table.to_pylist()}


def test_the_rest_and_the_difference_stand_beside_each_slice(make_report):
    report = make_report(400, predicted=True)
    table = slices_table(report, by=["state", "gender"], metric="accuracy", split=["train", "test"])
    assert table.column_names == COLUMNS
    assert table.schema.metadata[b"metric"] == b"accuracy"
    assert table.schema.metadata[b"counted"].startswith(b"on 3")
    data = scored_labels(report, split=["train", "test"])
    row = rows_of(table)["state:NY"]
    inside = data.both & np.array([state == "NY" for state in report.samples.metadata["state"].to_pylist()])
    right = data.given == data.predicted
    assert row["value"] == pytest.approx(right[inside].mean())
    assert row["rest"] == pytest.approx(right[data.both & ~inside].mean())
    assert row["difference"] == pytest.approx(row["value"] - row["rest"])
    assert row["difference_low"] < row["difference"] < row["difference_high"]
    assert (row["counted"], row["metric_of"]) == (inside.sum(), "predicted column")


def test_intervals_of_differences_count_the_choice_among_all_slices_but_those_of_too_few(make_report):
    rng = np.random.default_rng(2)
    labels = rng.choice(["a", "b"], 600)
    said = np.where(rng.random(600) < 0.8, labels, "b")
    group = np.where(np.arange(600) < 5, "tiny", rng.choice(["x", "y", "z"], 600))
    table = rows_of(slices_table(made(make_report(), labels, said, group=group), by=["group"], metric="accuracy"))
    tiny = table.pop("group:tiny")
    assert (tiny["n"], tiny["note"]) == (5, "too few")
    assert {tiny[name] for name in COLUMNS[3:10]} == {None}
    right = labels == said
    hits = {name: right[group == name] for name in ("x", "y", "z")}
    assert len(table) == len(hits)
    data = scored_labels(made(make_report(), labels, said, group=group))
    cells = np.array([{"x": 0, "y": 1, "z": 2}.get(name, -1) for name in group])
    _, low, high = simultaneous_differences(*(function(data, "accuracy", cells, 3) for function in (estimates, rest)))
    for place, name in enumerate(hits):
        row = table[f"group:{name}"]
        assert (row["difference_low"], row["difference_high"]) == pytest.approx((low[place], high[place]))


@pytest.mark.parametrize("base", [0.02, 0.5])
def test_few_tables_of_pure_noise_have_a_difference(base):
    """Wilson's intervals at so high a confidence would fail in most of the tables of rare errors."""
    from labelsift.metrics.estimates import Estimates

    rng, fails = np.random.default_rng(5), 0
    for _ in range(100):
        n = rng.integers(10, 60, 150).astype(float)
        wrong = rng.binomial(n.astype(int), base).astype(float)
        others = Estimates(wrong.sum() - wrong, n.sum() - n)
        _, low, high = simultaneous_differences(Estimates(wrong, n), others)
        fails += bool(((low > 0) | (high < 0)).any())
    assert fails <= 8


def test_what_follows_from_the_label_is_no_cause(make_report):
    """A reason that only bad rows have says no more than the class; a group within the class does."""
    rng, rows = np.random.default_rng(3), 2_000
    labels = np.where(rng.random(rows) < 0.3, "bad", np.where(rng.random(rows) < 0.5, "good", "fine"))
    bad = labels == "bad"
    reason = np.where(bad, rng.choice(["late", "rude", "lost"], rows), None)
    worse = bad & (reason == "lost")
    region = np.where(rng.random(rows) < 0.1, "south", "north")
    rate = np.where(worse, 0.6, np.where(bad, 0.25, np.where(region == "south", 0.3, 0.05)))
    said = np.where(rng.random(rows) < rate, np.where(labels == "good", "fine", "good"), labels)
    report = made(
        make_report(), labels, said, reason=pa.array(reason.tolist()), region=region, kind=np.char.upper(labels)
    )
    notes = {
        metric: {row["slug"]: row["note"] for row in slices_table(report, metric=metric).to_pylist()}
        for metric in ("error_rate", "accuracy")
    }
    assert notes["error_rate"] == notes["accuracy"]
    follows = notes["error_rate"]
    assert follows["reason:late"] == follows["reason:rude"] == "follows from the label"
    assert follows["reason:lost"] is None  # three times as bad as its class elsewhere
    assert {follows[f"kind:{name}"] for name in ("BAD", "GOOD", "FINE")} == {"follows from the label"}
    assert follows["region:south"] is follows["region:north"] is None
    crossed = rows_of(slices_table(report, by=["label", "region"], metric="error_rate"))
    assert {row["note"] for row in crossed.values()} == {None}  # within a class the class explains nothing


def test_a_slice_that_is_pure_by_chance_does_not_follow(make_report):
    rng = np.random.default_rng(4)
    labels = np.where(rng.random(1_000) < 0.97, "usual", "rare")
    group = rng.choice([f"g{number}" for number in range(40)], 1_000)
    notes = slices_table(made(make_report(), labels, labels, group=group), by=["group"], metric="error_rate")["note"]
    assert notes.null_count == len(notes)


def test_labels_are_sliced_where_they_are_named_and_lead_to_their_samples(make_report):
    report = make_report(400, predicted=True)
    table = rows_of(slices_table(report, by=["label", "state"], metric="error_rate"))
    data = scored_labels(report)
    refunds = (data.given == data.classes.index("refund")) & data.both
    row = table["label:refund"]
    assert row["value"] == pytest.approx((data.given != data.predicted)[refunds].mean())
    slug = "label:refund__state:NY"
    assert table[slug]["predicate"] == 'label = "refund" and state = "NY"'
    ids = slice_ids(report, slug)
    assert len(ids) == table[slug]["n"]
    assert slice_row(report, slug)["n"] == len(ids)
    given, states = report.samples.labels.to_pylist(), report.samples.metadata["state"].to_pylist()
    assert ids == [f"t{row}" for row in range(400) if given[row] == "refund" and states[row] == "NY"]
    assert not [slug for slug in rows_of(slices_table(report)) if slug.startswith(("label:", "predicted:"))]
    predicted = rows_of(slices_table(report, by=["predicted"], metric="error_rate"))
    assert predicted["predicted:refund"]["n"] == report.samples.column("predicted").to_pylist().count("refund")


def test_a_users_column_goes_before_the_label_of_that_name(make_report):
    labels = ["a", "b"] * 50
    report = made(make_report(), labels, labels, label=["p", "q", "r", "s"] * 25)
    assert set(rows_of(slices_table(report, by=["label"], metric="accuracy"))) == {f"label:{name}" for name in "pqrs"}


def test_many_classes_can_be_sliced(make_report):
    labels = [f"class {number % 120}" for number in range(2_400)]
    table = slices_table(made(make_report(), labels, labels), by=["label"], metric="accuracy")
    assert len(table) == 120
    assert table["note"].null_count == 120


def test_labels_that_are_no_single_class_are_no_column(make_report):
    report = make_report()
    table = pa.table({"id": report.samples.ids, "text": report.samples.texts, "labels": ['["a"]'] * 200})
    sets = replace(report, samples=Samples(table, report.samples.metadata), pred_probs=None, classes=())
    with pytest.raises(InputError, match=r"label cannot be sliced: a sample may have several.*label='…'"):
        slices_table(sets, by=["label"])
    nothing = slices_table(sets, by=["state"], metric="f1", label="a")
    assert nothing["value"].null_count == len(nothing)
    with pytest.raises(InputError, match="no predicted to slice by"):
        slices_table(report, by=["predicted"])


def test_named_slices_are_rows_of_the_same_table(make_report):
    report = make_report(400)
    mask = np.arange(400) % 3 == 0
    table = rows_of(slices_table(report, by=["state"], named={"thirds": mask, "hostile/\u202ename": ~mask}))
    row = table["slice:thirds"]
    assert (row["n"], row["predicate"]) == (mask.sum(), 'slice = "thirds"')
    data = scored_labels(report)
    assert row["value"] == pytest.approx(data.flagged[mask].sum() / data.was_judged[mask].sum())
    other = next(row for slug, row in table.items() if slug.startswith("slice:hostile"))
    assert (row["rest"], row["value"]) == pytest.approx((other["value"], other["rest"]))
    alone = slices_table(report, by=[], named={"thirds": mask})
    assert alone["slug"].to_pylist() == ["slice:thirds"]
    assert slices_table(report, by=[]).num_rows == 0
    with pytest.raises(InputError, match=r"mask of the samples: thirds.*400"):
        slices_table(report, named={"thirds": mask[:5]})


def test_metrics_of_one_class_and_their_refusals(make_report):
    report = make_report(400, predicted=True)
    both = ["train", "test"]
    whole = rows_of(slices_table(report, by=["gender"], metric="f1", split=both))
    refund = rows_of(slices_table(report, by=["gender"], metric="f1", split=both, label="refund"))
    assert whole["gender:m"]["value"] != refund["gender:m"]["value"]
    assert refund["gender:m"]["low"] < refund["gender:m"]["value"] < refund["gender:m"]["high"]
    with pytest.raises(InputError, match="no such class: refunds"):
        slices_table(report, by=["gender"], metric="f1", label="refunds")


@pytest.mark.parametrize("rows", [1, 3, 12])
def test_tiny_data_is_shown_as_too_few(make_report, rows):
    labels = ["a", "b", "a"] * 4
    report = made(
        make_report(), labels[:rows], labels[:rows], state=["x", "y", "x"] * 4 if rows == 12 else ["x"] * rows
    )
    for metric in ("accuracy", "f1", "label_issue_rate", "calibration_gap"):
        table = slices_table(report, by=["state"] if rows == 12 else None, metric=metric)
        assert table.num_rows == (2 if rows == 12 else 0)
        assert table["value"].null_count == len(table)
        assert table["note"].to_pylist() == ["too few"] * len(table)


def test_of_slices_of_too_few_samples_comparisons_and_trackers_get_nothing(make_report):
    from labelsift.data.factorize import partitions
    from labelsift.metrics.compare import compare
    from labelsift.render.tracker_panels.panels import panels

    report = make_report(80, predicted=True)
    few = [
        row["slug"]
        for row in full_table(report, list(partitions(report.samples)[0].values())).to_pylist()
        if row["n"] < 10
    ]
    assert "state:CA" in few
    assert slice_row(report, "state:CA")["label_issue_rate"] is None
    shown = panels(report)
    assert not [name for name in shown.metrics for slug in few if name.endswith(f"/{slug}")]
    assert not {row[0] for row in shown.slices.rows} & set(few)
    later = replace(report, run="20261124-101500-4f2b")
    changes = compare(report, later).slices.to_pylist()
    assert {row["old"] for row in changes if row["slug"] == "state:CA"} == {None}
