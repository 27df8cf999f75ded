"""Weak slices of a run: what is searched, how it is written, and that every condition picks exactly its rows."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from labelsift.data.samples import Samples
from labelsift.data.schemas import findings_table
from labelsift.errors import InputError
from labelsift.metrics.weak_slices.bins import binned
from labelsift.metrics.weak_slices.causes import label_behind
from labelsift.metrics.weak_slices.embedding_clusters import FEWEST, embedding_clusters
from labelsift.metrics.weak_slices.sources import slice_columns
from labelsift.metrics.weak_slices.table import SCHEMA
from labelsift.metrics.weak_slices.weak_slices import weak_slices
from labelsift.report import Report
from labelsift.search.sql_filter import Selection

N = 4_000
HOSTILE = 'größe "x" or 1=1 --'


def report_of(
    metadata: dict[str, Any],
    *,
    given: np.ndarray,
    predicted: np.ndarray | None = None,
    flagged: np.ndarray | None = None,
    texts: list[str] | None = None,
    embeddings: np.ndarray | None = None,
    scores: dict[str, Any] | None = None,
    facts: dict[str, Any] | None = None,
) -> Report:
    ids = [f"r{row}" for row in range(len(given))]
    columns = {"id": ids, "text": texts or [f"text {row}" for row in range(len(given))], "label": given.tolist()}
    if predicted is not None:
        columns["predicted"] = predicted.tolist()
    of_rows: dict[str, Any] = {"id": ids, **(scores or {})}
    if flagged is not None:
        of_rows |= {"label_score": np.where(flagged, 0.1, 0.9).astype(np.float32), "is_label_issue": flagged}
    return Report(
        run="r",
        created=datetime(2026, 11, 30, tzinfo=UTC),
        samples=Samples(pa.table(columns), pa.table(metadata)),
        scores=pa.table(of_rows),
        findings=findings_table([]),
        facts={"hidden_columns": {}, **(facts or {})},
        embeddings=embeddings,
    )


def labels(rng: np.random.Generator, rows: int = N) -> np.ndarray:
    return rng.choice(["card", "late", "refund"], rows)


def wrong_at(given: np.ndarray, wrong: np.ndarray) -> np.ndarray:
    other = {"card": "late", "late": "refund", "refund": "card"}
    return np.where(wrong, [other[label] for label in given], given)


def planted(seed: int = 0) -> tuple[Report, np.ndarray]:
    rng = np.random.default_rng(seed)
    state = rng.choice(["CA", "O'Hara", "日本", 'a "b" `c`;'], N)
    age = rng.normal(45, 12, N)
    weak = (state == "日本") & (age > 41.3)
    given = labels(rng)
    wrong = rng.random(N) < np.where(weak, 0.45, 0.08)
    metadata = {"state": state, HOSTILE: age, "paid": rng.random(N) < 0.5}
    return report_of(metadata, given=given, predicted=wrong_at(given, wrong)), weak


def test_a_planted_slice_is_named_and_its_condition_picks_its_rows():
    report, weak = planted()
    table = weak_slices(report)
    assert table.schema.equals(SCHEMA)
    (row,) = table.to_pylist()
    assert "日本" in row["predicate"]
    assert HOSTILE in row["predicate"]
    chosen = np.isin(report.samples.ids.to_pylist(), report.ids(row["where"]))
    assert chosen.sum() == row["n"]
    assert (chosen & weak).sum() / (chosen | weak).sum() > 0.8
    assert row["low"] < row["value"] < row["high"]
    assert row["difference"] == pytest.approx(row["value"] - row["rest"])
    assert 0 < row["difference_low"] < row["difference"] < row["difference_high"]
    assert row["follows"] is None
    assert row["measured"] < row["n"]
    facts = json.loads(table.schema.metadata[b"labelsift"])
    assert facts["rows"] == N
    assert facts["source"] == "predicted column"


def test_values_are_those_of_the_other_half():
    report, _ = planted(1)
    (row,) = weak_slices(report).to_pylist()
    inside = np.isin(report.samples.ids.to_pylist(), report.ids(row["where"]))
    wrong = report.samples.column("predicted").to_numpy() != report.samples.labels.to_numpy()  # type: ignore[union-attr]
    assert row["measured"] == pytest.approx(inside.sum() / 2, rel=0.15)
    assert row["value"] == pytest.approx(wrong[inside].mean(), abs=0.1)
    assert row["rest"] == pytest.approx(wrong[~inside].mean(), abs=0.02)


def test_the_order_of_the_rows_does_not_matter():
    report, _ = planted(2)
    samples = report.samples.take(np.random.default_rng(0).permutation(N))
    other = report_of({}, given=samples.labels.to_numpy())  # type: ignore[union-attr]
    other.samples, other.scores = samples, pa.table({"id": samples.ids})
    assert weak_slices(other).drop(["same_rows"]) == weak_slices(report).drop(["same_rows"])


def test_label_issues_are_searched_where_there_are_no_predictions():
    rng = np.random.default_rng(3)
    tool = rng.choice(["a", "b", "c"], N)
    report = report_of({"tool": tool}, given=labels(rng), flagged=rng.random(N) < np.where(tool == "b", 0.3, 0.05))
    (row,) = weak_slices(report, metric="label_issue_rate").to_pylist()
    assert row["slug"] == "tool:b"
    assert row["where"] == "\"tool\" = 'b'"
    with pytest.raises(InputError, match="no predictions"):
        weak_slices(report)


def test_a_column_that_follows_a_hard_class_is_told_from_a_cause():
    rng = np.random.default_rng(4)
    given = labels(rng)
    reason = np.where((given == "refund") & (rng.random(N) < 0.8), "broken", "none")
    wrong = rng.random(N) < np.where(given == "refund", 0.3, 0.05)
    report = report_of({"reason": reason}, given=given, predicted=wrong_at(given, wrong))
    (row,) = weak_slices(report, columns=["reason"]).to_pylist()
    assert (row["slug"], row["follows"]) == ("reason:broken", "follows from the label refund")
    whole = weak_slices(report).to_pylist()
    assert [row["slug"] for row in whole if row["slug"].startswith("label")] == ["label:refund"]
    assert not any("reason" in row["slug"] for row in whole)


def test_a_cause_within_classes_follows_from_no_label():
    rng = np.random.default_rng(5)
    classes = rng.integers(0, 3, N)
    inside = rng.random(N) < 0.2
    assert label_behind(inside, classes, rng.random(N) < np.where(inside, 0.3, 0.1)) is None
    hard = rng.random(N) < np.where(classes == 1, 0.3, 0.05)
    assert label_behind(np.where(classes == 1, rng.random(N) < 0.5, rng.random(N) < 0.1), classes, hard) == 1
    assert label_behind(classes == 1, classes, hard) == 1  # nothing to be compared with


def test_a_copy_of_the_truth_beside_the_prediction_is_no_slice():
    rng = np.random.default_rng(6)
    given = labels(rng)
    wrong = rng.random(N) < 0.1
    metadata = {"gold": given, "guess": wrong_at(given, wrong), "ok": ~wrong}
    table = weak_slices(report_of(metadata, given=given, predicted=wrong_at(given, wrong)))
    assert table.num_rows == 0
    assert "ok" in json.loads(table.schema.metadata[b"labelsift"])["skipped"]


def test_the_same_rows_by_another_column_are_mentioned():
    rng = np.random.default_rng(7)
    city = rng.choice(["SF", "LA", "NY", "Rome"], N)
    codes = {"SF": 1.0, "LA": 2.0, "NY": 3.0, "Rome": 4.0}
    wrong = rng.random(N) < np.where(city == "NY", 0.4, 0.08)
    given = labels(rng)
    report = report_of(
        {"city": city, "zone": [codes[name] for name in city]}, given=given, predicted=wrong_at(given, wrong)
    )
    (row,) = weak_slices(report).to_pylist()
    assert {row["predicate"], row["same_rows"]} == {'city = "NY"', "zone > 2 and zone <= 3"} or "city" in row[
        "predicate"
    ]
    assert row["same_rows"] is not None


def test_hidden_columns_are_searched_only_where_they_are_named():
    rng = np.random.default_rng(8)
    agent = rng.choice(["Ann Lee", "Bob Ray"], N)
    given = labels(rng)
    wrong = rng.random(N) < np.where(agent == "Ann Lee", 0.3, 0.05)
    facts = {"hidden_columns": {"pii": ["agent"]}}
    report = report_of({"agent": agent}, given=given, predicted=wrong_at(given, wrong), facts=facts)
    table = weak_slices(report)
    assert table.num_rows == 0
    assert "Ann" not in str(table.schema.metadata)
    assert weak_slices(report, columns=["agent"]).num_rows == 1


@pytest.mark.slow
def test_text_length_flags_and_clusters_are_searched():
    rng = np.random.default_rng(9)
    given = labels(rng)
    lengths = rng.integers(5, 200, N)
    texts = ["é" * length for length in lengths]
    flags = rng.random(N) < 0.2
    groups = rng.integers(0, 4, N)
    vectors = (np.eye(8)[groups] + rng.normal(0, 0.05, (N, 8))).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    vectors[:50] = 0
    weak = {"length": lengths > 160, "flag": flags, "cluster": (groups == 2) & vectors.any(axis=1)}
    for name, mask in weak.items():
        wrong = rng.random(N) < np.where(mask, 0.35, 0.05)
        report = report_of(
            {},
            given=given,
            predicted=wrong_at(given, wrong),
            texts=texts,
            embeddings=vectors,
            scores={"is_garbage_issue": flags},
        )
        table = weak_slices(report)
        assert table.num_rows, name
        clusters = embedding_clusters(report)
        selection = Selection(N, {
            "text": report.samples.texts,
            "cluster": pa.chunked_array([clusters]),
            "is_garbage_issue": report.scores["is_garbage_issue"],
        })  # fmt: skip
        chosen = np.zeros(N, dtype=bool)
        for row in table.to_pylist():
            rows = selection.matching(row["where"])
            assert rows.sum() == row["n"]
            chosen |= rows
        assert (chosen & mask).sum() / (chosen | mask).sum() > 0.8, name


def test_clusters_are_the_same_in_any_order_and_none_without_a_vector():
    rng = np.random.default_rng(10)
    vectors = rng.normal(size=(500, 16)).astype(np.float32)
    vectors[7], vectors[8] = 0, np.nan
    given = labels(rng, 500)
    report = report_of({}, given=given, embeddings=vectors)
    clusters = embedding_clusters(report)
    assert (clusters == -1).nonzero()[0].tolist() == [7, 8]
    sizes = np.bincount(clusters[clusters >= 0])
    assert len(sizes) > 2
    assert (np.diff(sizes) <= 0).all()
    order = rng.permutation(500)
    other = report_of({}, given=given, embeddings=vectors[order])
    other.samples = report.samples.take(order)
    assert (embedding_clusters(other) == clusters[order]).all()
    few = report_of({}, given=given[: FEWEST - 1], embeddings=vectors[10 : FEWEST + 9])
    assert set(embedding_clusters(few).tolist()) == {0}
    assert set(embedding_clusters(report_of({}, given=given)).tolist()) == {-1}


def test_little_data_names_nothing_and_unknown_names_are_refused():
    three = report_of({"a": ["x", "y", "x"]}, given=np.array(["p", "q", "p"]), predicted=np.array(["p", "p", "q"]))
    assert weak_slices(three).num_rows == 0
    report, _ = planted(11)
    with pytest.raises(InputError, match="Weak slices cannot be found by f1"):
        weak_slices(report, metric="f1")
    with pytest.raises(InputError, match="no column called stat"):
        weak_slices(report, columns=["stat"])
    with pytest.raises(InputError, match="no column of splits"):
        weak_slices(report, split="test")


NUMBERS = st.one_of(
    st.none(),
    st.floats(allow_nan=True, allow_infinity=True),
    st.integers(-5, 5).map(float),
    st.sampled_from([0.1, 0.3]),
)
WHOLE = st.one_of(st.none(), st.integers(-(2**31), 2**31 - 1), st.integers(-3, 3))
WORDS = st.one_of(
    st.none(), st.text(max_size=6), st.sampled_from(["it's", '"q"', "日本", "a`b", "%_", "--", "\\", ";"])
)
MOMENTS = st.one_of(
    st.none(),
    st.datetimes(datetime(1, 1, 2), datetime(9999, 12, 30)),
    st.just(datetime(2024, 2, 29) + timedelta(hours=9)),
)
COLUMNS = {
    "float64": (NUMBERS, pa.float64()),
    "float32": (st.one_of(st.none(), st.floats(width=32)), pa.float32()),
    "half": (st.one_of(st.none(), st.floats(-1e4, 1e4, width=16).map(np.float16)), pa.float16()),
    "whole": (WHOLE, pa.int32()),
    "byte": (st.one_of(st.none(), st.integers(0, 255)), pa.uint8()),
    "decimal": (st.one_of(st.none(), st.decimals(-1000, 1000, places=2)), pa.decimal128(12, 2)),
    "text": (WORDS, pa.string()),
    "moment": (MOMENTS, pa.timestamp("us")),
    "second": (MOMENTS.map(lambda moment: moment and moment.replace(microsecond=0)), pa.timestamp("s", "UTC")),
    "day": (MOMENTS.map(lambda moment: moment and moment.date()), pa.date32()),
    "truth": (st.one_of(st.none(), st.booleans()), pa.bool_()),
}


@pytest.mark.slow
@settings(max_examples=60)
@pytest.mark.parametrize("kind", list(COLUMNS))
@given(data=st.data(), name=st.one_of(st.text(min_size=1, max_size=8), st.sampled_from(["select", "Größe", 'a "b" c'])))
def test_every_condition_picks_exactly_its_rows(kind: str, data: st.DataObject, name: str):
    values, arrow = COLUMNS[kind]
    rows = data.draw(st.lists(values, min_size=2, max_size=8))
    repeated = rows * 10  # of rare categories no slice is named
    try:
        column = pa.chunked_array([pa.array(repeated, arrow)])
    except (UnicodeEncodeError, OverflowError):
        return
    if not name.isprintable() or name.lower() in ("id", "text", "label"):
        return
    report = report_of({name: column}, given=np.array(["a"] * len(repeated)))
    sources, _ = slice_columns(report, [name])
    for source in sources:
        bins = binned(source.feature)
        if bins is None:
            continue
        for start, stop in zip(*bins.ranges, strict=True):
            condition = bins.condition(int(start), int(stop))
            if condition.code is None and np.isfinite(condition.low) and condition.low < 1e300:
                higher = source.feature.values[source.feature.values > condition.low]
                middle = (condition.low + higher.min()) / 2
                if condition.low < middle < higher.min():
                    condition = type(condition)(condition.feature, middle, condition.high)
            mask = condition.mask(source.feature)
            settled = source.settled(condition)
            assert (settled.mask(source.feature) == mask).all()
            assert (report.selection.matching(source.where(settled)) == mask).all(), source.where(settled)
            assert source.described(settled)
