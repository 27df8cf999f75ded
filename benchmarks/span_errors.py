"""Errors in spans: are they found, told by their kind and corrected? Ours beside cleanlab over the same tagger.

``python -m benchmarks.span_errors --data FOLDER`` reads ``data.jsonl.gz``: lines with id, text, true_spans,
given_spans ([start, end, type] in characters) and errors ([{kind, span}]: ghost, missed, shifted, wrong_tag; the
span as it is given, of a missed one as it was). ``--planted 200 201`` instead plants errors of the same kinds into
true_spans, one run a seed; ``--made distant weak --seeds 10 11 12`` puts noise there as people and machines make it
(:mod:`benchmarks.made_spans`), one run a kind and seed.

A finding counts as right if the text has an error of its kind that no likelier finding has been counted for, and
the span is the same (ghost, wrong_tag) or overlaps (shifted, missed). "corrected" also asks that the suggested span
is a true one. "sentence_F1" counts flagged texts instead, against those with any error. "in_range" is the share of runs
in which the told range holds the true number of errors.
"""

from __future__ import annotations

import argparse
import gzip
import json
import random
import time
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Any

import labelsift as ls
import numpy as np
import pyarrow as pa
from labelsift.checks.span import FOLDS
from labelsift.data.spans import spaced
from labelsift.label_quality.spans.lexicon import lexicon
from labelsift.label_quality.spans.marginals import out_of_fold_marginals
from labelsift.label_quality.spans.token_features import token_features
from labelsift.label_quality.spans.tokens import Tokens, tags, token_spans
from labelsift.models.stable_folds import assign_folds
from sklearn.metrics import average_precision_score, roc_auc_score

from .made_spans import NOISES, made_errors

KINDS = ("ghost", "missed", "shifted", "wrong_tag")
Row = dict[str, Any]


def main() -> None:
    """Print one line a run, then the means."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2], help="Of the folds.")
    parser.add_argument("--planted", type=int, nargs="*", help="Plant errors with these seeds instead.")
    parser.add_argument(
        "--made", nargs="+", choices=list(NOISES), help="Make noise of these kinds instead, by --seeds."
    )
    parser.add_argument("--share", type=float, help="Of the texts that --made concerns.")
    parser.add_argument("--without-peer", action="store_true")
    given = parser.parse_args()
    with gzip.open(given.data / "data.jsonl.gz", "rt") as file:
        rows = [json.loads(line) for line in file]
    ours([*rows[:200]], 0)  # compiles
    runs = [(f"folds {seed}", rows, seed) for seed in given.seeds]
    if given.planted is not None:
        runs = [(f"planted {seed}", plant(rows, seed), 0) for seed in given.planted]
    if given.made is not None:
        runs = [
            (f"{kind} {seed}", made_errors(rows, kind, seed, share=given.share), 0)
            for kind in given.made
            for seed in given.seeds
        ]
    found: dict[str, list[dict[str, float]]] = {}
    for name, some, seed in runs:
        lines = {"labelsift": ours(some, seed)} | ({} if given.without_peer else peers(some, seed))
        for method, figures in lines.items():
            found.setdefault(method, []).append(figures)
            print(name, method, " ".join(f"{key} {value:.3f}" for key, value in figures.items()), flush=True)
    for method, several in found.items():
        told = [
            f"{key} {np.mean([one[key] for one in several]):.3f} ± {np.std([one[key] for one in several]):.3f}"
            for key in several[0]
        ]
        print(f"mean of {len(several)}", method, ", ".join(told))


def ours(rows: Sequence[Row], seed: int) -> dict[str, float]:
    """Scan with defaults, the span check alone."""
    table = pa.table(
        {name: [row[name] for row in rows] for name in ("id", "text")}
        | {"spans": [json.dumps(row["given_spans"]) for row in rows]}
    )
    start = time.process_time()
    report = ls.scan(ls.read(table, spans="spans", id="id"), only=["span"], seed=seed, store=None)
    spent = time.process_time() - start
    findings = [
        (row["id"], row["kind"], json.loads(row["given"]), json.loads(row["suggested"]))
        for row in report.findings.to_pylist()
        if row["issue"] == "span"
    ]
    scores = report.scores["span_score"].to_numpy()
    figures = (
        _ranking(rows, scores) | typed(rows, findings) | {"sentence_F1": _of_texts(rows, {id for id, *_ in findings})}
    )
    estimates, errors = report.facts.get("span_errors", {}), figures["errors"]
    low, high = estimates.get("range") or (0, 0)
    return figures | {"low": low, "high": high, "in_range": float(low <= errors <= high), "cpu": spent}


def _of_texts(rows: Sequence[Row], flagged: Collection[str]) -> float:
    """Return the F1 of flagged texts."""
    wrong = {row["id"] for row in rows if row["errors"]}
    return 2 * len(wrong & set(flagged)) / max(len(wrong) + len(set(flagged)), 1)


def peers(rows: Sequence[Row], seed: int) -> dict[str, dict[str, float]]:
    """Rank by cleanlab's token classification over the marginals of the same tagger, and type its flags."""
    from cleanlab.token_classification.filter import find_label_issues
    from cleanlab.token_classification.rank import get_label_quality_scores

    start = time.process_time()
    labels, probabilities, types, words = _marginals(rows, seed)
    shared = time.process_time() - start
    found: dict[str, dict[str, float]] = {}
    issues = find_label_issues(labels, probabilities)
    findings = _by_kind(rows, issues, labels, probabilities, types, words)
    of_texts = _of_texts(rows, {rows[text]["id"] for text, _ in issues})
    for method in ("min", "softmin"):
        scores, _ = get_label_quality_scores(labels, probabilities, sentence_score_method=method)
        found[f"cleanlab {method}"] = (
            _ranking(rows, scores) | typed(rows, findings) | {"sentence_F1": of_texts, "cpu": shared}
        )
    return found


def _marginals(rows: Sequence[Row], seed: int) -> tuple[list[list[int]], list[np.ndarray], list[str], Tokens]:
    texts, spans = [row["text"] for row in rows], [[tuple(one) for one in row["given_spans"]] for row in rows]
    types = sorted({name for some in spans for *_, name in some})
    words = Tokens.of(texts, spans)
    place = {name: at for at, name in enumerate(types)}
    marked = [token_spans(some, places, place) for some, places in zip(spans, words.places, strict=True)]
    groups: dict[str, int] = {}
    same = np.array([groups.setdefault(text.lower(), len(groups)) for text in texts])
    codes = np.array([1 + some[0][2] if some and some[0] else 0 for some in marked])
    folds = assign_folds(codes, same, folds=FOLDS, seed=seed)
    features = token_features(words.forms, lexicon(words.forms, seed=seed).clusters)
    held = out_of_fold_marginals(words, features, marked, folds, types=len(types), seed=seed)
    labels = [tags(some, len(places)).tolist() for some, places in zip(marked, words.places, strict=True)]
    cuts = [slice(int(a), int(b)) for a, b in zip(words.starts[:-1], words.starts[1:], strict=True)]
    return labels, [held.words[cut] / held.words[cut].sum(axis=1, keepdims=True) for cut in cuts], types, words


def _by_kind(
    rows: Sequence[Row],
    issues: Sequence[tuple[int, int]],
    labels: Sequence[Sequence[int]],
    probabilities: Sequence[np.ndarray],
    types: Sequence[str],
    words: Tokens,
) -> list[tuple[str, str, Any, Any]]:
    """Type cleanlab's flagged words, the worst first, by the given spans and those of the likeliest labels there."""
    seen: set[tuple[int, Any, Any]] = set()
    found: list[tuple[str, str, Any, Any]] = []
    for text, word in issues:
        places = words.places[text]
        said = _spans(probabilities[text].argmax(axis=1).tolist(), places, types)
        here = places[word]
        was = next((one for one in rows[text]["given_spans"] if one[0] < here[1] and here[0] < one[1]), None)
        now = next((one for one in said if one[0] < here[1] and here[0] < one[1]), None)
        if now is None and was is not None:
            now = next((one for one in said if one[0] < was[1] and was[0] < one[1]), None)
        key = (text, None if was is None else tuple(was), None if now is None else tuple(now))
        if key in seen or was == now:
            continue
        seen.add(key)
        if was is None or now is None:
            kind = "missed" if was is None else "ghost"
        else:
            kind = "wrong_tag" if was[:2] == now[:2] else "shifted"
        found.append((rows[text]["id"], kind, was, now))
    return found


def _spans(labels: Sequence[int], places: Sequence[tuple[int, int]], types: Sequence[str]) -> list[list[Any]]:
    spans: list[list[Any]] = []
    for at, (label, (start, end)) in enumerate(zip(labels, places, strict=True)):
        if label and (label % 2 or not at or (labels[at - 1] + 1) // 2 != label // 2):
            spans.append([start, end, types[(label - 1) // 2]])
        elif label:
            spans[-1][1] = end
    return spans


def _ranking(rows: Sequence[Row], scores: np.ndarray) -> dict[str, float]:
    wrong = np.array([bool(row["errors"]) for row in rows])
    if not wrong.any():
        return {"AP": float("nan"), "AUROC": float("nan")}
    return {"AP": average_precision_score(wrong, -scores), "AUROC": roc_auc_score(wrong, -scores)}


def typed(rows: Sequence[Row], findings: Sequence[tuple[str, str, Any, Any]]) -> dict[str, float]:
    """Count findings of the right kind in the right place, one for each error."""
    open_errors = {
        (row["id"], kind): [one["span"] for one in row["errors"] if one["kind"] == kind]
        for row in rows
        for kind in KINDS
    }
    truth = {row["id"]: {tuple(one) for one in row["true_spans"]} for row in rows}
    errors = sum(map(len, open_errors.values()))
    right, corrected, by_kind = 0, 0, dict.fromkeys(KINDS, 0)
    for sample, kind, given, suggested in findings:
        mine, spans = given if given is not None else suggested, open_errors.get((sample, kind), [])
        exact = kind in ("ghost", "wrong_tag")
        hit = next(
            (one for one in spans if (mine[:2] == one[:2] if exact else mine[0] < one[1] and one[0] < mine[1])), None
        )
        if hit is not None:
            spans.remove(hit)
            right += 1
            by_kind[kind] += 1
            corrected += suggested is None or tuple(suggested) in truth[sample]
    told, total = len(findings), max(len(findings) + errors, 1)
    figures = {
        "P": right / max(told, 1),
        "R": right / max(errors, 1),
        "F1": 2 * right / total,
        "F1_corrected": 2 * corrected / total,
    }
    return (
        figures
        | {
            f"R_{kind}": count / max(sum(one["kind"] == kind for row in rows for one in row["errors"]), 1)
            for kind, count in by_kind.items()
        }
        | {"told": told, "errors": errors}
    )


def plant(rows: Sequence[Row], seed: int) -> list[Row]:
    """Plant errors: 4 % of spans missed, 4 % shifted by a word, 5 % of another type, and in 6 % of texts a ghost."""
    rng = random.Random(seed)  # noqa: S311 - no secret
    types = sorted({one[2] for row in rows for one in row["true_spans"]})
    return [row | _planted(row, types, rng) for row in rows]


def _planted(row: Row, types: Sequence[str], rng: random.Random) -> Row:
    text, true = row["text"], [tuple(one) for one in row["true_spans"]]
    places = spaced(text)
    given: list[Any] = []
    errors: list[Row] = []
    for span in true:
        chance, new, kind = rng.random(), span, ""
        if chance < 0.04:
            kind, new = "missed", None
        elif chance < 0.08:
            new = _shifted(span, places, [*given, *(one for one in true if one != span)], rng)
            kind = "shifted" if new != span else ""
        elif chance < 0.127 and len(types) > 1:
            kind, new = "wrong_tag", (*span[:2], rng.choice([one for one in types if one != span[2]]))
        given += [new] if new is not None else []
        errors += [{"kind": kind, "span": list(new or span)}] if kind else []
    if rng.random() < 0.06:
        free = [
            place
            for place in places
            if place[1] - place[0] >= 4
            and text[slice(*place)].isalpha()
            and not any(one[0] < place[1] and place[0] < one[1] for one in [*given, *true])
        ]
        if free:
            given.append((*rng.choice(free), rng.choice(types)))
            errors.append({"kind": "ghost", "span": list(given[-1])})
    return {"given_spans": [list(one) for one in sorted(given)], "errors": errors}


def _shifted(span: Any, places: Sequence[tuple[int, int]], others: Sequence[Any], rng: random.Random) -> Any:  # noqa: ANN401
    inside = [at for at, (start, end) in enumerate(places) if start < span[1] and span[0] < end]
    first, last = inside[0], inside[-1]
    first, last = rng.choices(
        [(first, last + 1), (first, last - 1), (first - 1, last), (first + 1, last)], (60, 25, 10, 5)
    )[0]
    if not 0 <= first <= last < len(places):
        return span
    start, end = places[first][0], places[last][1]
    return span if any(one[0] < end and start < one[1] for one in others) else (start, end, span[2])


if __name__ == "__main__":
    main()
