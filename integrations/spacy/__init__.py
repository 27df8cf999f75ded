"""spaCy: capture of its trainings."""

from .capture import SpacyCapture

__all__ = ["SpacyCapture"]
