"""A cross-encoder of sentence-transformers learns which answers fit; the pairs with wrong labels are found on the way.

python examples/cross_encoder.py [--store DIR]
"""

from __future__ import annotations

import argparse
import random
import tempfile

import labelsift as ls
import pyarrow as pa
from datasets import Dataset
from sentence_transformers.cross_encoder import CrossEncoder, CrossEncoderTrainer
from sentence_transformers.cross_encoder.losses import BinaryCrossEntropyLoss
from sentence_transformers.cross_encoder.training_args import CrossEncoderTrainingArguments
from tiny_model import tiny_model

ANSWERS = {
    "where is my parcel": ["the courier comes tomorrow", "it left our depot today"],
    "why was i charged": ["the invoice was sent twice", "your card is billed monthly"],
    "how do i log in": ["use the link in the email", "reset your password first"],
}


def pairs(n: int = 240, wrong: int = 12) -> tuple[list[dict], set[int]]:
    """Invent questions with answers, fitting or not; of some the label is turned around."""
    draw, questions, rows = random.Random(0), list(ANSWERS), []  # noqa: S311 - invented data
    for number in range(n):
        question = draw.choice(questions)
        fits = number % 2
        other = question if fits else draw.choice([name for name in questions if name != question])
        answer = draw.choice(ANSWERS[other])
        rows.append({"question": f"{question} ticket {number}", "answer": answer, "label": float(fits)})
    spoiled = set(draw.sample(range(n), wrong))
    for number in spoiled:
        rows[number]["label"] = 1 - rows[number]["label"]
    return rows, spoiled


def main() -> None:
    """Train, and print what was found."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--store", default=".labelsift")
    store = parser.parse_args().store
    rows, wrong = pairs()
    names = ["other", "fits"]  # what the one output is the log odds of: the second
    table = [
        {"id": f"p{number:03d}", "text": f"{row['question']} / {row['answer']}", "label": names[int(row["label"])]}
        for number, row in enumerate(rows)
    ]
    samples = ls.read(pa.Table.from_pylist(table), label="label", id="id")
    with tempfile.TemporaryDirectory() as folder:
        name = tiny_model(f"{folder}/model", [f"{row['question']} {row['answer']}" for row in rows])
        model = CrossEncoder(name, num_labels=1, device="cpu")
        trainer = CrossEncoderTrainer(
            model=model,
            args=CrossEncoderTrainingArguments(
                folder, num_train_epochs=4, learning_rate=3e-3, use_cpu=True, report_to="none", save_strategy="no"
            ),
            train_dataset=Dataset.from_list(rows),  # every column is text to it: rows are known by their order
            loss=BinaryCrossEntropyLoss(model),
        )
        with ls.watch(trainer, samples, store=store, classes=names) as capture:
            trainer.train()

    dynamics = capture.report.summary()["facts"]["dynamics"]
    margins = capture.recording.last("train")
    print(f"Recorded {dynamics['epochs']} epochs of {len(rows)} pairs; run {capture.report.run}")
    if margins is not None:
        places, logits = margins
        given = [names.index(table[place]["label"]) for place in places]
        own = [float(row[label] - row[1 - label]) for row, label in zip(logits, given, strict=True)]
        doubted = [int(place) for _, place in sorted(zip(own, places, strict=True))[: len(wrong)]]
        print(f"Of the {len(wrong)} labels that the model believes least, {len(wrong & set(doubted))} were made wrong")


if __name__ == "__main__":
    main()
