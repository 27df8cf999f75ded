"""A SetFit model is trained on a few tickets; its embeddings and the opinions of its head are kept for all of them.

python examples/setfit_tickets.py [--store DIR]
"""

from __future__ import annotations

import argparse
import random
import tempfile

import labelsift as ls
import pyarrow as pa
from datasets import Dataset
from sentence_transformers import SentenceTransformer
from setfit import SetFitModel, Trainer, TrainingArguments
from sklearn.linear_model import LogisticRegression
from tiny_model import tiny_model

TOPICS = {
    "billing": ["charged twice", "invoice missing", "wrong amount"],
    "delivery": ["parcel lost", "courier late", "box damaged"],
    "login": ["password forgotten", "account locked", "code expired"],
}


def main() -> None:
    """Train on 24 tickets, and print what the model makes of 60 that it has not seen."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--store", default=".labelsift")
    store = parser.parse_args().store
    draw, names = random.Random(0), list(TOPICS)  # noqa: S311 - invented data
    rows = []
    for number in range(84):
        topic = names[number % 3]
        words = f"{draw.choice(TOPICS[topic])} since {draw.choice(['monday', 'friday'])} order {number}"
        wrong = number >= 24 and number % 12 == 0  # of the held-out tickets
        rows.append({"id": f"t{number:02d}", "text": words, "label": names[(number + wrong) % 3]})
    samples = ls.read(pa.Table.from_pylist(rows), label="label", id="id")
    with tempfile.TemporaryDirectory() as folder:
        body = SentenceTransformer(tiny_model(f"{folder}/model", [row["text"] for row in rows]), device="cpu")
        trainer = Trainer(
            model=SetFitModel(body, LogisticRegression()),
            args=TrainingArguments(
                folder, batch_size=16, max_steps=60, body_learning_rate=1e-3, report_to="none", show_progress_bar=False
            ),
            train_dataset=Dataset.from_list(rows[:24]),
            eval_dataset=Dataset.from_list(rows[24:]),
        )
        with ls.watch(trainer, samples, store=store) as capture:
            trainer.train()

    print(f"Embeddings of the shape {capture.embeddings()[1].shape}; run {capture.report.run}")
    newest = capture.recording.last("eval")
    if newest is not None:
        places, logits = newest
        predicted = [capture.recording.classes[column] for column in logits.argmax(axis=1)]
        other = [
            f"{rows[place]['id']} ({label})"
            for place, label in zip(places, predicted, strict=True)
            if label != rows[place]["label"]
        ]
        print(f"Of 60 held-out tickets the model says another label for: {', '.join(other) or 'none'}")


if __name__ == "__main__":
    main()
