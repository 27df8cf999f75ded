"""Feedback controls of review projects: both fit, unclear, unusable, what is to be done, and a note. Pure functions.

The controls stand in the labeling configs of review projects, under names of labelsift's own, so that nothing takes
them for labels. Who says one of the three need not choose a label: the labels are hidden then, and Label Studio asks
for no answer of a control that is hidden.

What can be done with a sample and with a duplicate stands in each task, for one control that is there for both. Who
repairs a text may write a new one; as long as that field is empty, the repaired text counts that the page shows.

"Both fit" is offered where the page names two labels and a sample has one: of single labels, and not in mode blind.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from labelsift.data.review_queue import Copies, ReviewItem
from labelsift.review.actions import words_of
from labelsift.review.verdicts import Feedback

# Names of controls; the one of copies offers all that can be done with a sample.
DOUBT, NOTE, COPIES, NEW_TEXT = "labelsift_doubt", "labelsift_note", "labelsift_copies", "labelsift_new_text"
BOTH_FIT, UNCLEAR, UNUSABLE = "labelsift_both_fit", "labelsift_unclear", "labelsift_unusable"  # what an answer holds
DROP, KEEP = "labelsift_drop_copy", "labelsift_keep_copies"
REDACT, EDIT, AS_IT_IS = "labelsift_redact", "labelsift_edit", "labelsift_keep"
_FEEDBACK: dict[str, Feedback] = {
    BOTH_FIT: "both_fit",
    UNCLEAR: "unclear",
    UNUSABLE: "unusable",
    DROP: "drop_copy",
    KEEP: "keep_copies",
    REDACT: "redact",
    EDIT: "edit",
    AS_IT_IS: "keep",
}
_COPIES: dict[Copies, tuple[str, str, str]] = {
    "drop_copy": (DROP, "d", "Drop this copy"),
    "keep_copies": (KEEP, "k", "Keep both copies"),
}
_ACTIONS = {"redact": (REDACT, "m"), "edit": (EDIT, "e"), "remove": (UNUSABLE, "r"), "keep": (AS_IT_IS, "k")}
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
    text
        The new text that they wrote; empty without.
    """

    doubt: str = ""
    note: str = ""
    text: str = ""

    @property
    def feedback(self) -> Feedback | None:
        """Return the doubt as every platform calls it."""
        return _FEEDBACK.get(self.doubt)


def controls(to_name: str, *, both_fit: bool, unusable: bool = True) -> list[str]:
    """Return the lines of a labeling config that offer the remarks, for the object of this name.

    ``unusable`` is left out where the page always offers to remove a sample.
    """
    both = (
        f'    <Choice value="Both fit" alias="{BOTH_FIT}" hotkey="b" hint="Both labels are right: the old one stays"/>'
    )
    return [
        '<View className="ls-aside">',
        f'  <Choices name="{DOUBT}" toName="{to_name}" choice="single" showInline="true" required="false">',
        *([both] if both_fit else []),
        f'    <Choice value="Unclear, or the guideline is missing" alias="{UNCLEAR}"/>',
        *([f'    <Choice value="Unusable" alias="{UNUSABLE}"/>'] if unusable else []),
        "  </Choices>",
        f'  <TextArea name="{NOTE}" toName="{to_name}" rows="1" maxSubmissions="1" editable="true" required="false"'
        ' placeholder="A note, if you like"/>',
        "</View>",
    ]


def copies_control(to_name: str, *, texts: bool = True, required: bool = False) -> list[str]:
    """Return the lines that ask what is to be done; what they offer stands in each task, see :func:`offered`.

    ``texts`` adds the field for a new text.
    """
    more = f'choice="single-radio" showInline="true" required="{str(required).lower()}"'
    more += f" {UNLESS_DOUBTED}" if required else ""
    when = f'visibleWhen="choice-selected" whenTagName="{COPIES}" whenChoiceValue="{EDIT}"'
    choices = f'<Choices name="{COPIES}" toName="{to_name}" value="${COPIES}" {more}/>'
    if not texts:
        return [choices]
    return [
        choices,
        f"<View {when}>",
        f'  <TextArea name="{NEW_TEXT}" toName="{to_name}" rows="4" maxSubmissions="1" editable="true" required="false"'
        ' placeholder="The new text; left empty, the repaired one is taken"/>',
        "</View>",
    ]


def offered(item: ReviewItem) -> list[dict[str, str]]:
    """Return the choices that a task offers: of a duplicate, and of what is to be done with it.

    >>> item = ReviewItem("a", 1, ("pii",), {}, "…", None, None, None, "", actions=("redact", "keep"))
    >>> [choice["value"] for choice in offered(item)]
    ['Mask the personal data', 'Keep it as it is']
    """
    words = [_COPIES[name] for name in item.copies]
    words += [(*_ACTIONS[name], words_of(name, item)) for name in item.actions]
    return [dict(zip(("alias", "hotkey", "value"), choice, strict=True)) for choice in words]


def without_copies(choices: Sequence[Mapping[str, str]]) -> list[Mapping[str, str]]:
    """Take out of the choices of a task those about a duplicate, whose other copy is gone."""
    return [choice for choice in choices if choice.get("alias") not in (DROP, KEEP)]


def parted(result: Iterable[Mapping[str, Any]]) -> tuple[Remark, list[Mapping[str, Any]]]:
    """Part a result into the remark and what other controls say.

    >>> note = {"from_name": "labelsift_note", "type": "textarea", "value": {"text": ["two topics"]}}
    >>> parted([note, {"from_name": "label", "value": {"choices": ["refund"]}}])
    (Remark(doubt='', note='two topics', text=''), [{'from_name': 'label', 'value': {'choices': ['refund']}}])
    """
    others: list[Mapping[str, Any]] = []
    doubt, texts = "", {NOTE: [], NEW_TEXT: []}
    for region in result:
        value = region.get("value") or {}
        if region.get("from_name") in (DOUBT, COPIES):
            doubt = next((choice for choice in value.get("choices") or () if choice in _FEEDBACK), doubt)
        elif (name := region.get("from_name")) in texts:
            text = value.get("text") or ()
            texts[name] += [text] if isinstance(text, str) else [str(part) for part in text]
        else:
            others.append(region)
    note = "\n".join(note.strip() for note in texts[NOTE] if note.strip())
    return Remark(doubt, note, "\n".join(texts[NEW_TEXT])), others
