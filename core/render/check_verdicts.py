"""Verdicts of the checks about the data set as a whole, in the order in which issues are shown."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..data.issues import issue_named

if TYPE_CHECKING:
    from ..store.run import Run


# Their verdicts and tables hold words of the texts themselves, which nothing that is shared must.
OF_WORDS = frozenset({"cluster", "garbage"})


def verdicts_of(run: Run, *, words: bool = True) -> list[tuple[str, str]]:
    """Return (title of the issue, what its check says of the data set), without those that say nothing.

    Runs that were kept before checks said a verdict have none. Without ``words`` none holds words of the texts.
    """
    facts = run.facts.get("checks", {})
    if not words:
        facts = {issue: stated for issue, stated in facts.items() if issue not in OF_WORDS}
    order = sorted(facts, key=lambda issue: (issue_named(issue).rank, issue))
    return [(issue_named(issue).title, facts[issue]["verdict"]) for issue in order if facts[issue].get("verdict")]
