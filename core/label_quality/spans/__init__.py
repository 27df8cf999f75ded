"""Label quality of spans: a tagger that is learned out of fold, and a classifier of the given spans' errors.

``tokens`` cuts texts, ``token_features`` describes words, ``crf`` is the linear-chain model, ``marginals`` the
probabilities that it (or the user's own model) gives every possible span, ``span_features`` what speaks for and against
one span, ``synthetic_errors`` makes examples of errors from the data itself, and ``score_spans`` learns from them how
likely each given span is wrong, and in which way.
"""
