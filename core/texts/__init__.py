"""What can be read off one text alone: personal data, secrets, damage, garbage. May import errors only.

Pure functions from a text to what it holds and where; they know nothing of data sets, so that checks, redaction and
pages share them.
"""
