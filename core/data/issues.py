"""Catalogue of issues: title, wording, meaning and display order of every kind of problem.

A check brings the words of its issue: ``@check`` registers them here (see :mod:`labelsift.checks.registry`). The
package says where the checks are (:func:`fill_with`); they are imported when an issue is first asked for. Only the
issues that no check makes stand here.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from .formatting import listed

UNRANKED = 1000
SYSTEMATIC = "systematic"  # kind of the findings about recurring confusions: issue label, scope class
# Kinds of findings of issue unlearnable: a class that looks mostly wrong, a data set of too few labels to learn from.
MOSTLY_WRONG, TOO_FEW = "mostly_wrong", "too_few"


@dataclass(frozen=True)
class Issue:
    """One kind of problem, and how it is called.

    Parameters
    ----------
    name
        As it stands in the findings and in the names of columns.
    title
        Of a section or a tab.
    one, many
        After a number.
    meaning
        One plain sentence, "" where there is none.
    rank
        Issues are shown in ascending order of it.
    advice
        Nobody need correct anything: pushed only where it is asked for.
    scanned
        Scans look for it.
    actions
        What can be done with a flagged sample, beside keeping it, the fitting one first: ``remove``, ``redact``,
        ``edit``.
    """

    name: str
    title: str
    one: str
    many: str
    meaning: str = ""
    rank: int = UNRANKED
    advice: bool = False
    scanned: bool = True
    actions: tuple[str, ...] = ()

    def counted(self, count: int) -> str:
        """Name a number of findings.

        >>> issue_named("outlier").counted(1), issue_named("outlier").counted(1200)
        ('1 outlier', '1,200 outliers')
        """
        return f"{count:,} {self.one if count == 1 else self.many}"


PLANNED = (  # made by no check yet, or (similar, slice) by no scan
    Issue("drift", "Drift", "drifted slice", "drifted slices", "New samples differ from the old ones.", 150),
    Issue(
        "boundary",
        "Boundary cases",
        "boundary case",
        "boundary cases",
        "Between two classes: good ones to label next.",
        160,
    ),
    Issue(
        "similar",
        "Similar samples",
        "similar sample",
        "similar samples",
        "Like a sample that was searched for.",
        scanned=False,
    ),
    Issue(
        "slice",
        "Samples of a slice",
        "sample of a slice",
        "samples of a slice",
        "Of a slice that was chosen to be checked.",
        scanned=False,
    ),
)
_CATALOGUE: dict[str, Issue] = {issue.name: issue for issue in PLANNED}
_import_checks: Callable[[], object] = lambda: None  # noqa: E731 - replaced by fill_with


def fill_with(import_checks: Callable[[], object]) -> None:
    """Set what imports the checks, which register their issues; called once by the package itself.

    It is called whenever the catalogue is read: for a module that is imported that costs nothing, and another thread
    waits for an import that is under way.
    """
    global _import_checks
    _import_checks = import_checks


def _catalogue() -> dict[str, Issue]:
    _import_checks()
    return _CATALOGUE


def register(issue: Issue) -> None:
    """Add an issue to the catalogue, in place of a planned one of its name.

    Raises
    ------
    ValueError
        If the name is taken.
    """
    if _CATALOGUE.get(issue.name) not in (None, issue, *PLANNED):
        raise ValueError(f"the issue {issue.name} has other words already")
    _CATALOGUE[issue.name] = issue


def issue_named(name: str) -> Issue:
    """Return an issue; one that is not in the catalogue is called by its own name.

    >>> issue_named("odd_units").title, issue_named("odd_units").counted(2)
    ('Odd units', '2 odd units findings')
    """
    if issue := _catalogue().get(name):
        return issue
    spaced = name.replace("_", " ")
    return Issue(name, spaced.capitalize(), f"{spaced} finding", f"{spaced} findings")


def issue_names() -> tuple[str, ...]:
    """Return the names of all issues that scans look for, in the order in which they are shown."""
    scanned = [issue for issue in _catalogue().values() if issue.scanned]
    return tuple(issue.name for issue in sorted(scanned, key=lambda issue: (issue.rank, issue.name)))


def advice_names() -> frozenset[str]:
    """Return the names of the issues of which nobody need correct anything."""
    return frozenset(issue.name for issue in _catalogue().values() if issue.advice)


SPAN_KINDS = {  # kind of a finding → after a number: one, many
    "ghost": ("mark where nothing should be marked", "marks where nothing should be marked"),
    "missed": ("span that nobody marked", "spans that nobody marked"),
    "shifted": ("span with other bounds", "spans with other bounds"),
    "wrong_tag": ("span of another type", "spans of another type"),
}


def span_kinds_sentence(kinds: Sequence[tuple[str, int]]) -> str:
    """Count the findings about spans by kind, in one sentence; "" where there are none.

    >>> span_kinds_sentence([("ghost", 2), ("missed", 1)])
    'These seem to be 2 marks where nothing should be marked and 1 span that nobody marked.'
    """
    counted = [f"{count:,} {SPAN_KINDS[kind][count != 1]}" for kind, count in kinds if kind in SPAN_KINDS]
    return f"These seem to be {listed(counted)}." if counted else ""


def also_found_sentence(counts: Sequence[tuple[str, int]], *, also: bool) -> str:
    """Name the issues with the most findings, in one sentence; "" where there are none.

    >>> also_found_sentence([("outlier", 2), ("exact_duplicate", 40)], also=True)
    'The scan also found 40 exact duplicates and 2 outliers.'
    """
    most = sorted(counts, key=lambda entry: -entry[1])[:4]
    named = [issue_named(issue).counted(count) for issue, count in most]
    return f"The scan {'also ' if also else ''}found {listed(named)}." if named else ""
