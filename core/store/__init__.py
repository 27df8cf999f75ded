"""What is kept on disk or in a bucket: runs, the decision log, the cache, erasable text.

May import data.
"""
