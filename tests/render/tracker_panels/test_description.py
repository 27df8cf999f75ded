"""The verdict under the user's words: theirs stay, ours is replaced, and no table is cut in half."""

import pytest
from labelsift.render.tracker_panels.description import END, described
from labelsift.render.verdict import HEADING

TABLE = "**Issues**\n\n| a | b |\n| --- | --- |\n| 1 | 2 |"
SUMMARY = f"{HEADING}Ten are wrong.\n\nDecided: 1 of 2.\n\n{TABLE}\n\nData set x."
LINKS = {"report": "#/a", "a [b]": "#/c"}


def test_links_stand_under_the_headline():
    blocks = described("", SUMMARY, LINKS).split("\n\n")
    assert blocks[:3] == [f"{HEADING}Ten are wrong.", "[report](#/a) · [a \\[b\\]](#/c)", "Decided: 1 of 2."]
    assert blocks[-1] == END


@pytest.mark.parametrize("links", [LINKS, {}])
def test_words_of_the_user_above_and_below_stay_to_the_character(links):
    first = described("Mine. \n\n* a list", SUMMARY, links)
    assert first.startswith(f"Mine. \n\n* a list\n\n{HEADING}")
    edited = f"{first}\n\nAdded below."
    again = described(edited, SUMMARY.replace("Ten", "Nine"), links)
    assert again.startswith(f"Mine. \n\n* a list\n\n{HEADING}Nine") and again.endswith(f"{END}\n\nAdded below.")
    assert again.count(HEADING) == again.count(END) == 1
    assert described(again, SUMMARY.replace("Ten", "Nine"), links) == again


def test_a_verdict_from_before_there_was_an_end_is_replaced():
    assert described(f"Mine.\n\n{SUMMARY}", SUMMARY, {}) == f"Mine.\n\n{SUMMARY}\n\n{END}"


@pytest.mark.parametrize("room", range(0, 220, 7))
def test_what_does_not_fit_goes_in_whole_blocks(room):
    theirs = "x" * (8_000 - room)
    made = described(theirs, SUMMARY, LINKS)
    assert len(made) <= 8_000 and made.startswith(theirs)
    assert made == theirs or made.endswith(END)
    assert ("**Issues**" in made) == ("| 1 | 2 |" in made)
