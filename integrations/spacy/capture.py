"""Capture of spaCy."""

from __future__ import annotations

from labelsift.capture.capture import Capture


class SpacyCapture(Capture):
    """A spaCy pipeline: one pass over the texts at the end of each epoch."""

    framework = "spacy"
    watches = ("spacy:Language",)
