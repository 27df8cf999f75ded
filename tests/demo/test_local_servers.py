"""The launcher: it always stops what it started, also when it is killed itself, and it keeps the log."""

from __future__ import annotations

import importlib
import re
import signal
import subprocess
import sys
import threading
import time
import urllib.request
from pathlib import Path

import pytest
from labelsift.demo import local_servers as servers
from labelsift.demo.local_servers import Server, environment, free_port
from labelsift.errors import PlatformError
from labelsift.store.locking import locked

# A server that says its process ids, starts a grandchild, and does not listen to SIGTERM where told so.
SERVING = """
import http.server, os, signal, subprocess, sys, time
port, pids, deaf = int(sys.argv[1]), sys.argv[2], sys.argv[3] == "deaf"
if deaf:
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
print("a line for the log", os.environ.get("TOLD", ""), flush=True)
with open(pids, "w") as file:
    file.write(f"{os.getpid()} {child.pid}")
http.server.HTTPServer(("127.0.0.1", port), http.server.SimpleHTTPRequestHandler).serve_forever()
"""


@pytest.fixture
def serving(tmp_path):
    """Build a server that is not started yet."""

    def build(*, deaf: bool = False, **options: object) -> tuple[Server, Path, int]:
        port, pids = free_port(), tmp_path / "pids"
        command = [sys.executable, "-c", SERVING, str(port), pids, "deaf" if deaf else "hears"]
        options = {
            "ready": f"http://127.0.0.1:{port}/",
            "log": tmp_path / "logs" / "server.log",
            "timeout": 30,
            **options,
        }
        return Server(command, **options), pids, port

    return build


def alive(pid: int) -> bool:
    """Tell whether a process runs; one that ended and waits for its parent does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def gone(*pids: int) -> bool:
    """Wait until processes have ended, at most a minute."""
    end = time.monotonic() + 60
    while any(map(alive, pids)) and time.monotonic() < end:
        time.sleep(0.05)
    return not any(map(alive, pids))


def started(pids: Path) -> list[int]:
    return [int(pid) for pid in pids.read_text().split()]


def test_it_serves_inside_and_is_gone_with_its_children_outside(serving):
    server, pids, port = serving(env={"TOLD": "something"})
    with server:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/") as answer:
            assert answer.status == 200
        running = started(pids)
        assert all(map(alive, running))
    assert gone(*running)
    assert "a line for the log something" in server.log.read_text()
    with pytest.raises(OSError):
        urllib.request.urlopen(f"http://127.0.0.1:{port}/")


def test_the_log_is_kept_from_start_to_start(serving):
    for _ in range(2):
        server, _, _ = serving()
        with server:
            pass
    assert server.log.read_text().count("a line for the log") == 2


def test_it_is_stopped_when_the_block_fails(serving):
    server, pids, _ = serving()
    with pytest.raises(ZeroDivisionError), server:
        running = started(pids)
        1 / 0  # noqa: B018
    assert gone(*running)


@pytest.mark.slow
def test_what_does_not_listen_is_killed(serving, monkeypatch):
    monkeypatch.setattr(servers, "_SUPERVISOR", servers._SUPERVISOR.replace("child.wait(10)", "child.wait(1)"))
    server, pids, _ = serving(deaf=True)
    with server:
        running = started(pids)
    assert gone(*running)


STARTER = """
import sys, time
from pathlib import Path
from labelsift.demo.local_servers import Server
port, pids, log, program = sys.argv[1:]
with Server([sys.executable, "-c", program, port, pids, "hears"], ready=f"http://127.0.0.1:{port}/", log=Path(log)):
    print("ready", flush=True)
    time.sleep(600)
"""


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM])
def test_it_ends_with_the_process_that_started_it(tmp_path, how):
    command = [sys.executable, "-c", STARTER, str(free_port()), tmp_path / "pids", tmp_path / "log", SERVING]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as starter:
        assert starter.stdout.readline() == "ready\n"
        running = started(tmp_path / "pids")
        assert all(map(alive, running))
        starter.send_signal(how)
        starter.wait()
    assert gone(*running)
    assert "a line for the log" in (tmp_path / "log").read_text()


def test_kill_ends_it_at_once_with_its_children(serving):
    server, pids, _ = serving(deaf=True)
    server.start()
    running = started(pids)
    server.kill()
    assert gone(*running)
    server.stop()  # again does no harm


@pytest.mark.slow
def test_a_server_that_is_not_ready_in_time_is_stopped_and_its_log_named(serving):
    server, pids, _ = serving(ready=f"http://127.0.0.1:{free_port()}/", timeout=3)
    with pytest.raises(PlatformError, match=r"not ready after 3 seconds") as error:
        server.start()
    assert str(server.log) in str(error.value)
    assert "a line for the log" in server.log.read_text()
    assert gone(*started(pids))


@pytest.mark.slow
@pytest.mark.parametrize(
    "command", [[sys.executable, "-c", "print('no luck'); raise SystemExit(3)"], ["/absent/program"]]
)
def test_a_server_that_ends_while_starting_is_named(tmp_path, command):
    server = Server(command, ready=f"http://127.0.0.1:{free_port()}/", log=tmp_path / "log", timeout=30)
    with pytest.raises(PlatformError, match="ended while it was starting") as error:
        server.start()
    assert str(tmp_path / "log") in str(error.value)
    said = (tmp_path / "log").read_text()
    assert "no luck" in said or "/absent/program" in said


def test_a_proxy_of_the_environment_is_not_asked_for_loopback(serving, monkeypatch):
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
    monkeypatch.delenv("no_proxy", raising=False)
    monkeypatch.delenv("NO_PROXY", raising=False)
    server, _, _ = serving()
    with server:
        pass


def test_what_speaks_no_http_is_ready_when_a_function_says_so(serving):
    answers = iter([False, False, True])
    server, _, _ = serving(ready=lambda: next(answers))
    with server:
        assert next(answers, "asked until it was ready") == "asked until it was ready"


@pytest.mark.slow
def test_an_answer_that_is_no_http_is_no_readiness(tmp_path):
    talk = (
        "import socket, sys\n"
        "listener = socket.create_server(('127.0.0.1', int(sys.argv[1])))\n"
        "while True:\n"
        "    other, _ = listener.accept()\n"
        "    other.recv(99); other.sendall(b'hello, this is no http\\n'); other.close()\n"
    )
    port = free_port()
    server = Server(
        [sys.executable, "-c", talk, str(port)], ready=f"http://127.0.0.1:{port}/", log=tmp_path / "log", timeout=2
    )
    with pytest.raises(PlatformError, match="not ready after 2 seconds"):
        server.start()


@pytest.fixture
def cache(tmp_path, monkeypatch) -> Path:
    monkeypatch.setenv("LABELSIFT_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


PYTHON = """#!/bin/sh
# Stands in for Python: makes "environments" whose pip says what it was asked, and refuses "absent".
if [ "$2" = venv ]; then mkdir -p "$4/bin" && cp "$0" "$4/bin/python"; exit; fi
echo "$@"
case "$*" in *absent*) exit 1;; esac
"""


@pytest.fixture
def quick(cache, tmp_path, monkeypatch) -> Path:
    """Environments that take no time: the real ones are made by the platforms' own tests."""
    program = tmp_path / "python"
    program.write_text(PYTHON)
    program.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(program))
    return cache


def test_an_environment_is_installed_once(quick):
    said: list[str] = []
    programs = environment("tiny", ["one==1", "two"], say=said.append)
    assert programs.is_relative_to(quick)
    assert (programs / "python").exists()
    assert (programs.parent / "install.log").read_text() == "-m pip install --no-input one==1 two\n"
    assert environment("tiny", ["one==1", "two"], say=said.append) == programs
    assert len(said) == 1
    assert environment("tiny", ["one==2", "two"], say=said.append) != programs
    (programs.parent / "installed.json").unlink()  # as if the installation had been interrupted
    assert environment("tiny", ["one==1", "two"], say=said.append) == programs
    assert len(said) == 3


def test_an_environment_is_installed_with_its_constraints(quick):
    programs = environment("tiny", ["one==1"], say=lambda _: None, constraints=Path("pins.txt"))
    assert (programs.parent / "install.log").read_text() == "-m pip install --no-input one==1 -c pins.txt\n"


@pytest.mark.parametrize(
    ("platform", "package"), [("argilla", "argilla-server"), ("label_studio", "label-studio"), ("mlflow", "mlflow")]
)
def test_what_a_server_brings_along_is_pinned(platform, package):
    server = importlib.import_module(f"labelsift.integrations.{platform}.server")
    pins = Path(server.__file__).with_name("server-constraints.txt").read_text(encoding="utf-8").splitlines()
    assert f"{package}=={server.VERSION}" in pins
    assert all(re.fullmatch(r"#.*|[a-z0-9-]+==[^ ]+", line) for line in pins)


def test_an_environment_that_cannot_be_installed_names_the_log_and_is_tried_again(quick):
    for _ in range(2):
        with pytest.raises(PlatformError, match=r"broken could not be installed \(pip ended with 1\)") as error:
            environment("broken", ["absent"], say=lambda _: None)
        log = Path(str(error.value).partition("the end of ")[2].removesuffix("."))
        assert "absent" in log.read_text()


def test_what_is_prepared_is_made_once_whole_and_private(cache):
    made = []

    def prepare(folder: Path) -> None:
        made.append(folder)
        servers.write_private(folder / "key", "secret")
        if len(made) == 1:
            raise PlatformError("interrupted")

    with pytest.raises(PlatformError, match="interrupted"):
        servers.prepared("platform/1.0", prepare)
    assert not (cache / "platform" / "1.0").exists()
    for _ in range(2):
        folder = servers.prepared("platform/1.0", prepare)
        assert (folder / "key").read_text() == "secret"
    assert len(made) == 2
    assert (folder.stat().st_mode & 0o777, (folder / "key").stat().st_mode & 0o777) == (0o700, 0o600)


def test_two_do_not_prepare_the_same_thing_at_once(tmp_path):
    seen: list[str] = []
    taken, free = threading.Event(), threading.Event()

    def first() -> None:
        with locked(tmp_path / "lock"):
            taken.set()
            free.wait()
            seen.append("first")

    def second() -> None:
        taken.wait()
        free.set()
        with locked(tmp_path / "lock"):
            seen.append("second")

    threads = [threading.Thread(target=target) for target in (first, second)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert seen == ["first", "second"]


def test_a_free_port_is_free():
    import socket

    with socket.socket() as probe:
        probe.bind(("127.0.0.1", free_port()))
