"""A tagger is trained with transformers, and its out-of-sample tags judge the spans of the held-out tickets.

python examples/token_classification.py [--store DIR]
"""

from __future__ import annotations

import argparse
import json
import random
import tempfile

import labelsift as ls
import pyarrow as pa
from datasets import Dataset
from transformers import BertConfig, BertForTokenClassification, Trainer, TrainingArguments, set_seed

PRODUCTS = ["kettle", "lamp", "router", "keyboard", "blender", "monitor"]
TAGS = ["O", "B-product"]


def tickets(n: int = 180, held_out: int = 60) -> list[dict]:
    """Invent tickets with the products marked; in some of the held-out ones the mark is missing."""
    draw, rows = random.Random(0), []  # noqa: S311 - invented data
    for number in range(n):
        words = f"my {draw.choice(PRODUCTS)} arrived {draw.choice(['late', 'broken', 'early'])} on day {number}".split()
        tags = [int(word in PRODUCTS) for word in words]
        forgotten = number >= n - held_out and number % 12 == 0
        tags = [0] * len(words) if forgotten else tags
        starts = [sum(len(word) + 1 for word in words[:place]) for place in range(len(words))]
        marks = [
            {"start": start, "end": start + len(word), "label": "product"}
            for start, word, tag in zip(starts, words, tags, strict=True)
            if tag
        ]
        rows.append(
            {"id": f"t{number:03d}", "text": " ".join(words), "spans": json.dumps(marks), "words": words, "tags": tags}
        )
    return rows


def main() -> None:
    """Train, and print what was found in the held-out tickets."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--store", default=".labelsift")
    store = parser.parse_args().store
    rows = tickets()
    vocabulary = {word: code for code, word in enumerate(sorted({word for row in rows for word in row["words"]}), 1)}
    given = Dataset.from_list(
        [
            {"id": row["id"], "input_ids": [vocabulary[word] for word in row["words"]], "labels": row["tags"]}
            for row in rows
        ]
    )
    set_seed(0)
    config = BertConfig(
        vocab_size=len(vocabulary) + 1,
        hidden_size=32,
        num_hidden_layers=1,
        num_attention_heads=2,
        intermediate_size=64,
        id2label=dict(enumerate(TAGS)),
    )
    columns = {name: [row[name] for row in rows] for name in ("id", "text", "spans")}
    samples = ls.read(pa.table(columns), spans="spans", id="id")
    with tempfile.TemporaryDirectory() as folder:
        trainer = Trainer(
            BertForTokenClassification(config),
            TrainingArguments(
                folder, num_train_epochs=6, learning_rate=5e-3, use_cpu=True, report_to="none", save_strategy="no"
            ),
            train_dataset=given.select(range(120)),
            eval_dataset=given.select(range(120, 180)),
        )
        with ls.watch(trainer, samples, store=store, scan=False) as capture:
            trainer.train()
            trainer.evaluate()

    ids, probabilities = capture.token_probs()  # out of sample: of the tickets that were held out
    held_out = ls.read(pa.table(columns).slice(120), spans="spans", id="id")
    signals = ls.Signals(token_pred_probs=probabilities, ids=ids, classes=capture.recording.classes)
    report = ls.scan(held_out, signals=signals, store=store, progress=False)
    print(f"Tags of {sum(map(len, probabilities))} words in {len(ids)} held-out tickets; run {report.run}")
    print(f"Spans are in doubt in: {', '.join(report.ids('is_span_issue')) or 'none'}")
    print("A mark was left out in: " + ", ".join(row["id"] for row in rows[120:] if row["spans"] == "[]"))


if __name__ == "__main__":
    main()
