"""Data Manager tabs: one an issue, and those of the review queue. Pure functions.

A tab is known by its title. What it filters is labelsift's; which columns it shows and how it is sorted belongs to the
people once it stands (see ``server_state.put_tabs``).

**Two buttons** (tried in Chromium on 1.23.2). "Label All Tasks" leaves out the tab's filter and order, in every tab:
the server deals out the whole project in the order of import, worst first, and keeps back what somebody has open.
"Label Tasks As Displayed", behind the arrow beside it, follows the tab, and there the server looks at no lock: two
people in the same tab are given the same task. So a lane, which is one person's alone, takes the second, and its title
says so.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from labelsift.data.issues import issue_named, issue_names
from labelsift.review.suggestions import issue_order

from .feedback import UNCLEAR

PREFIX = "labelsift_"
TAB_PREFIX = "⚑ "  # before the titles in a project of the users' own; short, as the page shows some ten characters
REVIEW, DUPLICATES, SECOND_LOOK, UNCLEAR_TAB, DONE = "Review now", "Duplicates", "Second look", "Unclear", "Done"
# Pixels: by default a column shows some twenty characters a line, and a row has three lines.
_WIDTHS = {"text": 300, f"{PREFIX}given": 155, f"{PREFIX}suggested": 170, f"{PREFIX}reason": 280}
_OWN = "id run round rank header issues group lane second_look source origin beside copies masks repaired".split()
# The columns of Label Studio that say nothing here; of completed_at the number of annotations tells as much.
_THEIRS = """
    completed_at annotations_results annotations_ids file_upload storage_filename inner_id cancelled_annotations
    total_predictions predictions_score predictions_model_versions predictions_results annotators created_at
    updated_at updated_by avg_lead_time draft_exists comments comment_count unresolved_comment_count reviewers
""".split()
_RANK = f"data.{PREFIX}rank"
_COLUMNS = (f"data.{PREFIX}issues", _RANK)  # of the queue and its lanes
ALL = "Label All Tasks, in any tab: it deals out the whole project, worst first, and keeps back what somebody has open"
AS_DISPLAYED = (
    "the arrow beside Label All Tasks, then Label Tasks As Displayed, which follows the tab: two people in one tab get"
    " the same task"
)
Tab = dict[str, Any]
Filter = dict[str, Any]
# Label Studio makes its own first tab only in a project that has none.
DEFAULT_TAB: Tab = {"title": "Default", "type": "list", "target": "tasks", "filters": {}}


def tab_of(issue: str, *, run: str, prefix: str = "") -> Tab:
    """Return the tab of one issue: the samples flagged for it in this run, worst first by its own score.

    ``prefix`` goes before the title, to tell labelsift's tabs from the others of an existing project.
    """
    score = f"data.{PREFIX}{issue}_score"
    flagged = [_of(run), condition(score, "less", "Number", 2)]
    return _tab(prefix + issue_named(issue).title, flagged, order=score, columns=(score,))


def queue_tabs(issues: Iterable[str] = (), *, run: str, grouped: bool, lanes: int = 0) -> list[Tab]:
    """Return the tabs of a review project: the queue, its lanes, one an issue, and the rest.

    "Duplicates" is among them only where there are groups of them.
    """
    due, done = (condition("completed_at", "empty", "Datetime", empty) for empty in (True, False))
    review = _tab(REVIEW, [], columns=_COLUMNS)
    return _tabs(review, issues, run=run, grouped=grouped, lanes=lanes, due=[due], done=done)


def project_tabs(issues: Iterable[str], *, run: str, grouped: bool, since: str, lanes: int = 0) -> list[Tab]:
    """Return the same tabs for a project of the users' own, whose tasks may have answers from before.

    Parameters
    ----------
    since
        When this run was first pushed here, as Label Studio writes times. Whoever answered later has seen the flag.
    """
    # The server ties one more condition to a condition, and these pairs by "or": a task that has not been answered
    # since has either no answer or an old one.
    either = [
        condition("completed_at", "empty", "Datetime", True) | {"child_filter": _of(run)},
        condition("completed_at", "less", "Datetime", since) | {"child_filter": _of(run)},
    ]
    columns = (*_COLUMNS, "completed_at")
    review = _tab(TAB_PREFIX + REVIEW, either, order=_RANK, columns=columns, conjunction="or")
    done = condition("completed_at", "greater", "Datetime", since)
    return _tabs(review, issues, run=run, grouped=grouped, lanes=lanes, done=done, columns=columns, prefix=TAB_PREFIX)


def _tabs(
    review: Tab,
    issues: Iterable[str],
    *,
    run: str,
    grouped: bool,
    lanes: int,
    done: Filter,
    due: Sequence[Filter] = (),
    columns: Sequence[str] = _COLUMNS,
    prefix: str = "",
) -> list[Tab]:
    """Return the tabs of a queue behind its first; ``due`` says which tasks of a lane are still to be answered."""
    group, look, results = f"data.{PREFIX}group", f"data.{PREFIX}second_look", "annotations_results"
    tabs = [review]
    for lane in range(1, lanes + 1):
        mine = [_of(run), condition(f"data.{PREFIX}lane", "equal", "Number", lane), *due]
        # The page shows some sixteen characters. In a project of people's own the receipt says what to press.
        title = f"{prefix}Review {lane}/{lanes}" if prefix else f"{lane}/{lanes} ▾ Displayed"
        tabs.append(_tab(title, mine, order=_RANK, columns=columns))
    tabs += [tab_of(issue, run=run, prefix=prefix) for issue in sorted(set(issues), key=issue_order)]
    if grouped:
        duplicates = [_of(run), condition(group, "not_equal", "String", "")]
        tabs.append(_tab(prefix + DUPLICATES, duplicates, order=group, columns=(group,)))
    unclear = [_of(run), condition(results, "contains", "String", UNCLEAR)]
    return [
        *tabs,
        _tab(prefix + SECOND_LOOK, [condition(look, "empty", "String", False)], order=look, columns=(look,)),
        _tab(prefix + UNCLEAR_TAB, unclear, columns=(results,)),
        _tab(prefix + DONE, [_of(run), done], columns=(results, "annotators", "completed_at")),
    ]


def own_titles() -> set[str]:
    """Return every title, but for those of lanes, that a tab of labelsift's can have in a project of people's own."""
    return {str(tab["title"]) for tab in project_tabs(issue_names(), run="", grouped=True, since="")}


def is_lane(tab: Tab, *, but: Sequence[str] = ()) -> bool:
    """Tell whether a tab is a lane that an earlier push made, and whose title is not among those of this one.

    >>> old, new = (queue_tabs(run="r", grouped=False, lanes=of) for of in (3, 2))
    >>> [tab["title"] for tab in old if is_lane(tab, but=[lane["title"] for lane in new])]
    ['1/3 ▾ Displayed', '2/3 ▾ Displayed', '3/3 ▾ Displayed']
    """
    items = (tab.get("filters") or {}).get("items") or ()
    column = f"filter:tasks:data.{PREFIX}lane"
    return tab.get("title") not in but and any(item.get("filter") == column for item in items)


def since_of(tabs: Sequence[Tab], *, run: str) -> str | None:
    """Return when a run was first pushed into a project, as its tab "Review now" has kept it; None where it was not."""
    for tab in tabs:
        items = (tab.get("filters") or {}).get("items") or ()
        if tab.get("title") != TAB_PREFIX + REVIEW or any(item.get("child_filter") != _of(run) for item in items):
            continue
        times = [item["value"] for item in items if item.get("operator") == "less"]
        if times:
            return str(times[0])
    return None


def _of(run: str) -> Filter:
    return condition(f"data.{PREFIX}run", "equal", "String", run)


def condition(column: str, operator: str, type: str, value: str | float | bool) -> Filter:
    """Return a condition on a column of tasks, as tabs and requests for tasks take it."""
    return {"filter": f"filter:tasks:{column}", "operator": operator, "type": type, "value": value}


def _tab(
    title: str, items: list[Filter], *, order: str = "", columns: Sequence[str] = (), conjunction: str = "and"
) -> Tab:
    tab = {
        "title": title,
        "type": "list",
        "target": "tasks",
        "filters": {"conjunction": conjunction, "items": items},
        "ordering": [f"tasks:{order}"] if order else [],
        "hiddenColumns": {"explore": _hidden(columns), "labeling": []},
        "columnsWidth": {f"tasks:data.{name}": width for name, width in _WIDTHS.items()},
    }
    if order.endswith(("_score", "_rank")):  # else PostgreSQL sorts 10 before 2
        tab["columnsDisplayType"] = {f"tasks:{order}": "Number"}
    return tab


def _hidden(columns: Sequence[str]) -> list[str]:
    own = [f"data.{PREFIX}{name}" for name in (*_OWN, *(f"{issue}_score" for issue in issue_names()))]
    return [f"tasks:{name}" for name in (*own, *_THEIRS) if name not in columns]
