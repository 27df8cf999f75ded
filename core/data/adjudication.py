"""Adjudication: one decision a sample out of many people's votes, and its application to a table of samples.

Every person has one vote a sample, their newest decision; what they said when they were asked once more in the same
round (``asked`` is ``repeat``) counts only where they gave no other answer. Where the votes differ a policy decides,
and what it cannot decide is listed as a conflict and changes nothing. That both labels fit is a vote for the given one:
it agrees with who kept that, and differs from who took another.
"""

from __future__ import annotations

import contextlib
import json
from collections import Counter, defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from ..errors import InputError
from .label_sets import cell_of
from .label_sets import parsed as labels_of
from .schemas import require_columns, with_column
from .spans import canonical, from_value, types_in
from .spans import parsed as spans_of

Policy = Literal["majority", "unanimous", "newest", "expert"]
POLICIES: tuple[Policy, ...] = ("majority", "unanimous", "newest", "expert")
ACTIONS = ("relabel", "keep", "remove", "edit", "respan")
SKIPPED, UNCLEAR, EMPTIED = "skipped", "unclear", "emptied"
UNDECIDED = (SKIPPED, UNCLEAR, EMPTIED)  # verdicts that decide nothing; emptied: the label was taken off by accident
BOTH_FIT = "both_fit"  # verdict: the given label and the suggested one both fit, and the given one stays
SECOND_LOOK = "second_look"  # asked of another person, who was told nothing; also the kind of a record that says so
REPEAT = "repeat"  # asked once more, to see whether a person agrees with themselves

Vote = tuple[str, str]  # (action, value as JSON): two people agree if both are the same


@dataclass(frozen=True)
class Resolution:
    """What people decided.

    Parameters
    ----------
    decided
        Sample id → the vote that was taken.
    conflicts
        Sample id → vote → the people who cast it, where the policy could not decide.
    both_fit
        Of the decided, the samples that keep their label because another one fits as well: all who kept it said so.
    unclear
        Samples that nobody decided on, and somebody called unclear.
    """

    decided: Mapping[str, Vote]
    conflicts: Mapping[str, Mapping[Vote, tuple[str, ...]]]
    both_fit: frozenset[str] = frozenset()
    unclear: frozenset[str] = frozenset()

    @property
    def counts(self) -> dict[str, int]:
        """How many samples each action was decided for, by name; ``both_fit`` apart from ``keep``, and ``unclear``."""
        actions = [BOTH_FIT if id in self.both_fit else action for id, (action, _) in self.decided.items()]
        return dict(sorted(Counter(actions + [UNCLEAR] * len(self.unclear)).items()))


def resolve(corrections: pa.Table, *, policy: Policy = "majority", experts: Sequence[str] = ()) -> Resolution:
    """Take one decision a sample.

    Parameters
    ----------
    corrections
        In CORRECTIONS_SCHEMA. Skipped and unclear samples count as undecided.
    policy
        ``majority``: the vote that more people cast than any other. ``unanimous``: only what all cast.
        ``newest``: the latest. ``expert``: the majority of the named experts; where none of them voted,
        of all.
    experts
        The people whose word counts most, for ``expert``.

    Raises
    ------
    InputError
        For a table in another form, an unknown policy or action, or ``expert`` without experts.
    """
    if policy not in POLICIES:
        raise InputError(f"There is no policy called {policy}", hint=f"Use one of {', '.join(POLICIES)}")
    if policy == "expert" and not experts:
        raise InputError("The policy expert needs people", hint="Name them: experts=['someone@example.com']")
    decided: dict[str, Vote] = {}
    conflicts: dict[str, dict[Vote, tuple[str, ...]]] = {}
    both_fit: set[str] = set()
    for sample, rows in _newest_by_person(corrections).items():
        vote = _counted(rows, policy, experts)
        if vote is not None:
            decided[sample] = vote
            if all(row["verdict"] == BOTH_FIT for row in rows if vote_of(row) == vote):
                both_fit.add(sample)
        else:
            cast: dict[Vote, list[str]] = defaultdict(list)
            for row in rows:
                cast[vote_of(row)].append(row["person"])
            conflicts[sample] = {vote: tuple(people) for vote, people in cast.items()}
    unclear = {row["id"] for row in corrections.to_pylist() if row["verdict"] == UNCLEAR}
    return Resolution(decided, conflicts, frozenset(both_fit), frozenset(unclear - decided.keys() - conflicts.keys()))


def applied(
    table: pa.Table, resolution: Resolution, *, new_labels: bool = False, classes: Collection[str] = ()
) -> tuple[pa.Table, np.ndarray]:
    """Change a table of samples as people decided.

    Parameters
    ----------
    new_labels
        Allow labels that the table does not have.
    classes
        Labels that are known though no row may have them.

    Returns
    -------
    table
        The same rows with new labels and texts.
    kept
        bool, shape (n,): False for the rows that people removed.

    Raises
    ------
    InputError
        For ids that the table does not have, labels that are new to it, and actions that cannot be applied.
    """
    unknown = sorted({action for action, _ in resolution.decided.values()} - set(ACTIONS))
    if unknown:
        raise InputError("These actions cannot be applied", ids=unknown, hint=f"Known: {', '.join(ACTIONS)}")
    rows = _rows(table["id"], list(resolution.decided))
    sets = "labels" in table.column_names

    def values(wanted: str) -> dict[str, str]:
        return {sample: value for sample, (action, value) in resolution.decided.items() if action == wanted}

    labels = {rows[sample]: _value(sample, value, sets=sets) for sample, value in values("relabel").items()}
    texts = {rows[sample]: _value(sample, value) for sample, value in values("edit").items()}
    if not new_labels:
        _require_known(table, labels, classes)
    kept = np.ones(len(table), dtype=bool)
    kept[[rows[sample] for sample in values("remove")]] = False
    spans = _spans(table, rows, values("respan"), texts, new_types=new_labels)
    for column, changes in (("labels" if sets else "label", labels), ("spans", spans), ("text", texts)):
        if changes:
            table = _with(table, column, changes)
    return table, kept


def _spans(
    table: pa.Table, rows: Mapping[str, int], given: Mapping[str, str], texts: Mapping[int, str], *, new_types: bool
) -> dict[int, str | None]:
    """Return the new spans of rows: those that people gave, and none where an edit took away what was marked."""
    if "spans" not in table.column_names:
        if given:
            raise InputError(
                "There are new spans, and the data has none", ids=list(given), hint="Read it with its column: spans=…"
            )
        return {}
    changes: dict[int, str | None] = {
        rows[sample]: from_value(value, table["text"][rows[sample]].as_py(), sample=sample)
        for sample, value in given.items()
    }
    known = set() if new_types or not given else set(types_in(table["spans"]))
    odd = [
        f"{table['id'][row]} → {name}"
        for row, cell in changes.items()
        for *_, name in spans_of(cell) or ()
        if not new_types and name not in known
    ]
    if odd:
        raise InputError(
            "Corrections name types of spans that the data set does not have",
            ids=odd,
            hint="Correct them, or allow them: new_labels=True",
        )
    for row, text in texts.items():
        old = table["text"][row].as_py()
        if any(old[start:end] != text[start:end] for start, end, _ in spans_of(table["spans"][row].as_py()) or ()):
            changes[row] = None
    return changes


def _rows(ids: pa.ChunkedArray, wanted: list[str]) -> dict[str, int]:
    rows = pc.index_in(pa.array(wanted, pa.string()), value_set=pa.concat_arrays(ids.chunks)).to_pylist()
    missing = [sample for sample, row in zip(wanted, rows, strict=True) if row is None]
    if missing:
        raise InputError(
            "The data set has no sample with these ids", ids=missing, hint="Apply corrections to the data they are of"
        )
    return dict(zip(wanted, rows, strict=True))


def _newest_by_person(corrections: pa.Table) -> dict[str, list[dict[str, Any]]]:
    require_columns(corrections, ("id", "action", "verdict", "value", "person"))
    newest: dict[str, dict[str, dict[str, Any]]] = defaultdict(dict)
    rows = corrections.to_pylist()
    if "time" in corrections.column_names:  # stable: of two at the same moment the later line counts
        rows.sort(key=lambda row: (row["time"] is not None, row["time"]))
    rows.sort(key=lambda row: row.get("asked") != REPEAT)  # a repeat is older than whatever else they said
    for row in rows:
        if row["verdict"] not in UNDECIDED:
            own = newest[row["id"]]
            own.pop(row["person"], None)
            own[row["person"]] = row  # the last entry is the newest
    return {sample: list(people.values()) for sample, people in newest.items()}


def vote_of(row: Mapping[str, Any]) -> Vote:
    """Return what a correction says: two people agree, or one with themselves, if it is the same."""
    # A kept label's value repeats what was given, which must not part people who agree.
    action, value = row["action"], row["value"] if row["action"] in ("relabel", "edit", "respan") else "null"
    with contextlib.suppress(ValueError, TypeError):  # what is unreadable stays
        if action == "relabel" and isinstance(value, str) and value.lstrip().startswith("["):
            value = cell_of(json.loads(value)) or value  # two people may tick the same labels in another order
        elif action == "respan":  # or draw the same spans
            spans = json.loads(value or "null")
            value = canonical((int(start), int(end), str(name)) for start, end, name in spans)
    return (action, value or "null" if action == "respan" else value)


def _counted(rows: Sequence[Mapping[str, Any]], policy: Policy, experts: Collection[str]) -> Vote | None:
    """Return the vote that counts of those of several people, the newest last; None where they do not agree."""
    if policy == "newest":
        return vote_of(rows[-1])
    if policy == "expert":
        rows = [row for row in rows if row["person"] in experts] or rows
    ranked = Counter(map(vote_of, rows)).most_common(2)
    if len(ranked) > 1 and (policy == "unanimous" or ranked[0][1] == ranked[1][1]):
        return None
    return ranked[0][0]


def _value(sample: str, value: str | None, *, sets: bool = False) -> str:
    """Return the cell that a decision's value makes; a text, or a canonical set where samples have several labels."""
    try:
        decided = json.loads(value or "null")
    except ValueError:
        decided = None
    cell = cell_of(decided)
    if cell is None or isinstance(decided, list) != sets:
        form = "a JSON list of labels, since a sample may have several" if sets else "a JSON text"
        raise InputError("A correction has no readable value", ids=[sample], hint=f"Its value must be {form}")
    return cell


def _require_known(table: pa.Table, labels: Mapping[int, str], classes: Collection[str]) -> None:
    role = next((name for name in ("labels", "label") if name in table.column_names), None)
    cells = pc.unique(table[role]).to_pylist() if role else []

    def names_in(cell: str) -> Sequence[str]:
        return labels_of(cell) or () if role == "labels" else (cell,)

    known = {*classes, *(name for cell in cells for name in names_in(cell))}
    odd = [
        f"{table['id'][row]} → {name}" for row, cell in labels.items() for name in names_in(cell) if name not in known
    ]
    if odd:
        raise InputError(
            "Corrections name labels that the data set does not have",
            ids=odd,
            hint="Correct them, or allow them: new_labels=True",
        )


def _with(table: pa.Table, column: str, changes: Mapping[int, str] | Mapping[int, str | None]) -> pa.Table:
    """Return the table with some cells of a string column replaced."""
    present = column in table.column_names
    values = pa.concat_arrays(table[column].chunks) if present else pa.nulls(len(table), pa.string())
    mask = np.zeros(len(table), dtype=bool)
    mask[list(changes)] = True
    following = pa.array([changes[row] for row in sorted(changes)], pa.string())
    replaced = pc.replace_with_mask(values, pa.array(mask), following)
    return with_column(table, column, replaced)
