"""Erasure from what a tracker was sent: rows and conditions go, a page that shows them is replaced, others stand."""

import json
from dataclasses import replace
from itertools import chain

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from labelsift.corrections.erase_panels import CONDITION, FILES, erase_from, erase_from_description
from labelsift.render.page.content import encode
from labelsift.render.tracker_panels.description import END
from labelsift.render.tracker_panels.files import write_files
from labelsift.render.tracker_panels.panels import panels
from labelsift.render.verdict import escaped
from labelsift.search.named_slices import SETTING
from labelsift.store.run_eraser import ERASED

CONDITION_OF_MINE = "id IN (" + ", ".join(f"'t{row}'" for row in range(1, 60, 2)) + ")"


@pytest.fixture
def sent(make_report, tmp_path):
    """The files of a report, with texts, and with a slice that names samples."""
    report = make_report()
    report = replace(report, settings=report.settings | {SETTING: {"mine": CONDITION_OF_MINE}})
    write_files(tmp_path, report, panels(report, with_text=True), with_text=True)
    return tmp_path


def test_a_sample_leaves_every_file_that_names_it(sent):
    rows = pq.read_table(sent / "flagged.parquet").to_pylist()
    gone = {rows[0]["id"]}
    text = rows[0]["text"]
    assert all(mentions(sent, text).values())  # else their absence would say nothing
    assert erase_from(sent, gone) == dict.fromkeys(("flagged.json", "report.html", "flagged.parquet"), gone)
    assert erase_from(sent, gone) == {}
    left = pq.read_table(sent / "flagged.parquet")["id"].to_pylist()
    assert len(left) == len(rows) - 1
    assert [row[0] for row in json.loads((sent / "flagged.json").read_text())["data"]] == left
    assert not any(mentions(sent, text).values())


def mentions(folder, text):
    """File of FILES that shows texts → whether it holds this text, as a reader of its format sees it."""
    names = [name for name in FILES if name.startswith("flagged") or name == "report.html"]
    forms = (text, encode(text)[1:-1])
    return {name: any(form in read(folder / name) for form in forms) for name in names}


def read(path):
    if path.suffix == ".parquet":
        return "\n".join(str(cell) for row in pq.read_table(path).to_pylist() for cell in row.values())
    content = path.read_text(encoding="utf-8")
    return "\n".join(map(str, chain(*json.loads(content)["data"]))) if path.suffix == ".json" else content


@pytest.mark.slow
@pytest.mark.parametrize("shown", [5, 1_000])
def test_a_reason_that_quotes_the_text_of_an_erased_sample_is_erased(sent, shown):
    """Also in a table that is cut before the row of the erased sample."""
    table = pq.read_table(sent / "flagged.parquet")
    rows = table.to_pylist()
    rows[1]["reason"] = f"Like: {rows[8]['text']}"
    pq.write_table(pa.Table.from_pylist(rows, table.schema), sent / "flagged.parquet")
    flagged = {"columns": table.column_names, "data": [list(row.values()) for row in rows[:shown]]}
    (sent / "flagged.json").write_text(json.dumps(flagged))
    named = {rows[8]["id"]}
    changed = erase_from(sent, named)
    assert changed["flagged.parquet"] == named and changed["flagged.json"] == (named if shown > 8 else set())
    left = pq.read_table(sent / "flagged.parquet").to_pylist()
    assert left == [rows[0], rows[1] | {"reason": ERASED}, *rows[2:8], *rows[9:]]
    written = json.loads((sent / "flagged.json").read_text())["data"]
    assert written == [list(row.values()) for row in left][: shown if shown <= 8 else None]


@pytest.mark.parametrize("id", ["t11", "t13"])  # one without a finding, and one with
def test_a_condition_that_names_an_erased_sample_is_erased(sent, id):
    changed = erase_from(sent, {id})
    assert changed["slices.json"] == changed["dictionary.json"] == {id}
    assert not [name for name in FILES if f"'{id}'" in read(sent / name)]
    table = json.loads((sent / "slices.json").read_text())
    predicates = [dict(zip(table["columns"], row, strict=True))["predicate"] for row in table["data"]]
    assert predicates.count(CONDITION) == 1 and 'gender = "f"' in predicates


def test_a_description_loses_the_lines_of_ours_that_name_an_erased_sample():
    theirs = "I looked at 't_1' myself.\n\n"
    row = escaped("id IN ('t_1', 't2')")
    ours = f"### labelsift: x\n\n| Slice |\n| --- |\n| {row} |\n| state = CA |\n\n{END}"
    left = erase_from_description(f"{theirs}{ours}\n\nid = 't_1'", ["t_1"])
    assert left == f"{theirs}{ours}\n\nid = 't_1'".replace(f"| {row} |\n", "")
    assert erase_from_description(theirs, ["t_1"]) == theirs


def test_files_that_name_no_such_sample_stand(sent):
    before = [(sent / name).read_bytes() for name in FILES]
    assert erase_from(sent, {"t", "t1234"}) == {}
    assert [(sent / name).read_bytes() for name in FILES] == before
