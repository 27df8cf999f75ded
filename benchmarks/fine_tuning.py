"""A small text model fine-tuned by PyTorch on given labels, its logits kept epoch by epoch.

A convolutional network over words (after Kim 2014): wordllama's token vectors, learned on from there; their mean beside
the maxima of two convolutions of width 3, the second over every other place, so that seven words are seen in order;
dropout and a linear layer. Adam, batches of 32. One row in six is held out. The logits of the others are those of the
training loop: of each batch before the step that learns from it, with dropout; those of the held-out rows come from an
evaluation after each epoch. Nothing is downloaded.
"""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import labelsift as ls
import numpy as np
from labelsift.models.embedding import StaticEmbedder

if TYPE_CHECKING:
    import torch

BATCH, LONGEST, FILTERS, HELD_OUT = 32, 48, 96, 6
RATE, DROPOUT = 0.001, 0.3


class Tokens(NamedTuple):
    """Token numbers of each text, 0 behind its end, shape (n, longest), and the vectors of the tokens that occur."""

    numbers: np.ndarray
    vectors: np.ndarray


def tokens(texts: list[str]) -> Tokens:
    """Cut texts into wordllama's tokens, at most :data:`LONGEST` each."""
    model = StaticEmbedder()
    pieces = [ids[:LONGEST] for ids in model.pieces(texts)]
    numbers = np.full((len(texts), max(map(len, pieces))), -1)
    for row, ids in enumerate(pieces):
        numbers[row, : len(ids)] = ids
    used = np.unique(numbers[numbers >= 0])
    vectors = model._vectors[used].astype(np.float32)
    places = np.where(numbers < 0, 0, np.searchsorted(used, numbers) + 1)
    return Tokens(places, np.vstack([np.zeros_like(vectors[:1]), vectors]))


def fine_tune(
    words: Tokens, codes: np.ndarray, classes: tuple[str, ...], folder: Path, *, seed: int, epochs: int
) -> float:
    """Train on the codes, write the logits of each epoch into ``folder/train`` and ``folder/eval``; return CPU seconds.

    The rows are called by their positions.
    """
    import torch

    started = time.process_time()
    torch.manual_seed(seed)
    rng = np.random.default_rng(seed)
    order = rng.permutation(len(codes))
    held_out, trained_on = np.sort(order[: len(codes) // HELD_OUT]), np.sort(order[len(codes) // HELD_OUT :])
    model = _network(words.vectors, len(classes))
    table, others = model.embedding.weight, [value for name, value in model.named_parameters() if "embed" not in name]
    adams = [
        torch.optim.SparseAdam([table], lr=RATE * float(words.vectors.std())),
        torch.optim.Adam(others, lr=RATE),
    ]
    numbers, labels = torch.tensor(words.numbers), torch.tensor(codes)
    with (
        ls.DynamicsWriter(folder / "train", ids=_names(trained_on), classes=classes) as training,
        ls.DynamicsWriter(folder / "eval", ids=_names(held_out), classes=classes) as evaluation,
    ):
        for epoch in range(epochs):
            model.train()
            for rows in _batches(rng.permutation(trained_on)):
                logits = model(_cut(numbers[rows]))
                training.batch(_names(rows), logits.detach().numpy(), epoch=epoch)
                for adam in adams:
                    adam.zero_grad()
                torch.nn.functional.cross_entropy(logits, labels[rows]).backward()
                for adam in adams:
                    adam.step()
            model.eval()
            with torch.no_grad():
                for rows in _batches(held_out):
                    evaluation.batch(_names(rows), model(_cut(numbers[rows])).numpy(), epoch=epoch)
    return time.process_time() - started


def _network(vectors: np.ndarray, classes: int) -> torch.nn.Module:
    import torch
    from torch import nn

    class Network(nn.Module):
        """Words in order and their mean."""

        def __init__(self) -> None:
            super().__init__()
            wide = vectors.shape[1]
            self.scale = 1 / float(vectors.std())
            self.embedding = nn.Embedding.from_pretrained(torch.tensor(vectors), freeze=False, sparse=True)
            self.first = nn.Conv1d(wide, FILTERS, 3, padding=1)
            self.second = nn.Conv1d(FILTERS, FILTERS, 3, padding=2, dilation=2)
            self.head, self.dropout = nn.Linear(wide + FILTERS, classes), nn.Dropout(DROPOUT)

        def forward(self, numbers: torch.Tensor) -> torch.Tensor:
            """Return logits, shape (rows, classes)."""
            shown = (numbers > 0).unsqueeze(2).float()
            values = self.dropout(self.embedding(numbers) * self.scale) * shown
            mean = values.sum(dim=1) / shown.sum(dim=1).clamp(min=1)
            inner = torch.relu(self.second(torch.relu(self.first(values.transpose(1, 2)))))
            most = (inner * shown.transpose(1, 2)).amax(dim=2)
            return self.head(self.dropout(torch.cat([mean, most], dim=1)))

    return Network()


def _cut(numbers: torch.Tensor) -> torch.Tensor:
    return numbers[:, : max(int((numbers > 0).sum(dim=1).max()), 1)]


def _batches(rows: np.ndarray) -> list[np.ndarray]:
    return np.array_split(rows, -(-len(rows) // BATCH))


def _names(rows: np.ndarray) -> list[str]:
    return list(map(str, rows.tolist()))
