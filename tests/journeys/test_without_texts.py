"""Images, sounds and the like: samples without texts, known by their ids, judged by what the user brings."""

from __future__ import annotations

import json
from pathlib import Path

import labelsift as ls
import numpy as np
import pyarrow as pa
import pytest
from click.testing import CliRunner
from labelsift.cli import main
from labelsift.errors import InputError
from labelsift.metrics.compare import compare

OF_COLUMNS = ("is_pii_issue", "is_secret_issue")  # ids and metadata may hold what texts may
NOISE = 0.2  # of each digit are labeled as the next one


@pytest.fixture(scope="module")
def digits():
    """Return vectors, true labels, given labels and out-of-sample probabilities of scikit-learn's digits."""
    datasets = pytest.importorskip("sklearn.datasets")
    images = datasets.load_digits()
    rng = np.random.default_rng(0)
    truth = images.target
    wrong = rng.random(len(truth)) < NOISE
    given = np.where(wrong, (truth + 1) % 10, truth)
    vectors = (images.data / 16).astype(np.float32)
    probs = ls.scan(samples_of(given), signals=ls.Signals(embeddings=vectors), only=["label"], store=None).pred_probs
    return vectors, truth, given, probs


def samples_of(given: np.ndarray) -> ls.Samples:
    table = pa.table(
        {
            "file": [f"digit-{row:04}.png" for row in range(len(given))],
            "digit": given.astype(str),
            "camera": [("left", "right")[row % 2] for row in range(len(given))],
        }
    )
    return ls.read(table, text=None, id="file", label="digit", metadata=["camera"], name="digits")


def average_precision(wrong: np.ndarray, score: np.ndarray) -> float:
    from sklearn.metrics import average_precision_score

    return float(average_precision_score(wrong, -score))


def self_confidence(given: np.ndarray, probs: np.ndarray) -> np.ndarray:
    rank = pytest.importorskip("cleanlab.rank")
    return rank.get_label_quality_scores(given, probs, method="self_confidence")


@pytest.mark.slow
def test_embeddings_alone_find_more_than_self_confidence(digits):
    vectors, truth, given, probs = digits
    report = ls.scan(samples_of(given), signals=ls.Signals(embeddings=vectors), store=None)
    wrong = given != truth
    ours = average_precision(wrong, report.scores["label_score"].to_numpy())
    assert ours > average_precision(wrong, self_confidence(given, probs)) + 0.01
    flags = report.scores["is_label_issue"].to_numpy()
    assert 2 * (flags & wrong).sum() / (flags.sum() + wrong.sum()) > 0.85
    assert {name for name in report.scores.column_names if name.startswith("is_")} == {
        "is_label_issue",
        "is_unlearnable_issue",
        "is_ambiguous_issue",
        "is_outlier_issue",
        "is_cluster_issue",
        *OF_COLUMNS,
    }


@pytest.mark.slow
def test_probabilities_alone_rank_no_worse_than_self_confidence(digits):
    _, truth, given, probs = digits
    signals = ls.Signals(pred_probs=probs, classes=[str(number) for number in range(10)])
    report = ls.scan(samples_of(given), signals=signals, store=None)
    assert report.embeddings is None
    assert "embedder" not in report.settings
    ours = average_precision(given != truth, report.scores["label_score"].to_numpy())
    assert ours >= average_precision(given != truth, self_confidence(given, probs)) - 0.002
    assert [name for name in report.scores.column_names if name.startswith("is_")] == [
        *("is_label_issue", "is_unlearnable_issue", "is_ambiguous_issue"),
        *OF_COLUMNS,
    ]


@pytest.mark.slow
def test_nothing_speaks_of_texts(digits, tmp_path: Path, capsys):
    vectors, _, given, _ = digits
    report = ls.scan(samples_of(given), signals=ls.Signals(embeddings=vectors), store=None)
    assert not any("text" in reason.lower() for reason in report.findings["reason"].to_pylist())
    assert not any("text" in note.lower() for note in report.notes)
    from labelsift.cli.print_summary import print_summary

    print_summary(report, store=None)
    said = capsys.readouterr().out
    worst = report.findings.filter(pa.compute.equal(report.findings["issue"], "label"))["id"][0].as_py()
    assert worst in said
    assert "camera left" in said or "camera right" in said
    assert "(empty)" not in said
    page = report.to_html(tmp_path / "page.html").read_text()
    content = json.loads(page.split('id="content">')[1].split("</script>")[0])
    assert content["texts"] is False
    assert all(node[2] is None for node in content["nodes"])
    assert worst in {node[0] for node in content["nodes"]}


@pytest.mark.slow
def test_runs_without_texts_are_kept_compared_and_searched(digits, tmp_path: Path):
    vectors, truth, given = (array[:500] for array in digits[:3])
    store = tmp_path / "kept"
    first = ls.scan(samples_of(given), signals=ls.Signals(embeddings=vectors), store=store)
    second = ls.scan(samples_of(truth), signals=ls.Signals(embeddings=vectors), store=store)
    loaded = ls.load(first.run, store=store)
    assert loaded.samples.fingerprint == first.samples.fingerprint
    assert not loaded.samples.has_texts
    assert loaded.samples.texts.to_pylist()[:2] == ["", ""]
    compared = compare(first, second)
    assert compared.relabeled.num_rows == (given != truth).sum()
    assert not compared.edited and not compared.added and not compared.renamed
    near = loaded.similar("digit-0000.png", k=3)
    assert near.num_rows == 3 and "text" not in near.column_names
    with pytest.raises(InputError, match="no texts"):
        loaded.similar("digit-0000.png", fold_duplicates=True)
    bare = ls.scan(samples_of(given), signals=ls.Signals(embeddings=vectors), store=store, texts=False)
    assert ls.load(bare.run, store=store).samples.fingerprint == first.samples.fingerprint


def test_a_scan_without_texts_and_without_signals_is_refused(digits):
    with pytest.raises(InputError, match="nothing else is known"):
        ls.scan(samples_of(digits[2]), store=None)
    with pytest.raises(InputError, match="need texts") as refused:
        ls.scan(samples_of(digits[2]), signals=ls.Signals(embeddings=digits[0]), only=["language"], store=None)
    assert "language" in str(refused.value)
    with pytest.raises(InputError, match="ids of their own"):
        ls.read(pa.table({"digit": ["1"]}), text=None, label="digit")


def test_a_training_is_judged_beside_the_embeddings(digits):
    vectors, given = digits[0], digits[2]
    classes = samples_of(given).classes
    own = np.array([classes.index(label) for label in samples_of(given).labels.to_pylist()])
    logits = np.eye(len(classes))[own] * 3
    logits[0] = 3 - logits[0]  # never learned
    signals = ls.Signals(embeddings=vectors, dynamics=[logits] * 3, classes=classes)
    report = ls.scan(samples_of(given), signals=signals, only=["training"], store=None)
    assert [row["id"] for row in report.findings.to_pylist() if row["issue"] == "hard"] == ["digit-0000.png"]


def test_the_command_line_takes_embeddings_for_texts(digits, tmp_path: Path, monkeypatch):
    vectors, _, given, _ = digits
    rows = [f"d{index},{label}" for index, label in enumerate(given[:400].tolist())]
    (tmp_path / "digits.csv").write_text("\n".join(["file,digit", *rows]))
    np.save(tmp_path / "v.npy", vectors[:400])
    monkeypatch.chdir(tmp_path)
    base = ["scan", "digits.csv", "--no-text", "--id", "file", "--label", "digit", "--no-store", "--json"]
    ran = CliRunner().invoke(main, [*base, "--embeddings", "v.npy"])
    assert json.loads(ran.output)["issues"]["label"]["count"] > 10
    refused = CliRunner().invoke(main, base)
    assert refused.exit_code == 2 and "--embeddings" in refused.output
