"""The built-in demo data: 800 support tickets of an invented company, with planted problems.

Larkspool sells label printers and a stock app to small shops. Its tickets have ten intents, some of
them close to each other (an unknown charge, a billing question), and metadata. `tickets` returns the
rows and, apart from them, the truth: what was planted where. A scan gets the rows only; nothing in
them tells (ids are given after shuffling).

Rows have ``ticket_id, text, label, channel, state, plan, gender, split``. The truth has one row a
ticket:

===============  ===================================================================================
``ticket_id``    as in the rows
``kind``         clean, mislabel, exact_duplicate, near_duplicate, conflicting_labels, language, pii,
                 garbage or empty
``given_label``  the label in the rows
``true_label``   the right one; empty for garbage and empty texts, which have none
``group``        both members of a planted pair share it; else empty
``duplicate``    exact or near, for the members of a pair; else empty
``detail``       how: closest, second or random; the edits; the language; the kinds of personal data
``template``     file and line of the hand-written text; no template has more than five rows
===============  ===================================================================================

Planted are 60 mislabels (36 to the most confused intent; 18 of them among the 50 ordinary rows of
state CA and gender f), 20 exact and 24 near duplicate pairs, of which 8 have conflicting labels (their
wrong side comes on top of the 60), 14 Spanish and 14 German rows, 14 with invented personal data, 14 of
garbage and 8 empty ones. Over seeds 0 to 9 a logistic regression on the vectors of the default embedder
gets .92 to .94 of the ordinary rows right (five folds, true labels, one member of each pair), and .77 to
.87 of cleanlab's 60 worst labels (normalised margin) are wrong ones; tests/demo measures it again.
"""

from __future__ import annotations

import csv
from collections import Counter
from itertools import chain
from pathlib import Path
from random import Random

from .phrasing import Template, dressed, fill, lines, templates
from .planted_errors import INTENTS, WORST_SLICE, Ticket, duplicates, mislabel, similarities

# Ordinary rows an intent: 692 in all.
ROWS = {
    "refund_request": 76,
    "billing_question": 74,
    "unknown_charge": 62,
    "delivery_status": 80,
    "damaged_item": 70,
    "login_problem": 78,
    "account_security": 58,
    "cancel_subscription": 62,
    "change_plan": 60,
    "app_bug": 72,
}
LANGUAGES = {"es": ("spanish", 14), "de": ("german", 14)}
PERSONAL, GARBAGE, EMPTY = 14, 14, 8
SLICE_ROWS = 50  # ordinary rows in the worst slice
UNLIKE = 0.5  # two rows of one template share fewer words than this; planted near duplicates share .8
MAX_USES = 4  # of a template, before a duplicate may add one more
TRIES = 30

COLUMNS = ("ticket_id", "text", "label", "channel", "state", "plan", "gender", "split")
TRUTH_COLUMNS = ("ticket_id", "kind", "given_label", "true_label", "group", "duplicate", "detail", "template")

STATES = {
    "CA": 17,
    "TX": 13,
    "NY": 12,
    "FL": 10,
    "WA": 8,
    "IL": 8,
    "MA": 6,
    "PA": 6,
    "CO": 6,
    "GA": 5,
    "OH": 5,
    "OR": 4,
}
CHANNELS = {"email": 40, "chat": 25, "app": 20, "phone": 15}
PLANS = {"free": 40, "pro": 42, "enterprise": 18}
GENDERS = {"f": 44, "m": 43, "x": 13}
SPLITS = {"train": 80, "test": 20}


def tickets(seed: int = 0) -> tuple[list[dict[str, str]], list[dict[str, str]]]:
    """Make the tickets and their truth, the same for the same seed.

    Returns
    -------
    tuple of two lists
        800 rows with `COLUMNS` and their truth with `TRUTH_COLUMNS`, in the same order.
    """
    draw = Random(seed)  # noqa: S311  demo data, no secret
    ordinary = _ordinary(draw)
    mislabel(ordinary, draw)
    every = [*ordinary, *duplicates(ordinary, draw), *_special(draw)]
    draw.shuffle(every)
    rows, truth = [], []
    for number, ticket in enumerate(every, 1):
        name = f"T{number:04d}"
        split = _pick(SPLITS, draw)
        rows.append({"ticket_id": name, "text": ticket.text, "label": ticket.label, **ticket.fields, "split": split})
        truth.append(
            {
                "ticket_id": name,
                "kind": ticket.kind,
                "given_label": ticket.label,
                "true_label": ticket.intent,
                "group": ticket.group,
                "duplicate": ticket.duplicate,
                "detail": ticket.detail,
                "template": ticket.template,
            }
        )
    return rows, truth


def write_tickets(folder: Path, seed: int = 0) -> tuple[Path, Path]:
    """Write ``tickets.csv`` into a folder and ``truth.csv`` into its sub-folder ``truth``.

    Returns
    -------
    tuple of two paths
        The file to scan and the truth, which no scan reads.
    """
    data, truth_file = folder / "tickets.csv", folder / "truth" / "truth.csv"
    truth_file.parent.mkdir(parents=True, exist_ok=True)
    rows, truth = tickets(seed)
    _write(data, COLUMNS, rows)
    _write(truth_file, TRUTH_COLUMNS, truth)
    return data, truth_file


def _write(path: Path, columns: tuple[str, ...], rows: list[dict[str, str]]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(columns)
        writer.writerows([row[name] for name in columns] for row in rows)


def _ordinary(draw: Random) -> list[Ticket]:
    places = [dict(WORST_SLICE)] * SLICE_ROWS + [{}] * (sum(ROWS.values()) - SLICE_ROWS)
    draw.shuffle(places)
    place = iter(places)
    return list(
        chain.from_iterable(_of_intent(intent, [next(place) for _ in range(n)], draw) for intent, n in ROWS.items())
    )


def _of_intent(intent: str, places: list[dict[str, str]], draw: Random) -> list[Ticket]:
    """Use every template once before any is used again; give up those that have nothing new to say."""
    made: list[Ticket] = []
    texts: dict[Template, list[str]] = {template: [] for template in templates(intent)}
    while len(made) < len(places):
        uses = min(len(used) for used in texts.values())
        template = draw.choice([template for template, used in texts.items() if len(used) == uses])
        fields = {**_fields(draw, intent=intent, ordinary=True), **places[len(made)]}
        text = _unlike(template, texts[template], fields, draw)
        if text is None or uses >= MAX_USES:
            del texts[template]
            continue
        texts[template].append(text)
        made.append(Ticket(text, intent, intent, template.name, fields))
    return made


def _unlike(template: Template, others: list[str], fields: dict[str, str], draw: Random) -> str | None:
    for _ in range(TRIES):
        text = dressed(fill(template.text, draw, plan=fields["plan"]), draw, channel=fields["channel"])
        if all(max(similarities(text, other)) < UNLIKE for other in others):
            return text
    return None


def _special(draw: Random) -> list[Ticket]:
    """Make the rows in other languages, with personal data, of garbage and without text."""
    made = []
    for code, (name, count) in LANGUAGES.items():
        made += [_written(template, "language", code, draw) for template in draw.sample(templates(name), count)]
    made += [
        _written(template, "pii", template.personal, draw) for template in draw.sample(templates("personal"), PERSONAL)
    ]
    noise = list(enumerate(lines("garbage"), 1))
    made += [_nothing(text, "garbage", f"garbage:{number}", draw) for number, text in draw.sample(noise, GARBAGE)]
    blanks = ["", "", "", "", " ", "   ", "\n", " \t "]
    return made + [_nothing(text, "empty", f"empty:{number}", draw) for number, text in enumerate(blanks[:EMPTY], 1)]


def _written(template: Template, kind: str, detail: str, draw: Random) -> Ticket:
    fields = _fields(draw, intent=template.intent)
    text = fill(template.text, draw, plan=fields["plan"])
    return Ticket(text, template.intent, template.intent, template.name, fields, kind=kind, detail=detail)


def _nothing(text: str, kind: str, template: str, draw: Random) -> Ticket:
    return Ticket(text, "", draw.choice(INTENTS), template, _fields(draw), kind=kind)


def _fields(draw: Random, *, intent: str = "", ordinary: bool = False) -> dict[str, str]:
    """Draw metadata; ordinary rows come into the worst slice by quota only."""
    while True:
        state, gender = _pick(STATES, draw), _pick(GENDERS, draw)
        if not ordinary or {"state": state, "gender": gender} != WORST_SLICE:
            break
    # whoever cancels pays for something
    plans = Counter(PLANS) - Counter(free=100) if intent == "cancel_subscription" else PLANS
    return {"channel": _pick(CHANNELS, draw), "state": state, "plan": _pick(plans, draw), "gender": gender}


def _pick(weights: dict[str, int], draw: Random) -> str:
    return draw.choices(tuple(weights), tuple(weights.values()))[0]
