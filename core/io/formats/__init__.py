"""Exports of labeling platforms, one module a platform."""
