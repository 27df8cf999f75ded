"""Writer of the labeling config of a review project."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from importlib import resources
from xml.sax.saxutils import quoteattr

from labelsift.data.samples import Task
from labelsift.errors import InputError
from labelsift.platforms import Mode

from .feedback import UNLESS_COPIED, UNLESS_DOUBTED, controls, copies_control
from .label_config import LEVEL, NONE, NOTHING, Kind, LabelControl, Medium, Path, labelless_target
from .task_fields import BESIDE, ORIGIN

MANY = 12  # labels beyond which a labeler gets a search field and small buttons
_INVISIBLE = "\u2060"
# XML 1.0 has no way to write these, not even escaped.
_NOT_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff\ud800-\udfff]")

_BESIDE = f'<HyperText name="{BESIDE}" value="${BESIDE}" valueType="text" inline="true"/>'
_LINK = f'<HyperText name="{ORIGIN}" value="${ORIGIN}" valueType="text" clickableLinks="true" inline="true"/>'
_NONE = {"multilabel": "None of these labels", "spans": "Nothing to mark"}
_DOUBT = "Cannot tell? Tick “Unclear” below, or press Skip."
_BOTH = "Both right? Tick “Both fit”."
_MARK = "pick a label, then drag over the words"
# What to do, in one line above the labels: kind of labels and mode → line.
_HOW: dict[str, str] = {
    "one choose": f"Choose the label that fits – the old one again if it is right. {_BOTH} {_DOUBT}",
    "one prefill": f"What is ticked is the machine’s suggestion: submit it, or choose another. {_BOTH} {_DOUBT}",
    "one blind": f"Choose the label that fits. {_DOUBT}",
    "several choose": f"Tick every label that fits – the old ones again if they are right. {_DOUBT}",
    "several prefill": f"What is ticked is the machine’s suggestion: submit it, or change it. {_DOUBT}",
    "several blind": f"Tick every label that fits. {_DOUBT}",
    "spans choose": f"Mark only what is asked about, as it should be – the old mark again if it is right: {_MARK}. "
    f"Other marks stay. {_DOUBT}",
    "spans prefill": f"What is marked is the machine’s suggestion: submit it, or change it ({_MARK}). "
    f"Other marks stay. {_DOUBT}",
    "none choose": f"Choose what is to be done with this sample. {_DOUBT}",
    "spans blind": f"Mark everything that one of the labels fits: {_MARK}. {_DOUBT}",
}
# What mode blind asks above the sample, where other modes say what is given and suggested.
_QUESTION = {"one": "Which label fits?", "several": "Which labels fit?", "spans": "What is to be marked here?"}
# Easy to tell apart, also for the color-blind (Okabe & Ito), and then lighter and darker ones.
_COLORS = ("#E69F00", "#56B4E9", "#009E73", "#CC79A7", "#0072B2", "#D55E00", "#B8A900", "#7F7F7F", "#8C564B", "#6A51A3")


def review_target(labels: Iterable[str], *, task: Task = "classification", medium: Medium = "text") -> LabelControl:
    """Return the target in the config of a review project that offers these labels.

    Labels that are paths (“animal / dog”) are offered as a tree, see :func:`is_tree`.

    Raises
    ------
    InputError
        If a label cannot be written into a labeling config; names the labels.
    """
    labels = tuple(dict.fromkeys(labels))
    if not labels:
        return labelless_target(medium)
    bad = [label for label in labels if not label.strip() or _NOT_XML.search(label) or label == NONE]
    if bad:
        raise InputError(
            "Label Studio cannot show these labels (blank, or with control characters)",
            ids=[repr(label) for label in bad],
            hint="Rename them in the data",
        )
    kind = _kind(labels, task)
    tree = {label: tuple(label.split(LEVEL)) for label in labels} if kind.startswith("taxonom") else {}
    none = {"multilabel": "label", "spans": NOTHING, "classification": ""}[task]
    return LabelControl("label", medium, labels, medium, kind=kind, medium=medium, paths=tree, none=none)


def require_labels(target: LabelControl, *, mode: Mode) -> None:
    """Refuse to ask blind about data without labels: nobody would know what is asked."""
    if mode == "blind" and not target.labels:
        raise InputError(
            "Mode blind asks which label fits, and there are no labels",
            hint="Push without --mode: people are asked what is to be done with each flagged sample",
        )


def _kind(labels: Sequence[str], task: Task) -> Kind:
    if task == "spans":
        return "labels"
    if is_tree(labels):
        return "taxonomy" if task == "classification" else "taxonomies"
    return "choice" if task == "classification" else "choices"


def is_tree(labels: Sequence[str]) -> bool:
    """Tell whether labels are paths through a tree, as those of a Taxonomy are read: “animal / dog”, “animal / cat”.

    At least half of them have two levels or more, and some share their first level.

    >>> is_tree(["animal / dog", "animal / cat", "plant"]), is_tree(["fees", "cash / card", "refund"])
    (True, False)
    """
    paths = [label.split(LEVEL) for label in labels]
    if any(not level.strip() for path in paths for level in path):
        return False
    deep = [path for path in paths if len(path) > 1]
    return len(deep) * 2 >= len(paths) and len({path[0] for path in deep}) < len(deep)


def config_of(
    target: LabelControl, *, mode: Mode, linked: bool = False, definitions: Mapping[str, str] | None = None
) -> str:
    r"""Write the labeling config of a review project with this target.

    In the modes choose and prefill a header shows what is given, what is suggested and why; in mode
    blind it only asks which label fits. A line above the labels says what to do. ``linked`` adds the link to the
    task that a sample is from, ``definitions`` what labels mean, shown where somebody points at one.

    >>> config_of(review_target(['a & "b"', "c"]), mode="choose").count("<Choice value='a &amp; \"b\"'/>")
    1
    >>> "$labelsift_" in config_of(review_target(["a", "b"]), mode="blind")
    False
    """
    require_labels(target, mode=mode)
    kind = "spans" if target.kind == "labels" else "several" if target.none else "one"
    kind, mode = (kind, mode) if target.labels else ("none", "choose")
    if mode == "blind":
        header = [f'<Header value={quoteattr(_QUESTION[kind])} size="4"/>']
    else:
        why = '<View className="ls-why"><Header value="$labelsift_reason" size="6"/></View>'
        header = ['<Header value="$labelsift_header" size="4"/>', why]
    how = _HOW[f"{kind} {mode}"]
    if target.paths:  # a tree is a field to fill in
        how = how.replace("What is ticked", "What is filled in").replace("Tick every", "Choose every")
    many, search = len(target.labels) > MANY, []
    if many and not target.paths:  # a tree has a search field of its own
        search = ['<Filter name="find" toName="label" minlength="0" placeholder="Type to find a label"/>']
    asking = [f'<View className="ls-how"><Header value={quoteattr(how)} size="6"/></View>']
    if target.labels:
        control = [*search, *_control(target, definitions or {})]
        asking += _element(f'View className="ls-labels{" ls-many" * many}"', control)
    shown = f'<{target.medium.capitalize()} name="{target.to_name}" value="${target.field}"/>'
    sample = _element('View className="ls-text"', [shown])
    if mode != "blind":
        control = copies_control(target.to_name, texts=target.medium == "text", required=not target.labels)
        actions = _element('View className="ls-copies"', control)
        asking = [*actions, *_element(f"View {UNLESS_COPIED}", asking)] if target.labels else [*asking, *actions]
    if kind == "spans":  # the labels first: they are picked before the words
        page = [*asking, *sample, *_nothing(target)]
    else:  # a picture may be higher than the page
        page = [*asking, *sample] if target.medium == "image" else [*sample, *asking]
    ask = [f"<Style>\n{_style()}</Style>", *_element('View className="ls-ask"', header)]
    both_fit = kind == "one" and mode != "blind"
    page += controls(target.to_name, both_fit=both_fit, unusable=bool(target.labels))
    if mode != "blind":
        columns = [*_element("View", page), *_element('View className="ls-beside"', [_BESIDE])]
        page = _element('View className="ls-page"', columns)
    return "\n".join(_element("View", [*ask, *page, *([_LINK] if linked else [])]))


@cache
def _style() -> str:
    style = resources.files("labelsift.integrations.label_studio.convert").joinpath("review.css")
    return style.read_text(encoding="utf-8").partition("\n")[2]  # without the remark about it


def _control(target: LabelControl, definitions: Mapping[str, str]) -> list[str]:
    hints = {label: f" hint={quoteattr(definitions[label])}" for label in target.labels if label in definitions}
    to = f'name="label" toName="{target.to_name}"'
    if target.kind == "labels":
        colors = [f' background="{_COLORS[number % len(_COLORS)]}"' for number in range(len(target.labels))]
        more = {label: color + hints.get(label, "") for label, color in zip(target.labels, colors, strict=True)}
        labels = [_choice(label, tag="Label", more=more[label]) for label in target.labels]
        return _element(f'Labels {to} showInline="true"', labels)
    if target.paths:
        paths = tuple(target.paths.values())
        leaves = not any(path[: len(other)] == other != path for path in paths for other in paths)
        once = ' maxUsages="1"' if target.kind == "taxonomy" else ""
        only = ' leafsOnly="true"' if leaves else ""
        choices, tag = _tree(paths), f'Taxonomy {to} required="true" placeholder="Click to choose"'
        tag += f' showFullPath="true" minWidth="24rem"{once}{only} {UNLESS_DOUBTED}'
    else:
        choice = "multiple" if target.none else "single-radio"  # "single" looks like boxes to tick
        choices = [_choice(label, more=hints.get(label, "")) for label in target.labels]
        tag = f'Choices {to} choice="{choice}" required="true" showInline="true" {UNLESS_DOUBTED}'
    if target.none:
        choices.append(f'<Choice value="{_NONE["multilabel"]}" alias="{NONE}"/>')
    return _element(tag, choices)


def _nothing(target: LabelControl) -> list[str]:
    """Offer beside spans that there is nothing to mark: an empty answer may be an accident."""
    tag = f'Choices name="{NOTHING}" toName="{target.to_name}" choice="multiple" showInline="true"'
    choice = f'<Choice value="{_NONE["spans"]}" alias="{NONE}"/>'
    return _element('View className="ls-labels ls-none"', _element(tag, [choice]))


def _tree(paths: Sequence[Path]) -> list[str]:
    """Write a tree of choices."""
    lines = []
    for first in dict.fromkeys(path[0] for path in paths):
        below = [path[1:] for path in paths if path[0] == first and len(path) > 1]
        lines += _element(_choice(first)[1:-2], _tree(below)) if below else [_choice(first)]
    return lines


def _element(tag: str, lines: Iterable[str]) -> list[str]:
    """Write an element around lines; ``tag`` has its attributes.

    >>> _element('View className="a"', ["<Style/>"])
    ['<View className="a">', '  <Style/>', '</View>']
    """
    return [f"<{tag}>", *(f"  {line}" for line in lines), f"</{tag.partition(' ')[0]}>"]


def _choice(label: str, *, tag: str = "Choice", more: str = "") -> str:
    """Write one choice. Label Studio takes ``$5`` for a field of the task, so an invisible mark goes in between."""
    if "$" not in label:
        return f"<{tag} value={quoteattr(label)}{more}/>"
    return f"<{tag} value={quoteattr(label.replace('$', '$' + _INVISIBLE))} alias={quoteattr(label)}{more}/>"
