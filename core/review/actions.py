"""Actions on a flagged sample as its issues offer them: mask, repair, remove or keep it, and the words for these."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

from ..data.adjudication import OF_LABEL, OF_TEXT
from ..data.formatting import listed
from ..data.hidden_texts import HIDING, places_in
from ..data.issues import issue_named
from ..data.review_queue import Action, Copies, ReviewItem
from ..data.schemas import from_json
from .suggestions import DISPUTING

_TITLES: dict[Action, str] = {
    "redact": "Mask the personal data",
    "edit": "Repair the text",
    "remove": "Remove this sample",
    "keep": "Keep it as it is",
}


def actions_of(
    issues: Iterable[str], *, copies: Sequence[Copies] = (), repairable: bool = False, labelless: bool = False
) -> tuple[Action, ...]:
    """Return what can be done with a sample, the fitting action first.

    To keep it is offered where no label is in dispute, as there the given label says so, and nothing else does. In
    data without labels every sample can be removed or kept.

    >>> actions_of(["pii"]), actions_of(["label", "pii"]), actions_of(["label"])
    (('redact', 'remove', 'keep'), ('redact', 'remove'), ())
    """
    issues = list(issues)
    known: dict[str, Action] = {str(name): name for name in _TITLES}
    names = [name for issue in issues for name in issue_named(issue).actions]
    offered: dict[Action, None] = {known[name]: None for name in names if name in known}
    if repairable and "edit" in offered:
        offered = dict.fromkeys(("edit", *offered))
    if labelless and not copies:
        offered["remove"] = None
    disputed = any(issue in DISPUTING for issue in issues)
    if offered and not disputed and "keep_copies" not in copies:
        offered["keep"] = None
    return tuple(offered)


def concerned(action: str, issues: Iterable[str]) -> frozenset[str]:
    """Return which issues of a sample a decision is about: on its text, on its label, or on both.

    >>> sorted(concerned("redact", ["label", "pii"])), sorted(concerned("relabel", ["label", "pii"]))
    (['pii'], ['label'])
    >>> sorted(concerned("keep", ["label", "pii"]))
    ['label', 'pii']
    """
    issues = frozenset(issues)
    of_text = {issue for issue in issues if {"redact", "edit"} & set(issue_named(issue).actions)}
    if action in OF_TEXT:
        return frozenset(of_text)
    return issues - of_text if action in OF_LABEL else issues


def masks_of(findings: Sequence[Mapping[str, Any]]) -> tuple[tuple[int, int, str], ...]:
    """Return the places in a sample's text that hold personal data or secrets, as its findings name them."""
    places = [places_in(finding["evidence"]) for finding in findings if finding["issue"] in HIDING]
    return tuple(sorted({place for some in places for place in some}))


def repaired_of(findings: Sequence[Mapping[str, Any]], text: str) -> str | None:
    """Return a sample's text with its damaged encoding repaired; None where no finding says that it can be."""
    marked = [from_json(finding["evidence"]) for finding in findings if finding["issue"] == "garbage"]
    repairable = any(isinstance(evidence, dict) and evidence.get("repairable") for evidence in marked)
    if not repairable:
        return None
    from ..texts.encoding_damage import repaired

    return repaired(text)


def words_of(action: Action, item: ReviewItem) -> str:
    """Return the words on a button.

    >>> item = ReviewItem("a", 1, ("pii", "secret"), {}, "…", None, None, None, "")
    >>> words_of("redact", item), words_of("keep", item)
    ('Mask the personal data and secrets', 'Keep it as it is')
    """
    if action == "redact":
        return f"Mask the {_hidden(item.issues)}"
    return "Use the repaired text" if action == "edit" and item.repaired is not None else _TITLES[action]


def question_of(item: ReviewItem) -> str:
    """Ask what is to be done with a sample; "" where nothing is offered.

    >>> question_of(ReviewItem("a", 1, ("pii",), {}, "…", None, None, None, "", actions=("redact", "remove", "keep")))
    'Mask the personal data, remove the sample, or keep it as it is?'
    """
    words = {action: words_of(action, item) for action in item.actions} | {"remove": "remove the sample"}
    asked = [f"{words[action][0].lower()}{words[action][1:]}" for action in item.actions]
    if not asked:
        return ""
    first = ", ".join(asked[:-1])
    asking = f"{first}{',' * (len(asked) > 2)} or {asked[-1]}?" if first else f"{asked[-1]}?"
    return asking[0].upper() + asking[1:]


def _hidden(issues: Collection[str]) -> str:
    kinds = {"pii": "personal data", "secret": "secrets"}
    return listed([words for issue, words in kinds.items() if issue in issues]) or "personal data"
