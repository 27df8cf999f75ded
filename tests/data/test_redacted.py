"""Redaction of samples: texts, metadata and spans, consistent within a row."""

from __future__ import annotations

import json

import labelsift as ls
import pyarrow as pa
import pytest
from labelsift.data.redacted import moved_spans

ROW = "My name is Ann Lee, mail jo@mail.example. Ann Lee, jo@mail.example"


def read(**columns):
    metadata = [name for name in columns if name not in ("id", "text", "label", "spans")]
    roles = {role: role for role in ("id", "label", "spans") if role in columns}
    return ls.read(pa.table(columns), metadata=metadata, **roles)


def test_a_value_has_the_same_mark_in_text_and_columns_of_its_row():
    samples = read(text=[ROW, "nothing"], mail=["jo@mail.example", None], agent=["Ann Lee", "Ann Lee"], n=[7, 8])
    masked = samples.redact()
    assert masked.texts.to_pylist() == ["My name is [NAME_1], mail [EMAIL_1]. [NAME_1], [EMAIL_1]", "nothing"]
    assert masked.metadata.to_pylist() == [
        {"mail": "[EMAIL_1]", "agent": "[NAME_1]", "n": 7},
        {"mail": None, "agent": "Ann Lee", "n": 8},  # nothing in this row calls it a name
    ]
    assert masked.ids.equals(samples.ids)
    assert (masked.lineage.policy, dict(masked.lineage.applied)) == ("redact", {"redact": 1})
    assert masked.lineage.parent == samples.fingerprint != masked.fingerprint


def test_kinds_columns_and_names_can_be_chosen():
    samples = read(text=[ROW], mail=["jo@mail.example"])
    assert samples.redact(kinds=["email"]).texts[0].as_py().startswith("My name is Ann Lee, mail [EMAIL_1].")
    assert samples.redact(columns=[]).metadata["mail"].to_pylist() == ["jo@mail.example"]
    assert "Ann Lee" in samples.redact(names=False).texts[0].as_py()
    with pytest.raises(ls.InputError, match="no such metadata column: mial"):
        samples.redact(columns=["mial"])


def test_samples_without_anything_stay_themselves():
    samples = read(text=["one", "two"], label=["a", "b"])
    masked = samples.redact()
    assert (masked.fingerprint, masked.lineage) == (samples.fingerprint, None)


def test_masked_again_nothing_changes():
    once = read(text=[ROW], mail=["jo@mail.example"]).redact()
    assert once.redact().fingerprint == once.fingerprint


def test_spans_keep_their_words_and_take_a_mark_whole():
    text = "In Bonn my name is Ann Lee, see Rome"
    spans = [{"start": 3, "end": 7, "label": "city"}, {"start": 19, "end": 26, "label": "person"},
             {"start": 32, "end": 36, "label": "city"}]  # fmt: skip
    masked = read(text=[text, "x"], spans=[spans, []]).redact()
    new = masked.texts[0].as_py()
    marked = [(new[start:end], name) for start, end, name in json.loads(masked.table["spans"][0].as_py())]
    assert marked == [("Bonn", "city"), ("[NAME_1]", "person"), ("Rome", "city")]
    assert masked.table["spans"][1].as_py() == "[]"


@pytest.mark.parametrize(
    ("spans", "replaced", "moved"),
    [
        ([[0, 3, "a"]], [], [[0, 3, "a"]]),
        ([[2, 6, "a"]], [(4, 9, 20)], [[2, 24, "a"]]),  # reaches into a mark
        ([[6, 12, "a"]], [(4, 9, 2)], [[4, 9, "a"]]),  # begins inside one
        ([[4, 6, "a"], [7, 9, "b"]], [(4, 9, 8)], []),  # two inside one
        ([[4, 6, "a"]], [(4, 9, 8)], [[4, 12, "a"]]),
        ([[9, 12, "a"]], [(4, 9, 8)], [[12, 15, "a"]]),
        ([[0, 4, "a"]], [(4, 9, 8)], [[0, 4, "a"]]),
        ([[0, 20, "a"]], [(4, 9, 8), (12, 14, 1)], [[0, 22, "a"]]),
    ],
)
def test_offsets_after_redaction(spans, replaced, moved):
    assert json.loads(moved_spans(json.dumps(spans), replaced)) == moved


def test_a_run_without_texts_is_refused(tmp_path):
    data = pa.table({"text": [f"text {row}" for row in range(4)]})
    report = ls.scan(data, only=["empty"], store=tmp_path, texts=False, progress=False)
    with pytest.raises(ls.InputError, match="without texts"):
        ls.load(report.run, store=tmp_path).samples.redact()
