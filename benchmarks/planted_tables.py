"""Made data sets with planted problems of the whole: leaks, foreign groups, ties, orders, empty cells, columns."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

import numpy as np

WORDS = (
    "card lost bank refund money transfer late parcel where order cancel account login password window branch fee "
    "charge statement limit currency cash machine address phone delivery item wrong size colour invoice receipt"
).split()
FOOD = (
    "flour sugar butter eggs milk salt pepper onion garlic chicken rice basil lemon cream cheese potatoes carrots honey"
).split()
COOKING = "Chop Mix Stir Bake Simmer Fry Whisk Knead Roast Boil".split()
SPANISH = (
    ("mi tarjeta", "el pedido", "la transferencia", "mi cuenta", "el reembolso", "el pago", "la factura", "el paquete"),
    ("no ha llegado todavía", "fue rechazado ayer", "sigue sin aparecer en la aplicación", "no funciona en el cajero"),
    ("por favor ayúdenme con esto", "necesito una respuesta", "qué debo hacer ahora", "llevo tres semanas esperando"),
)
LETTERS = "abcdefghijklmnopqrstuvwxyz"
Columns = dict[str, Any]


def recipe(rng: random.Random) -> str:
    """Write one line of a recipe."""
    a, b, c = rng.sample(FOOD, 3)
    first, second = rng.sample(COOKING, 2)
    forms = (
        f"{first} the {a} and {b}, then add {c} and {second.lower()} for {rng.randrange(5, 60)} minutes",
        f"{first} {a} with {b} until golden, season with {c}",
        f"Preheat the oven, {first.lower()} the {a}, {second.lower()} in the {b} and serve with {c}",
    )
    return rng.choice(forms)


def spanish(rng: random.Random) -> str:
    """Write a complaint in Spanish."""
    who, what, plea = (rng.choice(part) for part in SPANISH)
    return f"{who} {what}, {plea} {rng.choice(SPANISH[0])}".capitalize()


def different(make: Callable[[random.Random], str], rows: int, seed: int) -> list[str]:
    """Return so many different texts."""
    rng = random.Random(seed)  # noqa: S311 - seeded draws, no secret
    return list(dict.fromkeys(make(rng) for _ in range(20 * rows)))[:rows]


def edited(text: str, rng: random.Random, edits: int) -> str:
    """Return a text with letters changed."""
    letters = list(text)
    for place in rng.sample(range(len(letters)), edits):
        letters[place] = rng.choice(LETTERS)
    return "".join(letters)


def messages(rows: int, seed: int) -> list[str]:
    """Return different texts of 8 to 14 words."""
    rng = random.Random(seed)  # noqa: S311 - seeded draws, no secret
    return [
        f"{' '.join(rng.choices(WORDS, k=rng.randrange(8, 15)))} {''.join(rng.choices(LETTERS, k=6))}"
        for _ in range(rows)
    ]


def table(seed: int, rows: int = 2_000, classes: int = 12) -> Columns:
    """Return texts, labels and metadata that have nothing to do with each other, in random order."""
    rng = np.random.default_rng(seed)
    return {
        "text": messages(rows, seed),
        "label": rng.choice([f"c{code}" for code in range(classes)], rows, p=rng.dirichlet(np.full(classes, 8.0))),
        "state": rng.choice([f"s{at}" for at in range(20)], rows, p=rng.dirichlet(np.full(20, 4.0))),
        "channel": rng.choice(["mail", "phone", "chat", "app"], rows),
        "price": rng.normal(size=rows).round(2),
    }


def leaked(seed: int) -> tuple[Columns, np.ndarray]:
    """Plant 100 texts of the training split into the test split, and 100 each with one, two and three edits."""
    rng = random.Random(seed)  # noqa: S311 - seeded draws, no secret
    train, test = messages(4_000, seed), messages(2_000, seed + 10_000)
    for row in range(400):
        test[row] = edited(train[row], rng, row // 100)
    planted = np.arange(6_000) - 4_000
    kinds = np.where((planted >= 0) & (planted < 400), planted // 100, -1)
    return {"text": train + test, "split": ["train"] * 4_000 + ["test"] * 2_000}, kinds


def tied(seed: int, strength: float) -> Columns:
    """Plant a column ``queue`` that follows from the label in a share of the rows, and is random elsewhere."""
    rng = np.random.default_rng(seed)
    columns = table(seed)
    names = np.unique(columns["label"])
    queue = np.char.add("q-", columns["label"])
    other = np.char.add("q-", rng.choice(names, len(queue)))
    return columns | {"queue": np.where(rng.random(len(queue)) < strength, queue, other)}


def emptied(seed: int) -> tuple[Columns, str]:
    """Take all rows of one channel away from one label of middling size; return the pair, too."""
    columns = table(seed)
    names, counts = np.unique(columns["label"], return_counts=True)
    label = str(names[np.argsort(counts)[len(counts) // 2]])
    inside = (columns["label"] == label) & (columns["channel"] == "chat")
    columns["channel"] = np.where(inside, "mail", columns["channel"])
    return columns, f"channel:chat__label:{label}"


def blocked(seed: int, share: float) -> Columns:
    """Sort a share of the rows by label, where they stand; the others stay."""
    rng = np.random.default_rng(seed)
    columns = table(seed)
    rows = np.flatnonzero(rng.random(len(columns["label"])) < share)
    order = rows[np.argsort(columns["label"][rows], kind="stable")]
    columns["label"][rows] = columns["label"][order]
    return columns
