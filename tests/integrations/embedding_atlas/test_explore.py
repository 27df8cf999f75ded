"""The real Embedding Atlas: the command opens a run in it, it draws in Chromium, and nothing of it stays behind."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import pytest
from labelsift import platforms
from labelsift.demo.local_servers import environment, free_port
from labelsift.errors import InputError
from labelsift.integrations.embedding_atlas import server
from labelsift.platforms import Health
from labelsift.store.explored import NAME
from labelsift.store.store import Store
from page_reports import with_vectors

pytest.importorskip("openTSNE")
pytestmark = [pytest.mark.server, pytest.mark.xdist_group("embedding_atlas")]
ADDRESS = re.compile(r"http://127\.0\.0\.1:\d+")


@pytest.fixture
def store(tmp_path, make_report) -> Store:
    report = with_vectors(make_report(800), groups=8)
    kept = Store(tmp_path / "kept")
    report.store = kept
    kept.save(report)
    return kept


class Explore:
    """``labelsift explore`` as a person starts it."""

    def __init__(self, store: Store, log: Path, *options: str) -> None:
        self.log = log
        program = "from labelsift.cli import main; main()"
        command = [sys.executable, "-c", program, "explore", "--no-open", "--store", str(store.folder), *options]
        with log.open("wb") as out:
            self.process = subprocess.Popen(command, stdout=out, stderr=subprocess.STDOUT)

    def __enter__(self) -> str:
        end = time.monotonic() + 600  # the first start installs it
        while time.monotonic() < end:
            if match := ADDRESS.search(self.log.read_text()):
                return match[0]
            assert self.process.poll() is None, self.log.read_text()
            time.sleep(0.2)
        raise AssertionError(self.log.read_text())

    def __exit__(self, *error: object) -> None:
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()


def answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(f"{url}/data/metadata.json", timeout=5) as answer:
            return answer.status == 200
    except OSError:
        return False


def gone(url: str) -> bool:
    end = time.monotonic() + 30
    while time.monotonic() < end:
        if not answers(url):
            return True
        time.sleep(0.2)
    return False


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_it_answers_until_it_is_stopped_and_then_nothing_is_left(store, tmp_path, how):
    port = free_port()
    exploring = Explore(store, tmp_path / "log", "--port", str(port))
    with exploring as url:
        assert url.endswith(f":{port}") and answers(url)
        assert len(list((store.folder / NAME).rglob("samples.parquet"))) == 1
        os.kill(exploring.process.pid, how)
        assert gone(url)
        assert exploring.process.wait(30) == (0 if how != signal.SIGKILL else -signal.SIGKILL)
    if how != signal.SIGKILL:
        assert [path.suffix for path in (store.folder / NAME).iterdir()] == [".log"]
    assert "Traceback" not in (tmp_path / "log").read_text()


@pytest.mark.browser
def test_it_draws_the_samples_and_asks_nobody_else(store, tmp_path, chromium):
    arguments = ["--no-sandbox", "--use-gl=angle", "--use-angle=swiftshader", "--enable-unsafe-swiftshader"]
    browser = chromium.browser_type.launch(executable_path="/usr/bin/chromium", args=arguments)
    asked: list[str] = []
    with Explore(store, tmp_path / "log") as url:
        page = browser.new_page(viewport={"width": 1400, "height": 900})
        page.on("request", lambda request: asked.append(request.url))
        page.goto(url)
        canvas = page.wait_for_selector("canvas", timeout=120_000)
        page.get_by_text("800 / 800 points").wait_for(timeout=60_000)
        page.wait_for_timeout(3_000)
        place = canvas.bounding_box()
        drawn = page.screenshot(clip=place)
        assert "refund" in page.content()
        canvas.evaluate("canvas => { canvas.style.visibility = 'hidden'; }")
        without = page.screenshot(clip=place)
        browser.close()
    assert len(drawn) > len(without) + 5_000  # the words on it are no part of the canvas
    assert {address for address in asked if not address.startswith((url, "blob:", "data:"))} == set()


def test_the_doctor_starts_it_and_says_when_it_is_yet_to_be_installed(monkeypatch, tmp_path):
    environment(server.NAME, server.REQUIREMENTS, say=print, constraints=server._CONSTRAINTS, alone=server.ALONE)
    explorer = platforms.explorer("embedding-atlas")
    assert explorer.examine() == Health()
    monkeypatch.setattr(server.EmbeddingAtlasServer, "_env", lambda self: {"PYTHONHOME": "/nowhere"})
    (problem,) = explorer.examine().problems
    assert "does not start" in problem
    monkeypatch.setenv("LABELSIFT_CACHE", str(tmp_path))
    health = explorer.examine()
    assert health.problems == {} and any("not installed yet" in note for note in health.notes)


def test_an_explorer_neither_labels_nor_tracks_and_they_explore_nothing():
    with pytest.raises(InputError, match="embedding-atlas is no labeling platform"):
        platforms.labeler("embedding-atlas")
    with pytest.raises(InputError, match="embedding-atlas is no tracker"):
        platforms.tracker("embedding-atlas")
    with pytest.raises(InputError, match="mlflow is no explorer"):
        platforms.explorer("mlflow")
