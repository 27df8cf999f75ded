"""Review datasets: one dataset a round and part, found again by labelsift's entry in its metadata."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

from labelsift.data.formatting import shortened
from labelsift.data.samples import Task
from labelsift.errors import PlatformError
from labelsift.platforms import Mode

from ..client.client import Client
from ..client.errors import RefusedError

STATE = "labelsift"  # the entry of a dataset's metadata
NAME_LENGTH = 200  # characters that Argilla allows
PATIENCE = 60.0  # seconds in which another push that is at work publishes the dataset that it made
_KINDS = {
    "fields": "fields",
    "questions": "questions",
    "metadata": "metadata-properties",
    "vectors": "vectors-settings",
}


@dataclass(frozen=True)
class Round:
    """One review dataset.

    Parameters
    ----------
    of
        The name under which the user pushed, without the workspace.
    run, mode
        What was pushed and how; the same run in the same mode has one review dataset.
    number
        1, 2, … within ``of``.
    task
        What kind of labels it asks about.
    part
        Empty for what one person answers; ``b`` for the items of the round that two people do.
    overlap
        Part b only: which share of the items two people answer.
    dataset
        Its id on the server; empty before it exists.
    """

    of: str
    run: str
    mode: Mode
    number: int
    task: Task = "classification"
    part: str = ""
    overlap: float = 0.0
    dataset: str = ""

    @property
    def name(self) -> str:
        """What the dataset is called: the same for every push of a round, so that the server makes it once only.

        >>> Round("tickets", "20261123-101500-4f2a", "blind", 2).name
        'tickets review 20261123-101500-4f2a blind'
        """
        end = " ".join([f" review {self.run}", *([self.mode] if self.mode != "choose" else []), self.part]).rstrip()
        return shortened(self.of, NAME_LENGTH - len(end)) + end

    @property
    def about(self) -> dict[str, Any]:
        """What the dataset is created with."""
        state = {name: value for name, value in asdict(self).items() if name != "dataset"}
        people = 2 if self.part else 1
        return {"metadata": {STATE: state}, "distribution": {"strategy": "overlap", "min_submitted": people}}


def rounds_in(datasets: Iterable[Mapping[str, Any]]) -> list[Round]:
    """Return the review datasets among those of a workspace, oldest round first; drafts are none yet."""
    rounds = [round for about in datasets if about["status"] == "ready" and (round := _round(about)) is not None]
    return sorted(rounds, key=lambda round: (round.number, round.dataset))


def _round(about: Mapping[str, Any]) -> Round | None:
    try:
        state = dict(about["metadata"][STATE])
        return Round(**state, dataset=str(about["id"]))
    except (KeyError, TypeError):  # another's, or of another version
        return None


def round_for(rounds: Sequence[Round], *, run: str, mode: Mode, part: str = "") -> Round | None:
    """Return the review dataset of a run in a mode; None before it has one."""
    return next((round for round in rounds if (round.run, round.mode, round.part) == (run, mode, part)), None)


def open_round(client: Client, wanted: Round, *, workspace: str, settings: Mapping[str, Any]) -> Round:
    """Create and publish the review dataset of a round, unless another push is faster; raises as open_dataset."""
    about = open_dataset(
        client,
        wanted.name,
        wanted.about,
        workspace=workspace,
        settings=settings,
        ours=lambda row: (made := _round(row)) is not None and made.of == wanted.of,
    )
    return replace(wanted, dataset=str(about["id"]), number=(_round(about) or wanted).number)


def open_dataset(
    client: Client,
    name: str,
    about: Mapping[str, Any],
    *,
    workspace: str,
    settings: Mapping[str, Any],
    ours: Callable[[Mapping[str, Any]], bool],
) -> Mapping[str, Any]:
    """Create and publish a dataset of labelsift's, unless it stands or another process is faster; return it.

    A draft takes no records. So one that stands there for long was left by a process that died, and is made anew.

    Parameters
    ----------
    about
        Its metadata and distribution.
    workspace
        Its id.
    settings
        ``guidelines``, and under ``fields``, ``questions``, ``metadata`` and ``vectors`` what the dataset has.
    ours
        Whether a dataset of this name is the one that is meant.

    Raises
    ------
    PlatformError
        If the server cannot be reached or refuses, or a dataset of this name is somebody else's.
    """
    more = {"guidelines": settings["guidelines"], "allow_extra_metadata": True}
    made = _claim(client, name, {**about, **more}, workspace=workspace, ours=ours)
    if made["status"] != "ready":
        for kind, path in _KINDS.items():
            for entry in settings[kind]:
                client.add_setting(str(made["id"]), path, entry)
        client.publish(str(made["id"]))
    return made


def _claim(
    client: Client, name: str, about: Mapping[str, Any], *, workspace: str, ours: Callable[[Mapping[str, Any]], bool]
) -> Mapping[str, Any]:
    """Return the draft that the server makes of a name, once only, or the dataset that another process published."""
    draft, end = None, time.monotonic() + PATIENCE
    while True:
        try:
            return client.create_dataset(name, workspace=workspace, about=about)
        except RefusedError as refused:
            if refused.status != 409:
                raise
            conflict = refused
        standing = next((row for row in client.datasets(workspace) if row["name"] == name), None)
        if standing is None:
            if time.monotonic() > end:
                raise conflict
        elif not ours(standing):
            raise PlatformError(
                f"There is a dataset {name} that labelsift made for something else, or not at all",
                hint="Rename it, then try again",
            )
        elif standing["status"] == "ready":
            return standing
        elif standing["id"] != draft:  # another process's: it gets its time
            draft, end = standing["id"], time.monotonic() + PATIENCE
        elif time.monotonic() > end:
            client.delete_dataset(str(draft))
        time.sleep(0.5)
