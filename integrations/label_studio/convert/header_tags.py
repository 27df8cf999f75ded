"""Header tags in a project's own labeling config: inserted, found again, removed.

The config is edited as a text, never written anew from its tree: what people wrote stays byte for byte. A task
without labelsift's fields shows an empty heading (tried in Chromium on 1.23.2), which the lines' own style hides.
"""

from __future__ import annotations

import difflib
from dataclasses import dataclass, field
from typing import Any
from xml.parsers import expat

from labelsift.errors import InputError

from .label_config import require_plain

CLASS = "labelsift-ask"
FIELDS = ("$labelsift_header", "$labelsift_reason")
_HEADINGS = ":is(h1, h2, h3, h4, h5, h6)"
# Only tag names and our own classes: Label Studio's class names change between versions.
_STYLE = f"""
    .{CLASS} {{ max-width: 60rem; margin: 0 0 .8rem; padding: .75rem 1.1rem; border-left: 4px solid #d97706;
      border-radius: 6px; background: rgba(217, 119, 6, .1); overflow-wrap: anywhere; }}
    .{CLASS} {_HEADINGS} {{ margin: 0 !important; }}
    .{CLASS} .labelsift-why {_HEADINGS} {{ font-size: 1rem !important; font-weight: 400 !important;
      line-height: 1.5 !important; padding-top: .3rem; opacity: .85; }}
    .{CLASS} {_HEADINGS}:empty, .{CLASS}:not(:has({_HEADINGS}:not(:empty))) {{ display: none; }}
  """
LINES = f"""<View className="{CLASS}">
    <Style>{_STYLE}</Style>
    <Header value="{FIELDS[0]}" size="4"/>
    <View className="labelsift-why"><Header value="{FIELDS[1]}" size="6"/></View>
  </View>"""
_BEFORE = b"\n  "


def with_lines(config: str, *, project: str = "the project") -> str:
    """Return the config with the header lines as the first thing of the page; one that has them stays as it is.

    >>> config = '<View><Text name="text" value="$text"/></View>'
    >>> without_lines(with_lines(config)) == config, with_lines(with_lines(config)) == with_lines(config)
    (True, True)

    Raises
    ------
    InputError
        If the config cannot be read, or its outermost tag is no View that holds something.
    """
    read = _read(config, project=project)
    if read.found:
        return config
    raw = config.encode()
    end = _tag_end(raw, read.root)
    if read.tag != "View" or raw[end - 2 : end] == b"/>":
        raise InputError(
            f"The labeling config of {project} has no View around all of it, so there is no place for header lines",
            hint="Put <View> … </View> around it under Settings → Labeling Interface → Code",
        )
    return (raw[:end] + _BEFORE + LINES.encode() + raw[end:]).decode()


def has_lines(config: str) -> bool:
    """Tell whether a config has header lines of labelsift's, also changed ones."""
    try:
        return bool(_read(config, project="").found)
    except InputError:
        return CLASS in config


def without_lines(config: str) -> str | None:
    """Take the header lines out of a config that people may have edited since, and leave all else as it is.

    None where something that is not labelsift's stands within them, or the config cannot be read.

    >>> edited = with_lines('<View><Text name="a" value="$a"/></View>').replace('name="a"', 'name="b"')
    >>> without_lines(edited)
    '<View><Text name="b" value="$a"/></View>'
    >>> without_lines(edited.replace("</Style>", "</Style><Text/>")) is None
    True
    """
    try:
        places = _read(config, project="").found
    except InputError:
        return None
    if any(lines.foreign for lines in places):
        return None
    raw = config.encode()
    for lines in reversed(places):
        before = raw[: lines.start]
        if before.endswith(_BEFORE):
            before = before[: -len(_BEFORE)]
        elif before.rstrip(b" \t").endswith(b"\n"):  # the visual editor of Label Studio sets its own indents
            before = before.rstrip(b" \t")[:-1]
        raw = before + raw[lines.end :]
    return raw.decode()


def difference(before: str, after: str) -> str:
    """Return what changes as a unified diff."""
    lines = difflib.unified_diff(
        before.splitlines(), after.splitlines(), "labeling config", "labeling config with labelsift", lineterm=""
    )
    return "\n".join(lines)


@dataclass
class _Lines:
    """Where header lines stand in a config, in bytes, and whether something else has got into them."""

    start: int
    end: int = 0
    foreign: bool = False


@dataclass
class _Config:
    root: int = -1
    tag: str = ""
    found: list[_Lines] = field(default_factory=list)


def _read(config: str, *, project: str) -> _Config:
    """Find the outermost tag and labelsift's lines; the positions of expat are those of the bytes."""
    require_plain(config, project=project)
    raw, read = config.encode(), _Config()
    parser = expat.ParserCreate("utf-8")
    depth, inside = 0, 0  # inside: the depth of the lines that are open

    def opened(tag: str, attributes: dict[str, str]) -> None:
        nonlocal depth, inside
        depth += 1
        if depth == 1:
            read.root, read.tag = parser.CurrentByteIndex, tag
        if inside:
            read.found[-1].foreign |= not _is_own(tag, attributes)
        elif tag == "View" and attributes.get("className") == CLASS and depth > 1:
            inside = depth
            read.found.append(_Lines(parser.CurrentByteIndex))

    def closed(tag: str) -> None:
        nonlocal depth, inside
        if inside == depth:
            inside = 0
            read.found[-1].end = _tag_end(raw, parser.CurrentByteIndex)
        depth -= 1

    parser.StartElementHandler, parser.EndElementHandler = opened, closed
    try:
        parser.Parse(raw, True)
    except expat.ExpatError as error:
        raise InputError(
            f"The labeling config of {project} cannot be read ({error})",
            hint="Mend it in Label Studio: Settings → Labeling Interface → Code",
        ) from None
    return read


def _is_own(tag: str, attributes: dict[str, Any]) -> bool:
    if tag == "Header":
        return attributes.get("value") in FIELDS
    return tag == "Style" or (tag == "View" and set(attributes) <= {"className", "style"})


def _tag_end(raw: bytes, start: int) -> int:
    """Return where the tag that begins here ends; a > within quotes does not end it."""
    quote = 0
    for place in range(start, len(raw)):
        byte = raw[place]
        if quote:
            quote = 0 if byte == quote else quote
        elif byte in b"\"'":
            quote = byte
        elif byte == ord(">"):
            return place + 1
    return len(raw)
