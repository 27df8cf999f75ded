"""Marked rows: each row's position in its data set travels in the batch, through sampler, workers and devices.

The finished loader of a Trainer is marked, so that its sampler, its length and the removal of columns are what they
were. Only the fetching of a whole batch is another: it hands the positions to the outermost collation, which puts them
into the batch behind all else. They are a tensor, as whatever moves a batch to a device expects.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, MutableMapping, Sequence
from typing import Any

from labelsift.errors import InputError

ROWS, IDS = "labelsift_rows", "labelsift_ids"


class Switch:
    """Whether rows are marked; a worker process keeps a copy of how it was when it began."""

    on = True


class _Batch:
    """The rows of one batch on their way from the data set to the collation of the same process."""

    def __init__(self, positions: Sequence[int], features: Any) -> None:  # noqa: ANN401 - of the user's data set
        self.positions, self.features = positions, features


class MarkedDataset:
    """A data set that says, of a whole batch, which rows it is; all else is the user's own."""

    def __init__(self, rows: Any, switch: Switch) -> None:  # noqa: ANN401
        self._rows, self._switch = rows, switch

    def __getitems__(self, positions: Sequence[int]) -> Any:  # noqa: ANN401
        several = getattr(self._rows, "__getitems__", None)
        features = several(positions) if several else [self._rows[position] for position in positions]
        return _Batch(positions, features) if self._switch.on else features

    def __getitem__(self, position: Any) -> Any:  # noqa: ANN401
        return self._rows[position]

    def __len__(self) -> int:
        return len(self._rows)

    def __iter__(self) -> Iterator[Any]:
        return iter(self._rows)

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401
        if name.startswith("__") or "_rows" not in vars(self):  # not yet, while a worker process unpickles it
            raise AttributeError(name)
        return getattr(self._rows, name)


class MarkedCollation:
    """A collation whose batches say which rows they are: (n, 2), the number of their source and their position."""

    def __init__(self, collate: Callable[[Any], Any], switch: Switch, source: int, id_name: str | None) -> None:
        self.own, self._switch, self._source, self._id_name = collate, switch, source, id_name

    def __call__(self, given: Any) -> Any:  # noqa: ANN401
        """Return the user's batch of the rows, with what says which they are."""
        marked = isinstance(given, _Batch)
        features = given.features if marked else given
        first = features[0] if self._switch.on and isinstance(features, Sequence) and len(features) else None
        named = isinstance(first, Mapping) and self._id_name in first
        ids = [row.get(self._id_name) for row in features] if named else None  # before the user's own takes it out
        batch = self.own(features)
        if self._switch.on and isinstance(batch, MutableMapping):
            from torch import as_tensor  # pyright: ignore[reportMissingImports, reportAttributeAccessIssue]

            positions = given.positions if isinstance(given, _Batch) else [-1] * len(features)
            batch[ROWS] = as_tensor([[self._source, position] for position in positions])
            if ids is not None:
                batch[IDS] = ids
        return batch


def taken(batch: Any) -> tuple[Any, list[Any] | None]:  # noqa: ANN401
    """Take what marks the rows out of a batch: the tensor and the ids; None where there is none."""
    if not isinstance(batch, MutableMapping):
        return None, None
    return batch.pop(ROWS, None), batch.pop(IDS, None)


def without_marks(module: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> tuple[Any, dict[str, Any]]:  # noqa: ANN401
    """Take the marks out of a model's call: a hook for batches that somebody else draws from a marked loader."""
    del module
    return args, {name: value for name, value in kwargs.items() if name not in (ROWS, IDS)}


def inner_of(loader: Any) -> Any:  # noqa: ANN401
    """Return the loader that draws the rows, within what accelerate has wrapped around it."""
    return getattr(loader, "base_dataloader", loader)


def mark(loader: Any, switch: Switch, source: int, id_name: str | None) -> Callable[[], None]:  # noqa: ANN401
    """Let the batches of a loader say which rows they are; return what takes it back.

    Parameters
    ----------
    loader
        A ``torch.utils.data.DataLoader``, also one that accelerate has wrapped.
    switch
        Off: batches are the user's own again, but for those of workers that are under way.
    source
        The number that its batches bear.
    id_name
        The key of the rows' ids, to be read from rows that are dicts; None where they are known.

    Raises
    ------
    InputError
        If rows are not drawn in batches.
    """
    inner = inner_of(loader)
    if inner.batch_sampler is None:
        raise InputError("The data loader does not draw rows in batches", hint="Give it a batch size")
    rows, collate = inner.dataset, inner.collate_fn
    if hasattr(rows, "__getitem__"):  # not of a stream
        vars(inner)["dataset"] = MarkedDataset(rows, switch)  # what may not be set any more
    inner.collate_fn = MarkedCollation(collate, switch, source, id_name)
    _end_processes(inner)

    def back() -> None:
        vars(inner)["dataset"], inner.collate_fn = rows, collate
        _end_processes(inner)

    return back


def _end_processes(inner: Any) -> None:  # noqa: ANN401
    """Let persistent workers begin anew: they hold the data set and the collation that there were when they began."""
    if getattr(inner, "persistent_workers", False):
        inner._iterator = None


def is_marked(loader: Any) -> bool:  # noqa: ANN401
    """Tell whether a loader is one that was marked before and kept by the Trainer."""
    return isinstance(inner_of(loader).collate_fn, MarkedCollation)
