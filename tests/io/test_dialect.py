"""Delimited text as people have it: separators, quotes, no header."""

from __future__ import annotations

import labelsift as ls
import pytest
from labelsift.errors import InputError
from labelsift.io.dialect import Form

ROWS = [("a, b", "x"), ("c", "y"), ("d; e", "x")]


@pytest.fixture
def read(tmp_path):
    def read(name: str, content: str, *, as_bytes: bytes | None = None, **more) -> ls.Samples:
        (tmp_path / name).write_bytes(as_bytes or content.encode())
        return ls.read(tmp_path / name, **({"label": "label"} | more))

    return read


def pairs(samples: ls.Samples) -> list[tuple[str, str]]:
    return list(zip(samples.texts.to_pylist(), samples.labels.to_pylist(), strict=True))


@pytest.mark.parametrize("name", ["x.csv", "x.tsv", "x.txt"])
@pytest.mark.parametrize("sign", [",", ";", "\t", "|"])
@pytest.mark.parametrize("quoted", [True, False])
def test_the_separator_is_told_from_the_columns_that_are_wanted(read, name, sign, quoted):
    texts = [f'"{text}"' if quoted or sign in text else text for text, _ in ROWS]
    lines = [sign.join(row) for row in [("text", "label"), *zip(texts, "xyx", strict=True)]]
    samples = read(name, "\n".join(lines) + "\n")
    assert pairs(samples) == ROWS
    default = {"x.csv": ","}.get(name, "\t")
    assert bool(samples.notes) == (sign != default)
    assert pairs(read(name, "\n".join(lines), delimiter=sign)) == ROWS


def test_a_line_that_names_the_separator_is_no_row(read):
    assert pairs(read("x.csv", 'sep=;\ntext;label\n"a, b";x\nc;y\n')) == ROWS[:2]
    wide = "sep=\t\r\ntext\tlabel\r\na, b\tx\r\nc\ty\r\n"
    assert pairs(read("x.csv", "", as_bytes=wide.encode("utf-16"), encoding="utf-16")) == ROWS[:2]


def test_tsv_is_quoted_only_where_every_value_that_begins_so_is(read):
    lines = [f"text {number}\tx" for number in range(9)]
    lines[2], lines[7] = '"we met again\ty', "he said\ty"
    samples = read("x.tsv", "text\tlabel\n" + "\n".join(lines))
    assert len(samples) == 9
    assert samples.texts[2].as_py() == '"we met again'
    assert "quotation marks" in samples.notes[0]
    assert pairs(read("x.tsv", '"text"\t"label"\n"a ""b"""\t"x"\n')) == [('a "b"', "x")]
    assert pairs(read("x.tsv", 'text\tlabel\n"one\n\ntwo\tthree"\tx\n')) == [("one\n\ntwo\tthree", "x")]
    assert pairs(read("x.tsv", 'text\tlabel\n"a"\tx\n', quotes=False)) == [('"a"', "x")]


def test_a_quoted_value_that_swallows_rows_is_refused(read):
    swallowing = 'text,label\n"hello,x\nb,y\nc,x\nd,y\ne",y\nf,x\n'
    with pytest.raises(InputError, match=r"in line 2 swallows 4 line ends.*--no-quotes"):
        read("x.csv", swallowing)
    assert len(read("x.csv", swallowing, quotes=False)) == 6
    assert len(read("x.csv", swallowing, quotes=True)) == 2
    with pytest.raises(InputError, match="in line 3 swallows"):
        read("x.csv", 'text,label\na,x\n"b,x\n"c" and,y\n')
    letter = 'text,label\n"Dear all,\nplease come,\nyours",x\nb,y\n'
    assert [len(text) for text, _ in pairs(read("x.csv", letter))] == [28, 1]


@pytest.mark.parametrize("header", ["the first film is good\t1", "1\tfilm", "word\t0.5"])
def test_a_file_without_a_header_is_read_by_names_of_columns(read, header):
    with pytest.raises(InputError, match=r"no header\? Then name the columns.*--columns text,label"):
        read("x.tsv", header + "\nb c\t0\n")
    samples = read("x.tsv", header + "\nb c\t0\n", columns=["text", "label"])
    assert pairs(samples) == [tuple(header.split("\t")), ("b c", "0")]
    assert len(read("x.csv", header + "\nb c\t0\n", columns=["text", "label"])) == 2
    with pytest.raises(InputError, match="row 1 has 2 columns and 3 are named"):
        read("x.tsv", header, columns=["text", "label", "more"])


def test_a_ragged_row_names_the_separator_and_its_cure(read):
    with pytest.raises(InputError, match=r"with a comma between the columns.*row 3 has 3 columns.*--delimiter"):
        read("x.csv", "text,label\na,x\nb,c,y\n")


def test_the_format_may_be_named(read):
    assert pairs(read("x.data", "text,label\na,x\n", format="csv")) == [("a", "x")]
    assert pairs(read("x.data", '{"text": "a", "label": "x"}\n', format="jsonl")) == [("a", "x")]
    with pytest.raises(InputError, match="--format"):
        read("x.data", "text,label\na,x\n")
    with pytest.raises(InputError, match="knows no format 'word'"):
        read("x.csv", "text,label\na,x\n", format="word")


@pytest.mark.parametrize("encoding", ["hex", "rot13", "base64", "punycode", "idna", "undefined", "klingon", ""])
def test_what_is_no_encoding_of_texts_is_refused(encoding):
    with pytest.raises(InputError, match="no encoding of texts"):
        Form(encoding=encoding)


@pytest.mark.parametrize(("named", "sign"), [("tab", "\t"), ("\\t", "\t"), ("semicolon", ";"), ("~", "~")])
def test_a_separator_is_one_character(named, sign):
    assert Form(delimiter=named).delimiter == sign
    with pytest.raises(InputError, match="not one character"):
        Form(delimiter="::")


def test_corrections_keep_separator_and_quotes(tmp_path):
    from labelsift.io import row_files

    for content in ("text;label\na, b;x\n", 'text\tlabel\n"a\tx\n'):
        path = tmp_path / ("x.csv" if ";" in content else "x.tsv")
        path.write_text(content)
        row_files.save(row_files.load(path).changed("label", {0: "y"}), path)
        assert path.read_text() == content.replace("x\n", "y\n")


def test_named_columns_fit_all_lines_and_not_the_first_alone(tmp_path):
    (tmp_path / "x.csv").write_text('1,"x;y and a;b",n\n2,other words,n\n3,"more, of them",n\n')
    samples = ls.read(tmp_path / "x.csv", label="label", columns=["label", "text", "note"])
    assert samples.texts.to_pylist() == ["x;y and a;b", "other words", "more, of them"]


def test_utf_16_is_not_called_undecodable_where_something_else_is_wrong(tmp_path):
    (tmp_path / "x.csv").write_bytes("text,label\nカード,x\na,b,c\n".encode("utf-16"))
    with pytest.raises(InputError, match="columns"):
        ls.read(tmp_path / "x.csv", label="label", encoding="utf-16")
