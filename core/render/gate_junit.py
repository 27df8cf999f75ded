"""JUnit XML of a gate, as CI servers read it: a suite a condition, a test case a slice.

``failed`` is a failure, ``not measurable`` an error, ``too few`` skipped. What chance may explain passes, and says so
in ``system-out``.
"""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from typing import Any

from ..data.formatting import shortened
from ..metrics.gates.results import ConditionResult, GateResult
from ..metrics.slice_metrics import PROXY
from .gate_words import figures, headline, of_condition, warnings

LONGEST = 300  # characters of a name
# What XML 1.0 forbids, lone surrogates with it.
_FORBIDDEN = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def gate_junit(result: GateResult) -> str:
    """Write a gate as JUnit XML; it holds no text of samples."""
    rows: dict[str, list[dict[str, Any]]] = {condition.condition: [] for condition in result.conditions}
    for row in result.rows.to_pylist():
        rows[row["condition"]].append(row)
    suites = [_suite(condition, rows[condition.condition], result) for condition in result.conditions]
    root = ET.Element("testsuites", {"name": _clean(headline(result)), **_sums(suites)})
    root.extend(suites)
    ET.indent(root)
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{ET.tostring(root, encoding="unicode")}\n'


def _suite(condition: ConditionResult, rows: list[dict[str, Any]], result: GateResult) -> ET.Element:
    suite = ET.Element("testsuite", name=_clean(condition.condition))
    properties = ET.SubElement(suite, "properties")
    facts = {
        "run": result.run,
        "dataset": result.dataset,
        "status": condition.status,
        "judged": ", ".join(filter(None, [condition.source, condition.rows])),
        "baseline": condition.baseline or "",
        "interval confidence": f"{condition.confidence:.6g}",
        "notes": " ".join(warnings(result)),
    }
    for name, value in facts.items():
        if value:
            ET.SubElement(properties, "property", name=name, value=_clean(value))
    for row in rows:
        suite.append(_case(row))
    if condition.status == "not measurable" and not any(row["status"] == "not measurable" for row in rows):
        case = ET.SubElement(suite, "testcase", classname=_clean(condition.condition), name="the condition", time="0")
        ET.SubElement(case, "error", type="not measurable", message=_clean(of_condition(condition)))
    for name, value in _counts(suite).items():
        suite.set(name, value)
    return suite


def _case(row: dict[str, Any]) -> ET.Element:
    mark = f" ({PROXY})" if row["source"] == PROXY else ""
    case = ET.Element("testcase", classname=_clean(row["condition"]), name=_clean(row["slice"] + mark), time="0")
    status = row["status"]
    if status == "too few":
        ET.SubElement(case, "skipped", message=_clean(row["words"]))
    elif status in ("failed", "not measurable"):
        kind = "failure" if status == "failed" else "error"
        outcome = ET.SubElement(case, kind, type=status, message=_clean(row["words"]))
        outcome.text = _clean(_details(row))
    elif status == "within chance":
        ET.SubElement(case, "system-out").text = _clean(f"within chance: {row['words']}\n{_details(row)}")
    return case


def _details(row: dict[str, Any]) -> str:
    shown = figures(row)
    against = f"\nagainst {row['baseline_run']}: {row['baseline']:.3f}" if row["baseline"] is not None else ""
    return (
        f"{shown.slice}\nn {shown.n}, value {shown.value}, interval {shown.interval}, required {shown.required}, "
        f"p {shown.p_value}{against}\nslug {row['slug']}"
    )


def _counts(suite: ET.Element) -> dict[str, str]:
    totals = {name: len(suite.findall(f"testcase/{name}")) for name in ("failure", "error", "skipped")}
    counts = {"tests": len(suite.findall("testcase")), "failures": totals["failure"], "errors": totals["error"]}
    return {name: str(count) for name, count in (counts | {"skipped": totals["skipped"]}).items()} | {"time": "0"}


def _sums(suites: list[ET.Element]) -> dict[str, str]:
    names = ("tests", "failures", "errors", "skipped")
    return {name: str(sum(int(suite.get(name, 0)) for suite in suites)) for name in names} | {"time": "0"}


def _clean(text: str) -> str:
    """Return a text that XML can hold."""
    return _FORBIDDEN.sub("\ufffd", shortened(text, LONGEST))
