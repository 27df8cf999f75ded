"""Label question of a dataset: which one holds the labels, what kind they are, and their values both ways. Pure.

Of several questions that could hold labels these count before others: those with options (label_selection,
multi_label_selection, span), then rating, then text. Among the questions of one such class it is the only one, else
the first that people must answer. A ranking is no label.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import Any, Literal

from labelsift.data.formatting import listed
from labelsift.data.media import Medium
from labelsift.data.review_queue import Value
from labelsift.data.samples import Task
from labelsift.data.spans import fault as misplaced
from labelsift.errors import InputError
from labelsift.io.formats.argilla import value_of
from labelsift.review.label_names import Names

from ..client.read import Dataset
from .values import suggestion_of, to_argilla

Kind = Literal["label_selection", "multi_label_selection", "span", "rating", "text"]

_CLASSES = (("label_selection", "multi_label_selection", "span"), ("rating",), ("text",))
_TASKS: dict[str, Task] = {"span": "spans", "multi_label_selection": "multilabel"}


@dataclass(frozen=True)
class LabelQuestion:
    """The question whose answers are labels.

    Parameters
    ----------
    name, id
        Its name, and the server's id.
    kind
        Its type.
    labels
        The values of its options, in their order; none of a text question, where any text is a label.
    shown
        What people read → the value, where that is another name.
    field
        The text field in which spans are marked; empty for other kinds.
    overlapping
        Whether spans may overlap.
    beside
        Questions of the same class that could hold labels, too.
    required
        Other questions without whose answer the server takes no response.
    """

    name: str
    id: str
    kind: Kind
    labels: tuple[str, ...] = ()
    shown: Mapping[str, str] = dataclasses.field(default_factory=dict, hash=False, compare=False)
    field: str = ""
    overlapping: bool = False
    beside: tuple[str, ...] = ()
    required: tuple[str, ...] = ()

    @property
    def task(self) -> Task:
        """The kind of labels that stand here."""
        return _TASKS.get(self.kind, "classification")

    @cached_property
    def names(self) -> Names:
        """The labels, found by the names that the data has for them."""
        return Names(self.labels, self.shown)

    def unknown(self, value: Value | None) -> list[str]:
        """Return the labels of a value that the question does not offer."""
        return [] if self.kind == "text" else self.names.unknown(value)

    def fault(self, value: Value, *, text: str = "") -> str | None:
        """Say why the server would refuse a value (under the names of the question); None where it would not."""
        if isinstance(value, str) != (self.task == "classification"):
            return f"The question {self.name} holds {'one label' if self.task == 'classification' else self.task}"
        if unknown := self.unknown(value):
            return f"The question {self.name} has no label {', '.join(map(repr, unknown))}"
        if self.kind == "multi_label_selection" and not value:
            return f"Argilla takes no empty set of labels in the question {self.name}"
        if self.kind == "text" and not value:
            return f"Argilla takes no empty text in the question {self.name}"
        if self.kind != "span":
            return None
        spans = sorted((int(start), int(end), str(label)) for start, end, label in value)
        for span, after in () if self.overlapping else pairwise(spans):
            if after[0] < span[1]:
                names = [f"{start}–{end} {label}" for start, end, label in (span, after)]
                return f"The spans {' and '.join(names)} overlap, which the question {self.name} forbids"
        return misplaced(spans, text)

    def to_answer(self, value: Value) -> Any:  # noqa: ANN401 - any JSON
        """Return a value (under the names of the question) as it stands in a response or a suggestion."""
        return int(value) if self.kind == "rating" else to_argilla(value)

    def response(self, values: Mapping[str, Any] | None) -> Value | None:
        """Return the value in the answers of one response: question → ``{"value": …}``."""
        return value_of(((values or {}).get(self.name) or {}).get("value"))

    def suggestion(self, value: Value, *, score: float | None, issue: str) -> dict[str, Any]:
        """Return a suggestion of labelsift's (under the names of the question) as a record holds it."""
        made = suggestion_of(value, score=score, issue=issue)
        return {"question_id": self.id, **made, "value": self.to_answer(value)}


def label_question_of(dataset: Dataset, *, name: str | None = None, hint: str) -> LabelQuestion:
    """Find the question of a dataset that holds labels; see the rule above.

    Parameters
    ----------
    name
        The question, where it is known.
    hint
        How to do without, for whoever asks.

    Raises
    ------
    InputError
        If there is none, or several and people must answer none of them; names the questions.
    """
    questions = dataset.questions
    kinds = {key: str(question["settings"]["type"]) for key, question in questions.items()}
    several: Sequence[str] = [name] if name else []
    for kind in () if name else _CLASSES:
        several = several or [key for key in questions if kinds[key] in kind]
    wanted = [key for key in several if questions[key].get("required")] if len(several) > 1 else several
    if not wanted:
        names = listed([f"{key} ({kind})" for key, kind in kinds.items()], most=20) or "none"
        why = "several that could hold labels, and people must answer none of them" if several else "none for labels"
        raise InputError(f"Of the questions of {dataset.title} there is {why}. There is: {names}", hint=hint)
    question = questions[wanted[0]]
    settings = question["settings"]
    options = settings.get("options") or ()
    labels = tuple(str(option["value"]) for option in options)
    return LabelQuestion(
        name=wanted[0],
        id=question["id"],
        kind=settings["type"],
        labels=labels,
        shown={text: str(option["value"]) for option in options if (text := option.get("text")) and text not in labels},
        field=str(settings.get("field") or ""),
        overlapping=bool(settings.get("allow_overlapping")),
        beside=tuple(key for key in several if key != wanted[0]),
        required=tuple(key for key, other in questions.items() if other.get("required") and key != wanted[0]),
    )


def shown_field(dataset: Dataset, question: LabelQuestion, *, hint: str) -> tuple[str, Medium]:
    """Return the field that is labeled, and whether it holds texts or images.

    It is the one in which spans are marked, else the first of these: a text field that every record has, such a field
    of images, any text field, any field of images.

    Raises
    ------
    InputError
        If a dataset shows chats or pages of its own only, which are no texts.
    """
    if question.field:
        return question.field, "text"
    kinds = {key: str(field["settings"]["type"]) for key, field in dataset.fields.items()}
    for required in (True, False):
        for medium in ("text", "image"):
            for key, kind in kinds.items():
                if kind == medium and (dataset.fields[key].get("required") or not required):
                    return key, medium
    names = listed([f"{key} ({kind})" for key, kind in kinds.items()], most=20)
    raise InputError(f"{dataset.title} has no field of texts or images. There is: {names}", hint=hint)
