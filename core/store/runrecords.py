"""What the record says of runs: where their samples went, what people were asked and decided, tags and notes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime

import pyarrow as pa

from ..data.samples import Samples
from ..review.assignment import ASSIGNED, Assignment, assignment_of
from ..review.reopen import reopened
from ..review.rounds import ROUND, Plan, round_of
from ..review.verified import verified
from .hash_chain import Record
from .ledger import Ledger
from .location import Place
from .run_notes import Annotations, annotated

SENT = "sent"  # the kind of a record that says where a run's samples went


class RunRecords:
    """The record in a run store, asked about its runs.

    Parameters
    ----------
    place
        Where the store lies.
    """

    def __init__(self, place: Place) -> None:
        self.place = place

    @property
    def ledger(self) -> Ledger:
        """The record of what people decided."""
        return Ledger(self.place / "corrections")

    def verified(self, samples: Samples, *, but: str) -> dict[str, frozenset[str]]:
        """Return the samples that people verified as they stand, on other runs than this one, and for which issues."""
        return verified(samples, self.ledger.records(), but=but)

    def reopened(self, samples: Samples, scores: pa.Table, *, but: str) -> frozenset[str]:
        """Return the samples that people decided on, and against whose label the evidence is another one now."""
        return reopened(samples, scores, self.ledger.records(), but=but)

    def annotations(self, run: str) -> Annotations:
        """Return what people say of a run: tags, notes, the model that it led to."""
        return annotated(self.ledger.records()).get(run, Annotations())

    def sent(self, run: str, *, platform: str, target: str, match: str | None = None, with_text: bool = True) -> None:
        """Record where a run's samples went, once, so that what was sent can be found again."""
        entry = {
            "kind": SENT,
            "run": run,
            "platform": platform,
            "target": target,
            "match": match,
            "with_text": with_text,
        }
        time = datetime.now(UTC).isoformat(timespec="microseconds")
        self.ledger.append(
            lambda standing: [] if any(entry.items() <= one.items() for one in standing) else [entry | {"time": time}]
        )

    def planned(self, run: str, *, but: tuple[str, str] | None = None) -> set[str]:
        """Return the samples of a run that are asked about blind, in rounds with probes or by an assignment.

        Parameters
        ----------
        but
            A platform and its project, whose assignment does not count.
        """
        records = [one for one in self.ledger.records() if one.get("run") == run]
        rounds = {id for one in records if one.get("kind") == ROUND for id in one["scores"]}
        elsewhere = [one for one in records if one.get("kind") == ASSIGNED and (one["platform"], one["target"]) != but]
        return rounds | {id for one in elsewhere for id in one["blind"]}

    def repeats(self, run: str, *, platform: str, target: str) -> Mapping[str, float]:
        """Return the samples that have a second task in a project, each with the score that places it."""
        plan = round_of(self.ledger.records(), run=run, platform=platform, target=target)
        return plan.repeats if plan else {}

    def decided(self, run: str) -> set[str]:
        """Return the samples of a run that people decided on."""
        return {one["id"] for one in self.ledger.records() if one.get("kind") == "decision" and one["run"] == run}

    def decisions(self) -> list[Record]:
        """Return the records of everybody's decisions on all runs, oldest first."""
        return [one for one in self.ledger.records() if one.get("kind") == "decision"]

    def plan_round(self, run: str, *, platform: str, target: str, make: Callable[[], Plan], keep: bool = True) -> Plan:
        """Return the plan of a run's round with probes in a project; made, and recorded, if there is none yet."""
        standing = round_of(self.ledger.records(), run=run, platform=platform, target=target)
        if standing is not None or not keep:
            return standing or make()
        plan, time = make(), datetime.now(UTC).isoformat(timespec="microseconds")
        entry = plan.record(run=run, platform=platform, target=target) | {"time": time}
        self.ledger.append(
            lambda records: [] if round_of(records, run=run, platform=platform, target=target) else [entry]
        )
        return round_of(self.ledger.records(), run=run, platform=platform, target=target) or plan

    def assign(
        self, run: str, *, platform: str, target: str, make: Callable[[], Assignment] | None = None, keep: bool = True
    ) -> Assignment:
        """Return who is asked blind in a project's round in mode choose; made, and recorded, if it is not yet."""
        standing = assignment_of(self.ledger.records(), run=run, platform=platform, target=target)
        if standing is not None or make is None or not keep:
            return standing or (make() if make else Assignment())
        made, time = make(), datetime.now(UTC).isoformat(timespec="microseconds")
        entry = made.record(run=run, platform=platform, target=target) | {"time": time}
        self.ledger.append(
            lambda records: [] if assignment_of(records, run=run, platform=platform, target=target) else [entry]
        )
        return assignment_of(self.ledger.records(), run=run, platform=platform, target=target) or made
