"""Personal data in a text: each kind by its form, checksum or words, and what only looks like it."""

from __future__ import annotations

import pytest
from labelsift.texts import national_ids
from labelsift.texts.account_numbers import is_card, is_iban
from labelsift.texts.keccak import keccak_256
from labelsift.texts.matches import Match, settled
from labelsift.texts.personal_data import personal_data


def found(text, **given):
    return [(text[start:end], kind) for start, end, kind in personal_data(text, **given)]


@pytest.mark.parametrize(
    ("text", "value", "kind"),
    [
        ("Mail ｊｏ＠ｍａｉｌ.example now", "ｊｏ＠ｍａｉｌ.example", "email"),
        ("宛先はjo@mail.exampleです", "jo@mail.example", "email"),
        ("'jo@mail.example'", "jo@mail.example", "email"),
        ("電話：０９０−１２３４−５６７８", "０９０−１２３４−５６７８", "phone"),
        ("ring me on 020 7946 0958", "020 7946 0958", "phone"),
        ("IBAN de89 3704 0044 0532 0130 00.", "de89 3704 0044 0532 0130 00", "iban"),
        ("Karte 4111-1111-1111-1111", "4111-1111-1111-1111", "card"),
        ("0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed", "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed", "wallet"),
        ("to bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4", "bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4", "wallet"),
        ("1BoatSLRHtKNngkdXEeobR76b53LETtpyT", "1BoatSLRHtKNngkdXEeobR76b53LETtpyT", "wallet"),
        ("host 8.8.8.8", "8.8.8.8", "ip_address"),
        ("born on 3 May 1970", "3 May 1970", "birth_date"),
        ("I live at 12 Rose Lane", "12 Rose Lane", "address"),
        ("my name is Ann Lee.", "Ann Lee", "name"),
    ],
)
def test_a_value_is_found_where_it_stands(text, value, kind):
    assert found(text) == [(value, kind)]


@pytest.mark.parametrize(
    "text",
    [
        "4111 1111 1111 1112",  # Luhn
        "4111 1111 1111 1111 9",  # no card's groups
        "order 5500005555555559",  # a card's digits, and a word that says otherwise
        "DE88 3704 0044 0532 0130 00",  # mod 97
        "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAeD",  # EIP-55
        "bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t5",  # Bech32
        "1BoatSLRHtKNngkdXEeobR76b53LETtpyU",  # Base58Check
        "10.0.0.1 192.168.0.7 127.0.0.1 fe80::1 ::1",
        "version 1.2.3.4",
        "https://jo@host.example/path",
        "git@github.com:acme/tools.git",
        "3 May 1970",
        "May and Rose went to Jordan",
        "",
    ],
)
def test_what_only_looks_like_it_is_not(text):
    assert found(text) == []


def test_a_region_makes_national_numbers_readable():
    text = "Rückfragen unter 089/54321098"
    assert found(text) == []
    assert found(text, region="DE") == [("089/54321098", "phone")]


def test_names_can_be_left_alone():
    assert found("my name is Ann Lee, a@b.example", names=False) == [("a@b.example", "email")]


def test_countries_of_national_ids_can_be_chosen():
    text = "ssn 219-09-1234"
    assert found(text) == [("219-09-1234", "national_id")]
    assert found(text, countries=("DE",)) == []


def test_without_check_digits_a_word_nearby_must_name_a_national_id(monkeypatch):
    monkeypatch.setattr(national_ids, "_validator", lambda module: None)
    assert not national_ids.has_check_digits()
    assert found("CPF 123.456.789-00") == [("123.456.789-00", "national_id")]
    assert found("123.456.789-09") == []
    assert found("RSSMRA80A01H501U") == [("RSSMRA80A01H501U", "national_id")]  # nothing else looks like it


def test_check_digits_are_used_where_they_can_be():
    pytest.importorskip("stdnum")
    assert national_ids.has_check_digits()
    assert found("CPF 123.456.789-00") == []
    assert found("123.456.789-09") == [("123.456.789-09", "national_id")]


def test_the_checks_of_numbers():
    assert is_card("378282246310005") and not is_card("0000000000000000") and not is_card("7111111111111117")
    assert is_iban("GB82WEST12345698765432") and not is_iban("GB82WEST1234569876543") and not is_iban("XX82")
    assert keccak_256(b"abc").hex() == "4e03657aea45a94fc7d47ba826c8d667c0d1e6e33a64a036ec44f58fa12d6c45"
    assert keccak_256(b"a" * 136).hex() == "a6c4d403279fe3e0af03729caada8374b5ca54d8065329a3ebcaeb4b60aa386e"


def test_of_overlapping_matches_the_earlier_kind_stays():
    matches = [Match(0, 4, "b"), Match(3, 9, "a"), Match(8, 12, "b"), Match(12, 13, "b")]
    assert settled(matches, order=("a", "b")) == (Match(3, 9, "a"), Match(12, 13, "b"))
