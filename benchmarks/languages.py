"""What is found in which language: average precision of label errors, and whose texts are called foreign.

    python -m benchmarks.languages [--embedder multilingual] [--languages ja hi ar] [--catalogues FOLDER]

Reads ``../shared/data/languages``: 1,004 sentences each in Japanese, Hindi and Arabic, 7 topics, with 15 % of the
labels changed to any other topic, or to the one that it is most confused with. A label that is not judged ranks last.
``mixed`` is half English, half Japanese, each half also scanned alone; the English half is of
``../shared/data/noisyag``, with 15 % of the labels changed here. ``informal`` are texts of
:mod:`benchmarks.informal_english`, under seeds that the detector was not looked at with. CATALOGUES is the folder of an
installed Django, whose translations are short texts.
"""

from __future__ import annotations

import argparse
import ast
import re
import time
from pathlib import Path

import labelsift as ls
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from labelsift.data.scripts import LATIN
from labelsift.models.languages import Languages, detect, encode_languages
from labelsift.models.readability import Readability, scripts_of
from pyarrow import csv

from benchmarks.informal_english import informal_english

DATA = Path(__file__).parent.parent.parent / "shared" / "data"
NOISES = ("given_unif15", "given_near15")
ENGLISH = frozenset({"en"})
_ENTRY = re.compile(r'^msgid ((?:"[^\n]*"\n)+)msgstr ((?:"[^\n]*"\n)+)', re.MULTILINE)
_PLACEHOLDER = re.compile(r"%\([a-z_]+\)[sd]|%[sd]|<[^>]+>|\{\{?.*?\}\}?")


def main() -> None:
    """Print one line a measurement."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--embedder", default="wordllama")
    parser.add_argument("--languages", nargs="*", default=["ja", "hi", "ar"])
    parser.add_argument("--catalogues", type=Path)
    parser.add_argument("--without", nargs="*", default=[], choices=["mixed", "informal"])
    given = parser.parse_args()
    table = csv.read_csv(DATA / "languages" / "data.csv.gz")
    for language in given.languages:
        for noise in NOISES:
            rows = table.filter(pc.equal(table["lang"], language))
            print(f"{language} {noise}: {_scanned(rows, noise, given.embedder)[1]}", flush=True)
    if "mixed" not in given.without:
        _mixed(table, given.embedder)
    if "informal" not in given.without:
        for seed in (11, 12, 13):
            print(
                f"informal English, seed {seed}: {_foreign(informal_english(1000, seed=seed)).sum()} of 1,000 foreign"
            )
    if given.catalogues:
        _catalogues(given.catalogues)


def _scanned(rows: pa.Table, noise: str, embedder: str) -> tuple[dict[str, float], str]:
    """Return id → score of the label, and a line of figures."""
    columns = {"id": rows["id"], "text": rows["text"], "label": rows[noise]}
    start = time.process_time()
    report = ls.scan(ls.read(pa.table(columns), id="id", text="text", label="label"), embedder=embedder, store=None)
    seconds = time.process_time() - start
    scores = np.nan_to_num(report.scores["label_score"].to_numpy(), nan=1.0)
    summary, vectors = report.summary(), report.embeddings
    shape = vectors.shape[1] if vectors is not None else 0
    line = (
        f"AP {average_precision(pc.not_equal(rows[noise], rows['true_label']).to_numpy(), -scores):.3f},"
        f" {summary['judged']:,} of {len(rows):,} judged, {summary['issues']['label']['count']} flagged,"
        f" {shape} dimensions, {seconds:.1f} CPU s"
    )
    return dict(zip(report.samples.ids.to_pylist(), scores.tolist(), strict=True)), line


def average_precision(wrong: np.ndarray, suspicion: np.ndarray) -> float:
    """Return the average precision of a ranking, of tied rows in the order given."""
    hits = wrong[np.argsort(-suspicion, kind="stable")]
    return float((np.cumsum(hits) / np.arange(1, len(hits) + 1))[hits].mean())


def _mixed(table: pa.Table, embedder: str) -> None:
    """Scan a set half English, half Japanese, and each half alone."""
    japanese = table.filter(pc.equal(table["lang"], "ja")).select(["id", "text", "true_label", NOISES[0]])
    news = csv.read_csv(DATA / "noisyag" / "data.csv.gz").slice(0, len(japanese))
    truth = np.array(news["true_label"].to_pylist(), dtype=object)
    draw, classes = np.random.default_rng(7), np.unique(truth.astype(str))
    noisy = truth.copy()
    for row in draw.permutation(len(truth))[: round(0.15 * len(truth))]:
        noisy[row] = draw.choice([name for name in classes if name != truth[row]])
    ids = pa.array([f"en-{row}" for row in range(len(news))])
    columns = [ids, news["text"], pa.array(truth.astype(str)), pa.array(noisy.astype(str))]
    english = pa.table(columns, names=japanese.column_names)
    both = pa.concat_tables([english, japanese])
    together, line = _scanned(both, NOISES[0], embedder)
    print(f"mixed: {line}")
    for name, half in (("English", english), ("Japanese", japanese)):
        _, line = _scanned(half, NOISES[0], embedder)
        inside = np.array([together[id] for id in half["id"].to_pylist()])
        wrong = pc.not_equal(half[NOISES[0]], half["true_label"]).to_numpy()
        print(
            f"  {name} half: within the mixed set AP {average_precision(wrong, -inside):.3f}; alone {line}", flush=True
        )


def _foreign(texts: list[str]) -> np.ndarray:
    """Tell the texts that an embedder of English would be kept from, each judged alone: bool, shape (n,)."""
    scripts, detected = scripts_of(texts), Languages.of(encode_languages(detect(texts)))
    return ~Readability(ENGLISH).readable(scripts, detected)


def _catalogues(folder: Path) -> None:
    texts: set[str] = set()
    for path in sorted(folder.glob("**/locale/*/LC_MESSAGES/django.po")):
        if path.parts[-3].startswith("en"):
            continue
        for match in _ENTRY.finditer(path.read_text(encoding="utf-8")):
            source, text = ("".join(map(ast.literal_eval, part.strip().split("\n"))) for part in match.groups())
            if text and text != source:
                texts.add(_PLACEHOLDER.sub("", text).strip())
    listed = sorted(texts)
    found, scripts = _foreign(listed), np.array([script or "" for script in scripts_of(listed)])
    latin, other = scripts == LATIN, (scripts != LATIN) & (scripts != "")
    print(f"catalogues: found {found[latin].sum():,} of {latin.sum():,} texts in Latin script", end="")
    print(f", {found[other].sum():,} of {other.sum():,} in others")


if __name__ == "__main__":
    main()
