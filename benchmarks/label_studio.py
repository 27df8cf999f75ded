"""What a push into Label Studio costs beside the requests that it cannot do without.

``python -m benchmarks.label_studio``: on a real server of its own, pushes of ten thousand flagged samples with
predictions, and in turn with each the same batches sent by plain requests that were prepared beforehand: a new project,
its tasks, and nothing else. Then the same push again, which reads what the server holds and writes nothing.
``--read`` measures ``labelsift.read`` of an answered project instead, in turn with the same requests sent plainly, and
``--requests`` a hundred small requests of labelsift's client, in turn with those of a plain requests.Session.
"""

from __future__ import annotations

import argparse
import cProfile
import os
import resource
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from unittest import mock

import labelsift as ls
import pyarrow as pa
import requests
from labelsift.data.samples import Samples
from labelsift.data.schemas import Finding, findings_table
from labelsift.integrations.label_studio.client.client import Client
from labelsift.integrations.label_studio.client.transport import body_of
from labelsift.integrations.label_studio.convert.review_config import config_of, review_target
from labelsift.integrations.label_studio.push.plan import Common, plan_review
from labelsift.integrations.label_studio.push.review_project import BATCH
from labelsift.integrations.label_studio.server import LabelStudioServer
from labelsift.report import Report
from labelsift.review.batches import batches
from labelsift.review.items import queue_of

CLASSES = tuple(f"class_{at:02d}" for at in range(20))


def flagged(rows: int, run: str) -> Report:
    """Return a report of ``rows`` samples that are all flagged, as a scan of short messages makes them."""
    ids = [f"t{at:06d}" for at in range(rows)]
    labels = [CLASSES[at % 20] for at in range(rows)]
    found = []
    for at, (id, given) in enumerate(zip(ids, labels, strict=True)):
        other = CLASSES[(at + 1) % 20]
        why = f"Labeled {given}; 9 of its 10 nearest samples and the model (0.94) say {other}"
        found.append(Finding(id, "label", at / rows, why, given=given, suggested=other, confidence=0.94))
    texts = [f"Message {at}: my card has not arrived, and nobody tells me what to do now. " * 2 for at in range(rows)]
    table = pa.table({"id": ids, "text": texts, "label": labels})
    metadata = pa.table({"channel": [("mail", "phone")[at % 2] for at in range(rows)]})
    samples = Samples(table, metadata, "tickets")
    return Report(run, datetime.now(UTC), samples, pa.table({"id": ids}), findings_table(found), classes=CLASSES)


def bodies_of(report: Report) -> list[bytes]:
    """Return the bodies of the requests that bring a report's tasks."""
    common = Common(target=review_target(report.classes))
    plan = plan_review(queue_of(report).items, common, run=report.run, round=1)
    tasks = [{"data": data, "predictions": [plan.predictions[key]]} for key, data in plan.data.items()]
    return [body_of(batch) for batch in batches(tasks, size=BATCH)]


def plain(server: LabelStudioServer, bodies: list[bytes], config: str) -> float:
    """Make a project, send the batches; return the seconds."""
    session = requests.Session()
    session.headers.update({"Authorization": f"Token {server.api_key}", "Content-Type": "application/json"})
    began = time.perf_counter()
    asked = {"title": "plain", "label_config": config, "show_collab_predictions": True, "model_version": "none"}
    made = session.post(f"{server.url}/api/projects", json=asked, timeout=300)
    made.raise_for_status()
    for body in bodies:
        answer = session.post(f"{server.url}/api/projects/{made.json()['id']}/import", data=body, timeout=600)
        answer.raise_for_status()
    return time.perf_counter() - began


def answered(server: LabelStudioServer, rows: int) -> int:
    """Make a project in which every task has an answer; return its number."""
    client = Client(server.url, server.api_key)
    choices = "".join(f'<Choice value="{label}"/>' for label in CLASSES)
    config = f'<View><Text name="body" value="$text"/><Choices name="kind" toName="body">{choices}</Choices></View>'
    project = client.create_project(title="answered", description="", label_config=config, model_version="")
    tasks = []
    for row in range(rows):
        value = {"from_name": "kind", "to_name": "body", "type": "choices", "value": {"choices": [CLASSES[row % 20]]}}
        text = f"Message {row}: my card has not arrived, what now?"
        tasks.append({"data": {"text": text, "ticket": f"t{row}"}, "annotations": [{"result": [value]}]})
    for start in range(0, rows, BATCH):
        client.import_tasks(project, tasks[start : start + BATCH])
    return project


def reads(server: LabelStudioServer, rows: int, turns: int) -> None:
    """Print the seconds of reading a project, and of the requests of that reading by themselves."""
    project = answered(server, rows)
    asked: list[requests.PreparedRequest] = []
    send = requests.Session.send

    def recorded(self: requests.Session, request: requests.PreparedRequest, **more: object) -> requests.Response:
        asked.append(request)
        return send(self, request, **more)  # type: ignore[arg-type]

    with mock.patch.object(requests.Session, "send", recorded):
        ls.read(f"label-studio://{project}")
    ratios = []
    for turn in range(turns):
        took = {}
        for name in ("plain", "read") if turn % 2 else ("read", "plain"):
            began = time.perf_counter()
            if name == "read":
                samples = ls.read(f"label-studio://{project}")
                if len(samples) != rows or samples.labels is None or samples.labels.null_count:
                    raise SystemExit(f"{len(samples):,} of {rows:,} were read")
            else:
                session = requests.Session()
                for request in asked:
                    answer = session.send(request, timeout=600)
                    answer.raise_for_status()
                    answer.json()
            took[name] = time.perf_counter() - began
        ratios.append(took["read"] / took["plain"])
        print(f"turn {turn + 1}: {len(asked)} requests {took['plain']:.1f} s, read {took['read']:.1f} s")
    print(f"{rows:,} answered tasks; read / plain requests: median {median(ratios):.3f} ({_spelled(ratios)})")


def small_requests(server: LabelStudioServer, turns: int, *, many: int = 100) -> None:
    """Print how long small requests take labelsift's client and a plain session that keeps its connection, too."""
    client = Client(server.url, server.api_key)
    config = config_of(review_target(CLASSES), mode="choose")
    project = client.create_project(title="small", description="", label_config=config, model_version="")
    session = requests.Session()
    session.headers["Authorization"] = f"Token {server.api_key}"
    ways = {
        "plain": lambda: session.get(f"{server.url}/api/projects/{project}/", timeout=60).json(),
        "client": lambda: client.project(project),
    }
    ratios = []
    for turn in range(turns):
        took = {}
        for name in ("plain", "client") if turn % 2 else ("client", "plain"):
            began = time.perf_counter()
            if any(ways[name]()["id"] != project for _ in range(many)):
                raise SystemExit("another project came")
            took[name] = (time.perf_counter() - began) / many
        ratios.append(took["client"] / took["plain"])
        print(f"turn {turn + 1}: " + ", ".join(f"{name} {1000 * seconds:.0f} ms" for name, seconds in took.items()))
    print(f"{many} requests; client / plain session: median {median(ratios):.3f} ({_spelled(ratios)})")


def peak() -> float:
    """Return the most memory that this process has held, in MB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def main() -> None:
    """Print the seconds of each and their ratios."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=10_000)
    parser.add_argument("--turns", type=int, default=3)
    parser.add_argument("--read", action="store_true", help="Measure reading instead.")
    parser.add_argument("--requests", action="store_true", help="Measure small requests instead.")
    parser.add_argument("--profile", type=Path, help="Write a profile of the last two pushes here.")
    asked = parser.parse_args()
    times: dict[str, list[float]] = {"plain": [], "first": [], "second": []}
    with tempfile.TemporaryDirectory() as folder, LabelStudioServer(Path(folder)) as server:
        os.environ |= server.variables()
        if asked.read:
            reads(server, asked.rows, asked.turns)
            return
        if asked.requests:
            small_requests(server, asked.turns)
            return
        config = config_of(review_target(CLASSES), mode="choose")
        Client(server.url, server.api_key)  # what is imported once is paid before
        plain(server, bodies_of(flagged(100, "warm")), config)
        flagged(100, "warm").push("label-studio", project="warm")
        before = peak()
        for turn in range(asked.turns):
            report = flagged(asked.rows, f"run-{turn}")
            bodies = bodies_of(report)
            profile = cProfile.Profile() if asked.profile and turn == asked.turns - 1 else None
            # Who is first changes, as the server gets slower the more it holds.
            for name in ("plain", "first") if turn % 2 else ("first", "plain"):
                if name == "plain":
                    times[name].append(plain(server, bodies, config))
                    continue
                began = time.perf_counter()
                if profile:
                    profile.enable()
                receipt = report.push("label-studio", project=f"push {turn}")
                times[name].append(time.perf_counter() - began)
                if receipt.created != asked.rows:
                    raise SystemExit(f"{receipt.created} of {asked.rows} were created")
            began = time.perf_counter()
            receipt = report.push("label-studio", project=f"push {turn}")
            times["second"].append(time.perf_counter() - began)
            if profile:
                profile.disable()
                profile.dump_stats(asked.profile)
            if receipt.unchanged != asked.rows:
                raise SystemExit(f"{receipt.unchanged} of {asked.rows} were unchanged")
            print(f"turn {turn + 1}: " + ", ".join(f"{name} {found[-1]:.1f} s" for name, found in times.items()))
    first = [a / b for a, b in zip(times["first"], times["plain"], strict=True)]
    second = [a / b for a, b in zip(times["second"], times["first"], strict=True)]
    print(f"{asked.rows:,} tasks; push / plain requests: median {median(first):.3f} ({_spelled(first)})")
    print(f"second push / first push: median {median(second):.3f} ({_spelled(second)})")
    print(f"memory: {before:.0f} MB before, {peak():.0f} MB at most")


def _spelled(ratios: list[float]) -> str:
    return ", ".join(f"{one:.3f}" for one in ratios)


if __name__ == "__main__":
    main()
