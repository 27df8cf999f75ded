"""What is asked of people: items, suggestions, reasons, rounds, verified labels, verdicts, the push.

May import platforms, store, data.
"""
