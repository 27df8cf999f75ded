"""A PyTorch loop that is watched: two lines, and the scan afterwards knows how each ticket was learned.

    python examples/pytorch_loop.py [--store DIR]

It needs torch. The tickets are invented, and 5 % of the training labels are wrong on purpose.
"""

from __future__ import annotations

import argparse
import zlib
from collections.abc import Sequence

import labelsift as ls
import torch
from split_tickets import CLASSES, print_worst, samples_of, tickets

WORDS, EPOCHS, BATCH = 2_048, 4, 32


class Classifier(torch.nn.Module):
    """The mean of hashed words' vectors, and a linear layer."""

    def __init__(self) -> None:
        super().__init__()
        self.encoder = torch.nn.EmbeddingBag(WORDS, 32)
        self.head = torch.nn.Linear(32, len(CLASSES))

    def forward(self, texts: Sequence[str]) -> torch.Tensor:
        """Return logits, shape (texts, classes); every ticket has nine words."""
        words = [[zlib.crc32(word.encode()) % WORDS for word in text.split()] for text in texts]
        return self.head(self.encoder(torch.tensor(words)))


def main() -> None:
    """Train, and say what the scan found."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--store", default=".labelsift")
    store = parser.parse_args().store
    rows = tickets()
    samples = samples_of(rows)
    torch.manual_seed(0)
    model = Classifier()
    optimizer = torch.optim.AdamW(model.parameters(), lr=0.02)
    train, held_out = ([row for row in rows if row["split"] == split] for split in ("train", "eval"))
    loader = torch.utils.data.DataLoader(train, batch_size=BATCH, shuffle=True)

    with ls.watch(model, samples, classifier="head", embedding="encoder", classes=CLASSES, store=store) as capture:
        for epoch in range(EPOCHS):
            model.train()
            for batch in loader:  # a dictionary with a list of ids
                targets = torch.tensor([CLASSES.index(label) for label in batch["label"]])
                with capture.batch(batch["id"], epoch=epoch):
                    loss = torch.nn.functional.cross_entropy(model(batch["text"]), targets)
                optimizer.zero_grad()
                loss.backward()
                optimizer.step()
            model.eval()
            with torch.no_grad(), capture.batch([row["id"] for row in held_out], epoch=epoch):
                model([row["text"] for row in held_out])

    print_worst(capture.report, rows, store)


if __name__ == "__main__":
    main()
