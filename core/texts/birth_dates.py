"""Dates of birth: a date right after a word that says so ("born on", "geboren am", "生年月日").

A date without such a word is none, and what was born need be no person: "the company was born in 1998" has no day.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from .matches import Match

_WORDS = (
    r"born(?: on)?(?: the)?|d\.?o\.?b\.?|date of birth|birth ?date|birth ?day|birthday is|geboren(?: am| op)?"
    r"|geburtsdatum|geburtstag(?: ist)?(?: der| am)?|geb\.?(?:-datum)?(?: am)?|née?\(?e?\)? le|date de naissance"
    r"|nac[ií](?:d[ao])?(?: el)?|fecha de nacimiento|nat[oa] il|data di nascita|nasci(?:d[ao])?(?: em| a)?"
    r"|data de nascimento|geboortedatum|data urodzenia|urodzon[ya]|född|född den|født|fødselsdato|födelsedatum|syntynyt"
    r"|дата рождения|родил(?:ся|ась)|doğum tarihi(?:m)?|datum narození|生年月日|誕生日|出生日期|생년월일|출생일"
)
_MONTHS = (
    r"jan|feb|mar|mär|apr|may|jun|jul|aug|sep|oct|nov|dec|mai|okt|dez|janv|févr|fevr|mars|avr|juin|juil|août|aout|déc"
    r"|ene|abr|ago|dic|gen|mag|giu|lug|set|ott|fev|out|dez|maa|mei|янв|фев|мар|апр|мая|июн|июл|авг|сен|окт|ноя|дек"
)
_MONTH = rf"(?:{_MONTHS})\w{{0,7}}\.?"
_DATE = (
    r"(?:19|20)\d\d ?[./-] ?[01]?\d ?[./-] ?[0-3]?\d"
    r"|[0-3]?\d[./-] ?[0-3]?\d[./-] ?(?:(?:19|20)\d\d|\d\d)"
    r"|(?:19|20)\d\d[01]\d[0-3]\d"
    rf"|[0-3]?\d(?:st|nd|rd|th|er|º|°|\.)?(?: of| de| di)? {_MONTH}(?: of| de| del)?,? (?:19|20)\d\d"
    rf"|{_MONTH} [0-3]?\d(?:st|nd|rd|th)?,? (?:19|20)\d\d"
    r"|(?:19|20)\d\d ?[年년] ?[01]?\d ?[月월] ?[0-3]?\d ?[日일]"
)
BIRTH_WORD = re.compile(rf"(?<![^\W_])(?:{_WORDS})", re.IGNORECASE)
_BETWEEN = re.compile(
    r"[\s:=.\-(\"'>|]{0,4}(?:(?:is|was|ist|est|es|è|é|:|は|は、|은|는|am|on|in|der|the|le|el|il) {0,2}){0,2}"
)
_BIRTH_DATE = re.compile(rf"(?:{_DATE})(?!\d)", re.IGNORECASE)


def birth_dates(text: str) -> Iterator[Match]:
    """Yield the dates of birth."""
    for word in BIRTH_WORD.finditer(text):
        between = _BETWEEN.match(text, word.end())
        date = _BIRTH_DATE.match(text, between.end() if between else word.end())
        if date:
            yield Match(date.start(), date.end(), "birth_date")
    yield from _date_first(text)


def _date_first(text: str) -> Iterator[Match]:
    """Yield dates that German puts before the word: "am 14.02.1987 geboren"."""
    for word in re.finditer(r" geboren\b", text):
        start = max(word.start() - 24, 0)
        dates = [date for date in _BIRTH_DATE.finditer(text, start) if date.end() == word.start()]
        for date in dates[:1]:
            yield Match(date.start(), date.end(), "birth_date")
