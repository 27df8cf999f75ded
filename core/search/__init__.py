"""Similar samples, SQL filters, pools of unlabeled samples, batches.

May import models, signals, store, data.
"""
