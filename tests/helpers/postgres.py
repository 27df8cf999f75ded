"""A PostgreSQL server of the system's packages, on loopback, for tests of platforms that run on one."""

from __future__ import annotations

import contextlib
import os
import secrets
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from labelsift.demo.local_servers import LOOPBACK, free_port

PACKAGES = Path("/usr/lib/postgresql")
SECONDS = 60
USER = "labelsift"


def programs() -> Path | None:
    """Return the folder of the newest version's programs, None where the package is missing."""
    return max(PACKAGES.glob("*/bin"), key=lambda path: float(path.parent.name), default=None)


@contextlib.contextmanager
def postgres() -> Iterator[dict[str, str]]:
    """Start a server with a fresh database, and yield Label Studio's variables for it; its data are deleted."""
    binaries = programs()
    assert binaries
    # PostgreSQL does not start as root.
    prefix = ["runuser", "-u", "postgres", "--"] if os.getuid() == 0 else []
    folder, password, port = Path(tempfile.mkdtemp()), secrets.token_hex(16), str(free_port())
    (folder / "password").write_text(password)
    if prefix:
        shutil.chown(folder, "postgres")
        shutil.chown(folder / "password", "postgres")
    made = ["-D", folder / "data", "-U", USER, "--auth=scram-sha-256", f"--pwfile={folder / 'password'}", "-E", "UTF8"]
    subprocess.run([*prefix, binaries / "initdb", *made], check=True, stdout=subprocess.DEVNULL, cwd="/")
    options = ["-c", f"listen_addresses={LOOPBACK}", "-c", f"unix_socket_directories={folder}", "-c", "fsync=off"]
    command = [*prefix, binaries / "postgres", "-D", folder / "data", "-p", port, *options]
    with (folder / "log").open("wb") as log, subprocess.Popen(command, stdout=log, stderr=log, cwd="/") as server:
        try:
            _wait(binaries, port)
            yield {
                "DJANGO_DB": "default",
                "POSTGRE_NAME": "postgres",
                "POSTGRE_USER": USER,
                "POSTGRE_PASSWORD": password,
                "POSTGRE_HOST": LOOPBACK,
                "POSTGRE_PORT": port,
            }
        finally:
            server.terminate()
            server.wait(30)
            shutil.rmtree(folder, ignore_errors=True)


def _wait(binaries: Path, port: str) -> None:
    deadline = time.monotonic() + SECONDS
    while subprocess.run([binaries / "pg_isready", "-q", "-h", LOOPBACK, "-p", port], check=False).returncode:
        assert time.monotonic() < deadline, "PostgreSQL did not start"
        time.sleep(0.2)
