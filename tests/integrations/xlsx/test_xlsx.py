"""Spreadsheets: what goes out comes back, no cell is a formula, and what people wrote stays."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import labelsift as ls
import pyarrow as pa
import pytest
from click.testing import CliRunner
from hypothesis import given, settings
from hypothesis import strategies as st
from labelsift import platforms
from labelsift.cli import main
from labelsift.corrections.record import decisions
from labelsift.data.schemas import CORRECTIONS_SCHEMA, Finding, findings_table
from labelsift.integrations.xlsx import Xlsx
from labelsift.report import Report
from labelsift.review.items import queue_of
from labelsift.store.store import Store

openpyxl = pytest.importorskip("openpyxl")
HOSTILE = ("=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "007", "1e5", "TRUE", "#N/A", " padded ", "a\nb", "ü💥", "_x000D_")


@pytest.fixture
def report(make_report) -> Report:
    return make_report()


@pytest.fixture
def book(tmp_path, report) -> Path:
    """A workbook with all flagged samples."""
    report.push("xlsx", project=str(tmp_path / "review.xlsx"))
    return tmp_path / "review.xlsx"


def filled(path: Path, decisions: dict[str, str], *, saved_by: str | None = None, **others: str) -> None:
    """Write decisions as a person would, in LibreOffice or Excel."""
    made = openpyxl.load_workbook(path)
    sheet = made.worksheets[0]
    header = [cell.value for cell in sheet[1]]
    for line in sheet.iter_rows(min_row=2):
        id = line[header.index("labelsift_id")].value
        if id in decisions:
            cell = line[header.index("decision")]
            cell.value, cell.data_type = decisions[id], "s"  # picked from the list, so no formula
            for name, value in others.items():
                line[header.index(name)].value = value
    made.properties.lastModifiedBy = saved_by
    made.save(path)


def own(path: Path, *rows: tuple) -> Path:
    made = openpyxl.Workbook()
    for row in rows:
        made.worksheets[0].append(row)
    made.save(path)
    return path


def pulled(path: Path) -> list[dict]:
    table = Xlsx().pull(project=str(path))
    assert table.schema == CORRECTIONS_SCHEMA
    return table.to_pylist()


def test_it_is_a_labeler_and_says_what_it_lacks(monkeypatch):
    assert Xlsx().doctor() == {}
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    assert 'pip install "labelsift[xlsx]"' in next(iter(Xlsx().doctor().values()))
    with pytest.raises(ls.InputError, match="openpyxl, which is not installed"):
        Xlsx().pull(project="review.xlsx")


def test_every_flagged_sample_stands_in_the_sheet_worst_first(book, report):
    sheet = openpyxl.load_workbook(book).worksheets[0]
    header, *lines = sheet.iter_rows(values_only=True)
    rows = [dict(zip(header, line, strict=True)) for line in lines]
    flags = queue_of(report).items
    assert [row["labelsift_id"] for row in rows] == [flag.id for flag in flags]
    assert [(row["given"], row["suggested"]) for row in rows] == [(flag.given, flag.suggested) for flag in flags]
    assert {row["labelsift_run"] for row in rows} == {report.run}
    assert all(row["decision"] is None for row in rows)
    assert pulled(book) == []


def test_spaces_around_a_label_of_the_data_are_its_own(tmp_path):
    lines = [
        ["id", "given", "suggested", "decision"],
        ["a", " x ", "y", "y"],
        ["b", "y", "z", " x "],
        ["c", "y", "z", " q "],
    ]
    book = openpyxl.Workbook()
    for line in lines:
        book.worksheets[0].append(line)
    book.save(tmp_path / "own.xlsx")
    values = [json.loads(row["value"]) for row in pulled(tmp_path / "own.xlsx")]
    assert values == ["y", " x ", "q"]


@pytest.mark.parametrize(
    ("decision", "action", "verdict", "value"),
    [
        ("SUGGESTED", "relabel", "accepted", "SUGGESTED"),
        ("accept", "relabel", "accepted", "SUGGESTED"),
        ("Yes", "relabel", "accepted", "SUGGESTED"),
        ("GIVEN", "keep", "refused", "GIVEN"),
        (" Keep ", "keep", "refused", "GIVEN"),
        ("something new", "relabel", "changed", "something new"),
        ("remove", "remove", "changed", None),
        ("Drop", "remove", "accepted", None),
        ("skip", "keep", "skipped", "GIVEN"),
        ("both", "keep", "both_fit", "GIVEN"),
        ("Both fit", "keep", "both_fit", "GIVEN"),
    ],
)
def test_what_a_decision_means(book, report, decision, action, verdict, value):
    flag = next(item for item in queue_of(report).items if item.issues == ("label",))
    words = {"GIVEN": flag.given, "SUGGESTED": flag.suggested}
    filled(book, {flag.id: words.get(decision, decision)}, note="why not", saved_by="Ann")
    (row,) = pulled(book)
    assert (row["id"], row["action"], row["verdict"]) == (flag.id, action, verdict)
    assert json.loads(row["value"]) == words.get(value, value)
    assert (row["person"], row["run"], row["platform"], row["note"]) == ("Ann", report.run, "xlsx", "why not")
    assert row["time"] is None


def test_the_column_person_says_who(book, report):
    filled(book, {queue_of(report).items[0].id: "keep"}, person="Bob", saved_by="Ann")
    assert pulled(book)[0]["person"] == "Bob"


def test_pushing_again_changes_nothing_and_keeps_what_people_wrote(book, report):
    ids = [flag.id for flag in queue_of(report).items]
    filled(book, {ids[0]: "keep", ids[-1]: "remove"}, person="Ann", note="sure")
    before = pulled(book)
    receipt = report.push("xlsx", project=str(book))
    assert (receipt.created, receipt.unchanged, receipt.details["decided"]) == (0, len(ids), 2)
    assert pulled(book) == before
    report.push("xlsx", project=str(book), budget=1)  # the last one is no longer asked for, and still decided
    assert pulled(book) == before


def test_dry_run_writes_nothing(tmp_path, report):
    receipt = report.push("xlsx", project=str(tmp_path / "r.xlsx"), dry_run=True, budget=3)
    assert (receipt.created, list(tmp_path.iterdir())) == (3, [])


def hostile_report(cells: list[str]) -> Report:
    ids = list(dict.fromkeys(cells))
    rows = {"id": ids, "text": cells[: len(ids)], "label": ids}
    samples = ls.read(pa.table(rows), label="label", id="id")
    labels = samples.labels.to_pylist()
    findings = [Finding(id, "label", 0.1, id, given=labels[row], suggested=ids[row - 1]) for row, id in enumerate(ids)]
    made = ls.scan(samples, store=None, only=["empty"])
    return Report(made.run, made.created, samples, made.scores, findings_table(findings))


def test_no_cell_is_a_formula_and_each_keeps_its_text(tmp_path):
    path = tmp_path / "r.xlsx"
    hostile_report(list(HOSTILE)).push("xlsx", project=str(path))
    sheet = openpyxl.load_workbook(path).worksheets[0]
    cells = [cell for row in sheet.iter_rows() for cell in row if cell.value is not None]
    assert {cell.data_type for cell in cells} == {"s"}
    assert {row[0].value for row in sheet.iter_rows(min_row=2)} == set(HOSTILE)
    assert all(cell.quotePrefix for cell in cells if str(cell.value)[0] in "=+-@\t")


CELLS = st.text(st.characters(codec="utf-8", categories=("L", "N", "P", "S", "Zs")), min_size=1).filter(str.strip)


@pytest.mark.slow
@settings(max_examples=25)
@given(st.lists(CELLS, min_size=2, max_size=6, unique=True))
def test_out_and_in_is_equal(tmp_path_factory, cells):
    path = tmp_path_factory.mktemp("book") / "r.xlsx"
    report = hostile_report(cells)
    report.push("xlsx", project=str(path))
    words = {"keep", "ok", "correct", "accept", "yes", "remove", "delete", "skip", "?"}
    flags = {flag.id: flag for flag in queue_of(report).items if (flag.suggested or "").strip().casefold() not in words}
    filled(path, {id: flag.suggested or "" for id, flag in flags.items()})
    rows = pulled(path)
    assert {row["id"]: json.loads(row["value"]) for row in rows} == {id: flag.suggested for id, flag in flags.items()}
    assert {row["verdict"] for row in rows} <= {"accepted"}


def test_an_id_that_no_cell_holds_is_named(tmp_path):
    receipt = hostile_report(["a\x00b", "x" * 40_000, "fine"]).push("xlsx", project=str(tmp_path / "r.xlsx"))
    assert set(receipt.failed) == {"a\x00b", "x" * 40_000}
    assert receipt.created == 1


def test_somebodys_own_sheet_with_numbers_as_ids(tmp_path):
    path = own(tmp_path / "own.xlsx", ("ID", "Text", "Decision"), (7, "one", "refund"), (8.0, "two", None), (9, "", 5))
    rows = pulled(path)
    assert [(row["id"], json.loads(row["value"])) for row in rows] == [("7", "refund"), ("9", "5")]
    assert {(row["run"], row["action"], row["verdict"]) for row in rows} == {(None, "relabel", "changed")}


def test_a_word_that_is_a_label_is_the_label(tmp_path):
    path = own(tmp_path / "own.xlsx", ("id", "decision", "given"), ("1", "remove", "keep"), ("2", "keep", "remove"))
    assert [(row["action"], row["value"]) for row in pulled(path)] == [("relabel", '"remove"'), ("relabel", '"keep"')]


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ([("name", "decision"), ("a", "b")], "has no such column: id"),
        ([("id", "label"), ("a", "b")], "has no such column: decision"),
        ([], "has no such column: id, decision"),
        ([("id", "decision"), (None, "b")], "have no id, in rows: 2"),
        ([("id", "decision"), ("a", "b"), ("a", "c")], "several decisions of one person: a"),
        ([("id", "decision"), ("a", "accept")], "no suggestion to accept: a"),
    ],
)
def test_a_sheet_that_cannot_be_understood_is_refused(tmp_path, rows, message):
    with pytest.raises(ls.InputError, match=message):
        pulled(own(tmp_path / "own.xlsx", *rows))


def test_files_that_are_no_workbook_of_this_run_are_refused(tmp_path, book, make_report):
    (tmp_path / "text.xlsx").write_text("id,decision")
    with pytest.raises(ls.InputError, match="cannot be read as a workbook"):
        pulled(tmp_path / "text.xlsx")
    with pytest.raises(ls.InputError, match="There is no file"):
        pulled(tmp_path / "absent.xlsx")
    with pytest.raises(ls.InputError, match="is no workbook"):
        pulled(tmp_path / "a.csv")
    with pytest.raises(ls.InputError, match="decisions on another run"):
        make_report(run="20261124-101500-4f2a").push("xlsx", project=str(book))


@pytest.mark.parametrize("options", [{"mode": "prefill"}, {"mode": "blind"}, {"match": "data.id"}, {"create": True}])
def test_what_a_sheet_cannot_do_is_refused(tmp_path, report, options):
    with pytest.raises(ls.InputError):
        report.push("xlsx", project=str(tmp_path / "r.xlsx"), **options)


def test_the_whole_way_on_the_command_line(tmp_path, report, monkeypatch):
    """push, decide, pull, pull again, correct somebody's own sheet with the run named."""
    monkeypatch.setattr(platforms, "get", lambda name: Xlsx())
    store = Store(tmp_path / "kept")
    store.save(report)
    ids = [flag.id for flag in queue_of(report, only=["label"]).items]
    store.save_links(report.run, {ids[0]: "http://127.0.0.1/1"})

    def run(*arguments: object) -> str:
        result = CliRunner().invoke(main, [*map(str, arguments), "--store", str(store.folder)])
        assert result.exit_code == 0, result.output
        return result.stdout

    run("push", "xlsx", tmp_path / "r.xlsx", "--only", "label", "--budget", 3)
    filled(tmp_path / "r.xlsx", {ids[0]: "accept", ids[1]: "keep"}, saved_by="Ann")
    assert run("pull", "xlsx", tmp_path / "r.xlsx").splitlines()[0] == "2 decisions, 1 accepted, 1 refused; 2 new"
    assert run("pull", "xlsx", tmp_path / "r.xlsx").splitlines()[0] == "2 decisions, 1 accepted, 1 refused; 0 new"
    (row,) = json.loads(run("queue", "--json"))
    assert (row["issue"], row["asked"], row["open"], row["decided"]) == ("label", 3, 1, 2)
    linked = store.load().sample_links
    assert [linked[id] for id in ids[:3]] == ["http://127.0.0.1/1", "r.xlsx", "r.xlsx"]
    own(tmp_path / "own.xlsx", ("id", "decision"), (ids[2], "refund"))
    assert run("pull", "xlsx", tmp_path / "own.xlsx", "--run", "latest") == "1 decisions, 1 changed; 1 new\n"
    assert [record["dataset"] for record in decisions(store.ledger.records())] == ["tickets"] * 3
    filled(tmp_path / "r.xlsx", {ids[0]: "keep", ids[1]: "both"}, saved_by="Ann")  # another mind
    assert run("pull", "xlsx", tmp_path / "r.xlsx").splitlines()[0] == "2 decisions, 1 both fit, 1 refused; 2 new"
    assert "1 accepted, 1 changed, 2 refused, 1 both fit" in " ".join(run("queue").split())


def test_forgotten_samples_leave_the_workbook_and_nothing_else(tmp_path, make_report):
    import openpyxl

    report, path = make_report(40), tmp_path / "r.xlsx"
    ids = [flag.id for flag in queue_of(report, only=None, budget=None).items][:4]
    report.push("xlsx", project=str(path))
    filled(path, {ids[0]: "accept", ids[1]: "keep"}, saved_by="Ann")
    before = [[cell.value for cell in row] for row in openpyxl.load_workbook(path).worksheets[0].iter_rows()]
    assert Xlsx().forget([ids[0], ids[3], "nobody"], project=str(path), dry_run=True) == 2
    assert Xlsx().forget([ids[0], ids[3], "nobody"], project=str(path)) == 2
    after = [[cell.value for cell in row] for row in openpyxl.load_workbook(path).worksheets[0].iter_rows()]
    assert after == [row for row in before if row[0] not in (ids[0], ids[3])]
    assert Xlsx().pull(project=str(path))["id"].to_pylist() == [ids[1]]


def test_an_id_that_the_sheet_made_a_number_is_forgotten_too(tmp_path):
    own(tmp_path / "own.xlsx", ("id", "decision"), (7.0, "refund"), (8, "keep"), ("x", "keep"))
    assert Xlsx().forget(["7", "8"], project=str(tmp_path / "own.xlsx")) == 2
    assert Xlsx().pull(project=str(tmp_path / "own.xlsx"))["id"].to_pylist() == ["x"]


def test_a_workbook_that_is_gone_is_said(tmp_path):
    with pytest.raises(ls.InputError, match="There is no file"):
        Xlsx().forget(["t1"], project=str(tmp_path / "gone.xlsx"))


def test_an_answer_to_an_ambiguous_label_is_a_decision_on_the_label(report, tmp_path):
    path, flagged = tmp_path / "review.xlsx", set(report.findings["id"].to_pylist())
    labels = dict(zip(report.samples.ids.to_pylist(), report.samples.labels.to_pylist(), strict=True))
    first, second = [id for id, given in labels.items() if id not in flagged and given == "refund"][:2]
    findings = [
        Finding(id, "ambiguous", 0.3, "Both may fit.", given="refund", suggested="card_lost", confidence=0.4)
        for id in (first, second)
    ]
    asked = replace(report, findings=findings_table(findings))
    asked.push("xlsx", project=str(path))
    filled(path, {first: "card_lost", second: "refund"}, person="ann")
    rows = {row["id"]: row for row in ls.pull("xlsx", project=str(path), store=None).to_pylist()}
    assert (rows[first]["action"], rows[first]["verdict"], rows[first]["value"]) == (
        "relabel",
        "accepted",
        '"card_lost"',
    )
    assert (rows[second]["action"], rows[second]["verdict"]) == ("keep", "refused")
