"""Label quality of spans: a tagger that is learned out of fold, calibrated choices, and a judge of planted errors.

``tokens`` cuts texts, ``token_features`` describes words, ``crf`` is the linear-chain model, ``marginals`` the
probabilities that it (or the user's own model) gives every possible span, ``span_features`` what speaks for and against
one span, ``span_choices`` how likely its type and bounds are, ``synthetic_errors`` makes examples of errors from the
data itself, ``score_spans`` learns from them what errors look like, and ``wrong_spans`` counts all votes: how likely
each given span is wrong and in which way, how many are, and whether anything can be claimed at all.
"""
