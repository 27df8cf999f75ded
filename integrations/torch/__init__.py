"""PyTorch: capture of its trainings."""

from .capture import TorchCapture

__all__ = ["TorchCapture"]
