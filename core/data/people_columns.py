"""Columns that name people: by their names, those of annotators, authors and customers.

A slice of such a column is a figure about one person, which no tracker gets unless a slice was declared for it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

_WHO = "annotator|labeler|labeller|rater|coder|grader|reviewer|worker|author|user|speaker|customer|employee|patient"
_NAMED = re.compile(rf"({_WHO}|person|assignee|owner)s?(_?(id|name|email|mail|login|key|no|number))?")
_DONE_BY = re.compile(r"(annotated|labeled|labelled|completed|reviewed|created|updated|written|answered|checked)_by")
_NAMES = re.compile(r"(first|last|full|sur|user|display|family|given)_?names?|emails?|e_?mail|login")


def people_columns(columns: Iterable[str]) -> set[str]:
    """Return the columns whose values name people, by what they are called.

    >>> sorted(people_columns(["annotator", "completed_by", "Worker-ID", "userName", "user_gender", "state"]))
    ['Worker-ID', 'annotator', 'completed_by', 'userName']
    """
    return {name for name in columns if any(form.fullmatch(_plain(name)) for form in (_NAMED, _DONE_BY, _NAMES))}


def _plain(name: str) -> str:
    words = re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name.rpartition(".")[2])
    return re.sub(r"[\W_]+", "_", words).strip("_").lower()
