"""Live server: records that arrive are judged, and answers weighed (``labelsift serve argilla``).

Argilla's webhooks are hints that come early; what is true is asked from the server itself every few seconds
(:mod:`.work`). Whatever told of a record, it is read again before anything is written (:mod:`.judging`), and what
stands there already is not written again.
"""
