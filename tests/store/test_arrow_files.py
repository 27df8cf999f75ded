"""Samples by their ids: the rows that the ids had, also after an erasure and in runs of before there was the file."""

from __future__ import annotations

import tempfile
from pathlib import Path

import labelsift as ls
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from labelsift.corrections.erase import forget
from labelsift.errors import InputError, StoreError
from labelsift.store.arrow_files import IDS as FILE
from labelsift.store.arrow_files import rows_of, write_ids
from labelsift.store.location import Folder
from labelsift.store.run_reader import read_sample_records
from labelsift.store.store import Store

IDS = st.text(st.characters(exclude_categories=["Cs"]), max_size=5)


@given(st.lists(IDS, unique=True, max_size=40), st.lists(IDS, max_size=10), st.data())
def test_ids_are_found_in_their_rows_and_no_others(ids, strange, data):
    half = len(ids) // 2
    wanted = data.draw(st.permutations([*ids[half:], *strange]))
    with tempfile.TemporaryDirectory() as folder:
        known = pa.chunked_array([ids[:half], ids[half:]], pa.string())
        write_ids(known, Folder(Path(folder)))
        rows = rows_of(wanted, Folder(Path(folder)))
    assert rows == {id: ids.index(id) for id in wanted if id in ids}
    assert list(rows) == [id for id in dict.fromkeys(wanted) if id in ids]


@pytest.fixture
def kept(tmp_path) -> tuple[Store, ls.Report]:
    """Make a store with one run of samples with metadata."""
    report = ls.scan(
        ls.read(
            pa.table(
                {
                    "id": [f"r{number * 7 % 30}" for number in range(30)],
                    "text": [f"text of {number * 7 % 30}, which is long enough" for number in range(30)],
                    "label": ["a", "b"] * 15,
                    "day.of": list(range(30)),
                }
            ),
            id="id",
            label="label",
            metadata=["day.of"],
        ),
        store=tmp_path / "kept",
    )
    return Store(tmp_path / "kept"), report


def test_samples_come_in_the_order_of_their_ids(kept):
    store, report = kept
    wanted = ["r9", "r0", "r29", "r9"]
    samples = store.samples("latest", wanted)
    whole = report.samples.take(report.samples.positions(["r9", "r0", "r29"]))
    assert samples.table.equals(whole.table)
    assert samples.metadata.equals(whole.metadata)
    assert len(store.samples(report.run, [])) == 0
    with pytest.raises(InputError, match="no sample with these ids") as caught:
        store.samples(report.run, ["r1", "strange"])
    assert list(caught.value.ids) == ["strange"]


def test_after_an_erasure_the_others_are_found_and_the_erased_are_not(kept):
    store, report = kept
    forget(["r0", "r9"], store=store.folder)
    for id in ("r29", "r1"):
        assert store.samples(report.run, [id]).texts.to_pylist() == [f"text of {id[1:]}, which is long enough"]
    with pytest.raises(InputError, match="no sample"):
        store.samples(report.run, ["r1", "r9"])
    assert len(list(store.folder.rglob(FILE))) == 1
    assert not [path for path in store.folder.rglob(FILE) if b"r9" in path.read_bytes()]


def test_a_run_without_the_file_is_searched(kept):
    store, report = kept
    (file,) = store.folder.rglob(FILE)
    with_file = store.samples(report.run, ["r3", "r2"]), read_sample_records(Folder(file.parent), ["r3", "strange"])
    file.unlink()
    assert store.samples(report.run, ["r3", "r2"]).table.equals(with_file[0].table)
    assert read_sample_records(Folder(file.parent), ["r3", "strange"]) == with_file[1]
    assert list(with_file[1]) == ["r3"]


@pytest.mark.slow
@pytest.mark.parametrize("ids", [["r3", "r2"], [f"x{number}" for number in range(50)] + ["r3"]])
def test_ids_of_other_tables_are_never_believed(kept, ids):
    store, report = kept
    (file,) = store.folder.rglob(FILE)
    write_ids(pa.chunked_array([ids]), Folder(file.parent))
    with pytest.raises(StoreError, match="do not belong together"):
        store.samples(report.run, ["r3"])
    file.write_bytes(b"no Arrow")
    with pytest.raises(StoreError, match="cannot be read"):
        store.samples(report.run, ["r3"])
