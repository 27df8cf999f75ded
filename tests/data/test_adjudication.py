"""People's decisions: one a sample, by policy, applied to the next version."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import labelsift as ls
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from labelsift.data.adjudication import resolve
from labelsift.data.schemas import CORRECTIONS_SCHEMA

START = datetime(2026, 11, 23, tzinfo=UTC)


def decisions(*rows: tuple[str, str, str | None, str]) -> pa.Table:
    """Rows of (id, action, value, person), one minute after the other."""
    return pa.Table.from_pylist(
        [
            {
                "id": id,
                "action": "keep" if action == "both_fit" else action,
                "verdict": {"skip": "skipped", "both_fit": "both_fit"}.get(action, "changed"),
                "value": json.dumps(value),
                "person": person,
                "time": START + timedelta(minutes=minute),
            }
            for minute, (id, action, value, person) in enumerate(rows)
        ],
        schema=CORRECTIONS_SCHEMA,
    )


@pytest.fixture
def samples() -> ls.Samples:
    rows = {"ticket": ["a", "b", "c", "d"], "text": ["one", "two", "three", "four"], "label": ["x", "y", None, "x"]}
    return ls.read(pa.table(rows | {"state": ["CA", "NY", "TX", "CA"]}), id="ticket", label="label", metadata=["state"])


def test_the_next_version_holds_the_decisions_and_nothing_else(samples):
    corrections = decisions(
        ("a", "relabel", "y", "ann"),
        ("b", "remove", None, "ann"),
        ("c", "edit", "drei", "ann"),
        ("d", "keep", "x", "ann"),
    )
    following = samples.apply(corrections)
    assert following.table.to_pydict() == {
        "id": ["a", "c", "d"],
        "text": ["one", "drei", "four"],
        "label": ["y", None, "x"],
    }
    assert following.metadata["state"].to_pylist() == ["CA", "TX", "CA"]
    assert following.lineage is not None
    assert following.lineage.parent == samples.fingerprint != following.fingerprint
    assert following.lineage.applied == {"edit": 1, "keep": 1, "relabel": 1, "remove": 1}
    assert samples.labels.to_pylist() == ["x", "y", None, "x"]


def test_a_label_for_an_unlabeled_sample(samples):
    assert samples.apply(decisions(("c", "relabel", "x", "ann"))).labels.to_pylist() == ["x", "y", "x", "x"]


@pytest.mark.parametrize(
    ("policy", "label", "conflicts"),
    [("majority", "y", ()), ("unanimous", "x", ("a",)), ("newest", "x", ()), ("expert", "x", ())],
)
def test_policies_settle_differing_decisions(samples, policy, label, conflicts):
    corrections = decisions(("a", "relabel", "y", "ann"), ("a", "relabel", "y", "bob"), ("a", "keep", "x", "eve"))
    following = samples.apply(corrections, policy=policy, experts=["eve"] if policy == "expert" else [])
    assert following.labels.to_pylist()[0] == label
    assert following.lineage.conflicts == conflicts


def test_a_tie_is_a_conflict_that_names_who_said_what(samples):
    corrections = decisions(("a", "relabel", "y", "ann"), ("a", "keep", "x", "bob"))
    resolution = resolve(corrections)
    assert resolution.decided == {}
    assert resolution.conflicts == {"a": {("relabel", '"y"'): ("ann",), ("keep", "null"): ("bob",)}}
    assert samples.apply(corrections).labels.equals(samples.labels)


def test_a_person_has_one_vote_their_newest_and_a_skip_is_none():
    corrections = decisions(
        ("a", "relabel", "y", "ann"), ("a", "keep", "x", "bob"), ("a", "keep", "x", "ann"), ("b", "skip", None, "ann")
    )
    assert resolve(corrections).decided == {"a": ("keep", "null")}
    assert resolve(corrections.take([2, 1, 0])).decided == {"a": ("keep", "null")}  # by time, not by line


def test_the_newest_policy_asks_who_spoke_last_and_not_who_spoke_first():
    votes = decisions(("a", "relabel", "y", "ann"), ("a", "relabel", "z", "bob"), ("a", "relabel", "x", "ann"))
    assert resolve(votes, policy="newest").decided == {"a": ("relabel", '"x"')}
    shuffled = votes.take([2, 0, 1])
    assert resolve(shuffled, policy="newest").decided == {"a": ("relabel", '"x"')}


@pytest.mark.parametrize(("text", "stays"), [("Anna met Bob", True), ("Anna saw Rob", False), ("Anna met Tom", False)])
def test_an_edit_through_any_span_takes_the_marks_away(text, stays):
    spans = [[0, 4, "PER"], [9, 12, "PER"]]
    data = ls.read(
        pa.table({"id": ["a"], "text": ["Anna saw Bob"], "spans": [json.dumps(spans)]}), spans="spans", id="id"
    )
    following = data.apply(decisions(("a", "edit", text, "ann")))
    assert following.given.to_pylist() == [json.dumps(spans, separators=(",", ":")) if stays else None]


def test_new_spans_of_types_that_the_data_lack_are_refused_unless_allowed():
    cells = [json.dumps([[0, 4, "PER"]]), None]
    data = ls.read(pa.table({"id": ["a", "b"], "text": ["Anna", "Bonn"], "spans": cells}), spans="spans", id="id")
    known, new = (decisions(("b", "respan", [[0, 4, name]], "ann")) for name in ("PER", "LOC"))
    assert json.loads(data.apply(known).given.to_pylist()[1]) == [[0, 4, "PER"]]
    with pytest.raises(ls.InputError, match="does not have: b → LOC"):
        data.apply(new)
    assert json.loads(data.apply(new, new_labels=True).given.to_pylist()[1]) == [[0, 4, "LOC"]]
    emptied = data.apply(decisions(("a", "respan", [], "ann")))
    assert emptied.given.to_pylist() == ["[]", None]


def test_both_fit_keeps_the_label_and_is_counted_apart(samples):
    following = samples.apply(
        decisions(("a", "both_fit", "x", "ann"), ("b", "keep", "y", "ann"), ("d", "relabel", "y", "ann"))
    )
    assert following.labels.to_pylist() == ["x", "y", None, "y"]
    assert following.lineage.applied == {"both_fit": 1, "keep": 1, "relabel": 1}


@pytest.mark.parametrize(
    ("votes", "label", "counts"),
    [
        (["both_fit", "keep"], "x", {"keep": 1}),  # both keep it; one says that only it fits
        (["both_fit", "both_fit"], "x", {"both_fit": 1}),
        (["both_fit", "relabel"], "x", {}),  # a conflict, and the label stays
        (["both_fit", "keep", "relabel"], "x", {"keep": 1}),
        (["both_fit", "relabel", "relabel"], "y", {"relabel": 1}),
        (["both_fit", "skip"], "x", {"both_fit": 1}),
    ],
)
def test_both_fit_is_a_vote_for_the_given_label(samples, votes, label, counts):
    values = {"relabel": "y"}
    rows = [("a", vote, values.get(vote, "x"), person) for vote, person in zip(votes, "pqr", strict=False)]
    resolution = resolve(decisions(*rows))
    assert resolution.counts == counts
    assert bool(resolution.conflicts) == (counts == {})
    assert samples.apply(decisions(*rows)).labels.to_pylist()[0] == label


def test_without_an_experts_vote_all_decide():
    corrections = decisions(("a", "relabel", "y", "ann"))
    assert resolve(corrections, policy="expert", experts=["eve"]).decided == {"a": ("relabel", '"y"')}


@pytest.mark.parametrize(
    ("rows", "options", "message"),
    [
        ([("z", "keep", None, "ann")], {}, "no sample with these ids: z"),
        ([("a", "relabel", "q", "ann")], {}, "does not have: a → q"),
        ([("a", "relabel", None, "ann")], {}, "no readable value: a"),
        ([("a", "rename", "x", "ann")], {}, "cannot be applied: rename"),
        ([("a", "redact", "x", "ann")], {}, "no readable places: a"),
        ([("a", "redact", [[1, 9, "name"]], "ann")], {}, "end 9 is past the 3 characters of the text: a"),
        ([("a", "respan", "[]", "ann")], {}, "the data has none: a"),
        ([], {"policy": "loudest"}, "no policy called loudest"),
        ([], {"policy": "expert"}, "needs people"),
    ],
)
def test_what_cannot_be_applied_is_refused_by_name(samples, rows, options, message):
    with pytest.raises(ls.InputError, match=message):
        samples.apply(decisions(*rows), **options)


def test_a_new_label_can_be_allowed(samples):
    following = samples.apply(decisions(("a", "relabel", "q", "ann")), new_labels=True)
    assert following.classes == ("q", "x", "y")


def test_a_table_in_another_form_is_refused(samples):
    with pytest.raises(ls.InputError, match="no such column: action"):
        samples.apply(pa.table({"id": ["a"]}))


VOTES = st.lists(
    st.tuples(
        st.sampled_from("abcd"),
        st.sampled_from(["relabel", "keep", "both_fit"]),
        st.sampled_from("xy"),
        st.sampled_from("pqr"),
    )
)


@pytest.mark.slow
@settings(deadline=None)
@given(VOTES, st.sampled_from(["majority", "unanimous", "newest"]))
def test_every_sample_with_a_vote_is_decided_or_in_conflict_and_applying_twice_changes_nothing(rows, policy):
    table = pa.table({"ticket": list("abcd"), "text": list("1234"), "label": list("xyxy")})
    samples = ls.read(table, id="ticket", label="label")
    corrections = decisions(*rows)
    resolution = resolve(corrections, policy=policy)
    assert set(resolution.decided) | set(resolution.conflicts) == {row[0] for row in rows}
    assert sum(resolution.counts.values()) == len(resolution.decided)
    assert not set(resolution.decided) & set(resolution.conflicts)
    once = samples.apply(corrections, policy=policy)
    assert once.apply(corrections, policy=policy).table.equals(once.table)
    untouched = [id for id in "abcd" if id not in resolution.decided]
    rows_of = samples.positions(untouched)
    assert once.labels.take(rows_of).equals(samples.labels.take(rows_of))


def test_what_is_decided_of_a_text_stands_beside_the_label_of_another_run(samples):
    def resolved(*rows: tuple[str, str, object, str, str]):
        table = decisions(*[row[:4] for row in rows])
        return resolve(table.set_column(table.column_names.index("run"), "run", pa.array([row[4] for row in rows])))

    label, mask = ("a", "relabel", "y", "ann"), ("a", "redact", [[0, 3, "name"]], "ann")
    both = resolved((*label, "1"), (*mask, "2"))
    assert both.decided == {"a": ("relabel", '"y"')}
    assert both.texts == {"a": ("redact", '[[0,3,"name"]]')}
    assert both.counts == {"redact": 1, "relabel": 1}
    assert resolved((*mask, "1"), (*label, "2")).counts == both.counts
    # asked once, the newer answer replaces the older, and two people who differ are a conflict
    assert resolved((*label, "1"), (*mask, "1")).decided == {"a": ("redact", '[[0,3,"name"]]')}
    assert resolved((*label, "1"), (*mask[:3], "bob", "1")).conflicts.keys() == {"a"}
    # whoever kept a sample before it was asked about its text does not stand against the mask
    assert resolved((*label[:1], "keep", "x", "bob", "1"), (*mask, "2")).counts == {"redact": 1}
    assert resolved((*label[:1], "keep", "x", "bob", "2"), (*mask, "2")).conflicts.keys() == {"a"}
    assert resolved((*label, "1"), (*mask, "2"), ("a", "remove", None, "ann", "3")).counts == {"remove": 1}
    assert resolved((*label, "1"), ("a", "remove", None, "bob", "2"), (*mask, "2")).conflicts.keys() == {"a"}


def test_spans_move_along_with_masked_places(samples):
    text = "I am Ann Lee of Rome, and Ann Lee left Oslo"
    table = pa.table({"id": ["a"], "text": [text], "marks": ['[[5, 8, "person"], [16, 20, "city"], [39, 43, "city"]]']})
    marked = ls.read(table, id="id", spans="marks")
    masks = [[5, 12, "name"], [26, 33, "name"]]
    following = marked.apply(decisions(("a", "redact", masks, "ann")))
    assert following.texts.to_pylist() == ["I am [NAME_1] of Rome, and [NAME_1] left Oslo"]
    assert following.table["spans"].to_pylist() == ['[[5,13,"person"],[17,21,"city"],[41,45,"city"]]']
    assert following.lineage is not None
    assert following.lineage.applied == {"redact": 1}
