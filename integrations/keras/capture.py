"""Capture of Keras 3."""

from __future__ import annotations

from labelsift.capture.capture import Capture


class KerasCapture(Capture):
    """A Keras model: one pass over the data in its own order at the end of each epoch."""

    framework = "keras"
    watches = ("keras:Model",)
