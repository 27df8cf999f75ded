"""Progress: a share and an ETA within long steps, on a terminal, and nothing where nobody looks."""

from __future__ import annotations

import os
import pty
import subprocess
import sys

import numpy as np
import pytest
from labelsift.models import progress as loops
from labelsift.models.progress import listening, tracked
from labelsift.render import progress
from labelsift.render.progress import Steps

SCRIPT = """
import numpy as np, labelsift as ls, pyarrow as pa
words = np.array("card refund late parcel money bank login code app bill".split())
texts = [" ".join(words[np.random.default_rng(n).integers(0, 10, 6)]) for n in range(300)]
ls.scan(pa.table({"text": texts, "label": ["a", "b", "c"] * 100}), label="label", store=None)
"""


def test_steps_foretell_their_end_once_they_are_sure(monkeypatch):
    clock = iter([0.0, 10.0, 10.0, 10.5, 14.0])
    monkeypatch.setattr(progress.time, "monotonic", lambda: next(clock))
    drawn: list[tuple[str, float | None]] = []
    steps = Steps(lambda words, share: drawn.append((words, share)))
    steps.say("Embedding")
    for share in (0.0, 0.1, 0.25):
        steps.share("", share)
    assert drawn[0] == ("Embedding", None)
    assert drawn[-2] == ("Embedding", 0.1)
    assert drawn[-1] == ("Embedding · 0:12 left", 0.25)


def test_long_steps_tell_their_share(make_report):
    from labelsift.models.neighbors import NeighborIndex

    told: list[float] = []
    vectors = np.eye(8, dtype=np.float32)
    with listening(lambda doing, share: told.append(share)):
        NeighborIndex(vectors).graph(vectors, 2)
    assert told[0] == 0 and told[-1] == 1
    assert list(tracked("ab")) == ["a", "b"] and loops._listener.get() is None  # and nobody has to listen


@pytest.mark.slow
def test_a_terminal_shows_steps_and_shares_and_a_pipe_nothing(tmp_path):
    quiet = subprocess.run([sys.executable, "-c", SCRIPT], cwd=tmp_path, capture_output=True, text=True, check=True)
    assert (quiet.stdout, quiet.stderr) == ("", "")
    ours, theirs = pty.openpty()
    running = subprocess.Popen(
        [sys.executable, "-c", SCRIPT], cwd=tmp_path, stderr=theirs, env={**os.environ, "TERM": "xterm"}
    )
    os.close(theirs)
    shown = b""
    try:
        while piece := os.read(ours, 65536):
            shown += piece
    except OSError:  # the other end is closed
        pass
    assert running.wait() == 0
    assert b"Predicting out of sample (5 folds)" in shown and b"%" in shown
