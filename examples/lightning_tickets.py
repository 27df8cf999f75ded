"""A Lightning training that is watched: one line around fit, and the scan afterwards has the validation's predictions.

    python examples/lightning_tickets.py [--store DIR]

It needs torch and lightning. The tickets are invented, and 5 % of the training labels are wrong on purpose.
"""

from __future__ import annotations

import argparse
import logging
import warnings
import zlib
from typing import Any

import labelsift as ls
import lightning
import torch
from split_tickets import CLASSES, print_worst, samples_of, tickets

WORDS, EPOCHS, BATCH = 2_048, 4, 32


class Tickets(lightning.LightningModule):
    """The mean of hashed words' vectors, and a linear layer."""

    def __init__(self) -> None:
        super().__init__()
        self.encoder = torch.nn.EmbeddingBag(WORDS, 32)
        self.head = torch.nn.Linear(32, len(CLASSES))

    def forward(self, texts: list[str]) -> torch.Tensor:
        """Return logits, shape (texts, classes); every ticket has nine words."""
        words = [[zlib.crc32(word.encode()) % WORDS for word in text.split()] for text in texts]
        return self.head(self.encoder(torch.tensor(words)))

    def training_step(self, batch: dict[str, Any], batch_idx: int) -> torch.Tensor:
        """Return the loss."""
        targets = torch.tensor([CLASSES.index(label) for label in batch["label"]])
        return torch.nn.functional.cross_entropy(self(batch["text"]), targets)

    def validation_step(self, batch: dict[str, Any], batch_idx: int) -> None:
        """Run the model; its logits are recorded."""
        self(batch["text"])

    def configure_optimizers(self) -> torch.optim.Optimizer:
        """Return Adam."""
        return torch.optim.AdamW(self.parameters(), lr=0.02)


def main() -> None:
    """Train, and say what the scan found."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--store", default=".labelsift")
    store = parser.parse_args().store
    warnings.filterwarnings("ignore", module="lightning")  # of small batches and few workers
    logging.getLogger("lightning.pytorch").setLevel(logging.ERROR)
    rows = tickets()
    samples = samples_of(rows)
    lightning.seed_everything(0, verbose=False)
    train, held_out = ([row for row in rows if row["split"] == split] for split in ("train", "eval"))
    trainer = lightning.Trainer(
        max_epochs=EPOCHS,
        accelerator="cpu",
        logger=False,
        enable_checkpointing=False,
        enable_progress_bar=False,
        enable_model_summary=False,
    )

    with ls.watch(
        trainer, samples, classifier="head", embedding="encoder", ids="id", classes=CLASSES, store=store
    ) as capture:
        trainer.fit(
            Tickets(),
            torch.utils.data.DataLoader(train, batch_size=BATCH, shuffle=True),
            torch.utils.data.DataLoader(held_out, batch_size=BATCH),
        )

    print_worst(capture.report, rows, store)


if __name__ == "__main__":
    main()
