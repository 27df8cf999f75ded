"""Decisions written as annotations into the project that the samples are from."""
