"""From findings to what Label Studio stores: tasks, predictions and tabs. Pure functions, no I/O."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from itertools import count
from typing import Any

from labelsift.platforms import Mode
from labelsift.wording import words

from .flags import Flag
from .targets import Target

PREFIX = "labelsift_"
TEXT = "text"
NOT_SHOWN = ("Which label fits?", "No label is shown here, on purpose.")


def header_of(flag: Flag) -> str:
    """Write the line above the text: what is given, and what may fit better.

    >>> header_of(Flag("a", 1, ("label",), {"label": 0.1}, "…", "card_arrival", "lost_card", 0.9, ""))
    'Labeled card_arrival. Maybe lost_card?'
    >>> header_of(Flag("a", 1, ("outlier",), {"outlier": 0.1}, "…", "card_arrival", None, None, ""))
    'Labeled card_arrival. Outlier?'
    """
    given = "Not labeled." if flag.given is None else f"Labeled {flag.given}."
    if flag.suggested:
        return f"{given} Maybe {flag.suggested}?"
    found = words(flag.issues[0]).one
    return f"{given} {found[0].upper()}{found[1:]}?"


def fields_of(flag: Flag, *, run: str, round: int, mode: Mode) -> dict[str, Any]:
    """Return labelsift's own fields of a task's data.

    In mode blind nothing among them says which label is given or suggested: the reason names both,
    so it is left out too.
    """
    fields: dict[str, Any] = {}
    if flag.blind and mode != "blind":  # the page of the project has a place for these
        fields = {f"{PREFIX}given": "", f"{PREFIX}suggested": "", f"{PREFIX}reason": NOT_SHOWN[1]}
        fields[f"{PREFIX}header"] = NOT_SHOWN[0]
    elif mode != "blind":
        fields |= {
            "labelsift_given": flag.given or "",
            "labelsift_suggested": flag.suggested or "",
            "labelsift_reason": flag.reason,
            "labelsift_header": header_of(flag),
        }
    fields |= {f"{PREFIX}{issue}_score": score for issue, score in flag.scores.items()}
    return fields | {
        "labelsift_issues": ", ".join(flag.issues),
        "labelsift_rank": flag.rank,
        "labelsift_id": flag.id,
        "labelsift_run": run,
        "labelsift_round": round,
    }


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
    return data.get(f"{PREFIX}header") == NOT_SHOWN[0]


def metadata_shown(flags: Iterable[Flag], *, mode: Mode, taken: Collection[str] = (TEXT,)) -> dict[str, str]:
    """Name the user's fields that go onto labelsift's tasks, and what each is called there.

    Never one with a name of labelsift's own; in mode blind no field that holds a given or suggested label
    anywhere, because that would tell it. A field keeps its name unless it is ``taken``, as the text's is:
    then it gets the first free number, ``text_2``.
    """
    flags = list(flags)
    hidden = flags if mode == "blind" else [flag for flag in flags if flag.blind]
    names = {name for flag in flags for name in flag.metadata if not name.startswith(PREFIX)}
    for flag in hidden:
        told = {label.casefold() for label in (flag.given, flag.suggested) if label}
        names -= {name for name, value in flag.metadata.items() if str(value).casefold() in told}
    used = {*names, *taken}
    called = {}
    for name in sorted(names):
        called[name] = name
        if name in taken:
            called[name] = next(free for number in count(2) if (free := f"{name}_{number}") not in used)
            used.add(called[name])
    return called


def metadata_of(flag: Flag, *, shown: Mapping[str, str]) -> dict[str, Any]:
    """Return the user's fields of a sample under the names that :func:`metadata_shown` gave them."""
    return {shown[name]: value for name, value in flag.metadata.items() if name in shown}


def task_data(flag: Flag, *, shown: Mapping[str, str], run: str, round: int, mode: Mode) -> dict[str, Any]:
    """Return the data of a review project's task: the text, labelsift's own fields and the user's.

    In this order they are the columns of the project's tabs.
    """
    fields = fields_of(flag, run=run, round=round, mode=mode)
    return {TEXT: flag.text} | fields | metadata_of(flag, shown=shown)


def model_version(run: str) -> str:
    """Return the model version of a run's predictions.

    >>> model_version("20261123-101500-4f2a")
    'labelsift/20261123-101500-4f2a'
    """
    return f"labelsift/{run}"


def prediction_of(flag: Flag, target: Target, *, run: str) -> dict[str, Any] | None:
    """Return the suggestion as a prediction whose score is the confidence; None where there is none to show."""
    if flag.suggested is None or flag.blind:
        return None
    made: dict[str, Any] = {
        "model_version": model_version(run),
        "result": [
            {
                "from_name": target.from_name,
                "to_name": target.to_name,
                "type": "choices",
                "value": {"choices": [flag.suggested]},
            }
        ],
    }
    return made if flag.confidence is None else made | {"score": flag.confidence}
