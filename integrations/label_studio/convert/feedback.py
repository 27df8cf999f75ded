"""Feedback controls of review projects: both fit, unclear, unusable, and a note. Pure functions.

The controls stand in the labeling configs of review projects, under names of labelsift's own, so that nothing takes
them for labels. Who says one of the three need not choose a label: the labels are hidden then, and Label Studio asks
for no answer of a control that is hidden.

"Both fit" is offered where the page names two labels and a sample has one: of single labels, and not in mode blind.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from labelsift.data.review_queue import Copies
from labelsift.review.verdicts import Feedback

DOUBT, NOTE, COPIES = "labelsift_doubt", "labelsift_note", "labelsift_copies"  # names of controls
BOTH_FIT, UNCLEAR, UNUSABLE = "labelsift_both_fit", "labelsift_unclear", "labelsift_unusable"  # what an answer holds
DROP, KEEP = "labelsift_drop_copy", "labelsift_keep_copies"
_FEEDBACK: dict[str, Feedback] = {
    BOTH_FIT: "both_fit",
    UNCLEAR: "unclear",
    UNUSABLE: "unusable",
    DROP: "drop_copy",
    KEEP: "keep_copies",
}
# Attributes of the control that holds the labels.
UNLESS_DOUBTED = f'visibleWhen="choice-unselected" whenTagName="{DOUBT}"'
# And of the view around it: whoever decides about copies need not choose a label, either.
UNLESS_COPIED = f'visibleWhen="choice-unselected" whenTagName="{COPIES}"'


@dataclass(frozen=True)
class Remark:
    """What an answer says besides a label.

    Parameters
    ----------
    doubt
        What they chose of the controls ``labelsift_doubt`` and ``labelsift_copies``; empty without.
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


def copies_control(to_name: str) -> str:
    """Return the line that asks about a duplicate; what it offers stands in each task, see :func:`offered`."""
    more = 'choice="single-radio" showInline="true" required="false"'
    return f'<Choices name="{COPIES}" toName="{to_name}" value="${COPIES}" {more}/>'


def offered(copies: Sequence[Copies]) -> list[dict[str, str]]:
    """Return the choices about a duplicate that a task offers.

    >>> [choice["value"] for choice in offered(["drop_copy", "keep_copies"])]
    ['Drop this copy', 'Keep both copies']
    """
    words = {"drop_copy": (DROP, "d", "Drop this copy"), "keep_copies": (KEEP, "k", "Keep both copies")}
    return [dict(zip(("alias", "hotkey", "value"), words[name], strict=True)) for name in copies]


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
        if region.get("from_name") in (DOUBT, COPIES):
            doubt = next((choice for choice in value.get("choices") or () if choice in _FEEDBACK), doubt)
        elif region.get("from_name") == NOTE:
            text = value.get("text") or ()
            notes += [text] if isinstance(text, str) else [str(part) for part in text]
        else:
            others.append(region)
    return Remark(doubt, "\n".join(note.strip() for note in notes if note.strip())), others
