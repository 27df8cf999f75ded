"""Small made-up data sets of spans and of sets of labels, with planted errors, for the pictures of their tasks."""

from __future__ import annotations

import random

import labelsift as ls
import pyarrow as pa
from labelsift.report import Report

PEOPLE = ("Ann Lee", "Omar Haddad", "Mia Berg", "Tom Reed", "Sofia Rossi", "Jonas Weber", "Lena Fox", "Raj Patel")
PLACES = ("Paris", "New York", "Berlin", "Lima", "Cairo", "Oslo", "Madrid", "Boston")
FIRMS = ("Acme", "Northwind", "Globex", "Initech", "Umbrella Foods")
SENTENCES = (
    "{PER} flew to {LOC} to meet the board of {ORG}.",
    "In {LOC}, {PER} signed the lease for {ORG}.",
    "{ORG} hired {PER} to run its office in {LOC}.",
    "{PER} wrote to {ORG} about the late parcel from {LOC}.",
    "The train from {LOC} was late, so {PER} called {ORG}.",
)
TOPICS = {
    "billing": ("I was charged twice", "the invoice shows a wrong amount", "my refund has not arrived"),
    "delivery": ("the parcel came three days late", "the courier left it in the rain", "tracking has not moved"),
    "quality": ("the zip broke on the first day", "the fabric has a hole", "one wheel wobbles"),
    "praise": ("your support was lovely", "thanks, the colour is great", "best shop ever"),
}


def spans_report(rows: int = 300, seed: int = 5) -> Report:
    """Scan sentences with entities; every fiftieth has one with a wrong type."""
    rng = random.Random(seed)  # noqa: S311 - made-up data
    texts, marked = [], []
    for row in range(rows):
        text, spans = rng.choice(SENTENCES), []
        for kind in sorted(("PER", "LOC", "ORG"), key=lambda one: text.index(f"{{{one}}}")):
            word = rng.choice({"PER": PEOPLE, "LOC": PLACES, "ORG": FIRMS}[kind])
            start = text.index(f"{{{kind}}}")
            text = text.replace(f"{{{kind}}}", word, 1)
            spans.append([start, start + len(word), kind])
        if row % 50 == 7:
            place = next(one for one in spans if one[2] == "LOC")
            place[2] = "PER"
        texts.append(text)
        marked.append(spans)
    table = pa.table(
        {"text": texts, "spans": [[{"start": s, "end": e, "label": k} for s, e, k in one] for one in marked]}
    )
    return ls.scan(ls.read(table, text="text", spans="spans", name="news"), budget=6, store=None)


def sets_report(rows: int = 240, seed: int = 5) -> Report:
    """Scan complaints with one or two topics; every twentieth lacks one."""
    rng = random.Random(seed)  # noqa: S311 - made-up data
    texts, labels = [], []
    for row in range(rows):
        topics = rng.sample(sorted(TOPICS), 1 + row % 2)
        texts.append(f"Hello, {', and '.join(rng.choice(TOPICS[one]) for one in topics)}. Order {1000 + row}.")
        labels.append(topics[:1] if row % 20 == 3 else topics)
    table = pa.table({"text": texts, "topics": labels})
    return ls.scan(ls.read(table, text="text", labels="topics", name="complaints"), store=None)
