"""Diagnosis of the connection to MLflow: does the server answer, and does it let labelsift in."""

from __future__ import annotations

from labelsift.data.formatting import error_text
from labelsift.errors import LabelsiftError

from .client import connected, tracking_uri


def diagnosis() -> dict[str, str]:
    """Say what is wrong with the connection and how to mend it; empty when all is well."""
    try:
        with connected(tracking_uri()) as client:
            client.search_experiments(max_results=1)
    except LabelsiftError as error:
        return {"connection": str(error)}
    except Exception as error:  # whatever the client raises is what is wrong
        return {"connection": f"MLflow answers, but refuses: {error_text(error)}"}
    return {}
