"""Lightning: capture of its trainings."""

from .capture import LightningCapture

__all__ = ["LightningCapture"]
