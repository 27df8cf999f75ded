"""Ids that hold personal data: pseudonyms take their place, and people's own ids go on working."""

from __future__ import annotations

import labelsift as ls
import numpy as np
import pyarrow as pa
import pytest
from labelsift.corrections.erase import forget
from labelsift.review.matching import sample_finder
from labelsift.texts.redaction import pseudonym

MAILS = [f"user{number}@mail.example" for number in range(4)]
TEXTS = ["It is late", "It was early", "Where is it", "All is well"]


def data(ids=MAILS):
    return pa.table({"id": ids, "text": TEXTS, "label": ["a", "b", "a", "b"]})


@pytest.fixture
def samples():
    return ls.read(data(), id="id", label="label")


def test_pseudonyms_take_the_place_of_addresses_with_a_note(samples):
    assert samples.ids.to_pylist() == list(map(pseudonym, MAILS))
    (note,) = samples.notes
    assert note.startswith("4 ids hold personal data or a secret (4 e-mail addresses): pseudonyms such as id-")
    assert "keep_ids=True" in note
    assert "mail.example" not in note


def test_ordinary_ids_and_kept_ones_stay():
    assert ls.read(data(["1", "2", "3", "4"]), id="id", label="label").notes == ()
    assert ls.read(data(), id="id", label="label", keep_ids=True).ids.to_pylist() == MAILS


def test_own_ids_name_their_samples(samples):
    assert samples.positions([MAILS[2], pseudonym(MAILS[0])]).tolist() == [2, 0]
    with pytest.raises(ls.InputError, match="no sample with these ids"):
        samples.positions(["stranger@mail.example"])


def test_signals_are_brought_by_own_ids(samples):
    vectors = np.eye(4, dtype=np.float32)
    aligned = ls.Signals(embeddings=vectors[::-1].copy(), ids=MAILS[::-1]).aligned_embeddings(samples)
    assert aligned.argmax(axis=1).tolist() == [0, 1, 2, 3]


def test_a_project_s_tasks_are_found_by_own_ids(samples):
    find = sample_finder(samples)
    assert find(MAILS[1]) == pseudonym(MAILS[1])
    assert find("stranger@mail.example") is None


def test_errors_name_no_address():
    with pytest.raises(ls.InputError) as caught:
        ls.read(data([MAILS[0], MAILS[0], "3", "4"]), id="id")
    assert "mail.example" not in str(caught.value)
    assert pseudonym(MAILS[0]) in str(caught.value)


def test_similar_and_forget_take_own_ids(tmp_path, samples):
    report = ls.scan(samples, only=["outlier"], store=tmp_path, progress=False)
    assert report.similar(MAILS[0], k=1).num_rows == 1
    assert pseudonym(MAILS[0]) not in report.similar(MAILS[0], k=3)["id"].to_pylist()
    erased = forget([MAILS[0]], store=tmp_path)
    assert (erased.ids, list(erased.runs.values())) == ([pseudonym(MAILS[0])], [1])
    assert pseudonym(MAILS[0]) not in ls.load(report.run, store=tmp_path).samples.ids.to_pylist()


def test_forget_finds_an_id_that_was_kept(tmp_path):
    kept = ls.read(data(), id="id", keep_ids=True, name="kept")
    report = ls.scan(kept, only=["empty"], store=tmp_path, progress=False)
    assert list(forget([MAILS[1]], store=tmp_path).runs.values()) == [1]
    assert MAILS[1] not in ls.load(report.run, store=tmp_path).samples.ids.to_pylist()
