"""Recall and precision by kind of personal data and secrets, on the texts that were frozen before the detectors.

    python -m benchmarks.personal_data [--part held_out]

Reads ``tests/texts``: texts written by hand with invented values, a third of them (``dev``) looked at when rules were
chosen, the rest (``held_out``) counted only. Whoever wrote the texts wrote the rules, so that both know the same ways
of writing; real data holds others. National ids need python-stdnum.
"""

from __future__ import annotations

import argparse

from labelsift.texts.personal_data import personal_data
from labelsift.texts.secrets import secrets

from benchmarks.marked_texts import BY_WORDS, Counts, counted, marked_texts


def main() -> None:
    """Print a line a kind, and one for all with a form or checksum."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--part", choices=["dev", "held_out"])
    part = parser.parse_args().part
    texts = marked_texts("personal_data", part=part)
    print(f"personal data, {part or 'all'}: {_sizes(texts)}")
    _print(counted(texts, lambda marked: personal_data(marked.text, region=marked.region)), "with a form or checksum")
    texts = marked_texts("secrets", part=part)
    print(f"secrets, {part or 'all'}: {_sizes(texts)}")
    _print(counted(texts, lambda marked: secrets(marked.text)), "all secrets")


def _sizes(texts: list) -> str:
    with_ = sum(bool(marked.spans) for marked in texts)
    return f"{with_} texts with, {len(texts) - with_} without"


def _print(counts: Counts, title: str) -> None:
    for kind in counts.kinds:
        _line(counts, kind, [kind])
    _line(counts, title, [kind for kind in counts.kinds if kind not in BY_WORDS])


def _line(counts: Counts, title: str, kinds: list[str]) -> None:
    found, missed, false = (sum(of[kind] for kind in kinds) for of in (counts.found, counts.missed, counts.false))
    print(
        f"  {title:24} recall {counts.recall(kinds):.3f} ({found} of {found + missed}), "
        f"precision {counts.precision(kinds):.3f} ({false} false)"
    )


if __name__ == "__main__":
    main()
