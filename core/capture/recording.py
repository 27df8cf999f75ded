"""Recording of a training: the logits of each split epoch by epoch, and the newest embeddings, in a private folder."""

from __future__ import annotations

import json
import logging
import shutil
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from ..errors import InputError
from ..signals.dynamics_writer import DynamicsWriter
from ..signals.epoch_files import EPOCH, read_epochs
from .token_files import TokenWriter

TRAIN, EVAL = "train", "eval"
EMBEDDINGS, TOKENS, OUT_OF_FOLD = "embeddings", "tokens", "pred_probs.npy"
INDEX = "capture.json"
_logger = logging.getLogger("labelsift")


class Recording:
    """What adapters write into: one folder a split, one file an epoch; memory holds one batch and the ids.

    Parameters
    ----------
    folder
        Made with mode 0700; what an earlier part of the same training recorded there is kept, and goes on.
    ids
        All samples, in their order: the rows of every file.
    classes
        The class of each column of the logits.
    framework
        Which adapter writes.

    Attributes
    ----------
    behind
        How many epochs of training an earlier part recorded in the folder.

    Raises
    ------
    InputError
        If another training's rows lie in the folder: other ids, classes, or of another framework.
    """

    def __init__(self, folder: Path, ids: Sequence[str], classes: Sequence[str], *, framework: str) -> None:
        self.folder, self.ids, self.classes = folder, list(ids), list(classes)
        self._writers: dict[str, DynamicsWriter | TokenWriter] = {}
        self.epochs: dict[str, int] = {}  # of each split, the number of the epoch under way or finished last
        self.started = False  # whether any batch was written: from then on the ids are known to be right
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        folder.chmod(0o700)
        index = {"framework": framework, "classes": self.classes, "ids": self.ids}  # for an erasure: whose row is which
        self._require_same(index)
        self.behind = self.finished(TRAIN) or len(list((folder / TRAIN / TOKENS).glob("*.index.npy")))
        if self.behind:
            _logger.warning(
                "The recording %s holds %d epochs, and goes on behind them. Give a training that begins anew another "
                "name",
                folder.name,
                self.behind,
            )
        (folder / INDEX).write_text(json.dumps(index, ensure_ascii=False), encoding="utf-8")

    def batch(
        self,
        rows: np.ndarray,
        logits: np.ndarray,
        *,
        split: str,
        epoch: int,
        embeddings: np.ndarray | None = None,
    ) -> None:
        """Write a batch.

        Parameters
        ----------
        rows
            Positions of the samples: int, shape (n,). A row that comes again in the same epoch counts as it came last.
        logits
            Shape (n, classes).
        split, epoch
            ``train`` or ``eval``; the number of the epoch, from 0. Another number finishes the epoch before, and one of
            ``train`` finishes the evaluations before it, too: they are over, whatever becomes of the training.
        embeddings
            Shape (n, dimensions); of the newest epoch only, as float16.
        """
        self._go_on(split, epoch)
        self._writer(split).batch(rows, logits, epoch=epoch)  # pyright: ignore[reportCallIssue] -- no tokens here
        if embeddings is not None:
            name = f"{split}/{EMBEDDINGS}"
            if self.epochs.get(name) not in (None, epoch):
                self.end_epoch(name)
            self._writer(name).batch(rows, np.clip(embeddings, -65504, 65504), epoch=epoch)  # pyright: ignore[reportCallIssue]
            self.epochs[name] = epoch
        self.epochs[split], self.started = epoch, True

    def tokens(self, rows: np.ndarray, values: Sequence[np.ndarray], *, split: str, epoch: int) -> None:
        """Write the logits of the tokens of some samples: for each an array (tokens, classes)."""
        self._go_on(split, epoch)
        name = f"{split}/{TOKENS}"
        writer = self._writers.get(name)
        if not isinstance(writer, TokenWriter):
            writer = self._writers[name] = TokenWriter(self.folder / name, len(self.ids), len(self.classes))
        writer.batch(rows, values, epoch=epoch)
        self.epochs[split], self.started = epoch, True

    def out_of_fold(self, pred_probs: np.ndarray) -> None:
        """Keep probabilities that no row judged by a model that has seen it: shape (samples, classes)."""
        if pred_probs.shape != (len(self.ids), len(self.classes)):
            raise InputError(
                f"The probabilities have the shape {pred_probs.shape}, not {(len(self.ids), len(self.classes))}",
                hint="Give one row a sample and one column a class",
            )
        np.save(self.folder / OUT_OF_FOLD, pred_probs.astype(np.float32))
        self.started = True

    def _go_on(self, split: str, epoch: int) -> None:
        """Finish the evaluations of epochs that the training has left."""
        if split != TRAIN or self.epochs.get(TRAIN) in (None, epoch):
            return
        for name in self._writers:
            other = name.partition("/")[0]
            if other != TRAIN and self.epochs.get(other) != epoch:
                self.end_epoch(name)

    def end_epoch(self, split: str) -> None:
        """Finish the epoch under way of a split; of embeddings only the newest epoch stays."""
        if (writer := self._writers.get(split)) is not None:
            writer.end_epoch()
        if split.endswith(EMBEDDINGS):
            for older in sorted(p for p in (self.folder / split).iterdir() if EPOCH.fullmatch(p.name))[:-1]:
                older.with_name(older.name.replace(".npy", ".seen.npy")).unlink(missing_ok=True)
                older.unlink()

    def close(self) -> None:
        """Finish every epoch under way."""
        for split in self._writers:
            self.end_epoch(split)

    def discard_open(self) -> None:
        """Drop the epochs under way, of a training that broke off; those that are finished stay."""
        for writer in self._writers.values():
            writer.__exit__(RuntimeError, None, None)  # pyright: ignore[reportArgumentType]

    def drop_empty(self) -> None:
        """Remove the folder where nothing was recorded in it, also not by an earlier part of the training."""
        if [path.name for path in self.folder.iterdir()] == [INDEX]:
            shutil.rmtree(self.folder)

    def finished(self, split: str) -> int:
        """Count the finished epochs of a split."""
        folder = self.folder / split
        return sum(EPOCH.fullmatch(path.name) is not None for path in folder.iterdir()) if folder.is_dir() else 0

    def held_out(self) -> list[str]:
        """Name the splits that the model did not train on and that have a finished epoch."""
        return sorted(p.name for p in self.folder.iterdir() if p.name.startswith(EVAL) and self.finished(p.name))

    def seen(self, split: str) -> np.ndarray:
        """Tell which rows any finished epoch of a split showed: bool, shape (samples,)."""
        shown = np.zeros(len(self.ids), dtype=bool)
        for epoch in read_epochs(self.folder / split).seen if self.finished(split) else ():
            shown |= True if epoch is None else epoch
        return shown

    def last(self, split: str) -> tuple[np.ndarray, np.ndarray] | None:
        """Return rows (int, shape (k,)) and values (shape (k, columns)) of the newest finished epoch, or None."""
        if not self.finished(split):
            return None
        epochs = read_epochs(self.folder / split)
        seen = epochs.seen[-1]
        rows = np.arange(len(self.ids)) if seen is None else np.flatnonzero(seen)
        return rows, np.asarray(epochs.logits[-1][rows])

    def _require_same(self, index: dict[str, object]) -> None:
        """Refuse a folder whose rows the new index would name wrongly: what lies there belongs to another training."""
        if all(path.name == INDEX for path in self.folder.iterdir()):
            return
        try:
            kept = json.loads((self.folder / INDEX).read_text(encoding="utf-8"))
        except (OSError, ValueError):
            kept = {}
        if kept != index:
            other = [name for name in index if name not in kept or kept[name] != index[name]]
            raise InputError(
                f"The recording {self.folder.name} holds another training's rows: not the same {', '.join(other)}",
                hint="Name another: watch(…, name=…)",
            )

    def _writer(self, name: str) -> DynamicsWriter:
        writer = self._writers.get(name)
        if not isinstance(writer, DynamicsWriter):
            vectors = name.endswith(EMBEDDINGS)
            writer = self._writers[name] = DynamicsWriter(
                self.folder / name,
                ids=self.ids,
                classes=None if vectors else self.classes,
                dtype="float16" if vectors else "float32",
                resume=True,
            )
        return writer
