"""Presentation of figures: overview, report page, comparison page, Markdown verdict, panels of trackers.

May import data, store and metrics.
"""
