"""Overlay of the training frameworks: a folder of packages outside the checkout, on the path of the tests that need it.

PyTorch and what stands on it take a gigabyte that labelsift never asks for, so they are in no requirement of its own.
``make test`` puts them into one cached folder, ``make soak`` two groups; a test that needs one calls :func:`require`,
which skips it, and names the package, where the folder could not be made. The versions are those of
``tests/frameworks/<group>.txt``; what ``constraints.txt`` pins already comes from the environment of the tests.
"""

from __future__ import annotations

import hashlib
import importlib
import importlib.util
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

GROUPS = ("torch", "soak")
LISTS = Path(__file__).parents[1] / "frameworks"
WITHOUT_DEPENDENCIES = ["--no-deps", "--no-input", "-q", "--disable-pip-version-check"]
_QUIET = {"HF_HUB_OFFLINE": "1", "TF_CPP_MIN_LOG_LEVEL": "3", "KERAS_BACKEND": "torch", "CUDA_VISIBLE_DEVICES": ""}


def folder(group: str) -> Path:
    """Return where the packages of a group lie, or would lie: keyed by their list and the version of Python."""
    from labelsift.store.cache_folder import cache_folder

    key = hashlib.sha256((LISTS / f"{group}.txt").read_bytes() + repr(sys.version_info[:2]).encode()).hexdigest()[:8]
    return cache_folder() / "frameworks" / f"{group}-{key}"


def install(group: str) -> Path:
    """Make the folder of a group once, and only whole."""
    from labelsift.demo.local_servers import prepared
    from labelsift.store.cache_folder import cache_folder

    def fill(half: Path) -> None:
        pip = [sys.executable, "-m", "pip", "install", *WITHOUT_DEPENDENCIES]
        subprocess.run([*pip, "--target", half, "-r", LISTS / f"{group}.txt"], check=True)

    return prepared(str(folder(group).relative_to(cache_folder())), fill)


def activate() -> list[str]:
    """Put the folders that are there behind everything else on the path of this process; return them."""
    ready = [str(path) for group in GROUPS if (path := folder(group)).exists()]
    for name, value in _QUIET.items():
        os.environ.setdefault(name, value)
    sys.path += [path for path in ready if path not in sys.path]
    importlib.invalidate_caches()
    return ready


def require(*names: str) -> None:
    """Skip the module that calls it where a framework is missing, and name it; else have it on the path.

    Nothing is imported: every worker collects every module, and PyTorch alone takes seconds. Import in fixtures.
    """
    activate()
    for name in names:
        if importlib.util.find_spec(name) is None:
            group = next((group for group in GROUPS if name.replace("_", "-") in _packages(group)), GROUPS[0])
            reason = f"{name} is not installed: python tests/helpers/frameworks.py install {group}"
            pytest.skip(reason, allow_module_level=True)


def _packages(group: str) -> set[str]:
    lines = (LISTS / f"{group}.txt").read_text().splitlines()
    return {line.split("==")[0].strip().lower() for line in lines if "==" in line}


def main(arguments: list[str]) -> int:
    """``path``: what PYTHONPATH wants. ``install GROUP …``: make them; one that fails is named, and no error."""
    if arguments[:1] == ["path"]:
        print(os.pathsep.join(str(path) for group in GROUPS if (path := folder(group)).exists()))
        return 0
    for group in arguments[1:]:
        try:
            install(group)
        except (subprocess.CalledProcessError, OSError) as error:
            print(json.dumps({"skipped": group, "why": str(error)}), file=sys.stderr)
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
