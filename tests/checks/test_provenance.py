"""Issues counted by where samples come from."""

from __future__ import annotations

import random

import labelsift as ls
import numpy as np
import pyarrow as pa
import pytest


def scanned(source: list, duplicated: set[int], **options):
    """Scan texts of which some stand twice; those are exact duplicates."""
    texts = [f"text number {row - 1 if row in duplicated else row} of many" for row in range(len(source))]
    table = pa.table({"id": [f"r{row}" for row in range(len(source))], "text": texts, "vendor": source})
    samples = ls.read(table, id="id", source="vendor")
    return ls.scan(samples, only=["exact_duplicate", "provenance"], progress=False, **options)


def test_a_source_with_more_of_an_issue_is_named_and_its_rates_are_kept(tmp_path):
    source = ["human"] * 200 + ["model"] * 100
    report = scanned(source, set(range(201, 280, 2)) | {11}, store=tmp_path)
    kept = ls.load(report.run, store=tmp_path)
    assert kept.samples.source == "vendor"
    assert kept.samples.metadata.column_names == ["vendor"]
    told = kept.facts["checks"]["provenance"]
    assert told["verdict"] == (
        'Where vendor = "model", 80\u00a0% of 100 samples (71.1% to 86.7%) are flagged as exact duplicates; '
        "elsewhere 1\u00a0% of 200 (0.3% to 3.6%)."
    )
    assert told["tables"][0]["rows"] == [
        ['vendor = "human"', "Exact duplicates", 2, 200, 0.01, 0.0027, 0.0357],
        ['vendor = "model"', "Exact duplicates", 80, 100, 0.8, 0.7112, 0.8666],
    ]
    assert [
        (row["id"], row["scope"], row["kind"]) for row in kept.findings.to_pylist() if row["issue"] == "provenance"
    ] == [("vendor:model", "slice", "exact_duplicate")]
    assert kept.slices(by=["vendor"]).num_rows == 2


@pytest.mark.slow
def test_sources_that_do_not_matter_are_not_named():
    named = 0
    for seed in range(30):
        rng = random.Random(seed)
        source = rng.choices(["human", "model", "vendor a", "vendor b", None], k=300)
        report = scanned(source, set(rng.sample(range(1, 300), 40)), store=None)
        named += bool(report.facts["checks"]["provenance"]["verdict"])
    assert named <= 1


@pytest.mark.parametrize("source", [["a", "b", "a"], ["human"] * 30, [f"s{row}" for row in range(120)], [None] * 25])
def test_sources_that_cannot_be_compared(source):
    report = scanned(source, {1}, store=None)
    assert not [row for row in report.findings.to_pylist() if row["issue"] == "provenance"]


def test_a_source_is_read_from_a_file_and_by_the_command_line(tmp_path):
    path = tmp_path / "data.csv"
    path.write_text("text,who,plan\n" + "".join(f"text {row},{'ab'[row % 2]},x\n" for row in range(30)))
    samples = ls.read(path, source="who", metadata=["plan", "who"])
    assert samples.source == "who"
    assert samples.metadata.column_names == ["plan", "who"]
    assert samples.take(np.arange(3)).source == "who"
    with pytest.raises(ls.InputError, match="no such column: whom"):
        ls.read(path, source="whom")


def test_a_source_of_addresses_is_told_nobody():
    source = [f"jo.smith{row % 5}@mail{row % 5}.example" for row in range(200)]
    table = pa.table({"text": [f"text number {row // 2} of many" for row in range(200)], "who": source})
    samples = ls.read(table, source="who")
    report = ls.scan(samples, only=["pii", "exact_duplicate", "provenance"], store=None, progress=False)
    assert "Issues are not counted by the source who: its values are personal data or secrets." in report.notes
    assert ".example" not in str([report.facts, report.notes, report.findings.to_pylist()])
