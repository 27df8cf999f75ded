"""ML backend server: predictions, second looks and training (``labelsift serve label-studio``).

Label Studio's ML backend protocol has five addresses; :mod:`.app` serves them. What it answers comes from one run of
the store a project (:mod:`.run_index`, :mod:`.score_texts`, :mod:`.predictions`); what people do meanwhile goes
through a durable queue (:mod:`.database`) to one worker (:mod:`.worker`).
"""
