"""Generated inputs of the kinds that people have: each is read right, or refused with exit code 2.

    python -m benchmarks.fuzz_inputs [--cases 1000] [--seed 0] [--scan-every 10]

Whole inputs must give exactly the samples that they were made of; a refusal is counted. Damaged ones (two of five
files) must be refused or keep all rows but those around the damage: at most two texts that were not there, and none
lost but those, unless the file ends early or stands twice in itself; Arrow and parquet files hold no checksums, so that
nobody can tell, and must only end. Every tenth is scanned as well. Cases run in a
process of their own; one that dies, takes more than 60 s or more than 4 GB is a failure with its number, and the rest
go on. ``--only N`` shows one case.
"""

from __future__ import annotations

import argparse
import collections
import json
import resource
import selectors
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import labelsift as ls

from benchmarks.made_inputs import Case, made

SECONDS, BYTES = 60, 4 << 30
RIGHT, REFUSED = "right", "refused"


def main() -> int:
    """Print how the cases ended by kind, and each failure; return 1 if there is one."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cases", type=int, default=1_000)
    parser.add_argument("--seed", type=int, default=0, help="Number of the first case.")
    parser.add_argument("--scan-every", type=int, default=10)
    parser.add_argument("--only", type=int, help="Show this case.")
    parser.add_argument("--child", type=int, nargs=2, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.only is not None:
        with tempfile.TemporaryDirectory() as folder:
            case = made(given.only, Path(folder))
            print(case.kind, case.damage, case.read, case.source, sep="\n")
            print(*case.rows[:5], sep="\n")
            print(ended(case, scan=True))
        return 0
    if given.child:
        first, end = given.child
        _child(first, end, given.scan_every)
        return 0
    outcomes = run(given.seed, given.cases, given.scan_every)
    table: dict[str, collections.Counter[str]] = collections.defaultdict(collections.Counter)
    for outcome in outcomes:
        table[outcome["kind"]][outcome["end"] if outcome["end"] in (RIGHT, REFUSED) else "wrong"] += 1
    for kind, ends in sorted(table.items()):
        print(f"{kind:40} " + ", ".join(f"{end} {count}" for end, count in sorted(ends.items())))
    wrong = [outcome for outcome in outcomes if outcome["end"] not in (RIGHT, REFUSED)]
    whole = [outcome for outcome in outcomes if not outcome["kind"].startswith("damaged")]
    refused = sum(outcome["end"] == REFUSED for outcome in whole)
    print(
        f"{len(outcomes):,} cases from seed {given.seed}: {len(wrong)} wrong; {refused} of {len(whole)} whole refused"
    )
    for outcome in wrong:
        print(f"  case {outcome['case']}: {outcome['kind']}: {outcome['end']}")
    return int(bool(wrong))


def run(first: int, cases: int, scan_every: int) -> list[dict[str, Any]]:
    """Run cases in processes of their own, one after the other until one ends before its time."""
    outcomes: list[dict[str, Any]] = []
    while len(outcomes) < cases:
        start = first + len(outcomes)
        command = [sys.executable, "-m", "benchmarks.fuzz_inputs", "--scan-every", str(scan_every)]
        command += ["--child", str(start), str(first + cases)]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=Path(__file__).parents[1]) as child:
            assert child.stdout
            watch = selectors.DefaultSelector()
            watch.register(child.stdout, selectors.EVENT_READ)
            while watch.select(timeout=SECONDS):
                line = child.stdout.readline()
                if not line:
                    break
                if line.startswith('{"case"'):  # libraries print, too
                    outcomes.append(json.loads(line))
            child.kill()
            code = child.wait()
        if len(outcomes) < cases:
            end = "no end in 60 s" if code == -9 else f"the process ended with {code}"
            outcomes.append({"case": first + len(outcomes), "kind": "unknown", "end": end})
    return outcomes


def _child(first: int, end: int, scan_every: int) -> None:
    for number in range(first, end):
        with tempfile.TemporaryDirectory() as folder:
            case = made(number, Path(folder))
            outcome = ended(case, scan=number % scan_every == 0)
        if resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 > BYTES:
            outcome = "more than 4 GB"
        kind = f"damaged {case.kind} ({case.damage})" if case.damage else case.kind
        print(json.dumps({"case": number, "kind": kind, "end": outcome}), flush=True)


def ended(case: Case, *, scan: bool) -> str:
    """Read a case and return ``right``, ``refused``, or what is wrong."""
    try:
        samples = ls.read(case.source, **case.read)
        rows = list(zip(samples.texts.to_pylist(), _given(samples), strict=True))
        if scan:
            ls.scan(samples, store=None)
    except ls.LabelsiftError as error:
        return REFUSED if error.exit_code == 2 else f"exit code {error.exit_code}: {error}"
    except Exception as error:
        return f"{type(error).__name__}: {error}"
    wanted = [(text, label) for text, label in case.rows]
    if case.damage == "emptied":
        return f"{len(rows)} rows of a file that is empty" if rows else RIGHT
    if rows == wanted:
        return RIGHT
    if not case.damage:
        odd = [(got, right) for got, right in zip(rows, wanted, strict=False) if got != right]
        return f"{len(rows)} of {len(wanted)} rows; {odd[:1]!r}"
    binary = case.kind.startswith(("arrow", "parquet"))
    return RIGHT if binary else _kept(rows, wanted, case.damage)


def _given(samples: ls.Samples) -> list[Any]:
    given = samples.given
    if given is None:
        return [None] * len(samples)
    if samples.task == "classification":
        return given.to_pylist()
    return [None if value is None else json.loads(value) for value in given.to_pylist()]


def _kept(rows: list[tuple[str, Any]], wanted: list[tuple[str, Any]], damage: str) -> str:
    """Return ``right`` where only rows around a damage differ."""
    count, known = collections.Counter(text for text, _ in rows), {text for text, _ in wanted}
    new = sum(times for text, times in count.items() if text not in known)
    lost = sum(text not in count for text in known)
    changed = sum(dict(wanted)[text] != label for text, label in rows if text in known)
    if new > 2:
        return f"{new} texts that were not there"
    if changed > 2 and changed > len(rows) // 20:
        return f"{changed} labels changed"
    return RIGHT if damage == "truncated" or lost <= 2 else f"{lost} of {len(wanted)} rows lost without a word"


if __name__ == "__main__":
    sys.exit(main())
