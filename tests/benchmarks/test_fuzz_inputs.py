"""Generated inputs are read right or refused; what judges them can tell a wrong reading."""

from __future__ import annotations

import sys
from pathlib import Path

import labelsift as ls
import pyarrow as pa
import pytest

pytest.importorskip("pandas")
pytest.importorskip("polars")
pytest.importorskip("openpyxl")
sys.path.insert(0, str(Path(__file__).parents[2]))  # benchmarks are no part of the package

from benchmarks.fuzz_inputs import REFUSED, RIGHT, ended, run
from benchmarks.made_inputs import KINDS, Case, made

SAMPLE = 100


def _judged(first: int, cases: int) -> None:
    outcomes = run(first, cases, scan_every=10)
    assert len(outcomes) == cases
    assert [outcome for outcome in outcomes if outcome["end"] not in (RIGHT, REFUSED)] == []
    whole = [outcome for outcome in outcomes if not outcome["kind"].startswith("damaged")]
    refused = [outcome for outcome in whole if outcome["end"] == REFUSED]
    assert len(refused) <= 0.05 * len(whole), refused  # a scan refuses one class alone, for example
    print(f"{cases:,} inputs from seed {first}: {len(refused)} of {len(whole)} whole ones refused")


@pytest.mark.slow
def test_a_sample_of_inputs_is_read_right_or_refused():
    _judged(10_000, SAMPLE)


@pytest.mark.soak
def test_a_thousand_inputs_are_read_right_or_refused():
    _judged(20_000, 1_000)


def test_the_same_seed_makes_the_same_case_and_all_kinds_come(tmp_path):
    cases = [made(seed, tmp_path) for seed in range(120)]
    assert len({case.kind.split()[0] for case in cases}) >= 8
    assert any(case.damage for case in cases) and len(KINDS) >= 12
    first, again = made(7, tmp_path), made(7, tmp_path)
    assert (first.kind, first.read, first.rows) == (again.kind, again.read, again.rows)


@pytest.mark.parametrize(
    ("table", "damage", "end"),
    [
        ({"text": ["a", "b"], "label": ["x", "y"]}, "", RIGHT),
        ({"text": ["a", "b"], "label": ["x", "x"]}, "", "2 of 2 rows"),
        ({"text": ["a"], "label": ["x"]}, "", "1 of 2 rows"),
        ({"text": ["a", "c", "d", "e"], "label": ["x"] * 4}, "flipped", "3 texts that were not there"),
        ({"text": ["a", "b"], "label": ["x", "y"]}, "emptied", "2 rows of a file that is empty"),
    ],
)
def test_a_wrong_reading_is_called_so(table, damage, end):
    case = Case("frame", pa.table(table), {"label": "label"}, [("a", "x"), ("b", "y")], damage)
    assert ended(case, scan=False).startswith(end)


def test_rows_lost_are_called_so_and_other_exceptions_too(monkeypatch):
    rows = [(f"t{row}", "x") for row in range(9)]
    frame = pa.table({"text": ["t0", "t1"], "label": ["x", "x"]})
    assert "7 of 9 rows lost" in ended(Case("frame", frame, {"label": "label"}, rows, "quote"), scan=False)
    monkeypatch.setattr(ls, "read", lambda *_, **__: 1 / 0)
    assert ended(Case("frame", frame, {}, rows), scan=False).startswith("ZeroDivisionError")
