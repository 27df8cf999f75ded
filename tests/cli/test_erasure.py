"""``labelsift forget`` and ``labelsift reproduce``, as a user types them."""

from __future__ import annotations

import json
from pathlib import Path

import labelsift as ls
import pyarrow as pa
import pytest
from click.testing import CliRunner, Result
from labelsift import platforms
from labelsift.cli import main
from labelsift.errors import PlatformError
from labelsift.metrics.compare import compare
from labelsift.platforms import LabelingPlatform, LogRequest, PushRequest, Receipt, Tracker
from labelsift.render import comparison_page
from labelsift.store.store import Store
from pyarrow import parquet


class Copies(LabelingPlatform):
    """A platform that can delete what was pushed to it, or is down."""

    name = "copies"
    capabilities = LabelingPlatform.capabilities | {"forget"}

    def __init__(self) -> None:
        self.down, self.asked = False, []

    def push(self, queue: object, request: PushRequest) -> Receipt:
        return Receipt(self.name, request.project)

    def forget(self, ids, *, project: str, match: str | None = None, dry_run: bool = False) -> int:
        if self.down:
            raise PlatformError("The server cannot be reached", hint="Start it")
        self.asked.append((list(ids), project, match, dry_run))
        return len(ids)


class Kept(Tracker):
    """A tracker that cannot delete."""

    name = "kept"

    def log(self, run: object, request: LogRequest) -> Receipt:
        return Receipt(self.name, request.target or "a run")


@pytest.fixture
def known(monkeypatch) -> Copies:
    copies = Copies()
    there = {"copies": copies, "texts": Kept()}
    monkeypatch.setattr(platforms, "get", there.__getitem__)
    return copies


@pytest.fixture
def store(tmp_path) -> Path:
    rows = {"id": ["a", "b", "c", "d"], "text": ["one", "two", "three", "one"], "label": ["x", "y", "x", "y"]}
    samples = ls.read(pa.table(rows | {"text_2": ["=1+1", "2", "3", "4"]}), id="id", label="label", metadata=["text_2"])
    ls.scan(samples, only=["exact_duplicate"], store=tmp_path / "kept")
    return tmp_path / "kept"


def run(*words: object, answer: str | None = None) -> Result:
    return CliRunner().invoke(main, [str(word) for word in words], input=answer)


def test_reproduce_writes_the_rows_and_says_identical(store, tmp_path):
    done = run("reproduce", "latest", "--store", store, "--out", tmp_path / "rows.parquet")
    assert done.exit_code == 0
    assert "(samples, 4 rows): identical\n" in done.output
    table = parquet.read_table(tmp_path / "rows.parquet")
    assert table.column_names == ["id", "text", "label", "text_2"]
    again = ls.read(tmp_path / "rows.parquet", id="id", label="label", metadata=["text_2"])
    assert again.fingerprint == Store(store).runs()[0].fingerprint


def test_forget_asks_first_and_then_does_it(store, known):
    ls.load(store=store).push("copies", project="Tickets")
    asked = run("forget", "a", "--store", store, answer="n\n")
    assert asked.exit_code != 0
    assert "would be erased from" in asked.output
    assert "Other samples with the same text, which stay: d" in asked.output
    assert ls.load(store=store).samples.ids.to_pylist() == ["a", "b", "c", "d"]
    done = run("forget", "a", "--store", store, "--yes", "--reason", "request 12")
    assert done.exit_code == 0, done.output
    assert known.asked == [(["a"], "Tickets", None, True), (["a"], "Tickets", None, False)]
    assert ls.load(store=store).samples.ids.to_pylist() == ["b", "c", "d"]
    assert "identical except 1 erased" in run("reproduce", "--store", store).output
    audited = json.loads(run("audit", "--store", store, "--json").output)
    assert [row["action"] for row in audited] == ["sent", "forget", "forgotten"]
    assert audited[1]["why"] == "request 12; 1 samples"


def test_what_cannot_be_reached_is_named_and_tried_again(store, known):
    report = ls.load(store=store)
    report.push("copies", project="Tickets")
    report.log("texts", target="run 7", with_text=True)
    known.down = True
    failed = run("forget", "a", "--store", store, "--yes", "--json")
    assert failed.exit_code == 1
    content = json.loads(failed.output)
    assert [path.partition(":")[0] for path in content["unreachable"]] == [
        "copies Tickets",
        "texts run 7 may hold texts of them",
    ]
    assert ls.load(store=store).samples.ids.to_pylist() == ["b", "c", "d"]
    known.down = False
    assert run("forget", "a", "--store", store, "--yes", "--json").exit_code == 1  # the tracker's is still there
    assert known.asked == [(["a"], "Tickets", None, False)]


def test_ids_that_stand_nowhere(store, known):
    done = run("forget", "nobody", "--store", store, "--yes")
    assert done.exit_code == 2
    assert "no sample with these ids: nobody" in done.output


def test_pages_are_written_again_without_the_sample_or_named(store, tmp_path):
    report = ls.load(store=store)
    pages = [report.to_html(tmp_path / f"{name}.html") for name in ("kept", "moved", "other")]
    report.to_html(tmp_path / "shared.html", share=True)  # holds no text
    pages[1].rename(tmp_path / "elsewhere.html")
    pages[2].write_text("Somebody else's by now")
    rows = {"id": ["a", "b", "c", "d"], "text": ["one", "two", "three", "one"], "label": ["y", "y", "x", "y"]}
    later = ls.scan(ls.read(pa.table(rows), id="id", label="label"), only=["exact_duplicate"], store=store)
    changes = comparison_page.write(compare(report, later), tmp_path / "changes.html", with_text=True)
    assert '["a",' in pages[0].read_text()

    planned = json.loads(run("forget", "a", "--store", store, "--dry-run", "--json").output)
    assert planned["pages"] == [f"report page {pages[0]}"]
    assert '["a",' in pages[0].read_text()
    for _ in range(2):
        done = run("forget", "a", "--store", store, "--yes", "--json")
        content = json.loads(done.output)
        assert done.exit_code == 1
        assert [path.partition(":")[0] for path in content["unreachable"]] == [
            f"The report page {pages[1]} is not there any more",
            f"The comparison page {changes} may hold texts of them",
        ]
        assert '["a",' not in pages[0].read_text()
        assert report.run in pages[0].read_text()
        assert pages[2].read_text() == "Somebody else's by now"
        assert content["pages"] == (planned["pages"] if _ == 0 else [])  # the second time it is clean already
