"""Errors of a Label Studio server as PlatformError: what was asked for, why it failed, how to mend it, no secret."""

from __future__ import annotations

from labelsift.errors import PlatformError
from labelsift.integrations._service import Service, json_of

URL, KEY, KEY_FILE = "LABEL_STUDIO_URL", "LABEL_STUDIO_API_KEY", "LABEL_STUDIO_API_KEY_FILE"


def _detail(body: str) -> str:
    """Return what the server says in its JSON of an error, or the body as it is.

    >>> _detail('{"detail": "Validation error", "validation_errors": {"title": ["Too long"], "x": ["Bad"]}}')
    'Validation error: title: Too long; x: Bad'
    """
    answer = json_of(body)
    try:
        detail, errors = str(answer["detail"]), answer.get("validation_errors") or {}
        messages = [(name, message) for name, several in errors.items() for message in several]
    except (KeyError, TypeError, AttributeError):
        return body
    named = [message if name == "non_field_errors" else f"{name}: {message}" for name, message in messages]
    return f"{detail}: {'; '.join(map(str, named))}" if named else detail


SERVICE = Service(
    name="Label Studio",
    url=URL,
    key=KEY,
    example="http://localhost:8080",
    where="Make a token in Label Studio under Account & Settings → Personal Access Token",
    detail=_detail,
)


def refused(status: int, message: str, what: str) -> PlatformError:
    """Return the error for a status of the server, with its message where that says more than the status."""
    if status == 401 and "legacy token authentication has been disabled" in message:
        return PlatformError(
            "The key is a legacy token, and the organization does not allow those",
            hint=f"Put a personal access token into {KEY} (Account & Settings → Personal Access Token), or let an "
            "owner allow legacy tokens under Organization → API Token Settings",
        )
    if status == 401:
        return PlatformError(
            "Label Studio does not accept the key",
            hint=f"Copy a valid token into {KEY}: Account & Settings → Personal Access Token. "
            "A legacy token works only where the organization allows it",
        )
    if status == 403 and "reserved network address" in message:  # no matter of the account: SSRF protection
        return PlatformError(f"Label Studio refused {what}: {message}")
    return SERVICE.refused(status, message, what=what)
