"""The registry: one check a name, in an order that serves them, and the words of every issue in its check."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import dataclass

import labelsift as ls
import pyarrow as pa
import pytest
from labelsift.checks import Result, checks, registry
from labelsift.checks.registry import check
from labelsift.checks.settings import settings_of
from labelsift.data import issues
from labelsift.data.issues import Issue, issue_named, issue_names, register

ORDER = (
    "empty language exact_duplicate near_duplicate label unlearnable annotators systematic ambiguous "
    "conflicting_labels outlier taxonomy leakage pii secret cluster garbage imbalance spurious non_iid column hard "
    "provenance"
)
SHOWN = (
    "unlearnable label ambiguous span outlier cluster near_duplicate exact_duplicate conflicting_labels taxonomy "
    "leakage language pii secret empty garbage imbalance spurious non_iid column drift boundary hard provenance"
)


@pytest.fixture
def own_checks(monkeypatch):
    """Let a test register checks of its own."""
    monkeypatch.setattr(registry, "_CHECKS", list(registry._CHECKS))
    monkeypatch.setattr(issues, "_CATALOGUE", dict(issues._CATALOGUE))


def test_the_checks_run_and_are_shown_in_the_order_that_stored_runs_and_tabs_have():
    assert [check.name for check in checks() if "classification" in check.tasks] == ORDER.split()
    assert [check.name for check in checks() if "spans" in check.tasks] == (
        "empty language exact_duplicate near_duplicate span outlier leakage pii secret cluster garbage imbalance "
        "non_iid column provenance"
    ).split()
    assert issue_names() == tuple(SHOWN.split())


def test_every_check_brings_the_words_of_its_issue():
    for known in checks():
        issue = issue_named(known.issue)
        assert issue.name in issue_names()
        assert all((issue.title, issue.one, issue.many, issue.meaning))


@pytest.mark.slow
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
    assert names == [*ORDER.split()[:-1], "aaa", "zzz", "provenance"]  # which counts the flags of all others
    assert issue_named("zzz").title == "Zzz"


@pytest.mark.usefixtures("own_checks")
def test_an_unknown_name_and_a_circle_are_named():
    check("aaa", after=("lable",))(lambda context: None)
    with pytest.raises(ValueError, match="the check aaa runs after lable, and there is no such check"):
        checks()
    check("lable", after=("aaa",))(lambda context: None)
    with pytest.raises(ValueError, match="these checks run after each other: aaa, lable"):
        checks()


def test_a_group_of_checks_is_run_by_its_name(tmp_path):
    table = pa.table({"text": ["one fine day", "one fine day", "", "rain"], "label": ["a", "b", "a", "b"]})
    rows = ls.scan(table, label="label", only=["rows"], store=None)
    assert "is_exact_duplicate_issue" in rows.scores.column_names
    assert not {"is_label_issue", "is_conflicting_labels_issue"} & set(rows.scores.column_names)
    labels = ls.scan(table, label="label", only=["labels", "empty"], store=None)
    assert {"is_label_issue", "is_empty_issue"} < set(labels.scores.column_names)
    assert "is_exact_duplicate_issue" not in labels.scores.column_names


def test_of_the_rows_what_needs_labels_is_left_out_where_there_are_none():
    table = pa.table({"text": ["one fine day", "rain", "", "snow"]})
    report = ls.scan(table, only=["rows"], store=None)
    assert report.scores["is_empty_issue"].to_pylist() == [False, False, True, False]
    with pytest.raises(ls.InputError, match="need labels, and no row has one: spurious"):
        ls.scan(table, only=["rows", "spurious"], store=None)
    with pytest.raises(ls.InputError, match="need labels"):
        ls.scan(table, only=["labels"], store=None)


@dataclass(frozen=True)
class Own:
    share: float = 0.5
    words: tuple[str, ...] = ()
    region: str | None = None

    def __post_init__(self):
        if not 0 <= self.share <= 1:
            raise ValueError(f"share is {self.share}, and goes from 0 to 1")


@pytest.fixture
def own(own_checks):
    def run(context):
        settings = context.settings(Own)
        return Result.of_data_set([], verdict=f"{settings.share} of {', '.join(settings.words)}")

    check("own", settings=Own, title="Own", one="own", many="own", meaning="A test's.")(run)


@pytest.mark.usefixtures("own")
def test_a_check_reads_its_settings_and_its_verdict_is_kept(tmp_path):
    table = pa.table({"text": ["one fine day", "rain"]})
    report = ls.scan(table, only=["own"], checks={"own": {"share": 1, "words": ["x", "y"]}}, store=tmp_path)
    kept = ls.load(report.run, store=tmp_path)
    assert kept.facts["checks"] == {"own": {"verdict": "1.0 of x, y", "tables": []}}
    assert kept.settings["checks"] == {"own": {"share": 1, "words": ["x", "y"]}}
    assert kept.scores.column_names == ["id"]


@pytest.mark.usefixtures("own")
@pytest.mark.parametrize(
    ("tables", "said"),
    [
        ({"owm": {}}, "no check owm.*nearest is own"),
        ({"empty": {"x": 1}}, "empty has no settings"),
        ({"own": {"shares": 1}}, "no setting of the check own called shares.*nearest is share"),
        ({"own": {"share": "much"}}, "share of the check own is 'much'.*a number"),
        ({"own": {"words": "x"}}, "words of the check own is 'x'.*a list"),
        ({"own": {"share": 2}}, "do not fit: share is 2.0, and goes from 0 to 1"),
        ({"own": 3}, "checks.own is 3"),
    ],
)
def test_settings_that_do_not_fit_are_refused(tables, said):
    with pytest.raises(ls.InputError, match=said):
        settings_of(tables)
