"""Definitions of labels: what is read of a file, and that a push takes no others than the run's."""

from __future__ import annotations

import labelsift as ls
import pyarrow as pa
import pytest
from click.testing import CliRunner
from labelsift.cli import main
from labelsift.data.toml_files import read_definitions
from labelsift.errors import InputError

openpyxl = pytest.importorskip("openpyxl")


def test_a_file_of_lines_is_read(tmp_path):
    file = tmp_path / "labels.toml"
    file.write_text('refund = "Money back."\n"card payment" = " In a shop, 日本 "\n', encoding="utf-8-sig")
    assert read_definitions(file) == {"refund": "Money back.", "card payment": "In a shop, 日本"}


@pytest.mark.parametrize("content", ["refund", "refund = 7", 'refund = ""', '[refund]\na = "b"', "x = \xff"])
def test_what_is_no_definition_is_refused(tmp_path, content):
    file = tmp_path / "labels.toml"
    file.write_bytes(content.encode("latin-1"))
    with pytest.raises(InputError) as refused:
        read_definitions(file)
    assert str(file) in str(refused.value)
    assert refused.value.exit_code == 2


def test_a_push_shows_them_and_refuses_those_of_labels_that_the_run_does_not_have(tmp_path):
    table = pa.table({"id": ["a", "b", "c"], "text": ["one text", "one text", "other"], "label": ["x", "x", "y"]})
    ls.scan(ls.read(table, id="id", label="label"), only=["exact_duplicate"], store=tmp_path / "store")
    file, book = tmp_path / "labels.toml", tmp_path / "book.xlsx"
    words = ["push", "xlsx", str(book), "--store", str(tmp_path / "store"), "--definitions", str(file)]
    file.write_text('z = "Nothing"')
    refused = CliRunner().invoke(main, words)
    assert (refused.exit_code, "z" in refused.output, book.exists()) == (2, True, False)
    file.write_text('x = "The first"')
    assert CliRunner().invoke(main, words).exit_code == 0
    labels = openpyxl.load_workbook(book)["labels"]
    assert list(labels.iter_rows(values_only=True)) == [("x", "The first"), ("y", None)]
