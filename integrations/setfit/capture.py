"""Capture of SetFit."""

from __future__ import annotations

from labelsift.capture.capture import Capture


class SetFitCapture(Capture):
    """A SetFit trainer: embeddings and logits of its fitted head."""

    framework = "setfit"
    watches = ("setfit:Trainer",)
