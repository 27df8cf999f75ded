"""A blind share: who sees the suggestion is drawn at random within one round, and compared within it."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest
from click.testing import CliRunner
from labelsift.cli import main
from labelsift.corrections.probe_estimates import probed
from labelsift.data.review_queue import ReviewQueue
from labelsift.data.schemas import Finding, findings_table
from labelsift.errors import InputError
from labelsift.report import Report
from labelsift.review.assignment import assigned
from labelsift.review.items import findings_of
from labelsift.store.store import Store
from recording_platform import RecordingPlatform, decision, record_decisions


@pytest.fixture
def kept(make_report, keep) -> Report:
    """Sixty labels are flagged with a suggestion, five samples for something else."""
    report = make_report(200)
    ids = report.samples.ids.to_pylist()
    score = np.linspace(0.02, 0.98, len(ids)).astype(np.float32)
    columns = {"id": ids, "label_score": pa.array(score), "is_label_issue": pa.array(np.arange(len(ids)) < 60)}
    report.scores = pa.table(columns | {"suggested_label": ["refund"] * len(ids), "confidence": pa.array(score)})
    labels = [Finding(id, "label", 0.1, "r", given="other", suggested="refund") for id in ids[:60]]
    report.findings = findings_table(labels + [Finding(id, "outlier", 0.2, "r") for id in ids[55:65]])
    return keep(report)


def ids_of(queue: ReviewQueue) -> tuple[set[str], frozenset[str]]:
    """Return the samples of a queue, and those of them that are asked blind."""
    return {item.id for item in queue.items}, frozenset(item.id for item in queue.items if item.blind)


def decide(report: Report, labels: dict[str, str], asked: str) -> None:
    record_decisions(report.store, [decision(id, label, asked=asked) for id, label in labels.items()])


def test_the_share_is_drawn_among_flagged_labels_and_stays(kept, recording):
    for share in (0.25, 0.5, None):  # what stands was drawn once
        kept.push("queue", project="Tickets", blind_share=share)
    (first, blind), *later = map(ids_of, recording.pushed)
    assert len(blind) == 15
    assert blind <= set(kept.samples.ids.to_pylist()[:60])
    assert len(first) == 65
    assert later == [(first, blind)] * 2
    assert (
        assigned(findings_of(kept), share=0.25, seed=1).blind != assigned(findings_of(kept), share=0.25, seed=2).blind
    )


def test_what_is_asked_blind_is_shown_in_no_other_project_or_mode(kept, recording):
    kept.push("queue", project="Tickets", blind_share=0.25)
    _, blind = ids_of(recording.pushed[0])
    for options in (
        {"project": "Others"},
        {"project": "Tickets", "mode": "prefill"},
        {"project": "1", "match": "data.id"},
    ):
        kept.push("queue", **options)
        pushed, without = ids_of(recording.pushed[-1])
        assert not pushed & blind
        assert without == frozenset()


def test_a_dry_run_keeps_no_assignment(kept, recording):
    kept.push("queue", project="Tickets", blind_share=0.25, dry_run=True)
    assert len(ids_of(recording.pushed[0])[1]) == 15
    assert Store(kept.store.folder).ledger.records() == []


@pytest.mark.parametrize(
    "options", [{"mode": "blind"}, {"mode": "prefill"}, {"match": "data.id"}, {"mode": "blind", "probe": 0.1}]
)
def test_where_it_makes_no_sense_a_blind_share_is_refused(kept, recording, options):
    with pytest.raises(InputError, match="blind share"):
        kept.push("queue", project="Tickets", blind_share=0.25, **options)
    assert recording.pushed == []


def test_platforms_that_cannot_too_few_labels_and_late_draws_are_refused(kept, recording, find_platform):
    with pytest.raises(InputError, match="with and without"):
        kept.push("queue", project="Tickets", blind_share=0.9)
    decide(kept, {kept.samples.ids[0].as_py(): "refund"}, "choose")
    with pytest.raises(InputError, match="with the suggestions before them"):
        kept.push("queue", project="Tickets", blind_share=0.25)
    find_platform(RecordingPlatform())
    with pytest.raises(InputError, match="queue cannot ask about single samples"):
        kept.push("queue", project="Tickets", blind_share=0.25)
    assert [record["kind"] for record in Store(kept.store.folder).ledger.records()] == ["decision"]


def test_sway_is_compared_within_the_round(kept, recording):
    kept.push("queue", project="Tickets", blind_share=0.25)
    flagged = kept.samples.ids.to_pylist()[:60]
    _, blind = ids_of(recording.pushed[0])
    shown = [id for id in flagged if id not in blind]
    decide(kept, dict.fromkeys(shown[:30], "refund") | dict.fromkeys(shown[30:], "other"), "choose")
    assert probed(store=kept.store.folder).accepted == {}
    decide(kept, {id: ("refund", "other", "other")[index % 3] for index, id in enumerate(sorted(blind))}, "blind")
    estimated = probed(store=kept.store.folder)
    assert (estimated.accepted["shown"].value, estimated.accepted["blind"].value) == (30 / 45, 5 / 15)
    assert estimated.estimates == {}  # nothing is known of what was not flagged
    assert any("assigned at random" in note for note in estimated.notes)
    done = CliRunner().invoke(main, ["probes", "--store", str(kept.store.folder)])
    assert done.exit_code == 0
    assert "no round with probes" in done.output
    assert "how far showing it sways people" in done.output
