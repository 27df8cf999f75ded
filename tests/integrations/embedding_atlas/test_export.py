"""What Embedding Atlas is given: places, neighbours, flags and suggestions, masked texts, and no name twice."""

from __future__ import annotations

import stat
from dataclasses import replace

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from labelsift.errors import InputError, MissingExtraError
from labelsift.integrations.embedding_atlas.export import FILE, write
from labelsift.render import samples_map
from labelsift.report import Report
from page_reports import with_check, with_vectors

pytest.importorskip("openTSNE")


@pytest.fixture
def report(make_report) -> Report:
    """Return a report of 60 samples, two of which have no vector, with metadata of awkward names."""
    report = with_vectors(make_report(60))
    report.embeddings[[3, 30]] = 0
    texts = pa.array([f"write to ann.{number}@example.org" for number in range(60)])
    table = report.samples.table.set_column(report.samples.table.column_names.index("text"), "text", texts)
    metadata = pa.table({"X": ["a", "b"] * 30, 'say "hi".': ["bo@example.org", "c"] * 30, "size": range(60)})
    return replace(report, samples=replace(report.samples, table=table, metadata=metadata))


def test_each_sample_with_a_place_is_a_row_and_its_neighbours_are_row_numbers(report, tmp_path):
    path = write(report, tmp_path, with_text=False)
    assert path == tmp_path / FILE and stat.S_IMODE(path.stat().st_mode) == 0o600
    table = pq.read_table(path)
    ids = report.samples.ids.to_pylist()
    assert table["id"].to_pylist() == [id for row, id in enumerate(ids) if row not in (3, 30)]
    assert np.isfinite(table["x"].to_numpy()).all() and np.isfinite(table["y"].to_numpy()).all()
    row_of = {id: row for row, id in enumerate(ids)}
    vectors = report.embeddings
    for number, near in enumerate(table["neighbors"].to_pylist()):
        assert len(near["ids"]) == len(near["distances"]) > 0
        own = vectors[row_of[table["id"][number].as_py()]]
        others = [row_of[table["id"][other].as_py()] for other in near["ids"]]
        assert np.allclose(1 - vectors[others] @ own, near["distances"], atol=1e-4)
        assert number not in near["ids"] and near["distances"] == sorted(near["distances"])


def test_texts_and_metadata_are_masked_but_on_demand(report, tmp_path):
    table = pq.read_table(write(report, tmp_path, with_text=False))
    assert "@example.org" not in str(table.to_pylist()) and "write to [EMAIL_1]" in table["text"].to_pylist()
    (tmp_path / "whole").mkdir()
    whole = pq.read_table(write(report, tmp_path / "whole", with_text=True))
    assert whole["text"][0].as_py() == "write to ann.0@example.org" and "bo@example.org" in str(whole.to_pylist())


def test_no_column_is_named_like_another_or_breaks_a_query(report, tmp_path):
    names = pq.read_table(write(report, tmp_path, with_text=False)).column_names
    assert len({name.lower() for name in names}) == len(names)
    assert {"id", "text", "label", "suggested", "confidence", "issues", "x", "y", "neighbors", "size"} <= set(names)
    assert "X (2)" in names and "say _hi__" in names


def test_flags_and_scores_have_a_column_each_and_numbers_stay_numbers(report, tmp_path):
    rows = [5, 6]
    table = pq.read_table(write(with_check(report, "language", rows), tmp_path, with_text=False))
    flagged = table.filter(table["Other language"])
    assert flagged["id"].to_pylist() == [report.samples.ids[row].as_py() for row in rows]
    assert all("Other language" in titles for titles in flagged["issues"].to_pylist())
    assert np.allclose(flagged["Other language score"].to_numpy(), 0.1)
    assert pa.types.is_integer(table.schema.field("size").type)


def test_a_run_without_vectors_and_a_missing_package_are_named(make_report, report, tmp_path, monkeypatch):
    with pytest.raises(InputError, match="too few samples for a map"):
        write(replace(make_report(20), embeddings=None), tmp_path, with_text=False)
    monkeypatch.setattr("labelsift.integrations.embedding_atlas.export.installed", lambda: False)
    with pytest.raises(MissingExtraError, match=r"openTSNE.*labelsift\[map\]"):
        write(report, tmp_path, with_text=False)


def test_above_the_limit_every_sample_has_a_place_all_the_same(report, tmp_path, monkeypatch):
    monkeypatch.setattr(samples_map, "LIMIT", 20)
    monkeypatch.setattr(samples_map.samples_map, "__kwdefaults__", {"limit": 20})
    assert pq.read_table(write(report, tmp_path, with_text=False)).num_rows == 58
