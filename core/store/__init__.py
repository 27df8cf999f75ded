"""Run store, in a folder or a bucket: runs, the decision log, the cache, erasable text.

May import data.
"""
