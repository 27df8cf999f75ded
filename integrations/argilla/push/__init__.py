"""Push of flagged samples into datasets."""
