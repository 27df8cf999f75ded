"""How it is said: overview, page, comparison page, verdict in markdown, panels of trackers.

May import metrics, store, data.
"""
