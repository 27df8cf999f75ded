"""Demo data with known errors, the tour that shows the whole loop on it, local servers for demo and tests.

May import cli and below.
"""
