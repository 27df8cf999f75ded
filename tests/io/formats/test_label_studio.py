"""Exports of Label Studio 1.23.2, as it wrote them."""

from __future__ import annotations

import json

import labelsift as ls
import pytest
from labelsift.errors import InputError
from labelsift.io.formats.label_studio_rows import is_correction_mark, is_untouched

WHEN = {"created_at": "2026-11-25T17:25:43.813423Z", "updated_at": "2026-11-25T17:25:43.813445Z"}
LATER = {"created_at": "2026-11-25T18:25:43.813423Z", "updated_at": "2026-11-25T18:25:43.813445Z"}
HEAD = '"annotation_id","annotator","created_at","id","intent","lead_time","n","text","updated_at"\n'


def annotation(number: int, value: dict, kind: str = "choices", **more) -> dict:
    result = [{"from_name": "intent", "to_name": "body", "type": kind, "value": value}]
    return {"id": number, "completed_by": 1, "result": result, "was_cancelled": False, "import_id": None} | WHEN | more


def task(number: int, *annotations: dict, **data) -> dict:
    return {
        "id": number,
        "annotations": list(annotations),
        "data": {"text": f"text {number}"} | data,
        "predictions": [],
    }


def record(number: int, task: int, **more) -> dict:
    first = {"text": f"text {task}", "n": 1, "id": task}
    return first | more | {"annotator": 1, "annotation_id": number, "lead_time": None} | WHEN


@pytest.fixture
def read(tmp_path):
    def read(name: str, content: object, **more) -> ls.Samples:
        (tmp_path / name).write_text(content if isinstance(content, str) else json.dumps(content), encoding="utf-8")
        return ls.read(str(tmp_path / name), **more)

    return read


def test_json_says_everything_itself(read):
    samples = read("a.json", [task(1, annotation(5, {"choices": ["x"]}), n=1), task(2), task(3, n=3)])
    assert samples.table.to_pydict() == {
        "id": ["1", "2", "3"],
        "text": ["text 1", "text 2", "text 3"],
        "label": ["x", None, None],
    }
    assert samples.metadata.to_pydict() == {"n": [1, None, 3]}


@pytest.mark.parametrize(
    ("value", "kind", "column", "cell"),
    [
        ({"choices": ["y", "x"]}, "choices", "labels", '["x", "y"]'),
        ({"taxonomy": [["a", "b"]]}, "taxonomy", "label", "a / b"),
        ({"taxonomy": [["a", "b"], ["c"]]}, "taxonomy", "labels", '["a / b", "c"]'),
        ({"start": 0, "end": 4, "text": "text", "labels": ["W"]}, "labels", "spans", '[[0,4,"W"]]'),
    ],
)
def test_every_kind_of_labels_is_told_apart(read, value, kind, column, cell):
    assert read("a.json", [task(1, annotation(5, value, kind))]).table[column].to_pylist() == [cell]
    assert read("b.json", [record(5, 1, intent=[value])]).table[column].to_pylist() == [cell]
    quoted = json.dumps([value]).replace('"', '""')
    row = f'5,"1","{WHEN["created_at"]}",1,"{quoted}","",0,"text 1","{WHEN["updated_at"]}"\n'
    assert read("c.csv", HEAD + row, **{column: "intent"}).table[column].to_pylist() == [cell]


def test_skipped_answers_say_nothing(read):
    samples = read("a.json", [task(1, annotation(5, {"choices": ["x"]}, was_cancelled=True), annotation(6, {}))])
    assert samples.labels.to_pylist() == [None]


def test_rows_of_one_task_are_several_peoples_answers(read):
    rows = [record(n, 1, intent=label) | {"annotator": n} for n, label in ((1, "x"), (2, "y"), (3, "y"))]
    samples = read("a.json", rows)
    assert (samples.ids.to_pylist(), samples.labels.to_pylist()) == (["1"], ["y"])
    assert json.loads(samples.table["annotations"][0].as_py()) == {"1": "x", "2": "y", "3": "y"}


def test_a_correction_counts_unless_somebody_changed_it(read):
    people = [annotation(5, {"choices": ["x"]}), annotation(6, {"choices": ["x"]}, completed_by=2)]
    own = annotation(7, {"choices": ["y"]}, import_id=(1 << 52) + 3)
    assert read("a.json", [task(1, *people, own)]).labels.to_pylist() == ["y"]
    touched = own | {"updated_at": LATER["updated_at"]}
    assert read("b.json", [task(1, *people, touched)]).labels.to_pylist() == ["x"]
    rows = [record(5, 1, intent="x") | {"annotator": 2}, record(6, 1, intent="x") | {"annotator": 3}]
    rows += [record(7, 1, intent="y")]
    rows = [row | {"labelsift_correction": 7} for row in rows]
    assert read("c.json", rows, label="intent").labels.to_pylist() == ["y"]


def test_conll_has_tokens_and_tags_and_no_ids(read):
    document = "-DOCSTART- -X- O\nAnn -X- _ B-PER\nLee -X- _ I-PER\nleft -X- _ O\n\nhome -X- _ O\n\n"
    samples = read("a.conll", document)
    assert samples.texts.to_pylist() == ["Ann Lee left", "home"]
    assert samples.table["spans"].to_pylist() == ['[[0,7,"PER"]]', "[]"]
    with pytest.raises(InputError, match="no token and tag in line 2"):
        read("b.conll", "Ann -X- _ B-PER\nLee -X- _ 17\n")


def test_what_is_unclear_must_be_named(read):
    two = annotation(5, {"choices": ["x"]})
    two["result"].append({"from_name": "tone", "to_name": "body", "type": "choices", "value": {"choices": ["rude"]}})
    with pytest.raises(InputError, match="several controls: intent, tone"):
        read("a.json", [task(1, two)])
    assert read("b.json", [task(1, two)], label="tone").labels.to_pylist() == ["rude"]
    with pytest.raises(InputError, match="No annotation in c uses a control mood"):
        read("c.json", [task(1, two)], label="mood")
    several = [task(1, annotation(5, {"choices": ["x", "y"]}))]
    with pytest.raises(InputError, match="Some tasks have several labels in intent: 1"):
        read("d.json", several, label="intent")


def test_other_files_are_read_as_before(read):
    assert read("a.csv", "text,intent,id\nhello,x,7\n", label="intent").labels.to_pylist() == ["x"]
    assert read("a.json", '{"text": "hello", "intent": "x"}\n', label="intent").labels.to_pylist() == ["x"]


def test_marks_and_touches():
    assert [is_correction_mark(id) for id in (1 << 52, (1 << 53) - 1, 1 << 53, "x", None, 12)] == [
        True, True, False, False, False, False,
    ]  # fmt: skip
    assert is_untouched(WHEN)
    assert not is_untouched(WHEN | {"updated_at": LATER["updated_at"]})
    assert not is_untouched({})


def said(kind: str, value: dict, **more) -> dict:
    return {"from_name": "it", "to_name": "body", "type": kind, "value": value} | more


def tasks(*results: list[dict], text: str = "Ann met Ben") -> list[dict]:
    return [
        {
            "id": number,
            "data": {"text": text},
            "annotations": [{"id": number, "completed_by": 1, "result": result} | WHEN],
        }
        for number, result in enumerate(results, start=1)
    ]


def mark(start: int, end: int, marked: str | None = None, **value) -> dict:
    words = {} if marked is None else {"text": marked}
    return said("labels", {"start": start, "end": end, "labels": ["P"]} | words | value)


@pytest.mark.parametrize(
    ("text", "region", "span"),
    [
        ("Ann met Ben", mark(0, 3, "Ann"), [0, 3]),
        ("Ann met Ben", mark(1, 4, "Ann"), [0, 3]),
        ("\U0001f600 Ben met Ben", mark(3, 6, "Ben"), [2, 5]),  # browsers count an emoji twice
        ("a\r\nAnn met", mark(2, 5, "Ann"), [3, 6]),
        ("Ann met Ben", mark(1, 4), [1, 4]),
    ],
)
def test_spans_stand_where_their_words_do(read, text, region, span):
    for name in ("a.json", "b.json"):
        more = {"spans": "annotations"} if name == "b.json" else {}
        samples = read(name, tasks([region], text=text), **more)
        assert json.loads(samples.given[0].as_py()) == [[*span, "P"]]
        assert bool(samples.notes) == (name == "a.json" and span != [region["value"][key] for key in ("start", "end")])


def test_words_that_stand_nowhere_or_twice_are_refused(read):
    for region in (mark(1, 4, "Zoe"), mark(1, 4, "n")):
        with pytest.raises(InputError, match=r"do not stand where their regions say.*: 2"):
            read("a.json", tasks([mark(0, 3, "Ann")], [region]))
        with pytest.raises(InputError, match="do not stand there"):
            read("a.json", tasks([region]), spans="annotations")


def test_regions_without_a_label_are_passed_over_and_counted(read):
    bare = said("labels", {"start": 4, "end": 7, "text": "met"})
    samples = read("a.json", tasks([mark(0, 3, "Ann"), bare], [bare], [mark(0, 3) | {"value": {"start": 0, "end": 3}}]))
    assert samples.given.to_pylist() == ['[[0,3,"P"]]', "[]", "[]"]
    assert "Regions without a label were passed over (3 tasks" in samples.notes[0]


@pytest.mark.parametrize(("kind", "values"), [("rating", [1, 5]), ("number", [3, 12.0])])
def test_ratings_and_whole_numbers_are_labels(read, kind, values):
    expected = [str(int(value)) for value in values]
    exported = tasks(*([said(kind, {kind: value})] for value in values))
    assert read("a.json", exported).labels.to_pylist() == expected
    assert read("a.json", exported, label="it").labels.to_pylist() == expected
    minimal = [record(n, n, it=value) for n, value in enumerate(values, start=1)]
    assert read("b.json", minimal).labels.to_pylist() == expected
    with pytest.raises(InputError, match="control it holds fractions"):
        read("a.json", tasks([said(kind, {kind: 2.5})]))


@pytest.mark.parametrize("kind", ["hypertextlabels", "paragraphlabels", "rectanglelabels", "textarea"])
def test_controls_that_are_not_read_are_refused_by_name(read, kind):
    odd = said(kind, {"start": "/div[1]/text()[1]", "startOffset": 0, kind: ["P"]})
    with pytest.raises(InputError, match=f"does not read regions of type {kind}, which a has: it"):
        read("a.json", tasks([odd]))
    both = tasks([odd, said("choices", {"choices": ["x"]}, from_name="topic")])
    assert read("b.json", both).labels.to_pylist() == ["x"]
    with pytest.raises(InputError, match=f"regions of type {kind}"):
        read("b.json", both, label="it")


def test_tasks_written_for_an_import_and_before_version_1(read):
    result = [said("choices", {"choices": ["x"]})]
    first = [{"data": {"text": "a"}, "annotations": [{"result": result}]}, {"data": {"text": "b"}}]
    samples = read("a.json", first)
    assert (samples.ids.to_pylist(), samples.labels.to_pylist()) == (["1", "2"], ["x", None])
    guessed = [{"data": {"text": "a"}, "predictions": [{"result": result}]}]
    assert read("b.json", guessed).labels.to_pylist() == [None]
    skipped = {"id": 2, "skipped": True, "result": result}
    old = [{"id": 4, "data": {"text": "a"}, "completions": [{"id": 1, "created_at": 1609000000, "result": result}]}]
    old += [{"id": 5, "data": {"text": "b"}, "completions": [skipped]}]
    assert read("c.json", old).table.select(["id", "label"]).to_pydict() == {"id": ["4", "5"], "label": ["x", None]}


def test_fields_of_a_task_may_be_nested_and_a_missing_text_is_said(read):
    nested = [task(1, annotation(5, {"choices": ["x"]})) | {"data": {"doc": {"text": "a", "by": "ann"}, "n": 1}}]
    samples = read("a.json", nested, text="doc.text", metadata=["doc.by"])
    assert (samples.texts.to_pylist(), samples.metadata.to_pydict()) == (["a"], {"doc.by": ["ann"]})
    with pytest.raises(InputError, match=r"No task of a has the field text.*doc\.text, doc\.by, n"):
        read("a.json", nested)
