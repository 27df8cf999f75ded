"""Readers of exports, one a labeling platform."""
