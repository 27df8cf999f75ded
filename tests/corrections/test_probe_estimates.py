"""Probes: intervals that hold the truth as often as they say, and rounds in which nothing betrays a probe."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st
from labelsift.cli import main
from labelsift.corrections.probe_estimates import Stratum, difference, estimates, probed
from labelsift.errors import InputError, StoreError
from labelsift.review.rounds import planned
from labelsift.store.store import Store
from recording_platform import decision, record_decisions

NAMES = ("error_rate", "precision", "recall")


def covered(simulations: int, *, seed: int, weight: float = 1.0) -> dict[str, float]:
    """Return how often the intervals hold the truth; ``weight`` makes the rest smaller than it is, which is wrong."""
    rng = np.random.default_rng(seed)
    hits = dict.fromkeys(NAMES, 0)
    for number in range(simulations):
        flagged, rest = int(rng.integers(100, 800)), int(rng.integers(3_000, 20_000))
        wrong, beyond = rng.binomial(flagged, rng.uniform(0.3, 0.97)), rng.binomial(rest, rng.uniform(0.01, 0.1))
        judged, sampled = int(flagged * rng.uniform(0.2, 0.6)), int(rng.integers(40, 200))
        estimated = estimates(
            Stratum(flagged, judged, int(rng.hypergeometric(wrong, flagged - wrong, judged))),
            Stratum(int(rest * weight), sampled, int(rng.hypergeometric(beyond, rest - beyond, sampled))),
            seed=number,
            draws=2_000,
        )
        truth = ((wrong + beyond) / (flagged + rest), wrong / flagged, wrong / (wrong + beyond))
        for name, true in zip(NAMES, truth, strict=True):
            hits[name] += estimated[name].low <= true <= estimated[name].high
    return {name: count / simulations for name, count in hits.items()}


@pytest.mark.slow
def test_intervals_hold_the_truth_as_often_as_they_say():
    shares = covered(1_000, seed=11)
    assert all(0.93 <= share <= 0.975 for share in shares.values()), shares


def test_a_wrongly_weighted_stratum_would_be_noticed():
    assert min(covered(300, seed=12, weight=0.3).values()) < 0.9


def test_where_all_are_judged_nothing_is_left_open():
    estimated = estimates(Stratum(40, 40, 30), Stratum(100, 100, 5))
    assert [(estimate.value, estimate.low, estimate.high) for estimate in estimated.values()] == [
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
    estimated = estimates(
        Stratum(500, judged, min(errors, judged)), Stratum(5_000, sampled, min(missed, sampled)), draws=500
    )
    for estimate in estimated.values():
        assert 0 <= estimate.low <= estimate.value <= estimate.high <= 1


def judge(wrong: set[str], ids: list[str], store: Store) -> None:
    """Decide that some labels are wrong and the others right."""
    record_decisions(store, [decision(id) if id in wrong else decision(id, "other", action="keep") for id in ids])


def test_nothing_in_a_round_tells_a_probe_from_a_flagged_sample(scored, recording):
    scored.push("queue", project="Tickets", mode="blind", probe=0.25)
    items = recording.pushed[0].items
    assert len({repr(replace(item, id="", rank=0, scores={}, text="", given="", metadata={})) for item in items}) == 1
    (plan,) = [record for record in Store(scored.store.folder).ledger.records() if record["kind"] == "round"]
    flagged, probes = plan["flagged"], plan["probes"]
    assert {item.id for item in items} == {*flagged, *probes}
    assert len(probes) == round(0.25 * len(flagged))
    assert not set(flagged) & set(probes)
    order = [item.id in set(probes) for item in items]
    first, second = order[: len(order) // 2], order[len(order) // 2 :]
    assert any(first)
    assert any(second)
    assert [item.id for item in items if item.id in set(flagged)] == flagged


def test_a_round_pushed_again_is_the_same(scored, recording):
    for _ in range(2):
        scored.push("queue", project="Tickets", mode="blind", probe=0.25)
    first, second = (queue.items for queue in recording.pushed)
    assert first == second
    scored.push("queue", project="Others", mode="blind", probe=0.25)
    assert recording.pushed[2].items != first


def test_a_budget_draws_flagged_samples_at_random_and_a_dry_run_keeps_no_plan(scored, recording):
    scored.push("queue", project="Tickets", mode="blind", probe=1.0, budget=20, dry_run=True)
    assert [record["kind"] for record in Store(scored.store.folder).ledger.records()] == []
    plan = planned(scored, share=1.0, budget=20, seed=1)
    assert (len(plan.flagged), len(plan.probes)) == (20, 20)
    assert plan.flagged != planned(scored, share=1.0, budget=20, seed=2).flagged


@pytest.mark.parametrize("options", [{"mode": "choose"}, {"mode": "blind", "only": ["outlier"]}])
def test_rounds_that_would_betray_a_probe_are_refused(scored, recording, options):
    with pytest.raises(InputError):
        scored.push("queue", project="Tickets", probe=0.1, **options)
    assert recording.pushed == []


def test_estimates_from_decisions_on_the_command_line(scored, recording):
    store = Store(scored.store.folder)
    with pytest.raises(StoreError, match="No round with probes or a blind share"):
        probed(store=store.folder)
    scored.push("queue", project="Tickets", mode="blind", probe=1.0)
    (plan,) = [record for record in store.ledger.records() if record["kind"] == "round"]
    ids = scored.samples.ids.to_pylist()
    wrong = {id for index, id in enumerate(ids) if index % 3 == 0}
    judge(wrong, [*plan["flagged"], *plan["probes"]], store)
    result = probed(store=store.folder)
    assert result.flagged == Stratum(len(plan["flagged"]), len(plan["flagged"]), len(wrong & set(plan["flagged"])))
    assert result.rest == Stratum(plan["rest"], len(plan["probes"]), len(wrong & set(plan["probes"])))
    done = CliRunner().invoke(main, ["probes", "--store", str(store.folder)])
    assert done.exit_code == 0
    assert "labels that are wrong, of all not verified before" in done.output
    as_json = json.loads(CliRunner().invoke(main, ["probes", "--store", str(store.folder), "--json"]).output)
    assert as_json["estimates"]["precision"]["low"] == result.estimates["precision"].low


def test_where_both_fit_a_label_counts_as_not_judged(scored, recording):
    store = Store(scored.store.folder)
    scored.push("queue", project="Tickets", mode="blind", probe=1.0)
    (plan,) = [record for record in store.ledger.records() if record["kind"] == "round"]
    judge(set(plan["flagged"]), [*plan["flagged"], *plan["probes"]], store)
    before = probed(store=store.folder)
    one, other = plan["flagged"][0], plan["probes"][0]
    both = [decision(id, action="keep", verdict="both_fit", minutes=5000) for id in (one, other)]  # the newest answer
    record_decisions(store, both)
    after = probed(store=store.folder)
    assert (after.flagged.judged, after.flagged.errors) == (before.flagged.judged - 1, before.flagged.errors - 1)
    assert (after.rest.judged, after.rest.errors) == (before.rest.judged - 1, before.rest.errors)


def test_what_is_asked_blind_is_not_shown_elsewhere(scored, recording):
    scored.push("queue", project="Tickets", mode="blind", probe=0.5, budget=20)
    (plan,) = [record for record in Store(scored.store.folder).ledger.records() if record["kind"] == "round"]
    scored.push("queue", project="Tickets")
    assert not set(plan["scores"]) & recording.asked


def test_after_decisions_with_suggestions_it_is_too_late_for_probes(scored, recording):
    judge(set(), scored.samples.ids.to_pylist()[:3], Store(scored.store.folder))
    with pytest.raises(InputError, match="with the suggestions before them"):
        scored.push("queue", project="Tickets", mode="blind", probe=0.5)


def test_where_no_error_is_found_there_is_no_recall():
    assert list(estimates(Stratum(40, 40, 0), Stratum(100, 20, 0))) == ["error_rate", "precision"]


def test_the_difference_of_two_rates_is_that_of_the_literature():
    # Newcombe (1998), Statistics in Medicine 17, table II (a), method 10: 56 of 70 and 48 of 80.
    estimate = difference(56, 70, 48, 80)
    assert estimate.value == pytest.approx(0.2)
    assert (estimate.low, estimate.high) == pytest.approx((0.0524, 0.3339), abs=0.01)
    mirrored = difference(48, 80, 56, 70)
    assert (mirrored.low, mirrored.high) == pytest.approx((-0.3339, -0.0524), abs=0.01)


def test_how_far_showing_the_suggestion_sways_people(scored, recording):
    store = Store(scored.store.folder)
    scored.push("queue", project="Tickets", mode="blind", probe=0.2, budget=30)
    (plan,) = [record for record in store.ledger.records() if record["kind"] == "round"]
    flagged = scored.scores.filter(scored.scores["is_label_issue"])["id"].to_pylist()
    shown = [id for id in flagged if id not in plan["flagged"]]
    judge(set(plan["flagged"][:10]) | set(shown), [*plan["flagged"], *plan["probes"], *shown], store)
    accepted = probed(store=store.folder).accepted
    assert (accepted["shown"].value, accepted["blind"].value) == (1.0, 10 / 30)
    assert accepted["sway"].value == pytest.approx(20 / 30)
    assert accepted["sway"].low > 0
