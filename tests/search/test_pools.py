"""Pools: made, grown, changed and emptied; a killed writer leaves the old or the new state; two lose nothing."""

from __future__ import annotations

import multiprocessing
import signal
import subprocess
import sys
import time
from pathlib import Path

import labelsift as ls
import numpy as np
import pyarrow as pa
import pytest
from labelsift.data.samples import Samples
from labelsift.errors import InputError, StoreError
from labelsift.models import vector_index as vectors
from labelsift.search.index_pool import index_pool
from labelsift.search.pools import Pools

DIMENSIONS = 8


def rows(ids: range, *, mark: str = "") -> Samples:
    texts = [f"text {number}{mark}" for number in ids]
    return Samples(
        pa.table({"id": [f"p{number}" for number in ids], "text": texts}),
        pa.table({"channel": ["mail" if number % 2 else "chat" for number in ids], "a.b": list(ids)}),
        "pool",
    )


def embed(table: pa.Table) -> np.ndarray:
    """Vectors that tell the texts apart: the same text, the same vector."""
    drawn = [np.random.default_rng(list(text.encode())).normal(size=DIMENSIONS) for text in table["text"].to_pylist()]
    return (np.array(drawn) / np.linalg.norm(drawn, axis=1, keepdims=True)).astype(np.float32).reshape(-1, DIMENSIONS)


def whole(pool_folder: Path, name: str = "pool") -> dict[str, str]:
    """Return id → text of a pool, after checking that every vector is that of its text and that the filter works."""
    pool = Pools(pool_folder).open(name)
    table = pool.table()
    assert len(pool.index) == len(table)
    expected = embed(table)
    for row in range(0, len(table), max(len(table) // 20, 1)):
        nearest = pool.searchable().nearest(expected[row], k=1, where=f"id = '{table['id'][row]}'")
        assert nearest["id"][0] == table["id"][row]
        assert nearest["similarity"][0].as_py() == pytest.approx(1, abs=2e-3)
        np.testing.assert_allclose(pool.vector_of(table["id"][row].as_py()), expected[row], atol=2e-3)
    return dict(zip(table["id"].to_pylist(), table["text"].to_pylist(), strict=True))


@pytest.fixture(params=["flat", "cells"], autouse=True)
def small(request, monkeypatch) -> None:
    monkeypatch.setattr(vectors, "EXACT_BELOW", 100 if request.param == "cells" else 1_000_000)
    monkeypatch.setattr("labelsift.search.pools.EXACT_BELOW", vectors.EXACT_BELOW)


@pytest.mark.slow
def test_a_pool_grows_changes_and_shrinks(tmp_path):
    pools = Pools(tmp_path)
    made = pools.add("pool", rows(range(300)), embedder="e", embed=embed)
    assert (made.created, made.rows) == (300, 300)
    asked: list[int] = []

    def counted(table: pa.Table) -> np.ndarray:
        asked.append(len(table))
        return embed(table)

    again = pools.add("pool", rows(range(300)), embedder="e", embed=counted)
    assert (again.created, again.updated, again.unchanged, asked) == (0, 0, 300, [])
    more = pools.add("pool", rows(range(250, 350)), embedder="e", embed=counted)
    assert (more.created, more.unchanged, more.rows, asked) == (50, 50, 350, [50])
    changed = pools.add("pool", rows(range(10), mark="!"), embedder="e", embed=counted)
    assert (changed.created, changed.updated, changed.rows) == (0, 10, 350)
    gone = pools.remove("pool", [f"p{number}" for number in range(5, 200)])
    assert (gone.removed, gone.rows) == (195, 155)
    assert whole(tmp_path) == {
        **{f"p{number}": f"text {number}!" for number in range(5)},
        **{f"p{number}": f"text {number}" for number in range(200, 350)},
    }
    grown = pools.add("pool", rows(range(1000, 1800)), embedder="e", embed=embed)
    assert grown.rows == 955
    assert len(whole(tmp_path)) == 955
    assert len([path for path in (tmp_path / "pool").iterdir() if path.name.startswith("state-")]) == 1
    assert pools.remove("pool", list(whole(tmp_path))).rows == 0
    assert pools.open("pool").searchable().nearest(embed(rows(range(1)).table)[0], k=3).num_rows == 0


def test_removed_texts_stand_nowhere_afterwards(tmp_path):
    pools = Pools(tmp_path)
    pools.add("pool", rows(range(200), mark=" planted"), embedder="e", embed=embed)
    pools.add("pool", rows(range(200, 400)), embedder="e", embed=embed)
    pools.remove("pool", [f"p{number}" for number in range(200)])
    contents = b"".join(path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())
    assert b"planted" not in contents


def test_what_does_not_fit_is_refused_and_changes_nothing(tmp_path):
    pools = Pools(tmp_path)
    pools.add("pool", rows(range(20)), embedder="e", embed=embed)
    with pytest.raises(InputError, match="embedded with e, not with other"):
        pools.add("pool", rows(range(30)), embedder="other", embed=embed)
    with pytest.raises(InputError, match="3 dimensions"):
        pools.add("pool", rows(range(30)), embedder="e", embed=lambda table: np.ones((len(table), 3), np.float32))
    with pytest.raises(InputError, match="p99"):
        pools.remove("pool", ["p1", "p99"])
    with pytest.raises(StoreError, match="There are: pool"):
        pools.open("other")
    with pytest.raises(InputError, match="no name of a pool"):
        pools.add("../runs", rows(range(3)), embedder="e", embed=embed)
    with pytest.raises(StoreError, match="no pool other"):
        pools.remove("other", ["p1"])
    assert not (tmp_path / "other").exists()
    assert len(whole(tmp_path)) == 20


WRITER = """
import sys
sys.path.insert(0, {tests!r})
from pathlib import Path
from test_pools import Pools, embed, rows
pools = Pools(Path({folder!r}))
print("ready", flush=True)
pools.add("pool", rows(range(0, 900), mark="!"), embedder="e", embed=embed)
"""


@pytest.mark.slow
@pytest.mark.parametrize("kills", [5, pytest.param(50, marks=pytest.mark.soak)])
def test_a_killed_append_leaves_the_old_or_the_new_state(tmp_path, kills):
    old = {f"p{number}": f"text {number}" for number in range(400)}
    new = {f"p{number}": f"text {number}!" for number in range(900)}
    Pools(tmp_path).add("pool", rows(range(400)), embedder="e", embed=embed)
    program = WRITER.format(tests=str(Path(__file__).parent), folder=str(tmp_path))
    for wait in np.random.default_rng(kills).uniform(0, 0.6, kills):
        writer = subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True)
        assert writer.stdout is not None and writer.stdout.readline() == "ready\n"
        time.sleep(wait)
        writer.send_signal(signal.SIGKILL)
        writer.wait()
        writer.stdout.close()
        pooled = whole(tmp_path)
        assert pooled in (old, new)
        if pooled == new:  # back to the start for the next one
            Pools(tmp_path).remove("pool", list(new))
            Pools(tmp_path).add("pool", rows(range(400)), embedder="e", embed=embed)
    Pools(tmp_path).add("pool", rows(range(900), mark="!"), embedder="e", embed=embed)  # the lock is free again
    assert whole(tmp_path) == new


@pytest.mark.slow
@pytest.mark.parametrize("step", ["rows", "index", "pointer"])
def test_a_stop_at_each_step_of_writing_leaves_the_old_state(tmp_path, monkeypatch, step):
    old = {f"p{number}": f"text {number}" for number in range(200)}
    pools = Pools(tmp_path)
    pools.add("pool", rows(range(200)), embedder="e", embed=embed)
    if step == "rows":
        import lance

        monkeypatch.setattr(lance, "write_dataset", _stop)
    elif step == "index":
        monkeypatch.setattr(vectors.VectorIndex, "save", _stop)
    else:
        monkeypatch.setattr(Path, "replace", _stop)
    with pytest.raises(_Killed):
        pools.add("pool", rows(range(300)), embedder="e", embed=embed)
    monkeypatch.undo()
    assert whole(tmp_path) == old
    pools.add("pool", rows(range(300)), embedder="e", embed=embed)
    assert len([path for path in (tmp_path / "pool").iterdir() if path.name.startswith("state-")]) == 1


class _Killed(BaseException):
    """Nothing in the code may catch it, as nothing can catch a kill."""


def _stop(*_: object, **__: object) -> None:
    raise _Killed


def _append(folder: str, start: int) -> None:
    for number in range(start, start + 100, 20):
        Pools(Path(folder)).add("pool", rows(range(number, number + 20)), embedder="e", embed=embed)


@pytest.mark.slow
def test_two_writers_at_once_lose_nothing(tmp_path):
    context = multiprocessing.get_context("spawn")
    writers = [context.Process(target=_append, args=(str(tmp_path), start)) for start in (0, 100)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
        assert writer.exitcode == 0
    assert len(whole(tmp_path)) == 200


@pytest.mark.slow
def test_a_problem_is_looked_up_in_the_pool(tmp_path):
    topics = ["my card has not arrived", "please refund the order", "I forgot my password"]
    labeled = pa.table(
        {
            "id": [f"t{number}" for number in range(60)],
            "text": [f"{topics[number % 3]} {number}" for number in range(60)],
        }
    )
    labeled = labeled.append_column("label", pa.array([str(number % 3) for number in range(60)]))
    report = ls.scan(ls.read(labeled, id="id", label="label"), store=tmp_path / "kept")
    texts = [f"{topics[number % 3]}, said customer {number}" for number in range(90)]
    table = pa.table({"id": [f"u{number}" for number in range(90)], "text": texts, "state": ["CA", "NY"] * 45})
    pool = ls.read(table, id="id", metadata=["state"], name="unlabeled")
    assert index_pool(pool, store=tmp_path / "kept").created == 90
    for seed in ("t1", ["t1", "t4"], "refund my order please", report.embeddings[1], "u4"):
        similar = report.similar(seed, k=10, pool="unlabeled", where="state = 'NY'", details=True)
        assert similar.num_rows == 10
        assert all("refund" in text for text in similar["text"].to_pylist())
        assert {row["state"] for row in similar["metadata"].to_pylist()} == {"NY"}
    with pytest.raises(InputError, match="state"):
        report.similar("t1", pool="unlabeled", where="label = 'x'")
    with pytest.raises(InputError, match="embedded with the user's embeddings"):
        index_pool(pool, name="brought", embeddings=np.eye(90), store=tmp_path / "kept")
        report.similar("t1", pool="brought")
