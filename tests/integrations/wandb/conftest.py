"""A home of its own for wandb, and a stand-in for W&B's server on loopback."""

from __future__ import annotations

import gc
import gzip
import json
import re
import threading
import warnings
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

KEY = "k" * 40
VARIABLES = ("WANDB_MODE", "WANDB_API_KEY", "WANDB_API_KEY_FILE", "WANDB_BASE_URL", "WANDB_PROJECT", "WANDB_RUN_ID")


@pytest.fixture
def home(tmp_path, monkeypatch):
    """Return an empty home folder: no login, no settings; everything that wandb writes lands under it."""
    import wandb

    wandb.teardown()
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)
    for name in ("WANDB_DIR", "WANDB_DATA_DIR", "WANDB_CONFIG_DIR", "WANDB_CACHE_DIR"):
        folder = tmp_path / name.lower()
        folder.mkdir()
        monkeypatch.setenv(name, str(folder))
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("NETRC", str(tmp_path / "no-netrc"))
    monkeypatch.setenv("WANDB_ERROR_REPORTING", "false")
    monkeypatch.chdir(tmp_path)
    yield tmp_path
    if wandb.run is not None:
        wandb.finish()
    wandb.teardown()
    with warnings.catch_warnings():  # its artifacts leave their temporary folders to the collector, whenever that runs
        warnings.simplefilter("ignore", ResourceWarning)
        gc.collect()


@pytest.fixture
def offline(home, monkeypatch):
    """The same, with the user's word for offline."""
    monkeypatch.setenv("WANDB_MODE", "offline")
    return home


class Stub:
    """W&B's server as far as one run needs it; remembers every request's body."""

    def __init__(self) -> None:
        self.bodies: list[bytes] = []
        self.operations: list[str] = []
        self.rows: list[dict[str, Any]] = []
        self.uploads: dict[str, bytes] = {}
        self.keys: set[str] = set()
        self.runs: dict[str, dict[str, Any]] = {}  # by project/id: config, displayName, notes, lines
        self.alerts: list[dict[str, Any]] = []
        self.artifacts: list[dict[str, Any]] = []
        self.used: list[dict[str, Any]] = []
        self.views: dict[str, dict[str, Any]] = {}
        self._lock = threading.Lock()
        stub = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *_: object) -> None:
                pass

            def answer(self, method: str) -> None:
                body = self.rfile.read(int(self.headers.get("content-length") or 0))
                if self.headers.get("content-encoding") == "gzip":
                    body = gzip.decompress(body)
                reply = json.dumps(stub.take(method, self.path, body, self.headers.get("authorization", ""))).encode()
                self.send_response(200)
                self.send_header("content-type", "application/json")
                self.send_header("content-length", str(len(reply)))
                self.end_headers()
                self.wfile.write(reply)

            def do_GET(self) -> None:
                self.answer("GET")

            def do_POST(self) -> None:
                self.answer("POST")

            def do_PUT(self) -> None:
                self.answer("PUT")

        class Quiet(ThreadingHTTPServer):
            def handle_error(self, *_: object) -> None:
                pass  # the client hangs up when it has what it wants

        self.server = Quiet(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def take(self, method: str, path: str, body: bytes, authorization: str) -> dict[str, Any]:
        with self._lock:
            self.bodies.append(body)
            self.keys.add(authorization)
            if method == "PUT":
                self.uploads[path] = body
            elif path.endswith("/file_stream"):
                files = json.loads(body).get("files") or {}
                lines = files.get("wandb-history.jsonl", {}).get("content", [])
                self.rows += map(json.loads, lines)
                run = self.runs.setdefault("/".join(path.split("/")[-3:-1]), {})
                run["lines"] = run.get("lines", 0) + len(lines)
                for summary in files.get("wandb-summary.json", {}).get("content", []):
                    run["summary"] = summary
            elif path == "/graphql":
                return self.graphql(json.loads(body))
        return {"exitcode": None, "limits": {}}

    def graphql(self, request: dict[str, Any]) -> dict[str, Any]:
        match = re.search(r"(?:query|mutation)\s+(\w+)", request["query"])
        name = match[1] if match else ""
        self.operations.append(name)
        variables = request.get("variables") or {}
        if name == "RunResumeStatus":
            return {"data": {"model": self.resumed(variables)}}
        if name == "ArtifactMembershipByName":
            return {"data": {"project": {"artifactCollectionMembership": self.membership(variables)}}}
        if name in ("View", "UpsertView2", "upsertView"):
            return {"data": self.view(name, variables)}
        if name == "GetProjects":
            return {"data": self.projects()}
        build = ANSWERS.get(name)
        if build is None:
            return {"data": None, "errors": [{"message": f"the stand-in does not know {name}"}]}
        self.remember(name, variables)
        variables = {**variables, **self.runs[_place(variables)]} if name == "UpsertBucket" else variables
        return {"data": build(variables, self.url, f"QXJ0{len(self.artifacts)}")}

    def remember(self, name: str, variables: dict[str, Any]) -> None:
        """Keep what a later request asks for, or a test."""
        if name == "UpsertBucket":
            run = self.runs.setdefault(_place(variables), {})
            run |= {key: variables[key] for key in ("config", "displayName", "notes") if variables.get(key)}
        elif name == "NotifyScriptableRunAlert":
            self.alerts.append(variables)
        elif name == "CreateArtifact":
            self.artifacts.append(variables["input"])
        elif name == "UseArtifact":
            self.used.append(variables)

    def resumed(self, variables: dict[str, Any]) -> dict[str, Any]:
        """Answer what a run that was here before holds, or that there is none."""
        run = self.runs.get(_place(variables))
        bucket = run and {
            "id": "QjE6",
            "name": variables["name"],
            "displayName": run.get("displayName"),
            "notes": run.get("notes"),
            "config": run.get("config", "{}"),
            "summaryMetrics": run.get("summary", "{}"),
            "historyLineCount": run.get("lines", 0),
            "logLineCount": 0,
            "eventsLineCount": 0,
            "historyTail": json.dumps([json.dumps({"_step": run.get("lines", 0) - 1, "_runtime": 1})]),
            "eventsTail": "[]",
            "tags": [],
            "wandbConfig": '{"t": 1}',
        }
        entity = {"id": "RTox", "name": "us"}
        return {"id": "UDox", "name": variables.get("project"), "entity": entity, "bucket": bucket}

    def membership(self, variables: dict[str, Any]) -> dict[str, Any] | None:
        """Answer an artifact of a name and alias that was created here before, or that there is none."""
        name, _, alias = variables["name"].partition(":")
        for number, made in enumerate(self.artifacts, start=1):
            aliases = [entry["alias"] for entry in made.get("aliases") or []]
            if made["artifactCollectionName"] == name and alias in aliases:
                return _membership(name, alias, number, variables)
        return None

    def projects(self) -> dict[str, Any]:
        """Answer the projects of the runs."""
        rest = {"__typename": "Project", "entityName": "us", "createdAt": "2026-11-23T10:15:00", "isBenchmark": False}
        nodes = [
            {"node": {"id": "UDox", "name": name, "user": None} | rest}
            for name in sorted({place.partition("/")[0] for place in self.runs})
        ]
        end = {"__typename": "PageInfo", "endCursor": None, "hasNextPage": False}
        return {"models": {"pageInfo": end, "edges": nodes}}

    def view(self, operation: str, variables: dict[str, Any]) -> dict[str, Any]:
        """Find a view by its name, or keep it: under its id where it has one, else as a new one."""
        if operation == "View":
            names = ("viewName", "viewType")
            here = [view for view in self.views.values() if view["project"]["name"] == variables["projectName"]]
            nodes = [view for view in here if all(view[name] == variables[name] for name in names)]
            return {"project": {"allViews": {"edges": [{"node": view} for view in nodes]}}}
        new = not variables.get("id")
        key = f"Vmlldzo{len(self.views)}" if new else variables["id"]
        view = {name: variables[name] for name in ("displayName", "spec", "description", "type", "name")}
        project = {"id": "UDox", "name": variables["projectName"], "entityName": variables["entityName"]}
        now = {"createdAt": "2026-11-23T10:15:00", "updatedAt": "2026-11-23T10:15:00"}
        self.views[key] = (
            view | {"id": key, "viewName": view["name"], "viewType": view["type"], "project": project} | now
        )
        return {"upsertView": {"view": self.views[key], "inserted": new}}


def _place(variables: dict[str, Any]) -> str:
    return f"{variables['project']}/{variables['name']}"


def _viewer(*_: object) -> dict[str, Any]:
    person = {"id": "VXNlcjox", "entity": "us", "username": "us", "name": "us", "email": "us@localhost"}
    rest = {"flags": "{}", "admin": False, "deletedAt": None, "teams": {"edges": []}, "apiKeys": {"edges": []}}
    return {"viewer": {**person, **rest}}


def _run(variables: dict[str, Any], *_: object) -> dict[str, Any]:
    project = {"id": "UDox", "name": variables.get("project"), "entity": {"id": "RTox", "name": "us"}}
    bucket = {"id": "QjE6", "name": variables.get("name"), "displayName": variables.get("displayName")}
    filled = {"description": "", "config": "{}", "sweepName": None, "historyLineCount": 0, "project": project}
    return {"upsertBucket": {"bucket": {**bucket, **filled}, "inserted": True}}


def _run_files(variables: dict[str, Any], url: str, _: str) -> dict[str, Any]:
    files = [{"name": name, "uploadUrl": f"{url}/put/{name}"} for name in variables.get("files", [])]
    return {"createRunFiles": {"runID": "QjE6", "uploadHeaders": [], "files": files}}


def _artifact(_: dict[str, Any], __: str, artifact: str) -> dict[str, Any]:
    sequence = {"id": "U2Vx", "latestArtifact": None}
    return {"createArtifact": {"artifact": {"id": artifact, "state": "PENDING", "artifactSequence": sequence}}}


def _manifest(_: dict[str, Any], url: str, artifact: str) -> dict[str, Any]:
    named = {"id": "RmlsZQ==", "name": "wandb_manifest.json", "displayName": "wandb_manifest.json"}
    file = {**named, "uploadUrl": f"{url}/put/manifest/{artifact}", "uploadHeaders": []}
    return {"createArtifactManifest": {"artifactManifest": {"id": "TWFu", "file": file}}}


def _membership(name: str, alias: str, number: int, variables: dict[str, Any]) -> dict[str, Any]:
    """Return an artifact as wandb's client reads it."""
    entity = {"id": "RTox", "name": variables["entity"]}
    project = {"id": "UDox", "internalId": "UDox", "name": variables["project"], "entity": entity}
    collection = {"__typename": "ArtifactSequence", "id": "U2Vx", "name": name, "project": project}
    then = "2026-11-23T10:15:00Z"
    artifact = {
        "__typename": "Artifact",
        "id": f"QXJ0{number}",
        "artifactSequence": collection,
        "versionIndex": number,
        "artifactType": {"name": "dataset"},
        "description": None,
        "metadata": "{}",
        "ttlDurationSeconds": -2,
        "ttlIsInherited": True,
        "tags": [],
        "historyStep": None,
        "state": "COMMITTED",
        "size": 1,
        "digest": "d",
        "commitHash": "c",
        "fileCount": 1,
        "createdAt": then,
        "updatedAt": then,
        "aliases": [],
    }
    aliases = [{"__typename": "ArtifactAlias", "id": "QWw=", "alias": alias}]
    return {
        "__typename": "ArtifactCollectionMembership",
        "id": "TWVt",
        "versionIndex": number,
        "createdAt": then,
        "aliases": aliases,
        "artifactCollection": collection,
        "artifact": artifact,
    }


def _artifact_files(variables: dict[str, Any], url: str, artifact: str) -> dict[str, Any]:
    wanted = (variables.get("input") or {}).get("artifactFiles") or variables.get("artifactFiles") or []
    edges = [
        {
            "node": {
                "id": f"Rjox{index}",
                "name": file["name"],
                "displayName": file["name"],
                "uploadUrl": f"{url}/put/artifact/{file['name']}",
                "uploadHeaders": [],
                "storagePath": "stored",
                "uploadMultipartUrls": None,
                "artifact": {"id": file.get("artifactID", artifact)},
            }
        }
        for index, file in enumerate(wanted)
    ]
    return {"createArtifactFiles": {"files": {"edges": edges}}}


ANSWERS: dict[str, Callable[[dict[str, Any], str, str], dict[str, Any]]] = {
    "Viewer": _viewer,
    "GetViewer": _viewer,
    "ServerFeaturesQuery": lambda *_: {"serverInfo": {"features": []}},
    "UpsertBucket": _run,
    "CreateRunFiles": _run_files,
    "ArtifactType": lambda *_: {"project": {"artifact": None}},
    "CreateArtifact": _artifact,
    "CreateArtifactManifest": _manifest,
    "CreateArtifactFiles": _artifact_files,
    "CommitArtifact": lambda *_: {"commitArtifact": {"artifact": {"id": "QQ==", "digest": "d"}}},
    "NotifyScriptableRunAlert": lambda *_: {"notifyScriptableRunAlert": {"success": True}},
    "UseArtifact": lambda *_: {"useArtifact": {"artifact": {"id": "QQ=="}}},
    "ProjectInternalId": lambda *_: {"project": {"id": "UDox", "internalId": "UDox"}},
    "ClientIDMapping": lambda *_: {"clientIDMapping": {"serverID": "QXJ0MQ=="}},
}


@pytest.fixture
def stub(home, monkeypatch):
    """The stand-in, named and with a key as for a real server."""
    running = Stub()
    monkeypatch.setenv("WANDB_BASE_URL", running.url)
    monkeypatch.setenv("WANDB_API_KEY", KEY)
    yield running
    running.server.shutdown()
    running.server.server_close()


@pytest.fixture(scope="session")
def all_bytes():
    """The reader of every byte under a folder."""

    def read(folder: Path) -> bytes:
        return b"\n".join(path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file())

    return read
