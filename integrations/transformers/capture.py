"""Capture of Trainer of transformers."""

from __future__ import annotations

from labelsift.capture.capture import Capture


class TransformersCapture(Capture):
    """A ``transformers.Trainer``: rows travel with their batch, logits come from a forward hook."""

    framework = "transformers"
    watches = ("transformers:Trainer",)
