"""Secrets in a text: keys of services, private keys, and what is called a password or a key."""

from __future__ import annotations

import pytest
from labelsift.texts.placeholders import entropy, is_placeholder
from labelsift.texts.secrets import secrets

GITHUB = "ghp_" + "aB3dE5gH7jK9mN1pQ3sT5vW7yZ9bC1eF3hJ5"


def found(text):
    return [(text[start:end], kind) for start, end, kind in secrets(text)]


@pytest.mark.parametrize(
    ("text", "value", "kind"),
    [
        (f"token = {GITHUB}", GITHUB, "github_token"),
        (f"https://{GITHUB}@github.com/a/b", GITHUB, "github_token"),
        ("postgres://app:q7RtX0aB@db/x.", "postgres://app:q7RtX0aB@db/x", "database_url"),
        ("password＝Snoopy1969!", "Snoopy1969!", "password"),
        ("mein Passwort ist Schatz123", "Schatz123", "password"),
        ("api_key: 9f8b2c7d1e6a4f3b8c2d7e1f6a9b4c3d", "9f8b2c7d1e6a4f3b8c2d7e1f6a9b4c3d", "api_key"),
    ],
)
def test_a_secret_is_found_where_it_stands(text, value, kind):
    assert found(text) == [(value, kind)]


@pytest.mark.parametrize(
    "text",
    [
        "my password is wrong",
        "password = ${DB_PASSWORD}",
        "postgres://user:password@host/db",
        "ghp_xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
        "commit 3f786850e387550fdab836ed7e6dc881de23001b",
        "request 7d444840-9dc0-11d1-b245-5ffdce74fad2",
        "-----BEGIN PRIVATE KEY----- is how it begins",
        "please pass column_encoding=True",
        "",
    ],
)
def test_a_placeholder_or_an_ordinary_word_is_none(text):
    assert found(text) == []


@pytest.mark.parametrize("end", ["\n-----END RSA PRIVATE KEY-----", "", "\n\nThat is all, thanks! Bye"])
def test_a_private_key_is_found_whole_or_cut_off(end):
    body = "MIIEpAIBAAKCAQEA7bq0cK2Xw8Yh1Nf4\nQm9Zs3Tt6Vv0Rr5Uu8Xx2Aa4Cc7Ee1Gg"
    text = f"key: -----BEGIN RSA PRIVATE KEY-----\n{body}{end}"
    ((start, stop, kind),) = secrets(text)
    assert kind == "private_key"
    assert body in text[start:stop]
    assert "thanks" not in text[start:stop]


def test_placeholders_and_entropy():
    assert all(map(is_placeholder, ["<token>", "changeme", "xxxxxxxx", "config.secret", "os.environ['A']", "aaaa"]))
    assert not is_placeholder("q7Rt-0aB")
    assert entropy("ab" * 9) == 1
