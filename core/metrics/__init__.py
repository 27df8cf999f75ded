"""Slices: named subsets of the samples, their metrics and their slugs."""
