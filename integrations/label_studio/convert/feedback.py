"""Feedback controls of review projects: both fit, unclear, unusable, and a note. Pure functions.

The controls stand in the labeling configs of review projects, under names of labelsift's own, so that nothing takes
them for labels. Who says one of the three need not choose a label: the labels are hidden then, and Label Studio asks
for no answer of a control that is hidden.

"Both fit" is offered where the page names two labels and a sample has one: of single labels, and not in mode blind.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from labelsift.review.verdicts import Feedback

DOUBT, NOTE = "labelsift_doubt", "labelsift_note"  # names of controls
BOTH_FIT, UNCLEAR, UNUSABLE = "labelsift_both_fit", "labelsift_unclear", "labelsift_unusable"  # what an answer holds
_FEEDBACK: dict[str, Feedback] = {BOTH_FIT: "both_fit", UNCLEAR: "unclear", UNUSABLE: "unusable"}
# Attributes of the control that holds the labels.
UNLESS_DOUBTED = f'visibleWhen="choice-unselected" whenTagName="{DOUBT}"'
STYLE = """
.ls-aside { max-width: 60rem; margin-top: 1rem; padding-top: .7rem; border-top: 1px solid rgba(128, 128, 128, .25); }
.ls-aside > div { margin: 0 !important; padding: 0 !important; }
.ls-aside label { margin: 0 1rem .5rem 0 !important; padding: 0 !important; font-size: .9rem; }
"""


@dataclass(frozen=True)
class Remark:
    """What an answer says besides a label.

    Parameters
    ----------
    doubt
        ``labelsift_both_fit``, ``labelsift_unclear``, ``labelsift_unusable`` or empty.
    note
        The labeler's own words.
    """

    doubt: str = ""
    note: str = ""

    @property
    def feedback(self) -> Feedback | None:
        """Return the doubt as every platform calls it."""
        return _FEEDBACK.get(self.doubt)


def controls(to_name: str, *, both_fit: bool) -> list[str]:
    """Return the lines of a labeling config that offer the remarks, for the object of this name."""
    both = (
        f'    <Choice value="Both fit" alias="{BOTH_FIT}" hotkey="b" hint="Both labels are right: the old one stays"/>'
    )
    return [
        '<View className="ls-aside">',
        f'  <Choices name="{DOUBT}" toName="{to_name}" choice="single" showInline="true" required="false">',
        *([both] if both_fit else []),
        f'    <Choice value="Unclear, or the guideline is missing" alias="{UNCLEAR}"/>',
        f'    <Choice value="Unusable" alias="{UNUSABLE}"/>',
        "  </Choices>",
        f'  <TextArea name="{NOTE}" toName="{to_name}" rows="1" maxSubmissions="1" editable="true" required="false"'
        ' placeholder="A note, if you like"/>',
        "</View>",
    ]


def parted(result: Iterable[Mapping[str, Any]]) -> tuple[Remark, list[Mapping[str, Any]]]:
    """Part a result into the remark and what other controls say.

    >>> note = {"from_name": "labelsift_note", "type": "textarea", "value": {"text": ["two topics"]}}
    >>> parted([note, {"from_name": "label", "value": {"choices": ["refund"]}}])
    (Remark(doubt='', note='two topics'), [{'from_name': 'label', 'value': {'choices': ['refund']}}])
    """
    others: list[Mapping[str, Any]] = []
    doubt, notes = "", []
    for region in result:
        value = region.get("value") or {}
        if region.get("from_name") == DOUBT:
            doubt = next((choice for choice in value.get("choices") or () if choice in _FEEDBACK), doubt)
        elif region.get("from_name") == NOTE:
            text = value.get("text") or ()
            notes += [text] if isinstance(text, str) else [str(part) for part in text]
        else:
            others.append(region)
    return Remark(doubt, "\n".join(note.strip() for note in notes if note.strip())), others
