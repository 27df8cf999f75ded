"""What is refused before a live server starts, and at which address Argilla reaches it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from labelsift.errors import InputError
from labelsift.integrations.argilla.serve.serve import ADDRESS, _address, serve
from labelsift.serving.auth import PASSWORD, PASSWORD_FILE

from .conftest import PROJECT, Shelf

NEAR, FAR = "http://localhost:6900", "https://argilla.example.com"


@pytest.fixture(autouse=True)
def _bare(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in (ADDRESS, PASSWORD, PASSWORD_FILE):
        monkeypatch.delenv(name, raising=False)


@pytest.mark.parametrize(
    ("argilla", "host", "address"),
    [
        (NEAR, "127.0.0.1", "http://127.0.0.1:9090/webhook"),
        (NEAR, "0.0.0.0", "http://127.0.0.1:9090/webhook"),
        (FAR, "127.0.0.1", None),  # nothing on another machine reaches loopback
        (FAR, "0.0.0.0", None),  # under which name it does cannot be told
        (FAR, "10.0.0.7", "http://10.0.0.7:9090/webhook"),
        (FAR, "fd00::7", "http://[fd00::7]:9090/webhook"),
    ],
)
def test_argilla_is_told_an_address_that_it_reaches(
    shelf: Shelf, monkeypatch: pytest.MonkeyPatch, argilla: str, host: str, address: str | None
) -> None:
    shelf.url = argilla
    assert _address(shelf, host, 9090) == address
    monkeypatch.setenv(ADDRESS, "https://hooks.example.com/labelsift/")
    assert _address(shelf, host, 9090) == "https://hooks.example.com/labelsift/webhook"


@pytest.mark.parametrize(
    ("more", "why"),
    [
        ({"train": True}, "no button that starts a training"),
        ({"host": "0.0.0.0"}, "Without a password"),
        ({"projects": {"": "latest"}}, "Say which datasets"),
    ],
)
def test_what_does_not_fit_is_refused_before_anything_is_written(
    shelf: Shelf, store: Path, more: dict[str, object], why: str
) -> None:
    usual: dict[str, Any] = {"projects": {PROJECT: "latest"}, "store": store, "host": "127.0.0.1", "port": 1}
    with pytest.raises(InputError, match=why):
        serve(shelf, **{**usual, "second_look": False, "train": False, **more})
    assert "metadata-properties" not in shelf.settings[shelf.dataset_id] and shelf.hooks == []
