"""Labeling configs: reading the one that a project has, and writing the one of a review project."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from xml.sax.saxutils import quoteattr

from labelsift.errors import InputError
from labelsift.platforms import Mode

from .remarks import STYLE, UNLESS_DOUBTED, controls
from .targets import Target

MANY = 12  # labels beyond which a labeler gets a search field and small buttons
_INVISIBLE = "\u2060"
# XML 1.0 has no way to write these, not even escaped.
_NOT_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff\ud800-\udfff]")

# Only tag names and our own classes: Label Studio's class names change between versions.
_STYLE = """
.ls-ask, .ls-text, .ls-labels { max-width: 60rem; }
.ls-ask { margin: 0 0 .8rem; padding: .75rem 1.1rem; border-left: 4px solid #d97706; border-radius: 6px;
  background: rgba(217, 119, 6, .1); overflow-wrap: anywhere; }
.ls-ask * { margin: 0 !important; }
.ls-why * { font-size: 1rem !important; font-weight: 400 !important; line-height: 1.5 !important;
  padding-top: .3rem; opacity: .85; }
.ls-text { margin: 0 0 1rem; padding: .8rem 1.1rem; border: 1px solid rgba(128, 128, 128, .35); border-radius: 6px;
  font-size: 1.15rem; line-height: 1.6; overflow-wrap: anywhere; white-space: pre-wrap; }
.ls-labels label { margin: 0 .1rem .35rem 0 !important; padding: .4rem .8rem !important; border-radius: 6px;
  border: 1px solid rgba(128, 128, 128, .35); font-size: 1rem; }
.ls-many label { padding: .1rem .6rem !important; font-size: .9rem; }
.ls-labels label:hover { border-color: #d97706; }
.ls-labels label:has(:checked) { border-color: #d97706; background: rgba(217, 119, 6, .16); }
""" + STYLE.lstrip()


def review_target(labels: Iterable[str]) -> Target:
    """Return the target in the config of a review project that offers these labels.

    Raises
    ------
    InputError
        If a label cannot be written into a labeling config; names the labels.
    """
    labels = tuple(dict.fromkeys(labels))
    if not labels:
        raise InputError(
            "There are no labels to choose from, so a labeler has nothing to decide", cure="Scan with a label column"
        )
    bad = [label for label in labels if not label.strip() or _NOT_XML.search(label)]
    if bad:
        raise InputError(
            "Label Studio cannot show these labels (blank, or with control characters)",
            ids=[repr(label) for label in bad],
            cure="Rename them in the data",
        )
    return Target(from_name="label", to_name="text", labels=labels, field="text")


def review_config(labels: Sequence[str], *, mode: Mode) -> str:
    r"""Write the labeling config of a review project.

    In the modes choose and prefill a header shows what is given, what is suggested and why; in mode
    blind there is only the text.

    >>> '<Choice value="a &amp; &quot;b&quot;"/>' in review_config(['a & "b"', "c"], mode="choose")
    False
    >>> "<Choice value='a &amp; \"b\"'/>" in review_config(['a & "b"', "c"], mode="choose")
    True
    >>> "$labelsift_" in review_config(["a", "b"], mode="blind")
    False
    """
    target = review_target(labels)
    lines = ["<View>", f"  <Style>{_STYLE}</Style>"]
    if mode != "blind":
        lines += [
            '  <View className="ls-ask">',
            '    <Header value="$labelsift_header" size="4"/>',
            '    <View className="ls-why"><Header value="$labelsift_reason" size="6"/></View>',
            "  </View>",
        ]
    lines += ['  <View className="ls-text">', '    <Text name="text" value="$text"/>', "  </View>"]
    many = len(target.labels) > MANY
    lines.append(f'  <View className="ls-labels{" ls-many" * many}">')
    if many:
        lines.append('    <Filter name="find" toName="label" minlength="0" placeholder="Type to find a label"/>')
    asked = 'choice="single" required="true" showInline="true"'
    lines.append(f'    <Choices name="label" toName="text" {asked} {UNLESS_DOUBTED}>')
    lines += [f"      {_choice(label)}" for label in target.labels]
    lines += ["    </Choices>", "  </View>", *(f"  {line}" for line in controls("text")), "</View>"]
    return "\n".join(lines)


def _choice(label: str) -> str:
    """Write one choice. Label Studio takes ``$5`` for a field of the task, so an invisible mark goes in between."""
    if "$" not in label:
        return f"<Choice value={quoteattr(label)}/>"
    return f"<Choice value={quoteattr(label.replace('$', '$' + _INVISIBLE))} alias={quoteattr(label)}/>"
