"""Live servers beside a labeling platform: a run that answers, a queue with one worker, people's answers weighed.

May import all below scanning. What a platform asks and how it is answered stays with its adapter.
"""
