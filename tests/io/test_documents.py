"""JSON documents, archives, folders and workbooks; lines that are no objects; dotted paths."""

from __future__ import annotations

import gzip
import json
import zipfile

import labelsift as ls
import pandas as pd
import pyarrow as pa
import pytest
from labelsift.errors import InputError
from pyarrow import parquet

FRAME = pd.DataFrame({"text": ["a", "b"], "label": ["x", "y"]})


def labels(source: object, **more) -> list[str]:
    samples = ls.read(source, **({"label": "label"} | more))
    assert samples.texts.to_pylist() == ["a", "b"]
    return samples.labels.to_pylist()


@pytest.mark.parametrize("orient", ["records", "columns", "index", "split", "table"])
@pytest.mark.parametrize("indent", [None, 2])
def test_json_as_pandas_writes_it(tmp_path, orient, indent):
    (tmp_path / "x.json").write_text(FRAME.to_json(orient=orient, indent=indent))
    assert labels(tmp_path / "x.json") == ["x", "y"]


def test_records_under_a_name_and_in_archives(tmp_path):
    content = json.dumps({"version": 2, "data": FRAME.to_dict("records")}, indent=1)
    (tmp_path / "x.json").write_text(content)
    with gzip.open(tmp_path / "x.json.gz", "wt") as file:
        file.write(content)
    with zipfile.ZipFile(tmp_path / "x.json.zip", "w") as archive:
        archive.writestr("inner.json", content)
        archive.writestr("__MACOSX/._inner.json", b"\0")
    for name in ("x.json", "x.json.gz", "x.json.zip"):
        assert labels(tmp_path / name) == ["x", "y"]


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (["a", "b"], "JSON list of what is no object"),
        ({"id": 1, "data": {"text": "a"}, "annotations": []}, "one task of Label Studio"),
        ({"id": 1, "result": [], "task": {"data": {"text": "a"}}}, "one task of Label Studio"),
    ],
)
def test_a_document_that_is_no_table_is_called_what_it_is(tmp_path, value, message):
    (tmp_path / "x.json").write_text(json.dumps(value, indent=1))
    with pytest.raises(InputError, match=message):
        ls.read(tmp_path / "x.json")


DEEP = "[" * 100_000 + "]" * 100_000


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("x.jsonl", 'null\n{"text": "a"}\n', "holds null in line 1"),
        ("x.jsonl", '{"text": "a"}\nnull\n', "holds null in line 2"),
        ("x.jsonl", '{"text": "a"}\n{"text": "b"}\n[1]\n', "holds a list in line 3"),
        ("x.jsonl", '{"text": "a"}\n{"text": "b", "x": ' + DEEP + "}\n", "nested too deep in line 2"),
        ("x.jsonl", '{"text": "a", "x": ' + '{"a":[' * 50_000 + "]}" * 50_000 + "}\n", "nested too deep in line 1"),
        ("x.json", DEEP, "nested too deep"),
    ],
)
def test_lines_that_would_end_the_process_are_refused(tmp_path, name, content, message):
    (tmp_path / name).write_text(content)
    with pytest.raises(InputError, match=message):
        ls.read(tmp_path / name)


@pytest.mark.slow
def test_brackets_in_texts_and_long_files_are_no_nesting(tmp_path):
    lines = [json.dumps({"text": "[{" * 40 + str(number), "label": "x"}) for number in range(200_000)]
    (tmp_path / "x.jsonl").write_text("\n".join(lines))
    assert len(ls.read(tmp_path / "x.jsonl", label="label")) == 200_000


def test_a_zip_holds_one_file(tmp_path):
    FRAME.to_csv(tmp_path / "t.csv.zip", index=False)
    assert labels(tmp_path / "t.csv.zip") == ["x", "y"]
    assert ls.read(tmp_path / "t.csv.zip").name == "t"
    with zipfile.ZipFile(tmp_path / "t.zip", "w") as archive:
        archive.writestr("a.csv", "text\na\n")
        archive.writestr("b.csv", "text\na\n")
    with pytest.raises(InputError, match=r"holds 2 files: a\.csv, b\.csv"):
        ls.read(tmp_path / "t.zip")
    (tmp_path / "t.zip").write_bytes(b"PK no")
    with pytest.raises(InputError, match="cannot be unpacked"):
        ls.read(tmp_path / "t.zip")


def test_workbooks_are_read_as_texts(tmp_path):
    frame = pd.DataFrame(
        {"text": ["a", "b"], "label": [1, 2.0], "id": ["007", "8"], "day": pd.to_datetime(["2026-1-2"] * 2)}
    )
    frame.to_excel(tmp_path / "x.xlsx", index=False)
    samples = ls.read(tmp_path / "x.xlsx", label="label", id="id", split="day")
    assert (samples.labels.to_pylist(), samples.ids.to_pylist()) == (["1", "2"], ["007", "8"])
    assert samples.column("split")[0].as_py().startswith("2026-01-02")
    (tmp_path / "y.xlsx").write_bytes(b"PK no")
    with pytest.raises(InputError, match="no workbook"):
        ls.read(tmp_path / "y.xlsx")
    with pytest.raises(InputError, match=r"Save it as \.xlsx"):
        ls.read(tmp_path / "x.xls")


def test_names_of_features_come_along_from_memory_parquet_and_folders(tmp_path):
    from datasets import ClassLabel, Dataset, DatasetDict, Features, Sequence, Value

    names = ClassLabel(names=["joy", "anger"])
    features = Features({
        "text": Value("string"), "label": names, "several": Sequence(names),
        "marks": [{"start": Value("int64"), "end": Value("int64"), "label": names}],
    })  # fmt: skip
    mark = [{"start": 0, "end": 1, "label": 1}]
    rows = {"text": ["a", "b"], "label": [1, -1], "several": [[0, 1], None], "marks": [mark, []]}
    data = Dataset.from_dict(rows, features=features)
    data.to_parquet(tmp_path / "x.parquet")
    data.save_to_disk(tmp_path / "saved")
    for source in (data, tmp_path / "x.parquet", tmp_path / "saved"):
        assert labels(source) == ["anger", None]
        assert ls.read(source, labels="several").given.to_pylist()[0] == '["anger", "joy"]'
        assert ls.read(source, spans="marks").given.to_pylist() == ['[[0,1,"anger"]]', "[]"]
    DatasetDict(train=data).save_to_disk(tmp_path / "splits")
    with pytest.raises(InputError, match=r"data set for each split: .*splits/train"):
        ls.read(tmp_path / "splits")
    with pytest.raises(InputError, match="is a folder"):
        ls.read(tmp_path)
    ner = Features({"tokens": Sequence(Value("string")), "tags": Sequence(ClassLabel(names=["O", "B-PER"]))})
    tagged = Dataset.from_dict({"tokens": [["Ann", "met"]], "tags": [[1, 0]]}, features=ner)
    assert ls.read(tagged, spans="tags", tokens="tokens").given[0].as_py() == '[[0,3,"PER"]]'


def test_dotted_paths_lead_into_objects(tmp_path):
    rows = [{"data": {"text": "a", "more": {"label": "x"}}}, {"data": {"text": "b", "more": {"label": "y"}}}]
    (tmp_path / "x.jsonl").write_text("\n".join(map(json.dumps, rows)))
    (tmp_path / "x.json").write_text(json.dumps(rows))
    parquet.write_table(pa.Table.from_pylist(rows), tmp_path / "x.parquet")
    for source in (tmp_path / "x.jsonl", tmp_path / "x.json", tmp_path / "x.parquet", pd.DataFrame(rows)):
        assert labels(source, text="data.text", label="data.more.label") == ["x", "y"]
        with pytest.raises(InputError, match=r"no such column: data\.body"):
            ls.read(source, text="data.body")
    assert labels(pd.DataFrame({"data.text": ["a", "b"], "label": ["x", "y"]}), text="data.text") == ["x", "y"]


def test_objects_in_columns_as_pandas_writes_them(tmp_path):
    content = {"data": {str(row): {"text": text, "label": label} for row, (text, label) in FRAME.iterrows()}}
    (tmp_path / "x.json").write_text(json.dumps({**content, "id": {"0": 5, "1": 6}}))
    assert labels(tmp_path / "x.json", text="data.text", label="data.label") == ["x", "y"]


@pytest.mark.slow
@pytest.mark.parametrize("name", ["x.csv.zip", "x.xlsx", "x.conll.gz", "x.csv.bz2"])
def test_broken_archives_and_workbooks_are_refused(tmp_path, name):
    path = tmp_path / name
    if name.endswith("xlsx"):
        FRAME.to_excel(path)
    elif name.endswith("zip"):
        FRAME.to_csv(path, index=False)
    else:
        FRAME.to_csv(path, index=False, compression="infer")
    content = path.read_bytes()
    for place in range(0, len(content), 7):
        path.write_bytes(content[:place] + bytes([content[place] ^ 0x55]) + content[place + 1 :])
        try:
            ls.read(path)
        except InputError:
            pass
    with pytest.raises(InputError, match=path.name):
        path.write_bytes(content[: len(content) // 2])
        ls.read(path)
