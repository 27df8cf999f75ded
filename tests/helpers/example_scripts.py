"""Scripts of examples/, run as a reader would, with the training frameworks on their path."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import frameworks

EXAMPLES = Path(__file__).parents[2] / "examples"


def printed(name: str, folder: Path, **environment: str) -> str:
    """Run a script with its store in a folder, and return what it printed; it may warn, and must not fail."""
    frameworks.activate()
    path = os.pathsep.join(str(frameworks.folder(group)) for group in frameworks.GROUPS)
    ended = subprocess.run(
        [sys.executable, str(EXAMPLES / f"{name}.py"), "--store", str(folder / "kept")],
        cwd=folder,
        env=os.environ | {"PYTHONPATH": path} | environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr[-3000:]
    assert list((folder / "kept" / "captures").iterdir())
    return ended.stdout
