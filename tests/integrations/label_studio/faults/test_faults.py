"""Faults before a real server: a clear message, and the same command again ends as if there had been none."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from faultproxy import CUTS, Fault
from labelsift.cli import main
from labelsift.corrections.record import DECISION
from labelsift.integrations.label_studio.client.client import Client
from labelsift.integrations.label_studio.state import rounds as review
from labelsift.integrations.label_studio.state import server_state
from labelsift.store.store import Store

ROWS = 16
RUN, EARLIER = "20261123-101500-4f2a", "20261122-101500-4f2a"
STATUSES = (401, 403, 409, 429, 500, 502)
FAULTS = (*STATUSES, *CUTS)
PUSH = {
    "list": r"GET /api/projects\?",
    "create": r"POST /api/projects/$",
    "announce": r"PATCH /api/projects/\d+/",
    "tasks": r"GET /api/tasks",
    "import": r"POST /api/projects/\d+/import",
    "predictions": r"GET /api/predictions",
    "tabs": r"GET /api/dm/views",
    "tab": r"POST /api/dm/views",
}
MATCH = {
    "forget": r"DELETE /api/projects/\d+/model-versions",
    "predict": r"POST /api/projects/\d+/import/predictions",
    "read again": r"GET /api/tasks.*selectedItems",
    "write": r"PATCH /api/tasks/\d+/",
    "make": r"POST /api/projects/\d+/import\b(?!/)",
    "tab": r"PUT /api/dm/views",
}
PULL = {"people": r"GET /api/users", "answers": r"GET /api/tasks"}
# What every run of the tests tries: each fault, and each step with the cut that leaves most in doubt.
SOME = {
    "push": [
        *(("list", 401), ("create", 403), ("create", 409), ("import", 429), ("import", 500), ("tabs", 502)),
        *(("create", "cut after"), ("announce", "cut after"), ("import", "cut before"), ("import", "cut inside")),
        *(("tab", "cut after"), ("predictions", "cut inside")),
    ],
    "match": [("predict", "cut after"), ("write", 500), ("make", "cut after")],
    "pull": [("people", 403), ("answers", 502), ("answers", "cut inside")],
}


def cases(verb: str, steps: dict[str, str]) -> list[Any]:
    """Return step and fault of every case; those that are not tried each time are long."""
    every = [(step, does) for step in steps for does in FAULTS]
    assert set(SOME[verb]) <= set(every)
    marks = {case: () if case in SOME[verb] else (pytest.mark.soak,) for case in every}
    return [pytest.param(*case, id=f"{case[0]}-{case[1]}", marks=marks[case]) for case in every]


@pytest.fixture(autouse=True)
def impatient(monkeypatch):
    """What a cut request brought, it brought before the next command: nothing is under way here."""
    monkeypatch.setattr(review, "PATIENCE", 1.0)
    monkeypatch.setattr(server_state, "PATIENCE", 1.0)


@pytest.fixture(scope="module")
def kept(make_queue, tmp_path_factory) -> str:
    """A store with two runs, the later one with fewer flags."""
    folder = tmp_path_factory.mktemp("kept")
    for run, flagged in ((EARLIER, ROWS), (RUN, ROWS - 6)):
        Store(folder).save(make_queue(ROWS, run=run, flagged=flagged))
    return str(folder)


@pytest.fixture
def labelsift(kept, server) -> Callable[..., str]:
    """Run a command; return the message that it ends with, which is one line, names a hint and tells no secret."""

    def run(*words: str, ends: int = 0) -> str:
        result = CliRunner().invoke(main, [*words, "--store", kept])
        assert result.exit_code == ends, result.output + repr(result.exception)
        assert server.api_key not in result.output
        if ends:
            (line,) = result.stderr.splitlines()
            assert re.match(r"labelsift: .+\. [A-Z].+\.$", line), line
        return result.stderr

    return run


def state(client: Client, project: int) -> dict[str, Any]:
    """Everything that a push leaves, in order, without what the server numbers and what tells the project's name."""
    tasks = [task for page in client.tasks(project, annotations=True) for task in page]
    place = {task["id"]: index for index, task in enumerate(tasks)}
    predictions = [
        (
            place[prediction["task"]],
            prediction["model_version"],
            prediction.get("score"),
            [region["value"] for region in prediction["result"]],
        )
        for prediction in client.predictions(project)
    ]
    settings = client.project(project)
    return {
        "tasks": [(task["data"], task["meta"], [row["result"] for row in task["annotations"]]) for task in tasks],
        "predictions": sorted(predictions, key=repr),
        # When a run was first pushed stands in one of the tabs.
        "tabs": [re.sub(r"20\d\d-\d\d-\d\dT[\d:.]+Z", "then", str(view["data"])) for view in client.views(project)],
        "project": [settings[name] for name in ("label_config", "model_version", "task_number")],
        "pending": "pending" in settings["description"],
    }


def named(client: Client, name: str) -> list[int]:
    return [project["id"] for project in client.projects() if project["title"].split(" · ")[0] == name]


@pytest.fixture(scope="module")
def undisturbed(make_queue, server, client, kept) -> dict[str, Any]:
    """The state that a push leaves in a review project when nothing goes wrong."""
    with pytest.MonkeyPatch.context() as patch:
        for variable, value in server.variables().items():
            patch.setenv(variable, value)
        ended = CliRunner().invoke(main, ["push", "label-studio", "Undisturbed", "--run", RUN, "--store", kept])
        assert ended.exit_code == 0, ended.output
    (project,) = named(client, "Undisturbed")
    return state(client, project)


@pytest.mark.parametrize(("step", "does"), cases("push", PUSH))
def test_a_push_that_failed_anywhere_is_completed_by_the_next(proxy, labelsift, client, name, undisturbed, step, does):
    fault = Fault(PUSH[step], does, times=None, headers={"Retry-After": "1"} if does == 429 else {})
    proxy.plan(fault)
    labelsift("push", "label-studio", name, "--run", RUN, ends=3)
    assert fault.happened
    proxy.clear()

    labelsift("push", "label-studio", name, "--run", RUN)

    (project,) = named(client, name)
    assert state(client, project) == undisturbed
    labelsift("push", "label-studio", name, "--run", RUN)
    assert (named(client, name), state(client, project)) == ([project], undisturbed)


@pytest.fixture
def theirs(client, make_queue, tmp_path) -> Callable[[str], int]:
    """Make a project of somebody else's that lacks three of the samples, with the answers that people gave."""
    config = (
        (Path(__file__).parents[1] / "push" / "test_existing_project.py")
        .read_text()
        .split('CONFIG = """')[1]
        .split('"""')[0]
    )

    def make(title: str) -> int:
        project = client.create_project(title=title, description="theirs", label_config=config, model_version="")
        samples = make_queue(ROWS).samples
        tasks = [
            {"data": {"ticket": id, "text": text, "nested": {"deep": [1, None, "x"]}}, "annotations": answers}
            for index, (id, text) in enumerate(zip(samples.ids.to_pylist(), samples.texts.to_pylist(), strict=True))
            for choice in [{"from_name": "intent", "to_name": "body", "type": "choices"}]
            for answers in [[{"result": [{**choice, "value": {"choices": ["refund"]}}]}] if index % 3 == 0 else []]
        ]
        client.import_tasks(project, tasks[:-3])
        return project

    return make


@pytest.mark.parametrize(("step", "does"), cases("match", MATCH))
def test_a_push_onto_a_project_of_theirs_that_failed_is_completed_by_the_next(
    proxy, labelsift, client, theirs, name, step, does
):
    onto = ["--match", "ticket", "--create"]
    smooth, project = theirs(f"{name} smooth"), theirs(name)
    push = ["push", "label-studio", *onto, "--run"]
    for number in (smooth, project):
        # The first round makes one of the three that lack; the rest comes with the second.
        labelsift(*push, EARLIER, str(number), "--budget", str(ROWS - 1))
    for number in (smooth, project):
        gone = [task["id"] for page in client.tasks(number) for task in page if task["meta"]]
        client.delete_tasks(number, gone)
    labelsift(*push, RUN, str(smooth))
    before = client.project(project)["title"]

    fault = Fault(MATCH[step], does, times=None)
    proxy.plan(fault)
    stored = step == "predict" and does in ("cut after", "cut inside")  # it is asked whether they arrived, and they did
    labelsift(*push, RUN, name, ends=0 if stored else 3)
    assert fault.happened
    proxy.clear()
    labelsift(*push, RUN, name)

    assert state(client, project) == state(client, smooth)
    assert client.project(project)["title"] == before
    mine = state(client, project)
    labelsift(*push, RUN, name)
    assert state(client, project) == mine


@pytest.fixture(scope="module")
def answered(make_queue, server, client, kept) -> str:
    """A review project in which people have decided on five samples; return what it was pushed as."""
    with pytest.MonkeyPatch.context() as patch:
        for variable, value in server.variables().items():
            patch.setenv(variable, value)
        ended = CliRunner().invoke(main, ["push", "label-studio", "Answered", "--run", RUN, "--store", kept])
        assert ended.exit_code == 0, ended.output
    (project,) = named(client, "Answered")
    for page in client.tasks(project):
        for task in page[:5]:
            answer(client, task["id"], "refund")
    return "Answered"


def answer(client: Client, task: int, label: str) -> None:
    body = {"result": [{"from_name": "label", "to_name": "text", "type": "choices", "value": {"choices": [label]}}]}
    client.send("POST", f"/api/tasks/{task}/annotations/", body=body, what="an annotation")


def decisions(store: str) -> int:
    return sum(record["kind"] == DECISION for record in Store(store).ledger.records())


@pytest.fixture
def fresh(kept, tmp_path) -> str:
    """A store with the runs and no decisions yet."""
    import shutil

    shutil.copytree(kept, tmp_path / "fresh")
    return str(tmp_path / "fresh")


@pytest.mark.parametrize(("step", "does"), cases("pull", PULL))
def test_a_pull_that_failed_has_recorded_nothing_and_the_next_has_everything(
    proxy, server, answered, fresh, tmp_path, step, does
):
    to = tmp_path / "decisions.csv"
    pull = ["pull", "label-studio", answered, "--store", fresh, "--to", str(to)]
    fault = Fault(PULL[step], does, times=None)
    proxy.plan(fault)
    failed = CliRunner().invoke(main, pull)
    assert (failed.exit_code, len(failed.stderr.splitlines())) == (3, 1), failed.output
    assert server.api_key not in failed.output
    assert not to.exists()
    assert decisions(fresh) == 0
    proxy.clear()

    pulled = CliRunner().invoke(main, pull)
    summary = "5 decisions, 1 accepted, 2 changed, 2 refused; 5 new"
    assert (pulled.exit_code, pulled.stdout.splitlines()[0]) == (0, summary)
    again = CliRunner().invoke(main, pull)
    assert again.stdout.splitlines()[0].endswith("; 0 new")
    assert decisions(fresh) == 5


def test_a_server_that_is_killed_during_a_pull_leaves_nothing_half_recorded(proxy, server, answered, fresh, tmp_path):
    to = tmp_path / "decisions.csv"
    pull = ["pull", "label-studio", answered, "--store", fresh, "--to", str(to)]
    killed = threading.Event()

    def kill_at_the_answers(request: str) -> None:
        if re.search(PULL["answers"], request) and not killed.is_set():
            server.kill()
            killed.set()

    proxy._choose = kill_at_the_answers
    try:
        failed = CliRunner().invoke(main, pull)
        assert killed.is_set()
    finally:
        if killed.is_set():
            server.start()
    assert (failed.exit_code, "could not be reached" in failed.stderr) == (3, True), failed.output
    assert not to.exists()
    assert decisions(fresh) == 0
    proxy.clear()
    assert CliRunner().invoke(main, pull).stdout.splitlines()[0].endswith("; 5 new")


# The server asks for an hour; nobody waits that long for a command.
def test_a_busy_server_decides_when_it_is_asked_again_but_not_for_an_hour(proxy, labelsift, name, monkeypatch):
    waited: list[float] = []
    monkeypatch.setattr("urllib3.util.retry.time.sleep", waited.append)
    proxy.plan(Fault(PUSH["list"], 429, headers={"Retry-After": "3600"}, times=2))
    labelsift("push", "label-studio", name, "--run", RUN)
    assert waited[:2] == [30, 30]


@pytest.mark.parametrize("does", [429, 502, "delay"])
def test_what_passes_by_itself_is_not_even_seen(proxy, labelsift, client, name, undisturbed, does):
    proxy.plan(*(Fault(PUSH[step], does) for step in ("list", "announce", "tasks", "tabs")))
    labelsift("push", "label-studio", name, "--run", RUN)
    assert sum(fault.happened for fault in proxy.faults) == 4
    (project,) = named(client, name)
    assert state(client, project) == undisturbed


MESSAGES = {
    401: "does not accept the key",
    403: "may not use a tab",
    409: "at odds with another change",
    429: "too much to do",
    500: "failed with 500 when asked for a tab: planned",
    502: "failed with 502 when asked for a tab: 502 Bad Gateway",
    "cut before": "could not be reached",
}


@pytest.mark.parametrize("does", MESSAGES)
def test_the_message_says_what_happened_and_what_to_do(proxy, labelsift, server, name, does):
    page = f"<html>\n<head><title>502 Bad Gateway</title></head><body>\n{server.api_key}</body></html>"
    said = f'planned, "Authorization: Token {server.api_key}"\nand more'
    proxy.plan(Fault(PUSH["tab"], does, times=None, body=page if does == 502 else said))
    assert MESSAGES[does] in labelsift("push", "label-studio", name, "--run", RUN, ends=3)
