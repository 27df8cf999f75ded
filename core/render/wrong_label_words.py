"""Wrong labels and spans in words: how many are probably wrong with their range, and what nobody can know."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.compute as pc

from ..data.formatting import FEWEST_JUDGED, listed, percent, shortened
from ..data.issues import MOSTLY_WRONG, TOO_FEW
from ..data.schemas import of_issue

if TYPE_CHECKING:
    from ..store.run import Run

NAMED = 3  # classes in one sentence
NAME_LENGTH = 60


@dataclass(frozen=True)
class WrongLabelNumber:
    """How many labels, or spans, are probably wrong, as a scan estimated it.

    Parameters
    ----------
    number
        The estimate; the scan flags just these, unless it was given a budget.
    low, high
        Its range: 0 <= low <= number <= high.
    """

    number: int
    low: int
    high: int

    @property
    def range(self) -> str:
        """The range in brackets, "" where it has no width.

        >>> WrongLabelNumber(69, 45, 1158).range, WrongLabelNumber(0, 0, 0).range
        (' (45 to 1,158)', '')
        """
        return f" ({self.low:,} to {self.high:,})" if self.low < self.high else ""


def number_in(facts: Mapping[str, Any]) -> WrongLabelNumber | None:
    """Read the estimate out of a run's facts.

    None where nothing is claimed, in a run that was kept before there was a range, and with several annotators, who
    change flags after the label check has told what it expects of its own.

    >>> number_in({"label_errors": {"number": 3, "range": [1, 9], "learnable": True}})
    WrongLabelNumber(number=3, low=1, high=9)
    >>> number_in({"label_errors": {"expected_wrong": 3.2}}), number_in({})
    (None, None)
    """
    estimates = facts.get("label_errors", {})
    if "annotators" in facts or estimates.get("range") is None:
        return None
    low, high = estimates["range"]
    return WrongLabelNumber(int(estimates["number"]), int(low), int(high))


def span_number_in(facts: Mapping[str, Any]) -> WrongLabelNumber | None:
    """Read the estimate for spans out of a run's facts; None where nothing is claimed.

    >>> span_number_in({"span_errors": {"number": 3, "range": [1, 9]}}), span_number_in({})
    (WrongLabelNumber(number=3, low=1, high=9), None)
    """
    estimates = facts.get("span_errors", {})
    if estimates.get("range") is None:
        return None
    low, high = estimates["range"]
    return WrongLabelNumber(int(estimates["number"]), int(low), int(high))


def verdict_on_spans(estimate: WrongLabelNumber, marked: int) -> str:
    """Say how many spans are probably wrong or missing.

    >>> verdict_on_spans(WrongLabelNumber(69, 45, 158), 763)
    'About 69 spans are probably wrong (45 to 158), counting missing ones; 763 are marked.'
    >>> verdict_on_spans(WrongLabelNumber(0, 0, 33), 1500)
    'None of the 1,500 marked spans stands out as wrong (up to 33 may be, or be missing).'
    """
    if estimate.number:
        spans = "1 span is" if estimate.number == 1 else f"{estimate.number:,} spans are"
        return f"About {spans} probably wrong{estimate.range}, counting missing ones; {marked:,} are marked."
    hidden = f" (up to {estimate.high:,} may be, or be missing)" if estimate.high else ""
    return f"None of the {marked:,} marked spans stands out as wrong{hidden}."


def verdict_on(estimate: WrongLabelNumber, judged: int, labels: str) -> str:
    """Say how many labels are probably wrong, without a full stop; ``labels`` is what they are called.

    >>> verdict_on(WrongLabelNumber(69, 45, 158), 763, "judged labels")
    'About 69 of 763 judged labels are probably wrong (45 to 158)'
    >>> verdict_on(WrongLabelNumber(1, 0, 9), 1500, "labels")
    'About 1 of 1,500 labels is probably wrong (0 to 9)'
    >>> verdict_on(WrongLabelNumber(0, 0, 33), 1500, "labels")
    'None of the 1,500 labels stands out as wrong (up to 33 may be)'
    """
    if estimate.number:
        verb = "is" if estimate.number == 1 else "are"
        return f"About {estimate.number:,} of {judged:,} {labels} {verb} probably wrong{estimate.range}"
    hidden = f" (up to {estimate.high:,} may be)" if estimate.high else ""
    return f"None of the {judged:,} {labels} stands out as wrong{hidden}"


def flags_of_budget(flagged: int, estimate: WrongLabelNumber) -> str:
    """Say what is flagged where a budget, and not the estimate, decides; "" where both are the same.

    >>> flags_of_budget(100, WrongLabelNumber(69, 45, 158))
    'Flagged are the 100 likeliest errors, as the budget asks: beyond the first 69, each is likelier right than wrong.'
    >>> flags_of_budget(20, WrongLabelNumber(69, 45, 158))
    'Flagged are the 20 likeliest errors, as the budget asks.'
    """
    if not flagged or flagged == estimate.number:
        return ""
    if flagged == 1:
        rest = ": it is likelier right than wrong" if not estimate.number else ""
        return f"Flagged is the likeliest error, as the budget asks{rest}."
    first = f"Flagged are the {flagged:,} likeliest errors, as the budget asks"
    if flagged < estimate.number:
        return f"{first}."
    beyond = f"beyond the first {estimate.number:,}, each" if estimate.number else "each of them"
    return f"{first}: {beyond} is likelier right than wrong."


def hidden_errors(estimate: WrongLabelNumber) -> str:
    """Say why no label stands out and some may be wrong all the same; "" where labels stand out."""
    if estimate.number or not estimate.high:
        return ""
    return "Where classes overlap, an error looks like any other label: only people can tell."


def verdict_on_nothing(finding: Mapping[str, Any]) -> str:
    """Say that no label of a data set can be called wrong, by the finding that says so.

    >>> verdict_on_nothing({"kind": "", "reason": "The samples hardly tell these labels: …"})
    'The samples hardly tell these labels: none can be called wrong.'
    """
    if finding["kind"] == TOO_FEW:
        return str(finding["reason"])
    return f"{finding['reason'].partition(':')[0]}: none can be called wrong."


def guessing(finding: Mapping[str, Any]) -> str:
    """Compare the model with guessing; "" where so few labels are worth no percentage.

    >>> finding = {"evidence": '{"agreement": 0.357, "guessing": 0.342, "judged": 600}'}
    >>> guessing(finding).replace(chr(160), " ")
    'The model agrees with 35.7 % of them; to guess the commonest label every time would with 34.2 %.'
    """
    evidence = json.loads(finding["evidence"] or "{}")
    if evidence.get("judged", 0) < FEWEST_JUDGED:
        return ""
    agrees, guess = percent(evidence["agreement"]), percent(evidence["guessing"])
    return f"The model agrees with {agrees} of them; to guess the commonest label every time would with {guess}."


def unlearnable_of(findings: pa.Table, scope: str, *, kind: str | None = None) -> list[dict[str, Any]]:
    """Return the findings that the samples do not tell a class's labels, or those of the whole data set.

    Parameters
    ----------
    kind
        Those of this kind only: "" = the model does not find the class, ``mostly_wrong``; None = all.
    """
    rows = of_issue(findings, "unlearnable")
    rows = rows.filter(pc.equal(rows["scope"], scope)).to_pylist()
    return [row for row in rows if kind is None or (row["kind"] or "") == kind]


def class_sentences(report: Run) -> list[str]:
    """Name the classes of which nothing is claimed, and those that are mostly wrong."""
    unknown, wrong = (
        [row["id"] for row in unlearnable_of(report.findings, "class", kind=kind)] for kind in ("", MOSTLY_WRONG)
    )
    sentences = []
    if unknown:
        which = "that class" if len(unknown) == 1 else "those classes"
        sentences.append(f"No label {_names(unknown)} can be called wrong: the samples do not tell {which}.")
    if wrong:
        each = "class" if len(wrong) == 1 else "classes"
        sentences.append(
            f"Most labels {_names(wrong)} are probably wrong: look at the {each} first, then at the samples."
        )
    return sentences


def notes_of(report: Run, *, headline: Mapping[str, Any] | None = None) -> tuple[str, ...]:
    """Return a run's notes, those on what cannot be known first, and not that of a finding that is the headline."""
    without = headline["reason"] if headline else None
    first = {row["reason"] for scope in ("dataset", "class") for row in unlearnable_of(report.findings, scope)}
    notes = [note for note in report.notes if note != without]
    return tuple(sorted(notes, key=lambda note: note not in first))


def _names(classes: Sequence[str]) -> str:
    """Name the first classes.

    >>> _names(["a"]), _names(["a", "b", "c", "d", "e"])
    ('of class a', 'of classes a, b, c and 2 more')
    """
    names = [shortened(name, NAME_LENGTH) for name in classes]
    return f"of {'class' if len(names) == 1 else 'classes'} {listed(names, most=NAMED)}"
