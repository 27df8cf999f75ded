"""CoNLL files: columns, comments, encodings."""

from __future__ import annotations

import gzip

import labelsift as ls
import pytest
from labelsift.errors import InputError


@pytest.mark.parametrize(
    ("content", "text", "spans"),
    [
        ("# id = 1\nEU B-ORG\nsays O\n", "EU says", '[[0,2,"ORG"]]'),
        ("# id 5239 domain=en\nEU _ _ B-ORG\n", "EU", '[[0,2,"ORG"]]'),
        ("# O\n1 O\n", "# 1", "[]"),
        ("New York\tB-LOC\nis\tO\n", "New York is", '[[0,8,"LOC"]]'),
        ("1\tEU\tNNP\tB-ORG\n2\tsays\tV\tO\n", "EU says", '[[0,2,"ORG"]]'),
        ("\ufeffEU B-ORG\r\nsays O\r\n", "EU says", '[[0,2,"ORG"]]'),
        ("-DOCSTART- -X- O\n\nEU B-ORG", "EU", '[[0,2,"ORG"]]'),
    ],
)
def test_forms_of_lines(tmp_path, content, text, spans):
    (tmp_path / "x.conll").write_text(content, encoding="utf-8", newline="")
    samples = ls.read(tmp_path / "x.conll")
    assert (samples.texts.to_pylist(), samples.given.to_pylist()) == ([text], [spans])


def test_bytes_that_are_no_utf_8_are_named_and_an_encoding_helps(tmp_path):
    (tmp_path / "x.conll").write_bytes("ist O\n\nZürich B-LOC\n".encode("latin-1"))
    with pytest.raises(InputError, match=r"is not utf-8 in line 3 .*0xfc.*--encoding"):
        ls.read(tmp_path / "x.conll")
    assert ls.read(tmp_path / "x.conll", encoding="latin-1").texts.to_pylist() == ["ist", "Zürich"]
    with gzip.open(tmp_path / "y.conll.gz", "wt") as file:
        file.write("EU B-ORG\n")
    assert ls.read(tmp_path / "y.conll.gz").classes == ("ORG",)
    (tmp_path / "y.txt").write_text("EU B-ORG\n")
    assert ls.read(tmp_path / "y.txt", format="conll").classes == ("ORG",)
    with pytest.raises(InputError, match=r"read as conll for spans only|no token"):
        ls.read(tmp_path / "y.txt", format="conll", label="label")


def test_utf_16_and_missing_files(tmp_path):
    (tmp_path / "x.conll").write_bytes("カード B-PER\nは O\n".encode("utf-16"))
    assert ls.read(tmp_path / "x.conll", encoding="utf-16").texts.to_pylist() == ["カード は"]
    with pytest.raises(InputError, match="There is no file"):
        ls.read(tmp_path / "y.conll")
