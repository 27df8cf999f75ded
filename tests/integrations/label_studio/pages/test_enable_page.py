"""What a project owner sees in Chromium: after ``enable``, and after pasting the backend's address.

LABELSIFT_TEST_BACKEND=http://… takes the place of the stub that answers otherwise; LABELSIFT_TEST_SHOTS=FOLDER takes
pictures to look at.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import labelsift as ls
import pytest
from backend_process import BackendServer
from click.testing import CliRunner
from labelsift.cli import main
from labelsift.integrations.label_studio.client.client import Client
from labelsift.integrations.label_studio.convert.header_tags import CLASS
from labelsift.store.store import Store

from ..backend.conftest import CONFIG as SERVED
from ..backend.conftest import build_samples

expect = pytest.importorskip("playwright.sync_api").expect
CLASSES = ("card_arrival", "lost_or_stolen_card", "refund", "top_up")
CONFIG = f"""<View>
  <Text name="body" value="$text"/>
  <Choices name="intent" toName="body">{"".join(f'<Choice value="{label}"/>' for label in CLASSES)}</Choices>
</View>"""
PASSWORD = "correct-horse-battery"
LABELS, OUTLIERS = "⚑ Suspicious labels", "⚑ Outliers"


def shoot(page: Any, name: str) -> None:
    """Take a picture where somebody wants to look at it."""
    folder = os.environ.get("LABELSIFT_TEST_SHOTS")
    if folder:
        page.wait_for_timeout(1500)  # fading notes; nothing on the page says that they have settled
        page.screenshot(path=Path(folder) / f"{name}.png")


@pytest.fixture(scope="module")
def owner(logged_in: Any) -> Iterator[Any]:
    """A page of somebody who is logged in."""
    page = logged_in.new_page()
    page.set_viewport_size({"width": 1360, "height": 850})
    expect.set_options(timeout=30_000)  # a busy machine is no failure
    yield page
    expect.set_options(timeout=5_000)
    page.close()


@pytest.fixture
def report(make_queue: Any) -> Any:
    return make_queue(10, flagged=6)


@pytest.fixture
def project(client: Client, name: str, report: Any) -> int:
    """A project of people's own, none of whose tasks has a field of labelsift's."""
    made = client.create_project(title=name, description="", label_config=CONFIG, model_version="")
    rows = zip(report.samples.ids.to_pylist(), report.samples.texts.to_pylist(), strict=True)
    client.import_tasks(made, [{"data": {"text": text, "ticket": id}} for id, text in rows])
    client.create_view(made, {"title": "Default", "type": "list", "target": "tasks", "filters": {}})
    return made


def run(*words: object) -> None:
    result = CliRunner().invoke(main, [str(word) for word in words])
    assert result.exit_code == 0, result.output


def test_an_owner_enables_a_project_and_sees_the_tabs_the_order_and_the_header(
    platform, client, owner, name, project, report, tmp_path, tasks_of
):
    store = tmp_path / ".labelsift"
    Store(store).save(report)
    run("enable", "label-studio", name, "--store", store, "--yes")
    run("push", "label-studio", name, "--store", store, "--match", "data.ticket")
    page = f"{client.url}/projects/{project}/data"

    owner.goto(page)
    for title in ("Default", LABELS, OUTLIERS):
        expect(owner.get_by_text(title, exact=True).first).to_be_visible()
    owner.get_by_text(LABELS, exact=True).first.click()
    disputed = [row for row in report.findings.to_pylist() if row["issue"] == "label"]
    expect(owner.get_by_text(disputed[0]["reason"]).first).to_be_visible()
    shown = [text for text in owner.get_by_text(re.compile(r"^Message \d+:")).all_inner_texts() if text]
    texts = dict(zip(report.samples.ids.to_pylist(), report.samples.texts.to_pylist(), strict=True))
    assert shown == [texts[row["id"]] for row in disputed]  # nothing else, worst first
    shoot(owner, "enable-tabs")

    tasks = {task["data"]["ticket"]: task for task in tasks_of(project)}
    owner.goto(f"{page}?task={tasks[disputed[0]['id']]['id']}")
    given, suggested = (disputed[0][part].strip('"') for part in ("given", "suggested"))
    box = owner.locator(f".{CLASS}")
    expect(box).to_be_visible()
    expect(box).to_contain_text(f"Labeled {given}. Maybe {suggested}?")
    expect(box).to_contain_text(disputed[0]["reason"])
    shoot(owner, "enable-task")

    owner.goto(page)
    owner.get_by_text("Label All Tasks").click()
    owner.get_by_role("button", name="Submit current annotation").wait_for()
    expect(owner.locator("input:checked[name]")).to_have_count(0)  # the stream pre-fills nothing

    plain = next(task for task in tasks.values() if "labelsift_id" not in task["data"])
    owner.goto(f"{page}?task={plain['id']}")
    expect(owner.get_by_text(plain["data"]["text"]).last).to_be_visible()
    expect(box).to_be_attached()
    expect(box).to_be_hidden()  # no empty box, and no $labelsift_header
    expect(owner.get_by_text("$labelsift")).to_have_count(0)
    shoot(owner, "enable-plain-task")

    run("disable", "label-studio", name, "--store", store)
    owner.goto(page)
    expect(owner.get_by_text("Default", exact=True).first).to_be_visible()
    expect(owner.get_by_text(LABELS, exact=True)).to_have_count(0)
    owner.goto(f"{page}?task={tasks[disputed[0]['id']]['id']}")
    expect(owner.get_by_text("lost_or_stolen_card").last).to_be_visible()
    expect(box).to_have_count(0)


def paste(owner: Any, client: Client, project: int, backend: str, *, password: str | None = None) -> None:
    """Connect a model as an owner does."""
    owner.goto(f"{client.url}/projects/{project}/settings/ml")
    owner.get_by_text("Connect Model", exact=True).last.click()
    owner.fill("input[name=title]", "labelsift")
    owner.fill("input[name=url]", backend)
    if password:
        owner.get_by_text("No Authentication", exact=True).last.click()
        owner.get_by_text("Basic Authentication", exact=True).last.click()
        owner.fill("input[name=basic_auth_user]", "labelsift")
        owner.fill("input[name=basic_auth_pass]", password)
    owner.get_by_text("Validate and Save").click()


@pytest.fixture
def served(server: Any, tmp_path: Path, client: Client, name: str) -> Iterator[tuple[BackendServer, int]]:
    """The real backend on a run of its own, and a project with tasks that the run has seen and one that it has not."""
    samples = build_samples(60)
    ls.scan(samples, store=tmp_path / "store")
    made = client.create_project(title=name, description="", label_config=SERVED, model_version="")
    texts = [*samples.texts.to_pylist()[:5], "my plastic card was shipped by post"]
    ids = [*samples.ids.to_pylist()[:5], "unseen"]
    client.import_tasks(made, [{"data": {"text": text, "id": id}} for text, id in zip(texts, ids, strict=True)])
    backend = BackendServer(
        tmp_path / "store", [str(made)], log=tmp_path / "log", variables=server.variables(), password=PASSWORD
    )
    backend.start()
    yield backend, made
    backend.stop()


def test_an_owner_pastes_the_address_of_the_real_backend(owner, client, served, tasks_of):
    backend, project = served
    paste(owner, client, project, backend.url, password=PASSWORD)
    expect(owner.get_by_text("Connected", exact=True)).to_be_visible()
    (hook,) = client.get("/api/webhooks/", what="webhooks", params={"project": project})
    assert hook["url"] == f"{backend.url}/webhook"
    version = f"labelsift/{next(iter(backend.health()['runs']))}"
    tasks = {task["data"]["id"]: task["id"] for task in tasks_of(project)}
    for id, label in (("t0000", "card"), ("t0004", "refund"), ("unseen", "card")):
        owner.goto(f"{client.url}/projects/{project}/data?task={tasks[id]}")
        arrived = owner.locator("[data-annotation-id]").filter(has_text="labelsif")  # a long version is shown with dots
        expect(arrived).to_be_visible()
        (made,) = [prediction for prediction in client.predictions(project) if prediction["task"] == tasks[id]]
        assert (made["model_version"], made["result"][0]["value"]) == (version, {"choices": [label]})
        arrived.click()
        expect(owner.locator(f'input[name="{label}"]:checked').first).to_be_attached()
    assert [(line["unseen"], line["empty"]) for line in backend.lines() if line["event"] == "predict"] == [
        (0, 0),
        (0, 0),
        (1, 0),
    ]


def test_an_owner_pastes_the_address_and_predictions_arrive(owner, client, project, make_backend, tasks_of):
    backend = os.environ.get("LABELSIFT_TEST_BACKEND") or make_backend().url
    paste(owner, client, project, backend)
    expect(owner.get_by_text("Connected", exact=True)).to_be_visible()
    expect(owner.get_by_text(backend)).to_be_visible()
    shoot(owner, "model-settings")
    (hook,) = client.get("/api/webhooks/", what="webhooks", params={"project": project})
    assert hook["url"] == f"{backend}/webhook"

    task = tasks_of(project)[-1]
    owner.goto(f"{client.url}/projects/{project}/data?task={task['id']}")
    arrived = owner.locator("[data-annotation-id]").filter(has_text="labelsift/")
    expect(arrived).to_be_visible()
    (made,) = [prediction for prediction in client.predictions(project) if prediction["task"] == task["id"]]
    (label,) = made["result"][0]["value"]["choices"]
    arrived.click()
    expect(owner.locator(f'input[name="{label}"]:checked').first).to_be_attached()
    shoot(owner, "model-task")
