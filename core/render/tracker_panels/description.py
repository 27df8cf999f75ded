"""Description of a tracker's run: the verdict as Markdown under the user's own words."""

from __future__ import annotations

from collections.abc import Mapping

from ..verdict import HEADING, MAX_LENGTH, escaped

END = "<!-- end of labelsift's part -->"


def described(existing: str, summary: str, links: Mapping[str, str]) -> str:
    """Put the verdict and a line of links under what the user wrote, in place of an earlier verdict.

    Parameters
    ----------
    existing
        The description as it stands; what does not stem from us is kept to the last character.
    summary
        The verdict as Markdown. Where it is too long for the room left, whole paragraphs and tables go, the last first.
    links
        Words → address; those without one are left out.

    Returns
    -------
    str
        At most 8,000 characters; ``existing`` where the user's words leave no room.
    """
    before, heading, ours = existing.partition(HEADING)
    after = ours.partition(END)[2].strip() if heading else ""
    theirs = "\n\n".join(filter(None, (before.rstrip(), after)))
    headline, *paragraphs = _blocks(summary)
    line = " · ".join(f"[{escaped(words)}]({path})" for words, path in links.items() if path)
    room = MAX_LENGTH - len(theirs) - len(END) - 4
    kept: list[str] = []
    for block in filter(None, (headline, line, *paragraphs)):
        if len("\n\n".join([*kept, block])) > room:
            break
        kept.append(block)
    if not kept:
        return existing
    return "\n\n".join(filter(None, (before.rstrip(), *kept, END, after)))


def _blocks(summary: str) -> list[str]:
    """Split Markdown into its paragraphs; a title in bold stays with the table under it."""
    blocks: list[str] = []
    for paragraph in summary.split("\n\n"):
        if blocks and paragraph.startswith("| ") and blocks[-1].startswith("**"):
            blocks[-1] += f"\n\n{paragraph}"
        else:
            blocks.append(paragraph)
    return blocks
