"""Keras 3: capture of its trainings."""

from .capture import KerasCapture

__all__ = ["KerasCapture"]
