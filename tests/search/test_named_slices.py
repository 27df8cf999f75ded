"""Named slices: what is in them, what is refused before a scan, and that they live across runs."""

from __future__ import annotations

import json
from typing import Any

import labelsift as ls
import numpy as np
import pyarrow as pa
import pytest
from labelsift.corrections.erase import forget
from labelsift.errors import InputError
from labelsift.search import declared_slices
from labelsift.search.named_slices import named_masks, named_slices, slice_ids, slice_words
from labelsift.store.store import Store

ROWS = 60
ROLES: dict[str, Any] = {"id": "id", "label": "label", "predicted": "predicted", "name": "tickets"}


def samples(*, metadata=("state", "都市"), **more) -> ls.Samples:
    label = ["card" if row % 2 else "loan" for row in range(ROWS)]
    table = {
        "id": [f"r{row:02d}" for row in range(ROWS)],
        "text": [f"my {label[row]} number {row} " + "please help " * (row % 5) for row in range(ROWS)],
        "label": label,
        "predicted": ["card" if row % 2 or row < 6 else "loan" for row in range(ROWS)],
        "state": ["CA" if row % 3 else "NY" for row in range(ROWS)],
        "都市": ["東京" if row % 4 else "大阪" for row in range(ROWS)],
        **more,
    }
    return ls.read(pa.table(table), metadata=[*metadata, *more], **ROLES)


def scan(read: ls.Samples, **more) -> ls.Report:
    return ls.scan(read, **{"only": ["outlier", "pii"], "store": None, "progress": False, **more})


@pytest.mark.slow
@pytest.mark.parametrize(
    ("where", "rows"),
    [
        ("state = 'CA' AND label = 'loan'", [row for row in range(ROWS) if row % 3 and not row % 2]),
        ("\"都市\" = '大阪'", list(range(0, ROWS, 4))),
        ("is_wrong", [0, 2, 4]),
        ("NOT is_wrong", [row for row in range(ROWS) if row not in (0, 2, 4)]),
        ("words > 10", [row for row in range(ROWS) if row % 5 == 4]),
        ("text_length < 18", [row for row in range(ROWS) if len(f"my card number {row} ") < 18 and not row % 5]),
        ("has_pii", []),
    ],
)
def test_a_condition_over_metadata_labels_predictions_and_texts(where, rows):
    report = scan(samples(), slices={"part": where})
    assert np.flatnonzero(named_masks(report)["part"]).tolist() == rows
    assert slice_ids(report, "slice:part") == slice_ids(report, "part") == [f"r{row:02d}" for row in rows]


def test_the_language_of_texts_and_words_of_scripts_without_spaces():
    texts = ["Where is the money that I sent you last week?", "お金はどこにありますか、先週送りました", "東京　大阪"]
    report = scan(ls.read(pa.table({"text": texts * 4}), name="t"), only=["empty"])
    assert report.ids("language = 'ja'") == report.samples.ids.filter(pa.array([False, True, False] * 4)).to_pylist()
    assert len(report.ids("language = 'en'")) == 4
    assert len(report.ids("words = 2")) == 4  # an ideographic space parts words, too


def test_columns_of_the_user_come_before_computed_ones():
    report = scan(samples(Language=["xx"] * ROWS, words=["many"] * ROWS))
    assert len(report.ids("words = 'many' AND language = 'xx'")) == ROWS


def test_samples_most_like_some():
    report = scan(
        samples(), slices={"near": {"like": ["r01", "r03"], "nearest": 5}, "all": {"like": ["r01"], "similarity": -1}}
    )
    masks = named_masks(report)
    assert report.embeddings is not None
    seed = report.embeddings[[1, 3]].mean(axis=0)
    cosine = report.embeddings @ (seed / np.linalg.norm(seed))
    assert masks["near"].sum() == 5
    assert cosine[masks["near"]].min() >= cosine[~masks["near"]].max() - 1e-6
    assert masks["all"].all()
    assert "The slice all holds all samples" in " ".join(report.notes)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("slices", "words"),
    [
        ({"part": "sate = 'CA'"}, "Slice part: The condition \"sate = 'CA'\" cannot be understood"),
        ({"part": "state ="}, "Slice part"),
        ({"part": " "}, "empty condition: part"),
        ({"part": 3}, "no slice: part"),
        ({"part": {"like": []}}, "slice part needs ids"),
        ({"part": {"like": ["r01"]}}, "either similarity or nearest"),
        ({"part": {"like": ["r01"], "similarity": 3}}, "similarity of the slice part is 3"),
        ({"part": {"like": ["r01"], "nearest": True}}, "nearest of the slice part is True"),
        ({"part": {"like": ["gone"], "nearest": 3}}, "Slice part: The data set has no sample with these ids: gone"),
        ({"part": {"like": ["r01"], "nearest": 3, "most": 1}}, "keys that there are not: most"),
        ({"part": "is_garbage_issue"}, "Slice part"),  # a check that this scan does not run
        ({"": "1 = 1"}, "no name"),
        ({" a": "1 = 1"}, "no name"),
        ({"a\nb": "1 = 1"}, "no name"),
        ({'a"b': "1 = 1"}, "no name"),
        ({"a" * 101: "1 = 1"}, "no name"),
        ({"ca": "1 = 1", "CA": "1 = 1"}, "upper and lower case: ca, CA"),
    ],
)
def test_what_is_refused_before_anything_is_computed(slices, words, monkeypatch):
    monkeypatch.setattr("labelsift.scanning._run_checks", lambda inputs: pytest.fail("the scan has begun"))
    with pytest.raises(InputError) as error:
        scan(samples(), slices=slices)
    assert words in str(error.value)


def test_a_name_that_a_value_of_a_column_called_slice_has_is_refused():
    with pytest.raises(InputError, match="column slice has values of these names: hard"):
        scan(samples(slice=["hard" if row % 2 else "easy" for row in range(ROWS)]), slices={"hard": "state = 'CA'"})


@pytest.mark.slow
def test_they_live_across_runs(tmp_path):
    wanted = {"ca": "state = 'CA'", "大阪": "\"都市\" = '大阪'", "near": {"like": ["r01"], "nearest": 3}}
    first = scan(samples(), slices=wanted, store=tmp_path)
    second = scan(samples(), store=tmp_path)
    assert second.settings["slices"] == first.settings["slices"] == wanted
    assert ls.load(second.run, store=tmp_path).settings["slices"] == wanted
    narrow = scan(samples(metadata=["都市"]), store=tmp_path)
    assert list(narrow.settings["slices"]) == ["大阪", "near"]
    note = next(note for note in narrow.notes if "ca" in note)
    assert f"of run {second.run} could not be carried over: there is no column state" in note
    assert "CA'" not in note  # notes are shared
    assert "slices" not in scan(samples(), slices={}, store=tmp_path).settings


def test_a_run_without_texts_refuses_conditions_on_texts(tmp_path):
    report = scan(samples(), slices={"long": "text_length > 20", "ca": "state = 'CA'"}, store=tmp_path, texts=False)
    assert list(report.settings["slices"]) == ["ca"]
    assert any("The slice long cannot be made" in note for note in report.notes)
    loaded = ls.load(report.run, store=tmp_path)
    for where in ("text LIKE '%card%'", "words > 3", "language = 'en'"):
        with pytest.raises(InputError, match="text"):
            loaded.ids(where)


def test_an_erased_sample_is_mentioned_no_more(tmp_path):
    wanted = {"near": {"like": ["r01", "r02"], "nearest": 3}, "alone": {"like": ["r02"], "nearest": 3}}
    wanted |= {"named": "id IN ('r02', 'r03')", "ca": "state = 'CA'"}
    report = scan(samples(), slices=wanted, store=tmp_path)
    forget(["r02"], store=tmp_path)
    kept = ls.load(report.run, store=tmp_path).settings["slices"]
    assert kept == {"near": {"like": ["r01"], "nearest": 3}, "ca": "state = 'CA'"}
    facts = (Store(tmp_path).folder / "runs" / report.run / "run.json").read_text()
    assert "r02" not in json.loads(facts)["settings"]["slices"]["near"]["like"]


def test_no_slice_of_that_name_names_the_nearest():
    report = scan(samples(), slices={"ca_women": "state = 'CA'"})
    with pytest.raises(InputError, match="The nearest is ca_women"):
        slice_ids(report, "slice:ca_womn")
    with pytest.raises(InputError, match="state:CA"):
        slice_ids(report, "state:ZZ")
    assert slice_words(report, "slice:ca_women") == "ca_women"
    assert slice_words(report, "state:CA") == 'state = "CA"'


def test_definitions_of_the_call_replace_those_of_the_run():
    report = scan(samples(), slices={"part": "state = 'CA'"})
    assert slice_ids(report, "part", {"part": "state = 'NY'"}) == report.ids("state = 'NY'")
    with pytest.raises(InputError):
        slice_ids(report, "part", {})


def test_slugs_of_hostile_names_differ():
    names = ["a/b", "a-b", "a b", "日本", "a:b", "x" * 100]
    slugs = [named.slug for named in named_slices(dict.fromkeys(names, "1 = 1")).values()]
    assert len(set(slugs)) == len(names)
    assert all("/" not in slug and slug.startswith("slice:") for slug in slugs)


def test_three_rows_and_broken_settings_of_the_run_before(tmp_path, monkeypatch):
    three = ls.read(pa.table({"id": ["a", "b", "c"], "text": ["one", "two", "three"]}), id="id", name="few")
    report = ls.scan(three, only=["empty"], slices={"b": "id = 'b'"}, store=tmp_path, progress=False)
    assert slice_ids(report, "b") == ["b"]
    monkeypatch.setattr(declared_slices, "read_facts", lambda place: {"settings": {"slices": {"b": 7}}})
    assert "slices" not in ls.scan(three, only=["empty"], store=tmp_path, progress=False).settings


def test_a_note_on_a_named_slice_stands_on_the_page(tmp_path):
    report = scan(samples(), slices={"ca": "state = 'CA'"}, store=tmp_path)
    report.note("look here", by="Ann", slice="slice:ca")
    with pytest.raises(InputError, match="no such slice"):
        report.note("look there", by="Ann", slice="slice:nowhere")
    page = report.to_html(tmp_path / "page.html", with_map=False).read_text(encoding="utf-8")
    assert '["slice:ca","slice-slice:ca","ca",40,0,0]' in page
