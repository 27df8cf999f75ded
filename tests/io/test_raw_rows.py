"""Rows as they are written: what is not changed keeps its bytes, and what was changed comes back as it was."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import labelsift as ls
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from labelsift.corrections.file_versions import correct, undo
from labelsift.data.schemas import CORRECTIONS_SCHEMA
from labelsift.io.raw_rows import rows_as_written, with_value
from labelsift.io.row_files import load, save

CELL = st.text(st.characters(exclude_categories=["Cs", "Cc"], include_characters="\n"), max_size=6)
ROWS = st.lists(st.tuples(CELL.map(lambda cell: f"t{cell}"), st.sampled_from("xyz")), min_size=2, max_size=6)
QUOTING = st.sampled_from([csv.QUOTE_ALL, csv.QUOTE_MINIMAL, csv.QUOTE_NONNUMERIC])


@settings(max_examples=60)
@given(rows=ROWS, quoting=QUOTING, end=st.sampled_from(["\n", "\r\n"]), last=st.booleans(), bom=st.booleans())
def test_a_changed_label_and_a_row_that_goes_change_nothing_else(tmp_path_factory, rows, quoting, end, last, bom):
    buffer = io.StringIO()
    table = [["id", "text", "label"], *([f"i{n}", *row] for n, row in enumerate(rows))]
    csv.writer(buffer, quoting=quoting, lineterminator=end).writerows(table)
    text = buffer.getvalue() if last else buffer.getvalue().removesuffix(end)
    path = tmp_path_factory.mktemp("csv") / "data.csv"
    path.write_bytes((b"\xef\xbb\xbf" if bom else b"") + text.encode())
    file = load(path)
    parts = rows_as_written(("\ufeff" if bom else "") + text, quotes=True)
    assert "".join(parts).encode() == path.read_bytes()

    save(file, path.with_name("same.csv"))
    assert path.with_name("same.csv").read_bytes() == path.read_bytes()
    save(file.changed("label", {1: "w"}).take(pa.array([1]).to_numpy()), path.with_name("less.csv"))
    quote = '"' if quoting != csv.QUOTE_MINIMAL else ""
    tail = f"{quote}{rows[1][1]}{quote}"
    cut = parts[2].rindex(tail)
    expected = parts[0] + parts[2][:cut] + f"{quote}w{quote}" + parts[2][cut + len(tail) :]
    assert path.with_name("less.csv").read_bytes().decode() == expected


def write_store(folder: Path, file: Path, rows: list[dict[str, object]]) -> Path:
    store = folder / "kept"
    ls.scan(ls.read(file, id="id", label="label"), only=["exact_duplicate"], store=store)
    usual = {"verdict": "changed", "person": "ann", "platform": "xlsx", "run": ls.load(store=store).run}
    ls.record(pa.Table.from_pylist([usual | row for row in rows], CORRECTIONS_SCHEMA), store=store)
    return store


@pytest.mark.parametrize("name", ["data.csv", "data.jsonl", "data.tsv"])
def test_two_decisions_are_two_lines_of_a_diff_and_undo_gives_every_byte_back(tmp_path, name):
    file = tmp_path / name
    if name.endswith("jsonl"):
        lines = [f'{{ "id":"i{n}","text": "t\\u00e9 {n}",  "label" :"{"xy"[n % 2]}" }}\r\n' for n in range(6)]
        lines[3] += "\r\n"  # an empty line
    else:
        part = "\t" if name.endswith("tsv") else ","
        lines = [f'"id"{part}"text"{part}label\r\n']
        lines += [f'i{n}{part}"say ""{n}"""{part}{"xy"[n % 2]}\r\n' for n in range(6)]
    lines[-1] = lines[-1].removesuffix("\r\n")
    file.write_text("".join(lines), encoding="utf-8", newline="")
    relabel = {"id": "i1", "action": "relabel", "value": '"x"'}
    store = write_store(tmp_path, file, [relabel, {"id": "i5", "action": "remove", "value": "null"}])
    later, back = tmp_path / f"later-{name}", tmp_path / f"back-{name}"
    correct(file, later, id="id", label="label", dataset="data", store=store)
    header = 0 if name.endswith("jsonl") else 1
    changed = lines[1 + header]
    place = changed.rindex("y")
    lines[1 + header] = changed[:place] + "x" + changed[place + 1 :]
    assert later.read_bytes().decode() == "".join(lines[:-1])
    undo(later, back, store=store)
    assert back.read_bytes() == file.read_bytes()


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda some: st.lists(some) | st.dictionaries(st.text(), some),
)


@pytest.mark.slow
@given(row=st.dictionaries(st.text(), JSON, min_size=1), value=st.text(), indent=st.sampled_from([None, 1]))
def test_one_value_of_a_line_changes(row, value, indent):
    key = next(iter(row))
    line = json.dumps(row, indent=indent)
    changed = with_value(line, key, value)
    assert changed is not None
    assert json.loads(changed) == row | {key: value}
    assert list(json.loads(changed)) == list(row)
