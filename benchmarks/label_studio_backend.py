"""The backend for Label Studio over HTTP: how long tasks take to answer, with a run of 200,000 samples.

    python -m benchmarks.label_studio_backend [--rows 200000] [--soak 60]

The run is made of invented texts in 20 classes, embedded by the default embedder; its scores are drawn at random, as
they do not matter here. The backend is a process of its own, with Basic auth. Each request has a connection of
its own, as Label Studio's have, and carries whole tasks (annotations and predictions as well). With --soak, 50 clients
ask at once for so many seconds, known and unseen tasks and webhooks mixed; no request may fail, and the memory is read
before and after (without pages of mapped files).
"""

from __future__ import annotations

import argparse
import json
import os
import random
import secrets
import tempfile
import threading
import time
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import requests
from labelsift.data.samples import Samples
from labelsift.data.schemas import Finding, findings_table
from labelsift.models.embedding import embed, embedder
from labelsift.report import Report
from labelsift.store.store import Store

from tests.helpers.backend_process import BackendServer

CLASSES, WORDS, FLAGGED = 20, 30, 0.03
RUN = "20261125-000000-benchmark"
CLIENTS = 50


def main() -> None:
    """Make the run, start the backend, ask, and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=200_000)
    parser.add_argument("--repeats", type=int, default=100)
    parser.add_argument("--soak", type=float, default=0, help="Seconds.")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        rng = random.Random(100)  # noqa: S311 - no secret
        texts = saved(Path(folder) / "store", options.rows, rng)
        backend = BackendServer(
            Path(folder) / "store", log=Path(folder) / "log", password=secrets.token_urlsafe(16), timeout=1_200
        )
        for name in ("first start (fits the model, builds the index)", "second start"):
            began = time.perf_counter()
            backend.start()
            print(f"{name:<60} {time.perf_counter() - began:>8.1f} s   {memory(backend):,.0f} MB")
            if name != "second start":
                backend.stop()
        asked = Asker(backend, texts, rng)
        asked.known(100)  # the first request reads the config
        for name, ask, tasks, times in (
            ("100 known tasks in one request", asked.known, 100, options.repeats),
            ("1 known task a request, 100 requests", asked.known, 1, 100),
            ("1 unseen task a request, 20 requests", asked.unseen, 1, 20),
            ("20 unseen tasks in one request, 20 requests", asked.unseen, 20, 20),
        ):
            spent = processor(backend)
            seconds = [ask(tasks) for _ in range(times)]
            show(name, seconds, more=f"   CPU {(processor(backend) - spent) / times * 1_000:>6.1f} ms a request")
        if options.soak:
            soak(backend, asked, options.soak)
        backend.stop()
        print(f"load average {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores")


def saved(folder: Path, rows: int, rng: random.Random) -> list[str]:
    """Keep a run of invented texts, and return these."""
    vocabulary = [[_word(rng) for _ in range(WORDS)] for _ in range(CLASSES)]
    codes = [rng.randrange(CLASSES) for _ in range(rows)]
    texts = [" ".join(rng.choices(vocabulary[code], k=10)) + f" {at}" for at, code in enumerate(codes)]
    names = [f"class_{code}" for code in codes]
    table = pa.table({"id": [f"s{at}" for at in range(rows)], "text": texts, "label": names})
    draw = np.random.default_rng(100)
    wrong = draw.random(rows) < FLAGGED
    score = np.where(wrong, draw.random(rows) * 0.4, 0.6 + draw.random(rows) * 0.4).astype(np.float32)
    other = [f"class_{(code + 1) % CLASSES}" for code in codes]
    found = [
        Finding(f"s{at}", "label", float(score[at]), "Labeled one; the model says another", given=names[at],
                suggested=other[at], confidence=float(1 - score[at]), related_ids=(f"s{(at * 7) % rows}",) * 3)
        for at in np.flatnonzero(wrong).tolist()
    ]  # fmt: skip
    scores = pa.table(
        {
            "id": table["id"],
            "label_score": score,
            "is_label_issue": wrong,
            "suggested_label": other,
            "confidence": (1 - score).astype(np.float32),
        }
    )
    report = Report(
        run=RUN,
        created=datetime(2026, 11, 25, tzinfo=UTC),
        samples=Samples(table, pa.table({"channel": ["mail"] * rows}), "benchmark"),
        scores=scores,
        findings=findings_table(found),
        classes=tuple(sorted(set(names))),
        settings={"embedder": "wordllama"},
        embeddings=embed(pa.chunked_array([texts]), embedder()),
    )
    Store(folder).save(report)
    return texts


def _word(rng: random.Random) -> str:
    return "".join(rng.choice("bcdfglmnprst") + rng.choice("aeiou") for _ in range(rng.randint(2, 3)))


class Asker:
    """Sends requests as Label Studio does."""

    def __init__(self, backend: BackendServer, texts: list[str], rng: random.Random) -> None:
        self.backend, self.texts, self.rng = backend, texts, rng
        offered = "".join(f'<Choice value="class_{at}"/>' for at in range(CLASSES))
        choices = f'<Choices name="label" toName="text">{offered}</Choices>'
        self.config = f'<View><Text name="text" value="$text"/>{choices}</View>'

    def known(self, tasks: int) -> float:
        """Ask about samples of the run, found by their texts; return the seconds."""
        return self.ask([self.rng.choice(self.texts) for _ in range(tasks)])

    def unseen(self, tasks: int) -> float:
        """Ask about texts that the run does not have; return the seconds."""
        return self.ask([f"{self.rng.choice(self.texts)} and {self.rng.random()}" for _ in range(tasks)])

    def ask(self, texts: list[str]) -> float:
        """Send one request, check that every task was answered, and return the seconds."""
        body = json.dumps({"tasks": [_task(at, text) for at, text in enumerate(texts)], "project": "1.1",
                           "label_config": self.config, "params": {"context": None}})  # fmt: skip
        began = time.perf_counter()
        answer = self.post("/predict", body)
        seconds = time.perf_counter() - began
        results = answer.json()["results"]
        assert len(results) == len(texts) and all(one["result"] for one in results)
        return seconds

    def post(self, path: str, body: str) -> requests.Response:
        """Send a request over a connection of its own."""
        headers = {"content-type": "application/json"}
        answer = requests.post(self.backend.url + path, data=body, auth=self.backend.auth, headers=headers, timeout=60)
        answer.raise_for_status()
        return answer


def _task(number: int, text: str) -> dict[str, Any]:
    region = {"from_name": "label", "to_name": "text", "type": "choices", "value": {"choices": ["class_0"]}}
    more = {"created_at": "2026-11-25T00:00:00.000000Z", "completed_by": 1, "was_cancelled": False, "lead_time": 3.2}
    return {"id": number, "data": {"text": text, "channel": "mail"}, "meta": {}, "project": 1, "is_labeled": True,
            "annotations": [{"id": number, "result": [region], **more}],
            "predictions": [{"id": number, "result": [region], "score": 0.5, **more}]}  # fmt: skip


def soak(backend: BackendServer, asked: Asker, seconds: float) -> None:
    """Let many clients ask at once; print counts, times and memory.

    The tokenizer remembers 10,000 texts in each of its threads, some 30 MB: many are asked for before.
    """
    for _ in range(550):
        asked.unseen(20)
    end, counts, times, errors = time.monotonic() + seconds, Counter[str](), [], []
    answered: list[float] = []

    def client(seed: int) -> None:
        rng = random.Random(seed)  # noqa: S311 - no secret
        mine = Asker(backend, asked.texts, rng)
        while time.monotonic() < end:
            kind = rng.choice(["known", "unseen", "webhook"])
            began = time.perf_counter()
            try:
                if kind == "webhook":
                    event = {
                        "action": "ANNOTATION_CREATED",
                        "project": {"id": 1},
                        "annotation": {"id": rng.randrange(10**9)},
                    }
                    mine.post("/webhook", json.dumps(event))
                else:
                    texts = [rng.choice(mine.texts) for _ in range(10 if kind == "known" else 1)]
                    texts = texts if kind == "known" else [f"{texts[0]} and {rng.random()}"]
                    tasks = [_task(at, text) for at, text in enumerate(texts)]
                    body = {"tasks": tasks, "project": "1.1", "label_config": mine.config}
                    results = mine.post("/predict", json.dumps(body)).json()["results"]
                    answered.append(sum(bool(one) for one in results) / len(results))
                counts[kind] += 1
                times.append(time.perf_counter() - began)
            except Exception as error:  # it is what is counted
                errors.append(type(error).__name__)

    before = memory(backend)
    threads = [threading.Thread(target=client, args=(seed,)) for seed in range(CLIENTS)]
    for one in threads:
        one.start()
    middle = 0.0
    while any(one.is_alive() for one in threads):
        time.sleep(0.5)
        if not middle and time.monotonic() > end - seconds / 2:
            middle = memory(backend)
    show(f"soak: {CLIENTS} clients, {seconds:.0f} s, {sum(counts.values()):,} requests", times)
    print(f"errors {len(errors)} {dict(Counter(errors))}; answered {np.mean(answered):.1%} of the tasks at once")
    print(f"memory {before:,.0f} MB before, {middle:,.0f} in the middle, {memory(backend):,.0f} after")


def process_of(backend: BackendServer) -> Path:
    """Return where the kernel tells of the backend's process: the one with its port that is no supervisor."""
    for process in Path("/proc").iterdir():
        if process.name.isdigit():
            try:
                command = (process / "cmdline").read_bytes().split(b"\0")
            except OSError:
                continue
            if str(backend.port).encode() in command and b"os.killpg" not in command[2]:
                return process
    raise LookupError("the backend does not run")


def memory(backend: BackendServer) -> float:
    """Return the memory of the backend's process that is its own, in MB: without pages of files, as of the index."""
    status = (process_of(backend) / "status").read_text()
    return int(status.split("RssAnon:")[1].split()[0]) / 1_000


def processor(backend: BackendServer) -> float:
    """Return the CPU seconds that the backend's process has used."""
    spent = (process_of(backend) / "stat").read_text().rpartition(")")[2].split()
    return (int(spent[11]) + int(spent[12])) / os.sysconf("SC_CLK_TCK")


def show(name: str, seconds: list[float], *, more: str = "") -> None:
    """Print percentiles in milliseconds."""
    p50, p99 = np.percentile(np.array(seconds) * 1_000, [50, 99])
    print(f"{name:<60} p50 {p50:>7.1f} ms   p99 {p99:>7.1f} ms{more}", flush=True)


if __name__ == "__main__":
    main()
