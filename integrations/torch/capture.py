"""Capture of PyTorch."""

from __future__ import annotations

from labelsift.capture.capture import Capture


class TorchCapture(Capture):
    """A torch module in a loop of the user's: ids by the batch, logits and embeddings by forward hooks."""

    framework = "torch"
    watches = ("torch:Module",)
