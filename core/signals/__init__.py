"""The user's own model outputs, validated and aligned; logits of epochs.

May import label_quality, models, data.
"""
