"""Spellings of one label, and the mapping that mends them."""

from __future__ import annotations

import tomllib

import pytest
from labelsift.data.label_variants import mapping_toml, misspellings, spelling_groups
from labelsift.data.taxonomy import Taxonomy


@pytest.mark.parametrize(
    "same",
    [
        ("Refund", "refund "),
        ("re-fund", "refund"),
        ("late delivery", "Late_Delivery"),
        ("ｃａｒｄ", "card"),
        ("U.S.", "us"),
        ("返品", "返品 "),
        ("'card'", "card"),
        ("Straße", "straße"),
    ],
)
def test_spellings_of_one(same):
    assert [sorted(group) for group in spelling_groups(dict.fromkeys(same, 1))] == [sorted(same)]


@pytest.mark.parametrize(
    "different",
    [
        ("-1", "1", "+1"),
        ("C", "C++", "C#"),
        ("1.5", "15"),
        ("a-1", "a1"),
        ("v2.1", "v21"),
        ("schon", "schön"),
        ("?", "!"),
        ("", "-", "_"),
        ("positive", "negative"),
        ("is", "isn't so"),
    ],
)
def test_different_labels(different):
    assert spelling_groups(dict.fromkeys(different, 1)) == []


def test_the_mapping_is_a_taxonomy_that_makes_the_frequent_spelling_of_each():
    counts = {"refund": 90, "Refund": 4, "re-fund": 4, 'say "no"': 3, 'Say "no"': 9, "delivery": 200, "delivry": 2}
    text = mapping_toml(counts)
    taxonomy = Taxonomy.of([tomllib.loads(text)])
    assert taxonomy.fate("Refund").name == taxonomy.fate("re-fund").name == taxonomy.fate("refund").name == "refund"
    assert taxonomy.fate('say "no"').name == 'Say "no"'
    assert taxonomy.fate("delivry").name == "delivry"  # a comment, for a person to decide
    assert '# "delivery" = ["delivery", "delivry"]  # 200, 2 rows' in text
    assert len(taxonomy.fit(set(counts))) == 2
    assert Taxonomy.of([tomllib.loads(mapping_toml({"a": 1}))]).changes == []


def test_misspellings_are_seldom_and_long():
    assert misspellings({"positive": 500, "positve": 3, "negative": 400}) == [("positve", "positive")]
    assert misspellings({"increase": 100, "decrease": 100, "advice": 50, "advise": 40}) == []
    assert misspellings({"class 1": 500, "class 2": 3, "cat": 500, "cut": 2}) == []
