"""Short tables on a terminal: similar samples, kept runs, receipts, audit, queue, versions, erasure, probes."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from ..data.formatting import visible
from ..platforms import Receipt
from ..store.run_info import RunInfo
from ..store.run_notes import Annotations
from .terminal import new_table, plain

if TYPE_CHECKING:
    from ..corrections.erase import Erased
    from ..corrections.file_versions import Version
    from ..corrections.probe_estimates import Probed
    from ..corrections.verify import Verification

QUEUE = ("asked", "open", "decided", "unclear", "skipped")  # counts of a queue's row
OUTCOMES = ("accepted", "changed", "refused", "both_fit")  # and those of its decisions
FAILED = 5  # failed samples that are named
SHOWN_IDS = 20


def print_similar(rows: Iterable[Mapping[str, Any]]) -> None:
    """Print similar samples, most similar first."""
    table = _table("similarity", "id", "label", "text")
    for row in rows:
        label = row.get("label", row.get("labels"))
        table.add_row(f"{row['similarity']:.3f}", plain(row["id"]), plain(label), plain(row.get("text")))
    Console(highlight=False).print(table)


def print_runs(runs: Sequence[RunInfo], notes: Mapping[str, Annotations]) -> None:
    """Print the runs of a store, newest first, with what people say of them."""
    more = ["tags"] if any(note.tags for note in notes.values()) else []
    table = _table("run", "data set", "rows", "label issues", *more)  # a run's name begins with its time (UTC)
    for run in runs:
        tags = [plain(", ".join(notes.get(run.run, Annotations()).tags))] if more else []
        table.add_row(run.run, plain(run.dataset), f"{run.rows:,}", f"{run.label_issues:,}", *tags)
    Console(highlight=False).print(table)


def print_annotations(notes: Annotations, *, parent: str | None = None) -> None:
    """Print what people say of a run, and the run before it."""
    console = Console(highlight=False)
    facts = {"Run before": parent, "Tags": ", ".join(notes.tags), "Model": notes.model}
    for name, value in facts.items():
        if value:
            console.print(Text(f"{name}: {visible(value)}"), soft_wrap=True)
    for note in notes.notes:
        about = f"slice {note.slice}: " if note.slice else f"sample {note.sample}: " if note.sample else ""
        who = f" ({note.person}, {note.time[:10]})"
        console.print(Text(f"Note: {visible(about + note.text + who)}"), soft_wrap=True)


def print_receipt(receipt: Receipt, *, console: Console | None = None) -> None:
    """Print what a push or a log did, and what to open."""
    console = console or Console(highlight=False)
    create, update = ("to create", "to update") if receipt.dry_run else ("created", "updated")
    counts = f"{receipt.created:,} {create}, {receipt.updated:,} {update}, {receipt.unchanged:,} unchanged"
    plan = "Plan, nothing was sent: " if receipt.dry_run else ""
    console.print(Text(f"{plan}{receipt.platform} {visible(receipt.target)}: {counts}"), soft_wrap=True)
    for name, value in receipt.details.items():
        for line in _lines(name.replace("_", " "), value):
            console.print(Text(f"  {line}", style="dim"), soft_wrap=True)
    pages = {_page(address): (name, address) for name, address in reversed(receipt.links.items())}
    for name, address in reversed(pages.values()):  # of several tabs of a page the first, which leads to the others
        console.print(Text(f"  {name}: {address}", style="cyan"), soft_wrap=True)
    for sample, reason in list(receipt.failed.items())[:FAILED]:
        console.print(Text(f"  failed: {visible(sample)}: {visible(reason)}", style="red"))
    if len(receipt.failed) > FAILED:
        console.print(Text(f"  and {len(receipt.failed) - FAILED:,} more failed", style="red"))


def _page(address: str) -> str:
    """Return the part of an address that says which page it is: a query within the fragment does, too."""
    return address if "#/" in address else address.partition("?")[0]


def _lines(name: str, value: object) -> list[str]:
    r"""Spell a detail; what is longer than a line stands below its name.

    >>> _lines("tab titles", ["Review now", "Done"]), _lines("config", "<View>\n</View>")
    (['tab titles: Review now, Done'], ['config:', '    <View>', '    </View>'])
    """
    if isinstance(value, (list, tuple)):
        value = ", ".join(map(str, value))
    first, *more = str(value).splitlines() or [""]
    if not more:
        return [f"{name}: {visible(first)}"]
    return [f"{name}:", *(f"    {visible(line)}" for line in (first, *more))]


def print_audit(rows: Sequence[Mapping[str, Any]]) -> None:
    """Print who changed what, when (UTC) and why, oldest first; two lines each, for a table of labels is too wide."""
    console = Console(highlight=False)
    for row in rows:
        when = str(row["time"] or "")[:16].replace("T", " ")
        names = (row["person"], row["action"], row["id"] or row["dataset"])
        labels = dict.fromkeys(cell for cell in (row["before"], row["after"]) if cell)
        said = "  ".join((when, *(visible(str(name)) for name in names if name)))
        console.print(Text(said, style="bold"), soft_wrap=True)
        why = "; ".join(part for part in (" → ".join(map(str, labels)), row["why"]) if part)
        console.print(Padding(Text(visible(why)), (0, 0, 0, 4)))


def print_queue(rows: Sequence[Mapping[str, Any]]) -> None:
    """Print what of each round is open, newest run first, a table each."""
    console = Console(highlight=False)
    for run in dict.fromkeys(row["run"] for row in rows):
        of_run = [row for row in rows if row["run"] == run]
        rounds = ["round"] if any(row["rounds"] for row in of_run) else []
        table = _table("issue", *rounds, *QUEUE, "of the decided", title=f"Run {run}")
        for row in of_run:
            counts = (f"{row[name]:,} {name.replace('_', ' ')}" for name in OUTCOMES if row[name])
            named = [plain(", ".join(row["rounds"]))] if rounds else []
            table.add_row(plain(row["issue"]), *named, *(f"{row[name]:,}" for name in QUEUE), ", ".join(counts))
        console.print(table)
        for says in dict.fromkeys(row["outlook"]["says"] for row in of_run if row["outlook"]):
            console.print(Text(says), soft_wrap=True)


def print_version(out: str, version: Version) -> None:
    """Print what became of the corrections of a file, every conflict with who said what."""
    console = Console(highlight=False)
    counts = (f"{count:,} {action.replace('_', ' ')}" for action, count in version.applied.items())
    done = ", ".join(counts) or "nothing decided"
    result = f"{done}; {version.changed:,} rows differ, fingerprint {version.fingerprint[:12]}"
    console.print(Text(f"{visible(out)}: {result}"), soft_wrap=True)
    if version.conflicts:
        console.print(Text(f"{len(version.conflicts):,} conflicts, left as they were:", style="yellow"))
    for sample, votes in version.conflicts.items():
        opposing = (
            f"{action} {json.loads(value) or ''}".strip() + f" ({', '.join(map(str, people))})"
            for (action, value), people in votes.items()
        )
        console.print(Text(f"  {visible(sample)}: {visible(' / '.join(opposing))}"), soft_wrap=True)


def print_verification(result: Verification) -> None:
    """Print what verifying a store found, what is broken first."""
    console = Console(highlight=False)
    for problem in result.problems:
        console.print(Text(f"BROKEN  {visible(problem)}", style="red"), soft_wrap=True)
    for note in result.notes:
        console.print(Text(f"note    {visible(note)}", style="dim"), soft_wrap=True)
    state = "before that" if result.problems else "whole"
    console.print(Text(f"{result.records:,} records {state}, last hash {result.last_hash}"), soft_wrap=True)
    console.print(Text(f"{result.runs:,} runs with the samples that they were made of"), soft_wrap=True)


def print_erased(erased: Erased, *, to_stderr: bool = False) -> None:
    """Print what an erasure did, or would do."""
    console = Console(highlight=False, stderr=to_stderr)
    table = _table("erased from" if not erased.dry_run else "would be erased from", "samples")
    kinds = (
        ("run", erased.runs),
        ("pool", erased.pools),
        ("version", erased.versions),
        ("training", erased.captures),
        ("copies in", erased.platforms),
    )
    for kind, counts in kinds:
        for name, count in counts.items():
            table.add_row(plain(f"{kind} {name}"), f"{count:,}")
    if table.row_count:
        console.print(table)
    for title, names in (
        ("Stood nowhere in the store", erased.unknown),
        ("Other samples with the same text, which stay", erased.copies),
        ("Written again without them", erased.pages),
        ("Ids, labels and scores of them, no texts, stay in", erased.elsewhere),
    ):
        if names:
            more = f" and {len(names) - SHOWN_IDS:,} more" if len(names) > SHOWN_IDS else ""
            console.print(Text(f"{title}: {visible(', '.join(names[:SHOWN_IDS]))}{more}"), soft_wrap=True)
    if erased.words:
        console.print(f"Notes and new texts of people erased: {erased.words:,}")
    for place in erased.unreachable:
        console.print(Text(f"Not reached: {visible(place)}", style="bold red"), soft_wrap=True)


def print_probed(result: Probed) -> None:
    """Print what a round with probes says, each figure with its 95 % interval."""
    console = Console(highlight=False)
    table = _table("", "estimate", "95 % interval")
    meanings = {
        "error_rate": "labels that are wrong, of all not verified before",
        "precision": "flagged labels that are wrong (precision)",
        "recall": "wrong labels that are flagged (recall)",
        "shown": "suggestion chosen where it was shown",
        "blind": "suggestion chosen where it was not",
        "sway": "difference: how far showing it sways people",
        "agreement": f"the same answer to the same sample again ({result.repeated:,} times)",
    }
    agreement = {} if result.agreement is None else {"agreement": result.agreement}
    for name, estimate in (result.estimates | result.accepted | agreement).items():
        table.add_row(meanings[name], f"{estimate.value:.1%}", f"{estimate.low:.1%} … {estimate.high:.1%}")
    judged = f"{result.flagged.judged:,} flagged labels and {result.rest.judged:,} probes judged"
    console.print(Text(f"{result.run}: {judged if result.rest.size else 'no round with probes'}"))
    if table.row_count:
        console.print(table)
    for note in result.notes:
        console.print(Text(note, style="dim"))


def _table(*columns: str, title: str = "") -> Table:
    table = new_table(title)
    for column in columns:
        right = column in ("rows", "label issues", "similarity", *QUEUE)
        table.add_column(
            column, justify="right" if right else "left", no_wrap=column in ("run", "issue"), overflow="fold"
        )
    return table
