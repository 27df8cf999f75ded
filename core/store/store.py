"""Run store: every scan is kept in a folder, or below a prefix of a bucket.

.labelsift/                  mode 0700: it holds raw text, but for runs without (:mod:`labelsift.data.textless`)
  format.json                {"format": 1}
  .gitignore                 *
  corrections/               what people decided (see :mod:`labelsift.store.ledger`)
  enabled/                   what `enable` changed in projects of platforms, so that `disable` can take it back
  pools/<name>/              unlabeled samples to search (see :mod:`labelsift.search.pools`)
  pulls/                     what was pulled from platforms (see :mod:`labelsift.store.pull_state`)
  cache/                     what scans made of the texts alone (see :mod:`labelsift.store.cache`)
  runs/<run>/                whole or not there (:mod:`labelsift.store.run_writer`);
                             what is in it: :mod:`labelsift.store.run_reader`
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Sequence
from datetime import datetime
from functools import wraps
from os import PathLike
from typing import ParamSpec, Self, TypeVar, cast

from ..data.samples import Samples
from .base import DEFAULT, LATEST, BaseStore
from .run import Run
from .run_reader import read_run, read_samples
from .run_writer import save_run

P = ParamSpec("P")
T = TypeVar("T")


def guarded(step: Callable[P, T]) -> Callable[P, T]:
    """Hold off erasures in the store that a function is told as ``store``, while it runs."""

    @wraps(step)
    def held(*args: P.args, **kwargs: P.kwargs) -> T:
        with Store.of(cast("str | PathLike[str]", kwargs.get("store", DEFAULT))).writing():
            return step(*args, **kwargs)

    return held


def run_name(created: datetime, fingerprint: str) -> str:
    """Return a name that sorts by time and is unlike any other: 20261123-101500-4f2a1c."""
    return f"{created:%Y%m%d-%H%M%S}-{fingerprint[:2]}{secrets.token_hex(4)}"


class Store(BaseStore):
    """A folder of runs, or a prefix in a bucket with them."""

    @classmethod
    def of(cls, where: str | PathLike[str] | None) -> Self:
        """Return the store at an address, by default the usual one; a store that is open already is itself.

        So the steps of a command share one, which verifies the decision log once.
        """
        return where if isinstance(where, cls) else cls(DEFAULT if where is None else where)

    def save(self, run: Run) -> None:
        """Keep a run, whole or not at all; see :func:`labelsift.store.run_writer.save_run`."""
        save_run(run, self)

    def load(self, run: str = LATEST, *, dataset: str | None = None) -> Run:
        """Return a run."""
        return read_run(self.place_of(self.find(run, dataset=dataset)), store=self)

    def samples(self, run: str, ids: Sequence[str]) -> Samples:
        """Return some samples of a run, in the order of their ids, without loading the run.

        Parameters
        ----------
        run
            A run's name or its beginning, or ``latest``.

        Raises
        ------
        InputError
            If the run has no samples of these ids.
        StoreError
            If there is no such run, or it cannot be read.
        """
        return read_samples(self.place_of(self.find(run)), ids)
