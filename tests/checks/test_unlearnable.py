"""Labels that cannot be learned are named, and then nothing else is said of them: neither flags nor rates."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from labelsift.checks.label import label
from labelsift.checks.unlearnable import MOST_NOTES, unlearnable
from labelsift.data.schemas import of_issue
from labelsift.io.read import read
from labelsift.report import Report
from labelsift.scanning import scan

FIELD = Path(__file__).parents[3] / "shared" / "field"
NOUNS = "parcel courier invoice fee password browser address driver refund account".split()
RANDOM = re.compile(
    r"The samples do not tell these labels: the model agrees with ([\d.]+)\s% of them, and always guessing the "
    r"commonest would with ([\d.]+)\s%\. No label can be called wrong\."
)


def flagged(report: Report, issue: str = "label") -> int:
    return sum(bool(flag) for flag in report.scores[f"is_{issue}_issue"].to_pylist())


def silent(report: Report) -> None:
    """Nothing is called wrong, and nothing is asked: the data set itself is the finding, and the first note."""
    (finding,) = of_issue(report.findings, "unlearnable").to_pylist()
    assert (finding["scope"], finding["id"]) == ("dataset", report.samples.name)
    assert report.notes[0] == finding["reason"]
    assert flagged(report) == flagged(report, "ambiguous") == 0
    told = report.facts["label_errors"]
    assert (told["number"], told["range"], told["learnable"]) == (0, None, False)
    assert told["expected_precision"] is None and told["expected_precision_at"] == {}
    assert report.scores["label_score"].null_count == len(report.samples)


def requests(rng: np.random.Generator, rows: int) -> list[str]:
    words = rng.choice(NOUNS, (rows, 2))
    return [f"Please check the {a} and the {b} today, number {rng.integers(10_000, 99_999)}" for a, b in words]


@pytest.mark.slow
@pytest.mark.parametrize(("rows", "classes", "seed"), [(300, 2, 0), (300, 2, 1), (90, 5, 0), (400, 3, 2)])
def test_labels_drawn_at_random_are_named_first_and_none_is_flagged(rows, classes, seed):
    rng = np.random.default_rng(seed)
    labels = [f"c{code}" for code in rng.integers(0, classes, rows)]
    report = scan(read(pa.table({"text": requests(rng, rows), "label": labels}), label="label"), store=None)
    silent(report)
    said = RANDOM.fullmatch(report.notes[0])
    assert said
    guess = max(labels.count(name) for name in set(labels)) / rows
    assert float(said[2]) == pytest.approx(100 * guess, abs=0.06)
    assert float(said[1]) < 100 * guess + 20
    issues = report.summary()["issues"]
    assert issues["unlearnable"] == {"count": 1, "rate": None} and issues["label"] == {"count": 0, "rate": None}


@pytest.mark.slow
@pytest.mark.skipif(not (FIELD / "07-labels-that-no-text-tells").is_dir(), reason="needs ../shared/field")
def test_labels_that_no_text_tells_of_the_field():
    report = scan(read(FIELD / "07-labels-that-no-text-tells" / "random.csv", label="label"), store=None)
    silent(report)
    said = RANDOM.fullmatch(report.notes[0])
    assert said and 50 <= float(said[2]) < 60  # "guessing would with 50 %"


def comments(seed: int, *, common: int, rare: int) -> tuple[list[str], list[str]]:
    """Return comments of two classes without an error; the rare one says some words more often."""
    rng = np.random.default_rng(seed)
    kind = "thanks agree interesting article point reader question maybe think fair".split()
    rude = "nonsense ridiculous idiot shut clueless wrong stupid liar pathetic clown".split()
    texts, labels = [], []
    for name, number, share in (("healthy", common, 0.22), ("unhealthy", rare, 0.4)):
        for row in range(number):
            words = [str(rng.choice(rude if rng.random() < share else kind)) for _ in range(rng.integers(5, 11))]
            texts.append(f"{' '.join(words)} {name[0]}{row}"[: -len(str(row)) - 1] + f"{rng.integers(100, 9_999)}")
            labels.append(name)
    return texts, labels


def holds_for_a_rare_class(report: Report, rare: str) -> None:
    labels = np.array(report.samples.labels.to_pylist(), dtype=object)
    flags = np.array([bool(flag) for flag in report.scores["is_label_issue"].to_pylist()])
    assert flags.mean() <= 0.04  # cleanlab flags 54 of 1,500 with the same probabilities
    assert not flags[labels == rare].all()
    about = [finding for finding in of_issue(report.findings, "unlearnable").to_pylist() if finding["id"] == rare]
    if flags[labels == rare].mean() > 0.5 or report.facts["label_errors"]["unlearnable"]:
        assert about and any(rare in note for note in report.notes)
    if report.facts["label_errors"]["unlearnable"]:
        assert not flags[labels == rare].any()


@pytest.mark.slow
def test_a_rare_class_that_texts_tell_in_part_is_not_flagged_whole():
    texts, labels = comments(0, common=700, rare=60)
    report = scan(read(pa.table({"text": texts, "label": labels}), label="label"), store=None)
    holds_for_a_rare_class(report, "unhealthy")


@pytest.mark.slow
@pytest.mark.skipif(not (FIELD / "26-rare-class-flagged-whole").is_dir(), reason="needs ../shared/field")
def test_the_rare_class_of_the_field_is_not_flagged_whole():
    report = scan(read(FIELD / "26-rare-class-flagged-whole" / "rare.csv", label="label"), store=None)
    assert len(report.samples) == 1_500
    holds_for_a_rare_class(report, "unhealthy")


def brought(make_context, pool: np.ndarray, codes: np.ndarray, **options):
    """Bring probabilities alone, and judge the labels by them."""
    names = tuple(f"c{code}" for code in range(pool.shape[1]))
    context = make_context(
        [f"text {row}" for row in range(len(codes))],
        [names[code] for code in codes],
        classes=names,
        pred_probs=(pool / pool.sum(axis=1, keepdims=True)).astype(np.float32),
        **options,
    )
    context.results["label"] = label(context)
    return context


def sure_of(truth: np.ndarray, classes: int, seed: int = 0) -> np.ndarray:
    pool = np.full((len(truth), classes), 0.02)
    pool[np.arange(len(truth)), truth] = 0.9
    return pool + 0.02 * np.random.default_rng(seed).random(pool.shape)


def test_a_class_that_the_model_does_not_find_is_named_and_leaves_flags_and_rates(make_context):
    codes = np.repeat([0, 1, 2], [300, 300, 50])
    predicted = np.where((codes == 2) & (np.arange(650) % 10 > 0), np.arange(650) % 2, codes)
    context = brought(make_context, sure_of(predicted, 3), codes)
    result = unlearnable(context)
    (finding,) = result.findings
    assert (finding.id, finding.scope, finding.issue, finding.given) == ("c2", "class", "unlearnable", "c2")
    assert finding.evidence == {"recall": 0.1, "size": 50} and finding.score == pytest.approx(0.1)
    assert finding.reason.replace("\u00a0", " ").startswith("The model finds 10 % of the 50 rows of class c2, too few")
    assert context.notes[-1] == finding.reason
    labels = context.results["label"]
    assert np.isnan(labels.score[codes == 2]).all() and np.isfinite(labels.score[codes != 2]).all()
    assert not labels.is_issue[codes == 2].any()
    assert context.facts["label_errors"]["unlearnable"] == {"c2": 0.1}
    assert np.isnan(result.score).all() and not result.is_issue.any()


def test_the_numbers_of_a_class_are_those_of_its_judged_rows(make_context):
    codes = np.repeat([0, 1, 2], [300, 300, 50])
    predicted = np.where(codes == 2, np.arange(650) % 2, codes)
    context = brought(make_context, sure_of(predicted, 3), codes)
    context.pred_probs[-20:] = np.nan
    context.results["label"] = label(context)
    (finding,) = unlearnable(context).findings
    assert finding.evidence["size"] == 30 and " 0\u00a0% of the 30 rows of class c2" in finding.reason


def test_many_classes_that_are_not_found_make_one_note(make_context):
    codes = np.repeat(np.arange(12), 40)
    context = brought(make_context, sure_of(np.where(codes >= 6, codes - 6, codes), 12), codes)
    findings = unlearnable(context).findings
    assert {finding.id for finding in findings} == {f"c{code}" for code in range(6, 12)}
    assert len(findings) > MOST_NOTES
    (note,) = (note for note in context.notes if "the model finds" in note)
    assert note.startswith("Of each of 6 classes the model finds less than 20\u00a0% of the rows")


def test_a_class_that_looks_mostly_wrong_is_one_finding(make_context):
    truth = np.repeat([0, 1, 2, 3], [150, 300, 300, 300])
    codes = np.where((truth != 0) & (np.random.default_rng(0).random(1_050) < 0.2), 0, truth)  # c0 serves as a dump
    context = brought(make_context, sure_of(truth, 4), codes)
    (finding,) = unlearnable(context).findings
    flags = context.results["label"].is_issue[codes == 0]
    assert (finding.kind, finding.scope, finding.id) == ("mostly_wrong", "class", "c0")
    assert flags.mean() > 0.5 and finding.evidence == {"flagged": round(float(flags.mean()), 4), "size": len(flags)}
    assert (
        finding.reason.startswith(f"Most of the {len(flags)} rows labeled c0 are ") and finding.reason in context.notes
    )


def test_a_useless_model_that_somebody_brought_is_named(make_context):
    codes = np.arange(300) % 3
    for pool in (np.random.default_rng(0).dirichlet(np.ones(3), 300), np.tile([0.5, 0.3, 0.2], (300, 1))):
        context = brought(make_context, pool, codes)
        (finding,) = unlearnable(context).findings
        assert (finding.scope, context.notes[0]) == ("dataset", finding.reason)
        assert finding.reason.startswith("The samples do not tell these labels")
        assert not context.results["label"].is_issue.any()


def test_what_is_learned_too_badly_to_judge_by_is_not_called_untold(make_context):
    rng, codes = np.random.default_rng(0), np.repeat(np.arange(60), 40)
    logits = rng.normal(size=(len(codes), 60))
    logits[np.arange(len(codes)), codes] += 0.5
    context = brought(make_context, np.exp(logits), codes)
    (finding,) = unlearnable(context).findings
    assert finding.scope == "dataset" and finding.reason.startswith("The samples hardly tell these labels")
    assert finding.evidence["agreement"] > 2 * finding.evidence["guessing"]


@pytest.mark.parametrize("rows", [1, 2, 3, 49])
def test_few_rows_are_called_too_few(make_context, rows):
    codes = np.random.default_rng(rows).integers(0, 2, rows)
    context = brought(make_context, np.tile([0.6, 0.4], (rows, 1)), codes)
    (finding,) = unlearnable(context).findings
    labels = "1 judged label is" if rows == 1 else f"{rows} judged labels are"
    assert finding.reason == f"{labels} too few to learn from. No label can be called wrong."


def test_texts_in_japanese_are_learned_or_named():
    rng = np.random.default_rng(0)
    starts = {
        "返金": ["返金をお願いします", "お金を返してください"],
        "配送": ["荷物が届きません", "配送が遅れています"],
    }
    labels = [str(name) for name in rng.choice(list(starts), 120)]
    texts = [f"{rng.choice(starts[name])}。番号{rng.integers(100, 9_999)}" for name in labels]
    report = scan(read(pa.table({"text": texts, "label": labels}), label="label"), store=None)
    judged = len(labels) - report.scores["label_score"].null_count
    named = of_issue(report.findings, "unlearnable").num_rows
    assert flagged(report) == 0
    assert judged == len(labels) or named or any("cannot read" in note for note in report.notes)


def test_a_label_check_that_did_not_run_leaves_nothing_to_say(make_context):
    context = make_context([f"text {row}" for row in range(10)], ["a", "b"] * 5)
    result = unlearnable(context)
    assert result.findings == [] and context.notes == [] and len(result.score) == 10
