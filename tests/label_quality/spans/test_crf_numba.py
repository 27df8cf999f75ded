"""The compiled loops of the tagger can be imported wherever their machine code can or cannot be kept."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import labelsift
import pytest

LOOPS = """
import sys
sys.path.insert(0, {folder!r})
import numpy as np
from labelsift.label_quality.spans import crf_numba
first, step = np.zeros(1), np.zeros((1, 1))
crf_numba._steps(np.zeros((1, 1)), np.zeros(1), np.ones((2, 1), dtype=np.bool_), first, step)
print(crf_numba.__file__.startswith({folder!r}), first.tolist(), step.tolist())
"""


def run(code: str, **environment: str) -> str:
    variables = {**os.environ, "PYTHONDONTWRITEBYTECODE": "1", **environment}
    done = subprocess.run([sys.executable, "-c", code], check=False, capture_output=True, text=True, env=variables)
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout.strip()


@pytest.mark.slow
def test_where_no_cache_can_be_kept_nothing_fails(tmp_path):
    package = tmp_path / "labelsift"
    shutil.copytree(Path(labelsift.__file__).parent, package, ignore=shutil.ignore_patterns("__pycache__"))
    kept_beside = package / "label_quality" / "spans" / "__pycache__"
    kept_beside.write_text("a file where a folder would have to be: the same for root as for anybody")
    nowhere = str(package / "__init__.py" / "folder")
    loops = LOOPS.format(folder=str(tmp_path))
    expected = "True [1.0] [[1.0]]"
    assert run(loops, HOME=nowhere, XDG_CACHE_HOME=nowhere, NUMBA_CACHE_DIR="") == expected
    cache = tmp_path / "cache"
    assert run(loops, XDG_CACHE_HOME=str(cache), HOME=nowhere, NUMBA_CACHE_DIR="") == expected
    assert list(cache.rglob("crf_numba._steps*.nbi"))
