"""A home of its own for wandb, and a stand-in for W&B's server on loopback."""

from __future__ import annotations

import gzip
import json
import re
import threading
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
        self._lock = threading.Lock()
        self._artifacts = 0
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
                for line in files.get("wandb-history.jsonl", {}).get("content", []):
                    self.rows.append(json.loads(line))
            elif path == "/graphql":
                return self.graphql(json.loads(body))
        return {"exitcode": None, "limits": {}}

    def graphql(self, request: dict[str, Any]) -> dict[str, Any]:
        match = re.search(r"(?:query|mutation)\s+(\w+)", request["query"])
        name = match[1] if match else ""
        self.operations.append(name)
        build = ANSWERS.get(name)
        if build is None:
            return {"data": None, "errors": [{"message": f"the stand-in does not know {name}"}]}
        if name == "CreateArtifact":
            self._artifacts += 1
        return {"data": build(request.get("variables") or {}, self.url, f"QXJ0{self._artifacts}")}


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
    "RunResumeStatus": lambda *_: {"model": None},
    "UpsertBucket": _run,
    "CreateRunFiles": _run_files,
    "ArtifactType": lambda *_: {"project": {"artifact": None}},
    "CreateArtifact": _artifact,
    "CreateArtifactManifest": _manifest,
    "CreateArtifactFiles": _artifact_files,
    "CommitArtifact": lambda *_: {"commitArtifact": {"artifact": {"id": "QQ==", "digest": "d"}}},
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
