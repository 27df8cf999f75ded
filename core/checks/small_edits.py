"""Small edits between two texts, word by word: typos, dropped, added and swapped words, and what makes another text.

The edits are those of an optimal string alignment (Damerau 1964) over words, within a band; the bags of the words tell
most pairs apart before. A word that differs by two letters at most has a typo. A word replaced by an unlike one in the
same place is no small edit, and a text with another number or a negation more is another text: what it says is
something else.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence

LONGEST = 300  # characters of texts whose words are compared; longer ones are alike as a whole or not
# A letter of Han, kana, Hangul or a script of South-East Asia is a word, as none is told by spaces there.
_WORD = re.compile(r"[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]|[\w'’]+")
_DIGITS, _NUMBER = re.compile(r"\d+"), re.compile(r"\w*\d\w*")  # a number, or a code with digits
_TYPO, _SHORTEST_TYPO = 2, 3  # letters that differ, and the length of a word that can have a typo
NEGATIONS = frozenset(
    "not no never none nothing cannot cant can't dont don't doesnt doesn't didnt didn't isnt isn't wasnt wasn't wont "
    "won't couldnt couldn't wouldnt wouldn't shouldnt shouldn't havent haven't hasnt hasn't arent aren't without "
    "nicht kein keine keinen nie niemals ohne pas jamais sans aucun aucune nunca jamás sin ningún ninguna tampoco "
    "non mai senza nessun nessuna não nunca sem nenhum nenhuma niet geen nooit zonder inte aldrig utan ikke aldri "
    "aldrig uden nie bez żaden ne nikdy bez nem soha nélkül ei koskaan не нет без никогда ні немає değil hiç yok "
    "tidak bukan không chưa לא אין بدون لا ليس لم नहीं मत 不 没 未 無 ไม่".split()
)


def words(text: str) -> list[str]:
    """Return the words of a text; each letter where words are not told by spaces.

    >>> words("my card, please: 好的")
    ['my', 'card', 'please', '好', '的']
    """
    return _WORD.findall(text)


def another_text(first: str, other: str) -> bool:
    """Tell whether each of two texts has a number that the other lacks, or one of them a negation that the other lacks.

    Numbers, and codes with digits, are compared by their form. One that a text lacks may have been dropped.

    >>> another_text("order 12 is late", "order 13 is late"), another_text("it works", "it works not")
    (True, True)
    >>> another_text("order 12 is late", "order is late")
    False
    """
    numbers = [Counter(_NUMBER.findall(text)) for text in (first, other)]
    forms = [{_DIGITS.sub("0", word) for word in side} for side in (numbers[0] - numbers[1], numbers[1] - numbers[0])]
    if forms[0] & forms[1]:  # of one form: a letter in place of a digit is a typo
        return True
    negations = [Counter(word for word in words(text) if word in NEGATIONS) for text in (first, other)]
    return negations[0] != negations[1]


def few_edits(first: str, other: str, *, most: int) -> bool:
    """Tell whether at most so many small edits lie between two texts.

    >>> few_edits("please send me a new card", "pleas send a me new card today", most=3)
    True
    >>> few_edits("please send me a new card", "please send me a new phone", most=3)
    False
    """
    ours, theirs = words(first), words(other)
    if abs(len(ours) - len(theirs)) > most:
        return False
    mine, yours = Counter(ours), Counter(theirs)
    left, added = list((mine - yours).elements()), list((yours - mine).elements())
    if len(left) + len(added) > 2 * most:
        return False
    typos = 0
    for word in tuple(left):
        near = next((close for close in added if is_typo(word, close)), None)
        if near is not None:
            left.remove(word)
            added.remove(near)
            typos += 1
    if typos + len(left) + len(added) > most:
        return False
    if left and added and _replaced(ours, theirs, left, added):
        return False
    return _word_edits(ours, theirs, most) <= most


def _word_edits(ours: Sequence[str], theirs: Sequence[str], most: int) -> int:
    """Return the edits between two texts of words, or more than ``most`` where they are more."""
    far = most + 1
    before: list[int] = []
    last = [min(column, far) for column in range(len(theirs) + 1)]
    for row, word in enumerate(ours, 1):
        now = [far] * (len(theirs) + 1)
        now[0] = min(row, far)
        for column in range(max(row - most, 1), min(row + most, len(theirs)) + 1):
            close = theirs[column - 1]
            cost = min(last[column], now[column - 1]) + 1
            if word == close:
                cost = min(cost, last[column - 1])
            elif last[column - 1] < far and is_typo(word, close):
                cost = min(cost, last[column - 1] + 1)
            if row > 1 < column and word == theirs[column - 2] and ours[row - 2] == close:
                cost = min(cost, before[column - 2] + 1)
            now[column] = min(cost, far)
        before, last = last, now
    return last[-1]


def _replaced(ours: Sequence[str], theirs: Sequence[str], left: list[str], added: list[str]) -> bool:
    """Tell whether a word stands in the place of another: between the same two words, or at the same end."""
    return bool(_around(ours, set(left)) & _around(theirs, set(added)))


def _around(text: Sequence[str], chosen: set[str]) -> set[tuple[str, str]]:
    """Return the words before and after each of the chosen ones; "" at an end."""
    bordered = ["", *text, ""]
    return {
        (before, after) for before, word, after in zip(bordered, text, bordered[2:], strict=False) if word in chosen
    }


def is_typo(word: str, other: str) -> bool:
    """Tell whether two words differ by two letters at most, and by fewer in short ones.

    >>> is_typo("refund", "refnud"), is_typo("card", "cash"), is_typo("late", "later")
    (True, False, True)
    """
    shorter, longer = sorted((len(word), len(other)))
    if shorter < _SHORTEST_TYPO - 1 or longer < _SHORTEST_TYPO or longer - shorter > _TYPO:
        return False
    most = 1 if longer <= 4 else _TYPO
    if len(set(word) ^ set(other)) > 2 * most:  # one letter for another changes two of the letters that occur
        return False
    return _distance(word, other) <= most


def _distance(word: str, other: str) -> int:
    """Return the number of letters to change, drop, add or swap with the next (optimal string alignment)."""
    before: list[int] = []
    last = list(range(len(other) + 1))
    for row, letter in enumerate(word, 1):
        now = [row]
        for column, close in enumerate(other, 1):
            cost = min(last[column] + 1, now[-1] + 1, last[column - 1] + (letter != close))
            if row > 1 < column and letter == other[column - 2] and word[row - 2] == close:
                cost = min(cost, before[column - 2] + 1)
            now.append(cost)
        before, last = last, now
    return last[-1]
