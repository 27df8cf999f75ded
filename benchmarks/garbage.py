"""Garbage: repairs of encoding damage, planted garbage that is found, and flags in data sets as they are.

    python -m benchmarks.garbage [--seeds 11 12 13] [--catalogues FOLDER] [--show 10]

Repairs are measured on the sentences of ``tests/texts/sentences.tsv`` (8 each in 26 languages, written before the
check), misread in several ways. Garbage of each kind is planted into ``../shared/data`` under seeds; rules and
thresholds were chosen under seeds 1 to 3 and on these sets' own texts, so that their false alarms flatter. FOLDER is
an installed Django (see :mod:`benchmarks.short_languages`): its catalogues are clean short texts in 100 languages,
each a data set of its own. ``--show`` prints flagged texts of each set and kind, to be judged by eye.
"""

from __future__ import annotations

import argparse
import gzip
import html
import json
import random
import time
from collections import Counter
from pathlib import Path

import numpy as np
import pyarrow as pa
from labelsift.checks.context import Context, Result
from labelsift.checks.garbage import garbage
from labelsift.checks.garbage_kinds import KINDS
from labelsift.checks.language import detected
from labelsift.io.read import read
from labelsift.texts.encoding_damage import damage, repaired
from pyarrow import csv

from benchmarks.short_languages import catalogues

ROOT = Path(__file__).parent.parent
DATA = ROOT.parent / "shared" / "data"
SETS = ("banking77", "noisyag", "youtube", "wnut17", "languages")
_ROWS = ("qwertyuiop", "asdfghjkl", "zxcvbnm")
PLANTED = 30  # of each kind


def main() -> None:
    """Print one line a measurement."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, nargs="*", default=[11, 12, 13])
    parser.add_argument("--catalogues", type=Path, default=None)
    parser.add_argument("--show", type=int, default=0)
    given = parser.parse_args()
    _repairs()
    for name in SETS:
        texts = texts_of(name)
        _as_it_is(name, texts, given.show)
        if name != "languages":
            for seed in given.seeds:
                _planted(name, texts, seed)
    if given.catalogues:
        counts, total = Counter[str](), 0
        for texts in catalogues(given.catalogues).values():
            total += len(texts)
            counts.update(finding.kind for finding in checked(texts)[0].findings)
        print(f"catalogues, {total:,} texts of 20 characters and more: flagged {dict(counts)}")


def texts_of(name: str) -> list[str]:
    """Return the texts of a set of the shared data."""
    if name != "wnut17":
        return csv.read_csv(DATA / name / "data.csv.gz")["text"].to_pylist()
    with gzip.open(DATA / name / "data.jsonl.gz", "rt", encoding="utf-8") as lines:
        return [json.loads(line)["text"] for line in lines]


def checked(texts: list[str]) -> tuple[Result, float]:
    """Return the result of the check and its CPU seconds, without those of the languages and the folded forms."""
    table = pa.table({"id": [f"r{row}" for row in range(len(texts))], "text": pa.array(texts, pa.string())})
    samples = read(table, id="id")
    context = Context(samples, samples.classes, samples.codes(samples.classes), np.ones(len(texts), dtype=bool))
    detected(context), context.same_text, context.blank
    start = time.process_time()
    return garbage(context), time.process_time() - start


def _repairs() -> None:
    lines = (ROOT / "tests" / "texts" / "sentences.tsv").read_text(encoding="utf-8").splitlines()
    sentences = [line.split("\t")[1] for line in lines]
    ways = {
        "UTF-8 read as cp1252": ("utf-8", "cp1252", 1),
        "UTF-8 read as cp1252, twice": ("utf-8", "cp1252", 2),
        "UTF-8 read as cp1252 as browsers do": ("utf-8", "browser", 1),
        "UTF-8 read as cp1252 as browsers do, twice": ("utf-8", "browser", 2),
        "UTF-8 read as latin-1": ("utf-8", "latin-1", 1),
        "UTF-8 read as latin-1, twice": ("utf-8", "latin-1", 2),
        "UTF-8 read as Mac Roman": ("utf-8", "mac-roman", 1),
        "UTF-8 read as cp1251": ("utf-8", "cp1251", 1),
        "cp1250 read as cp1252": ("cp1250", "cp1252", 1),
        "cp1251 read as cp1252": ("cp1251", "cp1252", 1),
    }
    for way, (written, misread, times) in ways.items():
        wrong = {text: _misread(text, written, misread, times) for text in sentences}
        pairs = [(text, damaged) for text, damaged in wrong.items() if damaged not in (None, text)]
        exact = np.mean([repaired(damaged) == text for text, damaged in pairs])
        told = np.mean([damage(damaged) > 0 for _, damaged in pairs])
        print(f"{way}: {len(pairs)} texts, repaired exactly {exact:.3f}, reported {told:.3f}")
    lost = [text.encode("ascii", "replace").decode() for text in sentences if sum(not c.isascii() for c in text) > 9]
    told = np.mean([damage(text) > 0 for text in lost])
    print(f"letters replaced by question marks: {len(lost)} texts, reported {told:.3f}")
    clean = sum(damage(text) > 0 or repaired(text) is not None for text in sentences)
    print(f"clean: {clean} of {len(sentences)} reported")


def _misread(text: str, written: str, misread: str, times: int) -> str | None:
    try:
        for _ in range(times):
            raw = text.encode(written)
            text = "".join(map(_browser, raw)) if misread == "browser" else raw.decode(misread)
    except UnicodeError:
        return None
    return text


def _browser(byte: int) -> str:
    """Return a byte as Windows-1252, and the five that this lacks as Latin-1."""
    return bytes([byte]).decode("cp1252" if byte not in (0x81, 0x8D, 0x8F, 0x90, 0x9D) else "latin-1")


def _as_it_is(name: str, texts: list[str], show: int) -> None:
    result, seconds = checked(texts)
    counts = Counter(kind for finding in result.findings for kind in finding.evidence["kinds"])
    print(f"{name}, {len(texts):,} texts: flagged {dict(counts)}; {100_000 * seconds / len(texts):.1f} CPU s a 100,000")
    shown = Counter[str]()
    for finding in random.Random(0).sample(result.findings, len(result.findings)):  # noqa: S311 - a look
        shown[finding.kind] += 1
        if shown[finding.kind] <= show:
            print(f"  {finding.kind}: {finding.reason} {texts[int(finding.id[1:])][:200]!r}")


def _planted(name: str, texts: list[str], seed: int) -> None:
    draw = random.Random(seed)  # noqa: S311 - texts, no secrets
    made = {kind: [maker(draw.choice(texts), draw) for _ in range(PLANTED)] for kind, maker in MAKERS.items()}
    rows = [*texts, *(text for texts_made in made.values() for text in texts_made)]
    kinds = {finding.id: finding.evidence["kinds"] for finding in checked(rows)[0].findings}
    start, found = len(texts), {}
    for kind, parts in made.items():
        places = range(start, start + len(parts))
        wanted = kind.split()[0]
        found[kind] = sum(wanted in kinds.get(f"r{place}", ()) for place in places)
        start += len(parts)
    print(f"{name}, seed {seed}, of {PLANTED} planted each: {found}")


def mash_of_rows(text: str, draw: random.Random) -> str:
    """Return keys hit in runs along a row."""
    runs = []
    for _ in range(draw.randint(3, 6)):
        row = draw.choice(_ROWS)[:: draw.choice((1, -1))]
        start = draw.randrange(len(row) - 4)
        runs.append(row[start : start + draw.randint(4, 6)] * draw.randint(1, 2))
    return draw.choice(("", " ")).join(runs)


def mash_of_hands(text: str, draw: random.Random) -> str:
    """Return keys hit by both hands in turn, mostly on the middle row."""
    left, right = "asdfasdfwexc", "jkljklhuionm"
    words = ["".join(draw.choice((left, right)[key % 2]) for key in range(draw.randint(5, 9))) for _ in range(4)]
    return " ".join(words)


def mash_at_random(text: str, draw: random.Random) -> str:
    """Return letters at random, in words."""
    letters = "abcdefghijklmnopqrstuvwxyz"
    return " ".join("".join(draw.choices(letters, k=draw.randint(4, 9))) for _ in range(draw.randint(3, 6)))


def _symbols(text: str, draw: random.Random) -> str:
    return "".join(draw.choices("!?#@%&*()/{}[]<>;:,.-=+~^|\\ ", k=draw.randint(30, 60)))


def _repetition(text: str, draw: random.Random) -> str:
    words = text.split()[: draw.randint(3, 8)]
    return " ".join(words * draw.randint(6, 12))


def _markup(text: str, draw: random.Random) -> str:
    return draw.choice(
        [f"<p>{text}</p>", f'{text}<br/><a href="/x">x</a>', html.escape(f"{text} & '<3'"), f"{text}&nbsp;&nbsp;"]
    )


def _control(text: str, draw: random.Random) -> str:
    place = draw.randrange(len(text) + 1)
    return text[:place] + draw.choice("\x00\x01\x07\x1b\x7f") + text[place:]


def _encoding(text: str, draw: random.Random) -> str:
    spoiled = (
        draw.choice(["caf\u00e9", "\u201cyes\u201d", "M\u00fcnchen", "\u20ac20"]).encode().decode("cp1252", "replace")
    )
    return f"{text} {spoiled}"


def _leftover(text: str, draw: random.Random) -> str:
    return draw.choice(
        [
            f"Sure! Here is a rewritten version of the text: {text}",
            "As a large language model, I do not have access to your account.",
            f"{text}<|im_end|>",
            "I'm sorry, but I can't fulfill that request.",
            f"Here are five variations of the sentence: 1. {text}",
            "I apologize, but I cannot generate a translation for this text.",
        ]
    )


def _boilerplate(text: str, draw: random.Random) -> str:
    footer = "This e-mail is meant for the person it is addressed to, who may not pass it on to anybody else."
    return f"{text[:60]}. {footer} {footer.upper()}"


MAKERS = {
    "mash along rows": mash_of_rows,
    "mash by both hands": mash_of_hands,
    "mash at random": mash_at_random,
    "symbols": _symbols,
    "repetition": _repetition,
    "markup": _markup,
    "control_characters": _control,
    "encoding": _encoding,
    "model_leftover": _leftover,
    "boilerplate": _boilerplate,
}
assert {kind.split()[0] for kind in MAKERS} | {"cut_off", "length"} == set(KINDS)


if __name__ == "__main__":
    main()
