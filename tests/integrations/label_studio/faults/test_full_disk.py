"""A disk that is full: what people decided is not lost, nothing is half-written, and the message says what is wrong."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pytest
from click.testing import CliRunner
from labelsift.cli import main
from labelsift.cli.output import write_table
from labelsift.corrections.record import DECISION
from labelsift.store.store import Store

MADE = "1,2\n3,4\n"


@pytest.fixture
def small(tmp_path) -> Iterator[Path]:
    """A disk of a megabyte."""
    disk = tmp_path / "disk"
    disk.mkdir()
    made = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(disk)], capture_output=True)
    if made.returncode:
        pytest.skip("only root may make a small disk")
    yield disk
    subprocess.run(["umount", "-l", str(disk)], check=True)  # pyarrow may still hold a file that it could not write


def fill(disk: Path) -> Path:
    """Fill a disk to the last byte; return the file that does it."""
    filler = disk / "filler"
    with filler.open("wb", buffering=0) as file:
        try:
            while True:
                file.write(b"\0" * 4096)
        except OSError:
            return filler


@pytest.fixture
def answered(platform, make_queue, name, client, tmp_path) -> tuple[str, Path]:
    """A store with a run, and a review project of it in which people have decided on three samples."""
    kept = tmp_path / "kept"
    report = make_queue(6)
    Store(kept).save(report)
    project = report.push("label-studio", project=name).details["project_id"]
    for task in next(client.tasks(project))[:3]:
        result = {"from_name": "label", "to_name": "text", "type": "choices", "value": {"choices": ["refund"]}}
        client.send("POST", f"/api/tasks/{task['id']}/annotations/", body={"result": [result]}, what="an annotation")
    return name, kept


def decisions(store: Path) -> int:
    return sum(record["kind"] == DECISION for record in Store(store).ledger.records())


@pytest.mark.server
@pytest.mark.parametrize("form", ["csv", "parquet"])
def test_a_file_of_decisions_is_written_whole_or_stays_as_it_was(small, answered, form):
    name, kept = answered
    to = small / f"decisions.{form}"
    to.write_text(MADE)
    filler = fill(small)
    pull = ["pull", "label-studio", name, "--to", str(to), "--store", str(kept)]

    full = CliRunner().invoke(main, pull)
    assert (full.exit_code, full.stdout) == (2, "")
    assert full.stderr == (
        f"labelsift: {to} cannot be written (No space left on device). Free some space, or name another file.\n"
    )
    assert to.read_text() == MADE
    assert sorted(os.listdir(small)) == [to.name, "filler"]
    assert decisions(kept) == 0

    filler.unlink()
    assert CliRunner().invoke(main, pull).stdout.splitlines()[0].endswith("; 3 new")
    assert sorted(os.listdir(small)) == [to.name]


@pytest.mark.server
def test_a_record_on_a_full_disk_takes_all_decisions_or_none(small, answered):
    name, kept = answered
    store = small / "kept"
    shutil.copytree(kept, store)
    filler = fill(small)
    pull = ["pull", "label-studio", name, "--store", str(store)]
    push = ["push", "label-studio", name, "--store", str(store)]

    for command in (pull, push):
        full = CliRunner().invoke(main, command)
        assert (full.exit_code, full.stdout) == (2, ""), full.output
        (line,) = full.stderr.splitlines()
        assert "No space left on device" in line
        assert "Free some space" in line
        assert decisions(store) == 0

    filler.unlink()
    assert CliRunner().invoke(main, pull).stdout.splitlines()[0].endswith("; 3 new")
    assert CliRunner().invoke(main, pull).stdout.splitlines()[0].endswith("; 0 new")
    pushed = CliRunner().invoke(main, push)
    assert pushed.exit_code == 0, pushed.output


LIMITED = """
import resource, sys
import pyarrow as pa
from labelsift.cli.output import write_table
from labelsift.errors import InputError
resource.setrlimit(resource.RLIMIT_FSIZE, (2000, 2000))
try:
    write_table(pa.table({"text": [str(at) * 40 for at in range(4000)]}), sys.argv[1])
except InputError as error:
    print(error)
"""


@pytest.mark.slow
@pytest.mark.parametrize("form", ["csv", "parquet"])
def test_a_file_that_may_not_grow_stays_as_it_was(tmp_path, form):
    to = tmp_path / f"decisions.{form}"
    to.write_text(MADE)
    done = subprocess.run([sys.executable, "-c", LIMITED, str(to)], capture_output=True, text=True, check=True)
    assert "cannot be written (File too large)" in done.stdout
    assert to.read_text() == MADE
    assert os.listdir(tmp_path) == [to.name]


def test_what_takes_the_place_of_a_file_keeps_its_rights_and_links(tmp_path):
    real = tmp_path / "real.csv"
    real.write_text(MADE)
    real.chmod(0o640)
    link = tmp_path / "link.csv"
    link.symlink_to(real)
    write_table(pa.table({"a": [1]}), str(link))
    assert link.is_symlink()
    assert real.read_text() == '"a"\n1\n'
    assert real.stat().st_mode & 0o777 == 0o640
    assert sorted(os.listdir(tmp_path)) == ["link.csv", "real.csv"]
