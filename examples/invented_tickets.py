"""Tickets of three topics for the short examples; every tenth label is wrong on purpose."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

WORDS = {
    "billing": ["invoice", "refund", "charge"],
    "app": ["crash", "login", "freeze"],
    "parcel": ["courier", "delay"],
}
NAMES = sorted(WORDS)


def tickets(n: int = 300) -> pa.Table:
    """Invent n tickets with an id, a text and a label."""
    draw = np.random.default_rng(0)
    rows = []
    for number in range(n):
        topic = NAMES[number % 3]
        text = f"My {draw.choice(WORDS[topic])} since day {draw.integers(1000)}, the {draw.choice(WORDS[topic])} again"
        label = NAMES[(number + 1) % 3] if number % 10 == 0 else topic
        rows.append({"ticket": f"T{number}", "text": text, "label": label})
    return pa.Table.from_pylist(rows)
