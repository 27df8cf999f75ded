"""Span label errors by an out-of-fold conditional random field: ghost, missed, shifted and wrong-tag spans.

What is known of each possible span comes from a tagger that has not seen the text's own spans (a small conditional
random field over five folds, or the user's token probabilities), from the same words in other texts, and from the
words' looks. What follows of each span, and of all: :mod:`labelsift.label_quality.spans.wrong_spans`.

``span_score`` is the probability that all is right with a text: the product, over its given spans and its likely
unmarked places, of one minus the probability of an error (in place of the minimum of the words' self-confidence in
Wang & Mueller 2022). Flagged are the likeliest errors, as many as are estimated; within a budget the worst texts.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..data.formatting import listed, shortened
from ..data.schemas import Finding
from ..data.spans import Span, parsed
from ..label_quality.score_labels import worst
from ..label_quality.spans.lexicon import lexicon
from ..label_quality.spans.marginals import SpanMarginals, marginals_from_token_probs, out_of_fold_marginals
from ..label_quality.spans.score_spans import FEWEST, KINDS
from ..label_quality.spans.span_features import SpanFeatures
from ..label_quality.spans.token_features import token_features
from ..label_quality.spans.tokens import Tokens, TokenSpan, token_spans
from ..label_quality.spans.wrong_spans import WrongSpans, wrong_spans
from ..models.stable_folds import assign_folds
from ..store.cache import Cache, digest_of_all
from ..texts.redaction import quoted_words
from .cached_estimates import cached_spans
from .context import Context, Result
from .registry import check

FOLDS = 5
MISSED = "missed"
_AT_MOST = 1 - 1e-6
NAME_LENGTH, MOST_NAMED = 60, 3
NOTHING_LEARNED = "The words do not tell these spans: the tagger finds them no better than by chance."


@check(
    "span",
    group="labels",
    needs=("labels",),
    tasks=("spans",),
    after=("near_duplicate",),
    title="Suspicious spans",
    one="text with suspicious spans",
    many="texts with suspicious spans",
    meaning="Something is marked that should not be, or missing, or marked with other bounds or another type.",
    rank=20,
)
def span(context: Context) -> Result:
    """Score every labeled text that is not blank, flag those with an error, and say what each error is."""
    n = len(context)
    column = context.samples.column("spans")
    if column is None:
        raise ValueError("the span check needs spans")
    given = [parsed(cell) for cell in column.to_pylist()]
    judged = np.array([spans is not None for spans in given], dtype=bool) & ~context.blank
    score = np.full(n, np.nan, dtype=np.float32)
    is_issue = np.zeros(n, dtype=bool)
    work = _Work(context, given, judged)
    if not work.enough:
        return Result(score, is_issue, [])
    context.facts["span_errors"] = work.estimates()
    if not work.claims.learnable:
        context.notes.insert(0, NOTHING_LEARNED)
        return Result(score, is_issue, [_nothing_learned(context.samples.name)])
    context.notes += work.unlearnable_types()
    score[work.rows] = work.scores()
    score[~judged] = np.nan
    chosen = _chosen(work.problems(), score, work.claims.number, context.budget)
    is_issue[[problem.row for problem in chosen]] = True
    return Result(score, is_issue, [work.finding(problem) for problem in chosen])


def _nothing_learned(name: str) -> Finding:
    return Finding(id=name, issue="unlearnable", scope="dataset", score=0.0, reason=NOTHING_LEARNED)


@dataclass(frozen=True)
class Problem:
    """One possible error.

    Parameters
    ----------
    row, text
        Row of the text in the samples, and its position in the order of :class:`_Work`.
    chance
        Probability of the error.
    words
        First and last word and type of the span.
    number
        Of the given span among those of its text; -1 where none is given.
    """

    row: int
    text: int
    kind: str
    chance: float
    words: TokenSpan
    number: int


class _Work:
    """The texts in an order that does not depend on that of the file, and all that is known of them."""

    def __init__(self, context: Context, given: Sequence[list[Span] | None], judged: np.ndarray) -> None:
        texts, ids = context.samples.texts.to_pylist(), context.samples.ids.to_pylist()
        order = sorted(range(len(texts)), key=lambda row: (texts[row], ids[row]))
        self.rows = np.array(order, dtype=np.int64)
        self.ids = [ids[row] for row in order]
        self.texts = [texts[row] for row in order]
        self.labeled = [position for position, row in enumerate(order) if judged[row]]
        self.spans: list[list[Span]] = [(given[row] or []) if judged[row] else [] for row in order]
        brought = context.tokens
        self.types = brought.types if brought is not None else context.samples.classes
        type_codes = {name: code for code, name in enumerate(self.types)}
        self.words = (
            Tokens.of(self.texts, self.spans)
            if brought is None
            else Tokens.at(self.texts, [brought.places[row] for row in order])
        )
        self.marked = [
            token_spans(spans, places, type_codes) for spans, places in zip(self.spans, self.words.places, strict=True)
        ]
        numbers: dict[int, int] = {}  # of groups, by their first members: the order of the file does not matter
        self.groups = [numbers.setdefault(group, len(numbers)) for group in context.same_text[self.rows].tolist()]
        self.enough = sum(map(len, self.spans)) >= FEWEST
        if not self.enough:
            context.notes.append(f"Fewer than {FEWEST} spans are marked: too few to judge any of them.")
            return
        self.keys = context.keys[self.rows]
        trusted = [] if context.verified is None else np.flatnonzero(context.verified[self.rows]).tolist()
        self.vocabulary = lexicon(self.words.forms, seed=context.seed, grouped=False)
        content = json.dumps([self.spans, self.types, self.labeled, trusted, context.seed])
        marginals, self.claims = cached_spans(
            context.cache if brought is None else Cache(),  # what the user's model says of each word is not hashed
            context.method,
            digest_of_all(context.texts_digest, self.keys, content),
            lambda: self._marginals(context),
            lambda made: wrong_spans(
                self._evidence(made), self.labeled, seed=context.seed, trusted=frozenset(trusted), keys=self.keys
            ),
        )
        self.evidence = self._evidence(marginals)

    def _marginals(self, context: Context) -> SpanMarginals:
        brought, keys = context.tokens, self.keys
        if brought is not None:
            probabilities = [brought.probabilities[row] for row in self.rows.tolist()]
            return marginals_from_token_probs(self.words, probabilities, brought.classes, self.types)
        codes = np.full(len(self.texts), -1, dtype=np.int64)
        for position in self.labeled:
            first = next((words for words in self.marked[position] if words is not None), None)
            codes[position] = 0 if first is None else 1 + first[2]
        folds = assign_folds(codes, np.array(self.groups), folds=FOLDS, seed=context.seed, keys=keys)
        features = token_features(self.words.forms, lexicon(self.words.forms, seed=context.seed).clusters)
        return out_of_fold_marginals(
            self.words, features, self.marked, folds, types=len(self.types), seed=context.seed, keys=keys
        )

    def _evidence(self, marginals: SpanMarginals) -> SpanFeatures:
        marked = [[words for words in text if words is not None] for text in self.marked]
        return SpanFeatures(self.words, marked, marginals, self.vocabulary, self.groups, len(self.types))

    def problems(self) -> list[Problem]:
        """Return every possible error, the likeliest first."""
        claims = self.claims
        marked = (enumerate(self.marked[text]) for text in self.labeled)
        numbers = [number for spans in marked for number, words in spans if words is not None]
        kinds, chances = claims.likeliest
        problems = [
            Problem(int(self.rows[text]), text, KINDS[kind], float(chance), words, number)
            for (text, words), number, kind, chance in zip(claims.given, numbers, kinds, chances, strict=True)
        ]
        problems += [
            Problem(int(self.rows[text]), text, MISSED, float(chance), words, -1)
            for (text, words), chance in zip(claims.unmarked, claims.missed, strict=True)
        ]
        return sorted(problems, key=lambda problem: (-problem.chance, problem.text, problem.words))

    def scores(self) -> np.ndarray:
        """Return the probability that all is right with each text: float32, shape (n,), in the work's order."""
        right = np.zeros(len(self.texts))
        claims: WrongSpans = self.claims
        for (text, _), wrong in zip(claims.given, np.log1p(-np.minimum(claims.wrong, _AT_MOST)), strict=True):
            right[text] += wrong.sum()
        for (text, _), chance in zip(claims.unmarked, claims.missed, strict=True):
            right[text] += np.log1p(-min(chance, _AT_MOST))
        return np.exp(right).astype(np.float32)

    def estimates(self) -> dict[str, Any]:
        """Return what is estimated of all spans: the number of errors with its range, of how many spans."""
        claims = self.claims
        return {
            "number": claims.number,
            "range": [claims.low, claims.high] if claims.learnable else None,
            "judged": len(claims.given),
            "learnable": claims.learnable,
            "unlearnable": {self.types[kind]: round(share, 4) for kind, share in claims.unlearnable.items()},
        }

    def unlearnable_types(self) -> list[str]:
        """Say of which types no span can be called a wrong type."""
        names = [shortened(self.types[kind], NAME_LENGTH) for kind in self.claims.unlearnable]
        if not names:
            return []
        which = f"{'type' if len(names) == 1 else 'types'} {listed(names, most=MOST_NAMED)}"
        return [f"The model finds too few of the spans of {which} to say of any of them that another type is right."]

    def finding(self, problem: Problem) -> Finding:
        """Say what is wrong, and what should stand there."""
        given = None if problem.number < 0 else self.spans[problem.text][problem.number]
        suggested, share = self._suggested(problem)
        same, other, times = self.evidence.elsewhere(problem.text, *problem.words)
        return Finding(
            id=self.ids[problem.text],
            issue="span",
            kind=problem.kind,
            score=1 - problem.chance,
            given=None if given is None else list(given),
            suggested=None if suggested is None else list(suggested),
            confidence=problem.chance * share,
            reason=self._reason(problem, given, suggested),
            evidence={
                "chance": round(problem.chance, 4),
                "marked_the_same": same,
                "marked_otherwise": other,
                "texts_with_the_words": times,
            },
        )

    def _span(self, text: int, words: TokenSpan) -> Span:
        places = self.words.places[text]
        return places[words[0]][0], places[words[1]][1], self.types[words[2]]

    def _suggested(self, problem: Problem) -> tuple[Span | None, float]:
        """Return what should stand there and how sure that is, if the problem is one."""
        first, last, kind = problem.words
        if problem.kind == "ghost":
            return None, 1.0
        if problem.kind == MISSED:
            by_type = self.evidence.by_type(problem.text, first, last)
            return self._span(problem.text, problem.words), _share(by_type, kind)
        if problem.kind == "wrong_tag":
            others = self.evidence.by_type(problem.text, first, last)
            others[kind] = 0
            best = int(others.argmax())
            start, end, _ = self.spans[problem.text][problem.number]
            return (start, end, self.types[best]), _share(others, best)
        taken = [words for words in self.evidence.given[problem.text] if words != problem.words]
        chance, start, end, whole = self.evidence.rival(problem.text, first, last, taken)
        return self._span(problem.text, (start, end, kind)), chance / whole if whole else 0.0

    def _reason(self, problem: Problem, given: Span | None, suggested: Span | None) -> str:
        text = self.texts[problem.text]
        same, other, times = self.evidence.elsewhere(problem.text, *problem.words)
        if given is None and suggested is not None:
            seen = f"; {_texts(same, 'marks', 'mark')} it so" if same else ""
            return f"“{quoted_words(text, *suggested[:2])}” is not marked, but looks like {suggested[2]}{seen}."
        if given is None:
            return ""
        marked = f"“{quoted_words(text, *given[:2])}” is marked {given[2]}"
        if suggested is None:
            seen = f": of {times:,} other uses of it, {same + other:,} are marked" if times else ""
            return f"{marked}, but looks like no entity{seen}."
        if problem.kind == "shifted":
            return f"{marked}, but the span seems to be “{quoted_words(text, *suggested[:2])}”."
        seen = f"; {_texts(other, 'marks', 'mark')} it otherwise" if other else ""
        return f"{marked}, but looks like {suggested[2]}{seen}."


def _texts(count: int, singular: str, plural: str) -> str:
    return f"{count:,} other text {singular}" if count == 1 else f"{count:,} other texts {plural}"


def _share(chances: np.ndarray, kind: int) -> float:
    return float(chances[kind] / max(float(chances.sum()), 1e-9))


def _chosen(problems: Sequence[Problem], score: np.ndarray, number: int, budget: int | None) -> list[Problem]:
    """Return the problems that become findings: as many as are estimated, or those of the ``budget`` worst texts."""
    if budget is None:
        return list(problems[:number])
    among_worst = worst(score, budget)
    chosen: dict[int, list[Problem]] = {}
    for place, problem in enumerate(problems):  # the likeliest of each text at least, the others if flagged anyway
        if among_worst[problem.row] and (problem.row not in chosen or place < number):
            chosen.setdefault(problem.row, []).append(problem)
    return [problem for several in chosen.values() for problem in several]
