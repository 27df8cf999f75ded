"""Queue orders of another commit: the flagged labels of its scans in the order in which people would be asked.

    ../OTHER/.venv/bin/python -m benchmarks.queue_order ORDERS.csv [FILE.csv] [--made] [--checks label]

Runs from this commit's folder in the environment of the other one, so that both scan the same rows. What it writes is
what ``benchmarks.decisions --against`` reads: the name of each replay, and the ids of its questions.
"""

from __future__ import annotations

import argparse
import csv
from pathlib import Path

from .replays import ISSUES, Replay, add_options, replays_of


def main() -> None:
    """Write the orders of all replays."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("orders", type=Path)
    add_options(parser)
    parser.add_argument("--checks", nargs="+", default=["label"], help="that the other commit knows")
    options = parser.parse_args()
    with options.orders.open("w", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(["replay", "id"])
        for replay in replays_of(options, checks=options.checks):
            rows.writerows([replay.name, id] for id in asked(replay))
            print(replay.name, flush=True)


def asked(replay: Replay) -> list[str]:
    """Return the ids of flagged labels: wrong ones before ambiguous ones, each by score."""
    rows = replay.report.findings.select(["scope", "issue", "score", "id"]).to_pylist()
    asking = [row for row in rows if row["scope"] == "sample" and row["issue"] in ISSUES]
    places = [(ISSUES.index(row["issue"]), row["score"], row["id"]) for row in asking]
    return list(dict.fromkeys(id for *_, id in sorted(places)))


def read_orders(path: Path) -> dict[str, list[str]]:
    """Return what :func:`main` wrote: name of the replay → ids."""
    orders: dict[str, list[str]] = {}
    with path.open(newline="") as file:
        for row in csv.DictReader(file):
            orders.setdefault(row["replay"], []).append(row["id"])
    return orders


if __name__ == "__main__":
    main()
