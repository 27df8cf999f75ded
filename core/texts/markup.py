"""Left-over markup and control characters: what a web page, a forum, a terminal or a broken file left in a text.

Only tags that HTML knows, closed or opened, count as such: ``<3``, ``<your name>`` and ``List<String>`` are no markup,
and what stands between backticks is meant.
"""

from __future__ import annotations

import re
from html.entities import html5

_TAGS = (
    "a abbr article aside b blockquote body br button center code col colgroup dd del div dl dt em embed fieldset "
    "figcaption figure font footer form h1 h2 h3 h4 h5 h6 head header hr html i iframe img input ins label legend li "
    "link main meta nav noscript object ol option p param path pre s script section select small source span strike "
    "strong style sub sup svg table tbody td textarea tfoot th thead tr tt u ul video"
).split()
# Which texts can hold any of it, in the syntax of RE2.
SUSPICIOUS = r"<[A-Za-z/!]|&#|&[A-Za-z]+[0-9]*;|#[0-9]{2,5};|\[/"
CONTROL = r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f\x{fffe}\x{ffff}]"
_TAG = re.compile(rf"</?(?:{'|'.join(_TAGS)})(?:\s[^<>]{{0,2000}})?/?>|<!--|<!DOCTYPE\b|<!\[CDATA\[", re.IGNORECASE)
_ENTITY = re.compile(r"&([A-Za-z]{2,12}[0-9]{0,2};)|&#(?:[0-9]{1,7}|[xX][0-9A-Fa-f]{1,6});|(?<![\w&])#[0-9]{2,5};")
_FORUM = re.compile(r"\[/(?:b|i|u|s|url|quote|img|code|size|color|list|center|spoiler)\]", re.IGNORECASE)
_QUOTED = re.compile(r"```.*?```|`[^`\n]*`", re.DOTALL)
_CONTROL = re.compile(CONTROL.replace(r"\x{fffe}\x{ffff}", "\ufffe\uffff"))


def markup(text: str) -> tuple[int, int, int]:
    """Return (tags and entities, their characters, where the first starts or -1).

    >>> markup("<b>Late</b> &amp; broken &#39;til now"), markup("I <3 R&D; use `<b>`")
    ((4, 17, 0), (0, 0, -1))
    """
    if "`" in text:
        text = _QUOTED.sub(lambda part: " " * len(part[0]), text)
    places = [match.span() for pattern in (_TAG, _FORUM) for match in pattern.finditer(text)]
    places += [match.span() for match in _ENTITY.finditer(text) if match[1] is None or match[1] in html5]
    return len(places), sum(end - start for start, end in places), min((start for start, _ in places), default=-1)


def control_characters(text: str) -> tuple[int, int]:
    r"""Return (number of control characters but tabs and line breaks, where the first stands or -1).

    Characters without width, and those that say in which direction is written, are no fault: Persian, Thai and
    families of emoji are written with them.

    >>> control_characters("a\x00b\x07"), control_characters("a\tb\r\n")
    ((2, 1), (0, -1))
    """
    places = [match.start() for match in _CONTROL.finditer(text)]
    return len(places), places[0] if places else -1
