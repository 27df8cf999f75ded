"""Spans that look wrong: ghosts (nothing is there), missed ones, shifted ones, and those with a wrong tag.

What is known of each possible span comes from a tagger that has not seen the text's own spans (a small conditional
random field over five folds, or the user's token probabilities), from the same words in other texts, and from the
words' looks. How much each piece of evidence weighs is learned from errors that are planted into the data's own
evidence; see :mod:`labelsift.label_quality.spans.score_spans`.

``span_score`` is the probability that all is right with a text: the product, over its given spans and its likely
unmarked places, of one minus the probability of an error (in place of the minimum of the words' self-confidence in
Wang & Mueller 2022). Errors are flagged down to the probability at which the expected F1 is highest (Lewis 1995),
but none that is less likely than ``LEAST``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ..data.schemas import Finding
from ..data.spans import Span, parsed
from ..label_quality.spans.lexicon import lexicon
from ..label_quality.spans.marginals import marginals_from_token_probs, out_of_fold_marginals
from ..label_quality.spans.score_spans import FEWEST, KINDS, SpanQuality, likeliest_errors, score_spans
from ..label_quality.spans.span_features import SpanFeatures
from ..label_quality.spans.token_features import token_features
from ..label_quality.spans.tokens import Tokens, TokenSpan, token_spans
from ..models.cross_validation import assign_folds
from .registry import Context, Result, check

FOLDS = 5
LEAST = 0.3
MISSED = "missed"
_AT_MOST = 1 - 1e-6


@check("span", needs=("labels",), tasks=("spans",))
def span(context: Context) -> Result:
    """Score every labeled text that is not blank, flag those with an error, and say what each error is."""
    n = len(context)
    column = context.samples.column("spans")
    if column is None:
        raise ValueError("the span check needs spans")
    given = [parsed(cell) for cell in column.to_pylist()]
    judged = np.array([one is not None for one in given], dtype=bool) & ~context.blank
    score = np.full(n, np.nan, dtype=np.float32)
    is_issue = np.zeros(n, dtype=bool)
    work = _Work(context, given, judged)
    problems = work.problems()
    if work.told:
        score[judged] = 1.0
        score[work.rows] = work.scores(problems)
        score[~judged] = np.nan
    chosen = _chosen(problems, score, context.budget)
    is_issue[[one.row for one in chosen]] = True
    return Result(score, is_issue, [work.finding(one) for one in chosen])


@dataclass(frozen=True)
class Problem:
    """One possible error: ``at`` is the text's place in the work's order, ``words`` the words of the span."""

    row: int
    at: int
    kind: str
    chance: float
    words: TokenSpan
    number: int  # of the given span among those of its text; -1 where none is given


class _Work:
    """The texts in an order that does not depend on that of the file, and all that is known of them."""

    def __init__(self, context: Context, given: Sequence[list[Span] | None], judged: np.ndarray) -> None:
        texts, ids = context.samples.texts.to_pylist(), context.samples.ids.to_pylist()
        order = sorted(range(len(texts)), key=lambda row: (texts[row], ids[row]))
        self.rows = np.array(order, dtype=np.int64)
        self.ids = [ids[row] for row in order]
        self.texts = [texts[row] for row in order]
        self.labeled = [at for at, row in enumerate(order) if judged[row]]
        known = set(self.labeled)
        self.spans: list[list[Span]] = [given[row] or [] if at in known else [] for at, row in enumerate(order)]
        brought = context.tokens
        self.types = brought.types if brought is not None else context.samples.classes
        place = {name: at for at, name in enumerate(self.types)}
        self.words = (
            Tokens.of(self.texts, self.spans)
            if brought is None
            else Tokens.at(self.texts, [brought.places[row] for row in order])
        )
        self.marked = [
            token_spans(spans, places, place) for spans, places in zip(self.spans, self.words.places, strict=True)
        ]
        self.groups = _numbered([int(one) for one in context.same_text[self.rows]])
        self.told = sum(len(some) for some in self.spans) >= FEWEST
        if not self.told:
            context.notes.append(f"Fewer than {FEWEST} spans are marked: too few to judge any of them.")
            return
        self.evidence = self._evidence(context)
        trusted = frozenset(
            at for at, row in enumerate(order) if context.verified is not None and context.verified[row]
        )
        self.judgement = score_spans(self.evidence, self.labeled, seed=context.seed, trusted=trusted)

    def _evidence(self, context: Context) -> SpanFeatures:
        brought, types = context.tokens, len(self.types)
        known = lexicon(self.words.forms, seed=context.seed, grouped=brought is None)
        if brought is not None:
            probabilities = [brought.probabilities[row] for row in self.rows.tolist()]
            held = marginals_from_token_probs(self.words, probabilities, brought.classes, self.types)
        else:
            codes = np.full(len(self.texts), -1, dtype=np.int64)
            for at in self.labeled:
                first = next((one for one in self.marked[at] if one is not None), None)
                codes[at] = 0 if first is None else 1 + first[2]
            folds = assign_folds(codes, np.array(self.groups), folds=FOLDS, seed=context.seed)
            features = token_features(self.words.forms, known.clusters)
            held = out_of_fold_marginals(self.words, features, self.marked, folds, types=types, seed=context.seed)
        marked = [[one for one in some if one is not None] for some in self.marked]
        return SpanFeatures(self.words, marked, held, known, self.groups, types)

    def problems(self) -> list[Problem]:
        """Return every possible error, the likeliest first."""
        if not self.told:
            return []
        judgement = self.judgement
        numbers = _numbers(self.marked, self.labeled)
        kinds, chances = likeliest_errors(judgement)
        found = [
            Problem(int(self.rows[at]), at, KINDS[kind], float(chance), words, number)
            for (at, words), number, kind, chance in zip(judgement.given, numbers, kinds, chances, strict=True)
        ]
        found += [
            Problem(int(self.rows[at]), at, MISSED, float(chance), words, -1)
            for (at, words), chance in zip(judgement.unmarked, judgement.missed, strict=True)
        ]
        return sorted(found, key=lambda one: (-one.chance, one.at, one.words))

    def scores(self, problems: Sequence[Problem]) -> np.ndarray:
        """Return the probability that all is right with each text: float32, shape (n,), in the work's order."""
        right = np.zeros(len(self.texts))
        judgement: SpanQuality = self.judgement
        for (at, _), chances in zip(judgement.given, judgement.chances, strict=True):
            right[at] += np.log1p(-min(1 - chances[0], _AT_MOST))
        for (at, _), chance in zip(judgement.unmarked, judgement.missed, strict=True):
            right[at] += np.log1p(-min(chance, _AT_MOST))
        return np.exp(right).astype(np.float32)

    def finding(self, one: Problem) -> Finding:
        """Say what is wrong, and what should stand there."""
        given = None if one.number < 0 else self.spans[one.at][one.number]
        suggested, sure = self._suggested(one)
        same, other, times = self.evidence.elsewhere(one.at, *one.words)
        return Finding(
            id=self.ids[one.at],
            issue="span",
            kind=one.kind,
            score=1 - one.chance,
            given=None if given is None else list(given),
            suggested=None if suggested is None else list(suggested),
            confidence=one.chance * sure,
            reason=self._reason(one, given, suggested),
            evidence={
                "chance": round(one.chance, 4),
                "marked_the_same": same,
                "marked_otherwise": other,
                "texts_with_the_words": times,
            },
        )

    def _span(self, at: int, words: TokenSpan) -> Span:
        places = self.words.places[at]
        return places[words[0]][0], places[words[1]][1], self.types[words[2]]

    def _suggested(self, one: Problem) -> tuple[Span | None, float]:
        """Return what should stand there and how sure that is, if the problem is one."""
        first, last, kind = one.words
        if one.kind == "ghost":
            return None, 1.0
        if one.kind == MISSED:
            return self._span(one.at, one.words), _share(self.evidence.by_type(one.at, first, last), kind)
        if one.kind == "wrong_tag":
            others = self.evidence.by_type(one.at, first, last)
            others[kind] = 0
            best = int(others.argmax())
            start, end, _ = self.spans[one.at][one.number]
            return (start, end, self.types[best]), _share(others, best)
        taken = [words for words in self.evidence.given[one.at] if words != one.words]
        chance, start, end, whole = self.evidence.rival(one.at, first, last, taken)
        return self._span(one.at, (start, end, kind)), chance / whole if whole else 0.0

    def _reason(self, one: Problem, given: Span | None, suggested: Span | None) -> str:
        text = self.texts[one.at]
        same, other, times = self.evidence.elsewhere(one.at, *one.words)
        if given is None and suggested is not None:
            seen = f"; {_texts(same, 'marks', 'mark')} it so" if same else ""
            return f"“{_quoted(text, suggested)}” is not marked, but looks like {suggested[2]}{seen}."
        if given is None:
            return ""
        said = f"“{_quoted(text, given)}” is marked {given[2]}"
        if suggested is None:
            seen = f": of {times:,} other uses of it, {same + other:,} are marked" if times else ""
            return f"{said}, but looks like no entity{seen}."
        if one.kind == "shifted":
            return f"{said}, but the span seems to be “{_quoted(text, suggested)}”."
        seen = f"; {_texts(other, 'marks', 'mark')} it otherwise" if other else ""
        return f"{said}, but looks like {suggested[2]}{seen}."


def _texts(count: int, one: str, many: str) -> str:
    return f"{count:,} other text {one}" if count == 1 else f"{count:,} other texts {many}"


def _quoted(text: str, span: Span) -> str:
    return " ".join(text[span[0] : span[1]].split())


def _share(chances: np.ndarray, kind: int) -> float:
    return float(chances[kind] / max(float(chances.sum()), 1e-9))


def _numbered(groups: Sequence[int]) -> list[int]:
    """Return numbers of groups that do not depend on the order of the file: by their first members."""
    found: dict[int, int] = {}
    return [found.setdefault(one, len(found)) for one in groups]


def _numbers(marked: Sequence[Sequence[TokenSpan | None]], labeled: Sequence[int]) -> list[int]:
    """Return the number of each judged span among its text's spans."""
    return [number for at in labeled for number, one in enumerate(marked[at]) if one is not None]


def _chosen(problems: Sequence[Problem], score: np.ndarray, budget: int | None) -> list[Problem]:
    """Return the problems that are told: by expected F1, or those of the ``budget`` worst texts."""
    chances = np.array([one.chance for one in problems])
    if not len(chances):
        return []
    expected = 2 * np.cumsum(chances) / (np.arange(1, len(chances) + 1) + chances.sum())
    cut = float(chances[int(expected.argmax())])
    if budget is None:
        return [one for one in problems if one.chance >= max(cut, LEAST)]
    order = np.argsort(score, kind="stable")[:budget]
    worst = set(order[np.isfinite(score[order])].tolist())
    told: dict[int, list[Problem]] = {}
    for one in problems:  # the likeliest of each text at least, the others if they would be told anyway
        if one.row in worst and (one.row not in told or one.chance >= cut):
            told.setdefault(one.row, []).append(one)
    return [one for some in told.values() for one in some]
