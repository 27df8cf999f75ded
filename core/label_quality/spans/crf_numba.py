"""Loops of the conditional random field, compiled by numba when they are first called.

Imported when the first span is judged: numba costs half a second to import. The machine code is kept beside this file
or, where that folder cannot be written, in the user's cache; where neither can be, every process compiles anew.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numba
import numpy as np


def compiled(function: Callable[..., Any]) -> Callable[..., Any]:
    """Compile a function when it is first called."""
    try:
        return numba.njit(cache=True, nogil=True)(function)
    except RuntimeError:  # numba finds no folder that it could write machine code to
        return numba.njit(nogil=True)(function)


@compiled
def _score(weights, numbers, ends, begin, count, scores):  # noqa: ANN001, ANN202 - numba infers types
    labels = weights.shape[1]
    for word in range(count):
        for label in range(labels):
            scores[word, label] = 0.0
        for k in range(ends[begin + word], ends[begin + word + 1]):
            for label in range(labels):
                scores[word, label] += weights[numbers[k], label]


@compiled
def _passes(scores, first, step, count, forward, backward, scale, top):  # noqa: ANN001, ANN202
    """Fill forward (sums to one a word) and backward; ``scale`` and ``top`` undo the scaling. Returns log Z."""
    labels = step.shape[0]
    total = 0.0
    for word in range(count):
        top[word] = scores[word].max()
        whole = 0.0
        for label in range(labels):
            reached = 0.0
            if word == 0:
                reached = first[label]
            else:
                for before in range(labels):
                    reached += forward[word - 1, before] * step[before, label]
            forward[word, label] = reached * np.exp(scores[word, label] - top[word])
            whole += forward[word, label]
        scale[word] = whole
        total += np.log(whole) + top[word]
        for label in range(labels):
            forward[word, label] /= whole
    for label in range(labels):
        backward[count - 1, label] = 1.0
    for word in range(count - 2, -1, -1):
        for before in range(labels):
            reached = 0.0
            for label in range(labels):
                reached += (
                    step[before, label] * np.exp(scores[word + 1, label] - top[word + 1]) * backward[word + 1, label]
                )
            backward[word, before] = reached / scale[word + 1]
    return total


@compiled
def _steps(transitions, opening, may, first, step):  # noqa: ANN001, ANN202
    labels = step.shape[0]
    for label in range(labels):
        first[label] = np.exp(opening[label]) if may[labels, label] else 0.0
        for before in range(labels):
            step[before, label] = np.exp(transitions[before, label]) if may[before, label] else 0.0


@compiled
def fit_chain(numbers, ends, features, starts, tags, texts, may, longest, seed, rounds, rate, prior, small):  # noqa: ANN001, ANN201, C901 - one loop over texts, kept together for numba
    """Learn weights, transitions and the first label; see :func:`labelsift.label_quality.spans.crf.fit`."""
    np.random.seed(seed)  # noqa: NPY002 - numba knows the old generator only
    labels = may.shape[1]
    weights = np.zeros((features, labels), np.float32)
    squares = np.full((features, labels), small, np.float32)
    transitions, transition_squares = np.zeros((labels, labels)), np.full((labels, labels), small)
    opening, opening_squares = np.zeros(labels), np.full(labels, small)
    first, step = np.zeros(labels), np.zeros((labels, labels))
    scores, forward, backward = np.zeros((longest, labels)), np.zeros((longest, labels)), np.zeros((longest, labels))
    scale, top, gradient = np.zeros(longest), np.zeros(longest), np.zeros(labels)
    shares = np.zeros(features, np.float32)
    for text in texts:
        for k in range(ends[starts[text]], ends[starts[text + 1]]):
            shares[numbers[k]] += 1
    for k in range(features):
        shares[k] = prior / max(shares[k], 1.0)
    order = texts.copy()
    for _ in range(rounds):
        np.random.shuffle(order)  # noqa: NPY002
        for text in order:
            begin = starts[text]
            count = starts[text + 1] - begin
            if count == 0:
                continue
            _steps(transitions, opening, may, first, step)
            _score(weights, numbers, ends, begin, count, scores)
            _passes(scores, first, step, count, forward, backward, scale, top)
            for label in range(labels):
                slope = forward[0, label] * backward[0, label] - (1.0 if tags[begin] == label else 0.0)
                slope += prior * opening[label] / len(texts)
                opening_squares[label] += slope * slope
                opening[label] -= rate * slope / np.sqrt(opening_squares[label])
            for before in range(labels):
                for label in range(labels):
                    if not may[before, label]:
                        continue
                    slope = prior * transitions[before, label] / len(texts)
                    for word in range(1, count):
                        pair = forward[word - 1, before] * step[before, label] * np.exp(scores[word, label] - top[word])
                        slope += pair * backward[word, label] / scale[word]
                        if tags[begin + word - 1] == before and tags[begin + word] == label:
                            slope -= 1.0
                    transition_squares[before, label] += slope * slope
                    transitions[before, label] -= rate * slope / np.sqrt(transition_squares[before, label])
            for word in range(count):
                largest = 0.0
                for label in range(labels):
                    slope = forward[word, label] * backward[word, label] - (1.0 if tags[begin + word] == label else 0.0)
                    gradient[label] = slope
                    largest = max(largest, abs(slope))
                if largest < 1e-4:  # nothing to be learned from this word
                    continue
                for k in range(ends[begin + word], ends[begin + word + 1]):
                    feature = numbers[k]
                    for label in range(labels):
                        change = np.float32(gradient[label]) + shares[feature] * weights[feature, label]
                        squares[feature, label] += change * change
                        weights[feature, label] -= np.float32(rate) * change / np.sqrt(squares[feature, label])
    return weights, transitions, opening


@compiled
def _write(scores, step, begin, count, forward, backward, scale, top, words_out, spans_out):  # noqa: ANN001, ANN202
    most, types = spans_out.shape[1], spans_out.shape[2]
    for word in range(count):
        for label in range(step.shape[0]):
            words_out[begin + word, label] = forward[word, label] * backward[word, label]
        for kind in range(types):
            label, inside = 1 + 2 * kind, 2 + 2 * kind
            chance = forward[word, label]
            for more in range(min(most, count - word)):
                end = word + more
                if more > 0:
                    chance *= step[label, inside] * np.exp(scores[end, inside] - top[end]) / scale[end]
                    label = inside
                rest = backward[end, label]
                if end < count - 1:  # what goes on is another span
                    going_on = step[label, inside] * np.exp(scores[end + 1, inside] - top[end + 1])
                    rest -= going_on * backward[end + 1, inside] / scale[end + 1]
                spans_out[begin + word, more, kind] = chance * max(rest, 0.0)


@compiled
def marginals_of_texts(numbers, ends, starts, texts, weights, transitions, opening, may, longest, words_out, spans_out):  # noqa: ANN001, ANN201
    """Fill in probabilities of words and spans; see :func:`labelsift.label_quality.spans.crf.marginals`."""
    labels = may.shape[1]
    first, step = np.zeros(labels), np.zeros((labels, labels))
    scores, forward, backward = np.zeros((longest, labels)), np.zeros((longest, labels)), np.zeros((longest, labels))
    scale, top = np.zeros(longest), np.zeros(longest)
    _steps(transitions, opening, may, first, step)
    for text in texts:
        begin = starts[text]
        count = starts[text + 1] - begin
        if count > 0:
            _score(weights, numbers, ends, begin, count, scores)
            _passes(scores, first, step, count, forward, backward, scale, top)
            _write(scores, step, begin, count, forward, backward, scale, top, words_out, spans_out)


@compiled
def marginals_of_scores(given, starts, transitions, may, longest, words_out, spans_out):  # noqa: ANN001, ANN201
    """Fill in probabilities from given scores; see :func:`labelsift.label_quality.spans.crf.marginals_of_scores`."""
    labels = may.shape[1]
    first, step = np.zeros(labels), np.zeros((labels, labels))
    forward, backward = np.zeros((longest, labels)), np.zeros((longest, labels))
    scale, top = np.zeros(longest), np.zeros(longest)
    _steps(transitions, np.zeros(labels), may, first, step)
    for text in range(len(starts) - 1):
        begin = starts[text]
        count = starts[text + 1] - begin
        if count > 0:
            scores = given[begin : begin + count]
            _passes(scores, first, step, count, forward, backward, scale, top)
            _write(scores, step, begin, count, forward, backward, scale, top, words_out, spans_out)
