"""Short texts in 28 languages: how many in another language are flagged, and how many in the data set's own.

    python -m benchmarks.short_languages [--catalogues FOLDER] [--half chosen|reported]

The texts are Django's translation catalogues, of 20 characters and more: ``pip download django --no-deps``, unpack the
wheel and name its folder ``django``, unless Django is installed. Each language in turn is the data set's, the others
are strangers in it. Thresholds were chosen on one half of the texts (by their hash); by default the other half is
reported, and other languages, at which nobody looked. Then texts that mix languages, made from the same catalogues and
from ``../shared/data``, and informal English under seeds that nothing was chosen with.
"""

from __future__ import annotations

import argparse
import ast
import hashlib
import importlib.util
import random
import re
import time
from pathlib import Path

import numpy as np
from labelsift.checks.language import Language
from labelsift.models.languages import Languages, detect, encode_languages
from labelsift.models.mixed_languages import encode_parts, part_shares
from pyarrow import csv

from benchmarks.informal_english import informal_english

DATA = Path(__file__).parent.parent.parent / "shared" / "data"
MEASURED = (
    "en ar bg cs da de el es fi fr he hi hu id it ja ko lt nl pl pt ro ru sv th tr uk vi zh_Hans".split()
)  # English and 28 more
OTHERS = "af az be bn ca cy eo et eu fa ga gl hr hy is ka kk lv mk ml mn ms nb sk sl sq sr sw ta ur uz".split()
SHORTEST = 20
_ENTRY = re.compile(r'^msgid ((?:"[^\n]*"\n)+)msgstr ((?:"[^\n]*"\n)+)', re.MULTILINE)
_PLACEHOLDER = re.compile(r"%\([a-z_]+\)[sd]|%[sd]|<[^>]+>|\{\{?.*?\}\}?")
_CODES = {"zh_Hans": "zh", "nb": "no"}


def main() -> None:
    """Print one line a measurement."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--catalogues", type=Path, default=None)
    parser.add_argument("--half", choices=["chosen", "reported"], default="reported")
    given = parser.parse_args()
    texts = catalogues(given.catalogues or installed_django())
    texts = {name: [text for text in parts if _half(text) == given.half] for name, parts in texts.items()}
    start = time.process_time()
    detected = {name: Languages.of(encode_languages(detect(texts[name]))) for name in (*MEASURED, *OTHERS)}
    seconds = time.process_time() - start
    count = sum(len(texts[name]) for name in detected)
    print(f"{count:,} texts, half {given.half}: {100_000 * seconds / count:.1f} CPU s a 100,000")
    _report(detected)
    for seed in (11, 12, 13):
        informal = [text for text in informal_english(1000, seed=seed) if len(text) >= SHORTEST]
        rows = flagged(Languages.of(encode_languages(detect(informal))), "en")
        print(f"informal English, seed {seed}: {rows.sum()} of {len(informal):,} flagged")
    _mixed(texts)


def installed_django() -> Path:
    """Return the folder of an installed Django, or say what to do."""
    spec = importlib.util.find_spec("django")
    if spec is None or spec.origin is None:
        raise SystemExit(
            "No Django here: pip download django --no-deps, unpack the wheel, name it: --catalogues django"
        )
    return Path(spec.origin).parent


def catalogues(folder: Path) -> dict[str, list[str]]:
    """Return language → its texts of 20 characters and more, sorted; English from the keys."""
    texts: dict[str, set[str]] = {"en": set()}
    for path in sorted(folder.glob("**/locale/*/LC_MESSAGES/django.po")):
        language = path.parts[-3]
        if language.startswith("en"):
            continue
        for match in _ENTRY.finditer(path.read_text(encoding="utf-8")):
            source, text = ("".join(map(ast.literal_eval, part.strip().split("\n"))) for part in match.groups())
            if source and text and text != source:
                texts["en"].add(_PLACEHOLDER.sub("", source).strip())
                texts.setdefault(language, set()).add(_PLACEHOLDER.sub("", text).strip())
    return {name: sorted(text for text in parts if len(text) >= SHORTEST) for name, parts in texts.items()}


def _half(text: str) -> str:
    return "chosen" if int(hashlib.md5(text.encode()).hexdigest(), 16) % 2 == 0 else "reported"  # noqa: S324


def flagged(detected: Languages, expected: str) -> np.ndarray:
    """Tell the texts that the check would flag in a data set of one language: bool, shape (n,)."""
    settings, names = Language(), frozenset({expected})
    own, foreign = detected.share(names), detected.foreign(names)
    return (foreign >= settings.foreign) & (foreign >= settings.times * own)


def _report(detected: dict[str, Languages]) -> None:
    code = {name: _CODES.get(name, name) for name in MEASURED}
    alarms = {name: flagged(detected[name], code[name]).mean() for name in MEASURED}
    recall = {
        main: np.mean([flagged(detected[name], code[main]).mean() for name in MEASURED if name != main])
        for main in MEASURED
    }
    in_english = {name: flagged(detected[name], "en").mean() for name in MEASURED[1:]}
    new = {name: flagged(detected[name], "en").mean() for name in OTHERS}
    worst = sorted(alarms, key=lambda name: -alarms[name])[:4]
    lowest = sorted(in_english, key=lambda name: in_english[name])[:4]
    print(f"each of {len(MEASURED)} languages as the data set's: recall {np.mean(list(recall.values())):.3f}", end="")
    print(f" (lowest {min(recall.values()):.3f} in {min(recall, key=lambda name: recall[name])})")
    print(f"false alarms {np.mean(list(alarms.values())):.4f}; most: {_named(alarms, worst)}")
    print(f"28 languages in an English set: recall {np.mean(list(in_english.values())):.3f}", end="")
    print(f"; least: {_named(in_english, lowest)}")
    lowest = sorted(new, key=lambda name: new[name])[:6]
    print(f"{len(new)} languages that nothing was chosen with: {np.mean(list(new.values())):.3f}", end="")
    print(f"; least: {_named(new, lowest)}")


def _named(rates: dict[str, float], names: list[str]) -> str:
    return ", ".join(f"{name} {rates[name]:.3f}" for name in names)


def _mixed(texts: dict[str, list[str]]) -> None:
    """Join a question and a foreign text of 40 characters and more; and count what is flagged in clean sets."""
    english = frozenset({"en"})
    questions = csv.read_csv(DATA / "banking77" / "data.csv.gz")["text"].to_pylist()
    draw = random.Random(5)  # noqa: S311 - texts, no secrets
    long = [text for text in questions if len(text) >= 40]
    recalls = {}
    for name in "ar cs da de es fi fr hi id it ja ko nl pl ru sv th tr vi zh_Hans".split():
        foreign = [text for text in texts[name] if len(text) >= (20 if name in ("ja", "ko", "zh_Hans") else 40)]
        pairs = [(draw.choice(long).rstrip("?."), draw.choice(foreign).rstrip(".")) for _ in range(200)]
        made = [f"{first}. {other}." if draw.random() < 0.5 else f"{other}. {first}" for first, other in pairs]
        recalls[name] = _mixing(made, english).mean()
    lowest = sorted(recalls, key=lambda name: recalls[name])[:5]
    print(f"mixed texts, 20 languages: recall {np.mean(list(recalls.values())):.3f}; least: {_named(recalls, lowest)}")
    for name in ("banking77", "noisyag", "youtube"):
        rows = csv.read_csv(DATA / name / "data.csv.gz")["text"].to_pylist()
        start = time.process_time()
        count = int(_mixing(rows, english).sum())
        print(f"mixed in {name}: {count} of {len(rows):,}, {time.process_time() - start:.2f} CPU s")


def _mixing(texts: list[str], expected: frozenset[str]) -> np.ndarray:
    own, _, foreign = part_shares(encode_parts(texts), expected)
    return (foreign > 0) & (np.minimum(own, foreign) >= Language().mixed_share * np.maximum(own + foreign, 1))


if __name__ == "__main__":
    main()
