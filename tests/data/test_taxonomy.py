"""Changes of the taxonomy: the file, what is refused, what becomes of every label, and decisions under old names."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import labelsift as ls
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from labelsift.data.schemas import CORRECTIONS_SCHEMA
from labelsift.data.taxonomy import Taxonomy

GOLDEN = """
[[step]]
name = "November"
rename = { "card payment" = "payment" }
merge = { "refund" = ["refund request", "refund status"] }
split = { "delivery" = ["late delivery", "lost delivery"] }
retire = ["other"]

[[step]]
rename = { "payment" = "paying" }
split = { "late delivery" = ["a day late", "a week late"] }
"""


def samples(*labels: str | None, **columns: list[str | None]) -> ls.Samples:
    rows = {"id": [str(row) for row in range(len(labels))], "text": [f"text {row}" for row in range(len(labels))]}
    table = pa.table(rows | {"label": pa.array(labels, pa.string())} | columns)
    return ls.read(table, id="id", label="label", predicted="predicted" if columns else None)


def labels(samples: ls.Samples) -> list[str | None]:
    assert samples.labels is not None
    return samples.labels.to_pylist()


def corrections(*rows: tuple[str, str, str | None, str]) -> pa.Table:
    """Make corrections of (id, action, value, person)."""
    decisions = [
        {"id": id, "action": action, "value": json.dumps(value), "person": person, "verdict": "changed"}
        | {"time": datetime(2026, 11, 23, 10, index, tzinfo=UTC)}
        for index, (id, action, value, person) in enumerate(rows)
    ]
    return pa.Table.from_pylist(decisions, CORRECTIONS_SCHEMA)


def test_a_file_reads_as_it_is_written_and_goes_into_json_and_back(tmp_path):
    (tmp_path / "t.toml").write_text(GOLDEN, encoding="utf-8")
    taxonomy = ls.Taxonomy.read(tmp_path / "t.toml")
    assert [str(change) for change in taxonomy.changes] == [
        "rename card payment → payment",
        "merge refund request, refund status → refund",
        "split delivery → late delivery, lost delivery",
        "retire other",
        "rename payment → paying",
        "split late delivery → a day late, a week late",
    ]
    assert Taxonomy.of(json.loads(json.dumps(taxonomy.plain))) == taxonomy
    assert taxonomy.version == Taxonomy.of(taxonomy.plain).version != Taxonomy.of(taxonomy.plain[:1]).version
    assert taxonomy.classes == ("refund", "lost delivery", "paying", "a day late", "a week late")


def test_a_file_with_one_step_needs_no_list(tmp_path):
    (tmp_path / "t.toml").write_text('rename = { "a" = "b" }')
    assert ls.Taxonomy.read(tmp_path / "t.toml").plain == [{"rename": {"a": "b"}}]


def test_every_label_has_one_fate(tmp_path):
    (tmp_path / "t.toml").write_text(GOLDEN, encoding="utf-8")
    taxonomy = ls.Taxonomy.read(tmp_path / "t.toml")
    named = ["card payment", "refund status", "delivery", "other", "lost delivery", "new"]
    assert [taxonomy.fate(label).name for label in named] == ["paying", "refund", None, None, "lost delivery", "new"]
    assert taxonomy.fate("delivery").options == ("a day late", "a week late", "lost delivery")
    assert (taxonomy.fate("other").options, str(taxonomy.fate("other").change)) == ((), "retire other")


@pytest.mark.parametrize(
    ("steps", "named", "what"),
    [
        ([{"rename": {"a": "b", "b": "a"}}], "b", "cycle"),
        ([{"rename": {"a": "b"}, "retire": ["b"]}], "b", "chain"),
        ([{"rename": {"a": "a"}}], "a", "itself"),
        ([{"rename": {"a": "c", "b": "c"}}], "c", "merge them without saying so"),
        ([{"rename": {"a": "c"}, "retire": ["a"]}], "a", "twice"),
        ([{"split": {"a": ["a", "b"]}}], "a", "itself"),
        ([{"split": {"a": ["b"]}}], "a", "two or more"),
        ([{"merge": {"a": ["b", "b"]}}], "a", "two or more"),
        ([{"rename": {"a": "b"}}, {"retire": ["a"]}], "a", "gone since step 1"),
        ([{"rename": {"a": "b"}}, {"rename": {"c": "b"}}], "b", "already"),
        ([{"rename": {"a": "b"}}, {"rename": {"c": "a"}}], "a", "other classes before"),
        ([{"retire": ["a"]}, {"rename": {"c": "a"}}], "a", "other classes before"),
        ([{"split": {"a": ["a1", "a2"]}}, {"rename": {"a1": "a"}}], "a", "other classes before"),
        ([{"renames": {"a": "b"}}], "renames", "no such change"),
        ([{"rename": {"a": 3}}], "a", "another name"),
        ([{"retire": "a"}], "", "no list"),
        ({"rename": {"a": "b"}}, "", "a list of steps"),
    ],
)
def test_a_contradiction_is_refused_by_the_labels_name(steps, named, what):
    with pytest.raises(ls.InputError, match=what) as caught:
        Taxonomy.of(steps)
    assert named in str(caught.value)


@pytest.mark.parametrize(
    ("steps", "given", "named", "what"),
    [
        ([{"rename": {"refnd": "money back"}}], ("refund", "x"), "refnd", "does not have"),
        ([{"merge": {"c": ["a", "typo"]}}], ("a", "b"), "typo", "does not have"),
        ([{"split": {"typo": ["a1", "a2"]}}], ("a", "b"), "typo", "does not have"),
        ([{"rename": {"a": "b"}}], ("a", "b"), '"b" = ["a", "b"]', "merge them without saying so"),
        ([{"merge": {"c": ["a", "b"]}}], ("a", "b", "c"), "c", "merge them without saying so"),
    ],
)
def test_a_taxonomy_that_does_not_fit_the_data_is_refused_by_the_labels_name(steps, given, named, what):
    with pytest.raises(ls.InputError, match=what) as caught:
        samples(*given).remap(Taxonomy.of(steps))
    assert named in str(caught.value)


def test_unreadable_files_are_refused(tmp_path):
    (tmp_path / "broken.toml").write_text("rename = {")
    (tmp_path / "mixed.toml").write_text('retire = ["a"]\n[[step]]\nretire = ["b"]')
    for name, what in (("none.toml", "cannot be read"), ("broken.toml", "no TOML"), ("mixed.toml", "outside of its")):
        with pytest.raises(ls.InputError, match=what):
            ls.Taxonomy.read(tmp_path / name)


def test_remap_renames_merges_unlabels_and_says_who_waits(tmp_path: Path):
    (tmp_path / "t.toml").write_text(GOLDEN, encoding="utf-8")
    old = ["card payment", "refund request", "refund status", "delivery", "other", None, "delivery", "new"]
    before = samples(*old, predicted=["refund status", *old[1:]])
    after = before.remap(tmp_path / "t.toml")
    assert labels(after) == ["paying", "refund", "refund", None, None, None, None, "new"]
    assert after.table["predicted"].to_pylist() == ["refund", "refund", "refund", None, None, None, None, "new"]
    assert after.undecided is not None
    assert after.undecided.to_pylist() == [{"id": "3", "was": "delivery"}, {"id": "6", "was": "delivery"}]
    assert after.lineage is not None
    assert (after.lineage.parent, after.lineage.policy) == (before.fingerprint, "taxonomy")
    assert after.lineage.applied["split delivery → late delivery, lost delivery"] == 2
    assert labels(before) == old


def test_what_was_made_before_is_not_made_again(tmp_path):
    (tmp_path / "t.toml").write_text(GOLDEN, encoding="utf-8")
    new = samples("paying", "refund", "lost delivery", "a day late", "new")
    again = new.remap(tmp_path / "t.toml")
    assert (again.fingerprint, again.lineage) == (new.fingerprint, None)


def test_decisions_under_old_names_go_through_the_mapping():
    taxonomy = Taxonomy.of([{"rename": {"a": "b"}, "split": {"d": ["d1", "d2"]}, "retire": ["o"]}])
    new = samples("a", "d", "d", "o", "x").remap(taxonomy)
    said = corrections(
        ("4", "relabel", "a", "ann"),
        ("4", "relabel", "b", "bob"),  # the same class: they agree
        ("0", "relabel", "d", "ann"),  # split since: undecided, so nothing is changed
        ("1", "keep", "d", "ann"),  # was right about a class that is no more
        ("1", "relabel", "d2", "bob"),
        ("3", "relabel", "o", "ann"),
    )
    applied = new.apply(said, policy="unanimous")
    assert labels(applied) == ["b", "d2", None, None, "b"]
    assert applied.undecided is not None and applied.undecided["id"].to_pylist() == ["2"]
    assert applied.lineage is not None
    assert (applied.lineage.conflicts, applied.lineage.applied) == ((), {"relabel": 2})
    assert labels(samples("b", "x").apply(corrections(("1", "relabel", "a", "ann")), taxonomy=taxonomy)) == ["b", "b"]


def test_a_lineage_remembers_all_versions_before():
    first = samples("a", "b")
    second = first.apply(corrections(("0", "relabel", "b", "ann")))
    third = second.remap(Taxonomy.of([{"rename": {"b": "c"}}]))
    assert third.lineage is not None
    assert (third.lineage.parent, third.lineage.earlier) == (second.fingerprint, (first.fingerprint,))


names = st.sampled_from("abcdef")
given_labels = st.lists(st.none() | names, min_size=1, max_size=12)


@pytest.mark.slow
@given(given_labels, names)
def test_there_and_back_is_the_identity(some, old):
    before = samples(*some, old)
    there = before.remap(Taxonomy.of([{"rename": {old: "new"}}]))
    back = there.remap(Taxonomy.of([{"rename": {"new": old}}]))
    assert back.fingerprint == before.fingerprint
    assert before.remap(Taxonomy.of([{"rename": {old: "new"}}, {"rename": {"new": old}}])).fingerprint == (
        before.fingerprint
    )


@pytest.mark.slow
@given(given_labels, st.lists(st.tuples(st.integers(0, 20), names), max_size=6), names)
def test_applying_and_renaming_commute(some, said, old):
    before = samples(*some, *"abcdef")
    votes = corrections(*((str(number % len(before)), "relabel", label, "ann") for number, label in said))
    taxonomy = Taxonomy.of([{"rename": {old: "new"}}])
    after = before.apply(votes)
    if old in after.classes:
        assert after.remap(taxonomy).fingerprint == before.remap(taxonomy).apply(votes).fingerprint


steps = st.sampled_from(
    [
        [{"rename": {"a": "x"}}, {"merge": {"y": ["x", "b"]}}],
        [{"split": {"a": ["a1", "a2"]}}, {"merge": {"a": ["a1", "a2"]}}],
        [{"split": {"a": ["a1", "a2"]}}, {"retire": ["a2", "c"]}],
        [{"retire": ["b"]}, {"split": {"c": ["d", "e"]}}],
    ]
)


@given(given_labels, steps)
def test_steps_in_one_chain_or_one_after_the_other_are_the_same(some, chain):
    before = samples(*some, *"abcdef")
    whole = before.remap(Taxonomy.of(chain))
    first, second = (Taxonomy.of([change]) for change in chain)
    parts = before.remap(first).remap(first.then(second))
    assert parts.fingerprint == whole.fingerprint
    assert (parts.taxonomy, parts.undecided) == (whole.taxonomy, whole.undecided)
