"""Disclosure: what a tracker may be told of a run, as a run that knows no more than that.

Everything that a tracker gets is made from it: scalars, tables, verdict and page. It lacks

- columns that name people (:mod:`labelsift.data.people_columns`), whatever a check or a note said of them, and figures
  of annotators; a slice that was declared over such a column is counted all the same;
- slices of columns that hold personal data or secrets, also where the scan did not look for these, and such class
  names, which are masked;
- sentences, rows of tables and findings that name a class of fewer than ten samples; a single sample keeps its label;
- sentences and tables of the checks that quote words of the texts, unless texts were asked for;
- places of words that speak for a label: in masked texts they would stand elsewhere.

What is left out is left out by whole sentences: that a value is named is seen by its column, or by itself.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from ...data.factorize import MAX_VALUES
from ...data.hidden_texts import COLUMNS, hidden_columns
from ...data.issues import issue_named
from ...data.people_columns import people_columns
from ...data.schemas import from_json, with_column, without_words
from ...metrics.slice_metrics import FEWEST
from ...search.named_slices import hides, selection_of
from ...texts.redaction import masked, matches
from ..check_verdicts import OF_WORDS
from .sentences import Mentions

if TYPE_CHECKING:
    from ...data.samples import Samples
    from ...store.run import Run

CONSENSUS = "Weighing all annotators and the model, another label is likelier."  # its own reason names them
_LABELS = ("label", "labels", "spans", "annotations", "predicted")


def disclosed(report: Run, *, words: bool = False) -> Run:
    """Return the run as a tracker may know it, under the fingerprint of what was scanned.

    Parameters
    ----------
    words
        Keep what checks say in words of the texts.
    """
    private = private_columns(report)
    people = people_columns(report.samples.metadata.column_names)
    unsafe = _masked_classes(report)
    named = Mentions([*_people_named(report, private), *unsafe])
    rare = [name for name, n in class_sizes(report.samples).items() if n < FEWEST and name not in unsafe]
    whole = Mentions([*named.terms, *rare])
    hidden = (report.facts.get(COLUMNS) or {}) | {"tracker": sorted(private)}
    shown = masked_classes(report)
    dropped = _dropped(shown, private, whole, {*rare, *unsafe})
    reasons: dict[str, list[str]] = defaultdict(list)
    for row in shown.findings.filter(pa.array(dropped)).select(["issue", "reason"]).to_pylist():
        reasons[row["issue"]].append(row["reason"] or "")
    checks = _checks(report.facts.get("checks") or {}, whole, reasons, words=words)
    facts = report.facts | {"checks": checks, COLUMNS: hidden}
    if "annotators" in facts:
        facts["annotators"] = []
    findings = without_words(shown.findings.filter(pa.array(~dropped)))
    metadata = shown.samples.metadata.drop_columns(sorted(people))
    return changed(
        shown,
        samples=shown_samples(report.samples, shown.samples.table, metadata),
        facts=facts,
        notes=tuple(filter(None, map(whole.left_out, report.notes))),
        findings=with_column(findings, "reason", _reasons(findings, named, words=words)),
    )


def private_columns(run: Run) -> set[str]:
    """Return the metadata columns that name people or hold personal data or secrets.

    Those that the check of personal data was told to show are none.
    """
    settings: Mapping[str, Any] = (run.settings.get("checks") or {}).get("pii") or {}
    personal = set(personal_columns(run.samples)) - set(settings.get("shown_columns") or ())
    return people_columns(run.samples.metadata.column_names) | hidden_columns(run.facts) | personal


def personal_columns(samples: Samples) -> list[str]:
    """Return the metadata columns of few values of which one is personal data or a secret."""
    return [
        name
        for name in samples.metadata.column_names
        if any(matches(value) for value in _few_values(samples.metadata[name]))
    ]


def named_classes(samples: Samples) -> set[str]:
    """Return the classes that have samples enough to be named beside figures; of spans all types may be."""
    if samples.task == "spans":
        return set(samples.classes)
    return {name for name, n in class_sizes(samples).items() if n >= FEWEST}


def class_sizes(samples: Samples) -> dict[str, int]:
    """Return class → how many samples have it; 0 of a class that is only predicted."""
    names = samples.classes
    if samples.task == "classification":
        sizes = {} if samples.labels is None else dict.fromkeys(names, 0)
        for entry in [] if samples.labels is None else pc.value_counts(samples.labels.drop_null()).to_pylist():
            sizes[entry["values"]] = entry["counts"]
        return sizes
    if samples.task == "multilabel":
        return dict(zip(names, (samples.members(names) == 1).sum(axis=0).tolist(), strict=True))
    return {}  # types of spans are no classes of samples


def masked_classes(run: Run) -> Run:
    """Return the run with marks in place of personal data in the names of its classes; two of one mark are numbered."""
    names = _masked_classes(run)
    if not names:
        return run
    table, scores, findings = run.samples.table, run.scores, run.findings
    for name in set(_LABELS) & set(table.column_names):
        table = with_column(table, name, _renamed(table[name], names))
    for name in [name for name in scores.column_names if name.startswith("suggested")]:
        scores = with_column(scores, name, _renamed(scores[name], names))
    for name in ("given", "suggested", "evidence"):
        findings = with_column(findings, name, _renamed(findings[name], names))
    return changed(
        run,
        samples=shown_samples(run.samples, table, run.samples.metadata),
        scores=scores,
        findings=findings,
        classes=tuple(names.get(name, name) for name in run.classes),
    )


def changed(run: Run, **changes: Any) -> Run:  # noqa: ANN401 - the fields of a run
    """Return a run with other fields whose declared slices are still asked of all columns that it had."""
    other = replace(run, **changes)
    other.__dict__["selection"] = selection_of(run)
    return other


def shown_samples(samples: Samples, table: pa.Table, metadata: pa.Table) -> Samples:
    """Return samples as they are shown, under the fingerprint of what was scanned."""
    shown = replace(samples, table=table, metadata=metadata)
    shown.__dict__["fingerprint"] = samples.fingerprint
    return shown


def _people_named(report: Run, private: Iterable[str]) -> list[str]:
    """Return private columns, their values where these are few enough to be sliced, and annotators."""
    terms = list(private)
    for name in terms[:]:
        if name in report.samples.metadata.column_names:
            terms += _few_values(report.samples.metadata[name])
    terms += [str(row["annotator"]) for row in report.facts.get("annotators", [])]
    return [term for term in terms if len(term) > 1 and not term.isnumeric()]


def _few_values(column: pa.ChunkedArray) -> list[str]:
    if pa.types.is_dictionary(column.type):
        column = column.cast(column.type.value_type)
    if not (pa.types.is_string(column.type) or pa.types.is_large_string(column.type)):
        return []
    values = pc.unique(column).drop_null()
    return values.to_pylist() if len(values) <= MAX_VALUES else []


def _masked_classes(run: Run) -> dict[str, str]:
    """Return the classes whose names hold personal data or secrets, and what they are called instead."""
    names = dict.fromkeys((*run.samples.classes, *run.classes))
    renamed: dict[str, str] = {}
    for name in names:
        mark = masked(name)
        if mark == name:
            continue
        number = 1
        while (other := mark if number == 1 else f"{mark} ({number})") in {*names, *renamed.values()}:
            number += 1
        renamed[name] = other
    return renamed


def _renamed(column: pa.ChunkedArray, names: Mapping[str, str]) -> pa.Array:
    """Return a column of labels, or of JSON that holds some, with other names; each value is looked at once."""
    coded = column.combine_chunks().dictionary_encode()
    quoted = {json.dumps(old, ensure_ascii=False): json.dumps(new, ensure_ascii=False) for old, new in names.items()}
    values = []
    for value in coded.dictionary.to_pylist():
        new = names.get(value, value)
        for old, other in quoted.items():
            new = new.replace(old, other)
        values.append(new)
    return pa.array(values, pa.string()).take(coded.indices)


def _checks(
    facts: Mapping[str, Any], whole: Mentions, dropped: Mapping[str, list[str]], *, words: bool
) -> dict[str, Any]:
    """Return what the checks say of the data set without what names somebody.

    Parameters
    ----------
    dropped
        By issue the reasons of findings that are left out: most verdicts are made of such.
    """
    kept = {}
    for issue, stated in facts.items():
        if issue in OF_WORDS and not words:
            continue
        verdict = stated.get("verdict") or ""
        for reason in dropped.get(issue, []):
            verdict = verdict.replace(reason, "").strip()
        tables = []
        for table in stated.get("tables", []):
            if not any(map(whole.in_text, (table["title"], *map(str, table["columns"])))):
                rows = [row for row in table["rows"] if not any(isinstance(c, str) and whole.in_text(c) for c in row)]
                tables += [table | {"rows": rows}] if rows else []
        kept[issue] = {"verdict": whole.left_out(verdict), "tables": tables}
    return kept


def _dropped(run: Run, private: set[str], whole: Mentions, classes: set[str]) -> np.ndarray:
    """Tell which findings are about what may not be named: bool, shape (findings,); none is about a single sample."""
    general = pc.not_equal(run.findings["scope"], "sample").to_numpy(zero_copy_only=False)
    rows = run.findings.filter(pa.array(general)).select(["id", "issue", "scope", "given", "suggested", "reason"])
    general[general] = [_names(run, row, private, whole, classes) for row in rows.to_pylist()]
    return general


def _names(run: Run, row: Mapping[str, Any], private: set[str], whole: Mentions, classes: set[str]) -> bool:
    if row["scope"] == "dataset" and row["issue"] == "unlearnable":
        return False  # of all labels together, and the headline
    if row["scope"] == "slice" and hides(run.samples, row["id"], private):
        return True
    labels = (row[name] for name in ("given", "suggested") if (row[name] or "").startswith('"'))
    return row["id"] in private or not classes.isdisjoint(map(from_json, labels)) or whole.in_text(row["reason"] or "")


def _reasons(findings: pa.Table, named: Mentions, *, words: bool) -> pa.Array | pa.ChunkedArray:
    """Return the reasons; of those that name somebody, or quote words of texts, what their issue means."""
    reasons = findings["reason"].cast(pa.string())
    reasons = pc.if_else(pc.fill_null(pc.equal(findings["kind"], "consensus"), fill_value=False), CONSENSUS, reasons)
    issues = findings["issue"].combine_chunks().dictionary_encode()
    meanings = pa.array([issue_named(issue).meaning for issue in issues.dictionary.to_pylist()], pa.string())
    unfit = named.in_column(reasons)
    if not words:
        unfit = pc.or_(unfit, pc.is_in(findings["issue"], value_set=pa.array(sorted(OF_WORDS))))
    return pc.if_else(unfit, meanings.take(issues.indices), reasons)
