"""SetFit: capture of its trainings."""

from .capture import SetFitCapture

__all__ = ["SetFitCapture"]
