"""Settings of a review dataset: fields, questions, metadata properties and links. Pure functions.

The one required question is the decision: to take a suggestion, or to call a flag a false alarm, is one click, and
whoever knows a better label chooses it below. That question cannot be required: nothing to mark, and no label at all,
are answers, which Argilla takes for none.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from labelsift.data.formatting import shortened
from labelsift.data.review_queue import ReviewItem
from labelsift.data.samples import Task
from labelsift.errors import InputError
from labelsift.platforms import Mode
from labelsift.review.verdicts import Feedback

from .values import TYPES

PREFIX = "labelsift_"
TEXT, WHY = "text", "why"  # fields
DECISION, LABEL, NOTE, NEW_TEXT = "decision", "label", "note", "new_text"  # questions
SUGGESTED, GIVEN, OTHER = "suggested", "given", "other"  # decisions that are about the label
QUALITY, ISSUES, RANK, RUN, GIVEN_LABEL = (f"{PREFIX}{name}" for name in ("quality", "issues", "rank", "run", "given"))
VALUES = f"{PREFIX}values"  # given and suggested value as JSON; no property, so neither shown nor searched
VECTOR = "labelsift"
ELSE = "labelsift_something_else"  # stands beside an only label, as a question needs two
MOST_LABELS, LONGEST_LABEL, LONGEST_MEANING = 500, 200, 1000  # that a question takes
_FEEDBACK: dict[Feedback, str] = {
    "both_fit": "Both labels fit",
    "unclear": "Unclear, or a guideline is missing",
    "unusable": "Unusable: this sample should go",
    "drop_copy": "Drop this copy",
    "keep_copies": "Keep both copies",
    "redact": "Mask the personal data, or the secrets",
    "edit": "Repair the text, as it stands below",
}
_OTHER: dict[Task, str] = {
    "classification": "The label that I choose below",
    "multilabel": "The labels that I choose below, or none",
    "spans": "What I mark in the text, or nothing",
}
_TITLES: dict[Task, str] = {
    "classification": "The label, where neither is right",
    "multilabel": "The labels, where neither set is right",
    "spans": "Mark what is in question, where neither is right",
}
_BLIND_TITLES: dict[Task, str] = {
    "classification": "The label",
    "multilabel": "The labels",
    "spans": "Mark what is to be marked",
}


def offered_in(items: Sequence[ReviewItem]) -> set[str]:
    """Return the decisions that stand in a dataset only where some record needs them."""
    actions = {action for item in items for action in item.actions} & {"redact", "edit"}
    return actions | ({"drop_copy", "keep_copies"} if any(item.copies for item in items) else set())


def decisions(*, mode: Mode, task: Task, offered: Collection[str]) -> dict[str, str]:
    """Return what can be decided: value → words; ``offered`` as of :func:`offered_in`."""
    both = {"both_fit"} if mode != "blind" and task == "classification" else set()
    always = {"unclear", "unusable"} | both | (set() if mode == "blind" else set(offered))
    feedback = {str(key): text for key, text in _FEEDBACK.items() if key in always}
    about = {SUGGESTED: "Take the suggestion", GIVEN: "False alarm: it is right as it is"}
    return ({} if mode == "blind" else about) | {OTHER: _OTHER[task]} | feedback


def guidelines(labels: Sequence[str], *, mode: Mode, task: Task) -> str:
    """Return what the page tells people to do.

    >>> guidelines(["city"], mode="blind", task="spans")[:80]
    'Each record asks one question: what is right? Mark it, and choose “What I mark i'
    """
    done = "Mark" if task == "spans" else "Choose"
    if mode == "blind":
        asked = f"what is right? {done} it, and choose “{_OTHER[task]}”."
    else:
        asked = "is the flag right? Read what stands under “Why”, and decide."
        if labels or task == "spans":
            asked += f" Where something else is right, {done.lower()} it, and choose “{_OTHER[task]}”."
    return (
        f"Each record asks one question: {asked} Press Discard to leave a record to others. "
        "The worst record comes first where the records are sorted by labelsift_rank."
    )


def fields(*, mode: Mode) -> list[dict[str, Any]]:
    """Return the fields of a review dataset; in mode blind there is no reason to show."""
    text = {"name": TEXT, "title": "Text", "required": True, "settings": {"type": "text", "use_markdown": False}}
    why = {"name": WHY, "title": "Why", "required": False, "settings": {"type": "text", "use_markdown": True}}
    return [text] if mode == "blind" else [text, why]


def questions(
    labels: Sequence[str], *, mode: Mode, task: Task, offered: Collection[str], definitions: Mapping[str, str]
) -> list[dict[str, Any]]:
    """Return the questions of a review dataset.

    Raises
    ------
    InputError
        If the server cannot take the labels; names them.
    """
    require_labels(labels)
    title = "What is right?" if mode == "blind" else "Is the flag right?"
    chosen = decisions(mode=mode, task=task, offered=offered)
    note = {"name": NOTE, "title": "A note, if you like", "required": False, "settings": {"type": "text"}}
    asked = [{**note, "name": NEW_TEXT, "title": "The text, repaired"}] if "edit" in chosen else []
    if labels or task == "spans":
        asked = [_label_question(labels, mode=mode, task=task, definitions=definitions), *asked]
    else:  # nothing is labeled: there is no label to choose
        title = "What is to be done?"
        for name in (OTHER, SUGGESTED, "both_fit"):
            chosen.pop(name, None)
    options = [{"value": value, "text": text} for value, text in chosen.items()]
    required = {"type": "label_selection", "options": options}
    return [{"name": DECISION, "title": title, "required": True, "settings": required}, *asked, note]


def _label_question(labels: Sequence[str], *, mode: Mode, task: Task, definitions: Mapping[str, str]) -> dict[str, Any]:
    kinds = [_option(label, definitions.get(label)) for label in labels]
    if len(kinds) < 2 and task != "spans":
        kinds.append({"value": ELSE, "text": "Something else: say it in the note"})
    settings: dict[str, Any] = {"type": TYPES[task], "options": kinds or [{"value": ELSE, "text": "Something"}]}
    if task == "spans":
        settings |= {"field": TEXT, "allow_overlapping": True}
    if len(kinds) > 10:
        settings["visible_options"] = 10
    title = (_BLIND_TITLES if mode == "blind" else _TITLES)[task]
    return {"name": LABEL, "title": title, "required": False, "settings": settings}


def _option(label: str, meaning: str | None) -> dict[str, Any]:
    option = {"value": label, "text": label}
    return option | ({"description": shortened(meaning, LONGEST_MEANING)} if meaning else {})


def require_labels(labels: Sequence[str]) -> None:
    """Refuse labels that a question cannot hold; raises InputError, which names them."""
    bad = [label for label in labels if not 1 <= len(label) <= LONGEST_LABEL]
    if bad:
        raise InputError(
            f"Argilla's labels have 1 to {LONGEST_LABEL} characters, and these have not",
            ids=[shortened(label, 60) for label in bad],
            hint="Rename them in the data (a changes file does it), then scan again",
        )
    if len(labels) > MOST_LABELS:
        raise InputError(
            f"A question of Argilla's takes {MOST_LABELS} labels, and there are {len(labels):,}",
            hint="Raise ARGILLA_LABEL_SELECTION_OPTIONS_MAX_ITEMS on the server, or push parts of the data",
        )


def own_properties(*, mode: Mode) -> list[dict[str, Any]]:
    """Return the metadata properties that every review dataset has."""
    kinds = {
        QUALITY: ("float", "Quality"),
        RANK: ("integer", "Rank"),
        ISSUES: ("terms", "Issues"),
        RUN: ("terms", "Run"),
    }
    if mode != "blind":
        kinds[GIVEN_LABEL] = ("terms", "Given label")
    return [property_of(name, kind, title=title) for name, (kind, title) in kinds.items()]


def property_of(name: str, kind: str, *, title: str) -> dict[str, Any]:
    """Return the settings of a metadata property: ``terms``, ``integer`` or ``float``."""
    return {"name": name, "title": title, "settings": {"type": kind}, "visible_for_annotators": True}


def links_of(items: Sequence[ReviewItem]) -> dict[str, dict[str, str]]:
    """Return what a person can open: name → sort and filter of the page; the whole queue, then each issue.

    >>> list(links_of([ReviewItem("a", 1, ("label",), {"label": 0.1}, "…", None, None, None, "")]))
    ['review', 'label']
    """
    worst = {"sort": f"metadata.{RANK}.asc"}
    issues = dict.fromkeys(issue for item in items for issue in item.issues)
    return {"review": worst} | {issue: {**worst, "metadata": f"{ISSUES}.{issue}"} for issue in issues}
