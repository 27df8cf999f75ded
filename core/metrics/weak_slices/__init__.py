"""Weak slices: found by a scan statistic in one half of the rows, and measured in the other.

The search (bins, scan, borders, search, merge, discovery) is pure: columns and errors in, regions out. Sources, causes,
wording and table are what a run adds.
"""
