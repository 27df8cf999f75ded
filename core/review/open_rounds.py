"""Questions that stand open elsewhere: what an earlier round still asks, and what people may have seen already.

Both are read from the decision log: each push leaves a record of its run, platform, project and mode.
"""

from __future__ import annotations

import contextlib
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from ..data.requests import PushRequest
from ..errors import InputError, LabelsiftError
from ..store.base import SENT, RunTarget
from ..store.run import Run
from ..store.run_info import read_links
from ..store.run_reader import read_sample_records

Records = Sequence[Mapping[str, Any]]


def open_before(run: Run, where: RunTarget, ids: Collection[str], *, records: Records) -> dict[str, str]:
    """Return which of these samples a round of an earlier run asks about in the same project, and nobody answered.

    It counts only where the question is the same: text, label and suggestion did not change.

    Returns
    -------
    dict
        Sample id → the earlier run.
    """
    if run.store is None:
        return {}
    pushes = [record for record in records if record.get("kind") == SENT and record.get("mode")]
    earlier = {
        str(record["run"])
        for record in pushes
        if (record["platform"], record["target"]) == (where.platform, where.target) and not record["match"]
    }
    answered = {(record["run"], record["id"]) for record in records if record.get("kind") == "decision"}
    waiting: dict[str, str] = {}
    for other in sorted(earlier - {run.run}):
        with contextlib.suppress(LabelsiftError):  # the run was deleted, and what it asked went with it
            place = run.store.place_of(other)
            asked = [id for id in read_links(place) if id in ids and (other, id) not in answered]
            then, now = (read_sample_records(of, asked) for of in (place, run.store.place_of(run.run)))
            same = [id for id in asked if id in then and id in now and _question(then[id]) == _question(now[id])]
            waiting |= dict.fromkeys(same, other)
    return waiting


def _question(sample: Any) -> tuple[str, str | None, str | None]:  # noqa: ANN401 - a SampleRecord
    # Whoever weighs a copy or an outlier is shown no likelier label, and that one changes with every fit.
    asked = any(finding["suggested"] not in (None, "null") for finding in sample.findings)
    return sample.text_hash, sample.given, sample.suggested if asked else None


def require_unseen(run: Run, where: RunTarget, request: PushRequest, *, records: Records) -> None:
    """Refuse to ask blind about a run whose suggestions were pushed before; a blind round that stands may go on.

    Raises
    ------
    InputError
        With the samples whose suggestions stand before people.
    """
    pushes = [record for record in records if record.get("kind") == SENT and record["run"] == run.run]
    modes = {
        record.get("mode")
        for record in pushes
        if (record["platform"], record["target"]) == (where.platform, where.target)
    }
    shown = [record for record in pushes if record.get("mode") in ("choose", "prefill")]
    if request.mode != "blind" or request.anyway or "blind" in modes or not shown:
        return
    places = ", ".join(dict.fromkeys(f"{record['platform']} {record['target']}" for record in shown))
    raise InputError(
        f"This run was pushed with its suggestions to {places}, where people may have seen them: they would not judge"
        " blind",
        ids=sorted(run.sample_links),
        hint="Scan again and push that blind, before any other round; or push blind all the same with --anyway",
    )
