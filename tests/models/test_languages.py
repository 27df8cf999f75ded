"""Languages of texts: informal English is English, and foreign texts are found."""

from __future__ import annotations

import subprocess
import sys

import pytest
from labelsift.models.languages import SURE_FROM, UNSURE_BELOW, Languages, detect, encode_languages

GERMAN = "Meine Bestellung ist noch nicht angekommen und ich warte seit zwei Wochen darauf"


def foreign(text: str) -> bool:
    """Tell whether the detector is sure that a text is not English."""
    (found,) = detect([text])
    return bool(found) and max(found.values()) >= SURE_FROM and found.get("en", 0) < UNSURE_BELOW


@pytest.mark.parametrize(
    "text",
    [
        "roll an eight sided die",
        "Can I get an actual card",
        "HONESTLY, I WANNA SEE YOU BE BRAVE! oh wait...",
        "RT @maria_lopez: lol u r sooo funny https://t.co/abc #amigos",
        "wats ur num babe txt me",
        "@jean_dupont @müller @señorita",
    ],
)
def test_plain_and_informal_english_is_not_foreign(text):
    assert not foreign(text)


@pytest.mark.parametrize(
    "text",
    [
        GERMAN,
        "Mi pedido no ha llegado todavía",
        "Où est ma commande ? @service https://t.co/abc",
        "Il pagamento è stato rifiutato",
        "Zamówienie nie dotarło jeszcze",
    ],
)
def test_foreign_texts_are_found(text):
    assert foreign(text)


def test_of_short_texts_less_is_believed_and_of_shorter_ones_nothing():
    long, short, shorter = (max(found.values(), default=0) for found in detect([GERMAN, GERMAN[:18], GERMAN[:12]]))
    assert long > 0.9 > 0.6 >= short > shorter == 0


def test_languages_come_back_as_they_were_written():
    languages = Languages.of(encode_languages([{"en": 0.75, "de": 0.25}, {}, {"de": 1.0}]))
    assert languages.known().tolist() == [True, False, True]
    assert languages.share({"de"}).tolist() == [0.25, 0, 1]


def test_the_detector_touches_no_network():
    code = f"""
import socket
def refused(*_, **__):
    raise AssertionError("the network was touched")
socket.socket.connect = socket.getaddrinfo = socket.create_connection = refused
from labelsift.models.languages import detect
print(max(next(detect([{GERMAN!r}])).items(), key=lambda item: item[1])[0])
"""
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert done.stdout == "de\n"
