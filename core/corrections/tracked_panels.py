"""Panels of a run for trackers, with what people decided on it and the line of earlier scans of its data set."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime

from ..data.adjudication import REPEAT
from ..errors import LabelsiftError
from ..metrics.scored_labels import scored_labels
from ..render.overview import Overview
from ..render.tracker_panels.disclosure import disclosed
from ..render.tracker_panels.panels import Panels, Parent, panels
from ..render.tracker_panels.scalars import CUT, Rate, Review, scalars
from ..review.judged_labels import learned
from ..store.hash_chain import Record
from ..store.run import Run
from ..store.run_info import RunInfo
from ..store.store import Store
from .outlook import interval
from .probe_estimates import probe_rates
from .progress import counts_of, labeling_time
from .record import decisions

MOST_EARLIER = 20  # scans of a line: each is loaded and counted again


def tracked_panels(run: Run, *, every: bool = False, with_text: bool = False) -> Panels:
    """Work out what a tracker shows of a run, as :func:`labelsift.render.tracker_panels.panels.panels` does, and more.

    What people decided on it is among the scalars, and those of earlier scans of the data set stand beside it.
    """
    records, infos = _kept(run)
    review, parent = review_of(run, records), _parent(run, infos)
    content = panels(run, review=review, parent=parent, every=every, with_text=with_text)
    before = [info for info in infos if info.dataset == run.samples.name and not info.batch and _is_before(info, run)]
    earlier, times = [], {len(before): run.created.timestamp()}
    for step, info in list(enumerate(before))[-MOST_EARLIER:]:
        with contextlib.suppress(LabelsiftError):  # a run that cannot be read is no point of the line
            values = _scalars(Store.of(run.store).load(info.run), records)
            earlier.append((step, {name: values[name] for name in content.metrics if name in values and name != CUT}))
            times[step] = info.created.timestamp()
    return replace(content, step=len(before), earlier=tuple(earlier), times=times)


def review_of(run: Run, records: Sequence[Record] | None) -> Review:
    """Count what people decided on a run: none of it names a person, and nothing is known without the records."""
    page = next((link.partition("?")[0] for link in run.sample_links.values() if "://" in link), "")
    if records is None:
        return Review(page=page)
    answers = [each for each in decisions(records, run=run.run) if each["asked"] != REPEAT]
    asked = run.sample_links.keys() | {each["id"] for each in answers}
    if not asked:
        return Review(page=page)
    counts, time = counts_of(set(asked), answers), labeling_time(records, runs={run.run}, until=datetime.now(UTC))
    precision, error_rate = _rates(run, records)
    return Review(
        asked=counts["asked"],
        left=counts["open"],
        decided=counts["decided"],
        hours=None if time.decisions == time.untimed else time.hours,
        precision=precision,
        error_rate=error_rate,
        page=page,
    )


def _rates(run: Run, records: Sequence[Record]) -> tuple[Rate | None, Rate | None]:
    """Return the share of wrong ones among judged flagged labels, and among all labels where random probes tell it."""
    estimated = probe_rates(records, run.run)
    if estimated:
        precision, errors = (estimated[name] for name in ("precision", "error_rate"))
        return Rate(precision.value, precision.low, precision.high), Rate(errors.value, errors.low, errors.high)
    rates = learned(records, run=run.run)
    if not rates.enough:
        return None, None
    return Rate(rates.wrong / rates.judged, *interval(rates.wrong, rates.judged)), None


def _scalars(run: Run, records: Sequence[Record] | None) -> dict[str, float]:
    run = disclosed(run)
    return scalars(Overview(run), scored_labels(run), review_of(run, records))


def _kept(run: Run) -> tuple[list[Record] | None, list[RunInfo]]:
    """Return the store's records and its runs, oldest first; None where the record is broken."""
    if run.store is None:
        return [], []
    with contextlib.suppress(LabelsiftError):  # verify names it
        kept = Store.of(run.store)
        return kept.ledger.records(), sorted(kept.runs(), key=lambda info: (info.number, info.created))
    return None, []


def _parent(run: Run, infos: Sequence[RunInfo]) -> Parent | None:
    name = run.settings.get("parent")
    info = next((info for info in infos if info.run == name), None)
    return Parent(info.run, info.fingerprint) if info and info.fingerprint != run.samples.fingerprint else None


def _is_before(info: RunInfo, run: Run) -> bool:
    return info.run != run.run and info.created < run.created
