"""Thin adapters that bring labelsift's findings into other platforms."""
