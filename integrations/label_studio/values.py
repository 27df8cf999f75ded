"""Labels to results of Label Studio, and back. Pure functions, the one place that knows both forms.

A **value** is what ``given``, ``suggested`` and a correction's ``value`` hold as JSON: a label; a sorted list of labels
where a sample may have several; ``[[start, end, "label"], …]`` for spans (characters, end exclusive).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from .targets import LEVEL, Target

Value = Any  # str | list[str] | list[[int, int, str]]
Region = dict[str, Any]


def to_result(value: Value, target: Target, *, text: str = "") -> list[Region]:
    """Write a value as the result of an annotation or a prediction.

    Parameters
    ----------
    text
        What spans are of: Label Studio keeps the marked words beside their place.
    """
    if target.kind == "labels":
        return [_span(one, target, text) for one in value]
    labels = [value] if isinstance(value, str) else list(value)
    if not labels:
        return []
    if target.kind in ("taxonomy", "taxonomies"):
        told = {"taxonomy": [list(target.paths.get(one) or one.split(LEVEL)) for one in labels]}
        return [_region(target, "taxonomy", told)]
    return [_region(target, "choices", {"choices": labels})]


def from_result(result: Iterable[Mapping[str, Any]], target: Target) -> Value | None:
    """Read the value out of a result; None where the control was not used and that decides nothing.

    An answer without spans or without labels is an empty list where several are possible: there is nothing to mark.
    Regions of other controls are passed over.
    """
    own = [one for one in result if one.get("from_name") == target.from_name]
    if target.kind == "labels":
        return sorted(
            [int(held["start"]), int(held["end"]), str(label)]
            for one in own
            for held in [one.get("value") or {}]
            for label in held.get("labels") or ()
        )
    labels: list[str] = []
    for one in own:
        held = one.get("value") or {}
        labels += [str(label) for label in held.get("choices") or ()]
        labels += [LEVEL.join(map(str, path)) for path in held.get("taxonomy") or ()]
    if target.kind in ("choice", "taxonomy"):
        return labels[0] if labels else None
    return sorted(set(labels))


def _span(span: Sequence[Any], target: Target, text: str) -> Region:
    start, end, label = span
    held = {"start": start, "end": end, "text": text[start:end], "labels": [label]}
    return _region(target, "labels", held) | {"id": f"span-{start}-{end}-{label}"}


def _region(target: Target, type: str, value: dict[str, Any]) -> Region:
    return {"from_name": target.from_name, "to_name": target.to_name, "type": type, "value": value}
