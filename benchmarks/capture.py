"""Cost of capture: wall time of trainings with and without it, and memory of a million rows that stream through it.

Trainings run in pairs, one with ``ls.watch`` and one without: of the plain loop step by step in turns, so that other
load on the machine meets both alike; of the Trainer one after the other, in alternating order. Each figure is the
median over the pairs of the seconds with, divided by those without; beside wall time stands the CPU time of the
process. What is timed is the training and, with capture, entering and leaving the ``with``: the recording is opened,
written and finished. The scan behind it is not (``scan=False``), nor the imports of the first capture in a process.
Weights, data and order are the same in every training, by the seed. PyTorch and transformers are installed by the user.
"""

from __future__ import annotations

import contextlib
import re
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import click
import labelsift as ls
import numpy as np
import pyarrow as pa
from labelsift.capture.recording import TRAIN, Recording
from labelsift.capture.row_ids import SampleIds
from labelsift.data.samples import Samples

CLASSES, TOKENS, WORDS, BATCH = 10, 128, 8_000, 32
PARTS = ("torch", "transformers", "memory")
Training = Callable[[bool], Iterator[None]]  # with capture or without: stops when it is made, and may after each step
_ENDED = object()
_STATUS = re.compile(r"(VmHWM|RssAnon):\s+(\d+) kB")


def made_samples(rows: int) -> Samples:
    """Return invented tickets of ten classes."""
    names = [f"class {row % CLASSES}" for row in range(rows)]
    table = {"id": [f"ticket-{row}" for row in range(rows)], "text": [f"text {row}" for row in range(rows)]}
    return ls.read(pa.table(table | {"label": names}), label="label", id="id", name="made")


def torch_training(rows: int, epochs: int, seed: int, store: Path) -> Training:
    """Return a plain loop: a convolution over the embedded words of a text, ids out of a shuffling loader."""
    import torch  # pyright: ignore[reportMissingImports]
    from torch import nn  # pyright: ignore[reportMissingImports]

    samples = made_samples(rows)
    rng = np.random.default_rng(seed)
    texts = torch.from_numpy(rng.integers(WORDS, size=(rows, TOKENS)))
    data = [(name, texts[row], row % CLASSES) for row, name in enumerate(samples.ids.to_pylist())]

    class Convolution(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.words, self.convolution = nn.Embedding(WORDS, 128), nn.Conv1d(128, 128, 5)
            self.encoder, self.head = nn.Linear(128, 128), nn.Linear(128, CLASSES)

        def forward(self, text: Any) -> Any:  # noqa: ANN401
            found = torch.relu(self.convolution(self.words(text).transpose(1, 2))).amax(dim=2)
            return self.head(torch.relu(self.encoder(found)))

    def train(watched: bool) -> Iterator[None]:
        torch.manual_seed(seed)
        model = Convolution()
        order = torch.Generator().manual_seed(seed)
        loader = torch.utils.data.DataLoader(data, batch_size=BATCH, shuffle=True, generator=order)
        optimizer = torch.optim.AdamW(model.parameters(), lr=1e-3)
        yield
        with _watched(watched, model, samples, store / "kept", classifier="head", embedding="encoder") as capture:
            for epoch in range(epochs):
                for ids, text, label in loader:
                    with capture.batch(ids, epoch=epoch) if watched else contextlib.nullcontext():
                        loss = nn.functional.cross_entropy(model(text), label)
                    optimizer.zero_grad()
                    loss.backward()
                    optimizer.step()
                    yield

    return train


def transformers_training(rows: int, epochs: int, seed: int, store: Path) -> Training:
    """Return a training of a BERT of 4 layers of 256 by the Trainer, 32 texts of 128 tokens a step."""
    import transformers  # pyright: ignore[reportMissingImports]

    samples = made_samples(rows)
    rng = np.random.default_rng(seed)
    ids = samples.ids.to_pylist()
    data = [
        {"id": ids[row], "input_ids": rng.integers(1, WORDS, size=TOKENS).tolist(), "labels": row % CLASSES}
        for row in range(rows)
    ]
    names = {number: f"class {number}" for number in range(CLASSES)}
    size = {"hidden_size": 256, "num_hidden_layers": 4, "num_attention_heads": 4, "intermediate_size": 1024}
    config = transformers.BertConfig(
        vocab_size=WORDS, id2label=names, label2id={v: k for k, v in names.items()}, **size
    )

    def collated(batch: list[dict[str, Any]]) -> dict[str, Any]:
        import torch  # pyright: ignore[reportMissingImports]

        return {key: torch.tensor([row[key] for row in batch]) for key in ("input_ids", "labels")}

    def train(watched: bool) -> Iterator[None]:
        transformers.set_seed(seed)
        arguments = transformers.TrainingArguments(
            output_dir=str(store / "trainer"),
            per_device_train_batch_size=BATCH,
            num_train_epochs=epochs,
            report_to=[],
            save_strategy="no",
            disable_tqdm=True,
            logging_strategy="no",
            use_cpu=True,
            seed=seed,
            remove_unused_columns=False,
        )
        trainer = transformers.Trainer(
            transformers.BertForSequenceClassification(config), arguments, train_dataset=data, data_collator=collated
        )
        yield
        with _watched(watched, trainer, samples, store / "kept"):
            trainer.train()

    return train


@contextlib.contextmanager
def _watched(watched: bool, target: Any, samples: Samples, store: Path, **names: Any) -> Iterator[Any]:  # noqa: ANN401
    with (
        ls.watch(target, samples, scan=False, store=store, **names) if watched else contextlib.nullcontext() as capture
    ):
        yield capture
    if watched and (capture.broken or capture.recording.finished(TRAIN) == 0):  # pyright: ignore[reportOptionalMemberAccess]
        raise SystemExit(f"Nothing was recorded: {capture.broken}")  # pyright: ignore[reportOptionalMemberAccess]


def pairs(train: Training, count: int) -> np.ndarray:
    """Return seconds (pairs, without and with, wall and CPU), after one training that warms up and does not count."""
    for _ in train(True):
        pass
    measured = []
    for number in range(count):
        running = {watched: train(watched) for watched in ((False, True), (True, False))[number % 2]}
        spent = {watched: np.zeros(2) for watched in running}
        for training in running.values():
            next(training)
        while running:
            for watched, training in list(running.items()):
                start = _clocks()
                if next(training, _ENDED) is _ENDED:
                    del running[watched]
                spent[watched] += _clocks() - start
        measured.append((spent[False], spent[True]))
    return np.array(measured)


def _clocks() -> np.ndarray:
    return np.array([time.perf_counter(), time.process_time()])


def stream(rows: int, epochs: int, classes: int, seed: int) -> None:
    """Stream made logits of shuffled batches through a recording, and print what this process took."""
    rng = np.random.default_rng(seed)
    imports = _status()
    ids = SampleIds([f"ticket-{row:07d}" for row in range(rows)])
    with_ids, anonymous, seconds = _status(), 0, []
    logits = rng.normal(size=(256, classes)).astype(np.float32)
    with tempfile.TemporaryDirectory() as folder:
        recording = Recording(Path(folder) / "capture", ids.names, [f"class {k}" for k in range(classes)], framework="")
        for epoch in range(epochs):
            order = rng.permutation(rows)
            start = time.perf_counter()
            for first in range(0, rows, 256):
                batch = order[first : first + 256]
                named = [ids.names[row] for row in batch.tolist()]  # as a loader hands them over
                recording.batch(ids.positions(named), logits[: len(batch)], split=TRAIN, epoch=epoch)
                if first % 25_600 == 0:
                    anonymous = max(anonymous, _status()["RssAnon"])
            seconds.append(time.perf_counter() - start)
        recording.close()
        if recording.finished(TRAIN) != epochs:
            raise SystemExit("Some epochs are missing")
        written = sum(file.stat().st_size for file in Path(folder).rglob("*") if file.is_file())
    peak = _status()["VmHWM"]
    click.echo(f"{rows:,} rows x {epochs} epochs x {classes} classes, shuffled batches of 256, seed {seed}:")
    click.echo(f"  peak of the process (VmHWM) {peak:.0f} MB; of what is no file (RssAnon) {anonymous:.0f} MB")
    click.echo(f"  after the imports {imports['VmHWM']:.0f} MB, with the ids {with_ids['VmHWM']:.0f} MB")
    click.echo(f"  {written / 2**20:,.0f} MB written, {statistics.median(seconds):.1f} s an epoch (median), ", nl=False)
    click.echo(f"{rows / statistics.median(seconds):,.0f} rows/s")


def _status() -> dict[str, float]:
    return {name: int(value) / 1024 for name, value in _STATUS.findall(Path("/proc/self/status").read_text())}


@click.command()
@click.option("--part", type=click.Choice(PARTS), multiple=True, default=PARTS, show_default=True)
@click.option("--pairs", "count", default=5, show_default=True)
@click.option(
    "--rows", default=256, show_default=True, help="Of the transformers run; the plain loop has four times as many."
)
@click.option("--epochs", default=2, show_default=True)
@click.option("--streamed", default=1_000_000, show_default=True, help="Rows that stream through a recording.")
@click.option("--seed", default=0, show_default=True)
@click.option("--here", is_flag=True, hidden=True, help="Stream in this process.")
def main(part: tuple[str, ...], count: int, rows: int, epochs: int, streamed: int, seed: int, here: bool) -> None:
    """Measure what capture costs."""
    if here:
        stream(streamed, 10, 20, seed)
        return
    trainings = {"torch": (torch_training, 4 * rows, 0.08), "transformers": (transformers_training, rows, 0.05)}
    with tempfile.TemporaryDirectory() as folder:
        for name in [name for name in part if name in trainings]:
            made, size, most = trainings[name]
            measured = pairs(made(size, epochs, seed, Path(folder)), count)
            costs = measured[:, 1] / measured[:, 0] - 1
            wall, cpu = np.median(costs, axis=0)
            steps = epochs * -(-size // BATCH)
            click.echo(
                f"{name}: wall {wall:+.1%}, CPU {cpu:+.1%} (medians of {count} pairs; wanted: {most:.0%}), seed {seed}"
            )
            step = np.median(measured[:, 0], axis=0) / steps * 1000
            click.echo(
                f"  {size} rows x {epochs} epochs; a step without capture: wall {step[0]:.0f} ms, CPU {step[1]:.0f} ms"
            )
            for (plain, watched), cost in zip(measured, costs, strict=True):
                each = (
                    f"{clock} {plain[k]:.2f} s, {watched[k]:.2f} s ({cost[k]:+.1%})"
                    for k, clock in enumerate(("wall", "CPU"))
                )
                click.echo(f"  without, with: {'; '.join(each)}")
    if "memory" in part:  # in a process that holds nothing else
        command = [
            sys.executable,
            "-m",
            "benchmarks.capture",
            "--here",
            "--streamed",
            str(streamed),
            "--seed",
            str(seed),
        ]
        subprocess.run(command, check=True)


if __name__ == "__main__":
    main()
