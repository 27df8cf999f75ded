"""Content of the report page as plain data: the overview's numbers and the flagged samples that fit.

Rows are lists, not objects, and repeated strings (labels, metadata values) stand once, so that
thousands of samples fit. The columns of each kind of row are named here and in ``selection.py`` and
nowhere else: the scripts read their order from the page itself.
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection
from pathlib import PurePath
from typing import TYPE_CHECKING, Any

from ...data.formatting import percent, shortened
from ...data.issues import issue_named
from ...data.slugs import slug
from ...data.taxonomy import Taxonomy
from ...metrics.slice_metrics import FEWEST
from ...search.named_slices import SETTING as SLICES
from ...store.run_notes import Annotations
from ..overview import Overview
from ..row_problems import row_problems
from .anchors import anchor
from .checks import check_sections
from .confusions import recurring
from .map import packed_map
from .notes import annotations_of, noted_slices, notes_shown
from .selection import ID_LENGTH, STRING_LENGTH, select
from .slices import MEMBERS, members, slice_section

if TYPE_CHECKING:
    from ...store.run import Run

CLASS = ("name", "rows", "flagged", "confusedWith", "confused", "incoming", "agreement", "remark")
SHOWN_CLASSES = 500
SHOWN_CONFUSIONS = 12
SHOWN_ANNOTATORS = 500
MATRIX_LABELS = 25
NOTE_LENGTH = 1_000
BRIEF = (
    "The run is large: this page leaves out the map, the heat maps, the search for weak slices and most samples. "
    "report.to_html(…) writes the whole page."
)
MEMBERS_ROOM = 6 * MEMBERS  # bytes of a listed slice's samples

_ESCAPED = re.compile("[<>&\u2028\u2029\x7f-\x9f\ud800-\udfff]")


def encode(value: object) -> str:
    r"""Write JSON that no HTML parser can mistake for markup and no encoder refuses.

    >>> encode({"a": "</script>&"})
    '{"a":"\\u003c/script\\u003e\\u0026"}'
    """
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    return _ESCAPED.sub(lambda match: f"\\u{ord(match[0]):04x}", text)


def content(
    overview: Overview, *, share: bool, room: int, with_map: bool = True, brief: bool = False
) -> dict[str, Any]:
    """Gather everything that the page shows.

    Parameters
    ----------
    overview
        Of the scan.
    share
        Leave out every text, and metadata but for the counts by value.
    room
        Bytes that the encoded content may take without the map.
    with_map
        Show a map of the samples.
    brief
        Leave out what takes long where there are many rows: map, heat maps and the search for weak slices.
    """
    report = overview.report
    annotations = annotations_of(report, share=share)
    checks = check_sections(report, overview, share=share)
    fixed = {
        "name": _cut(report.samples.name),
        "run": _cut(report.run),
        "idLength": ID_LENGTH,
        "share": share,
        "texts": report.samples.has_texts,
        "overview": _overview(overview, sections=[row[0] for row in checks["rows"]]),
        "classes": {
            "columns": CLASS,
            "rows": _classes(overview, fewest=FEWEST if share else 0),
            "total": len(overview.classes),
            "task": report.samples.task,
            "shares": overview.tells_shares,
        },
        "checks": checks,
        "matrix": _matrix(overview),
        "recurring": recurring(report, share=share),
        "values": [
            [
                _cut(worse.column),
                None if worse.value is None else _cut(worse.value),
                worse.rows,
                worse.flagged,
                anchor("slice", slug(((worse.column, worse.value),))),
                worse.follows,
            ]
            for worse in overview.worse_values[:20]
        ],
        "annotators": _annotators(report, share=share),
        "people": notes_shown(annotations),
        "slices": noted_slices(report, annotations),
        "notes": [_cut(note, NOTE_LENGTH) for note in ([BRIEF] if brief else []) + list(overview.notes[:50])],
        "about": _about(report, annotations, share=share),
    }
    section = slice_section(
        report,
        share=share,
        tells_shares=overview.tells_shares,
        room=room,
        encode=encode,
        brief=brief,
        fewest=0 if overview.named is None else FEWEST,
    )
    taken = len(encode(fixed | {"cells": members(section, [])}).encode()) + MEMBERS_ROOM * len(section.masks)
    needed = {"columns": section.columns, "wrong": section.wrong, "more": section.more}
    chosen, rows = select(report, share=share, room=room - taken, encode=encode, **needed)
    cells = {"cells": members(section, rows)}
    return fixed | chosen | cells | {"map": packed_map(report, share=share) if with_map and not brief else None}


def headline(overview: Overview) -> dict[str, str]:
    """Return the parts of the page's head that stand in the HTML itself, unescaped."""
    report = overview.report
    facts = [f"{overview.rows:,} samples"]
    if overview.classes:
        facts.append(f"{len(overview.classes):,} {'labels' if report.samples.task == 'multilabel' else 'classes'}")
    created = report.created
    return {
        "name": _cut(report.samples.name) or "samples",
        "verdict": overview.verdict,
        "details": f"{overview.trust} {row_problems(overview)}".strip(),
        "pointers": overview.pointers,
        "date": f"{created.day} {created:%B %Y, %H:%M} UTC",
        "facts": " · ".join(facts),
        "run": _cut(report.run),
    }


def _overview(overview: Overview, *, sections: Collection[str]) -> dict[str, Any]:
    quality = overview.quality
    issues = []
    for entry in overview.issues:
        if entry.issue in sections and f"is_{entry.issue}_issue" not in overview.report.scores.column_names:
            continue  # of classes and slices: their number is none of samples
        words, rate = issue_named(entry.issue), overview.share_of(entry)
        # Named as something that one sample has.
        chip = words.title if words.one.startswith("sample ") else words.one[:1].upper() + words.one[1:]
        issues.append([entry.issue, words.title, chip, words.meaning, entry.count, entry.of, rate])
    return {
        "rows": overview.rows,
        "labeled": overview.labeled,
        "issues": issues,
        "quality": None if quality is None else {"counts": quality.counts, "flagged": quality.flagged},
        "confusions": [
            [_cut(given), _cut(suggested), count] for given, suggested, count in overview.mix_ups[:SHOWN_CONFUSIONS]
        ],
    }


def _classes(overview: Overview, *, fewest: int) -> list[list[Any]]:
    """Return the table of classes; on a shared page without those of a few samples, who could be known."""
    if overview.unknowable is not None:  # a table of noughts
        return []
    return [
        [
            _cut(health.name),
            health.rows,
            health.flagged,
            _cut(health.confused_with),
            health.confused,
            health.incoming,
            _rounded(health.agreement),
            health.remark,
        ]
        for health in [health for health in overview.named_classes if health.rows >= fewest][:SHOWN_CLASSES]
    ]


def _annotators(report: Run, *, share: bool) -> list[list[Any]]:
    """Return name, labels, agreement and quality of each annotator, the weakest first; no names on a shared page."""
    return [
        [
            f"Annotator {number}" if share else _cut(row["annotator"]),
            row["labels"],
            _rounded(row["agreement"]),
            _rounded(row["quality"]),
        ]
        for number, row in enumerate(report.annotators().to_pylist()[:SHOWN_ANNOTATORS], start=1)
    ]


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 4)


def _matrix(overview: Overview) -> dict[str, Any] | None:
    """Given (rows) against suggested (columns) for the classes of the most common pairs, most common first."""
    if not overview.mix_ups:
        return None
    classes = {label for *pair, _ in overview.confusions for label in pair}
    chosen: set[str] = set()
    for *pair, _ in overview.mix_ups:
        if len(chosen.union(pair)) <= MATRIX_LABELS:
            chosen.update(pair)
    labels = sorted(chosen)
    index = {label: position for position, label in enumerate(labels)}
    cells = [
        [index[given], index[suggested], count]
        for given, suggested, count in overview.confusions
        if given in index and suggested in index
    ]
    return {
        "labels": [_cut(label) for label in labels],
        "total": len(classes),
        "cells": cells,
        "outside": sum(count for *_, count in overview.confusions) - sum(count for *_, count in cells),
    }


def _about(report: Run, annotations: Annotations, *, share: bool) -> list[list[str]]:
    """Name and value of what a reader needs to judge or repeat the scan."""
    rows = [["Data set", report.samples.name], ["Fingerprint", report.samples.fingerprint]]
    rows += [["Run", report.run], ["Scanned", f"{report.created:%Y-%m-%d %H:%M:%S} UTC"]]
    rows += [["Tags", ", ".join(annotations.tags)], ["Model", annotations.model or ""]]
    if languages := report.facts.get("languages"):
        shares = sorted(languages.items(), key=lambda item: -item[1])[:8]
        rows.append(["Languages", ", ".join(f"{name} {percent(part)}" for name, part in shares)])
    settings = {name: value for name, value in report.settings.items() if name != SLICES}  # they have a section
    if settings.get("taxonomy"):
        settings = settings | {"taxonomy": [str(change) for change in Taxonomy.of(settings["taxonomy"]).changes]}
    rows += [[name.replace("_", " ").capitalize(), _setting(value)] for name, value in settings.items()]
    if share:
        rows = [[name, PurePath(value).name if PurePath(value).is_absolute() else value] for name, value in rows]
    return [[_cut(name), _cut(value, NOTE_LENGTH)] for name, value in rows if value]


def _setting(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, (list, tuple)):
        return ", ".join(map(str, value))
    return json.dumps(value, ensure_ascii=False, default=str) if isinstance(value, dict) else str(value)


def _cut(text: str, length: int = STRING_LENGTH) -> str:
    return shortened(text, length)
