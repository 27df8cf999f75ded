"""Capture of Lightning."""

from __future__ import annotations

from labelsift.capture.capture import Capture


class LightningCapture(Capture):
    """A Lightning trainer: a callback for the batches, a forward hook for the logits."""

    framework = "lightning"
    watches = ("lightning:Trainer", "pytorch_lightning:Trainer")
