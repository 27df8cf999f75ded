"""Generic estimators and representations, which know of no label issue.

May import store (its cache) and data.
"""
