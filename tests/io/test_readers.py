"""The list of readers: each source is read by the first that recognizes it, and looked at once."""

from __future__ import annotations

import gzip
import json

import labelsift as ls
import pyarrow as pa
import pytest
from labelsift.errors import InputError
from labelsift.io import project_url, tables
from labelsift.io.column_roles import ColumnRoles
from labelsift.io.formats import argilla, conll, label_studio
from labelsift.io.read import READERS
from labelsift.io.source import Source
from pyarrow import parquet

SPAN = {"label": "x", "start": 0, "end": 1}
TASK = {"id": 7, "data": {"text": "a b"}, "annotations": [{"id": 1, "result": []}]}
RECORD = {"id": "r1", "fields": {"text": "a b"}, "responses": {"ner": [{"value": [SPAN]}]}}


def reader_of(origin: object, **columns: object) -> object:
    source = Source(origin)
    return next(reader for reader in READERS if reader.recognizes(source, ColumnRoles(**columns)))


@pytest.mark.parametrize(
    ("name", "content", "columns", "reader"),
    [
        ("a.json", [TASK], {}, label_studio),
        ("a.json", [TASK], {"spans": "annotations"}, label_studio),
        ("a.json", [TASK], {"annotators": ["ann"]}, tables),
        ("a.json", [RECORD], {"spans": "ner"}, argilla),
        ("a.json", [RECORD], {"label": "intent"}, argilla),
        ("a.json", [RECORD], {"text": "fields.text"}, tables),
        ("a.json", [{"text": "a", "marks": []}], {"spans": "marks"}, tables),
        ("a.json", {"text": "a"}, {}, tables),
        ("a.conll", "a O", {}, conll),
        ("a.csv", "text,intent", {"label": "intent"}, tables),
    ],
)
def test_a_file_is_read_by_the_first_that_recognizes_it(tmp_path, name, content, columns, reader):
    (tmp_path / name).write_text(content if isinstance(content, str) else json.dumps(content))
    assert reader_of(tmp_path / name, **columns) is reader


@pytest.mark.slow
def test_addresses_and_containers_have_their_readers():
    assert reader_of("label-studio://Tickets") is project_url
    assert reader_of("s3://bucket/a.json") is tables
    assert reader_of(pa.table({"text": ["a"]})) is tables


def test_an_export_is_parsed_once(tmp_path, monkeypatch):
    parsed = []
    loads = json.loads
    (tmp_path / "a.json").write_text(json.dumps([RECORD]))
    monkeypatch.setattr("labelsift.io.json_documents.json.loads", lambda text: parsed.append(text) or loads(text))
    assert ls.read(tmp_path / "a.json", spans="ner", id="id").column("spans").to_pylist() == ['[[0,1,"x"]]']
    assert sum('"fields"' in text for text in parsed) == 1


def test_plain_objects_with_spans_are_read_also_compressed(tmp_path):
    rows = [{"tokens": ["a", "b"], "tags": ["O", "B-x"]}]
    with gzip.open(tmp_path / "a.json.gz", "wt") as file:
        json.dump(rows, file)
    samples = ls.read(tmp_path / "a.json.gz", spans="tags", tokens="tokens")
    assert samples.texts.to_pylist() == ["a b"]
    assert samples.column("spans").to_pylist() == ['[[2,3,"x"]]']


@pytest.mark.parametrize(
    ("content", "message"), [("[{", "is no JSON"), ("[1]", "holds a JSON list of what is no object")]
)
def test_a_broken_export_says_so(tmp_path, content, message):
    (tmp_path / "a.json").write_text(content)
    with pytest.raises(InputError, match=message):
        ls.read(tmp_path / "a.json", spans="annotations")


@pytest.mark.parametrize("form", ["csv", "jsonl", "parquet", "memory"])
def test_only_a_text_column_that_tokens_make_may_be_missing(tmp_path, form):
    table = pa.table({"tokens": ["a b"], "tags": ["O B-x"]})
    if form == "memory":
        source = table
    else:
        source = tmp_path / f"a.{form}"
        if form == "csv":
            source.write_text("tokens,tags\na b,O B-x\n")
        elif form == "jsonl":
            source.write_text(json.dumps({"tokens": "a b", "tags": "O B-x"}))
        else:
            parquet.write_table(table, source)
    assert ls.read(source, spans="tags", tokens="tokens").texts.to_pylist() == ["a b"]
    with pytest.raises(InputError, match="no such column"):
        ls.read(source, spans="tags", tokens="tokens", id="key")
