"""What a push into Argilla costs beside the requests that it cannot do without, what a pull reads, how live is live.

``python -m benchmarks.argilla``: on a real server of its own, pushes of a thousand flagged samples with suggestions and
vectors, and in turn with each the same dataset and the same batches, prepared beforehand, sent by plain requests. Then
the same push again, which reads what the server holds and writes nothing. ``--pull`` counts what a second pull reads
after twenty changes. ``--live`` measures how soon an unscored record has its suggestion beside ``labelsift serve``.

The search index of this server is a stand-in and not Elasticsearch, unless LABELSIFT_ARGILLA_ELASTICSEARCH names one.
"""

from __future__ import annotations

import argparse
import cProfile
import json
import os
import random
import re
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from typing import Any
from unittest import mock

import labelsift as ls
import numpy as np
import pyarrow as pa
import requests
from labelsift.data.samples import Samples
from labelsift.data.schemas import Finding, findings_table
from labelsift.integrations.argilla.client.client import BATCH, Client
from labelsift.integrations.argilla.client.read import Dataset
from labelsift.integrations.argilla.client.transport import body_of
from labelsift.integrations.argilla.convert.review_schema import DECISION, GIVEN, SUGGESTED
from labelsift.integrations.argilla.server import WORKSPACE, ArgillaServer
from labelsift.integrations.argilla.state.rounds import rounds_in
from labelsift.report import Report
from labelsift.store.store import Store

from tests.helpers.backend_process import BackendServer

CLASSES = tuple(f"class_{number:02d}" for number in range(20))
KINDS = ("fields", "questions", "metadata-properties", "vectors-settings")
WORDS = {"card": "card lost stolen block bank new", "refund": "refund money back shop order", "login": "login code app"}


def flagged(rows: int, run: str) -> Report:
    """Return a report of ``rows`` samples that are all flagged, with embeddings of 256 numbers."""
    ids = [f"t{row:06d}" for row in range(rows)]
    labels = [CLASSES[row % 20] for row in range(rows)]
    findings = []
    for row, (id, given) in enumerate(zip(ids, labels, strict=True)):
        other = CLASSES[(row + 1) % 20]
        why = f"Labeled {given}; 9 of its 10 nearest samples and the model (0.94) say {other}"
        findings.append(Finding(id, "label", row / rows, why, given=given, suggested=other, confidence=0.94))
    texts = [f"Message {row}: my card has not arrived, and nobody tells me what to do now. " * 2 for row in range(rows)]
    table = pa.table({"id": ids, "text": texts, "label": labels})
    samples = Samples(table, pa.table({"channel": [("mail", "phone")[row % 2] for row in range(rows)]}), "tickets")
    vectors = np.random.default_rng(0).normal(size=(rows, 256)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    scores, found = pa.table({"id": ids}), findings_table(findings)
    return Report(run, datetime.now(UTC), samples, scores, found, classes=CLASSES, embeddings=vectors)


@contextmanager
def counted(requested: list[tuple[str, float]]) -> Iterator[None]:
    """Keep ``METHOD path`` and the seconds of each request."""
    send = requests.Session.send

    def wrapped(
        self: requests.Session,
        request: requests.PreparedRequest,
        **more: Any,  # noqa: ANN401 -- what the real one takes
    ) -> requests.Response:
        began = time.perf_counter()
        answer = send(self, request, **more)
        path = re.sub(r"[0-9a-f-]{36}", "…", str(request.path_url).partition("?")[0].removeprefix("/api/v1"))
        requested.append((f"{request.method} {path}", time.perf_counter() - began))
        return answer

    with mock.patch.object(requests.Session, "send", wrapped):
        yield


def dataset_of(client: Client, name: str) -> Dataset:
    """Return the one review dataset that was pushed as ``name``."""
    rows = client.datasets(client.workspaces()[0]["id"])
    (review,) = [review for review in rounds_in(rows) if review.of == name]
    return client.settings_of(next(row for row in rows if row["id"] == review.dataset), workspace=WORKSPACE)


def recorded(client: Client, report: Report, name: str) -> tuple[dict[str, list[Any]], list[bytes]]:
    """Push once, and return the settings of the dataset and the bodies of its batches, to send them plainly."""
    bodies: list[bytes] = []
    upsert = Client._upsert

    def keep(self: Client, dataset: str, body: bytes, ids: list[str]) -> list[dict[str, Any]]:
        bodies.append(body)
        return upsert(self, dataset, body, ids)

    with mock.patch.object(Client, "_upsert", keep):
        report.push("argilla", project=name, mode="prefill")
    dataset, left = dataset_of(client, name), ("name", "title", "settings", "required", "dimensions")
    parts = (dataset.fields, dataset.questions, dataset.metadata, dataset.vectors)
    rows = [[{key: row[key] for key in left if key in row} for row in part.values()] for part in parts]
    return dict(zip(KINDS, rows, strict=True)), bodies


def plain(server: ArgillaServer, space: str, name: str, settings: dict[str, list[Any]], bodies: list[bytes]) -> float:
    """Make a dataset and send the batches, by nothing but requests; return the seconds."""
    session = requests.Session()
    session.headers.update({"X-Argilla-Api-Key": server.api_key, "Content-Type": "application/json"})

    def ask(method: str, path: str, body: dict[str, Any] | None = None, *, data: bytes | None = None) -> dict[str, Any]:
        answer = session.request(method, f"{server.url}/api/v1{path}", timeout=600, json=body, data=data)
        answer.raise_for_status()
        return answer.json()

    began = time.perf_counter()
    made = ask("POST", "/datasets", {"name": name, "workspace_id": space, "allow_extra_metadata": True})["id"]
    questions = {}
    for kind, rows in settings.items():
        for row in rows:
            answer = ask("POST", f"/datasets/{made}/{kind}", row)
            questions[row["name"]] = answer["id"]
    ask("PUT", f"/datasets/{made}/publish")
    spent = time.perf_counter() - began
    prepared = [_for(body, questions) for body in bodies]  # the ids of this dataset's questions; not part of the time
    began = time.perf_counter()
    for body in prepared:
        ask("PUT", f"/datasets/{made}/records/bulk", data=body)
    return spent + time.perf_counter() - began


def _for(body: bytes, questions: dict[str, str]) -> bytes:
    items = json.loads(body)["items"]
    for item in items:
        for made, name in zip(item.get("suggestions", ()), (DECISION, "label"), strict=False):
            made["question_id"] = questions[name]
    return body_of({"items": items})


def pushes(server: ArgillaServer, client: Client, asked: argparse.Namespace) -> None:
    """Print the seconds of pushes, of plain requests and of second pushes, and their ratios."""
    space = client.workspaces()[0]["id"]
    requested: list[tuple[str, float]] = []
    again: list[tuple[str, float]] = []
    times: dict[str, list[float]] = {"plain": [], "first": [], "second": []}
    beside: list[float] = []
    flagged(100, "warm").push("argilla", project="warm")
    settings, bodies = recorded(client, flagged(asked.rows, "recorded"), "recorded")
    for turn in range(asked.turns):
        report = flagged(asked.rows, f"run-{turn}")
        profile = cProfile.Profile() if asked.profile and turn == asked.turns - 1 else None
        # Who is first changes, as the server gets slower the more it holds.
        for name in ("plain", "first") if turn % 2 else ("first", "plain"):
            if name == "plain":
                times[name].append(plain(server, space, f"plain {turn}", settings, bodies))
                continue
            requested = []
            began = time.perf_counter()
            if profile:
                profile.enable()
            with counted(requested):
                receipt = report.push("argilla", project=f"push {turn}", mode="prefill")
            times[name].append(time.perf_counter() - began)
            beside.append(times[name][-1] - sum(seconds for what, seconds in requested if what.endswith("/bulk")))
            if profile:
                profile.disable()
                profile.dump_stats(asked.profile)
            if receipt.created != asked.rows:
                raise SystemExit(f"{receipt.created} of {asked.rows} were created")
        again = []
        began = time.perf_counter()
        with counted(again):
            receipt = report.push("argilla", project=f"push {turn}", mode="prefill")
        times["second"].append(time.perf_counter() - began)
        if receipt.unchanged != asked.rows:
            raise SystemExit(f"{receipt.unchanged} of {asked.rows} were unchanged")
        writing = [what for what, _ in again if not what.startswith("GET ") and not what.endswith("/search")]
        if writing:
            raise SystemExit(f"The second push wrote: {writing}")
        print(f"turn {turn + 1}: " + ", ".join(f"{name} {seconds[-1]:.1f} s" for name, seconds in times.items()))
    print(f"of a push, beside its batches: median {median(beside):.2f} s ({_spelled(beside)})")
    _print_requests("a push", requested)
    _print_requests("a second push", again)
    for over, under in (("first", "plain"), ("second", "plain")):
        ratios = [a / b for a, b in zip(times[over], times[under], strict=True)]
        print(f"{asked.rows:,} records; {over} push / plain requests: median {median(ratios):.3f} ({_spelled(ratios)})")


def pulls(client: Client, asked: argparse.Namespace) -> None:
    """Print what a first pull reads, and a second one after twenty changes."""
    rng = random.Random(asked.seed)  # noqa: S311 -- no secret
    report = flagged(asked.rows, "pulled")
    report.push("argilla", project="pulled")
    dataset, me = dataset_of(client, "pulled"), client.me()["id"]
    ids = [record["external_id"] for page in client.records(dataset.id, include=()) for record in page]
    rng.shuffle(ids)

    def answer(chosen: list[str], decision: str) -> None:
        said = {"user_id": me, "status": "submitted", "values": {DECISION: {"value": decision}}}
        items = [{"external_id": id, "responses": [said]} for id in chosen]
        for start in range(0, len(items), BATCH):
            some = items[start : start + BATCH]
            client.upsert(dataset.id, some, ids=[item["external_id"] for item in some])

    answer(ids[: asked.answered], SUGGESTED)
    for what in ("a first pull", "a second pull, after 10 answers were changed and 10 given"):
        requested: list[tuple[str, float]] = []
        checked, read = Client._checked_rows, []

        def rows_read(
            self: Client,
            rows: list[Any],
            names: list[str],
            _read: list[int] = read,
            _checked: Callable[..., list[Any]] = checked,
        ) -> list[Any]:
            _read.append(len(rows) if "fields" in names else 0)
            return _checked(self, rows, names)

        with counted(requested), mock.patch.object(Client, "_checked_rows", rows_read):
            began = time.perf_counter()
            rows = ls.pull("argilla", project="pulled")
            took = time.perf_counter() - began
        print(f"{what}: {rows.num_rows:,} decisions, {sum(read):,} of {asked.rows:,} records read, {took:.1f} s")
        _print_requests(what, requested)
        answer(ids[:10], GIVEN)
        answer(ids[asked.answered : asked.answered + 10], SUGGESTED)


def live(server: ArgillaServer, client: Client, folder: Path, asked: argparse.Namespace) -> None:
    """Print how many seconds after a record arrived its suggestion stands there."""
    rng = random.Random(asked.seed)  # noqa: S311 -- no secret
    labels = [[*WORDS][row % 3] for row in range(240)]
    texts = [" ".join(rng.choices(WORDS[label].split(), k=9)) + f" number {row}" for row, label in enumerate(labels)]
    table = pa.table({"id": [f"t{row:04d}" for row in range(240)], "text": texts, "label": labels})
    store = Store(folder / "store")
    ls.scan(Samples(table, pa.table({"channel": ["mail"] * 240}), "live"), store=store.folder)
    space = client.workspaces()[0]["id"]
    made = client.create_dataset("live", workspace=space, about={"allow_extra_metadata": True})["id"]
    text = {"name": "text", "title": "Text", "required": True, "settings": {"type": "text", "use_markdown": False}}
    options = [{"value": label, "text": label} for label in WORDS]
    client.add_setting(made, "fields", text)
    asks = {
        "name": "label",
        "title": "Label",
        "required": True,
        "settings": {"type": "label_selection", "options": options},
    }
    client.add_setting(made, "questions", asks)
    client.publish(made)
    seconds = []
    served = BackendServer(
        store.folder,
        [f"{WORKSPACE}/live"],
        log=folder / "serve.log",
        variables={**os.environ, **server.variables()},
        platform="argilla",
        timeout=300,
    )
    with served:
        for number in range(asked.turns * 4):
            id, text = f"new-{number}", " ".join(rng.choices(WORDS["card"].split(), k=9)) + f" unseen {number}"
            client.upsert(made, [{"external_id": id, "fields": {"text": text}}], ids=[id])
            began = time.perf_counter()
            while not any(row["suggestions"] for row in client.named(made, [id], include=("suggestions",)).values()):
                if time.perf_counter() - began > 60:
                    raise SystemExit(f"{id} has no suggestion after a minute")
                time.sleep(0.05)
            seconds.append(time.perf_counter() - began)
            time.sleep(rng.uniform(0, 2))
    print(
        f"{len(seconds)} unscored records had their suggestion after {median(seconds):.2f} s (median), at most ", end=""
    )
    print(f"{max(seconds):.2f} s; looked for every .05 s")


def _print_requests(what: str, requested: list[tuple[str, float]]) -> None:
    counts, spent = Counter(name for name, _ in requested), Counter[str]()
    for name, seconds in requested:
        spent[name] += seconds  # type: ignore[assignment]  -- seconds are no whole numbers
    named = ", ".join(f"{count} × {name} ({spent[name]:.2f} s)" for name, count in counts.most_common())
    print(f"  requests of {what}: {len(requested)}: {named}")


def _spelled(ratios: list[float]) -> str:
    return ", ".join(f"{ratio:.3f}" for ratio in ratios)


def main() -> None:
    """Start the server, and print what is asked for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=1000)
    parser.add_argument("--turns", type=int, default=5)
    parser.add_argument("--answered", type=int, default=1000, help="With --pull: so many records were answered before.")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--pull", action="store_true", help="Count what pulls read instead.")
    parser.add_argument("--live", action="store_true", help="Measure `labelsift serve argilla` instead.")
    parser.add_argument("--profile", type=Path, help="Write a profile of the last first push here.")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, ArgillaServer(Path(folder) / "server") as server:
        os.environ |= server.variables()
        client = Client(server.url, server.api_key)
        if asked.live:
            live(server, client, Path(folder), asked)
        elif asked.pull:
            pulls(client, asked)
        else:
            pushes(server, client, asked)


if __name__ == "__main__":
    main()
