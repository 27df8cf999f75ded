"""The server that Label Studio asks by itself: predictions, second looks, training (``labelsift serve label-studio``).

Label Studio's ML backend protocol has five addresses; :mod:`.app` serves them. What it answers comes from one run of
the store a project (:mod:`.known`, :mod:`.scoring`, :mod:`.answering`); what people do meanwhile goes through a durable
queue (:mod:`.jobs`) to one worker (:mod:`.worker`).
"""
