"""Every form in which spans come becomes the canonical one, or is refused by name."""

import json

import labelsift as ls
import pyarrow as pa
import pytest
from labelsift.errors import InputError

TEXT = "Ann flew to New York"
SPANS = [(0, 3, "person"), (12, 20, "city")]
CANONICAL = '[[0,3,"person"],[12,20,"city"]]'


def read(cells, kind=None, texts=None, **more):
    table = pa.table(
        {"text": texts or [TEXT] * len(cells), "spans": pa.array(cells, kind) if kind else pa.array(cells)}
    )
    return ls.read(table, spans="spans", **more).column("spans").to_pylist()


DICTS = [{"start": s, "end": e, "label": t} for s, e, t in SPANS]
RESULT = [
    {"type": "labels", "value": {"start": s, "end": e, "text": TEXT[s:e], "labels": [t]}} for s, e, t in reversed(SPANS)
]


@pytest.mark.parametrize(
    "cell",
    [
        json.dumps([list(span) for span in reversed(SPANS)]),
        json.dumps(DICTS),
        json.dumps([{"start": s, "end": e, "type": t} for s, e, t in SPANS]),
        json.dumps([{"start": s, "end": e, "labels": [t]} for s, e, t in SPANS]),
        DICTS,
        [[str(s), str(e), t] for s, e, t in SPANS],
        json.dumps(RESULT),
        json.dumps([*RESULT, {"type": "choices", "value": {"choices": ["a"]}}]),
        json.dumps([{"was_cancelled": True, "result": []}, {"result": RESULT}]),
        json.dumps([{"status": "draft", "value": []}, {"value": DICTS, "user_id": "u"}]),
        json.dumps({"value": DICTS, "agent": "model"}),
        json.dumps([DICTS]),
    ],
)
def test_forms(cell):
    assert read([cell]) == [CANONICAL]


def test_structs_of_arrow():
    kind = pa.list_(pa.struct([("start", pa.int32()), ("end", pa.int32()), ("label", pa.string())]))
    assert read([DICTS, [], None], kind) == [CANONICAL, "[]", None]


def test_empty_is_labeled_and_blank_is_not():
    samples = ls.read(pa.table({"text": ["a", "b", "c"], "spans": ["[]", None, " "]}), spans="spans")
    assert samples.column("spans").to_pylist() == ["[]", None, None]
    assert samples.task == "spans" and samples.classes == ()


@pytest.mark.parametrize("tags", [["B-person", "O", "O", "B-city", "I-city"], "B-person O O B-city L-city"])
def test_tags_with_tokens(tags):
    table = pa.table({"words": [TEXT.split()], "tags": [tags]})
    samples = ls.read(table, spans="tags", tokens="words")
    assert samples.texts.to_pylist() == [TEXT]
    assert samples.column("spans").to_pylist() == [CANONICAL]
    spaced = pa.table({"text": ["Ann  flew to\nNew York"], "words": [TEXT.split()], "tags": [tags]})
    assert json.loads(ls.read(spaced, spans="tags", tokens="words").column("spans")[0].as_py())[1] == [13, 21, "city"]


@pytest.mark.parametrize(
    ("cells", "says"),
    [
        (['[[0, 3, "a"]]', '[[0, 30, "a"]]'], "past the 20 characters"),
        (['[[3, 3, "a"]]'], "start 3 is not before end 3"),
        (['[[-1, 3, "a"]]'], "below 0"),
        (["Ann"], "no known form"),
        (['{"a": 1}'], "no known form"),
        (["[[0, 3]]"], "no known form"),
        (['[[0.5, 3, "a"]]'], "no known form"),
        (["7"], "no known form"),
        (['[{"start": 0, "end": 3}]'], "no known form"),
    ],
)
def test_malformed_spans_are_refused_by_id(cells, says):
    table = pa.table({"key": [f"k{row}" for row in range(len(cells))], "text": [TEXT] * len(cells), "spans": cells})
    with pytest.raises(InputError, match=says) as raised:
        ls.read(table, spans="spans", id="key")
    assert f"k{len(cells) - 1}" in str(raised.value)


@pytest.mark.parametrize(
    ("words", "tags", "says"),
    [
        (["Ann"], ["O", "O"], "as many tags"),
        (["Ann"], ["person"], "tags in no known form"),
        (["Bob"], ["O"], "do not stand in their text"),
    ],
)
def test_malformed_tags_are_refused(words, tags, says):
    table = pa.table({"text": ["Ann"], "words": [words], "tags": [tags]})
    with pytest.raises(InputError, match=says):
        ls.read(table, spans="tags", tokens="words")


def test_labels_and_spans_together_are_refused():
    with pytest.raises(InputError, match="not both"):
        ls.read(pa.table({"text": ["a"], "x": ["b"]}), spans="x", label="x")
    with pytest.raises(InputError, match="Tokens without tags"):
        ls.read(pa.table({"text": ["a"], "x": ["b"]}), tokens="x")


def test_lines_of_json_and_csv(tmp_path):
    (tmp_path / "a.jsonl").write_text(
        json.dumps({"text": TEXT, "spans": SPANS}) + "\n" + json.dumps({"text": "b", "spans": None}) + "\n"
    )
    assert ls.read(tmp_path / "a.jsonl", spans="spans").column("spans").to_pylist() == [CANONICAL, None]
    (tmp_path / "b.jsonl").write_text(json.dumps({"w": TEXT.split(), "t": ["B-person", "O", "O", "O", "O"]}) + "\n")
    samples = ls.read(tmp_path / "b.jsonl", spans="t", tokens="w")
    assert samples.texts.to_pylist() == [TEXT] and samples.classes == ("person",)
    quoted = json.dumps(SPANS).replace('"', '""')
    (tmp_path / "c.csv").write_text(f'text,spans\n{TEXT},"{quoted}"\n')
    assert ls.read(tmp_path / "c.csv", spans="spans").column("spans").to_pylist() == [CANONICAL]


def test_exports_of_label_studio_and_argilla(tmp_path):
    tasks = [{"id": 7, "data": {"text": TEXT, "lang": "en"}, "annotations": [{"result": RESULT}], "predictions": []}]
    (tmp_path / "ls.json").write_text(json.dumps([*tasks, {"id": 8, "data": {"text": "b"}, "annotations": []}]))
    samples = ls.read(tmp_path / "ls.json", spans="annotations", id="id", metadata=["lang"])
    assert samples.column("spans").to_pylist() == [CANONICAL, None]
    assert samples.ids.to_pylist() == ["7", "8"] and samples.metadata["lang"].to_pylist() == ["en", None]
    records = [
        {"id": "r1", "fields": {"text": TEXT}, "metadata": {}, "responses": {"ner": [{"value": DICTS}]}},
        {"id": "r2", "fields": {"text": TEXT}, "suggestions": {"ner": {"value": DICTS[:1], "agent": "m"}}},
        {"id": "r3", "fields": {"text": TEXT}, "responses": {}, "suggestions": {}},
    ]
    (tmp_path / "a.json").write_text(json.dumps(records, indent=1))
    assert ls.read(tmp_path / "a.json", spans="ner", id="id").column("spans").to_pylist() == [CANONICAL, None, None]
    suggested = ls.read(tmp_path / "a.json", spans="ner.suggestion").column("spans").to_pylist()
    assert suggested == [None, '[[0,3,"person"]]', None]


def test_pandas_and_hugging_face():
    pd = pytest.importorskip("pandas")
    frame = pd.DataFrame({"text": [TEXT], "spans": [DICTS]})
    assert ls.read(frame, spans="spans").column("spans").to_pylist() == [CANONICAL]
    words = pd.DataFrame({"tokens": [TEXT.split()], "tags": [["B-person", "O", "O", "B-city", "I-city"]]})
    assert ls.read(words, spans="tags", tokens="tokens").column("spans").to_pylist() == [CANONICAL]


@pytest.mark.parametrize(
    "cell",
    [
        [{"id": 1, "label": "P", "start_offset": 0, "end_offset": 3}],
        [[0, 3, "P"]],
        [{"entity_group": "P", "start": 0, "end": 3, "word": "Ann", "score": 0.9}],
        [{"entity": "B-P", "start": 0, "end": 1, "word": "A"}, {"entity": "I-P", "start": 1, "end": 3, "word": "##nn"}],
        {"entities": [[0, 3, "P"]]},
        {"entities": [(0, 3, "P")]},
        {"text": "Ann met", "ents": [{"start": 0, "end": 3, "label": "P"}]},
        "{'entities': [(0, 3, 'P')]}",
    ],
)
def test_forms_of_common_tools(cell):
    import labelsift as ls
    import pandas as pd

    samples = ls.read(pd.DataFrame({"text": ["Ann met"], "marks": pd.Series([cell], dtype=object)}), spans="marks")
    assert samples.given.to_pylist() == ['[[0,3,"P"]]']
