"""Trainer of transformers: capture of its trainings."""

from .capture import TransformersCapture

__all__ = ["TransformersCapture"]
