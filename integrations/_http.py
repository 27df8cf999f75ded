"""Whether a server answers at all: the platforms' own clients would retry for minutes before they say so."""

from __future__ import annotations

import ssl
import urllib.error
import urllib.request
from http.client import HTTPException
from urllib.parse import urlsplit, urlunsplit

PATIENCE = 10.0


def public(url: str) -> str:
    """Return an address without the user name and password that it may hold.

    >>> public("https://me:secret@tracker.example:5000/x")
    'https://tracker.example:5000/x'
    """
    parts = urlsplit(url)
    return urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2]))


def silence(url: str, *, patience: float = PATIENCE) -> str:
    """Return why a server does not answer, empty when it does.

    Any answer counts, also a refusal; so does a certificate that cannot be checked, as clients have
    settings of their own for that.

    Parameters
    ----------
    url
        An address with http or https.
    patience
        Seconds to wait.
    """
    if urlsplit(url).scheme not in ("http", "https"):
        return f"{public(url)} is not an http address"
    try:
        urllib.request.urlopen(public(url), timeout=patience).close()  # noqa: S310 -- http and https only
    except urllib.error.HTTPError:
        return ""
    except (OSError, HTTPException, ValueError) as error:
        reason = getattr(error, "reason", error)
        return "" if isinstance(reason, ssl.SSLError) else str(reason)
    return ""
