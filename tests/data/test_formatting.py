"""Texts for people: what is secret in an address is not among them."""

from __future__ import annotations

import pytest
from labelsift.data.formatting import without_secrets

SECRET = "PwInUrl4711xyz"


@pytest.mark.parametrize(
    "address",
    [
        f"postgres://u:{SECRET}@h/db",
        f"postgresql+psycopg2://u:{SECRET}@h:5432/db",
        f"mysql://u:a/{SECRET}@h/db",
        f"mysql://u:a?{SECRET}@h/db",
        f"mysql://u:a@{SECRET}@h/db",
        f"https://u:{SECRET}@h/x",
        f"https://h/x?token={SECRET}",
        f"sqlite:////x.db?password={SECRET}",
        f"databricks://{SECRET}@profile",
    ],
)
def test_no_address_shows_a_secret(address):
    shown = without_secrets(f"unsupported URI '{address}' here")
    assert SECRET not in shown
    assert shown.startswith("unsupported URI '") and shown.endswith("' here")


def test_what_is_no_secret_stays():
    text = "See https://h:8080/users/me@x.example/#/a and s3://bucket/prefix: 3 of 4."
    assert without_secrets(text) == text
