"""Finding out why labelsift and a Label Studio server do not work together."""

from __future__ import annotations

from labelsift.errors import LabelsiftError

from .connect import connect

TESTED = "1.23."


def examine() -> dict[str, str]:
    """Return what is wrong → how to mend it; empty when all is well."""
    try:
        client = connect()
        version = client.version()
        client.get("/api/current-user/whoami", what="the account")
    except LabelsiftError as error:
        return {error.what: error.cure}
    if not version.startswith(TESTED):
        return {
            f"Label Studio {version or 'of an unknown version'} has not been tested with labelsift": (
                f"Use {TESTED}x, or look closely at the first push"
            )
        }
    return {}
