"""Signatures of webhooks: who does not know the secret, or replays what is old, is refused."""

from __future__ import annotations

import base64
import hashlib
import hmac
import time

import pytest
from labelsift.serving.signed_webhooks import TOLERANCE, is_signed, key_of

KEY, BODY = b"secret", b'{"type": "record.created"}'


def headers(*, key: bytes = KEY, body: bytes = BODY, id: str = "msg_1", sent: str | None = None) -> dict[str, str]:
    sent = sent or str(int(time.time()))
    signature = base64.b64encode(hmac.new(key, f"{id}.{sent}.".encode() + body, hashlib.sha256).digest()).decode()
    return {"webhook-id": id, "webhook-timestamp": sent, "webhook-signature": f"v1,{signature}"}


def test_the_example_of_the_standard_is_signed(monkeypatch):
    # https://github.com/standard-webhooks/standard-webhooks, the example of its libraries
    monkeypatch.setattr(time, "time", lambda: 1614265330.0)
    told = {
        "webhook-id": "msg_p5jXN8AQM9LWM0D4loKWxJek",
        "webhook-timestamp": "1614265330",
        "webhook-signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
    }
    assert is_signed(told, b'{"test": 2432232314}', key_of("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"))


def test_what_was_signed_passes_and_one_of_several_signatures_is_enough():
    told = headers()
    assert is_signed(told, BODY, KEY)
    assert is_signed(told | {"webhook-signature": f"v1,old v2,{'x' * 44} {told['webhook-signature']}"}, BODY, KEY)


@pytest.mark.parametrize(
    "told",
    [
        {},
        headers(key=b"another"),
        headers(body=BODY + b" "),
        headers() | {"webhook-id": "msg_2"},
        headers() | {"webhook-signature": ""},
        headers() | {"webhook-signature": headers()["webhook-signature"].replace("v1", "v2")},
        headers() | {"webhook-signature": "v1,ä"},
        headers(sent="1e9"),
        headers(sent="²"),
        headers(sent="9" * 400),
        # They are made when tests are collected, maybe long before this one runs.
        headers(sent=str(int(time.time() - TOLERANCE - 60))),
        headers(sent=str(int(time.time() + TOLERANCE + 86_400))),
    ],
)
def test_what_was_not_is_refused(told):
    assert not is_signed(told, BODY, KEY)


def test_without_a_key_nothing_is_signed():
    assert key_of("no base64!") is None and key_of("") is None
    assert not is_signed(headers(key=b""), BODY, None)
