"""Capture of XGBoost."""

from __future__ import annotations

from labelsift.capture.capture import Capture


class XGBoostCapture(Capture):
    """XGBoost: the margins of every row after a round of boosting."""

    framework = "xgboost"
    watches = ("xgboost:XGBModel", "xgboost:Booster", "xgboost:DMatrix")
