"""Is what is marked in a text right? A tagger that is learned out of sample, and a judge of the given spans.

``words`` cuts texts, ``features`` describes words, ``crf`` is the linear-chain model, ``beliefs`` what it (or the
user's own model) holds of every possible span, ``evidence`` what speaks for and against one span, ``planting`` makes
examples of errors from the data itself, and ``judging`` learns from them how likely each given span is wrong, and in
which way.
"""
