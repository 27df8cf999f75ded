"""A Lightning training that is watched: one line around fit, and the scan afterwards has the validation's predictions.

    python examples/lightning_tickets.py [--store DIR]

It needs torch and lightning. The tickets are invented, and 5 % of the training labels are wrong on purpose.
"""

from __future__ import annotations

import argparse
import logging
import random
import warnings
import zlib
from typing import Any

import labelsift as ls
import lightning
import pyarrow as pa
import torch

WORDS, EPOCHS, BATCH = 2_048, 4, 32
ABOUT = {
    "hardware": ["screen", "keyboard", "battery", "printer", "cable", "mouse"],
    "network": ["wifi", "vpn", "router", "slow", "connection", "proxy"],
    "software": ["install", "update", "crash", "licence", "version", "window"],
}
AROUND = [
    "please",
    "help",
    "my",
    "the",
    "again",
    "today",
    "since",
    "monday",
    "still",
    "with",
    "office",
    "what",
    "about",
]


def tickets(count: int = 600) -> list[dict[str, str]]:
    """Return invented tickets; ``truth`` is the label that a wrong one should have had."""
    made = random.Random(0)  # noqa: S311 - no secret
    rows = []
    for number in range(count):
        truth = made.choice(list(ABOUT))
        words = made.sample(ABOUT[truth], 3) + made.sample(AROUND, 6)
        made.shuffle(words)
        split = "eval" if number % 5 == 0 else "train"
        wrong = split == "train" and made.random() < 0.05
        label = made.choice([name for name in ABOUT if name != truth]) if wrong else truth
        rows.append({"id": f"T-{number:04d}", "text": " ".join(words), "label": label, "truth": truth, "split": split})
    return rows


class Tickets(lightning.LightningModule):
    """The mean of hashed words' vectors, and a linear layer."""

    def __init__(self, classes: list[str]) -> None:
        super().__init__()
        self.classes = classes
        self.encoder = torch.nn.EmbeddingBag(WORDS, 32)
        self.head = torch.nn.Linear(32, len(classes))

    def forward(self, texts: list[str]) -> torch.Tensor:
        """Return logits, shape (texts, classes); every ticket has nine words."""
        words = [[zlib.crc32(word.encode()) % WORDS for word in text.split()] for text in texts]
        return self.head(self.encoder(torch.tensor(words)))

    def training_step(self, batch: dict[str, Any], batch_idx: int) -> torch.Tensor:
        """Return the loss."""
        targets = torch.tensor([self.classes.index(label) for label in batch["label"]])
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
    samples = ls.read(
        pa.Table.from_pylist(rows).drop_columns(["truth"]), label="label", id="id", metadata=["split"], name="tickets"
    )
    classes = sorted(ABOUT)
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
        trainer, samples, classifier="head", embedding="encoder", ids="id", classes=classes, store=store
    ) as capture:
        trainer.fit(
            Tickets(classes),
            torch.utils.data.DataLoader(train, batch_size=BATCH, shuffle=True),
            torch.utils.data.DataLoader(held_out, batch_size=BATCH),
        )

    wrong = {row["id"] for row in rows if row["label"] != row["truth"]}
    scores = capture.report.scores.sort_by("label_score")  # lowest first; not judged last
    worst = set(scores["id"].to_pylist()[: len(wrong)])
    print(f"{len(wrong)} labels are wrong; of the {len(wrong)} with the lowest scores {len(wrong & worst)} are.")
    print(f"The report: ls.load({capture.report.run!r}, store={store!r}).to_html('report.html')")


if __name__ == "__main__":
    main()
