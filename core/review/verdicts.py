"""Verdict rule: does an answer accept, change or refuse a suggestion; partial span annotations merged into whole ones.

**Spans in dispute.** Where a task names a dispute (modes choose and prefill), people mark the words in question only:

1. What they marked replaces the given spans that are in dispute. If they say that nothing is to be marked, those go
   and nothing comes.
2. The other given spans stay, though nobody saw them highlighted. But one that shares characters with what was marked
   goes: the new one replaces it (moving or widening a span does not leave the old one behind). In a text whose given
   spans overlap among each other already, overlapping is meant, and they stay.
3. Where nothing was shown (mode blind), people mark the whole text: what they marked is the whole new list.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from ..data.adjudication import BOTH_FIT, EMPTIED, SKIPPED, UNDECIDED
from ..data.samples import Task
from .suggestions import Span, Value, disputed, listed

# What people can say in place of a label: of it, of a duplicate, and what is to be done with the sample (unusable:
# remove it); and that an answer which held one was emptied.
Feedback = Literal["both_fit", "unclear", "unusable", "drop_copy", "keep_copies", "redact", "edit", "keep", "emptied"]


@dataclass(frozen=True)
class Decision:
    """Columns ``action``, ``verdict`` and ``value`` of CORRECTIONS_SCHEMA; the value is not yet written as JSON."""

    action: str
    verdict: str
    value: Value | None


def decide(
    answer: Value | None,
    *,
    given: Value | None,
    suggested: Value | None,
    task: Task = "classification",
    feedback: Feedback | None = None,
    skipped: bool = False,
) -> Decision:
    """Compare an answer with what was given and what was suggested.

    An answer that repeats the given label refuses the suggestion, one that repeats the suggestion accepts it. The order
    of labels and spans does not matter. Feedback counts whichever label stands beside it. Where both labels fit the
    given one stays, and the answer says neither that it is wrong nor that it is right. To drop a copy is what was
    suggested of a duplicate, to keep both is not. Of ``redact`` the suggestion is the places to mask, and stands in for
    the answer; of ``edit`` the answer is the new text, and the suggestion the repaired one.

    >>> decide("refund", given="top_up", suggested="refund")
    Decision(action='relabel', verdict='accepted', value='refund')
    >>> decide(["a"], given=["a"], suggested=["a", "b"], task="multilabel")
    Decision(action='keep', verdict='refused', value=['a'])
    >>> decide(None, given="top_up", suggested="refund", feedback="both_fit")
    Decision(action='keep', verdict='both_fit', value='top_up')
    >>> decide(None, given="top_up", suggested=None, feedback="drop_copy")
    Decision(action='remove', verdict='accepted', value=None)
    """
    if skipped:
        return Decision("keep", SKIPPED, given)
    if feedback in UNDECIDED:
        return Decision(feedback, feedback, given if feedback == EMPTIED else None)
    if feedback == "both_fit":
        return Decision("keep", BOTH_FIT, given)
    if feedback in ("unusable", "drop_copy"):
        return Decision("remove", "changed" if feedback == "unusable" else "accepted", None)
    if feedback == "redact":
        return Decision("redact", "accepted", suggested)
    if feedback == "edit":
        return Decision("edit", "accepted" if answer == suggested else "changed", answer)
    if feedback in ("keep", "keep_copies") or _comparable(answer) == _comparable(given):
        return Decision("keep", "refused", given if feedback else answer)
    accepted = suggested is not None and _comparable(answer) == _comparable(suggested)
    return Decision("respan" if task == "spans" else "relabel", "accepted" if accepted else "changed", answer)


def merge_disputed(given: Value | None, suggested: Value | None, marked: Value) -> Value:
    """Return the whole new list of a text's spans, after a person marked what is in dispute; see the rule above.

    >>> merge_disputed([[0, 3, "a"], [5, 8, "b"]], [[0, 3, "x"], [5, 8, "b"]], [[0, 3, "x"]])
    [[0, 3, 'x'], [5, 8, 'b']]
    """
    before, _ = disputed(given, suggested)
    spans = listed(given or ())
    kept = [span for span in spans if span not in before]
    if not any(_overlap(span, other) for index, span in enumerate(spans) for other in spans[index + 1 :]):
        kept = [span for span in kept if not any(_overlap(span, new) for new in marked)]
    return listed([*kept, *marked])


def _comparable(value: Value | None) -> Any:  # noqa: ANN401 - whatever equals
    if isinstance(value, list):
        return sorted(tuple(item) if isinstance(item, (list, tuple)) else (item,) for item in value)
    return value


def _overlap(span: Span, other: Span) -> bool:
    return span[0] < other[1] and other[0] < span[1]  # type: ignore[operator]
