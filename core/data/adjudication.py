"""Adjudication: one decision a sample out of many people's votes, by policy; two where text and label were asked apart.

Every person has one vote a sample, their newest decision; what they said when they were asked once more in the same
round (``asked`` is ``repeat``) counts only where they gave no other answer. Where the votes differ a policy decides,
and what it cannot decide is listed as a conflict and changes nothing. That both labels fit is a vote for the given one:
it agrees with who kept that, and differs from who took another.

What becomes of a text (edit, redact) and which label fits are two questions, of which a round asks one a sample: a
decision on the text and one on the label of another run both count.
"""

from __future__ import annotations

import contextlib
import json
from collections import Counter, defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import pyarrow as pa

from ..errors import InputError
from .label_sets import cell_of
from .schemas import require_columns
from .spans import canonical

Policy = Literal["majority", "unanimous", "newest", "expert"]
POLICIES: tuple[Policy, ...] = ("majority", "unanimous", "newest", "expert")
ACTIONS = ("relabel", "keep", "remove", "edit", "respan", "redact")
OF_TEXT, OF_LABEL = ("edit", "redact"), ("relabel", "respan")
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
    texts
        Of the decided, those that get another label, and whose text was decided on as well: that vote.
    """

    decided: Mapping[str, Vote]
    conflicts: Mapping[str, Mapping[Vote, tuple[str, ...]]]
    both_fit: frozenset[str] = frozenset()
    unclear: frozenset[str] = frozenset()
    texts: Mapping[str, Vote] = field(default_factory=dict)

    def votes(self, action: str) -> dict[str, str]:
        """Return sample id → value, of the samples that an action was decided for."""
        votes = [*self.decided.items(), *self.texts.items()]
        return {sample: value for sample, (decided, value) in votes if decided == action}

    @property
    def counts(self) -> dict[str, int]:
        """How many samples each action was decided for, by name; ``both_fit`` apart from ``keep``, and ``unclear``."""
        actions = [BOTH_FIT if id in self.both_fit else action for id, (action, _) in self.decided.items()]
        actions += [action for action, _ in self.texts.values()]
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
    texts: dict[str, Vote] = {}
    for sample, rows in _standing(corrections).items():
        votes = _decided(rows, policy, experts)
        if votes:
            first, *others = votes
            decided[sample] = first
            if others:
                texts[sample] = others[0]
            if all(row["verdict"] == BOTH_FIT for row in rows if vote_of(row) == first):
                both_fit.add(sample)
        else:
            cast: dict[Vote, list[str]] = defaultdict(list)
            for row in rows:
                cast[vote_of(row)].append(row["person"])
            conflicts[sample] = {vote: tuple(people) for vote, people in cast.items()}
    unclear = {row["id"] for row in corrections.to_pylist() if row["verdict"] == UNCLEAR}
    unclear -= decided.keys() | conflicts.keys()
    return Resolution(decided, conflicts, frozenset(both_fit), frozenset(unclear), texts)


def _standing(corrections: pa.Table) -> dict[str, list[dict[str, Any]]]:
    """Return the decisions on each sample, oldest first, without those that their people took back by newer ones."""
    require_columns(corrections, ("id", "action", "verdict", "value", "person"))
    rows = corrections.to_pylist()
    if "time" in corrections.column_names:  # stable: of two at the same moment the later line counts
        rows.sort(key=lambda row: (row["time"] is not None, row["time"]))
    rows.sort(key=lambda row: row.get("asked") != REPEAT)  # a repeat is older than whatever else they said
    standing: dict[str, dict[tuple[str, bool], dict[str, Any]]] = defaultdict(dict)
    for row in rows:
        if row["verdict"] in UNDECIDED:
            continue
        own, person, of_text = standing[row["id"]], row["person"], row["action"] in OF_TEXT
        other = own.get((person, not of_text))
        if other and (row["action"] not in OF_TEXT + OF_LABEL or _same_question(row, other)):
            del own[person, not of_text]
        own.pop((person, of_text), None)
        own[person, of_text] = row  # the last entry is the newest
    return {sample: list(rows.values()) for sample, rows in standing.items()}


def _same_question(row: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    return row.get("run") == other.get("run") or other["action"] not in OF_TEXT + OF_LABEL


def vote_of(row: Mapping[str, Any]) -> Vote:
    """Return what a correction says: two people agree, or one with themselves, if it is the same."""
    # A kept label's value repeats what was given, which must not part people who agree.
    action, value = row["action"], row["value"] if row["action"] in OF_TEXT + OF_LABEL else "null"
    with contextlib.suppress(ValueError, TypeError):  # what is unreadable stays
        if action == "relabel" and isinstance(value, str) and value.lstrip().startswith("["):
            value = cell_of(json.loads(value)) or value  # two people may tick the same labels in another order
        elif action == "respan" or (action == "redact" and value):  # or draw the same spans
            spans = json.loads(value or "null")
            value = canonical((int(start), int(end), str(name)) for start, end, name in spans)
    return (action, value or "null" if action in ("respan", "redact") else value)


def _decided(rows: Sequence[Mapping[str, Any]], policy: Policy, experts: Collection[str]) -> tuple[Vote, ...]:
    """Return the vote that counts, and a second one on the text; nothing where people do not agree."""
    runs = {row.get("run") for row in rows if row["action"] in OF_TEXT}
    of_text = [row for row in rows if row.get("run") in runs]
    others = [row for row in rows if row.get("run") not in runs]
    groups = [some for some in (others, of_text) if some]
    votes = [vote for some in groups if (vote := _counted(some, policy, experts)) is not None]
    if len(votes) < len(groups):
        return ()
    changing: tuple[Vote, ...] = tuple(dict.fromkeys(vote for vote in votes if vote[0] != "keep")) or (votes[0],)
    combine = [vote[0] in actions for vote, actions in zip(changing, (OF_LABEL, OF_TEXT), strict=False)]
    return changing if len(changing) == 1 or all(combine) else ()


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
