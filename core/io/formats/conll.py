"""Reader of CoNLL files: a token and its tag a line, sentences parted by blank lines; CoNLL-2003 and its kin.

The columns are parted by tabs where a line has one, else by white space; the token is the first, or the second where
the first counts the tokens; the tag is the last. Lines such as ``# id = 1`` are comments. The text is the tokens,
joined by one space.
"""

from __future__ import annotations

import io
import re
from collections.abc import Sequence

import pyarrow as pa

from ...data.hashing import text_ids
from ...data.samples import Samples
from ...data.spans import canonical, from_bio
from ...errors import InputError
from ..column_roles import ColumnRoles
from ..opening import opener
from ..source import Source

_COMMENT = re.compile(r"#\s*[\w.:-]+\s*=|#\S*$")


def recognizes(source: Source, columns: ColumnRoles) -> bool:
    """Tell whether a source is such a file; where labels are named, it is left to those who refuse them."""
    return source.local_file == "conll" and not (columns.label or columns.labels or columns.annotators)


def read(source: Source, columns: ColumnRoles) -> Samples:
    """Read the sentences.

    Raises
    ------
    InputError
        For a line without token and tag, and bytes that cannot be decoded: with the line.
    """
    path = str(source.path)
    texts: list[str] = []
    cells: list[str] = []
    words: list[str] = []
    tags: list[str] = []

    def end_sentence() -> None:
        if words:
            offsets, start = [], 0
            for word in words:
                offsets.append((start, start + len(word)))
                start += len(word) + 1
            texts.append(" ".join(words))
            cells.append(canonical(from_bio(tags, offsets)))
        words.clear()
        tags.clear()

    for number, raw in enumerate(io.StringIO(_content(path, source)), start=1):
        line = raw.rstrip("\r\n").removeprefix("\ufeff")
        parts = [part.strip() for part in line.split("\t")] if "\t" in line else line.split()
        if not line.strip():
            end_sentence()
        elif parts[0] != "-DOCSTART-" and not _is_comment(line, parts, first=not words):
            token, tag = _token(parts, len(words)), parts[-1]
            if token is None or not _is_tag(tag):
                raise InputError(
                    f"{path} has no token and tag in line {number}",
                    hint="Write a token and its tag (B-person, O) a line, parted by a tab or a space",
                )
            words.append(token)
            tags.append(tag)
    end_sentence()
    if not texts:
        raise InputError(f"{source.stem} holds no tokens", hint="Export the project again")
    columns_read = {"text": pa.chunked_array([pa.array(texts)]), "spans": pa.chunked_array([pa.array(cells)])}
    return Samples(pa.table({"id": text_ids(columns_read["text"]), **columns_read}), pa.table({}), source.stem or "")


def _content(path: str, source: Source) -> str:
    encoding = source.form.encoding
    try:
        with opener(path, source.form.format)[1]() as stream:
            content = stream.read()
        return content.decode(encoding)
    except UnicodeDecodeError as error:
        number, odd = error.object.count(b"\n", 0, error.start) + 1, error.object[error.start]
        place = f"line {number} ({error.reason}: 0x{odd:02x})"
        raise InputError(
            f"{path} is not {encoding} in {place}",
            hint="Save it as UTF-8, or name its encoding (for example encoding='cp1252', --encoding cp1252)",
        ) from None
    except UnicodeError as error:  # codecs that say no more, such as UTF-16 without a byte order mark
        raise InputError(f"{path} is not {encoding} ({error})", hint="Name its encoding: encoding=…") from None
    except OSError as error:
        raise InputError(f"{path} cannot be read ({error})", hint="Mend the file, or compress it again") from None


def _is_comment(line: str, parts: Sequence[str], *, first: bool) -> bool:
    """Tell whether a line is a comment; ``#`` may also be a token."""
    return line.startswith("#") and (bool(_COMMENT.match(line)) or (first and not _is_tag(parts[-1])))


def _token(parts: Sequence[str], before: int) -> str | None:
    counted = len(parts) > 2 and parts[0] == str(before + 1)
    return (parts[1 if counted else 0] or None) if len(parts) > 1 else None


def _is_tag(tag: str) -> bool:
    try:
        from_bio([tag], [(0, 1)])
    except ValueError:
        return False
    return True
