"""Answers on the server to decisions."""
