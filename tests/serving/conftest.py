"""The run that the tests of the live server share."""

from ..integrations.label_studio.backend.conftest import run_store as run_store
