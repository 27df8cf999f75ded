"""Capture of scikit-learn."""

from __future__ import annotations

from labelsift.capture.capture import Capture


class SklearnCapture(Capture):
    """A scikit-learn estimator or pipeline: probabilities out of fold by cross-validation."""

    framework = "sklearn"
    watches = ("sklearn:BaseEstimator",)
