"""Conversion of label values to Label Studio's result regions, and back. Pure functions.

A **value** is what ``given``, ``suggested`` and a correction's ``value`` hold as JSON: a label; a sorted list of labels
where a sample may have several; ``[[start, end, "label"], …]`` for spans (characters, end exclusive).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from labelsift.data.review_queue import Value

from .label_config import LEVEL, NONE, LabelControl

Region = dict[str, Any]


def to_result(value: Value, target: LabelControl, *, text: str = "") -> list[Region]:
    """Write a value as the result of an annotation or a prediction.

    No labels, or no spans, are a choice of their own where the target offers it, and else an empty result.

    Parameters
    ----------
    text
        What spans are of: Label Studio keeps the marked words beside their place.
    """
    labels = [value] if isinstance(value, str) else list(value)
    if not labels:
        return _none(target) if target.none else []
    if target.kind == "labels":
        return [_span(span, target, text) for span in value]
    if target.kind in ("taxonomy", "taxonomies"):
        paths = {"taxonomy": [list(target.paths.get(label) or label.split(LEVEL)) for label in labels]}
        return [_region(target, "taxonomy", paths)]
    return [_region(target, "choices", {"choices": labels})]


def from_result(result: Iterable[Mapping[str, Any]], target: LabelControl) -> Value | None:
    """Read the value out of a result; None where the control was not used and that decides nothing.

    Where several labels, or spans, are possible, an answer without any is an empty list: there is nothing to mark.
    Where the target offers a choice that says so (``none``), only that choice does, and an empty answer is None; with
    labels beside it the labels count. Regions of other controls are passed over.
    """
    regions = list(result)
    value = _value([region for region in regions if region.get("from_name") == target.from_name], target)
    if not value and target.none:
        return [] if any(_says_none(region, target) for region in regions) else None
    return value


def _value(own: Iterable[Mapping[str, Any]], target: LabelControl) -> Value | None:
    if target.kind == "labels":
        spans = {span for region in own for span in _spans(region.get("value") or {})}
        return [list(span) for span in sorted(spans)]
    labels = [label for region in own for label in _labels(region.get("value") or {}) if label != NONE]
    if target.kind in ("choice", "taxonomy"):
        return labels[0] if labels else None
    return sorted(set(labels))


def _labels(value: Mapping[str, Any]) -> list[str]:
    choices = [str(label) for label in value.get("choices") or ()]
    return choices + [LEVEL.join(map(str, path)) for path in value.get("taxonomy") or ()]


def _spans(value: Mapping[str, Any]) -> Iterable[tuple[int, int, str]]:
    place = value.get("globalOffsets") or value  # in HyperText start and end are places in the page
    for label in value.get("labels") or ():
        yield int(place["start"]), int(place["end"]), str(label)


def _says_none(region: Mapping[str, Any], target: LabelControl) -> bool:
    return region.get("from_name") == target.none and NONE in _labels(region.get("value") or {})


def _none(target: LabelControl) -> list[Region]:
    if target.kind == "taxonomies":
        return [_region(target, "taxonomy", {"taxonomy": [[NONE]]})]
    return [_region(target, "choices", {"choices": [NONE]}) | {"from_name": target.none}]


def _span(span: Sequence[Any], target: LabelControl, text: str) -> Region:
    start, end, label = span
    value = {"start": start, "end": end, "text": text[start:end], "labels": [label]}
    return _region(target, "labels", value) | {"id": f"span-{start}-{end}-{label}"}


def _region(target: LabelControl, type: str, value: dict[str, Any]) -> Region:
    return {"from_name": target.from_name, "to_name": target.to_name, "type": type, "value": value}
