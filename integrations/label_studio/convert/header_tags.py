"""Header tags in a project's own labeling config: inserted, found again, removed.

The config is edited as a text, never written anew from its tree: what people wrote stays byte for byte. A task
without labelsift's fields shows an empty heading (tried in Chromium on 1.23.2), which the lines' own style hides.
"""

from __future__ import annotations

import difflib
import re
from dataclasses import dataclass, field
from typing import Any
from xml.etree import ElementTree

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
_BEFORE = "\n  "
_TAG = re.compile(
    r"<!--.*?-->|<!\[CDATA\[.*?\]\]>|<\?.*?\?>"  # no tags
    r"|<(?P<closes>/)?(?P<tag>[^\s/>]+)(?P<attributes>(?:\"[^\"]*\"|'[^']*'|[^\"'>])*?)(?P<empty>/)?>",
    re.DOTALL,
)


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
    if read.lines:
        return config
    if read.root is None or read.root["tag"] != "View" or read.root["empty"]:
        raise InputError(
            f"The labeling config of {project} has no View around all of it, so there is no place for header lines",
            hint="Put <View> … </View> around it under Settings → Labeling Interface → Code",
        )
    end = read.root.end()
    return config[:end] + _BEFORE + LINES + config[end:]


def has_lines(config: str) -> bool:
    """Tell whether a config has header lines of labelsift's, also changed ones."""
    try:
        return bool(_read(config, project="").lines)
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
        places = _read(config, project="").lines
    except InputError:
        return None
    if any(lines.foreign for lines in places):
        return None
    for lines in reversed(places):
        before = config[: lines.start]
        if before.endswith(_BEFORE):
            before = before[: -len(_BEFORE)]
        elif before.rstrip(" \t").endswith("\n"):  # the visual editor of Label Studio sets its own indents
            before = before.rstrip(" \t")[:-1]
        config = before + config[lines.end :]
    return config


def difference(before: str, after: str) -> str:
    """Return what changes as a unified diff."""
    lines = difflib.unified_diff(
        before.splitlines(), after.splitlines(), "labeling config", "labeling config with labelsift", lineterm=""
    )
    return "\n".join(lines)


@dataclass
class _Lines:
    """Where header lines stand in a config, and whether something else has got into them."""

    start: int
    end: int = 0
    foreign: bool = False


@dataclass
class _Config:
    root: re.Match[str] | None = None  # the outermost tag
    lines: list[_Lines] = field(default_factory=list)


def _read(config: str, *, project: str) -> _Config:
    """Find the outermost tag and labelsift's lines in a config that is well-formed."""
    require_plain(config, project=project)
    try:
        ElementTree.fromstring(config)  # noqa: S314 - without entities
    except ElementTree.ParseError as error:
        raise InputError(
            f"The labeling config of {project} cannot be read ({error})",
            hint="Mend it in Label Studio: Settings → Labeling Interface → Code",
        ) from None
    read = _Config()
    depth, inside = 0, 0  # inside: the depth of the lines that are open
    for mark in (mark for mark in _TAG.finditer(config) if mark["tag"]):
        if not mark["closes"]:
            depth += 1
            read.root = read.root or mark
            attributes = ElementTree.fromstring(f"<a{mark['attributes']}/>").attrib  # noqa: S314 - without entities
            if inside:
                read.lines[-1].foreign |= not _is_own(mark["tag"], attributes)
            elif mark["tag"] == "View" and attributes.get("className") == CLASS and depth > 1:
                inside = depth
                read.lines.append(_Lines(mark.start()))
        if mark["closes"] or mark["empty"]:
            if inside == depth:
                inside, read.lines[-1].end = 0, mark.end()
            depth -= 1
    return read


def _is_own(tag: str, attributes: dict[str, Any]) -> bool:
    if tag == "Header":
        return attributes.get("value") in FIELDS
    return tag == "Style" or (tag == "View" and set(attributes) <= {"className", "style"})
