"""Faults before a real server: a clear message, and the same command again ends as if there had been none."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable
from typing import Any

import pytest
from click.testing import CliRunner
from faultproxy import CUTS, Fault
from labelsift.cli import main
from labelsift.corrections.record import DECISION as DECIDED
from labelsift.integrations.argilla.client.client import Client
from labelsift.integrations.argilla.convert.review_schema import DECISION, GIVEN, LABEL, RANK, SUGGESTED
from labelsift.integrations.argilla.push import review_dataset
from labelsift.integrations.argilla.state import rounds
from labelsift.store.store import Store

ROWS = 12
RUN = "20261123-101500-4f2a"
FAULTS = (401, 403, 409, 429, 500, 503, *CUTS)
DATASET = "/api/v1/datasets/[^/]+"
PUSH = {
    "list": r"GET /api/v1/me/datasets\?",
    "create": r"POST /api/v1/datasets$",
    "question": rf"POST {DATASET}/questions$",
    "property": rf"POST {DATASET}/metadata-properties$",
    "publish": rf"PUT {DATASET}/publish$",
    "settings": rf"GET {DATASET}/questions$",
    "read": rf"GET {DATASET}/records\?",
    "send": rf"PUT {DATASET}/records/bulk$",
}
MEND = {
    "note": rf"PATCH {DATASET}$",
    "suggestion": "DELETE /api/v1/records/[^/]+/suggestions",
    "index": rf"POST {DATASET}/records/search",
    "send": PUSH["send"],
}
PULL = {"people": r"GET /api/v1/users$", "search": MEND["index"], "progress": rf"GET {DATASET}/users/progress"}
# What every run of the tests tries: each fault, and each step with the cut that leaves most in doubt.
SOME = {
    "push": [
        *(("list", 401), ("create", 403), ("create", 409), ("send", 429), ("send", 500), ("publish", 503)),
        *(("create", "cut after"), ("property", "cut after"), ("publish", "cut after"), ("send", "cut before")),
        *(("send", "cut inside"), ("send", "cut after"), ("settings", "cut inside"), ("read", 403)),
    ],
    "mend": [("note", "cut after"), ("suggestion", "cut after"), ("send", "cut after"), ("send", 500)],
    "pull": [("people", 403), ("search", 503), ("progress", "cut inside")],
}


def cases(verb: str, steps: dict[str, str]) -> list[Any]:
    """Return step and fault of every case; those that are not tried each time are long."""
    every = [(step, does) for step in steps for does in FAULTS]
    assert set(SOME[verb]) <= set(every)
    marks = {case: () if case in SOME[verb] else (pytest.mark.soak,) for case in every}
    return [pytest.param(*case, id=f"{case[0]}-{case[1]}", marks=marks[case]) for case in every]


@pytest.fixture(autouse=True)
def impatient(monkeypatch):
    """What a cut request brought, it brought before the next command: nobody else is at work on a draft here."""
    monkeypatch.setattr(rounds, "PATIENCE", 1.0)


@pytest.fixture(scope="module")
def kept(make_queue, tmp_path_factory) -> str:
    folder = tmp_path_factory.mktemp("kept")
    Store(folder).save(make_queue(ROWS, run=RUN))
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


def named(client: Client, name: str) -> list[dict[str, Any]]:
    space = client.workspaces()[0]["id"]
    return [about for about in client.datasets(space) if about["name"].startswith(f"{name} review")]


def state(client: Client, name: str) -> dict[str, Any]:
    """Everything that a push leaves in the one dataset of a name, without ids and times of the server's."""
    (about,) = named(client, name)
    dataset = client.settings_of(about, workspace="quality")
    questions = {row["id"]: row["name"] for row in dataset.questions.values()}
    records = {}
    for page in client.records(dataset.id):
        for record in page:
            made = {
                questions[made["question_id"]]: (made["value"], made["score"], made["agent"])
                for made in record["suggestions"]
            }
            said = [(said["values"], said["status"]) for said in record["responses"]]
            assert record["external_id"] not in records
            records[record["external_id"]] = record["fields"], record["metadata"], made, said
    parts = (dataset.fields, dataset.questions, dataset.metadata, dataset.vectors)
    kept = ("title", "settings", "required")
    return {
        "records": records,
        "index": sorted(client.named(dataset.id, [*records])),
        "settings": [{key: [row.get(of) for of in kept] for key, row in part.items()} for part in parts],
        "about": [about["status"], {**about["metadata"]["labelsift"], "of": "-"}, about["guidelines"]],
    }


@pytest.fixture(scope="module")
def undisturbed(server, client, kept) -> Callable[[str], dict[str, Any]]:
    """The state that a push leaves when nothing goes wrong, by mode."""
    states: dict[str, dict[str, Any]] = {}

    def of(mode: str) -> dict[str, Any]:
        if mode not in states:
            with pytest.MonkeyPatch.context() as patch:
                for variable, value in server.variables().items():
                    patch.setenv(variable, value)
                words = ["push", "argilla", f"Undisturbed {mode}", "--run", RUN, "--mode", mode, "--store", kept]
                ended = CliRunner().invoke(main, words)
                assert ended.exit_code == 0, ended.output
            states[mode] = state(client, f"Undisturbed {mode}")
        return states[mode]

    return of


@pytest.mark.parametrize(("step", "does"), cases("push", PUSH))
def test_a_push_that_failed_anywhere_is_completed_by_the_next(
    proxy, labelsift, client, name, undisturbed, step, does, monkeypatch
):
    monkeypatch.setattr(review_dataset, "BATCH", 5)
    skip = 1 if step == "send" else 0  # in the middle
    fault = Fault(PUSH[step], does, times=None, skip=skip, headers={"Retry-After": "1"} if does == 429 else {})
    proxy.plan(fault)
    push = ("push", "argilla", name, "--run", RUN)
    labelsift(*push, ends=3)
    assert fault.happened
    proxy.clear()

    labelsift(*push)

    assert state(client, name) == undisturbed("choose")
    before = len(proxy.requests)
    labelsift(*push)
    assert state(client, name) == undisturbed("choose")
    written = [request for request in proxy.requests[before:] if not re.search(r"^GET |/search\?", request)]
    assert written == []


@pytest.mark.parametrize(("step", "does"), cases("mend", MEND))
def test_a_push_that_mends_and_fails_anywhere_is_completed_by_the_next(
    proxy, labelsift, client, name, undisturbed, step, does
):
    push = ("push", "argilla", name, "--run", RUN, "--mode", "prefill")
    labelsift(*push)
    (about,) = named(client, name)
    questions = {row["name"]: row["id"] for row in client.rows(f"/datasets/{about['id']}/questions", what="q")}
    ids = [*undisturbed("prefill")["records"]]
    stray = {"question_id": questions["note"], "value": "old", "agent": "labelsift/old"}
    hurt = [
        {"external_id": ids[0], "suggestions": [stray]},
        {"external_id": ids[1], "fields": {"text": "short", "why": ""}},
        {"external_id": ids[2], "metadata": {RANK: 77}},
    ]
    client.upsert(about["id"], hurt, ids=ids[:3])
    client.delete_records(about["id"], [*(record["id"] for record in client.named(about["id"], ids[3:5]).values())])

    fault = Fault(MEND[step], does, times=None)
    proxy.plan(fault)
    labelsift(*push, ends=3)
    assert fault.happened
    proxy.clear()
    labelsift(*push)
    assert state(client, name) == undisturbed("prefill")


@pytest.fixture(scope="module")
def answered(server, client, kept) -> str:
    """A dataset in which people have decided on five samples; return what it was pushed as."""
    with pytest.MonkeyPatch.context() as patch:
        for variable, value in server.variables().items():
            patch.setenv(variable, value)
        ended = CliRunner().invoke(main, ["push", "argilla", "Answered", "--run", RUN, "--store", kept])
        assert ended.exit_code == 0, ended.output
    (about,) = named(client, "Answered")
    (page,) = client.records(about["id"])
    for record, values in zip(page, ({DECISION: SUGGESTED}, {DECISION: GIVEN}, {DECISION: "unclear"}), strict=False):
        client.respond(record["id"], values)
    client.respond(page[3]["id"], {DECISION: "other", LABEL: "refund"})
    client.respond(page[4]["id"], {}, status="discarded")
    client.respond(page[5]["id"], {DECISION: GIVEN}, status="draft")
    return "Answered"


def decisions(store: str) -> int:
    return sum(record["kind"] == DECIDED for record in Store(store).ledger.records())


@pytest.mark.parametrize(("step", "does"), cases("pull", PULL))
def test_a_pull_that_failed_has_recorded_nothing_and_the_next_has_everything(
    proxy, server, answered, kept, tmp_path, step, does
):
    store, to = tmp_path / "fresh", tmp_path / "decisions.csv"
    shutil.copytree(kept, store)
    pull = ["pull", "argilla", answered, "--store", str(store), "--to", str(to)]
    proxy.plan(Fault(PULL[step], does, times=None))
    failed = CliRunner().invoke(main, pull)
    assert (failed.exit_code, len(failed.stderr.splitlines())) == (3, 1), failed.output
    assert server.api_key not in failed.output
    assert not to.exists()
    assert decisions(str(store)) == 0
    proxy.clear()

    pulled = CliRunner().invoke(main, pull)
    assert pulled.exit_code == 0, pulled.output
    assert pulled.stdout.splitlines()[0].startswith("5 decisions"), pulled.stdout
    again = CliRunner().invoke(main, pull)
    assert "; 0 new" in again.stdout.splitlines()[0]
    assert decisions(str(store)) == 5


def test_a_busy_server_decides_when_it_is_asked_again_but_not_for_an_hour(proxy, labelsift, name, monkeypatch):
    waited: list[float] = []
    monkeypatch.setattr("urllib3.util.retry.time.sleep", waited.append)
    proxy.plan(Fault(PUSH["list"], 429, headers={"Retry-After": "3600"}, times=2))
    labelsift("push", "argilla", name, "--run", RUN)
    assert waited[:2] == [30, 30]


@pytest.mark.parametrize("does", [429, 503, "delay"])
def test_what_passes_by_itself_is_not_even_seen(proxy, labelsift, client, name, undisturbed, does):
    proxy.plan(*(Fault(PUSH[step], does) for step in ("list", "settings", "read")))
    labelsift("push", "argilla", name, "--run", RUN)
    assert sum(fault.happened for fault in proxy.faults) == 3
    assert state(client, name) == undisturbed("choose")


@pytest.mark.parametrize("does", ["cut before", "cut after", "cut inside"])
def test_a_batch_on_a_connection_that_ends_is_sent_once_more(proxy, labelsift, client, name, undisturbed, does):
    proxy.plan(Fault(PUSH["send"], does))
    labelsift("push", "argilla", name, "--run", RUN)
    assert proxy.count(PUSH["send"]) == 2
    assert state(client, name) == undisturbed("choose")


MESSAGES = {
    401: "does not accept the key",
    403: "may not use",
    404: "was deleted while samples were sent to it",
    409: "at odds with another change",
    429: "too much to do",
    500: "failed with 500 when asked for 12 records: planned",
    502: "failed with 502 when asked for 12 records: 502 Bad Gateway",
    503: "failed with 503",
    "cut before": "could not be reached",
}


@pytest.mark.parametrize("does", MESSAGES)
def test_the_message_says_what_happened_and_what_to_do(proxy, labelsift, server, name, does):
    page = f"<html>\n<head><title>502 Bad Gateway</title></head><body>\n{server.api_key}</body></html>"
    said = f'{{"detail": "planned, X-Argilla-Api-Key: {server.api_key}\\nand more"}}'
    proxy.plan(Fault(PUSH["send"], does, times=None, body=page if does == 502 else said))
    assert MESSAGES[does] in labelsift("push", "argilla", name, "--run", RUN, ends=3)


def test_a_labelers_key_cannot_push_and_is_told(reached, labelsift, make_user, client, name, monkeypatch):
    person = make_user()
    monkeypatch.setenv("ARGILLA_API_KEY", person.api_key)
    message = labelsift("push", "argilla", name, "--run", RUN, ends=3)
    assert "may not use a new dataset" in message
    assert "administrator" in message
    assert person.api_key not in message
    assert named(client, name) == []


def test_a_workspace_that_is_not_there_becomes_no_datasets_name(reached, labelsift, client, name):
    for dry in ([], ["--dry-run"]):
        message = labelsift("push", "argilla", f"qualty/{name}", "--run", RUN, *dry, ends=2)
        assert "sees no workspace qualty" in message and f"quality/qualty/{name}" in message
    assert named(client, f"qualty/{name}") == []
    labelsift("push", "argilla", f"quality/qualty/{name}", "--run", RUN)  # a slash in a dataset's own name
    labelsift("push", "argilla", f"qualty/{name}", "--run", RUN)  # which is known from now on


def test_a_sample_that_the_server_refuses_is_named_and_the_batches_before_it_stay(
    reached, labelsift, client, name, monkeypatch
):
    monkeypatch.setattr(review_dataset, "BATCH", 4)
    made = review_dataset.plan_review

    def with_a_wrong_one(*args: Any, **more: Any) -> Any:
        plan = made(*args, **more)
        plan.data["t00005"]["fields.text"] = 7
        return plan

    with monkeypatch.context() as patch:
        patch.setattr(review_dataset, "plan_review", with_a_wrong_one)
        message = labelsift("push", "argilla", name, "--run", RUN, ends=3)
    assert re.search(r"refused a sample: .*: t00005\. Nothing of its batch is stored", message), message
    (about,) = named(client, name)
    assert sum(map(len, client.records(about["id"]))) == 4  # worst first: the outlier, then from the end of the file
    labelsift("push", "argilla", name, "--run", RUN)
    assert len(state(client, name)["records"]) == ROWS
