"""How likely a given label is wrong: kernels, ensemble, noise model, spans.

May import models, data.
"""
