"""XGBoost: capture of its trainings."""

from .capture import XGBoostCapture

__all__ = ["XGBoostCapture"]
