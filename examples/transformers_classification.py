"""A transformers classifier is trained, and the tickets with wrong labels are found on the way.

python examples/transformers_classification.py [--store DIR]
"""

from __future__ import annotations

import argparse
import random
import tempfile

import labelsift as ls
import pyarrow as pa
from datasets import Dataset
from transformers import BertConfig, BertForSequenceClassification, Trainer, TrainingArguments, set_seed

TOPICS = {
    "billing": ["charged twice", "invoice missing", "wrong amount", "card declined", "refund pending"],
    "delivery": ["parcel lost", "courier late", "box damaged", "address changed", "tracking stuck"],
    "login": ["password forgotten", "account locked", "code expired", "cannot sign in", "email unknown"],
}


def tickets(n: int = 240, wrong: int = 12) -> tuple[list[dict[str, str]], set[str]]:
    """Invent tickets, some of them with the label of another topic."""
    draw, names = random.Random(0), list(TOPICS)  # noqa: S311 - invented data
    rows = []
    for number in range(n):
        topic = names[number % 3]
        words = " ".join([draw.choice(TOPICS[topic]), draw.choice(TOPICS[topic]), f"order {draw.randint(1, 999)}"])
        rows.append({"id": f"t{number:03d}", "text": f"hello {words} please help", "label": topic})
    spoiled = draw.sample(rows, wrong)
    for row in spoiled:
        row["label"] = draw.choice([name for name in names if name != row["label"]])
    return rows, {row["id"] for row in spoiled}


def main() -> None:
    """Train, and print what was found."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--store", default=".labelsift")
    store = parser.parse_args().store
    rows, wrong = tickets()
    classes = list(TOPICS)
    vocabulary = {word: code for code, word in enumerate(sorted({w for row in rows for w in row["text"].split()}), 1)}
    given = [
        {
            "id": row["id"],
            "input_ids": [vocabulary[word] for word in row["text"].split()],
            "label": classes.index(row["label"]),
        }
        for row in rows
    ]
    longest = max(len(row["input_ids"]) for row in given)
    for row in given:
        row["attention_mask"] = [1] * len(row["input_ids"]) + [0] * (longest - len(row["input_ids"]))
        row["input_ids"] += [0] * (longest - len(row["input_ids"]))
    set_seed(0)
    config = BertConfig(
        vocab_size=len(vocabulary) + 1,
        hidden_size=32,
        num_hidden_layers=1,
        num_attention_heads=2,
        intermediate_size=64,
        id2label=dict(enumerate(classes)),
    )
    with tempfile.TemporaryDirectory() as folder:
        arguments = TrainingArguments(
            folder, num_train_epochs=4, learning_rate=3e-3, use_cpu=True, report_to="none", save_strategy="no"
        )
        trainer = Trainer(BertForSequenceClassification(config), arguments, train_dataset=Dataset.from_list(given))

        samples = ls.read(pa.Table.from_pylist(rows), label="label", id="id")
        with ls.watch(trainer, samples, store=store) as capture:
            trainer.train()

    dynamics = capture.report.summary()["facts"]["dynamics"]
    flagged = capture.report.ids("is_label_issue")
    print(f"Recorded {dynamics['epochs']} epochs of {len(rows)} tickets; run {capture.report.run}")
    print(f"{len(flagged)} labels are in doubt; {len(wrong & set(flagged))} of the {len(wrong)} that were made wrong")


if __name__ == "__main__":
    main()
