"""Probes: intervals that hold the truth as often as they say, and rounds in which nothing betrays a probe."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime

import labelsift as ls
import numpy as np
import pyarrow as pa
import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st
from labelsift import platforms
from labelsift.cli import main
from labelsift.corrections.probe_estimates import probed
from labelsift.corrections.probes import Stratum, estimates
from labelsift.data.review_queue import ReviewQueue
from labelsift.data.schemas import CORRECTIONS_SCHEMA
from labelsift.errors import InputError, StoreError
from labelsift.platforms import LabelingPlatform, PushRequest, Receipt
from labelsift.report import report_of
from labelsift.review.rounds import planned
from labelsift.store.store import Store

NAMES = ("error_rate", "precision", "recall")


def covered(simulations: int, *, seed: int, weight: float = 1.0) -> dict[str, float]:
    """Return how often the intervals hold the truth; ``weight`` makes the rest smaller than it is, which is wrong."""
    rng = np.random.default_rng(seed)
    hits = dict.fromkeys(NAMES, 0)
    for number in range(simulations):
        flagged, rest = int(rng.integers(100, 800)), int(rng.integers(3_000, 20_000))
        wrong, beyond = rng.binomial(flagged, rng.uniform(0.3, 0.97)), rng.binomial(rest, rng.uniform(0.01, 0.1))
        judged, sampled = int(flagged * rng.uniform(0.2, 0.6)), int(rng.integers(40, 200))
        found = estimates(
            Stratum(flagged, judged, int(rng.hypergeometric(wrong, flagged - wrong, judged))),
            Stratum(int(rest * weight), sampled, int(rng.hypergeometric(beyond, rest - beyond, sampled))),
            seed=number,
            draws=2_000,
        )
        truth = ((wrong + beyond) / (flagged + rest), wrong / flagged, wrong / (wrong + beyond))
        for name, true in zip(NAMES, truth, strict=True):
            hits[name] += found[name].low <= true <= found[name].high
    return {name: count / simulations for name, count in hits.items()}


def test_intervals_hold_the_truth_as_often_as_they_say():
    found = covered(1_000, seed=11)
    assert all(0.93 <= share <= 0.975 for share in found.values()), found


def test_a_wrongly_weighted_stratum_would_be_noticed():
    assert min(covered(300, seed=12, weight=0.3).values()) < 0.9


def test_where_all_are_judged_nothing_is_left_open():
    found = estimates(Stratum(40, 40, 30), Stratum(100, 100, 5))
    assert [(one.value, one.low, one.high) for one in found.values()] == [
        (0.25, 0.25, 0.25),
        (0.75, 0.75, 0.75),
        (30 / 35, 30 / 35, 30 / 35),
    ]


def test_too_few_say_nothing():
    assert estimates(Stratum(40, 40, 30), Stratum(1_000, 3, 0)) == {}
    with pytest.raises(InputError, match="5 errors among 3"):
        Stratum(10, 3, 5)


@given(st.integers(10, 200), st.integers(0, 200), st.integers(10, 200), st.integers(0, 200))
def test_an_estimate_lies_in_its_interval_and_is_a_rate(judged, errors, sampled, missed):
    found = estimates(
        Stratum(500, judged, min(errors, judged)), Stratum(5_000, sampled, min(missed, sampled)), draws=500
    )
    for one in found.values():
        assert 0 <= one.low <= one.value <= one.high <= 1


class Queue(LabelingPlatform):
    """A labeling platform that keeps what it was given."""

    name = "queue"
    capabilities = frozenset({"classification", "text", "blind", "match"})

    def __init__(self) -> None:
        self.pushed: list[ReviewQueue] = []

    def push(self, queue: ReviewQueue, request: PushRequest) -> Receipt:
        self.pushed.append(queue)
        return Receipt(self.name, request.project)


@pytest.fixture
def platform(monkeypatch) -> Queue:
    queue = Queue()
    monkeypatch.setattr(platforms, "get", lambda _: queue)
    return queue


@pytest.fixture
def kept(tmp_path, make_report) -> ls.Report:
    report = make_report(400)
    n = len(report.samples)
    score = np.linspace(0.02, 0.98, n).astype(np.float32)
    columns = {"id": report.samples.ids, "label_score": pa.array(score), "is_label_issue": pa.array(score < 0.2)}
    report.scores = pa.table(columns | {"suggested_label": ["refund"] * n, "confidence": pa.array(score)})
    store = Store(tmp_path / "kept")
    store.prepare()
    store.save(report)
    return report_of(store.load())


def judge(report: ls.Report, wrong: set[str], ids: list[str], store: Store) -> None:
    rows = [
        {"id": one, "action": "relabel" if one in wrong else "keep", "run": report.run, "person": "ann"}
        | {"value": json.dumps("refund" if one in wrong else "other"), "verdict": "changed", "platform": "queue"}
        | {"time": datetime(2026, 11, 24, tzinfo=UTC), "note": ""}
        for one in ids
    ]
    ls.record(pa.Table.from_pylist(rows, CORRECTIONS_SCHEMA), store=store.folder)


def test_nothing_in_a_round_tells_a_probe_from_a_flagged_sample(kept, platform):
    kept.push("queue", project="Tickets", mode="blind", probe=0.25)
    items = platform.pushed[0].items
    assert len({repr(replace(item, id="", rank=0, scores={}, text="", given="", metadata={})) for item in items}) == 1
    (plan,) = [one for one in Store(kept.store.folder).ledger.records() if one["kind"] == "round"]
    flagged, probes = plan["flagged"], plan["probes"]
    assert {item.id for item in items} == {*flagged, *probes}
    assert len(probes) == round(0.25 * len(flagged))
    assert not set(flagged) & set(probes)
    order = [item.id in set(probes) for item in items]
    first, second = order[: len(order) // 2], order[len(order) // 2 :]
    assert any(first)
    assert any(second)
    assert [item.id for item in items if item.id in set(flagged)] == flagged


def test_a_round_pushed_again_is_the_same(kept, platform):
    for _ in range(2):
        kept.push("queue", project="Tickets", mode="blind", probe=0.25)
    first, second = (queue.items for queue in platform.pushed)
    assert first == second
    kept.push("queue", project="Others", mode="blind", probe=0.25)
    assert platform.pushed[2].items != first


def test_a_budget_draws_flagged_samples_at_random_and_a_dry_run_keeps_no_plan(kept, platform):
    kept.push("queue", project="Tickets", mode="blind", probe=1.0, budget=20, dry_run=True)
    assert [one["kind"] for one in Store(kept.store.folder).ledger.records()] == []
    plan = planned(kept, share=1.0, budget=20, seed=1)
    assert (len(plan.flagged), len(plan.probes)) == (20, 20)
    assert plan.flagged != planned(kept, share=1.0, budget=20, seed=2).flagged


@pytest.mark.parametrize("told", [{"mode": "choose"}, {"mode": "blind", "only": ["outlier"]}])
def test_rounds_that_would_betray_a_probe_are_refused(kept, platform, told):
    with pytest.raises(InputError):
        kept.push("queue", project="Tickets", probe=0.1, **told)
    assert platform.pushed == []


def test_estimates_from_decisions_on_the_command_line(kept, platform):
    store = Store(kept.store.folder)
    with pytest.raises(StoreError, match="No round with probes or a blind share"):
        probed(store=store.folder)
    kept.push("queue", project="Tickets", mode="blind", probe=1.0)
    (plan,) = [one for one in store.ledger.records() if one["kind"] == "round"]
    ids = kept.samples.ids.to_pylist()
    wrong = {one for at, one in enumerate(ids) if at % 3 == 0}
    judge(kept, wrong, [*plan["flagged"], *plan["probes"]], store)
    found = probed(store=store.folder)
    assert found.flagged == Stratum(len(plan["flagged"]), len(plan["flagged"]), len(wrong & set(plan["flagged"])))
    assert found.rest == Stratum(plan["rest"], len(plan["probes"]), len(wrong & set(plan["probes"])))
    told = CliRunner().invoke(main, ["probes", "--store", str(store.folder)])
    assert told.exit_code == 0
    assert "labels that are wrong, of all not verified before" in told.output
    as_json = json.loads(CliRunner().invoke(main, ["probes", "--store", str(store.folder), "--json"]).output)
    assert as_json["estimates"]["precision"]["low"] == found.estimates["precision"].low


def test_what_is_asked_blind_is_not_shown_elsewhere(kept, platform):
    kept.push("queue", project="Tickets", mode="blind", probe=0.5, budget=20)
    (plan,) = [one for one in Store(kept.store.folder).ledger.records() if one["kind"] == "round"]
    kept.push("queue", project="Tickets")
    assert not set(plan["scores"]) & {item.id for item in platform.pushed[1].items}


def test_after_decisions_with_suggestions_it_is_too_late_for_probes(kept, platform):
    judge(kept, set(), kept.samples.ids.to_pylist()[:3], Store(kept.store.folder))
    with pytest.raises(InputError, match="with the suggestions before them"):
        kept.push("queue", project="Tickets", mode="blind", probe=0.5)


def test_where_no_error_is_found_there_is_no_recall():
    assert list(estimates(Stratum(40, 40, 0), Stratum(100, 20, 0))) == ["error_rate", "precision"]


def test_how_far_showing_the_suggestion_sways_people(kept, platform):
    store = Store(kept.store.folder)
    kept.push("queue", project="Tickets", mode="blind", probe=0.2, budget=30)
    (plan,) = [one for one in store.ledger.records() if one["kind"] == "round"]
    flagged = kept.scores.filter(kept.scores["is_label_issue"])["id"].to_pylist()
    shown = [one for one in flagged if one not in plan["flagged"]]
    judge(kept, set(plan["flagged"][:10]) | set(shown), [*plan["flagged"], *plan["probes"], *shown], store)
    accepted = probed(store=store.folder).accepted
    assert (accepted["shown"].value, accepted["blind"].value) == (1.0, 10 / 30)
    assert accepted["sway"].value == pytest.approx(20 / 30)
    assert accepted["sway"].low > 0
