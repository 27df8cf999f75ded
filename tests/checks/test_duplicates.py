"""Exact duplicates, near duplicates and conflicting labels, against brute force."""

from __future__ import annotations

import itertools
import random

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from labelsift.checks import near_duplicate as near_duplicate_module
from labelsift.checks.conflicting_labels import conflicting_labels
from labelsift.checks.exact_duplicate import exact_duplicate
from labelsift.checks.near_duplicate import THRESHOLD, NearDuplicate, near_duplicate, near_pairs
from labelsift.checks.small_edits import few_edits
from labelsift.data.normalize import folded


def flagged(result) -> list[str]:
    return [finding.id for finding in result.findings]


@pytest.mark.parametrize(
    "copy",
    ["my card is late", "MY Card is LATE", "  my card\n\tis  late ", "ｍｙ card is late", "my\u00a0card is late"],
)
def test_case_space_and_unicode_form_make_no_difference(make_context, copy):
    result = exact_duplicate(make_context(["my card is late", "something else", copy]))
    assert flagged(result) == ["r0", "r2"]
    assert result.score.tolist() == [0, 1, 0]
    assert result.findings[0].reason == "The same text stands in sample r2."
    assert result.findings[0].group_id == result.findings[1].group_id == "same:r0"


def test_composed_and_decomposed_accents_are_the_same(make_context):
    assert flagged(exact_duplicate(make_context(["caf\u00e9", "cafe\u0301", "cafe"]))) == ["r0", "r1"]


def test_groups_name_their_other_members(make_context):
    result = exact_duplicate(make_context(["a", "b", "a", "b", "a", "c", "", " "]))
    groups = {row.id: (row.group_id, list(row.related_ids), row.evidence["members"]) for row in result.findings}
    assert groups == {
        "r0": ("same:r0", ["r2", "r4"], 3),
        "r2": ("same:r0", ["r0", "r4"], 3),
        "r4": ("same:r0", ["r0", "r2"], 3),
        "r1": ("same:r1", ["r3"], 2),
        "r3": ("same:r1", ["r1"], 2),
    }


def test_a_pile_of_copies_names_ten_and_counts_all(make_context):
    result = exact_duplicate(make_context(["again"] * 500))
    assert len(result.findings) == 500
    assert len(result.findings[0].related_ids) == 10
    assert result.findings[7].reason == "The same text stands in 499 other samples, first r0."


WORDS = (
    "card refund order parcel payment account login password charge late broken missing please help yesterday "
    "support invoice delivery address number change cancel subscription screen update phone email twice again never"
).split()


def edited(text: str, rng: random.Random) -> str:
    """Make up to four small edits of letters or words."""
    for _ in range(rng.randint(1, 4)):
        words = text.split()
        place = rng.randrange(len(words))
        kind = rng.randrange(5)
        if kind == 0:
            words[place] = words[place][:-1] or "x"
        elif kind == 1:
            words.insert(place, rng.choice(WORDS))
        elif kind == 2 and len(words) > 3:
            del words[place]
        elif kind == 3:
            words[place] = words[place] + rng.choice("abc")
        else:
            other = rng.randrange(len(words))
            words[place], words[other] = words[other], words[place]
        text = " ".join(words)
    return text


def generated(seed: int, rows: int = 400) -> list[str]:
    rng = random.Random(seed)
    texts = [" ".join(rng.choices(WORDS, k=rng.randint(4, 25))) for _ in range(rows // 4)]
    while len(texts) < rows:
        texts.append(edited(rng.choice(texts), rng))
    rng.shuffle(texts)
    return texts


def by_brute_force(texts: list[str]) -> dict[tuple[int, int], float]:
    """Return the exact Jaccard similarity of every pair of unlike texts, written independently of the check."""
    sets = [{text[number : number + 4] for number in range(len(text) - 3)} or {text} for text in texts]
    similar = {}
    for first, other in itertools.combinations(range(len(texts)), 2):
        if texts[first] != texts[other]:
            similar[first, other] = len(sets[first] & sets[other]) / len(sets[first] | sets[other])
    return similar


def unique(texts: list[str]) -> list[str]:
    return list(dict.fromkeys(texts))


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(3))
def test_all_near_pairs_are_found_and_no_other(make_context, seed):
    texts = unique(generated(seed))
    truth = by_brute_force(texts)
    pairs, similarities = near_pairs(make_context(texts))
    similarity_of = dict(zip(map(tuple, np.sort(pairs, axis=1).tolist()), similarities.tolist(), strict=True))
    alike = {pair for pair in truth if len({texts[row].split().count("never") for row in pair}) == 1}
    near = {pair for pair in alike if truth[pair] >= 0.75}
    surely = {pair for pair in alike if truth[pair] >= 0.8}
    assert len(surely) > 100
    assert surely <= set(similarity_of)
    # Hashing in bands may lose one in a hundred near the threshold.
    assert len(near & set(similarity_of)) >= 0.99 * len(near)
    for pair, similarity in similarity_of.items():
        assert similarity == pytest.approx(truth[pair], abs=1e-6)
        assert pair in alike
        assert truth[pair] >= THRESHOLD or few_edits(*(texts[row] for row in pair), most=3)


@pytest.mark.slow
@settings(max_examples=50, deadline=None)
@given(texts=st.lists(st.text("abc é\n", min_size=1, max_size=24).filter(str.strip), min_size=2, max_size=20))
def test_nothing_below_the_threshold_is_reported(make_context, texts):
    context = make_context(texts)
    forms = folded(pa.chunked_array([texts])).to_pylist()
    truth = by_brute_force(forms)
    pairs, similarities = near_pairs(context)
    for (first, other), similarity in zip(pairs.tolist(), similarities.tolist(), strict=True):
        assert forms[first] != forms[other]  # equal texts are exact duplicates
        exact = truth[min(first, other), max(first, other)]
        assert similarity == pytest.approx(exact, abs=1e-6)
        assert exact >= THRESHOLD or (exact >= 0.5 and few_edits(forms[first], forms[other], most=3))


def test_batches_make_no_difference(make_context, monkeypatch):
    texts = unique(generated(9, rows=200))
    whole = near_pairs(make_context(texts))
    monkeypatch.setattr(near_duplicate_module, "_BATCH", 23)
    parts = near_pairs(make_context(texts))
    assert set(map(tuple, whole[0].tolist())) == set(map(tuple, parts[0].tolist()))


BASE = "could you tell me when the parcel will be at my door, please"


@pytest.mark.parametrize(
    "copy",
    [
        "coud you tell me when the parcle will be at my door, please",
        "could you tell me the when parcel be will at my door, please",
        "tell me when the parcel will be at my door today, please",
        "coud you just tell me when the parcel will be at door, please",
    ],
)
def test_two_or_three_small_edits_in_a_short_text_are_found(make_context, copy):
    context = make_context([BASE, copy, "something else that is as long as these two texts are"])
    pairs, similarities = near_pairs(context)
    assert pairs.tolist() == [[0, 1]]
    assert 0.5 <= similarities[0] < 0.8


@pytest.mark.parametrize(
    "other",
    [
        "could you tell me when the refund will be at my bank, please",
        "could you tell me when the parcel will not be at my door, please",
    ],
)
def test_other_words_in_the_same_places_are_another_text(make_context, other):
    assert near_pairs(make_context([BASE, other]))[0].tolist() == []


def test_a_short_text_with_another_number_is_another_text(make_context):
    texts = [
        "the order with the number 4711 has not been sent out yet",
        "the order with the number 4712 has not been sent out yet",
    ]
    assert near_pairs(make_context(texts))[0].tolist() == []
    chosen = {NearDuplicate: NearDuplicate(another_text=False)}
    assert near_pairs(make_context(texts, chosen_settings=chosen))[0].tolist() == [[0, 1]]
    long = [" ".join(generated(seed=1)[:20]) + f" {number}" for number in (1, 2)]
    assert near_pairs(make_context(long))[0].tolist() == [[0, 1]]


def test_settings_of_near_duplicates_move_what_is_found(make_context):
    texts = [BASE, "tell me when the parcel will be at my door today, please"]
    for chosen in (NearDuplicate(edits=0), NearDuplicate(edits=1), NearDuplicate(edited_threshold=0.7, threshold=0.75)):
        assert near_pairs(make_context(texts, chosen_settings={NearDuplicate: chosen}))[0].tolist() == []
    for wrong in ({"threshold": 0.2}, {"edits": -1}, {"edited_threshold": 2.0}):
        with pytest.raises(ValueError, match=next(iter(wrong))):
            NearDuplicate(**wrong)


@pytest.mark.slow
def test_parts_of_the_comparison_make_no_difference(make_context, monkeypatch):
    texts = unique(generated(4, rows=200))
    whole = near_pairs(make_context(texts))
    monkeypatch.setattr(near_duplicate_module, "_GRAMS_AT_ONCE", 500)
    parts = near_pairs(make_context(texts))
    assert whole[0].tolist() == parts[0].tolist()
    assert whole[1].tolist() == parts[1].tolist()


def test_near_findings_name_the_nearest_first_and_share_a_group(make_context):
    base = "please send me a new card because mine never arrived at my address"
    context = make_context([base, base + "!", base.replace("please ", ""), "nothing like it at all, honestly"])
    result = near_duplicate(context)
    assert flagged(result) == ["r0", "r1", "r2"]
    assert {finding.group_id for finding in result.findings} == {"near:r0"}
    first = result.findings[0]
    assert list(first.related_ids) == ["r1", "r2"]
    assert first.reason == f"Almost the same text ({first.evidence['similarity']:.0%}) as r1 and 1 more."
    assert result.score[3] == 1
    assert first.score == pytest.approx(1 - first.evidence["similarity"], abs=1e-4)


def test_blank_equal_and_short_texts_are_no_near_duplicates(make_context):
    result = near_duplicate(make_context(["", "  ", "same text here", "same text here", "ab", "ac", "a"]))
    assert result.findings == []
    assert (result.score == 1).all()


def test_equal_texts_with_other_labels_conflict(make_context):
    context = make_context(["my card", "My  card", "my card", "other", "other", "", ""], [*"aabcc", "a", "b"])
    result = conflicting_labels(context)
    assert flagged(result) == ["r0", "r1", "r2"]
    assert {finding.kind for finding in result.findings} == {"exact"}
    assert result.findings[0].reason == "The same text is labeled a (2) and b."
    assert [finding.suggested for finding in result.findings] == [None, None, "a"]  # by majority
    assert result.findings[2].confidence == pytest.approx(2 / 3)
    assert {finding.group_id for finding in result.findings} == {"conflict:r0"}


def test_a_tie_is_decided_by_the_model_or_not_at_all(make_context):
    texts, labels = ["my card", "my card"], ["a", "b"]
    assert [finding.suggested for finding in conflicting_labels(make_context(texts, labels)).findings] == [None, None]
    probs = np.array([[0.2, 0.8], [0.3, 0.7]], dtype=np.float32)
    findings = conflicting_labels(make_context(texts, labels, pred_probs=probs)).findings
    assert [finding.suggested for finding in findings] == ["b", None]
    assert findings[0].confidence == pytest.approx(0.75)
    unreadable = make_context(texts, labels, pred_probs=probs)
    unreadable.readable[:] = False
    assert [row.suggested for row in conflicting_labels(unreadable).findings] == ["b", None]  # the user's model can
    unreadable.fold_of = np.zeros(2, dtype=np.int16)  # as for probabilities of our own
    assert [finding.suggested for finding in conflicting_labels(unreadable).findings] == [None, None]
    unknown = make_context(texts, labels, pred_probs=np.full((2, 2), np.nan, dtype=np.float32))
    assert [finding.suggested for finding in conflicting_labels(unknown).findings] == [None, None]


LONG = "please send me a new card because mine never arrived at my address in the city"


def test_near_duplicates_with_other_labels_conflict(make_context):
    result = conflicting_labels(make_context([LONG, LONG + "!", LONG + "?!", "else"], ["a", "b", "a", "a"]))
    assert flagged(result) == ["r0", "r1", "r2"]
    assert {finding.kind for finding in result.findings} == {"near"}
    assert all("Almost the same text (" in finding.reason for finding in result.findings)
    assert 0 < result.score[0] <= 0.15
    assert result.score[3] == 1


def test_an_unlabeled_copy_does_not_hide_a_conflict(make_context):
    result = conflicting_labels(make_context([LONG, LONG, LONG + "!"], [None, "a", "b"]))
    assert sorted(flagged(result)) == ["r1", "r2"]
    assert np.isnan(result.score[0])


def test_unlabeled_and_agreeing_rows_do_not_conflict(make_context):
    result = conflicting_labels(make_context([LONG, LONG, LONG + "!"], ["a", None, "a"]))
    assert result.findings == []
    assert result.score[0] == result.score[2] == 1
    assert np.isnan(result.score[1])
