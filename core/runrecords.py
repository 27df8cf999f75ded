"""What the record says of runs: where their samples went, what people were asked and decided, tags and notes."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

from .annotations import Annotations, annotated
from .ledger import Ledger
from .memory import verified
from .places import Place
from .probing import ROUND, Plan, round_of
from .samples import Samples

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

    def planned(self, run: str) -> set[str]:
        """Return the samples of a run that are asked about blind, in rounds with probes."""
        rounds = [one for one in self.ledger.records() if one.get("kind") == ROUND and one["run"] == run]
        return {id for one in rounds for id in one["scores"]}

    def decided(self, run: str) -> set[str]:
        """Return the samples of a run that people decided on."""
        return {one["id"] for one in self.ledger.records() if one.get("kind") == "decision" and one["run"] == run}

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
