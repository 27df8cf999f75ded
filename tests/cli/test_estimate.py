"""An estimate tells what a scan would need, and keeps nothing."""

import json

import numpy as np
import pyarrow as pa
import pytest
from click.testing import CliRunner
from labelsift import InputError, Signals, read
from labelsift.cli import main
from labelsift.cli.estimate import _distances, estimate
from labelsift.demo.tickets import write_tickets
from labelsift.models.neighbors import EXACT_BELOW


def samples(rows):
    texts = [
        f"message {row} about the {('parcel', 'invoice')[row % 2]} of customer {row * 7 % 101}" for row in range(rows)
    ]
    labels = [("delivery", "billing")[row % 2] for row in range(rows)]
    return read(pa.table({"text": texts, "label": labels}), label="label", name="many")


@pytest.mark.slow
def test_some_rows_are_scanned_and_times_and_memory_grow_with_the_rest(monkeypatch):
    monkeypatch.setattr("labelsift.cli.estimate.TRIED", 600)  # of 3,000: a fifth of the time
    small, large = estimate(samples(1_200)), estimate(samples(4_800))
    assert (small.rows, small.tried) == (1_200, 600)
    assert small.seconds == pytest.approx(sum(small.stages.values()))
    assert {"embedding texts", "finding nearest neighbours", "checking: label"} <= small.stages.keys()
    assert large.memory > small.memory > 100e6
    assert "1,200 samples" in str(small)


def test_the_work_of_the_neighbours_grows_faster_than_the_rows_and_has_no_cliff():
    assert _distances(20_000) == 4 * _distances(10_000)
    assert 4 < _distances(400_000) / _distances(100_000) < 16
    assert 0.2 < _distances(EXACT_BELOW) / _distances(EXACT_BELOW - 1) < 5


@pytest.mark.slow
def test_vectors_and_probabilities_that_were_brought_are_not_made():
    rng = np.random.default_rng(0)
    given = samples(400)
    signals = Signals(
        embeddings=rng.normal(size=(400, 8)).astype(np.float32),
        pred_probs=np.full((400, 2), 0.5, dtype=np.float32),
        classes=["billing", "delivery"],
    )
    stages = estimate(given, signals=signals).stages
    assert not [stage for stage in stages if stage.startswith(("embedding", "predicting"))]


def test_what_the_scan_would_refuse_is_refused():
    samples = read(pa.table({"text": ["a text", "another"], "label": ["same", "same"]}), label="label")
    with pytest.raises(InputError, match="single class"):
        estimate(samples)


@pytest.mark.slow
def test_the_command_tells_and_keeps_nothing(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    file, _ = write_tickets(tmp_path)
    before = sorted(tmp_path.rglob("*"))
    ran = CliRunner().invoke(main, ["scan", str(file), "--label", "label", "--estimate", "--json"])
    content = json.loads(ran.output)
    assert (content["rows"], content["tried"]) == (800, 800)
    assert content["seconds"] > 0
    said = CliRunner().invoke(main, ["scan", str(file), "--label", "label", "--estimate"]).output
    assert said.startswith("About ")
    assert sorted(tmp_path.rglob("*")) == before
