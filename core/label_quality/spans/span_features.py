"""Features of a span that is to be judged, without a look at what its own text is marked with.

Three sources: the marginals of a tagger that has not seen the text; what the same words are in the other texts (a name
that is marked nine times and once is not; a common word that is marked once in a hundred texts); and what the words
look like. Copies of a text count as the text itself.
"""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from .lexicon import Lexicon
from .marginals import SpanMarginals
from .token_features import normal
from .tokens import Tokens, TokenSpan

LEAST = 0.02  # probability from which on an unmarked place is looked at
REACH = 3  # words before a span in which another one may begin that overlaps it


def logit(chance: float) -> float:
    """Return the log odds of a probability, within what a float32 can tell from 0 and 1."""
    chance = min(max(chance, 1e-6), 1 - 1e-6)
    return math.log(chance / (1 - chance))


@dataclass
class SpanFeatures:
    """The texts' words and spans, counted once.

    Parameters
    ----------
    groups
        Texts with the same number are copies of each other.
    """

    words: Tokens
    given: Sequence[Sequence[TokenSpan]]
    marginals: SpanMarginals
    lexicon: Lexicon
    groups: Sequence[int]
    types: int
    forms: list[list[str]] = field(init=False)

    def __post_init__(self) -> None:
        normal_forms: dict[str, str] = {}
        for some in self.words.forms:
            for word in some:
                if word not in normal_forms:
                    normal_forms[word] = normal(word)
        self.forms = [[normal_forms[word] for word in some] for some in self.words.forms]
        self._surfaces: dict[tuple[str, ...], list[tuple[int, int]]] = defaultdict(list)
        self._inside: dict[str, Counter[int]] = defaultdict(Counter)
        self._total: dict[str, Counter[int]] = defaultdict(Counter)
        shares = np.ones(self.types)
        for forms, spans, group in zip(self.forms, self.given, self.groups, strict=True):
            for form in forms:
                self._total[form][group] += 1
            for first, last, kind in spans:
                self._surfaces[tuple(forms[first : last + 1])].append((group, kind))
                shares[kind] += 1
                for form in forms[first : last + 1]:
                    self._inside[form][group] += 1
        self.shares = shares / shares.sum()
        self._sums = {form: sum(counts.values()) for form, counts in self._total.items()}
        self._inside_sums = {form: sum(counts.values()) for form, counts in self._inside.items()}

    def of(self, text: int, span: TokenSpan) -> list[float]:
        """Return the features of a span: the first half from the tagger, the second from the words."""
        first, last, kind = span
        sure = self._tagger(text, first, last, kind)
        return [*sure, *self._elsewhere(text, first, last, kind), *self._look(text, first, last)]

    def _tagger(self, text: int, first: int, last: int, kind: int) -> list[float]:
        marginals, begin = self.marginals, int(self.words.starts[text])
        count, more = len(self.forms[text]), last - first
        rows = slice(begin + first, begin + last + 1)
        fits = more < marginals.spans.shape[1]
        as_it_is = logit(float(marginals.spans[begin + first, more, kind]) if fits else 0.0)
        as_any = logit(self.any_type(text, first, last))
        rival = logit(self.rival(text, first, last)[0])
        marked = marginals.marked[rows]
        by_type = self.by_type(text, first, last)
        whole = float(by_type.sum()) + 1e-9
        others = np.delete(by_type, kind)
        before = float(marginals.marked[begin + first - 1]) if first else 0.0
        after = float(marginals.words[begin + last + 1, 2::2].sum()) if last + 1 < count else 0.0
        most = logit(float(marked.max()))
        return [
            as_it_is, as_any, rival, as_any - rival, most - as_any,
            logit(float(marked.min())), most, logit(float(marked.mean())), logit(float(marked[0])),
            logit(float(marked[-1])), logit(float(by_type[kind]) / whole),
            logit(float(others.max(initial=0.0)) / whole),
            logit(before), logit(after), logit(float(marginals.words[begin + first, 2::2].sum())),
        ]  # fmt: skip

    def by_type(self, text: int, first: int, last: int) -> np.ndarray:
        """Return how much of some words the tagger gives each type: shape (types,)."""
        begin = int(self.words.starts[text])
        some = self.marginals.words[begin + first : begin + last + 1].mean(axis=0)
        return some[1::2] + some[2::2]

    def any_type(self, text: int, first: int, last: int) -> float:
        """Return the tagger's probability that a span of any type has these bounds; 0 of a very long one."""
        begin, more = int(self.words.starts[text]), last - first
        return float(self.marginals.any_type[begin + first, more]) if more < self.marginals.spans.shape[1] else 0.0

    def overlapping(self, text: int, first: int, last: int, *, least: float) -> list[tuple[float, tuple[int, int]]]:
        """Return (probability, bounds) of the other places that overlap a span, the likeliest first."""
        begin, count = int(self.words.starts[text]), len(self.forms[text])
        start = max(0, first - REACH)
        near = self.marginals.any_type[begin + start : begin + last + 1]
        places = [
            (float(near[row, more]), (start + row, start + row + more))
            for row, more in np.argwhere(near > least).tolist()
            if first <= start + row + more < count and (start + row, start + row + more) != (first, last)
        ]
        return sorted(places, key=lambda place: (-place[0], place[1]))

    def rival(self, text: int, first: int, last: int, taken: Sequence[TokenSpan] = ()) -> tuple[float, int, int, float]:
        """Return the likeliest span with other bounds that overlaps this one and none that is taken.

        Returns
        -------
        tuple
            Its probability (0 without one), first and last word, and the probability of all such spans together.
        """
        best, whole = (0.0, first, last), 0.0
        for chance, (start, end) in self.overlapping(text, first, last, least=1e-6):
            if not any(start <= other and this <= end for this, other, _ in taken):
                whole += chance
                best = max(best, (chance, start, end))
        return *best, whole

    def _elsewhere(self, text: int, first: int, last: int, kind: int) -> list[float]:
        forms, group = self.forms[text], self.groups[text]
        surface = tuple(forms[first : last + 1])
        marked = [marked_kind for other, marked_kind in self._surfaces.get(surface, ()) if other != group]
        same = sum(marked_kind == kind for marked_kind in marked)
        counts = [self._counts(form, group) for form in surface]
        plain = max(min(total - inside for total, inside in counts), 0)  # spans that overlap count a word twice
        rates = [math.log((inside + 0.1) / (total + 1)) for total, inside in counts]
        shorter = max(self._times(surface[:-1], group), self._times(surface[1:], group)) if last > first else 0
        return [
            math.log(same + 0.3), math.log(len(marked) - same + 0.3), math.log(len(marked) + 0.3) - math.log(plain + 1),
            math.log(plain + 1), max(rates), min(rates), rates[0], rates[-1], math.log(shorter + 0.3),
            math.log(self.shares[kind]), math.log(min(self._sums[form] for form in surface)),
        ]  # fmt: skip

    def marked_elsewhere(self, text: int, first: int, last: int) -> np.ndarray:
        """Return in how many other texts the same words are marked as each type: float64, shape (types,)."""
        surface, group = tuple(self.forms[text][first : last + 1]), self.groups[text]
        marked = [kind for other, kind in self._surfaces.get(surface, ()) if other != group]
        return np.bincount(marked, minlength=self.types).astype(np.float64) if marked else np.zeros(self.types)

    def rate_inside(self, text: int, word: int) -> float:
        """Return the log share of a word's uses in other texts that stand in a span."""
        total, inside = self._counts(self.forms[text][word], self.groups[text])
        return min(math.log((inside + 0.2) / (total + 1)), 0.0)

    def _times(self, surface: tuple[str, ...], group: int) -> int:
        return sum(other != group for other, _ in self._surfaces.get(surface, ()))

    def _counts(self, form: str, group: int) -> tuple[int, int]:
        inside = self._inside[form][group] if form in self._inside else 0
        return self._sums[form] - self._total[form][group], self._inside_sums.get(form, 0) - inside

    def _look(self, text: int, first: int, last: int) -> list[float]:
        words = self.words.forms[text][first : last + 1]
        large = [word[:1].isupper() for word in words]
        pieces = [self.lexicon.pieces[form] for form in self.forms[text][first : last + 1]]
        return [
            len(words) == 1, len(words) == 2, math.log(len(words)), large[0], large[-1], all(large),
            len(words) > 1 and large[0] != large[-1], words[-1].islower(), any(word[0] in "#@" for word in words),
            any(not any(character.isalnum() for character in word) for word in words),
            min(count for count, _ in pieces), math.log(max(number for _, number in pieces) + 1),
        ]  # fmt: skip

    def elsewhere(self, text: int, first: int, last: int, kind: int) -> tuple[int, int, int]:
        """Count spans of the same words in other texts, of this type and of others, and uses of the rarest word.

        What a reason quotes.
        """
        forms, group = self.forms[text], self.groups[text]
        surface = tuple(forms[first : last + 1])
        marked = [marked_kind for other, marked_kind in self._surfaces.get(surface, ()) if other != group]
        same = sum(marked_kind == kind for marked_kind in marked)
        return same, len(marked) - same, min(self._counts(form, group)[0] for form in surface)

    def unmarked(self, text: int) -> list[tuple[float, TokenSpan]]:
        """Return likely spans of a text, none of which overlaps another, the likeliest first, with probabilities."""
        begin, count = int(self.words.starts[text]), len(self.forms[text])
        chances = self.marginals.any_type[begin : begin + count]
        rows, more = np.nonzero(chances > LEAST)
        likely: list[tuple[float, TokenSpan]] = []
        for position in np.argsort(-chances[rows, more], kind="stable").tolist():
            first, last = int(rows[position]), int(rows[position] + more[position])
            if last < count and all(
                last < other_first or other_last < first for _, (other_first, other_last, _) in likely
            ):
                kind = int(self.marginals.spans[begin + first, more[position]].argmax())
                likely.append((float(chances[first, more[position]]), (first, last, kind)))
        return likely
