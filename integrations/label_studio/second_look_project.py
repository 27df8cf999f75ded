"""Project of second looks: its tasks, which show no label, and the tab of each person.

It is a project of its own, because in the one that people label in, the plain stream would serve a second look to
anybody, also to the person whose answer it is about. Its tasks hold the text and the user's fields, no label, and
one sentence that is the same for all of them.
"""

from __future__ import annotations

import contextlib
import json
import re
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from labelsift.data.formatting import shortened
from labelsift.review.questions import NOT_SHOWN

from .client.client import Client
from .convert.label_config import LabelControl
from .convert.tabs import condition
from .convert.task_fields import PREFIX
from .state.rounds import NOT_PREFILLED, TITLE_LENGTH

KEY, SECOND_LOOK = f"{PREFIX}key", f"{PREFIX}second_look"  # fields: what the look is known by, whom it asks
NEUTRAL = "A second opinion is asked for."
TAB = "Second look"
_MARK = re.compile(r"\[labelsift second look (\{.*?\})\]")
_SHOWN = re.compile(r"\$([^\W\d]\w*)")  # fields that a labeling config shows
_HIDDEN = ("id", "inner_id", "file_upload", "storage_filename", "annotations_results", "predictions_results")


def find(client: Client, of: int) -> dict[str, Any] | None:
    """Return the project that holds the second looks of a project: id, title, task_number; None where there is none."""
    for project in client.projects():
        mark = _MARK.search(project.get("description") or "")
        with contextlib.suppress(ValueError, AttributeError):  # somebody edited it: it is theirs now
            if mark and json.loads(mark[1]).get("of") == of:
                return project
    return None


def find_or_make(client: Client, of: int) -> int:
    """Return the number of the project that holds the second looks of a project; made if there is none."""
    if looks := find(client, of):
        return int(looks["id"])
    source = client.project(of)
    end = " · labelsift second look"
    number = client.create_project(
        title=shortened(str(source["title"]), TITLE_LENGTH - len(end)) + end,
        description=f"{NEUTRAL} Choose your tab, then ▾ Label Tasks As Displayed. Do not change what follows, "
        f"labelsift reads it. [labelsift second look {json.dumps({'of': of})}]",
        label_config=source["label_config"],
        model_version=NOT_PREFILLED,
    )
    client.create_view(number, _tab(TAB))
    return number


def ensure_tab(client: Client, project: int, person: str) -> None:
    """Make the tab of a person, unless it is there."""
    wanted = _tab(f"{TAB}: {person}", person)
    titles = {str((view.get("data") or {}).get("title")) for view in client.views(project)}
    if wanted["title"] not in titles:
        client.create_view(project, wanted)


def second_data(data: Mapping[str, Any], target: LabelControl, *, config: str, key: str, asked: str) -> dict[str, Any]:
    """Return the data of a task for a second look: nothing of it tells a label, or why it is asked.

    A field of the user's that holds nothing but a label is left out, on all of them alike. What the labeling config
    shows must be there, so it is empty then.
    """
    fields = {name: value for name, value in data.items() if not name.startswith(PREFIX)}
    theirs = {name: value for name, value in fields.items() if name == target.field or not _tells(value, target.labels)}
    neutral = {f"{PREFIX}header": NOT_SHOWN[target.task][0], f"{PREFIX}reason": NEUTRAL, KEY: key, SECOND_LOOK: asked}
    needed = {name: "" for name in _SHOWN.findall(config) if name not in theirs}
    return needed | theirs | neutral


def _tells(value: object, labels: Collection[str]) -> bool:
    """Tell whether a field names labels and nothing else."""
    words = value if isinstance(value, (list, tuple)) else re.split(r"\s*[,;|]\s*", str(value))
    names = {label.casefold() for label in labels}
    return bool(words) and {str(word).strip().casefold() for word in (str(value), *words)} & names != set()


def standing(client: Client, project: int, keys: Sequence[str]) -> set[str]:
    """Return which of these tasks stand on the server."""
    tasks = {key: client.tasks(project, filters=[condition(f"data.{KEY}", "equal", "String", key)]) for key in keys}
    return {key for key, pages in tasks.items() if next(pages, None)}


def _tab(title: str, person: str | None = None) -> dict[str, Any]:
    items = [] if person is None else [condition(f"data.{SECOND_LOOK}", "equal", "String", person)]
    hidden = [f"tasks:{name}" for name in _HIDDEN] + [f"tasks:data.{name}" for name in (KEY, f"{PREFIX}header")]
    return {
        "title": title,
        "type": "list",
        "target": "tasks",
        "filters": {"conjunction": "and", "items": items},
        "hiddenColumns": {"explore": hidden, "labeling": []},
    }
