"""How likely a given label is wrong: confident learning, ensemble, noise model, spans.

May import models, data.
"""
