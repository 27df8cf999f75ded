"""Near duplicates: planted edits that are found, and pairs that are reported though they are none.

    python -m benchmarks.near_duplicates [--seeds 11 12 13] [--rows 4000]

Texts of 40 characters and more: of ``../shared/data`` (questions, news, comments, tweets) and own ones, put together
from words under a seed. A copy of every fourth text has one, two or three edits: a typo in a word of three letters or
more, a word dropped, swapped with the next, or added. Others get what makes another text: another word in the place of
one, another number, a negation; of them none should be reported.

A reported pair is right where one text was planted from the other, where both were planted from the same, or where an
independent comparison (edit distance word by word, written here) finds three edits at most, no other number and no
other negation; or, from a similarity of .7 up, whatever the edits, no other number or negation in texts of up to 300
characters. Thresholds were chosen under seeds 1 to 3.
"""

from __future__ import annotations

import argparse
import gzip
import json
import random
import re
import time
from pathlib import Path

import numpy as np
import pyarrow as pa
from labelsift.checks.near_duplicate import NearDuplicate, _near, similar_pairs
from labelsift.checks.small_edits import NEGATIONS
from labelsift.data.normalize import folded
from pyarrow import csv

DATA = Path(__file__).parent.parent.parent / "shared" / "data"
SHORTEST = 40
KINDS = ("typo", "dropped", "swapped", "added")
ADDED = "really just also please now still actually today again maybe very only then here quite".split()
REPLACED = "window garden bottle mountain yellow carpet planet village guitar lemon bridge candle".split()
_NOUNS = (
    "parcel invoice password refund account delivery driver contract printer screen battery ticket passport address "
    "voucher schedule warranty keyboard headset router"
).split()
_OPENINGS = (
    "could you tell me|i would like to know|please explain to me|nobody can tell me|i have been asking for weeks|"
    "my neighbour wants to know|it is still unclear to us|we were promised to hear|can somebody find out|i forgot"
).split("|")
_MIDDLES = (
    "why the {0} for the {1} came back|when the {0} and the {1} will arrive|who took the {0} out of the {1}|"
    "how the {0} became part of the {1}|where the {0} that belongs to the {1} went|whether the {0} fits the {1}|"
    "what happened to the {0} after the {1} broke|which {0} goes together with this {1}"
).split("|")
_CLOSINGS = (
    "since it rained on monday|before the shop closes at noon|because the holidays begin soon|and what that costs|"
    "as my sister asked for it|though the label says otherwise|in the town by the river|after all these calls|"
    "during the week of the fair|unless the manager is away"
).split("|")


def main() -> None:
    """Print one line a set and seed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, nargs="*", default=[11, 12, 13])
    parser.add_argument("--rows", type=int, default=4000)
    given = parser.parse_args()
    for name in ("own", "banking77", "noisyag", "youtube", "wnut17"):
        for seed in given.seeds:
            _measure(name, seed, given.rows)


def texts_of(name: str, seed: int) -> list[str]:
    """Return different folded texts of a set, of 40 characters and five words at least."""
    if name == "own":
        draw = random.Random(seed)  # noqa: S311 - texts, no secrets
        rows = [
            f"{draw.choice(_OPENINGS)} {draw.choice(_MIDDLES).format(*draw.sample(_NOUNS, 2))} {draw.choice(_CLOSINGS)}"
            for _ in range(5000)
        ]
    elif name == "wnut17":
        with gzip.open(DATA / name / "data.jsonl.gz", "rt", encoding="utf-8") as lines:
            rows = [json.loads(line)["text"] for line in lines]
    else:
        rows = csv.read_csv(DATA / name / "data.csv.gz")["text"].to_pylist()
    different = dict.fromkeys(folded(pa.chunked_array([rows], pa.string())).to_pylist())
    return [text for text in different if len(text) >= SHORTEST and len(text.split()) >= 5]


def edited(text: str, draw: random.Random, kind: str) -> str:
    """Return a text with one edit; the same where none of this kind fits."""
    words = text.split()
    plain = [place for place, word in enumerate(words) if not re.search(r"\d", word) and word not in NEGATIONS]
    long = [place for place in plain if words[place].isalpha() and len(words[place]) > 2]
    if kind == "typo" and long:
        place = draw.choice(long)
        words[place] = _typo(words[place], draw)
    elif kind == "dropped" and plain:
        del words[draw.choice(plain)]
    elif kind == "added":
        words.insert(draw.randrange(len(words) + 1), draw.choice(ADDED))
    elif kind == "swapped":
        place = draw.randrange(len(words) - 1)
        words[place : place + 2] = words[place + 1], words[place]
    return " ".join(words)


def _typo(word: str, draw: random.Random) -> str:
    place, letter = draw.randrange(len(word) - 1), draw.choice("abcdefghijklmnopqrstuvwxyz")
    return draw.choice(
        [
            word[:place] + letter + word[place + 1 :],
            word[:place] + word[place + 1 :],
            word[:place] + letter + word[place:],
            word[:place] + word[place + 1] + word[place] + word[place + 2 :],
        ]
    )


def another(text: str, draw: random.Random, kind: str) -> str:
    """Return another text: a word replaced, a number changed, or a negation added."""
    words = text.split()
    places = [place for place, word in enumerate(words) if word.isalpha() and len(word) > 3]
    place = draw.choice(places) if places else 0
    if kind == "word":
        words[place] = draw.choice(REPLACED)
    elif kind == "negation":
        words.insert(place, "not")
    else:
        return re.sub(r"\d", lambda digit: str((int(digit[0]) + 1) % 10), text, count=1)
    return " ".join(words)


def _measure(name: str, seed: int, rows: int) -> None:
    draw = random.Random(seed)  # noqa: S311 - texts, no secrets
    texts = texts_of(name, seed)
    texts = draw.sample(texts, min(rows, len(texts)))
    source = dict(zip(range(len(texts)), range(len(texts)), strict=True))
    planted: dict[int, list[tuple[int, int]]] = {1: [], 2: [], 3: []}
    others: dict[str, list[tuple[int, int]]] = {"word": [], "number": [], "negation": []}
    for row, text in enumerate(tuple(texts)):
        if row % 4 == 0:
            copy, edits = text, 1 + row // 4 % 3
            for _ in range(edits):
                copy = edited(copy, draw, draw.choice(KINDS))
            if copy != text and len(copy) >= SHORTEST:
                planted[edits].append((row, len(texts)))
                source[len(texts)] = row
                texts.append(copy)
        elif row % 4 == 1:
            kind = ("word", "number", "negation")[row // 4 % 3]
            copy = another(text, draw, kind)
            if copy != text:
                others[kind].append((row, len(texts)))
                texts.append(copy)
    table = folded(pa.chunked_array([texts]))
    start, settings = time.process_time(), NearDuplicate()
    pairs, similarities = similar_pairs(table, threshold=settings.edited_threshold)
    near = _near(table, pairs, similarities, settings)
    seconds = time.process_time() - start
    found = set(map(tuple, pairs[near].tolist()))
    recall = {edits: np.mean([pair in found for pair in made]) for edits, made in planted.items()}
    wrong = {kind: f"{sum(pair in found for pair in made)} of {len(made)}" for kind, made in others.items()}
    right = [
        source.get(first, -1) == source.get(other, -2) or near_by_hand(texts[first], texts[other], similarity)
        for (first, other), similarity in zip(pairs[near].tolist(), similarities[near].tolist(), strict=True)
    ]
    print(f"{name}, seed {seed}, {len(texts):,} texts: recall ", end="")
    print(", ".join(f"{share:.3f} ({edits})" for edits, share in recall.items()), end="; ")
    print(f"precision {np.mean(right):.3f} of {len(right):,} pairs; other texts reported: {wrong}; {seconds:.1f} CPU s")


def near_by_hand(text: str, other: str, similarity: float) -> bool:
    """Judge a pair by the definition, with another method than the check's: edit distance over the words."""
    if len(text) <= 300 and len(other) <= 300:
        numbers = [set(re.findall(r"\d+", side)) for side in (text, other)]
        negations = [
            sorted(word for word in re.findall(r"[\w'’]+", side) if word in NEGATIONS) for side in (text, other)
        ]
        if (numbers[0] - numbers[1] and numbers[1] - numbers[0]) or negations[0] != negations[1]:
            return False
    return similarity >= 0.7 or word_edits(re.findall(r"[\w'’]+", text), re.findall(r"[\w'’]+", other)) <= 3


def word_edits(words: list[str], others: list[str]) -> int:
    """Return the edits between two texts: words dropped, added, swapped with the next, or with a typo."""
    before: list[int] = []
    last = list(range(len(others) + 1))
    for row, word in enumerate(words, 1):
        now = [row]
        for column, other in enumerate(others, 1):
            unlike = 0 if word == other else 1 if _letters(word, other) <= 2 and min(len(word), len(other)) > 1 else 4
            cost = min(last[column] + 1, now[-1] + 1, last[column - 1] + unlike)
            if row > 1 < column and word == others[column - 2] and words[row - 2] == other:
                cost = min(cost, before[column - 2] + 1)
            now.append(cost)
        before, last = last, now
    return last[-1]


def _letters(word: str, other: str) -> int:
    last = list(range(len(other) + 1))
    for row, letter in enumerate(word, 1):
        now = [row]
        for column, close in enumerate(other, 1):
            now.append(min(last[column] + 1, now[-1] + 1, last[column - 1] + (letter != close)))
        last = now
    return last[-1]


if __name__ == "__main__":
    main()
