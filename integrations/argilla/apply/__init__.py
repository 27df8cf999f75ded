"""Decisions written beside what people answered, and taken back."""
