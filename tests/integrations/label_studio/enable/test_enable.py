"""Enabling a project that people already work in, and taking everything back."""

from __future__ import annotations

import itertools
import json
import stat
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from click.testing import CliRunner
from labelsift.cli import main
from labelsift.errors import InputError, PlatformError, StoreError
from labelsift.integrations.label_studio.client.client import Client
from labelsift.integrations.label_studio.convert import tabs
from labelsift.integrations.label_studio.convert.header_tags import has_lines, with_lines
from labelsift.integrations.label_studio.enable import disable as disabling
from labelsift.integrations.label_studio.enable import enable as enabling
from labelsift.store.store import Store
from labelsift.store.undo_record import UndoRecords

CLASSES = ("card_arrival", "lost_or_stolen_card", "refund", "top_up")
CONFIG = f"""<View>
  <!-- ours & nobody else's -->
  <Text name="body" value="$text"/>
  <Choices name="intent" toName="body">{"".join(f'<Choice value="{label}"/>' for label in CLASSES)}</Choices>
</View>""".replace("&", "and")
ISSUES = ("label", "outlier")
REVIEW, LABELS, OUTLIERS = "⚑ Review now", "⚑ Suspicious labels", "⚑ Outliers"
TITLES = [REVIEW, LABELS, OUTLIERS, *(f"⚑ {title}" for title in ("Second look", "Unclear", "Done"))]
THEIRS = {"title": "Mine", "type": "list", "target": "tasks", "ordering": ["tasks:id"], "filters": {}}


@pytest.fixture
def store(tmp_path, make_queue) -> Any:
    path = tmp_path / ".labelsift"
    Store(path).save(make_queue(8))
    return path


@pytest.fixture
def project(client: Client, name: str) -> int:
    """A project of people's own, with answers, a tab, a webhook and a model version."""
    made = client.create_project(title=name, description="theirs", label_config=CONFIG, model_version="")
    result = {"from_name": "intent", "to_name": "body", "type": "choices", "value": {"choices": ["refund"]}}
    given = [{"data": {"text": f"Message {number}"}, "annotations": [{"result": [result]}]} for number in range(3)]
    old = {"model_version": "their-model", "score": 0.5, "result": [result]}
    client.import_tasks(made, [*given, {"data": {"text": "Message 3"}, "predictions": [old]}])
    client.create_view(made, THEIRS)
    hook = {"project": made, "url": "http://127.0.0.1:1/theirs", "send_payload": False}
    client.send("POST", "/api/webhooks/", body=hook, what="their webhook")
    client.set_model_version(made, "")
    return made


def titles(client: Client, project: int) -> list[str]:
    return [view["data"]["title"] for view in client.views(project)]


def hooks(client: Client, project: int) -> list[str]:
    return [hook["url"] for hook in client.get("/api/webhooks/", what="webhooks", params={"project": project})]


def test_enable_shows_the_change_and_disable_restores_every_byte(
    platform, client, project, name, store, make_backend, state_of, tasks_of
):
    before, tasks = state_of(project), tasks_of(project)
    backend = make_backend()
    shown: list[str] = []

    receipt = platform.enable(
        project=name,
        run="20261123-101500-4f2a",
        backend=backend.url,
        store=store,
        agree=lambda change: not shown.append(change),
    )

    assert '+  <View className="labelsift-ask">' in shown[0].splitlines()
    assert not [line for line in shown[0].splitlines()[2:] if line.startswith("-")]
    after = state_of(project)
    assert after["project"]["label_config"] == with_lines(CONFIG)
    assert after["project"]["model_version"] == ""  # Label Studio had set it, and would have pre-filled
    assert [backend["title"] for backend in after["backends"]] == ["labelsift"]
    assert hooks(client, project) == ["http://127.0.0.1:1/theirs", f"{backend.url}/webhook"]
    assert titles(client, project) == ["Mine", *TITLES]
    assert (receipt.created, receipt.updated) == (1 + len(TITLES), 1)
    (record,) = (store / "enabled").glob("*.json")
    assert stat.S_IMODE(record.stat().st_mode) == 0o600
    assert json.loads(record.read_text())["before"]["label_config"] == CONFIG

    again = platform.enable(project=name, run="20261123-101500-4f2a", backend=backend.url, store=store)
    assert (again.created, again.updated) == (0, 0)
    assert state_of(project) == after

    platform.disable(project=name, store=store)
    assert state_of(project) == before
    assert tasks_of(project) == tasks
    assert not list((store / "enabled").iterdir())
    with pytest.raises(InputError, match="no record"):
        platform.disable(project=name, store=store)


def test_a_refused_change_of_the_config_leaves_it_and_all_else_is_done(platform, client, project, name, store):
    result = CliRunner().invoke(main, ["enable", "label-studio", name, "--store", str(store)], input="n\n")
    assert result.exit_code == 0, result.output
    assert client.project(project)["label_config"] == CONFIG
    assert titles(client, project) == ["Mine", *TITLES]
    nobody = CliRunner().invoke(main, ["enable", "label-studio", name, "--store", str(store)], input="")
    assert nobody.exit_code == 0
    assert "--yes" in nobody.stderr
    assert client.project(project)["label_config"] == CONFIG
    agreed = CliRunner().invoke(main, ["enable", "label-studio", name, "--store", str(store), "--yes"])
    assert agreed.exit_code == 0
    assert has_lines(client.project(project)["label_config"])
    taken = CliRunner().invoke(main, ["disable", "label-studio", name, "--store", str(store)])
    assert taken.exit_code == 0, taken.output
    assert client.project(project)["label_config"] == CONFIG


def test_dry_runs_change_nothing(platform, client, project, name, store, make_backend, state_of):
    before, backend = state_of(project), make_backend()
    arguments = ["label-studio", name, "--store", str(store), "--dry-run"]
    result = CliRunner().invoke(main, ["enable", *arguments, "--backend", backend.url])
    assert result.exit_code == 0
    assert '+  <View className="labelsift-ask">' in result.stdout.splitlines()
    assert state_of(project) == before
    platform.enable(project=name, run="latest", backend=backend.url, store=store)
    enabled = state_of(project)
    result = CliRunner().invoke(main, ["disable", *arguments])
    assert f"tabs deleted: {len(TITLES)}" in result.stdout
    assert state_of(project) == enabled
    platform.disable(project=name, store=store)
    assert state_of(project) == before


class Crash(BaseException):
    """The end of the process between two steps."""


@pytest.fixture
def crashing(client: Client, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Any]:
    """A client whose nth write never happens, or happens without anybody learning of it."""

    def make(nth: int, *, done: bool) -> Client:
        dying = Client(client.url, client._key)
        count = itertools.count(1)
        for name in ("send", "delete", "create_view", "write_view", "delete_view", "set_model_version"):

            def write(*values: Any, _name: str = name, **more: Any) -> Any:
                last = next(count) == nth
                if last and not done:
                    raise Crash
                answer = getattr(client, _name)(*values, **more)
                if last:
                    raise Crash
                return answer

            monkeypatch.setattr(dying, name, write)
        return dying

    return make


@pytest.mark.parametrize("apart", [4, pytest.param(1, marks=pytest.mark.soak)])  # every step takes seconds
def test_disable_restores_every_byte_after_a_crash_between_two_steps(
    client, project, name, store, make_backend, state_of, crashing, apart
):
    before, backend = state_of(project), make_backend()
    options = {"project": name, "run": "r", "issues": ISSUES, "backend": backend.url, "store": store}

    def deaths(run: Callable[[Client], object]) -> Iterator[None]:
        """Die before the first write, then after later ones before anything of them is noted."""
        for nth in itertools.count(step=apart):
            try:
                run(crashing(max(nth, 1), done=nth > 0))
            except Crash:
                yield
                continue
            return

    died = 0
    for _ in deaths(lambda dying: enabling.enable(dying, **options)):
        died += 1
        if list(store.glob("enabled/*")):
            disabling.disable(client, project=name, store=store)
        assert state_of(project) == before
    enabled = state_of(project)
    assert died >= 6 / apart
    for _ in deaths(lambda dying: disabling.disable(dying, project=name, store=store)):
        died += 1
        enabling.enable(client, **options)  # finished again from wherever it stood
        assert sorted(titles(client, project)) == sorted(titles_of(enabled))
        assert [backend["url"] for backend in state_of(project)["backends"]] == [backend.url]
        assert hooks(client, project).count(f"{backend.url}/webhook") == 1
        assert client.project(project)["label_config"] == enabled["project"]["label_config"]
    assert died >= 12 / apart
    assert state_of(project) == before


def titles_of(state: dict[str, Any]) -> list[str]:
    return [view["data"]["title"] for view in state["views"]]


def test_what_people_changed_since_stays(platform, client, project, name, store, make_backend):
    backend = make_backend()
    platform.enable(project=name, run="latest", backend=backend.url, store=store)
    views = {view["data"]["title"]: view for view in client.views(project)}
    renamed = {**views[TITLES[1]]["data"], "title": "Odd ones"}
    client.write_view(views[TITLES[1]]["id"], project, renamed)
    client.create_view(project, {**views[TITLES[0]]["data"], "title": f"{TITLES[0]} copy"})
    wider = {**views[TITLES[0]]["data"], "columnsWidth": {"tasks:id": 77}}
    client.write_view(views[TITLES[0]]["id"], project, wider)
    edited = client.project(project)["label_config"].replace("</Choices>", '<Choice value="unclear"/></Choices>')
    client.write_config(project, edited)
    client.set_model_version(project, "their-model")
    pasted = {"project": project, "url": backend.url, "title": "pasted"}
    client.send("POST", "/api/ml", body=pasted, what="their backend")

    receipt = platform.disable(project=name, store=store)

    assert not receipt.failed
    assert "Odd ones" in receipt.details["tabs_left"]
    assert titles(client, project) == ["Mine", "Odd ones", f"{TITLES[0]} copy"]
    settings = client.project(project)
    assert settings["label_config"] == CONFIG.replace("</Choices>", '<Choice value="unclear"/></Choices>')
    assert settings["model_version"] == "their-model"
    # Their own backend at the same address needs the webhook, too.
    assert hooks(client, project) == ["http://127.0.0.1:1/theirs", f"{backend.url}/webhook"]


def test_lines_that_cannot_be_told_apart_stay_and_are_named(platform, client, project, name, store):
    platform.enable(project=name, run="latest", store=store)
    mixed = client.project(project)["label_config"].replace("$labelsift_header", "$labelsift_header $text")
    client.write_config(project, mixed)
    result = CliRunner().invoke(main, ["disable", "label-studio", name, "--store", str(store)])
    assert result.exit_code == 2
    assert "by hand" in result.stdout
    assert client.project(project)["label_config"] == mixed
    client.write_config(project, CONFIG)
    assert CliRunner().invoke(main, ["disable", "label-studio", name, "--store", str(store)]).exit_code == 0


def test_tabs_of_an_earlier_push_show_the_new_run_and_are_restored(platform, client, project, name, store, state_of):
    tab = tabs.project_tabs(["label"], run="an-older-run", grouped=False, since="")[1]
    client.create_view(project, tab)
    client.create_view(project, {**THEIRS, "title": OUTLIERS})  # somebody's own, under labelsift's title
    before = state_of(project)
    receipt = platform.enable(project=name, run="latest", store=store)
    assert receipt.details["tabs_left"].startswith(OUTLIERS)
    (shown,) = [view for view in client.views(project) if view["data"]["title"] == LABELS]
    assert shown["data"]["filters"]["items"][0]["value"] == "20261123-101500-4f2a"
    platform.disable(project=name, store=store)
    assert state_of(project) == before


def test_prefill_is_set_on_request_only_and_taken_back(platform, client, project, name, store, make_backend, state_of):
    client.set_model_version(project, "their-model")
    before, backend = state_of(project), make_backend()
    platform.enable(project=name, run="latest", backend=backend.url, store=store)
    assert client.project(project)["model_version"] == "their-model"
    platform.enable(project=name, run="latest", backend=backend.url, store=store, prefill=True)
    assert client.project(project)["model_version"] == "labelsift"
    platform.disable(project=name, store=store)
    assert state_of(project) == before


def test_a_project_without_tabs_keeps_its_first_one_while_enabled(platform, client, name, store, state_of):
    project = client.create_project(title=name, description="", label_config=CONFIG, model_version="")
    before = state_of(project)
    platform.enable(project=name, run="latest", store=store)
    assert titles(client, project) == ["Default", *TITLES]
    platform.disable(project=name, store=store)
    assert state_of(project) == before


def test_the_backend_gets_the_password_and_a_wrong_one_changes_nothing(
    platform, client, project, name, store, make_backend, state_of, monkeypatch, tmp_path
):
    before, backend = state_of(project), make_backend(password="right")
    monkeypatch.setenv("LABELSIFT_BACKEND_PASSWORD", "wrong")
    with pytest.raises(PlatformError, match="does not accept the password"):
        platform.enable(project=name, run="latest", backend=backend.url, store=store)
    assert state_of(project) == before
    assert not list(store.glob("enabled/*"))
    monkeypatch.delenv("LABELSIFT_BACKEND_PASSWORD")
    (tmp_path / "password").write_text("right\n")
    monkeypatch.setenv("LABELSIFT_BACKEND_PASSWORD_FILE", str(tmp_path / "password"))
    platform.enable(project=name, run="latest", backend=backend.url, store=store)
    (row,) = state_of(project)["backends"]
    assert (row["state"], row["basic_auth_user"], row["basic_auth_pass_is_set"]) == ("CO", "labelsift", True)
    assert "right" not in "".join(path.read_text() for path in store.glob("enabled/*"))
    other = make_backend(password="right")
    platform.enable(project=name, run="latest", backend=other.url, store=store)  # it has moved
    assert [backend["url"] for backend in state_of(project)["backends"]] == [other.url]
    assert hooks(client, project)[1:] == [f"{other.url}/webhook"]
    platform.disable(project=name, store=store)
    assert state_of(project) == before


def test_no_backend_there_is_said_and_changes_nothing(platform, project, name, store, state_of, make_backend):
    before, backend = state_of(project), make_backend()
    with pytest.raises(PlatformError, match="does not reach a backend"):
        platform.enable(project=name, run="latest", backend="http://127.0.0.1:9", store=store)
    backend.failing = True
    with pytest.raises(PlatformError, match=r"was not connected: .*500 Server Error"):
        platform.enable(project=name, run="latest", backend=backend.url, store=store)
    assert state_of(project) == before


def test_a_project_that_does_not_fit_and_a_broken_record_are_refused(platform, client, name, project, store, state_of):
    client.create_project(title=f"{name} other", description="", label_config="<View/>", model_version="")
    with pytest.raises(InputError, match="needs exactly one"):
        platform.enable(project=f"{name} other", run="latest", store=store)
    before = state_of(project)
    records = UndoRecords(store, "label-studio")
    platform.enable(project=name, run="latest", store=store)
    (path,) = (store / "enabled").iterdir()
    whole = path.read_text()
    path.write_text(whole[:40])
    with pytest.raises(StoreError, match="cannot be read"):
        platform.disable(project=name, store=store)
    path.write_text(whole)
    assert records.read(client.project(project)) is not None
    platform.disable(project=name, store=store)
    assert state_of(project) == before
