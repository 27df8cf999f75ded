"""Several annotators in a scan: CROWDLAB's consensus is cleanlab's, good annotators are told from bad ones."""

from __future__ import annotations

import builtins
import json

import labelsift as ls
import numpy as np
import pyarrow as pa
import pytest
from labelsift.data.annotator_labels import AnnotatorLabels
from labelsift.errors import InputError

crowd = pytest.importorskip("cleanlab.multiannotator")
ROWS, CLASSES = 600, 4
NAMES = [f"class {number}" for number in range(CLASSES)]
SKILL = {"anna": 0.95, "ben": 0.85, "carl": 0.75, "dora": 0.45}


def planted(seed: int = 5) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return vectors, true classes, and what each annotator said (int, -1 = nothing)."""
    rng = np.random.default_rng(seed)
    truth = rng.integers(0, CLASSES, ROWS)
    vectors = rng.normal(size=(CLASSES, 16))[truth] * 0.8 + rng.normal(size=(ROWS, 16))
    codes = np.full((ROWS, len(SKILL)), -1, dtype=np.int32)
    for index, skill in enumerate(SKILL.values()):
        said = np.where(rng.random(ROWS) < skill, truth, rng.integers(0, CLASSES, ROWS))
        codes[:, index] = np.where(rng.random(ROWS) < 0.6, said, -1)
    nobody = (codes < 0).all(axis=1)
    codes[nobody, 0] = truth[nobody]
    codes[7] = -1
    return (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32), truth, codes


def samples_of(codes: np.ndarray, own: np.ndarray | None = None) -> ls.Samples:
    columns = {
        name: [NAMES[code] if code >= 0 else None for code in codes[:, row].tolist()] for row, name in enumerate(SKILL)
    }
    if own is not None:
        columns["own"] = [NAMES[code] for code in own.tolist()]
    table = pa.table({"id": [f"r{row}" for row in range(ROWS)], **columns})
    return ls.read(table, text=None, id="id", annotators=list(SKILL), label=None if own is None else "own")


@pytest.fixture(scope="module")
def planted_scan():
    vectors, truth, codes = planted()
    report = ls.scan(samples_of(codes), signals=ls.Signals(embeddings=vectors), store=None)
    return report, truth, codes, vectors


@pytest.mark.slow
def test_the_consensus_through_our_door_is_cleanlabs(planted_scan):
    report, _, codes, _ = planted_scan
    spoken = (codes >= 0).any(axis=1)
    table = np.where(codes < 0, np.nan, codes)[spoken]
    probabilities = np.asarray(report.pred_probs, dtype=np.float64)[spoken]
    theirs = crowd.get_label_quality_multiannotator(table, probabilities, verbose=False)
    ours = report.scores.filter(pa.array(spoken))
    assert ours["consensus_label"].to_pylist() == [NAMES[code] for code in theirs["label_quality"]["consensus_label"]]
    np.testing.assert_allclose(
        ours["consensus_quality"].to_numpy(), theirs["label_quality"]["consensus_quality_score"], atol=1e-6
    )
    worth, _ = crowd.get_active_learning_scores(table, probabilities)
    np.testing.assert_allclose(ours["another_opinion_score"].to_numpy(), worth, atol=1e-6)
    stats = theirs["annotator_stats"].sort_index()
    people = {annotator["annotator"]: annotator for annotator in report.annotators().to_pylist()}
    for name, quality, agreement in zip(
        SKILL, stats["annotator_quality"], stats["agreement_with_consensus"], strict=True
    ):
        assert people[name]["quality"] == pytest.approx(quality, abs=1e-4)
        assert people[name]["agreement"] == pytest.approx(agreement, abs=1e-4)


@pytest.mark.slow
def test_annotators_stand_in_the_order_of_their_skill(planted_scan):
    report, _, codes, _ = planted_scan
    people = report.annotators()
    assert people["annotator"].to_pylist() == sorted(SKILL, key=SKILL.__getitem__)
    counts = dict(zip(SKILL, (codes >= 0).sum(axis=0).tolist(), strict=True))
    assert dict(zip(people["annotator"].to_pylist(), people["labels"].to_pylist(), strict=True)) == counts
    assert set(people["method"].to_pylist()) == {"CROWDLAB"}


@pytest.mark.slow
def test_wrong_majorities_come_first_and_get_the_right_label(planted_scan):
    report, truth, codes, _ = planted_scan
    wrong = (AnnotatorLabels(tuple(SKILL), codes).majority_vote(CLASSES) != truth) & (codes >= 0).any(axis=1)
    flags, score = report.scores["is_label_issue"].to_numpy(), report.scores["label_score"].to_numpy()
    assert 2 * (flags & wrong).sum() / (flags.sum() + wrong.sum()) > 0.8
    assert np.nanmean(score[wrong]) < np.nanmean(score[~wrong]) - 0.3
    suggested = np.array([NAMES.index(label or NAMES[0]) for label in report.scores["suggested_label"].to_pylist()])
    assert (suggested == truth)[flags & wrong].mean() > 0.85


def test_a_consensus_finding_says_who_said_what(planted_scan):
    report, _, codes, _ = planted_scan
    rows = [finding for finding in report.findings.to_pylist() if finding["kind"] == "consensus"]
    assert rows
    for row in rows:
        number, evidence = int(row["id"][1:]), json.loads(row["evidence"])
        said = {name: label for label, people in evidence["opinions"].items() for name in people}
        assert said == {name: NAMES[code] for name, code in zip(SKILL, codes[number], strict=True) if code >= 0}
        assert json.loads(row["given"]) != json.loads(row["suggested"]) == evidence["consensus"]
        assert all(name in row["reason"] for name in said)


def test_another_opinion_is_asked_where_few_spoke_and_they_differ(planted_scan):
    report, _, codes, _ = planted_scan
    first = report.another_opinion(40)
    assert first["score"].to_pylist() == sorted(first["score"].to_pylist())
    assert np.mean(first["quality"].to_pylist()) < np.nanmean(report.scores["consensus_quality"].to_numpy()) - 0.1
    assert "r7" not in first["id"].to_pylist()  # nobody labeled it: it is no label to weigh
    plain = ls.scan(
        samples_of(codes, np.maximum(codes[:, 0], 0)), signals=_probs(planted_scan), only=["label"], store=None
    )
    assert plain.another_opinion(5).num_rows == 5


def _probs(planted_scan) -> ls.Signals:
    return ls.Signals(pred_probs=np.asarray(planted_scan[0].pred_probs), classes=NAMES)


def test_the_users_own_label_is_judged_by_the_consensus(planted_scan):
    _, truth, codes, _ = planted_scan
    own = truth.copy()
    own[:30] = (own[:30] + 1) % CLASSES
    judged = ls.scan(samples_of(codes, own), signals=_probs(planted_scan), only=["label"], store=None)
    flags, wrong = judged.scores["is_label_issue"].to_numpy(), own != truth
    assert flags[wrong].mean() > 0.8
    assert judged.scores["label_score"].to_numpy()[wrong].max() < np.median(judged.scores["label_score"].to_numpy())


def test_permuting_rows_permutes_the_result(planted_scan):
    report, _, codes, _ = planted_scan
    rows = np.random.default_rng(1).permutation(ROWS)
    plain = ls.scan(samples_of(codes), signals=_probs(planted_scan), only=["label"], store=None)
    mixed = ls.Signals(
        pred_probs=np.asarray(report.pred_probs)[rows], classes=NAMES, ids=[f"r{row}" for row in rows.tolist()]
    )
    again = ls.scan(samples_of(codes).take(rows), signals=mixed, only=["label"], store=None)
    for name in ("label_score", "consensus_quality"):
        np.testing.assert_allclose(again.scores[name].to_numpy(), plain.scores[name].to_numpy()[rows], atol=1e-5)


def test_without_cleanlab_the_majority_decides_and_says_so(planted_scan, monkeypatch):
    real = builtins.__import__

    def refuse(name, *args, **more):
        if name.partition(".")[0] == "cleanlab":
            raise ImportError(name)
        return real(name, *args, **more)

    monkeypatch.setattr(builtins, "__import__", refuse)
    report = ls.scan(samples_of(planted_scan[2]), signals=_probs(planted_scan), only=["label"], store=None)
    assert any("labelsift[annotators]" in note for note in report.notes)
    assert report.scores["consensus_label"].to_pylist() == report.samples.labels.to_pylist()
    assert report.annotators()["annotator"].to_pylist()[0] == "dora"
    assert set(report.annotators()["method"].to_pylist()) == {"majority vote"}


def test_one_annotator_alone_needs_no_cleanlab(planted_scan):
    codes = np.full((ROWS, len(SKILL)), -1, dtype=np.int32)
    codes[:, 0] = planted_scan[1]
    report = ls.scan(samples_of(codes), signals=_probs(planted_scan), only=["label"], store=None)
    assert report.annotators().to_pylist() == [
        {"annotator": "anna", "labels": ROWS, "agreement": None, "quality": None, "method": "majority vote"}
    ]


def test_a_run_without_annotators_says_so(planted_scan):
    _, truth, _, _ = planted_scan
    table = pa.table({"id": [f"r{row}" for row in range(ROWS)], "label": [NAMES[number] for number in truth]})
    report = ls.scan(
        ls.read(table, text=None, id="id", label="label"), signals=_probs(planted_scan), only=["label"], store=None
    )
    assert report.annotators().num_rows == 0
    with pytest.raises(InputError, match="no annotators"):
        report.another_opinion()


def test_a_kept_run_the_summary_and_the_page_know_the_annotators(planted_scan, tmp_path, capsys):
    from labelsift.cli.print_summary import print_summary

    report = ls.scan(samples_of(planted_scan[2]), signals=_probs(planted_scan), only=["label"], store=tmp_path / "kept")
    loaded = ls.load(report.run, store=tmp_path / "kept")
    assert loaded.annotators().equals(report.annotators())
    assert loaded.another_opinion(9).equals(report.another_opinion(9))
    assert loaded.samples.fingerprint == report.samples.fingerprint
    print_summary(loaded, store=None)
    said = capsys.readouterr().out
    assert "Annotators, weakest first" in said and said.index("dora") < said.index("CROWDLAB")
    open_page = loaded.to_html(tmp_path / "open.html").read_text()
    shared = loaded.to_html(tmp_path / "shared.html", share=True).read_text()
    assert all(name in open_page for name in SKILL)
    assert not any(f"{name} say" in shared or f'"{name}"' in shared for name in SKILL)
    assert '"Annotator 1"' in shared


def test_the_command_line_reads_annotators(planted_scan, tmp_path, monkeypatch):
    from click.testing import CliRunner
    from labelsift.cli import main

    monkeypatch.chdir(tmp_path)
    np.save("p.npy", np.asarray(planted_scan[0].pred_probs))
    codes = planted_scan[2]
    rows = [
        {"id": f"r{index}", "said": {n: NAMES[c] for n, c in zip(SKILL, row, strict=True) if c >= 0}}
        for index, row in enumerate(codes.tolist())
    ]
    (tmp_path / "said.jsonl").write_text("\n".join(map(json.dumps, rows)))
    call = ["scan", "said.jsonl", "--no-text", "--id", "id", "--annotations", "said", "--pred-probs", "p.npy"]
    ran = CliRunner().invoke(main, [*call, "--no-store", "--json"])
    assert ran.exit_code == 0, ran.output
    assert json.loads(ran.output)["facts"]["annotators"][0]["annotator"] == "dora"
