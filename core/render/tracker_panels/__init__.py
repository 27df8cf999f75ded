"""Panels of a tracker: what W&B and MLflow show of a run, as plain data that the adapters only write."""
