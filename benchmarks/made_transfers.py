"""Made messages whose class is told by the order of words: what a model over fixed embeddings cannot see.

**transfers** was the first set that was named for the report. A customer moves money between two of five accounts; the
class is the account that the money goes *to*. Both accounts stand in the message, in either order ("from my … savings
to my … mortgage", "to my … mortgage from my … savings"), with one to three of forty adjectives between the preposition
and the account. Of the labels 8 % are the account that the money comes *from*, as of somebody who mixes up the
direction, and 4 % one of the three accounts that are not named. Measured, it turned out to be no such set: the account
and the preposition *behind* it ("savings to") are a pair of words that tells the direction, and the scan reads pairs.

**detours** is the set of the report, named and written down before it was measured on the report's seeds: the same
messages with one of twenty phrases behind each account ("from my … savings opened last year to my …"), so that no pair
of words holds an account and a preposition.

**doubts** is the set that the rule was chosen on: praise and complaint, where a negation far from its adjective turns
the class around ("I would never call the new app of yours … slow"); 12 % of the labels are the other class. The fewer
are negated, the less a model gains that sees it.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

ACCOUNTS = ("savings", "mortgage", "credit card", "brokerage", "pension")
ADJECTIVES = (
    "old new joint private shared first second main small large blue red green online local foreign monthly yearly"
    " personal special regular current former active quiet busy other usual spare extra flexible fixed simple basic"
    " premium silver golden early late family"
).split()
OPENERS = (
    "Please move", "Kindly transfer", "I want to send", "Could you book", "I need to shift", "Yesterday I moved",
    "My wife transferred", "We would like to put", "Why can I not send", "Help me to bring",
)  # fmt: skip
CLOSERS = ("", "today", "as soon as you can", "before Friday", "thanks", "once a month", "this did not work", "by noon")
BEHIND = (
    "opened last year", "at your bank", "as agreed", "that I hold", "in my name", "with the low fee", "of my family",
    "we spoke about", "ending in seven", "you know of", "for the holidays", "which I rarely use", "since the wedding",
    "under review", "in the app", "my wife set up", "listed below", "with two owners", "we keep in euros", "as ever",
)  # fmt: skip
GOOD = ("great", "quick", "helpful", "clear", "reliable", "pleasant", "fair", "easy", "friendly", "excellent")
BAD = ("slow", "rude", "confusing", "broken", "expensive", "awful", "useless", "late", "clumsy", "unfair")
THINGS = ("app", "support team", "branch", "website", "card", "newsletter", "hotline", "contract", "machine", "office")
PLAIN = ("I would always call", "People often find", "My friends consider", "We certainly call", "I do consider")
TURNED = ("I would never call", "People hardly find", "No friend considers", "We cannot call", "I do not consider")


class Made(NamedTuple):
    """Texts with their true and given classes: int64, shape (n,)."""

    texts: list[str]
    truth: np.ndarray
    given: np.ndarray
    classes: tuple[str, ...]


def transfers(seed: int, n: int = 5_000, *, behind: tuple[str, ...] = ("",)) -> Made:
    """Return messages about transfers, of which 12 % have a wrong label."""
    rng = np.random.default_rng(seed)
    texts, truth, given = [], [], []
    for _ in range(n):
        source, target = rng.choice(len(ACCOUNTS), 2, replace=False).tolist()
        parts = [
            f"{word} my {_adjectives(rng)} {ACCOUNTS[account]} {_one(rng, behind)}".strip()
            for word, account in (("from", source), ("to", target))
        ]
        if rng.random() < 0.5:
            parts.reverse()
        texts.append(f"{_one(rng, OPENERS)} {rng.integers(10, 999)} {' '.join(parts)} {_one(rng, CLOSERS)}".strip())
        others = [account for account in range(len(ACCOUNTS)) if account not in (source, target)]
        draw = rng.random()
        truth.append(target)
        given.append(source if draw < 0.08 else int(rng.choice(others)) if draw < 0.12 else target)
    return Made(texts, np.array(truth), np.array(given), ACCOUNTS)


def detours(seed: int, n: int = 5_000) -> Made:
    """Return messages about transfers in which no pair of words tells the direction."""
    return transfers(seed, n, behind=BEHIND)


def doubts(seed: int, n: int = 5_000, *, share: float = 0.5) -> Made:
    """Return praise and complaints, a share of them negated, of which 12 % have the label of the other."""
    rng = np.random.default_rng(seed)
    texts, truth = [], []
    for _ in range(n):
        good, turned = rng.random(2) < (0.5, share)
        opener, word = _one(rng, TURNED if turned else PLAIN), _one(rng, GOOD if good else BAD)
        texts.append(f"{opener} the {_adjectives(rng)} {_one(rng, THINGS)} of yours {_one(rng, CLOSERS)} {word}")
        truth.append(int(good != turned))
    right = np.array(truth)
    return Made(texts, right, np.where(rng.random(n) < 0.12, 1 - right, right), ("complaint", "praise"))


def _adjectives(rng: np.random.Generator) -> str:
    return " ".join(rng.choice(ADJECTIVES, rng.integers(1, 4), replace=False))


def _one(rng: np.random.Generator, words: tuple[str, ...]) -> str:
    return words[rng.integers(len(words))]
