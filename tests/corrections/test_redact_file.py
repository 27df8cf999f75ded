"""A masked copy of a file: the format and every other cell stay, and counts alone are told."""

from __future__ import annotations

import gzip
import json

import labelsift as ls
import pyarrow as pa
import pytest
from click.testing import CliRunner
from labelsift.cli import main
from labelsift.corrections.redact_file import redact_file
from pyarrow import parquet

CSV = """id,text,customer,phone,n
1,"Hi, mail jo@mail.example, or jo@mail.example",jo@mail.example,4155550132,1
2,nothing here ,"x, y",,007
3,"my password is ""Snoopy1969!"", ok",,4155550133,1.10
"""


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "a.csv"
    path.write_bytes(CSV.encode())
    return path


def test_only_masked_cells_are_written_anew(file, tmp_path):
    result = redact_file(file, tmp_path / "b.csv")
    assert (tmp_path / "b.csv").read_text() == CSV.replace(
        '"Hi, mail jo@mail.example, or jo@mail.example"', '"Hi, mail [EMAIL_1], or [EMAIL_1]"'
    ).replace("Snoopy1969!", "[PASSWORD_1]")
    assert (result.rows, result.changed) == (3, 2)
    assert result.kinds == {"text": {"email": 2, "password": 1}}
    assert result.left == {"customer": {"email": 1}, "phone": {"phone": 2}}


def test_further_columns_are_masked_by_name(file, tmp_path):
    result = redact_file(file, tmp_path / "b.csv", text=None, columns=["phone", "customer"])
    lines = (tmp_path / "b.csv").read_text().splitlines()
    assert lines[1].endswith('jo@mail.example",[EMAIL_1],[PHONE_1],1')
    assert result.left == {"text": {"email": 2, "password": 1}}


def test_jsonl_parquet_and_compressed_files_keep_their_form(tmp_path):
    rows = [{"text": "call +44 20 7946 0958", "k": 1.0, "ok": True}, {"text": "no", "k": None, "ok": False}]
    lines = "".join(f"{json.dumps(row)}\n" for row in rows)
    (tmp_path / "a.jsonl.gz").write_bytes(gzip.compress(lines.encode()))
    redact_file(tmp_path / "a.jsonl.gz", tmp_path / "b.jsonl.gz")
    written = gzip.decompress((tmp_path / "b.jsonl.gz").read_bytes()).decode()
    assert written == lines.replace("+44 20 7946 0958", "[PHONE_1]")
    parquet.write_table(pa.Table.from_pylist(rows), tmp_path / "a.parquet")
    redact_file(tmp_path / "a.parquet", tmp_path / "b.parquet")
    table = parquet.read_table(tmp_path / "b.parquet")
    assert table.to_pylist() == [rows[0] | {"text": "call [PHONE_1]"}, rows[1]]


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"columns": ["costumer"]}, "no such column: costumer"),
        ({"text": None}, "no column to mask"),
        ({"kinds": ["mail"]}, "no such kind: mail"),
        ({"out": "a.csv"}, "is the file itself"),
        ({"out": "b.jsonl"}, "another format"),
    ],
)
def test_what_cannot_be_done_is_refused(file, tmp_path, given, said):
    out = tmp_path / given.pop("out", "b.csv")
    with pytest.raises(ls.InputError, match=said):
        redact_file(file, out, **given)
    assert file.read_bytes() == CSV.encode()


def test_the_command_tells_counts_and_what_was_left(file, tmp_path):
    result = CliRunner().invoke(main, ["redact", str(file), "--out", str(tmp_path / "b.csv"), "--meta", "customer"])
    assert result.exit_code == 0, result.output
    assert result.output.strip().endswith(
        "masked 3 e-mail addresses and 1 password in 2 of 3 rows. Left as they are (--meta masks them): phone (2 phone"
        " numbers)."
    )
    assert "jo@mail" not in result.output
    told = CliRunner().invoke(main, ["redact", str(file), "--out", str(tmp_path / "c.csv"), "--json"])
    assert json.loads(told.output)["changed"] == 2
