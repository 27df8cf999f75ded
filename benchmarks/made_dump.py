"""A customer's dump as a table, made from a seed: short English texts with planted foreign, broken and personal rows.

The ordinary texts are drawn from a vocabulary with a topic for each of twenty classes, so that they have neighbours, a
language and nothing else wrong. Strings of other languages come from the translation catalogues that a folder holds
(``locale/<language>/LC_MESSAGES/django.mo``, as in the Django wheel), or else from the demo's Spanish and German texts.
"""

from __future__ import annotations

import gettext
from pathlib import Path

import numpy as np
import pyarrow as pa
from labelsift.data.english_words import WORDS
from labelsift.demo.phrasing import TEXTS

CLASSES, TOPIC_WORDS = 20, 120
FOREIGN, GARBAGE, PERSONAL, SECRET, COPIES, TYPOS = 0.08, 0.02, 0.03, 0.002, 0.02, 0.02
STATES = "CA NY TX WA OR FL IL OH GA NC".split()
CHANNELS = "email chat phone web".split()
LANGUAGES = (
    "ar bg ca cs da de el es et fa fi fr he hi hr hu id it ja ko lt lv nl pl pt ro ru sk sl sr sv th tr uk vi zh_Hans"
).split()


def dump(rows: int, *, seed: int, catalogues: Path | None = None) -> pa.Table:
    """Return columns id, text, label, state, channel, customer (an e-mail address), split and source.

    Parameters
    ----------
    catalogues
        A folder with ``<language>/LC_MESSAGES/django.mo`` below it.
    """
    rng = np.random.default_rng(seed)
    label = rng.integers(0, CLASSES, rows)
    texts = _ordinary(rng, label)
    for share, make in ((GARBAGE, _garbage), (PERSONAL, _personal), (SECRET, _secret)):
        for row in rng.choice(rows, int(share * rows), replace=False):
            texts[row] = make(rng, texts[row])
    strings = foreign_strings(catalogues)
    for row in rng.choice(rows, int(FOREIGN * rows), replace=False):
        texts[row] = strings[rng.integers(len(strings))]
    for row in rng.choice(rows, int(COPIES * rows), replace=False):
        texts[row] = texts[rng.integers(rows)]
    for row in rng.choice(rows, int(TYPOS * rows), replace=False):
        texts[row] = _typo(rng, texts[rng.integers(rows)])
    channel = np.where(rng.random(rows) < 0.5, "email", np.array(CHANNELS)[rng.integers(0, 4, rows)])
    return pa.table(
        {
            "id": [f"t{row}" for row in range(rows)],
            "text": texts,
            "label": [f"class {code}" for code in label],
            "state": np.array(STATES)[np.minimum(rng.geometric(0.3, rows) - 1, len(STATES) - 1)],
            "channel": channel,
            "customer": [f"user{number}@shop.example" for number in rng.integers(0, rows, rows)],
            "split": np.where(rng.random(rows) < 0.8, "train", "test"),
            "source": np.where(rng.random(rows) < 0.9, "human", "synthetic"),
        }
    )


def foreign_strings(catalogues: Path | None) -> list[str]:
    """Return texts in other languages than English, of 15 characters and more."""
    strings: list[str] = []
    for language in LANGUAGES if catalogues else ():
        file = catalogues / language / "LC_MESSAGES" / "django.mo" if catalogues else Path()
        if file.exists():
            with file.open("rb") as stream:
                messages = gettext.GNUTranslations(stream)._catalog  # type: ignore[attr-defined]
            strings += [text for text in messages.values() if isinstance(text, str) and 15 <= len(text) <= 200]
    if not strings:
        lines = [line for name in ("spanish", "german") for line in (TEXTS / f"{name}.txt").read_text().splitlines()]
        strings = [f"{line} ({number})" for number in range(200) for line in lines if len(line) > 15]
    return strings


def _ordinary(rng: np.random.Generator, label: np.ndarray) -> list[str]:
    words = np.array(sorted(WORDS))
    letters = np.array(list("bcdfghklmnprstvw"))
    vowels = np.array(list("aeiou"))
    made = np.array(
        ["".join(part for pair in zip(rng.choice(letters, 3), rng.choice(vowels, 3), strict=True) for part in pair)
         for _ in range(6_000)]
    )  # fmt: skip
    topics = [rng.choice(made, TOPIC_WORDS, replace=False) for _ in range(CLASSES)]
    texts = []
    for code in label:
        common = words[rng.zipf(1.3, 7) % len(words)]
        special = topics[code][rng.zipf(1.2, 4) % TOPIC_WORDS]
        sentence = rng.permutation(np.concatenate([common, special]))
        texts.append(" ".join(sentence).capitalize() + ".")
    return texts


def _garbage(rng: np.random.Generator, text: str) -> str:
    kind = rng.integers(5)
    if kind == 0:
        return "".join(rng.choice(list("asdfghjkl"), 25))
    if kind == 1:
        return f"<div class='x'>{text}</div>&nbsp;&amp;"
    if kind == 2:
        return f"Über den größten Café-Tisch: {text}".encode().decode("cp1252", errors="replace")
    if kind == 3:
        return "I'm sorry, but as an AI language model I cannot help with that."
    return "!!! $$$ ### @@@ %%% ^^^ &&& *** ((("


def _personal(rng: np.random.Generator, text: str) -> str:
    number = rng.integers(10, 99)
    forms = (f"write to ann{number}@mail.example", f"call +1 415 555 01{number}", "card 4111 1111 1111 1111")
    return f"{text} Please {forms[rng.integers(3)]}"


def _secret(rng: np.random.Generator, text: str) -> str:
    return f"{text} AKIA{''.join(rng.choice(list('ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'), 16))}"


def _typo(rng: np.random.Generator, text: str) -> str:
    place = int(rng.integers(1, max(len(text) - 1, 2)))
    return text[:place] + text[place + 1 :]
