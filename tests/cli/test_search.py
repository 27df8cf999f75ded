"""labelsift similar and labelsift index, as a user calls them."""

from __future__ import annotations

import json
from pathlib import Path

import labelsift as ls
import pyarrow.compute as pc
import pytest
from click.testing import CliRunner, Result
from labelsift.cli import main
from labelsift.metrics.slice_table import slice_ids
from labelsift.search.seeds import class_ids

TOPICS = {"card": "my card has not arrived", "refund": "please refund the order", "login": "I forgot my password"}


def run(*words: object) -> Result:
    return CliRunner().invoke(main, [str(word) for word in words])


def answer(*words: object) -> list[dict]:
    result = run(*words, "--json")
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


@pytest.fixture(scope="module")
def place(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("place")
    labels = list(TOPICS)
    lines = [
        f"t{number},{TOPICS[labels[number % 3]]} {number},{labels[number % 3]},{'CA' if number % 2 else 'NY'}"
        for number in range(60)
    ]
    (folder / "tickets.csv").write_text(
        "\n".join(["id,text,label,state", *lines, "c1,please refund the order 1,refund,CA"])
    )
    lines = [f"u{row},{TOPICS[labels[row % 3]]} said customer {row},{'CA' if row % 2 else 'NY'}" for row in range(90)]
    (folder / "fresh.csv").write_text("\n".join(["key,message,state", *lines]))
    kept = ("--store", folder / "kept")
    columns = ("--id", "id", "--label", "label", "--meta", "state")
    assert run("scan", folder / "tickets.csv", *columns, *kept).exit_code == 0
    return folder


@pytest.mark.slow
def test_similar_with_a_filter_and_folded_copies(place):
    kept = ("--store", place / "kept")
    rows = answer(
        "similar", "my order refund", *kept, "--where", "state = 'CA' AND label = 'refund'", "--fold-duplicates"
    )
    assert len(rows) == 10
    assert {row["metadata"]["state"] for row in rows} == {"CA"}
    assert {row["label"] for row in rows} == {"refund"}
    assert sorted(row["copies"] for row in rows)[-2:] == [1, 2]
    assert {"id", "similarity", "label", "text", "issues", "metadata", "copies"} == set(rows[0])
    shown = run("similar", "my order refund", *kept, "--fold-duplicates", "-k", 30).stdout
    assert "(2×) please refund" in shown


def test_a_group_is_a_seed(place, tmp_path):
    kept = ("--store", place / "kept")
    by_sql = answer("similar", "--like", "label = 'login' AND state = 'CA'", *kept, "-k", 5)
    assert {row["label"] for row in by_sql} == {"login"}
    assert {row["metadata"]["state"] for row in by_sql} == {"NY"}  # the seeds themselves are left out
    (tmp_path / "ids.txt").write_text("t0\nt3\n\n")
    by_ids = answer("similar", "--ids", tmp_path / "ids.txt", *kept, "-k", 5)
    assert {row["label"] for row in by_ids} == {"card"}


def test_a_weak_class_and_a_slice_are_seeds(place):
    kept = ("--store", place / "kept")
    report = ls.load(store=place / "kept")
    weak = class_ids(report, "refund")
    of_class = report.scores.filter(pc.equal(report.samples.labels, "refund"))
    flagged = of_class.filter(of_class["is_label_issue"])
    expected = flagged if flagged.num_rows else of_class
    worst = expected.sort_by("label_score")["label_score"][: len(weak)]
    assert len(weak) == (flagged.num_rows or 20)
    scored = dict(zip(report.scores["id"].to_pylist(), report.scores["label_score"].to_pylist(), strict=True))
    assert [scored[id] for id in weak] == worst.to_pylist()
    rows = answer("similar", "--class", "refund", *kept, "-k", 3)
    assert [row["id"] for row in rows] == report.similar(weak, k=3)["id"].to_pylist()
    part = slice_ids(report, "state:CA")
    assert sorted(part) == sorted(report.ids("state = 'CA'"))
    rows = answer("similar", "--slice", "state:CA", *kept, "-k", 3)
    assert {row["metadata"]["state"] for row in rows} == {"NY"}  # the slice itself is left out


def test_a_pool_is_indexed_searched_appended_and_shrunk(place, tmp_path):
    kept = ("--store", place / "kept")
    roles = ("--text", "message", "--id", "key", "--meta", "state")
    made = answer("index", place / "fresh.csv", *roles, *kept)
    assert made == {"pool": "fresh", "created": 90, "updated": 0, "unchanged": 0, "removed": 0, "rows": 90, "notes": []}
    again = run("index", place / "fresh.csv", *roles, *kept)
    assert again.stdout == "Pool fresh: 0 created, 0 updated, 90 unchanged, 0 removed; 90 rows\n"
    rows = answer("similar", "t1", "--pool", "fresh", "--where", "state = 'NY'", "-k", 5, *kept)
    assert all("refund" in row["text"] and row["metadata"]["state"] == "NY" for row in rows)
    gone = [row["id"] for row in rows]
    (tmp_path / "gone.txt").write_text("\n".join(gone))
    removed = answer("index", "--name", "fresh", "--remove", tmp_path / "gone.txt", *kept)
    assert (removed["removed"], removed["rows"]) == (5, 85)
    after = answer("similar", "t1", "--pool", "fresh", "--where", "state = 'NY'", "-k", 85, *kept)
    assert not set(gone) & {row["id"] for row in after}
    assert answer("index", place / "fresh.csv", *roles, *kept)["created"] == 5


WRONG = {
    "no such class": (("similar", "--class", "parcel"), "No sample is labeled parcel"),
    "no such slice": (("similar", "--slice", "state:TX"), "no such slice"),
    "two starts": (("similar", "--slice", "state:CA", "--class", "card"), "starts from one thing"),
    "two seeds": (("similar", "x", "--like", "label = 'card'"), "starts from one thing"),
    "no seed": (("similar",), "nothing to start from"),
    "no group": (("similar", "--like", "label = 'nope'"), "No sample fulfils"),
    "no column": (("similar", "x", "--where", "channel = 'mail'"), "is_label_issue"),
    "more than a condition": (("similar", "x", "--where", "state = 'CA'; DROP TABLE x"), "semicolon"),
    "no pool": (("similar", "x", "--pool", "absent"), "no pool absent"),
    "a pool's name that is a path": (("similar", "x", "--pool", "../runs"), "no name of a pool"),
    "nothing to index": (("index",), "not clear what to index"),
    "removal from nowhere": (("index", "--remove", "{ids}"), "not clear what to index"),
    "removal from no pool": (("index", "--name", "absent", "--remove", "{ids}"), "no pool absent"),
}


@pytest.mark.parametrize("name", WRONG)
def test_wrong_calls_say_what_is_wrong(place, tmp_path, name):
    (tmp_path / "ids.txt").write_text("u1\n")
    words, why = WRONG[name]
    result = run(*(word.replace("{ids}", str(tmp_path / "ids.txt")) for word in words), "--store", place / "kept")
    assert result.exit_code == 2
    assert why in result.stderr
    assert "Traceback" not in result.stderr
