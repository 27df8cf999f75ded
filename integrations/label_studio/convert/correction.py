"""Corrections: the annotations that ``labelsift apply`` writes beside people's own, and the mark that tells them apart.

Its ``import_id`` is a number of 53 bits whose first bit is set: a hash of the task, the person and the value. Label
Studio counts from 1, so no real import has such a number; it is in the answers of the interface and in the JSON export,
no training export and no page shows it, and an edit in the browser leaves it alone. Together with a ``unique_id`` made
from the same hash, which the server accepts once only, it makes a second ``apply`` a no-op. An annotation that somebody
has changed since counts as theirs from then on.
"""

from __future__ import annotations

import hashlib
import json
import uuid
from collections.abc import Mapping
from typing import Any

from labelsift.io.formats.label_studio_rows import is_correction_mark, is_untouched

from .label_config import LabelControl
from .regions import Value, to_result

CORRECTION = "labelsift_correction"  # key of a task's data: the id of the annotation that exporters should prefer
_FIRST = 1 << 52


def mark_of(task: int, person: int | None, value: Value) -> int:
    """Return the number that a correction carries; different for another task, person or value."""
    identity = json.dumps([task, person, value], ensure_ascii=False)
    return _FIRST | int.from_bytes(hashlib.blake2b(identity.encode(), digest_size=8).digest(), "big") % _FIRST


def annotation_of(
    task: int, value: Value, target: LabelControl, *, person: int | None, text: str, note: str
) -> dict[str, Any]:
    """Return the body of a correction.

    Parameters
    ----------
    person
        The account of who decided; None for the one whose key is used.
    text
        What spans are of.
    note
        Shown in the details of each region: who decided.
    """
    mark = mark_of(task, person, value)
    body: dict[str, Any] = {
        "result": [region | {"meta": {"text": [note]}} for region in to_result(value, target, text=text)],
        "import_id": mark,
        "unique_id": str(uuid.uuid5(uuid.NAMESPACE_OID, f"labelsift correction {task} {mark}")),
        "ground_truth": False,  # true would take the mark from people's annotations
        "was_cancelled": False,
    }
    return body if person is None else body | {"completed_by": person}


def is_marked(annotation: Mapping[str, Any]) -> bool:
    """Tell whether labelsift made an annotation, be it changed since."""
    return is_correction_mark(annotation.get("import_id"))


def is_correction(annotation: Mapping[str, Any]) -> bool:
    """Tell whether an annotation is a correction of labelsift's that stands as it was written."""
    return is_marked(annotation) and is_untouched(annotation)
