"""From findings to what Label Studio stores: tasks, predictions and tabs. Pure functions, no I/O."""

from __future__ import annotations

import json
from collections.abc import Mapping
from html import escape
from typing import Any

from labelsift.data.media import Medium
from labelsift.data.review_queue import ReviewItem
from labelsift.platforms import Mode
from labelsift.review.beside_html import beside_html
from labelsift.review.questions import NOT_SHOWN, header_of
from labelsift.review.suggestions import cell_of, disputed
from labelsift.review.words import quoted

from .feedback import COPIES, offered
from .label_config import LabelControl
from .regions import Value, to_result

PREFIX = "labelsift_"
TEXT = "text"
BESIDE = "labelsift_beside"  # what the page shows beside the text
MASKS, REPAIRED = "labelsift_masks", "labelsift_repaired"  # where to mask the text; the text that is proposed instead
SOURCE, ORIGIN = "labelsift_source", "labelsift_origin"  # the task that a sample is from, and what the page makes of it


def fields_of(flag: ReviewItem, *, run: str, round: int, mode: Mode, beside: bool = False) -> dict[str, Any]:
    """Return labelsift's own fields of a task's data.

    In mode blind nothing among them says which label is given or suggested: the reason names both,
    so it is left out too. Words that made the model say a label are quoted in the reason, which is no HTML, where
    nothing ``beside`` the text underlines them.
    """
    fields: dict[str, Any] = {}
    if mode != "blind":  # the page of the project has a place for these, also where a single item is asked blind
        header, reason = (
            NOT_SHOWN[flag.task] if flag.blind else (header_of(flag), flag.reason if beside else quoted(flag))
        )
        given, suggested = ("", "") if flag.blind else (cell_of(flag.given), cell_of(flag.suggested))
        fields = {f"{PREFIX}given": given, f"{PREFIX}suggested": suggested}
        fields |= {f"{PREFIX}reason": reason, f"{PREFIX}header": header}
    fields |= {f"{PREFIX}{issue}_score": score for issue, score in flag.scores.items()}
    return fields | {
        "labelsift_issues": ", ".join(flag.issues),
        "labelsift_rank": flag.rank,
        "labelsift_id": flag.id,
        "labelsift_run": run,
        "labelsift_round": round,
    }


def source_fields(address: str | None) -> dict[str, str]:
    """Return the fields that link to the task a sample is from; empty without one, as the page has a place for it.

    >>> source_fields("http://host/projects/1/data?task=2")["labelsift_origin"]
    '<a href="http://host/projects/1/data?task=2" target="_blank">The original task</a>'
    """
    if not address:
        return {SOURCE: "", ORIGIN: ""}
    return {SOURCE: address, ORIGIN: f'<a href="{escape(address)}" target="_blank">The original task</a>'}


def read_cell(cell: str | None, target: LabelControl) -> Value | None:
    """Read a value out of a field of a task; None where there is none, or what it holds is of another kind."""
    if not cell or target.kind in ("choice", "taxonomy"):
        return cell or None
    try:
        value = json.loads(cell)
    except ValueError:
        return None
    return value if isinstance(value, list) else None


def is_own(name: str) -> bool:
    """Tell whether a field of a task's data is one that a push writes.

    >>> is_own("labelsift_given"), is_own("labelsift_near_duplicate_score"), is_own("labelsift_lane")
    (True, True, False)
    """
    own = ("given", "suggested", "reason", "header", "issues", "rank", "id", "run", "round", "group")
    bare = name.removeprefix(PREFIX)
    return bare != name and (bare in own or bare.endswith("_score"))


def is_again(data: Mapping[str, Any], repeats: Mapping[str, float]) -> bool:
    """Tell whether a task is the second one of its sample: nothing but the score that places it says so.

    >>> is_again({"labelsift_id": "a", "labelsift_label_score": 0.5}, {"a": 0.5}), is_again({"labelsift_id": "b"}, {})
    (True, False)
    """
    place = repeats.get(str(data.get(f"{PREFIX}id")))
    return place is not None and data.get(f"{PREFIX}label_score") == place


def is_unseen(data: Mapping[str, Any]) -> bool:
    """Tell whether a task was pushed blind among others that show the suggestion."""
    return data.get(f"{PREFIX}header") in {header for header, _ in NOT_SHOWN.values()}


def metadata_of(flag: ReviewItem, *, shown: Mapping[str, str]) -> dict[str, Any]:
    """Return the user's fields of a sample under the names that :mod:`labelsift.review.blind` gave them."""
    return {shown[name]: value for name, value in flag.metadata.items() if name in shown}


def task_data(
    flag: ReviewItem,
    *,
    shown: Mapping[str, str],
    run: str,
    round: int,
    mode: Mode,
    field: str = TEXT,
    medium: Medium = "text",
    definitions: Mapping[str, str] | None = None,
    beside: bool = True,
) -> dict[str, Any]:
    """Return the data of a review project's task: what is shown in ``field``, labelsift's own fields and the user's.

    In this order they are the columns of the project's tabs. ``beside`` says whether the page has a place for other
    samples, which that of mode blind, and one from before, has not.
    """
    fields = fields_of(flag, run=run, round=round, mode=mode, beside=beside)
    theirs = metadata_of(flag, shown=shown)
    if beside and mode != "blind":
        html = beside_html(flag, metadata=theirs, definitions=definitions, medium=medium)
        fields |= {BESIDE: html, COPIES: offered(flag)}
        fields |= {MASKS: cell_of([list(place) for place in flag.masks])} if "redact" in flag.actions else {}
        fields |= {} if flag.repaired is None else {REPAIRED: flag.repaired}
    return {field: flag.text} | fields | theirs


def model_version(run: str) -> str:
    """Return the model version of a run's predictions.

    >>> model_version("20261123-101500-4f2a")
    'labelsift/20261123-101500-4f2a'
    """
    return f"labelsift/{run}"


def prediction_of(
    flag: ReviewItem, target: LabelControl, *, run: str, mode: Mode = "choose", whole: bool = False
) -> dict[str, Any] | None:
    """Return the suggestion as a prediction whose score is the confidence; None where there is none to show.

    In mode blind there is none: a prediction is a tab beside the answer, which anybody may open.

    Parameters
    ----------
    whole
        Of spans, all that should be marked, as an annotation of an existing project holds it. By default only what
        is in dispute, as a review project highlights it.
    """
    if flag.suggested is None or flag.blind or mode == "blind":
        return None
    value = flag.suggested
    if flag.disputes and not whole:
        _, value = disputed(flag.given, flag.suggested)
    result = to_result(target.names.to_project(value), target, text=flag.text)
    made: dict[str, Any] = {"model_version": model_version(run), "result": result}
    return made if flag.confidence is None else made | {"score": flag.confidence}
