"""Selection of the checks that a scan runs: those that fit the samples, the signals and what was asked for."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import pyarrow.compute as pc

from ..data.samples import Samples
from ..errors import InputError
from ..label_quality.spans.crf import loops as require_numba
from ..signals.signals import Signals
from .registry import GROUPS, Check, Need, checks


def select_checks(samples: Samples, only: Sequence[str] | None, signals: Signals) -> tuple[Check, ...]:
    """Return the checks to run, in their order.

    Parameters
    ----------
    only
        Names of issues, or of groups of checks (``rows``, ``labels``, ``training``); all that fit where None or empty.

    Raises
    ------
    InputError
        If a name is unknown, a check that was asked for by its name lacks what it needs, or the labels cannot be
        judged. Of the group ``rows`` what the data lacks something for is left out.
    """
    missing: set[Need] = set()
    missing |= set() if samples.undecided else {"undecided"}
    missing |= set() if samples.column("split") is not None else {"split"}
    missing |= set() if samples.source is not None else {"source"}
    missing |= set() if signals.dynamics is not None else {"dynamics"}
    missing |= set() if samples.column("annotations") is not None else {"annotations"}
    fitting = [check for check in checks() if samples.task in check.tasks and not check.needs & missing]
    known = _issues(fitting)
    unknown = sorted(set(only or ()) - set(known) - set(GROUPS))
    if unknown:
        raise InputError("There is no such check", ids=unknown, hint=f"Known: {', '.join([*GROUPS, *known])}")
    asked = set(only or GROUPS)
    chosen = [check for check in fitting if check.issue in asked or _group(check) in asked]
    if not samples.has_texts:
        chosen = _without_texts(chosen, only, signals)
    if not samples.classes:
        of_labels = _issues(check for check in chosen if "labels" in check.needs and _named(check, only))
        if of_labels:
            raise InputError(
                "These checks need labels, and no row has one", ids=of_labels, hint="Name the label column"
            )
        chosen = [check for check in chosen if "labels" not in check.needs]
    issues = {check.name for check in chosen}
    if "label" in issues:
        _require_two_labels(samples)
    if "span" in issues:
        require_numba()  # what is not installed must be said before minutes of embedding
    return tuple(check for check in chosen if check.issue in issues)


def _group(check: Check) -> str:
    """Return the group of a check, which is that of the check that it refines."""
    return next(other.group for other in checks() if other.name == check.issue)


def _named(check: Check, only: Sequence[str] | None) -> bool:
    """Tell whether a check was asked for by its name, or by a group that is nothing without labels."""
    return check.issue in (only or ()) or (_group(check) != "rows" and _group(check) in (only or ()))


def _issues(several: Iterable[Check]) -> list[str]:
    return list(dict.fromkeys(check.issue for check in several))


def _without_texts(chosen: Sequence[Check], only: Sequence[str] | None, signals: Signals) -> list[Check]:
    """Return the checks that need no texts and nothing that would have to be made of them."""
    if signals.embeddings is None and signals.pred_probs is None:
        raise InputError(
            "The samples have no texts, and nothing else is known of them",
            hint="Bring embeddings or probabilities (Signals(embeddings=…), --embeddings v.npy), or name the texts",
        )
    have: set[Need] = {"labels", "split", "source", "undecided", "annotations", "pred_probs"}
    have |= {"vectors"} if signals.embeddings is not None else set()
    have |= {"dynamics"} if signals.dynamics is not None else set()
    lacking = _issues(check for check in chosen if not check.needs <= have and _named(check, only))
    if lacking:
        raise InputError(
            "These checks need texts, or embeddings in their place", ids=lacking, hint="Bring them, or leave them out"
        )
    return [check for check in chosen if check.needs <= have]


def _require_two_labels(samples: Samples) -> None:
    """Refuse labels of which none can be told from another."""
    given = samples.given
    if given is None or samples.task == "spans" or pc.count_distinct(given).as_py() > 1:
        return
    counted = len(samples) - given.null_count
    if samples.task == "multilabel":
        raise InputError(
            f"All {counted:,} labeled rows have the same labels, {', '.join(samples.classes)}: none can be judged",
            hint="Name another column of labels, or scan without --labels",
        )
    raise InputError(
        f"All {counted:,} labels are {given.drop_null()[0]}: with a single class no label can be judged",
        hint="Name another label column, or scan without --label",
    )
