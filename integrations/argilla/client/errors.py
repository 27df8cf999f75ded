"""Errors of an Argilla server as PlatformError: samples in place of positions, how to mend it, no secret."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from labelsift.errors import PlatformError
from labelsift.integrations._service import Service, json_of

# What its databases say where two make the same record, or write, at the same moment.
_AT_ODDS = ("unique constraint", "database is locked")
# What it says of a record or a dataset that somebody else deleted while it was answering.
_GONE = "no row was found when one was required"
_POSITION = re.compile(r"(?:[Rr]ecord at position |(?:^|; )body\.items\.)(\d+)(?: is not valid because |\.)")


def _detail(body: str) -> str:
    """Return what the server says in its JSON of an error, or the body as it is.

    >>> _detail('{"detail": {"code": "argilla.api.errors::X", "params": {"detail": "Bad", "extra": {}}}}')
    'Bad'
    >>> _detail('{"detail": {"code": "x", "params": {"errors": [{"loc": ["body", "items", 0], "msg": "Too long"}]}}}')
    'body.items.0: Too long'
    >>> _detail('{"detail": "Record at position 3 is not valid because it is empty"}')
    'Record at position 3 is not valid because it is empty'
    """
    answer = json_of(body)
    if not isinstance(answer, dict) or not (detail := answer.get("detail") or answer.get("message")):
        return body
    params = detail.get("params") if isinstance(detail, dict) else None
    if not isinstance(params, dict):
        return _errors(detail) or str(detail)
    return str(params.get("detail") or params.get("message") or _errors(params.get("errors")) or detail.get("code"))


def _errors(errors: Any) -> str:  # noqa: ANN401 -- whatever a server may answer
    if not isinstance(errors, list):
        return ""
    parts = [(".".join(map(str, error.get("loc") or ())), error.get("msg")) for error in errors if type(error) is dict]
    return "; ".join(f"{place}: {message}" for place, message in parts)


SERVICE = Service(
    name="Argilla",
    url="ARGILLA_API_URL",
    key="ARGILLA_API_KEY",
    example="http://localhost:6900",
    where="Argilla shows the key under My settings → API key",
    detail=_detail,
)
KEY_FILE = f"{SERVICE.key}_FILE"


class RefusedError(PlatformError):
    """The server refused what it was sent; ``status`` says how, and ``said`` what it said."""

    status = 0
    said = ""


def refused(status: int, message: str, what: str) -> PlatformError | None:
    """Return the error for what a server refuses for its content; None for any other."""
    if status == 500 and any(words in message.casefold() for words in _AT_ODDS):
        status = 409
    elif status == 500 and _GONE in message.casefold():
        status = 404
    if status not in (400, 404, 409, 422):
        return None
    general = SERVICE.refused(status, message, what=what)
    error = RefusedError(general.what, hint=general.hint)
    error.status, error.said = status, message
    return error


def with_samples(error: PlatformError, ids: Sequence[str]) -> PlatformError:
    """Name the sample of a batch in place of its position, which is all that the server says.

    Parameters
    ----------
    ids
        The samples of the batch, in its order.
    """
    said = error.said if isinstance(error, RefusedError) else ""
    matches = [match for match in _POSITION.finditer(said) if int(match[1]) < len(ids)]
    if not matches:
        return error
    why = said[matches[0].end() : matches[1].start() if len(matches) > 1 else None]
    refused = list(dict.fromkeys(ids[int(match[1])] for match in matches))
    named = RefusedError(
        f"Argilla refused {'a sample' if len(refused) == 1 else 'samples'}: {why}",
        ids=refused,
        hint="Nothing of its batch is stored. Correct the sample, or leave it out, and run the same command again",
    )
    named.status, named.said = 422, why
    return named
