"""Figures of one run or several: metrics per class and slice, comparison, label value, influence ranking.

May import data, store and models.
"""
