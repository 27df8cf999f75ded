"""Parser of labeling configs: the control that holds the labels, and what kind of labels they are."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal
from xml.etree import ElementTree

from labelsift.data.media import Medium
from labelsift.data.samples import Task
from labelsift.errors import InputError
from labelsift.review.label_names import LEVEL, Names

Kind = Literal["choice", "choices", "labels", "taxonomy", "taxonomies"]
Path = tuple[str, ...]

_TASKS: dict[str, Task] = {"labels": "spans", "choices": "multilabel", "taxonomies": "multilabel"}
OWN = "labelsift_"  # controls of this beginning are labelsift's own, and hold no label
NONE = f"{OWN}none"  # the choice by which a person says that no label fits, or that nothing is to be marked
NOTHING = f"{OWN}nothing"  # the control that offers it beside spans
ACTIONS = f"{OWN}copies"  # the control of what is to be done with a sample; alone in projects without labels
_ONE = ("single", "single-radio")
_DECLARES = re.compile("<!(DOCTYPE|ENTITY)", re.IGNORECASE)
_SHOWN: dict[str, Medium] = {"Text": "text", "HyperText": "text", "Image": "image", "Audio": "audio"}


@dataclass(frozen=True)
class LabelControl:
    """Where labels stand in the answers and predictions of a project.

    Parameters
    ----------
    from_name, to_name
        The names of the control and of the object that it labels.
    labels
        The labels that it offers, in its order, as they stand in an answer: a choice's alias where it has one.
    field
        The field of the task's data that the object shows, for example ``text``.
    kind
        ``choice``: one label. ``choices``: several. ``labels``: spans of a text, each with a label. ``taxonomy`` and
        ``taxonomies``: one or several paths through a tree; a path is the label ``"animal / dog"``.
    medium
        What the object shows.
    paths
        For a taxonomy: each label's path as it stands in an answer.
    shown
        What people read → the label, where that is another name: a choice with an alias, or a path of such.
    none
        The control that offers the choice NONE, in review projects where no label at all is an answer; empty where
        an answer without labels says so, as in a project of the user's own.
    """

    from_name: str
    to_name: str
    labels: tuple[str, ...]
    field: str
    kind: Kind = "choice"
    medium: Medium = "text"
    paths: dict[str, Path] = dataclasses.field(default_factory=dict, hash=False)
    shown: dict[str, str] = dataclasses.field(default_factory=dict, hash=False, compare=False)
    none: str = dataclasses.field(default="", compare=False)

    @property
    def task(self) -> Task:
        """What kind of labels samples have whose labels stand here."""
        return _TASKS.get(self.kind, "classification")

    @cached_property
    def names(self) -> Names:
        """The labels, found by the names that the data has for them."""
        return Names(self.labels, self.shown)


def labelless_target(medium: Medium, *, to_name: str = "", field: str = "") -> LabelControl:
    """Return the target of a review project without labels, where only what is to be done with a sample is asked."""
    return LabelControl(ACTIONS, to_name or medium, (), field or medium, medium=medium)


def label_control_of(label_config: str, *, project: str) -> LabelControl:
    """Find the one control of a project's labeling config that holds labels.

    Raises
    ------
    InputError
        If there is none, or several, or it labels what is no text, image or sound.
    """
    from label_studio_sdk.label_interface.interface import LabelInterface

    require_plain(label_config, project=project)
    interface = LabelInterface(label_config)
    controls = [control for control in interface.controls if not control.name.startswith(OWN)]
    fitting = [control for control in controls if control.tag in ("Choices", "Labels", "Taxonomy")]
    names = ", ".join(f"{control.tag} {control.name}" for control in controls) or "no control at all"
    needs = f"The labeling config of {project} holds {names}; labelsift needs exactly one Choices, Labels or Taxonomy"
    hint = "Push without --match: that makes a review project with a config of its own"
    candidates = fitting or [control for control in interface.controls if control.name == ACTIONS]
    if len(candidates) != 1:
        raise InputError(needs, hint=hint)
    control = candidates[0]
    shown_object = interface.get_object(control.to_name[0])
    medium = _SHOWN.get(shown_object.tag)
    if medium is None or (control.tag == "Labels" and medium != "text"):
        raise InputError(f"The labeling config of {project} labels {shown_object.tag} by {control.tag}", hint=hint)
    field = str(getattr(shown_object, "value_name", None) or shown_object.value).removeprefix("$")
    if not fitting:
        return labelless_target(medium, to_name=control.to_name[0], field=field)
    nodes = _nodes(label_config, control.name, control.tag)
    labels, none = tuple(nodes), ""
    if NONE in labels:
        none = control.name
    elif any(control.name == NOTHING for control in interface.controls):
        none = NOTHING
    offered = {label: node for label, node in nodes.items() if label != NONE}
    return LabelControl(
        from_name=control.name,
        to_name=control.to_name[0],
        labels=tuple(offered),
        field=field,
        kind=_kind(control),
        medium=medium,
        paths={label: node.path for label, node in offered.items()} if control.tag == "Taxonomy" else {},
        shown={node.shown: label for label, node in offered.items() if node.shown != label},
        none=none,
    )


def require_plain(label_config: str, *, project: str) -> None:
    """Refuse a labeling config that declares entities: they can grow to any length, or name files, when it is read.

    Raises
    ------
    InputError
        If there is a document type or an entity declaration.
    """
    if _DECLARES.search(label_config):
        raise InputError(
            f"The labeling config of {project} declares a document type or entities, which labelsift does not read",
            hint="Take it out under Settings → Labeling Interface → Code",
        )


def _kind(control: Any) -> Kind:  # noqa: ANN401 - a control of the SDK
    attributes = control.attr or {}
    if control.tag == "Labels":
        return "labels"
    if control.tag == "Taxonomy":
        return "taxonomy" if str(attributes.get("maxUsages")) == "1" else "taxonomies"
    return "choice" if attributes.get("choice", "single") in _ONE else "choices"


@dataclass(frozen=True)
class _Node:
    path: Path  # as it stands in an answer
    shown: str  # as people read it


def _nodes(label_config: str, name: str, tag: str) -> dict[str, _Node]:
    """Return label → node of all that a control offers; of a taxonomy also inner nodes, as people choose them."""
    nodes: dict[str, _Node] = {}
    for control in ElementTree.fromstring(label_config).iter(tag):  # noqa: S314 - without entities
        if control.get("name") == name:
            for path, titles in _below(control, "Label" if tag == "Labels" else "Choice", (), ()):
                nodes[LEVEL.join(path)] = _Node(path, LEVEL.join(titles))
    return nodes


def _below(node: ElementTree.Element, tag: str, path: Path, titles: Path) -> Iterable[tuple[Path, Path]]:
    # Choices may stand in views of their own; in a taxonomy a choice within a choice is one level down.
    for child in node:
        if child.tag == tag:
            value = child.get("value") or ""
            here, read = (*path, child.get("alias") or value), (*titles, value)
            yield here, read
            yield from _below(child, tag, here, read)
        else:
            yield from _below(child, tag, path, titles)
