"""Which relabels push a slice down: a planted systematic mistake stands on top, and bad questions are refused."""

from __future__ import annotations

import json
from dataclasses import replace

import labelsift as ls
import numpy as np
import pyarrow as pa
import pytest
from click.testing import CliRunner
from labelsift.cli import main
from labelsift.errors import InputError
from labelsift.metrics.slice_influence import influence_ranking

SUBJECTS = {"card": "card lost stolen broken blocked wallet", "money": "transfer refund payment charge fee balance"}
PLACES = {"CA": "beach surf coast", "NY": "tower subway harbor"}


def rows() -> dict[str, list[str]]:
    rng = np.random.default_rng(5)
    columns: dict[str, list[str]] = {name: [] for name in ("id", "text", "label", "state")}
    for number in range(240):
        label, state = ("card", "money")[number % 2], ("CA", "NY")[number // 2 % 2]
        words = [*rng.choice(SUBJECTS[label].split(), 3), *rng.choice(PLACES[state].split(), 2), f"n{number}"]
        values = (f"r{number}", " ".join(rng.permutation(words)), label, state)
        for name, value in zip(columns, values, strict=True):
            columns[name].append(value)
    return columns


@pytest.fixture(scope="module")
def runs(tmp_path_factory) -> tuple[ls.Report, ls.Report, set[str], str]:
    """Two runs: the first has ten wrong labels in NY; the second has these right, and 20 cards of CA as money."""
    store = tmp_path_factory.mktemp("kept") / "store"
    truth = rows()
    before = dict(truth, label=list(truth["label"]))
    after = dict(truth, label=list(truth["label"]))
    cards = {
        state: [number for number in range(240) if (truth["label"][number], truth["state"][number]) == ("card", state)]
        for state in PLACES
    }
    for row in cards["NY"][:10]:
        before["label"][row] = "money"
    for row in cards["CA"][:20]:
        after["label"][row] = "money"
    old, new = (
        ls.scan(
            ls.read(pa.table(labels), id="id", label="label", metadata=["state"], name="t"), only=["label"], store=store
        )
        for labels in (before, after)
    )
    return old, new, {truth["id"][row] for row in cards["CA"][:20]}, str(store)


@pytest.mark.slow
def test_the_planted_mistakes_are_found_and_the_good_changes_are_not_blamed(runs):
    old, new, planted, _ = runs
    ranked = influence_ranking(old, new, "state:CA").to_pylist()
    assert len(ranked) == 30
    assert {row["id"] for row in ranked[:20]} == planted
    assert all(row["effect"] > 0 for row in ranked[:20])
    assert {(row["old"], row["new"]) for row in ranked[:20]} == {("card", "money")}
    assert sum(row["effect"] < 0 for row in ranked[20:]) >= 8  # the good changes help, or hardly matter


def test_the_command_shows_them(runs):
    old, new, planted, store = runs
    words = ["compare", old.run, new.run, "--store", store, "--why", "state:CA"]
    shown = CliRunner().invoke(main, words)
    assert shown.exit_code == 0, shown.output
    assert "Relabels that push state:CA down" in shown.output
    assert "of 30 relabels push it down" in shown.output
    answer = json.loads(CliRunner().invoke(main, [*words, "--json"]).output)
    assert {row["id"] for row in answer["why"][:20]} == planted


def test_what_cannot_be_blamed_is_refused(runs):
    old, new, _, _ = runs
    with pytest.raises(InputError, match="no such slice: state:TX"):
        influence_ranking(old, new, "state:TX")
    with pytest.raises(InputError, match="No label changed"):
        influence_ranking(old, old, "state:CA")
    with pytest.raises(InputError, match="no embeddings"):
        influence_ranking(old, replace(new, embeddings=None), "state:CA")


@pytest.mark.parametrize("most", [20_000, 100], ids=["all rows", "a sample of them"])
def test_the_order_of_rows_changes_no_effect(runs, monkeypatch, most):
    monkeypatch.setattr("labelsift.metrics.slice_influence.MOST_ROWS", most)
    old, new, *_ = runs
    order = np.random.default_rng(2).permutation(len(new.samples))
    assert new.embeddings is not None
    permuted = replace(
        new,
        samples=new.samples.take(order),
        scores=new.scores.take(pa.array(order)),
        embeddings=new.embeddings[order],
        pred_probs=None,
    )
    effects = [
        {row["id"]: row["effect"] for row in influence_ranking(old, run, "state:CA").to_pylist()}
        for run in (new, permuted)
    ]
    assert effects[0] == pytest.approx(effects[1], rel=1e-3)
