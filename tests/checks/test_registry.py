"""The registry: one check a name, in an order that serves them, and the words of every issue in its check."""

from __future__ import annotations

import subprocess
import sys

import pytest
from labelsift.checks import checks, registry
from labelsift.checks.registry import check
from labelsift.data.issues import Issue, issue_named, issue_names, register

ORDER = (
    "empty language exact_duplicate near_duplicate label unlearnable annotators systematic ambiguous "
    "conflicting_labels outlier taxonomy hard"
)
SHOWN = (
    "unlearnable label ambiguous span outlier near_duplicate exact_duplicate conflicting_labels taxonomy leakage "
    "language pii secret empty garbage imbalance drift boundary hard"
)


@pytest.fixture
def own_checks(monkeypatch):
    """Let a test register checks of its own."""
    monkeypatch.setattr(registry, "_CHECKS", list(registry._CHECKS))


def test_the_checks_run_and_are_shown_in_the_order_that_stored_runs_and_tabs_have():
    assert [check.name for check in checks() if "classification" in check.tasks] == ORDER.split()
    assert [check.name for check in checks() if "spans" in check.tasks] == [
        *("empty", "language", "exact_duplicate", "near_duplicate", "span", "outlier")
    ]
    assert issue_names() == tuple(SHOWN.split())


def test_every_check_brings_the_words_of_its_issue():
    for known in checks():
        issue = issue_named(known.issue)
        assert issue.name in issue_names()
        assert all((issue.title, issue.one, issue.many, issue.meaning))


def test_importing_any_part_of_labelsift_makes_the_catalogue_whole():
    code = "from labelsift.data.issues import issue_named; assert issue_named('hard').title == 'Hard samples'"
    subprocess.run([sys.executable, "-c", code], check=True)


def test_a_name_is_taken_once():
    with pytest.raises(ValueError, match="a check called label already"):
        check("label")(lambda context: None)
    with pytest.raises(ValueError, match="the issue label has other words already"):
        register(Issue("label", "Other words", "other", "others"))


@pytest.mark.usefixtures("own_checks")
def test_a_check_runs_after_those_that_it_names():
    check("aaa", after=("label",))(lambda context: None)
    check("zzz", after=("aaa",))(lambda context: None)
    names = [check.name for check in checks() if "classification" in check.tasks]
    assert names == [*ORDER.split(), "aaa", "zzz"]
    assert issue_named("zzz").title == "Zzz"


@pytest.mark.usefixtures("own_checks")
def test_an_unknown_name_and_a_circle_are_named():
    check("aaa", after=("lable",))(lambda context: None)
    with pytest.raises(ValueError, match="the check aaa runs after lable, and there is no such check"):
        checks()
    check("lable", after=("aaa",))(lambda context: None)
    with pytest.raises(ValueError, match="these checks run after each other: aaa, lable"):
        checks()
