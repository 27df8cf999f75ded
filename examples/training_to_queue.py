"""From a training to the labeling queue and back: train, scan, push, decide, pull, train again, panels in MLflow.

    export LABEL_STUDIO_URL=… LABEL_STUDIO_API_KEY=… MLFLOW_TRACKING_URI=…
    python examples/training_to_queue.py --folder tickets-example

It needs torch, and the extras label-studio and mlflow. The data are the demo's invented tickets, some of them labeled
wrong on purpose. Decide in Label Studio, then press Enter; with --answers truth.csv somebody who knows the truth does.
"""

from __future__ import annotations

import argparse
import csv
import os
import zlib
from itertools import chain
from pathlib import Path

import labelsift as ls
import mlflow
import numpy as np
import requests
import torch
from labelsift.demo.tickets import write_tickets

WORDS, EPOCHS, BATCH = 4_096, 8, 32


class Classifier(torch.nn.Module):
    """The mean of hashed words' vectors, and a linear layer: enough for short tickets."""

    def __init__(self, classes: int) -> None:
        super().__init__()
        self.words = torch.nn.EmbeddingBag(WORDS, 64)
        self.head = torch.nn.Linear(64, classes)

    def forward(self, texts: list[str]) -> torch.Tensor:
        """Return logits, shape (texts, classes)."""
        words = [[zlib.crc32(word.encode()) % WORDS for word in text.lower().split()] or [0] for text in texts]
        starts = np.cumsum([0, *map(len, words)])[:-1]
        return self.head(self.words(torch.tensor([*chain(*words)]), torch.tensor(starts)))


def train(samples: ls.Samples, *, name: str, store: Path) -> ls.Report:
    """Train for some epochs, and return the scan that follows; its panels are in the MLflow run of this name."""
    torch.manual_seed(0)
    classes = list(samples.classes)
    rows = list(zip(samples.ids.to_pylist(), samples.texts.to_pylist(), samples.codes(classes).tolist(), strict=True))
    splits = samples.column("split").to_pylist()
    learned = [row for row, split in zip(rows, splits, strict=True) if split == "train" and row[2] >= 0]
    others = [row for row, split in zip(rows, splits, strict=True) if split != "train"]
    model = Classifier(len(classes))
    optimizer = torch.optim.AdamW(model.parameters(), lr=0.02)
    loader = torch.utils.data.DataLoader(learned, batch_size=BATCH, shuffle=True, collate_fn=list)
    # The two lines of labelsift: this one, and the ids of each batch.
    with mlflow.start_run(run_name=name), ls.watch(model, samples, classifier="head", store=store) as capture:
        for epoch in range(EPOCHS):
            for batch in loader:
                ids, texts, labels = zip(*batch, strict=True)
                with capture.batch(ids, epoch=epoch):
                    loss = torch.nn.functional.cross_entropy(model(list(texts)), torch.tensor(labels))
                optimizer.zero_grad()
                loss.backward()
                optimizer.step()
            model.eval()
            with torch.no_grad(), capture.batch([row[0] for row in others], epoch=epoch):
                model([row[1] for row in others])
            model.train()
    return capture.report


def decide(receipt: ls.Receipt, truth: Path | None) -> None:
    """Wait for people; or answer each task as the truth says, as a person would."""
    if truth is None:
        input(f"Decide what is flagged: {receipt.url}\nThen press Enter. ")
        return
    with truth.open(encoding="utf-8") as file:
        right = {row["ticket_id"]: row["true_label"] for row in csv.DictReader(file)}
    server = os.environ["LABEL_STUDIO_URL"].rstrip("/")
    session = requests.Session()
    session.headers["Authorization"] = f"Token {os.environ['LABEL_STUDIO_API_KEY']}"
    project = receipt.details["project_id"]
    tasks = session.get(f"{server}/api/tasks", params={"project": project, "page_size": 1000}, timeout=60).json()
    for task in tasks["tasks"]:
        label = right[task["data"]["labelsift_id"]]
        if label:
            choice = {"from_name": "label", "to_name": "text", "type": "choices", "value": {"choices": [label]}}
            where = f"{server}/api/tasks/{task['id']}/annotations/"
            session.post(where, json={"result": [choice], "lead_time": 5.0}, timeout=60).raise_for_status()


def main() -> None:
    """Go the whole way once."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--folder", type=Path, default=Path("tickets-example"))
    parser.add_argument("--project", default="Tickets of the example")
    parser.add_argument("--answers", type=Path, help="a truth.csv with ticket_id and true_label")
    options = parser.parse_args()
    options.folder.mkdir(parents=True, exist_ok=True)
    data, _ = write_tickets(options.folder, 0)
    store = options.folder / ".labelsift"
    columns = {"label": "label", "id": "ticket_id", "split": "split", "metadata": ["state", "gender"]}
    samples = ls.read(data, **columns)

    report = train(samples, name="before", store=store)
    receipt = report.push("label-studio", project=options.project, only=["label"])
    print(f"{receipt.created} tickets are in the queue of {options.project}")
    decide(receipt, options.answers)
    corrections = ls.pull("label-studio", project=options.project)
    ls.record(corrections, store=store)
    cleaned = samples.apply(corrections)
    changed = sum(old != new for old, new in zip(samples.labels.to_pylist(), cleaned.labels.to_pylist(), strict=True))
    print(f"{corrections.num_rows} decisions, {changed} labels changed")

    after = train(cleaned, name="after", store=store)
    for run in (report, after):
        flagged = run.summary()["issues"]["label"]
        print(f"{run.run}: {flagged} labels flagged; its panels are in MLflow")


if __name__ == "__main__":
    main()
