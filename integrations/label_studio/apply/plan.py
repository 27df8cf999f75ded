"""Plan of ``apply``: what no annotation can say, and which task is the one judged."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from typing import Any

from labelsift.data.hashing import text_hash
from labelsift.review.suggestions import labels_in

from ..convert.label_config import LabelControl
from ..convert.regions import Value
from ..convert.task_fields import PREFIX
from ..state.match import NUMBER

_ANEW = "it changes the text: import the task anew with the new one"
_NO_ANNOTATION = {
    "remove": "it says to remove the sample: delete the task, or leave it out of the export",
    "edit": _ANEW,
    "redact": _ANEW,
}
UNSAYABLE = {action: f"No annotation can say the action {action}: {why}" for action, why in _NO_ANNOTATION.items()}


def unfit(value: Value, target: LabelControl) -> str | None:
    """Say why a value is none of the project's control; None where it is one."""
    single = target.kind in ("choice", "taxonomy")
    if isinstance(value, str) != single:
        return f"The control {target.from_name} holds {'one label' if single else 'several'}, and the decision does not"
    unknown = sorted({str(label) for label in labels_in(value)} - set(target.labels))
    return f"The labeling config has no label {', '.join(map(repr, unknown))}" if unknown else None


def is_same(task: Mapping[str, Any], text: str, match: str | None, judged: Collection[str]) -> bool:
    """Tell whether a task is the sample that its name says: a number may be anything's."""
    named = match is not None or bool(task["data"].get(f"{PREFIX}id"))
    return named or (bool(text) and text_hash(text) in judged)


def field_of_ids(
    pages: Iterable[Iterable[Mapping[str, Any]]], judged: Mapping[str, Collection[str]], shown: str
) -> str | None:
    """Return ``data.FIELD`` for the field that names most samples on tasks that show the texts people judged.

    None where labelsift's own field does, or no field does so for more samples than the tasks' numbers and any other.
    """
    named: dict[str, set[str]] = defaultdict(set)
    for task in (task for page in pages if judged for task in page):
        data = task["data"]
        if data.get(f"{PREFIX}id"):
            return None
        digest = text_hash(str(data.get(shown) or ""))
        for name, value in {NUMBER: task["id"], **data}.items():
            if digest in judged.get(str(value), ()):
                named[name].add(str(value))
    counts = sorted(((len(samples), name) for name, samples in named.items()), reverse=True)
    if not counts or counts[0][1] == NUMBER or (len(counts) > 1 and counts[0][0] == counts[1][0]):
        return None
    return f"data.{counts[0][1]}"
