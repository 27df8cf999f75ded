"""Reason sentences of findings, in words for the person who labels.

A finding's own reason stands alone in a report. On the page it stands below a header that says what is given and what
may fit better, so it is told anew from the finding's evidence: only what speaks for it, without terms of the trade, and
without the names of colleagues. A finding without such evidence, as of somebody else's check, keeps its own words.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..data.formatting import listed, shortened
from ..data.media import Medium
from ..data.schemas import from_json
from .suggestions import plain

Evidence = Mapping[str, Any]
_MANY: dict[Medium | None, str] = {"text": "texts", "image": "images", "audio": "sounds", None: "samples"}
_SURE = 0.5
_APART = 0.2  # of two probabilities, from which a reader would wonder
_TIMES = "texts_with_the_words"


def reason_of(finding: Mapping[str, Any], *, text: str = "", medium: Medium | None = "text") -> str:
    """Say why a sample is flagged, below a header that names the labels.

    Parameters
    ----------
    finding
        With issue, kind, given, suggested, evidence (JSON) and reason.
    text
        The sample's text, which spans are quoted from.
    medium
        What the samples are.

    >>> told = '{"model": 0.94, "neighbors": 10, "neighbors_suggested": 9}'
    >>> one = {"issue": "label", "kind": "", "given": '"new"', "suggested": '"lost"', "evidence": told, "reason": "…"}
    >>> reason_of(one).replace(chr(160), " ")
    'A model is 94 % sure of lost, and 9 of the 10 most similar texts are labeled so.'
    >>> unsure = '{"model": 0.55, "neighbors": 10, "neighbors_suggested": 4}'
    >>> reason_of({**one, "evidence": unsure, "confidence": 0.999}).replace(chr(160), " ")
    'A model is 55 % sure of lost, but 4 of the 10 most similar texts are labeled so. All evidence together: 99 %.'
    >>> reason_of({**one, "evidence": None, "reason": "Odd"})
    'Odd.'
    """
    evidence = _evidence(finding.get("evidence"))
    reason = ""
    if finding["issue"] == "label":
        reason = _of_label(finding, evidence, _MANY[medium])
    elif finding["issue"] == "span" and "marked_the_same" in evidence:
        reason = _of_span(finding, evidence, text)
    elif finding["issue"] == "outlier" and "similarity" in evidence:
        reason = f"None of the other {_MANY[medium]} is much like it"
    reason = reason or finding["reason"].strip().rstrip(".")
    return f"{reason}." if reason else ""


def _evidence(cell: str | None) -> Evidence:
    content = from_json(cell)
    return content if isinstance(content, dict) else {}


def _of_label(finding: Mapping[str, Any], evidence: Evidence, many: str) -> str:
    if isinstance(evidence.get("opinions"), dict) and evidence["opinions"]:
        return _votes(evidence["opinions"])
    if not {"model", "neighbors", "neighbors_suggested"} <= evidence.keys() or evidence["model"] is None:
        return ""
    near, agree, sure = evidence["neighbors"], evidence["neighbors_suggested"], float(evidence["model"])
    label = evidence.get("label")
    if label is None:
        other = plain(finding["suggested"])
        if other is None:
            return ""
        return _fitting(other, sure, agree, near, many=many) + _together(finding.get("confidence"), sure)
    if finding["kind"] == "missing":
        return _fitting(label, sure, agree, near, many=many)
    model = f"A model gives {label} {_percent(1 - sure)}"
    if not near:
        return model
    return f"{model}, and {_counted(near - agree, near, many)} labeled so"


def _fitting(label: str, sure: float, agree: int, near: int, *, many: str) -> str:
    """Say what speaks for a label, and what does not.

    >>> _fitting("lost", 0.3, 7, 10, many="texts").replace(chr(160), " ")
    '7 of the 10 most similar texts are labeled lost, but a model gives it only 30 %'
    >>> _fitting("lost", 0.999, 0, 10, many="texts").replace(chr(160), " ")
    'A model is 99 % sure of lost, but none of the 10 most similar texts is labeled so'
    """
    counted = _counted(agree, near, many)
    if sure >= _SURE:
        model = f"A model is {_percent(sure)} sure of {label}"
        return model if not near else f"{model}, {'and' if 2 * agree >= near else 'but'} {counted} labeled so"
    if 2 * agree >= near > 0:
        return f"{counted[0].upper()}{counted[1:]} labeled {label}, but a model gives it only {_percent(sure)}"
    model = f"A model gives {label} {_percent(sure)}"
    return model if not near else f"{model}, and {counted} labeled so"


def _together(confidence: float | None, sure: float) -> str:
    """Say what all evidence together says of a suggestion where the model shown beside it says something else.

    >>> _together(0.95, 0.9), _together(None, 0.5), _together(0.2, 0.9).replace(chr(160), " ")
    ('', '', '. All evidence together: 20 %')
    """
    if confidence is None or abs(confidence - sure) < _APART:
        return ""
    return f". All evidence together: {_percent(confidence)}"


def _counted(some: int, near: int, many: str) -> str:
    """Count similar samples.

    >>> [_counted(some, 10, "texts") for some in (0, 1, 10)]
    ['none of the 10 most similar texts is', '1 of the 10 most similar texts is', 'all 10 most similar texts are']
    """
    if some == near > 1:
        return f"all {near} most similar {many} are"
    return f"{some or 'none'} of the {near} most similar {many} {'is' if some < 2 else 'are'}"


def _votes(opinions: Mapping[str, list[str]]) -> str:
    """Say how many people gave each label, and not who.

    >>> _votes({"refund": ["ann", "bob"], "top_up": ["cy"]})
    '2 people said refund and 1 said top_up'
    """
    counted = sorted(((len(who), label) for label, who in opinions.items()), key=lambda entry: (-entry[0], entry[1]))
    parts = [f"{count} said {label}" for count, label in counted]
    people = "person" if counted[0][0] == 1 else "people"
    parts[0] = f"{counted[0][0]} {people} said {counted[0][1]}"
    return listed(parts)


def _of_span(finding: Mapping[str, Any], evidence: Evidence, text: str) -> str:
    given, suggested = _span(finding["given"]), _span(finding["suggested"])
    same, other, times = (int(evidence.get(name) or 0) for name in ("marked_the_same", "marked_otherwise", _TIMES))
    if given is None and suggested is None:
        return ""
    if given is None:
        seen = f"; so it is marked in {_texts(same)}" if same else ""
        return f"A model expects {suggested[2]} for {_words(text, suggested)}{seen}"
    if suggested is None:
        seen = f"; of its {times:,} other uses {same + other:,} are marked" if times else ""
        return f"A model expects no mark on {_words(text, given)}{seen}"
    if given[:2] != suggested[:2]:
        return f"A model expects the mark on {_words(text, suggested)}"
    seen = f"; in {_texts(other)} it is marked otherwise, too" if other else ""
    return f"A model expects {suggested[2]} for {_words(text, given)}{seen}"


def _span(cell: str | None) -> Any:  # noqa: ANN401 - whatever JSON holds
    content = from_json(cell)
    return content if isinstance(content, list) and len(content) == 3 else None


def _texts(count: int) -> str:
    return f"{count:,} other text{'s' * (count > 1)}"


def _words(text: str, span: Any) -> str:  # noqa: ANN401 - [start, end, type]
    return f"“{shortened(' '.join(text[span[0] : span[1]].split()), 60)}”"


def _percent(share: float) -> str:
    """Write a probability as a per cent; no model is quite sure.

    >>> [_percent(one).replace(chr(160), " ") for one in (0.001, 0.456, 0.9999)]
    ['1 %', '46 %', '99 %']
    """
    return f"{min(max(round(100 * share), 1), 99)}\u00a0%"
