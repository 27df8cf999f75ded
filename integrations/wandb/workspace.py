"""Workspace "Data quality": one saved view a project, written anew only while nobody has changed it by hand.

W&B tells the views of a project apart by a name that stands in the address: ours has always the same one, so that
saving again finds it and makes no second one. Its first text ends in a checksum of the whole view. Where the two do
not fit, a person moved, added or took away panels, or the application rewrote them, and the view is left as it is.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from labelsift.data.formatting import error_text
from labelsift.render.tracker_panels.scalars import HEADLINE

from .sections import require, sections

if TYPE_CHECKING:
    from wandb_workspaces.workspaces.internal import View

NAME, VIEW = "Data quality", "labelsiftquality"  # what people see; what stands in the address
KEPT = "left as it is: somebody has changed it by hand"
_NOTE = "*Panels by labelsift, layout {}. Change them as you like: they are then left alone.*"
_LAYOUT, _BLANK = re.compile(r"(?<=labelsift, layout )[0-9a-f]{16}"), "0" * 16
_COLUMNS = {"Overview": 5, "Label issues": 2}  # where the application lays panels out by itself


def save(entity: str, project: str, *, verdict: str, slice_metrics: Sequence[str] = ()) -> str:
    """Save the workspace and return what became of it: saved, unchanged, left as it is, or why it could not be saved.

    Nothing is raised, whatever happens: the run itself is written, and its panels are a convenience. For the parameters
    see :func:`labelsift.integrations.wandb.sections.sections`.
    """
    try:
        require()
        from wandb_workspaces.workspaces import internal

        blank = _view(entity, project, verdict, slice_metrics, _BLANK)
        layout = _checksum(blank.spec.model_dump_json(by_alias=True, exclude_none=True))
        view = _view(entity, project, verdict, slice_metrics, layout)
        if present := _present(view):
            written = _LAYOUT.search(present["spec"])
            if written is None or written[0] != _checksum(present["spec"]) or present["displayName"] != NAME:
                return KEPT
            if written[0] == layout:
                return "unchanged"
            view.id = present["id"]
        internal.upsert_view2(view)
    except Exception as error:  # a package before its first version, and a server of any age
        return f"not saved: {error_text(error)}"
    return "saved"


def _view(entity: str, project: str, verdict: str, slice_metrics: Sequence[str], layout: str) -> View:
    from wandb_workspaces import workspaces as ws

    parts = []
    for name, panels in sections(f"{verdict}\n\n{_NOTE.format(layout)}", slice_metrics).items():
        by_itself = ws.SectionLayoutSettings(columns=_COLUMNS.get(name, 1), rows=3)
        parts.append(ws.Section(name=name, panels=panels, is_open=True, layout_settings=by_itself))
    columns = ws.RunsetSettings(pinned_columns=[f"summary:{key}" for key in HEADLINE])
    made = ws.Workspace(entity=entity, project=project, name=NAME, sections=parts, runset_settings=columns)
    view = made._to_model()  # its own save() gives each view another name
    view.name = f"nw-{VIEW}-v"
    return view


def _present(view: View) -> dict[str, Any] | None:
    """Return ``id``, ``displayName`` and ``spec`` as the server has them; None where it has no such view."""
    from wandb_workspaces.workspaces import internal

    try:
        return internal.get_view_dict(view.entity, view.project, VIEW)
    except ValueError as error:
        if "not found in project" not in str(error):
            raise
    return None


def _checksum(spec: str) -> str:
    """Return a checksum of a view without the names of panels, which are made at random, and without itself."""

    def bare(value: Any) -> Any:  # noqa: ANN401 - any JSON value
        if isinstance(value, dict):
            return {key: bare(item) for key, item in value.items() if key != "__id__"}
        return [bare(item) for item in value] if isinstance(value, list) else value

    content = json.dumps(bare(json.loads(_LAYOUT.sub(_BLANK, spec))), sort_keys=True)
    return hashlib.blake2b(content.encode(), digest_size=8).hexdigest()
