from __future__ import annotations

import json

import pytest
from labelsift.errors import StoreError
from labelsift.store.ledger import Ledger
from labelsift.store.sealed_text import SEALED, SealedText

SAID = 'Zwölf "Quokkas"\ud800 = Zurich 4711'


def ledger_with_words(folder):
    ledger = Ledger(folder)
    ledger.append(lambda _: [{"id": "a", "note": SealedText(SAID)}, {"id": "b", "note": SealedText("of b")}])
    return ledger


def test_words_are_read_again_and_stand_in_no_record(tmp_path):
    ledger = ledger_with_words(tmp_path / "kept")
    assert [record["note"] for record in ledger.records()] == [SAID, "of b"]
    lines = [json.loads(line) for line in (tmp_path / "kept" / "records.jsonl").read_text().splitlines()]
    assert all(set(line["note"]) == {SEALED} for line in lines)


def test_equal_words_have_different_hashes(tmp_path):
    ledger = Ledger(tmp_path / "kept")
    ledger.append(lambda _: [{"id": "a", "note": SealedText("yes")}, {"id": "b", "note": SealedText("yes")}])
    lines = [json.loads(line) for line in (tmp_path / "kept" / "records.jsonl").read_text().splitlines()]
    assert lines[0]["note"] != lines[1]["note"]


def test_erased_words_are_gone_and_the_chain_holds(tmp_path):
    ledger = ledger_with_words(tmp_path / "kept")
    assert ledger.erase_words({"a"}) == 1
    first, second = ledger.records()
    assert (first["note"], first["erased"], second["note"]) == (None, ["note"], "of b")
    assert not any(b"Zurich 4711" in path.read_bytes() for path in (tmp_path / "kept").rglob("*") if path.is_file())
    ledger.append(lambda standing: [{"id": "c", "after": len(standing)}])
    assert ledger.examine()[1] == ""


def test_words_of_an_append_that_never_counted_are_erased_with_the_next(tmp_path):
    ledger = ledger_with_words(tmp_path / "kept")
    left = tmp_path / "kept" / "words" / "0000.json"
    left.write_text("{}")
    assert ledger.erase_words(()) == 1
    assert not left.exists()


def test_changed_words_are_named(tmp_path):
    ledger = ledger_with_words(tmp_path / "kept")
    for path in (tmp_path / "kept" / "words").iterdir():
        path.write_text(path.read_text().replace("of b", "of c"))
    with pytest.raises(StoreError, match="the note of record 2 was changed"):
        ledger.records()
