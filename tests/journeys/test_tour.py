"""The demo's folder and its file part; the platforms' part is the main test of the integrations."""

from __future__ import annotations

import json
import os
import pty
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import labelsift as ls
import pytest
from labelsift.demo.tour import tour

PROGRAM = str(Path(sys.executable).parent / "labelsift")
IGNORING_INTERRUPTS = ("/bin/sh", "-c", 'trap "" INT; exec "$@"', "sh")  # as a script leaves what it starts with &


@pytest.mark.slow
def test_the_file_part_prints_one_json_summary_and_can_be_repeated(tmp_path, capsys):
    folder = tmp_path / "demo"
    for _ in range(2):
        tour(folder, labeler=None)
        summary = json.loads(capsys.readouterr().out)
        assert summary["scan"]["rows"] == 800
        assert Path(summary["report"]).stat().st_size > 50_000
    assert folder.stat().st_mode & 0o777 == 0o700
    assert len(ls.load(store=folder / ".labelsift").findings) > 60


@pytest.mark.slow
def test_without_the_truth_file_the_scan_finds_the_same(tmp_path, capsys, monkeypatch):
    from labelsift.demo import tour as module

    tour(tmp_path / "one", labeler=None)
    write = module.write_tickets

    def without_truth(folder: Path, seed: int) -> tuple[Path, Path]:
        data, truth = write(folder, seed)
        truth.unlink()
        truth.parent.rmdir()
        return data, truth

    monkeypatch.setattr(module, "write_tickets", without_truth)
    tour(tmp_path / "other", labeler=None)
    capsys.readouterr()
    first, other = (ls.load(store=tmp_path / name / ".labelsift") for name in ("one", "other"))
    assert first.scores.equals(other.scores)
    assert first.findings.equals(other.findings)


def test_a_folder_with_other_things_in_it_is_refused(tmp_path):
    (tmp_path / "mine.txt").write_text("precious")
    with pytest.raises(ls.InputError, match="is not empty, and no demo made it"):
        tour(tmp_path, labeler=None)
    assert (tmp_path / "mine.txt").read_text() == "precious"


def test_a_second_demo_leaves_a_running_one_alone(tmp_path):
    from labelsift.demo.tour import _claimed

    with _claimed(tmp_path / "demo"):
        (tmp_path / "demo" / "data").write_text("in use")
        with pytest.raises(ls.InputError, match="A demo is running in"):
            tour(tmp_path / "demo", labeler=None)
        assert (tmp_path / "demo" / "data").read_text() == "in use"


@pytest.mark.slow
def test_what_the_labeler_misses_is_named_and_nothing_runs_on(tmp_path, monkeypatch):
    with pytest.raises(ls.InputError, match="wandb"):
        tour(tmp_path / "demo", labeler="wandb")
    with pytest.raises(ls.InputError, match="xlsx cannot be tried locally"):
        tour(tmp_path / "demo", labeler="xlsx")
    assert not (tmp_path / "demo").exists()
    monkeypatch.setattr(shutil, "which", lambda program: None)
    with pytest.raises(ls.InputError, match="apt-get install redis-server"):
        tour(tmp_path / "demo", labeler="argilla")


@pytest.mark.server
@pytest.mark.parametrize("labeler", ["label-studio", pytest.param("argilla", marks=pytest.mark.soak)])
def test_on_a_terminal_it_stays_up_until_interrupted_and_stops_what_it_started(tmp_path, labeler):
    if labeler == "argilla" and not shutil.which("redis-server"):
        hint = "redis-server is missing: apt-get install redis-server"
        (pytest.fail if os.environ.get("LABELSIFT_CI") == "1" else pytest.skip)(hint)
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        [*IGNORING_INTERRUPTS, PROGRAM, "demo", "--labeler", labeler, "--folder", str(tmp_path / "demo")],
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        start_new_session=True,
    )
    os.close(theirs)
    seen = ""
    end = time.monotonic() + 800
    while "press Ctrl-C" not in seen and time.monotonic() < end:
        try:
            seen += os.read(ours, 65_536).decode("utf-8", "replace")
        except OSError:
            break
    assert "press Ctrl-C" in seen, seen[-2000:]
    assert re.search(labeler + r" +http://127\.0\.0\.1:\d+", seen)
    assert "Log in as" in seen
    variables = tmp_path / "demo" / "env.sh"
    assert variables.stat().st_mode & 0o777 == 0o600
    asked = f"cd {variables.parent} && . ./env.sh && labelsift doctor {labeler} && labelsift doctor mlflow"
    asked += f" && labelsift push {labeler} Tickets --json"
    done = subprocess.run(["/bin/bash", "-c", asked], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    receipt = json.loads(done.stdout[done.stdout.index("{") :])
    assert (receipt["created"], receipt["updated"]) == (0, 0)
    process.send_signal(signal.SIGINT)
    assert process.wait(60) == 0
    for line in variables.read_text().splitlines():
        match = re.search(r"_UR[LI]=(http://127\.0\.0\.1:\d+)", line)
        if match:
            host, port = match[1].removeprefix("http://").split(":")
            with socket.socket() as probe:
                assert probe.connect_ex((host, int(port))) != 0  # nobody listens any more
    os.close(ours)
