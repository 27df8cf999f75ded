"""Overview of a run: counts, rates and the verdict that the terminal, the page and the trackers show."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from ..data.formatting import FEWEST_JUDGED, expected_precision, percent
from ..data.issues import advice_names, also_found_sentence, issue_named, span_kinds_sentence
from ..data.schemas import issues_in, of_issue
from ..metrics.slice_metrics import judged_labels, score_column
from .class_health import ClassHealth, extra_and_missing, multilabel_health, single_label_health
from .counts import Histogram, IssueCount
from .worse_values import WorseValue, worse_values
from .wrong_label_words import (
    WrongLabelNumber,
    class_sentences,
    flags_of_budget,
    guessing,
    hidden_errors,
    notes_of,
    number_in,
    span_number_in,
    unlearnable_of,
    verdict_on,
    verdict_on_nothing,
    verdict_on_spans,
)

if TYPE_CHECKING:
    from ..store.run import Run

BINS = 20


class Overview:
    """Counts, rates and the verdict of one report; each is worked out when first asked for.

    Parameters
    ----------
    named
        The classes that may be named; None for all.
    """

    def __init__(self, report: Run, *, named: Collection[str] | None = None) -> None:
        self.report = report
        self.rows = len(report.samples)
        self.named = named

    @cached_property
    def labels(self) -> pa.ChunkedArray | None:
        """The given labels (canonical texts where they are sets), or None where labels were not judged."""
        return self.report.samples.given if "label" in issues_in(self.report.scores) else None

    @cached_property
    def labeled(self) -> int:
        """How many labels there are; 0 where labels were not judged."""
        return 0 if self.labels is None else len(self.labels) - self.labels.null_count

    @cached_property
    def judged(self) -> int:
        """How many labels were judged: what every share of wrong labels is a share of."""
        return int(self._judged.sum())

    @cached_property
    def flagged_labels(self) -> int:
        """How many labels are flagged; 0 where none was judged."""
        return int(self._flags("label").sum()) if "label" in issues_in(self.report.scores) else 0

    @cached_property
    def issues(self) -> tuple[IssueCount, ...]:
        """Every issue that was checked, in the order of the design, also those that nothing has.

        An issue that could be looked for in no sample, such as a wrong label where no label could be judged,
        was not checked.
        """
        checked = issues_in(self.report.scores)
        findings = self.report.findings
        found = pc.unique(findings["issue"]).to_pylist()
        result = []
        for issue in [*checked, *sorted(set(found) - set(checked))]:
            if self.rows and issue in checked and not self._looked_for(issue):
                continue
            if issue in checked:
                count = int(self._flags(issue).sum())
            else:
                rows = of_issue(findings, issue)
                count = len(pc.unique(rows.filter(pc.not_equal(rows["scope"], "dataset"))["id"]))
                if not count:
                    continue  # of the data set as a whole, which the verdict tells
            of = self.judged if issue in ("label", "ambiguous") else self.marked if issue == "span" else self.rows
            result.append(IssueCount(issue, count, of))
        return tuple(sorted(result, key=lambda entry: issue_named(entry.issue).rank))

    @cached_property
    def marked(self) -> int:
        """How many texts' spans were judged."""
        scores = score_column(self.report, "span_score")
        return 0 if scores is None else len(scores) - scores.null_count

    @cached_property
    def span_kinds(self) -> tuple[tuple[str, int], ...]:
        """How many findings about spans there are of each kind, most frequent first."""
        findings = of_issue(self.report.findings, "span")
        return tuple(Counter(findings["kind"].to_pylist()).most_common())

    @cached_property
    def flagged_rows(self) -> int:
        """Samples with at least one issue; a hard sample with a right label has none."""
        any_flag = np.zeros(self.rows, dtype=bool)
        for issue in set(issues_in(self.report.scores)) - advice_names():
            any_flag |= self._flags(issue)
        return int(any_flag.sum())

    @cached_property
    def quality(self) -> Histogram | None:
        """How the label scores are spread, or None where labels were not judged."""
        column = None if self.labels is None else score_column(self.report, "label_score")
        if column is None:
            return None
        scores = column.to_numpy().astype(np.float64)
        finite = np.isfinite(scores)
        if not finite.any():
            return None
        counts, _ = np.histogram(scores[finite], bins=BINS, range=(0, 1))
        flagged, _ = np.histogram(scores[finite & self._flags("label")], bins=BINS, range=(0, 1))
        edges = tuple(edge / BINS for edge in range(BINS + 1))
        return Histogram(edges, tuple(map(int, counts)), tuple(map(int, flagged)))

    @cached_property
    def confusions(self) -> tuple[tuple[str, str, int], ...]:
        """Given label, suggested label and count over the flagged samples, most frequent first."""
        suggested_labels = score_column(self.report, "suggested_label")
        if self.labels is None or suggested_labels is None or self.report.samples.task != "classification":
            return ()  # of sets and spans no single label is taken for another
        table = pa.table([self.labels, suggested_labels], ["given", "suggested"])
        table = table.filter(pa.array(self._flags("label"))).drop_null()
        pairs = table.group_by(["given", "suggested"]).aggregate([([], "count_all")]).to_pylist()
        counted = [(pair["given"], pair["suggested"], pair["count_all"]) for pair in pairs]
        return tuple(sorted(counted, key=lambda pair: (-pair[2], pair[:2])))

    @cached_property
    def mix_ups(self) -> tuple[tuple[str, str, int], ...]:
        """Those of the confusions whose classes may be named."""
        if self.named is None:
            return self.confusions
        return tuple(pair for pair in self.confusions if pair[0] in self.named and pair[1] in self.named)

    @cached_property
    def named_classes(self) -> tuple[ClassHealth, ...]:
        """Those of the classes that may be named."""
        return tuple(health for health in self.classes if self.named is None or health.name in self.named)

    @cached_property
    def classes(self) -> tuple[ClassHealth, ...]:
        """One entry a class, the highest rate of suspicious labels first."""
        if self.labels is None:
            return ()
        if self.report.samples.task == "multilabel":
            return multilabel_health(self.report, self._judged)
        if self.report.samples.task != "classification":
            return ()
        return single_label_health(self.report, self._judged, self._flags("label"), self.mix_ups)

    @cached_property
    def worse_values(self) -> tuple[WorseValue, ...]:
        """The metadata values whose labels are clearly worse than overall, worst first."""
        if self.labels is None or not self.judged or not self.tells_shares:
            return ()
        return worse_values(self.report, self._judged, self._flags("label"))

    @cached_property
    def verdict(self) -> str:
        """One sentence that a reader understands who has never heard of label errors."""
        if self.unknowable is not None:
            return verdict_on_nothing(self.unknowable)
        if self.labels is not None and self.judged:
            wrong = self.flagged_labels
            missing = self.labeled - self.judged
            labels, rest = "sets of labels" if self.report.samples.task == "multilabel" else "labels", "."
            if missing:
                labels, rest = f"judged {labels}", f"; {missing:,} of {self.labeled:,} could not be judged."
            if self.wrong_labels is not None:
                return verdict_on(self.wrong_labels, self.judged, labels) + rest
            if not wrong:
                return f"None of the {self.judged:,} {labels} looks wrong{rest}"
            verb = "looks" if wrong == 1 else "look"
            return f"About {wrong:,} of {self.judged:,} {labels} {verb} wrong ({percent(wrong, self.judged)}){rest}"
        if self.marked:
            return self._verdict_on_spans
        if self.labeled:
            return f"None of the {self.labeled:,} labels could be judged."
        if self.flagged_rows:
            have = "has" if self.flagged_rows == 1 else "have"
            share = percent(self.flagged_rows, self.rows)
            return f"{self.flagged_rows:,} of {self.rows:,} samples {have} a problem ({share})."
        return f"None of the {self.rows:,} samples has a problem." if self.rows else "There are no samples."

    @cached_property
    def _verdict_on_spans(self) -> str:
        wrong, estimate = int(self._flags("span").sum()), span_number_in(self.report.facts)
        if estimate is not None:
            return verdict_on_spans(estimate, self.report.facts["span_errors"]["judged"])
        if not wrong:
            return f"In none of the {self.marked:,} marked texts does a span look wrong."
        share = percent(wrong, self.marked)
        return f"Spans look wrong in about {wrong:,} of {self.marked:,} marked texts ({share})."

    @cached_property
    def wrong_labels(self) -> WrongLabelNumber | None:
        """How many labels are probably wrong; None where the scan tells no range."""
        return number_in(self.report.facts) if self.judged and self.report.samples.task == "classification" else None

    @cached_property
    def unknowable(self) -> dict[str, Any] | None:
        """The finding that no label of the data set can be called wrong; None where some can."""
        findings = [] if self.judged else unlearnable_of(self.report.findings, "dataset")
        return findings[0] if findings else None

    @cached_property
    def tells_shares(self) -> bool:
        """Whether a share of the labels, or spans, may be told: of a few, none is worth a percentage."""
        spans = self.report.facts.get("span_errors")
        if spans is not None:
            return spans["judged"] >= FEWEST_JUDGED
        return self.judged >= FEWEST_JUDGED or "range" not in self.report.facts.get("label_errors", {})

    def share_of(self, entry: IssueCount) -> str:
        """Write how many of the samples have an issue as a percentage; "" where no share may be told."""
        return "" if entry.issue in ("label", "span") and not self.tells_shares else percent(entry.count, entry.of)

    @cached_property
    def notes(self) -> tuple[str, ...]:
        """Notes on the run, what cannot be known first."""
        return notes_of(self.report, headline=self.unknowable)

    @cached_property
    def expectation(self) -> str:
        """How many of the flagged labels are expected to be wrong; "" where the label check did not say so."""
        facts = self.report.facts
        if "annotators" in facts:  # they change flags after the label check has told what it expects of its own
            return ""
        return expected_precision(self.flagged_labels, facts.get("label_errors", {}))

    @cached_property
    def details(self) -> str:
        """What else the reader should hear first: how far to trust flags, the usual confusion, the other issues."""
        return f"{self.trust} {self.pointers}".strip()

    @cached_property
    def trust(self) -> str:
        """How far to trust the flags, and what they say in all."""
        sentences = [] if self.unknowable is None else [guessing(self.unknowable)]
        budget = self.report.settings.get("budget") is not None
        if self.wrong_labels is not None:
            sentences.append(hidden_errors(self.wrong_labels))
            sentences += [flags_of_budget(self.flagged_labels, self.wrong_labels)] if budget else []
        sentences.append(self.expectation)
        if self.report.samples.task == "multilabel":
            sentences += extra_and_missing(self.classes)
        if self.marked and budget:
            sentences.append("Flagged are the likeliest errors of the worst texts, as the budget asks.")
        return " ".join(filter(None, [*sentences, span_kinds_sentence(self.span_kinds)]))

    @cached_property
    def pointers(self) -> str:
        """What the page shows in notes, figures and cards: odd classes, the usual confusion, the other issues."""
        sentences = class_sentences(self.report)
        top = self.mix_ups[0] if self.mix_ups else None
        if top and top[2] > 1:
            sentences.append(f"The most common mix-up: {top[2]:,} labeled {top[0]} look like {top[1]}.")
        leading = "span" if self.marked else "label"
        others = [(entry.issue, entry.count) for entry in self.issues if entry.issue != leading and entry.count]
        sentences.append(also_found_sentence(others, also=self.labels is not None or bool(self.marked)))
        return " ".join(filter(None, sentences))

    @cached_property
    def _judged(self) -> np.ndarray:
        """Whose label was judged: bool, shape (samples,)."""
        return judged_labels(self.report)

    def _looked_for(self, issue: str) -> bool:
        if issue == "label":
            return bool(self.judged)
        scores = score_column(self.report, f"{issue}_score")
        return scores is None or scores.null_count < self.rows

    def _flags(self, issue: str) -> np.ndarray:
        flags = score_column(self.report, f"is_{issue}_issue")
        return np.zeros(self.rows, dtype=bool) if flags is None else flags.fill_null(False).to_numpy()
