"""Capture of trainings: ids, logits and embeddings of each epoch, while a framework of the user's trains.

One adapter a framework, found through the entry-point group ``labelsift.capture``; what they share is here.
"""
