"""Made span errors: noise as people and machines make it, in spans that are taken for true.

Each kind of noise is that of a poor annotator who marked a share of the texts: a gazetteer of the names in one half of
the texts marks the other half (``distant``); a weak tagger, learned from one tenth of the texts, marks them (``weak``);
another guideline takes the word before a name along where it is an article, a title or a sign, and calls one type
something else (``guideline``); a name that stood in an earlier text is mostly left unmarked (``later_mention``).
Settings were chosen on ``distant`` and ``guideline`` with the seeds 0 to 2; 10 to 12 are for reports, on all four.
"""

from __future__ import annotations

import random
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from labelsift.data.spans import spaced
from labelsift.label_quality.spans.token_features import normal, shape

Row = dict[str, Any]
Spans = list[list[Any]]  # [start, end, type] each
SHARES = (0.05, 0.1, 0.25)  # of the texts, which the poor annotator marked: by the seed, 10 for the first
WEAK_SHARE = 0.1  # of the texts, from which the weak tagger learns
FORGOTTEN = 0.6  # of later mentions
LONGEST_NAME = 6  # words
BEFORE = frozenset("the a an mr mrs ms dr sir president king queen le la der die das de al az bw bi".split())


def made_errors(rows: Sequence[Row], kind: str, seed: int, *, share: float | None = None) -> list[Row]:
    """Return the rows with given spans and errors of one kind of noise.

    Parameters
    ----------
    rows
        Each with text and true_spans.
    share
        Of the texts that the poor annotator marked; by default one of ``SHARES``, in turn: the first with seed 10.
    """
    rng = random.Random(f"{kind} {seed}")  # noqa: S311 - no secret
    share = SHARES[(seed + 2) % len(SHARES)] if share is None else share
    poor = set(rng.sample(range(len(rows)), round(share * len(rows))))
    given = NOISES[kind](rows, poor, rng)
    return [row | _with_errors(row["true_spans"], spans) for row, spans in zip(rows, given, strict=True)]


def _with_errors(true: Spans, given: Spans) -> Row:
    """Type each difference: of the errors, the span is as given, and of a missed one as it was."""
    errors = [{"kind": "missed", "span": span} for span in true if not any(_overlap(span, other) for other in given)]
    for span in given:
        near = [other for other in true if _overlap(span, other)]
        if not near:
            errors.append({"kind": "ghost", "span": span})
        elif all(other[:2] != span[:2] for other in near):
            errors.append({"kind": "shifted", "span": span})
        elif span not in near:
            errors.append({"kind": "wrong_tag", "span": span})
    return {"given_spans": given, "errors": errors}


def _overlap(span: Sequence[Any], other: Sequence[Any]) -> bool:
    return bool(span[0] < other[1] and other[0] < span[1])


def _distant(rows: Sequence[Row], poor: set[int], rng: random.Random) -> list[Spans]:
    """Mark the longest names of a gazetteer, each with its commonest type there, whatever the text says."""
    known = set(rng.sample(sorted(set(range(len(rows))) - poor), min(len(rows) // 2, len(rows) - len(poor))))
    names: dict[tuple[str, ...], Counter[str]] = defaultdict(Counter)
    for number in known:
        text = rows[number]["text"]
        for start, end, kind in rows[number]["true_spans"]:
            names[tuple(text[start:end].lower().split())][kind] += 1
    given = []
    for number, row in enumerate(rows):
        if number not in poor:
            given.append(row["true_spans"])
            continue
        places, spans, word = spaced(row["text"]), list[list[Any]](), 0
        forms = [row["text"][start:end].lower() for start, end in places]
        while word < len(forms):
            lengths = range(min(LONGEST_NAME, len(forms) - word), 0, -1)
            length = next((some for some in lengths if tuple(forms[word : word + some]) in names), 0)
            if length:
                kind = names[tuple(forms[word : word + length])].most_common(1)[0][0]
                spans.append([places[word][0], places[word + length - 1][1], kind])
            word += max(length, 1)
        given.append(spans)
    return given


def _weak(rows: Sequence[Row], poor: set[int], rng: random.Random) -> list[Spans]:
    """Mark what an averaged model of single words, of another kind than the scan's tagger, predicts."""
    from sklearn.feature_extraction import FeatureHasher
    from sklearn.linear_model import SGDClassifier

    learned = rng.sample(sorted(set(range(len(rows))) - poor), round(WEAK_SHARE * len(rows)))
    hasher = FeatureHasher(2**18, input_type="string")
    words, tags = [], []
    for number in learned:
        text, places = rows[number]["text"], spaced(rows[number]["text"])
        words += _described([text[start:end] for start, end in places])
        for start, end in places:
            inside = next((span for span in rows[number]["true_spans"] if _overlap(span, (start, end))), None)
            tags.append("O" if inside is None else ("B-" if inside[0] >= start else "I-") + inside[2])
    model = SGDClassifier(loss="log_loss", alpha=1e-5, max_iter=30, average=True, random_state=rng.randrange(2**31))
    model.fit(hasher.transform(words), tags)
    given = []
    for number, row in enumerate(rows):
        places = spaced(row["text"])
        if number not in poor or not places:
            given.append(row["true_spans"])
            continue
        said = model.predict(hasher.transform(_described([row["text"][start:end] for start, end in places])))
        spans: Spans = []
        before = "O"
        for (start, end), tag in zip(places, said.tolist(), strict=True):
            if tag != "O" and (tag[0] == "B" or before[2:] != tag[2:]):
                spans.append([start, end, tag[2:]])
            elif tag != "O":
                spans[-1][1] = end
            before = tag
        given.append(spans)
    return given


def _described(words: Sequence[str]) -> list[list[str]]:
    padded = ["<", *words, ">"]
    described = []
    for before, word, after in zip(padded, words, padded[2:], strict=False):
        own = [f"w {normal(word)}", f"s {shape(word)}", f"x {word[-3:].lower()}", f"p {word[:3].lower()}"]
        near = [f"- {normal(before)}", f"+ {normal(after)}", f"-s {shape(before)}", f"+s {shape(after)}"]
        described.append(own + near)
    return described


def _guideline(rows: Sequence[Row], poor: set[int], rng: random.Random) -> list[Spans]:
    """Take along the article, title or sign before a name, and call names of one type another, unless it is common."""
    counts = Counter(span[2] for row in rows for span in row["true_spans"])
    types = [kind for kind, _ in counts.most_common()]
    renamed = dict([rng.sample(types[1:] if len(types) > 2 else types, 2)]) if len(types) > 1 else {}
    given = []
    for number, row in enumerate(rows):
        if number not in poor:
            given.append(row["true_spans"])
            continue
        places, spans = spaced(row["text"]), list[list[Any]]()
        for start, end, kind in row["true_spans"]:
            before = max((place for place in places if place[1] <= start), default=None)
            if before is not None and not any(_overlap(before, span) for span in row["true_spans"]):
                word = row["text"][slice(*before)]
                if word.lower().strip(".") in BEFORE or (word[0] in "@#\"'(" and len(word) < 3):
                    start = before[0]
            spans.append([start, end, renamed.get(kind, kind)])
        given.append(spans)
    return given


def _later_mention(rows: Sequence[Row], poor: set[int], rng: random.Random) -> list[Spans]:
    """Leave most names unmarked that stood in an earlier text."""
    seen: set[str] = set()
    given = []
    for number, row in enumerate(rows):
        spans: Spans = []
        for start, end, kind in row["true_spans"]:
            name = row["text"][start:end].lower()
            if not (number in poor and name in seen and rng.random() < FORGOTTEN):
                spans.append([start, end, kind])
            seen.add(name)
        given.append(spans)
    return given


NOISES: Mapping[str, Callable[[Sequence[Row], set[int], random.Random], list[Spans]]] = {
    "distant": _distant,
    "weak": _weak,
    "guideline": _guideline,
    "later_mention": _later_mention,
}
