"""Invented tickets of two splits for the PyTorch examples: 5 % of the training labels are wrong on purpose."""

from __future__ import annotations

import random

import labelsift as ls
import pyarrow as pa

ABOUT = {
    "billing": ["invoice", "refund", "charged", "card", "receipt", "payment"],
    "delivery": ["parcel", "late", "courier", "tracking", "address", "damaged"],
    "login": ["password", "locked", "code", "email", "account", "reset"],
}
AROUND = ["please", "help", "my", "the", "again", "today", "since", "monday", "still", "with", "order", "what", "about"]
CLASSES = sorted(ABOUT)


def tickets(count: int = 600) -> list[dict[str, str]]:
    """Return tickets of nine words; ``truth`` is the label that a wrong one should have had."""
    draw = random.Random(0)  # noqa: S311 - no secret
    rows = []
    for number in range(count):
        truth = draw.choice(list(ABOUT))
        words = draw.sample(ABOUT[truth], 3) + draw.sample(AROUND, 6)
        draw.shuffle(words)
        split = "eval" if number % 5 == 0 else "train"
        wrong = split == "train" and draw.random() < 0.05
        label = draw.choice([name for name in ABOUT if name != truth]) if wrong else truth
        rows.append({"id": f"T-{number:04d}", "text": " ".join(words), "label": label, "truth": truth, "split": split})
    return rows


def samples_of(rows: list[dict[str, str]]) -> ls.Samples:
    """Return the tickets as labelsift reads them, without their truth."""
    table = pa.Table.from_pylist(rows).drop_columns(["truth"])
    return ls.read(table, label="label", id="id", metadata=["split"], name="tickets")


def print_worst(report: ls.Report, rows: list[dict[str, str]], store: str) -> None:
    """Print how many of the labels with the lowest scores are wrong."""
    wrong = {row["id"] for row in rows if row["label"] != row["truth"]}
    scores = report.scores.sort_by("label_score")  # lowest first; not judged last
    worst = set(scores["id"].to_pylist()[: len(wrong)])
    print(f"{len(wrong)} labels are wrong; of the {len(wrong)} with the lowest scores {len(wrong & worst)} are.")
    print(f"The report: ls.load({report.run!r}, store={store!r}).to_html('report.html')")
