"""Exports of Argilla, read from files. Those in ``argilla_exports`` were written by argilla 2.8.0 against its server.

Four records by two people: both submitted an answer to the first, one to the second; an answer to the third was
discarded, and one to the fourth is a draft. The second has a suggestion of somebody's model.
"""

from __future__ import annotations

import json
from pathlib import Path

import labelsift as ls
import pyarrow as pa
import pytest
from labelsift.errors import InputError
from labelsift.io.formats.argilla import APPLIED, mark_of
from pyarrow import parquet

EXPORTS = Path(__file__).parent / "argilla_exports"
ANN, BOB = "920ea68f-7f15-42af-ad0d-1169bebd25ac", "c3b17671-645f-4ff3-b3e1-b70b91738459"
TEXTS = ["Anna lives in Łódź 🙂", "Tom met Eve in Paris", "カードが届きません", " nothing here "]


@pytest.mark.parametrize("name", ["single.parquet", "single.jsonl"])
def test_a_table_tells_whose_answers_were_submitted(name):
    samples = ls.read(EXPORTS / name, label="label")
    assert samples.ids.to_pylist() == ["t0", "t1", "t2", "t3"] and samples.texts.to_pylist() == TEXTS
    assert samples.given.to_pylist() == ["lost_card", "lost_card", None, None]  # no discarded one, and no draft
    said = [json.loads(cell) if cell else None for cell in samples.column("annotations").to_pylist()]
    assert said == [{ANN: "lost_card", BOB: "card_arrival"}, {ANN: "lost_card"}, None, None]
    assert samples.metadata.to_pylist() == [{"source": source} for source in ("mail", "web") * 2]
    assert not samples.notes


@pytest.mark.parametrize("name", ["single.json", "folder"])
def test_nested_records_do_not_tell_it_and_a_note_says_so(name):
    samples = ls.read(EXPORTS / name, label="label", id="id")
    assert samples.ids.to_pylist() == ["t0", "t1", "t2", "t3"]
    assert samples.given.to_pylist() == ["lost_card", "lost_card", "lost_card", "card_arrival"]
    assert any("drafts and discarded ones count" in note for note in samples.notes)


def test_the_question_is_named_or_told_by_the_settings_of_a_folder():
    with pytest.raises(InputError, match="answers to several questions: label, note"):
        ls.read(EXPORTS / "single.jsonl")
    with pytest.raises(InputError, match="no answers to a question intent: label, note"):
        ls.read(EXPORTS / "single.jsonl", label="intent")
    assert ls.read(EXPORTS / "folder").classes == ("card_arrival", "lost_card")  # the note is free text
    assert ls.read(EXPORTS / "single.json", label="note.responses").classes == ("sure",)


def test_sets_and_spans_are_told_by_what_people_answered():
    with pytest.warns(UserWarning, match="answers of several people"):
        sets = ls.read(EXPORTS / "multi.jsonl")
    assert sets.given.to_pylist() == ['["card_arrival"]', '["card_arrival", "lost_card"]', None, None]
    with pytest.warns(UserWarning, match="answers of several people"):
        spans = ls.read(EXPORTS / "spans.parquet", spans="label")
    assert spans.given.to_pylist() == ['[[0,3,"PER"]]', '[[0,3,"LOC"]]', None, None]
    with pytest.raises(InputError, match="The answers to label are labels, not label"):
        ls.read(EXPORTS / "multi.jsonl", label="label")


def test_suggestions_are_labels_only_where_they_are_named():
    samples = ls.read(EXPORTS / "single.parquet", label="label", predicted="label.suggestion")
    assert samples.column("predicted").to_pylist() == [None, "card_arrival", None, None]
    assert ls.read(EXPORTS / "single.json", label="label.suggestion").given.to_pylist() == [
        None,
        "card_arrival",
        None,
        None,
    ]


def test_tables_in_memory_and_saved_folders_are_recognized(tmp_path):
    table = parquet.read_table(EXPORTS / "single.parquet")
    assert ls.read(table, label="label").given.to_pylist() == ["lost_card", "lost_card", None, None]
    datasets = pytest.importorskip("datasets")
    datasets.Dataset(table).save_to_disk(tmp_path / "saved")
    assert ls.read(tmp_path / "saved", label="label").given.to_pylist() == ["lost_card", "lost_card", None, None]
    plain = pa.table({"text": ["a"], "label.responses": [["x"]]})  # a name alone says nothing
    assert ls.read(plain).given is None


def test_what_labelsift_applied_counts_before_people_unless_somebody_changed_it(tmp_path):
    records = json.loads((EXPORTS / "single.json").read_text())[:2]
    for record in records:
        record["metadata"][APPLIED] = mark_of(BOB, "card_arrival")
    records[1]["responses"]["label"].append({"value": "lost_card", "user_id": BOB})  # marked, and changed since
    (tmp_path / "a.json").write_text(json.dumps(records))
    samples = ls.read(tmp_path / "a.json", label="label")
    assert samples.given.to_pylist() == ["card_arrival", "lost_card"]
    assert json.loads(samples.column("annotations").to_pylist()[0]) == {ANN: "lost_card"}


def test_a_folder_without_records_is_refused(tmp_path):
    (tmp_path / ".argilla").mkdir()
    (tmp_path / ".argilla" / "settings.json").write_text('{"questions": []}')
    with pytest.raises(InputError, match="holds no records"):
        ls.read(tmp_path)
