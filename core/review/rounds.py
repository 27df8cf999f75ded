"""Control items of a review round: random unflagged samples (probes) and repeated items, which nobody can tell apart.

Every item is asked blind: no given label, suggestion or reason stands in its task. Of what does stand there,
its score decides the place in the queue: the flagged samples keep their order, and each probe gets the score of
a random place among them.

Some items can come back later in the queue, as **repeats**: a second task of the same sample, which differs from the
first in nothing but its place. They tell how well people agree with themselves.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, ClassVar

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from ..errors import InputError
from ..store.base import RunTarget
from ..store.run import Run

_GAP = 3  # a third of the queue lies between an item and its repeat, or more
ROUND = "round"  # the kind of a record that keeps the plan of a round with probes


@dataclass(frozen=True)
class Plan:
    """Who is asked about in a round with probes.

    Parameters
    ----------
    flagged, probes
        Ids, worst first and in random order.
    rest
        How many judged samples the probes were drawn from.
    scores
        Id → the score that places it in the queue.
    repeats
        Id → the score that places its second task.
    """

    KIND: ClassVar[str] = ROUND

    flagged: tuple[str, ...]
    probes: tuple[str, ...]
    rest: int
    scores: Mapping[str, float]
    repeats: Mapping[str, float] = field(default_factory=dict)

    def record(self, where: RunTarget) -> dict[str, Any]:
        """Return the entry of the ledger that keeps the plan."""
        entry = {"kind": self.KIND, **asdict(where), "rest": self.rest}
        entry |= {"flagged": list(self.flagged), "probes": list(self.probes), "scores": dict(self.scores)}
        return entry | {"repeats": dict(self.repeats)}

    @classmethod
    def of(cls, record: Mapping[str, Any]) -> Plan:
        """Return the plan that an entry keeps."""
        flagged, probes = tuple(record["flagged"]), tuple(record["probes"])
        return cls(flagged, probes, record["rest"], record["scores"], record.get("repeats", {}))


def share_of(text: str) -> float:
    """Read a share: ``10%`` or ``0.1``.

    >>> share_of("10%"), share_of("0.25")
    (0.1, 0.25)
    """
    try:
        share = float(text.removesuffix("%")) / (100 if text.endswith("%") else 1)
    except ValueError:
        share = -1.0
    if not 0 < share <= 1:
        raise InputError(f"{text!r} is no share", hint="Write it like 10%, from above 0 to 100%")
    return share


def planned(
    run: Run, *, share: float, budget: int | None, seed: int, without: Collection[str] = (), repeat: float | None = None
) -> Plan:
    """Choose the flagged labels to ask about, and a simple random sample of all other judged samples.

    Parameters
    ----------
    share
        Probes a flagged sample; at least ten are drawn, where there are so many.
    budget
        At most so many flagged samples, drawn at random, so that they stand for all flagged ones.
    without
        Samples that people verified before: they are in neither stratum.
    repeat
        Share of all items that come back; at least ten, where there are so many.

    Raises
    ------
    InputError
        If no label was flagged, or every judged sample was.
    """
    if "label_score" not in run.scores.column_names:
        raise InputError("The run did not judge labels", hint="Scan with the check label")
    rng = np.random.default_rng(seed)
    judged = pc.and_(
        pc.is_valid(run.scores["label_score"]),
        pc.invert(pc.is_in(run.scores["id"], value_set=pa.array(sorted(without), pa.string()))),
    )
    scores = run.scores.filter(judged).sort_by([("label_score", "ascending"), ("id", "ascending")])
    is_flagged = scores["is_label_issue"].to_numpy(zero_copy_only=False)
    ids = np.array(scores["id"].to_pylist(), dtype=object)
    flagged, others = np.flatnonzero(is_flagged), np.flatnonzero(~is_flagged)
    if not len(flagged) or not len(others):
        raise InputError("Probes need flagged and unflagged samples", hint="Push without --probe")
    asked = np.sort(rng.choice(flagged, budget, replace=False)) if budget and budget < len(flagged) else flagged
    count = min(max(round(share * len(asked)), 10), len(others))
    probes = rng.choice(others, count, replace=False)
    flagged_scores = scores["label_score"].to_numpy()[asked].astype(float)
    edges = np.concatenate([[max(flagged_scores[0] - 0.01, 0)], flagged_scores, [flagged_scores[-1] + 0.01]])
    between = rng.integers(0, len(edges) - 1, count)
    places = edges[between] + (edges[between + 1] - edges[between]) * rng.random(count)
    places = np.round([*flagged_scores, *places], 6).tolist()
    placed = dict(zip([*ids[asked], *ids[probes]], places, strict=True))
    again = _repeats(placed, share=repeat, rng=rng) if repeat is not None else {}
    return Plan(tuple(ids[asked]), tuple(ids[probes]), len(others), placed, again)


def _repeats(placed: Mapping[str, float], *, share: float, rng: np.random.Generator) -> dict[str, float]:
    """Choose items at random, and for each a random place behind it, a third of the queue away or more."""
    queue = sorted(placed, key=lambda id: (placed[id], id))
    edges = [*(placed[id] for id in queue), placed[queue[-1]] + 0.01]
    gap = max(len(queue) // _GAP, 1)
    count = min(max(round(share * len(queue)), 10), len(queue) - gap)
    chosen = {}
    for position in rng.choice(len(queue) - gap, count, replace=False).tolist():
        behind = int(rng.integers(position + gap, len(queue)))
        place = edges[behind] + (edges[behind + 1] - edges[behind]) * rng.random()
        # Its score is what tells the second task from the first, so they must differ also where many scores are equal.
        chosen[queue[position]] = round(max(place, placed[queue[position]] + 1e-6), 6)
    return chosen
