"""Decisions written back into the project that the samples are from."""
