"""scikit-learn: capture of its trainings."""

from .capture import SklearnCapture

__all__ = ["SklearnCapture"]
