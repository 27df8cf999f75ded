"""People's decisions: record, apply to files, undo, audit, verify, reproduce, erase, progress.

May import review, render, metrics, io, platforms, store, data.
"""
