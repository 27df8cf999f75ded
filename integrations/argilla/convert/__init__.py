"""Conversion between labelsift's values and Argilla's records: pure functions."""
