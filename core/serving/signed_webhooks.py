"""Signatures of webhooks as Standard Webhooks has them: HMAC-SHA256 over id, time and body, in three headers."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import time
from collections.abc import Mapping

TOLERANCE = 300.0  # seconds that a delivery may be old, or ahead of this clock
_SIGNATURES = 10  # of a delivery that are looked at


def key_of(secret: str) -> bytes | None:
    """Return the bytes of a secret, which is written in base64; None where it is not.

    >>> key_of("whsec_MTIz"), key_of("?")
    (b'123', None)
    """
    try:
        return base64.b64decode(secret.removeprefix("whsec_"), validate=True) or None
    except (ValueError, binascii.Error):
        return None


def is_signed(headers: Mapping[str, str], body: bytes, key: bytes | None) -> bool:
    """Tell whether a delivery was signed with a key, and lately; the headers' names are lower-case."""
    id, sent = headers.get("webhook-id", ""), headers.get("webhook-timestamp", "")
    if key is None or not (id and sent.isascii() and sent.isdigit() and len(sent) < 16):
        return False
    if abs(time.time() - int(sent)) > TOLERANCE:
        return False
    expected = base64.b64encode(hmac.digest(key, f"{id}.{sent}.".encode() + body, hashlib.sha256))
    given = [part.partition(",") for part in headers.get("webhook-signature", "").split()[:_SIGNATURES]]
    return any(version == "v1" and hmac.compare_digest(value.encode(), expected) for version, _, value in given)
