"""What the detectors find in the texts that were frozen before they were written; the figures stand in the docs."""

from __future__ import annotations

import hashlib
import sys
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pytest
from labelsift.texts import hints
from labelsift.texts.personal_data import personal_data
from labelsift.texts.redaction import masked
from labelsift.texts.secrets import secrets

sys.path.insert(0, str(Path(__file__).parents[2]))  # benchmarks are no part of the package

from benchmarks.marked_texts import BY_WORDS, FOLDER, MarkedText, counted, marked_texts

FROZEN = {  # SHA-256 of the files as they were before the detectors
    "personal_data": "219bdffeaf0ca172bc8e1049720959313efbe493cdbc9388b41d98aa68e2408c",
    "secrets": "51e130cd985537e4e90c89efbcc309348ce6c8d3c3c6565cd6d6a547a9e40d52",
}
LEAST = {"personal_data": (300, 300), "secrets": (200, 200)}  # texts with and without


def find_personal(marked: MarkedText):
    return personal_data(marked.text, region=marked.region)


def find_secrets(marked: MarkedText):
    return secrets(marked.text)


@pytest.mark.parametrize("name", FROZEN)
def test_the_texts_are_those_that_were_frozen(name):
    assert hashlib.sha256((FOLDER / f"{name}.jsonl").read_bytes()).hexdigest() == FROZEN[name]
    texts = marked_texts(name)
    with_, without = LEAST[name]
    assert sum(bool(marked.spans) for marked in texts) >= with_
    assert sum(not marked.spans for marked in texts) >= without


@pytest.mark.parametrize("part", [None, "held_out"])
def test_personal_data_with_a_form_or_checksum_is_found(part):
    pytest.importorskip("stdnum")
    counts = counted(marked_texts("personal_data", part=part), find_personal)
    forms = set(counts.kinds) - BY_WORDS
    assert counts.recall(forms) >= 0.95
    assert counts.precision(forms) >= 0.97


@pytest.mark.parametrize("kind", sorted(BY_WORDS))
def test_what_words_alone_tell_is_seldom_wrong(kind):
    counts = counted(marked_texts("personal_data"), find_personal)
    assert counts.precision([kind]) >= 0.97
    assert counts.recall([kind]) >= 0.8


@pytest.mark.parametrize("part", [None, "held_out"])
def test_secrets_are_found(part):
    counts = counted(marked_texts("secrets", part=part), find_secrets)
    assert counts.recall(counts.kinds) >= 0.95
    assert counts.precision(counts.kinds) >= 0.97


@pytest.mark.parametrize(("name", "hint"), [("personal_data", hints.PERSONAL_DATA), ("secrets", hints.SECRETS)])
def test_no_text_without_a_hint_holds_anything(name, hint):
    find = find_personal if name == "personal_data" else find_secrets
    texts = marked_texts(name)
    hinted = pc.match_substring_regex(pa.array([marked.text for marked in texts]), hint).to_pylist()
    assert not [marked.text for marked, has in zip(texts, hinted, strict=True) if not has and find(marked)]


@pytest.mark.parametrize("name", FROZEN)
def test_no_found_value_stands_in_the_masked_text(name):
    for marked in marked_texts(name):
        find = find_personal if name == "personal_data" else find_secrets
        hidden = masked(marked.text, region=marked.region)
        assert not [match for match in find(marked) if marked.text[match.start : match.end] in hidden], marked
