"""A PyTorch loop that is watched: two lines, and the scan afterwards knows how each ticket was learned.

    python examples/pytorch_loop.py [--store DIR]

It needs torch. The tickets are invented, and 5 % of the training labels are wrong on purpose.
"""

from __future__ import annotations

import argparse
import random
import zlib
from collections.abc import Sequence

import labelsift as ls
import pyarrow as pa
import torch

WORDS, EPOCHS, BATCH = 2_048, 4, 32
ABOUT = {
    "billing": ["invoice", "refund", "charged", "card", "receipt", "payment"],
    "delivery": ["parcel", "late", "courier", "tracking", "address", "damaged"],
    "login": ["password", "locked", "code", "email", "account", "reset"],
}
AROUND = ["please", "help", "my", "the", "again", "today", "since", "monday", "still", "with", "order", "what", "about"]


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


class Classifier(torch.nn.Module):
    """The mean of hashed words' vectors, and a linear layer."""

    def __init__(self, classes: int) -> None:
        super().__init__()
        self.encoder = torch.nn.EmbeddingBag(WORDS, 32)
        self.head = torch.nn.Linear(32, classes)

    def forward(self, words: torch.Tensor) -> torch.Tensor:
        """Return logits, shape (texts, classes)."""
        return self.head(self.encoder(words))


def hashed(texts: Sequence[str]) -> torch.Tensor:
    """Return the numbers of the words: shape (texts, 9); every ticket has nine."""
    return torch.tensor([[zlib.crc32(word.encode()) % WORDS for word in text.split()] for text in texts])


def main() -> None:
    """Train, and say what the scan found."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--store", default=".labelsift")
    store = parser.parse_args().store
    rows = tickets()
    table = pa.Table.from_pylist(rows).drop_columns(["truth"])
    samples = ls.read(table, label="label", id="id", metadata=["split"], name="tickets")
    classes = sorted(ABOUT)
    torch.manual_seed(0)
    model = Classifier(len(classes))
    optimizer = torch.optim.AdamW(model.parameters(), lr=0.02)
    train, held_out = ([row for row in rows if row["split"] == split] for split in ("train", "eval"))
    loader = torch.utils.data.DataLoader(train, batch_size=BATCH, shuffle=True)

    with ls.watch(model, samples, classifier="head", embedding="encoder", classes=classes, store=store) as capture:
        for epoch in range(EPOCHS):
            model.train()
            for batch in loader:  # a dictionary with a list of ids
                targets = torch.tensor([classes.index(label) for label in batch["label"]])
                with capture.batch(batch["id"], epoch=epoch):
                    loss = torch.nn.functional.cross_entropy(model(hashed(batch["text"])), targets)
                optimizer.zero_grad()
                loss.backward()
                optimizer.step()
            model.eval()
            with torch.no_grad(), capture.batch([row["id"] for row in held_out], epoch=epoch):
                model(hashed([row["text"] for row in held_out]))

    wrong = {row["id"] for row in rows if row["label"] != row["truth"]}
    scores = capture.report.scores.sort_by("label_score")  # lowest first; not judged last
    worst = set(scores["id"].to_pylist()[: len(wrong)])
    print(f"{len(wrong)} labels are wrong; of the {len(wrong)} with the lowest scores {len(wrong & worst)} are.")
    print(f"The report: ls.load({capture.report.run!r}, store={store!r}).to_html('report.html')")


if __name__ == "__main__":
    main()
