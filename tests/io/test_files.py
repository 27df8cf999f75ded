"""Files of rows: formats by name, columns by name."""

from __future__ import annotations

import pyarrow as pa
import pytest
from labelsift.errors import InputError
from labelsift.io.columns import plain, require
from labelsift.io.opening import kind, stem
from labelsift.io.read import read
from pyarrow import parquet


@pytest.mark.parametrize(
    ("source", "form", "name"),
    [
        ("a/b/x.csv", ("csv", None), "x"),
        ("X.CSV.GZ", ("csv", "gzip"), "X"),
        ("x.tsv.bz2", ("tsv", "bz2"), "x"),
        ("s3://bucket/a.b/x.y.ndjson.zst", ("jsonl", "zstd"), "x.y"),
        ("x.parquet", ("parquet", None), "x"),
    ],
)
def test_format_compression_and_name_are_read_off_the_path(source, form, name):
    assert kind(source) == form
    assert stem(source).removesuffix(".CSV") == name


@pytest.mark.parametrize("source", ["x", "x.gz", "x.xls", "x.csv.rar", ""])
def test_an_unknown_format_is_refused(source):
    with pytest.raises(InputError, match="cannot tell the format"):
        kind(source)


def test_the_nearest_name_is_suggested_and_nothing_far():
    with pytest.raises(InputError) as error:
        require(["utterance", "intents", "channel"], ["intent", "zzz"])
    assert error.value.ids == ("intent", "zzz")
    assert "Did you mean intents instead of intent?" in str(error.value)
    assert "instead of zzz" not in str(error.value)
    assert "It has: utterance, intents, channel." in str(error.value)


def test_a_url_is_a_source(tmp_path):
    (tmp_path / "x.csv").write_text("text\na\n")
    assert read((tmp_path / "x.csv").as_uri()).texts.to_pylist() == ["a"]
    with pytest.raises(InputError, match=r"address klingon://x\.csv cannot be opened"):
        read("klingon://x.csv")


def test_only_the_wanted_columns_of_a_parquet_are_read(tmp_path):
    # A column whose bytes are broken on disk does no harm as long as nobody asks for it.
    table = pa.table({"text": ["a", "b"], "broken": ["x" * 5000, "y" * 5000]})
    parquet.write_table(table, tmp_path / "x.parquet", compression="none", use_dictionary=False)
    chunk = parquet.read_metadata(tmp_path / "x.parquet").row_group(0).column(1)
    data = bytearray((tmp_path / "x.parquet").read_bytes())
    start = chunk.data_page_offset
    data[start : start + chunk.total_compressed_size] = b"\xff" * chunk.total_compressed_size
    (tmp_path / "x.parquet").write_bytes(data)
    assert read(tmp_path / "x.parquet").texts.to_pylist() == ["a", "b"]
    with pytest.raises(InputError, match="cannot be read"):
        read(tmp_path / "x.parquet", metadata=["broken"])


def test_a_parquet_without_rows_and_with_many_row_groups(tmp_path):
    table = pa.table(
        {"text": [str(number) for number in range(1000)], "kind": pa.array(["a", "b"] * 500).dictionary_encode()}
    )
    parquet.write_table(table, tmp_path / "x.parquet", row_group_size=7)
    samples = read(tmp_path / "x.parquet", label="kind", metadata=["kind"])
    assert samples.texts.to_pylist() == table["text"].to_pylist()
    assert samples.labels.to_pylist() == samples.metadata["kind"].to_pylist() == ["a", "b"] * 500
    parquet.write_table(table.slice(0, 0), tmp_path / "none.parquet")
    with pytest.raises(InputError, match="holds no rows"):
        read(tmp_path / "none.parquet", label="kind")


def test_strings_of_every_kind_become_plain_ones():
    values = ["a", None, "ü💥", ""]
    kinds = {
        "large": pa.array(values, pa.large_string()),
        "view": pa.array(values, pa.string_view()),
        "plain": pa.array(values),
        "category": pa.array(values).dictionary_encode().cast(pa.dictionary(pa.int8(), pa.large_string())),
        "number": pa.array([1, 2, None, 4]),
    }
    table = plain(pa.table(kinds).slice(1))
    assert [str(kind) for kind in table.schema.types] == [
        "string",
        "string",
        "string",
        "dictionary<values=string, indices=int8, ordered=0>",
        "int64",
    ]
    for name in ("large", "view", "plain", "category"):
        assert table[name].to_pylist() == values[1:]


def test_who_named_no_text_is_told_how_and_is_offered_no_column_that_was_named():
    with pytest.raises(InputError) as error:
        require(["body", "intent", "channel"], ["text", "intent"])
    assert "--text COLUMN" in str(error.value)
    assert "Did you mean" not in str(error.value)
