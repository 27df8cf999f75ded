"""Generated input files and data frames of the kinds that people have, each with the samples that are right."""

from __future__ import annotations

import bz2
import csv
import gzip
import io
import json
import zipfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from pyarrow import parquet

Rows = list[tuple[str, Any]]  # text and label: a name, a sorted list of names, a list of [start, end, type], or None

_WORDS = (
    "the card was charged twice please help refund order late again password reset my account “quoted” it's 50% "
    "naïve café straße Ελλάδα данные カードが 届かない 我的 订单 سلام حساب שלום हिन्दी 🎉 👩‍👧 C++ a,b x;y p|q "
    '"really" 5" (see #12) <b>bold</b> &amp; null NA 007 1.50 -3 $HOME \\n'
).split()
_PLAIN = "the card was charged twice please help refund order late again password reset my account today".split()
_LATIN = "naïve café straße élan überall señor coût façade".split()
_NAMES = ["refund", "late", "login", "other", "card lost", "Straße", "質問", "a/b", "5-star", "don't know"]
_MISSING = ("", "nan", "NULL", "N/A")


@dataclass
class Case:
    """One input, how it is read, and what is right.

    Attributes
    ----------
    kind
        What it is, for the table of results.
    source
        A path or a frame.
    read
        Keywords of ``labelsift.read``.
    rows
        The samples in order.
    damage
        How the file was damaged afterwards; empty where it is whole.
    """

    kind: str
    source: Any
    read: dict[str, Any]
    rows: Rows
    damage: str = ""


def made(seed: int, folder: Path) -> Case:
    """Make the case of a seed; files are written to the folder. Two of five files are damaged."""
    rng = np.random.default_rng(seed)
    case = KINDS[int(rng.integers(len(KINDS)))](rng, folder)
    if isinstance(case.source, Path) and rng.random() < 0.4:
        _damage(rng, case)
    return case


def _pick(rng: np.random.Generator, values: Sequence[Any]) -> Any:  # noqa: ANN401 - one of the values
    return values[int(rng.integers(len(values)))]


def _texts(rng: np.random.Generator, words: Sequence[str], *, breaks: bool = False) -> list[str]:
    """Return texts without repeats: each ends with a number of its own."""
    size = int(_pick(rng, (1, 2, 3, 12, 40, 200)))
    texts = []
    for row in range(size):
        parts = [str(_pick(rng, words)) for _ in range(int(rng.integers(1, 14)))]
        joint = "\n" if breaks and rng.random() < 0.2 else " "
        texts.append(f"{joint.join(parts)} {row}x")
    return texts


def _labels(rng: np.random.Generator, size: int) -> tuple[list[Any], list[str | None]]:
    """Return values as they are written, and the names that they are read as."""
    form = _pick(rng, ("names", "names", "whole", "missing", "stars"))
    if form == "whole":
        values = [int(value) for value in rng.integers(0, 12, size)]
        return values, [str(value) for value in values]
    if form == "stars":
        values = [f"{value} stars" for value in rng.integers(1, 6, size)]
        return values, list(values)
    names = [str(_pick(rng, _NAMES)) for _ in range(size)]
    if form == "names":
        return names, list(names)
    sign = _pick(rng, _MISSING)
    blank = rng.random(size) < 0.3
    return [sign if gone else name for gone, name in zip(blank, names, strict=True)], [
        None if gone else name for gone, name in zip(blank, names, strict=True)
    ]


def _write(rng: np.random.Generator, path: Path, content: bytes) -> Path:
    """Write plain or compressed."""
    form = _pick(rng, ("", "", "", ".gz", ".bz2", ".zip"))
    target = path.with_name(path.name + form)
    if form == ".zip":
        with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr(path.name, content)
    else:
        target.write_bytes({"": bytes, ".gz": gzip.compress, ".bz2": bz2.compress}[form](content))
    return target


def _delimited(rng: np.random.Generator, folder: Path) -> Case:
    """Return a csv, tsv or txt file: separators, quotes, line ends, byte order mark, header line or none."""
    encoding = _pick(rng, ("utf-8", "utf-8", "utf-8", "utf-8-sig", "cp1252", "latin-1", "utf-16"))
    words = _PLAIN + _LATIN if encoding in ("cp1252", "latin-1") else _WORDS
    texts = _texts(rng, words, breaks=True)
    values, names = _labels(rng, len(texts))
    if encoding in ("cp1252", "latin-1"):
        values = ["other" if value == "質問" else value for value in values]
        names = ["other" if name == "質問" else name for name in names]
    delimiter = _pick(rng, (",", ",", ";", "\t", "|"))
    ending = _pick(rng, ("csv", "csv", "txt", "tsv")) if delimiter in ",\t" else _pick(rng, ("csv", "txt"))
    header = ["text", "label", _pick(rng, ("note", "country, city", "größe" if encoding != "utf-16" else "size"))]
    order = [int(place) for place in rng.permutation(3)]
    buffer = io.StringIO(newline="")
    end = _pick(rng, ("\n", "\r\n"))
    quoting = _pick(rng, (csv.QUOTE_MINIMAL, csv.QUOTE_ALL, csv.QUOTE_NONNUMERIC))
    writer = csv.writer(buffer, delimiter=delimiter, lineterminator=end, quoting=quoting)
    named = rng.random() < 0.8
    if delimiter != "\t" and named and rng.random() < 0.15:
        buffer.write(f"sep={delimiter}{end}")
    if named:
        writer.writerow([header[place] for place in order])
    for row, (text, value) in enumerate(zip(texts, values, strict=True)):
        cells = [text, value, f"n{row % 3}"]
        writer.writerow([cells[place] for place in order])
    read: dict[str, Any] = {"label": "label"}
    if encoding not in ("utf-8", "utf-8-sig"):
        read["encoding"] = encoding
    if not named:
        read["columns"] = [header[place] for place in order]
    if rng.random() < 0.2:
        read["delimiter"] = delimiter
    if quoting == csv.QUOTE_ALL and rng.random() < 0.5:
        read["quotes"] = True
    path = _write(rng, folder / f"tickets.{ending}", buffer.getvalue().encode(encoding))
    return Case(f"{ending} {encoding}", path, read, list(zip(texts, names, strict=True)))


def _unquoted(rng: np.random.Generator, folder: Path) -> Case:
    """Return a tsv file in which quotation marks are letters like others."""
    texts = _texts(rng, [*_PLAIN, '"really"', '5"', '"', 'say "yes"', '"no'])
    values, names = _labels(rng, len(texts))
    lines = ["text\tlabel", *(f"{text}\t{value}" for text, value in zip(texts, values, strict=True))]
    content = ("\n".join(lines) + "\n").encode()
    read: dict[str, Any] = {"label": "label"} | ({"quotes": False} if rng.random() < 0.5 else {})
    path = _write(rng, folder / "tickets.tsv", content)
    return Case("tsv unquoted", path, read, list(zip(texts, names, strict=True)))


def _json(rng: np.random.Generator, folder: Path) -> Case:
    """Return jsonl and json files: nested fields, arrays, what pandas writes, records under one name."""
    texts = _texts(rng, _WORDS, breaks=True)
    values, names = _labels(rng, len(texts))
    nested = bool(rng.random() < 0.3)
    records: list[dict[str, Any]] = []
    for text, value, name in zip(texts, values, names, strict=True):
        record = {
            "text": text,
            "label": value if rng.random() < 0.9 or name is not None else None,
            "odd": [1, {"a": 2}],
        }
        records.append({"data": record, "id": len(records)} if nested else record)
    read = {"text": "data.text", "label": "data.label"} if nested else {"label": "label"}
    form = _pick(rng, ("jsonl", "jsonl", "array", "indented", "wrapped", "columns", "split", "index"))
    plain = bool(rng.random() < 0.5)
    dump: Callable[..., str] = lambda value, **kw: json.dumps(value, ensure_ascii=plain, **kw)  # noqa: E731
    columns = list(records[0])
    keyed = {str(row): record for row, record in enumerate(records)}
    content = {
        "jsonl": lambda: "".join(dump(record) + "\n" for record in records),
        "array": lambda: dump(records),
        "indented": lambda: dump(records, indent=2),
        "wrapped": lambda: dump({"version": 1, "data": records}),
        "columns": lambda: dump({name: {row: keyed[row][name] for row in keyed} for name in columns}),
        "split": lambda: dump(
            {
                "columns": columns,
                "index": list(range(len(records))),
                "data": [list(record.values()) for record in records],
            }
        ),
        "index": lambda: dump(keyed),
    }[form]()
    path = _write(rng, folder / f"tickets.{'jsonl' if form == 'jsonl' else 'json'}", content.encode())
    return Case(f"json {form}", path, read, list(zip(texts, names, strict=True)))


def _columnar(rng: np.random.Generator, folder: Path) -> Case:
    """Return parquet and Arrow files: dictionaries, wide texts, numbers that metadata of a ClassLabel name."""
    texts = _texts(rng, _WORDS, breaks=True)
    values, names = _labels(rng, len(texts))
    form = _pick(rng, ("plain", "dictionary", "features"))
    metadata: dict[str, str] | None = None
    if form == "features":
        kinds = sorted({str(name) for name in names})
        column = pa.array([kinds.index(str(name)) for name in names])
        names = [str(name) for name in names]
        feature = {"label": {"names": kinds, "_type": "ClassLabel"}, "text": {"dtype": "string", "_type": "Value"}}
        metadata = {"huggingface": json.dumps({"info": {"features": feature}})}
    else:
        column = pa.array([None if name is None else str(value) for value, name in zip(values, names, strict=True)])
        column = column.dictionary_encode() if form == "dictionary" and column.null_count < len(column) else column
    table = pa.table({"text": pa.array(texts, _pick(rng, (pa.string(), pa.large_string()))), "label": column})
    table = table.replace_schema_metadata(metadata)
    kind = _pick(rng, ("parquet", "arrow"))
    path = folder / f"tickets.{kind}"
    if kind == "parquet":
        parquet.write_table(table, path, row_group_size=int(_pick(rng, (1, 7, 1000))))
    else:
        with pa.OSFile(str(path), "wb") as sink, pa.ipc.new_file(sink, table.schema) as writer:
            writer.write_table(table)
    return Case(f"{kind} {form}", path, {"label": "label"}, list(zip(texts, names, strict=True)))


def _workbook(rng: np.random.Generator, folder: Path) -> Case:
    """Return an xlsx workbook."""
    import openpyxl

    texts = [f"a {text}" for text in _texts(rng, _WORDS)]
    values, names = _labels(rng, len(texts))
    book = openpyxl.Workbook()
    sheet: Any = book.active
    for row in [("text", "label", "n"), *zip(texts, values, range(len(texts)), strict=True)]:
        sheet.append(row)
    path = folder / "tickets.xlsx"
    book.save(path)
    return Case("xlsx", path, {"label": "label"}, list(zip(texts, names, strict=True)))


def _marked(rng: np.random.Generator) -> tuple[list[list[str]], list[list[str]], Rows]:
    """Return tokens, BIO tags, and the texts with their spans."""
    tokens, tags, rows = [], [], []
    for row in range(int(_pick(rng, (1, 3, 30)))):
        words = [str(_pick(rng, [*_PLAIN, "Anna", "カード", "🎉"])) for _ in range(int(rng.integers(2, 9)))] + [
            f"{row}x"
        ]
        start, place, spans, signs = 0, 0, [], []
        offsets = []
        for word in words:
            offsets.append((start, start + len(word)))
            start += len(word) + 1
        while place < len(words):
            length = int(_pick(rng, (0, 0, 0, 1, 2)))
            kind = str(_pick(rng, ("PER", "ORG")))
            if length and place + length <= len(words):
                signs += [f"B-{kind}", *[f"I-{kind}"] * (length - 1)]
                spans.append([offsets[place][0], offsets[place + length - 1][1], kind])
                place += length
            else:
                signs.append("O")
                place += 1
        tokens.append(words)
        tags.append(signs)
        rows.append((" ".join(words), spans))
    return tokens, tags, rows


def _conll(rng: np.random.Generator, folder: Path) -> Case:
    """Return a CoNLL file: columns parted by tabs or blanks, comments, two columns or more."""
    tokens, tags, rows = _marked(rng)
    gap, extra = _pick(rng, ((" ", ""), ("\t", ""), (" ", "NN "), ("\t", "NN\t")))
    lines = []
    for words, signs in zip(tokens, tags, strict=True):
        if rng.random() < 0.3:
            lines.append(f"# id = {len(lines)}")
        lines += [f"{word}{gap}{extra}{sign}" for word, sign in zip(words, signs, strict=True)] + [""]
    path = _write(rng, folder / f"entities.{_pick(rng, ('conll', 'bio', 'iob'))}", "\n".join(lines).encode())
    return Case("conll", path, {}, rows)


def _span_forms(rng: np.random.Generator, folder: Path) -> Case:
    """Return spans as doccano, spaCy, transformers and tables write them, in jsonl or as texts in a csv file."""
    tokens, tags, rows = _marked(rng)
    keys = _pick(
        rng, (("start", "end", "label"), ("start_offset", "end_offset", "label"), ("start", "end", "entity_group"))
    )
    form = _pick(rng, ("lists", "objects", "spacy", "tags"))
    written: list[Any] = []
    for (_, spans), signs in zip(rows, tags, strict=True):
        objects = [dict(zip(keys, span, strict=True)) for span in spans]
        written.append({"lists": spans, "objects": objects, "spacy": {"entities": spans}, "tags": signs}[form])
    read = {"spans": "marks"} | ({"tokens": "tokens"} if form == "tags" else {})
    table = [
        {"text": text, "tokens": words, "marks": value}
        for (text, _), words, value in zip(rows, tokens, written, strict=True)
    ]
    if rng.random() < 0.6:
        content = "".join(json.dumps(row) + "\n" for row in table)
        return Case(f"spans {form} jsonl", _write(rng, folder / "marks.jsonl", content.encode()), read, rows)
    dump = _pick(rng, (json.dumps, repr))
    buffer = io.StringIO(newline="")
    writer = csv.DictWriter(buffer, ["text", "tokens", "marks"])
    writer.writeheader()
    for row in table:
        writer.writerow({"text": row["text"], "tokens": dump(row["tokens"]), "marks": dump(row["marks"])})
    return Case(f"spans {form} csv", _write(rng, folder / "marks.csv", buffer.getvalue().encode()), read, rows)


def _sets(rng: np.random.Generator, folder: Path) -> Case:
    """Return several labels a row: lists, JSON, Python's lists, a separator, columns of 0 and 1."""
    texts = _texts(rng, _PLAIN)
    names = ["refund", "late", "login", "質問"]
    sets = [sorted(name for name in names if rng.random() < 0.4) for _ in texts]
    form = _pick(rng, ("jsonl", "json in csv", "python in csv", "separator", "columns"))
    rows: Rows = list(zip(texts, sets, strict=True))
    if form == "jsonl":
        content = "".join(json.dumps({"text": text, "tags": tags}) + "\n" for text, tags in rows)
        return Case("sets jsonl", _write(rng, folder / "sets.jsonl", content.encode()), {"labels": "tags"}, rows)
    buffer = io.StringIO(newline="")
    writer = csv.writer(buffer)
    if form == "columns":
        writer.writerow(["text", *names])
        writer.writerows([text, *(int(name in tags) for name in names)] for text, tags in rows)
        path = _write(rng, folder / "sets.csv", buffer.getvalue().encode())
        return Case("sets columns", path, {"labels": names}, rows)
    cell = {"json in csv": json.dumps, "python in csv": repr, "separator": "|".join}[form]
    writer.writerow(["text", "tags"])
    writer.writerows([text, cell(tags)] for text, tags in rows)
    read = {"labels": "tags"} | ({"labels_separator": "|"} if form == "separator" else {})
    if form == "separator":  # an empty cell says nothing of labels
        rows = [(text, tags or None) for text, tags in rows]
    return Case(f"sets {form}", _write(rng, folder / "sets.csv", buffer.getvalue().encode()), read, rows)


def _annotations(rng: np.random.Generator, folder: Path) -> Case:
    """Return a file with one row an annotation, three a text; two agree."""
    texts = _texts(rng, _PLAIN)
    names = [str(_pick(rng, _NAMES[:4])) for _ in texts]
    lines = [
        {"worker": f"w{person}", "text": text, "label": name if person < 2 else _NAMES[4], "id": f"t{row}"}
        for row, (text, name) in enumerate(zip(texts, names, strict=True))
        for person in range(3)
    ]
    if rng.random() < 0.5:
        lines = [lines[int(place)] for place in rng.permutation(len(lines))]
    order = list(dict.fromkeys(line["text"] for line in lines))
    truth = dict(zip(texts, names, strict=True))
    buffer = io.StringIO(newline="")
    writer = csv.DictWriter(buffer, list(lines[0]))
    writer.writeheader()
    writer.writerows(lines)
    read = {"label": "label", "annotator": "worker"} | ({"id": "id"} if rng.random() < 0.5 else {})
    path = _write(rng, folder / "crowd.csv", buffer.getvalue().encode())
    return Case("a row an annotation", path, read, [(text, truth[text]) for text in order])


def _label_studio(rng: np.random.Generator, folder: Path) -> Case:
    """Return exports of Label Studio: choices, ratings, marks; JSON, JSON_MIN and versions before 1.0."""
    form = _pick(rng, ("choices", "rating", "marks", "min", "completions"))
    if form == "marks":
        _, _, rows = _marked(rng)
    else:
        texts = _texts(rng, _WORDS)
        few = [str(value) for value in range(1, 6)] if form == "rating" else _NAMES
        rows = [(text, str(_pick(rng, few))) for text in texts]
    tasks: list[dict[str, Any]] = []
    for number, (text, value) in enumerate(rows, start=1):
        source = {"from_name": "given", "to_name": "text"}
        result: list[dict[str, Any]]
        if form == "rating":
            result = [{**source, "type": "rating", "value": {"rating": int(value)}}]
        elif form == "marks":
            result = [
                {
                    **source,
                    "type": "labels",
                    "value": {"start": start, "end": end, "text": text[start:end], "labels": [name]},
                }
                for start, end, name in value
            ]
        else:
            result = [{**source, "type": "choices", "value": {"choices": [value]}}]
        answer = {"id": number, "was_cancelled": False, "result": result, "completed_by": 1}
        if form == "min":
            tasks.append({"id": number, "text": text, "given": value, "annotator": 1, "annotation_id": number})
        else:
            name = "completions" if form == "completions" else "annotations"
            tasks.append({"id": number, "data": {"text": text}, name: [answer]})
    indent = _pick(rng, (None, 2))
    content = json.dumps(tasks, ensure_ascii=bool(rng.random() < 0.5), indent=indent).encode()
    read = {"label": "given"} if form == "min" else {"spans": "annotations"} if form == "marks" else {}
    return Case(f"label studio {form}", _write(rng, folder / "export.json", content), read, rows)


def _frame(rng: np.random.Generator, folder: Path) -> Case:
    """Return a pandas or polars frame: categories, whole numbers beside missing ones, an index as id."""
    import pandas as pd
    import polars as pl

    texts = _texts(rng, _WORDS, breaks=True)
    form = _pick(rng, ("pandas", "category", "floats", "objects", "polars", "index"))
    if form in ("floats", "objects"):
        numbers = [int(value) for value in rng.integers(0, 4, len(texts))]
        gone = rng.random(len(texts)) < 0.2
        names = [None if blank else str(number) for blank, number in zip(gone, numbers, strict=True)]
        if form == "floats":
            column = pd.Series(
                [np.nan if blank else float(number) for blank, number in zip(gone, numbers, strict=True)]
            )
        else:  # one value in three types is one class
            types = (int, float, np.int64)
            column = pd.Series(
                [
                    None if blank else types[row % 3](number)
                    for row, (blank, number) in enumerate(zip(gone, numbers, strict=True))
                ],
                dtype=object,
            )
        return Case(f"frame {form}", pd.DataFrame({"text": texts, "label": column}), {"label": "label"},
                    list(zip(texts, names, strict=True)))  # fmt: skip
    values, names = _labels(rng, len(texts))
    rows: Rows = list(zip(texts, names, strict=True))
    shown = [None if name is None else value for value, name in zip(values, names, strict=True)]
    if form == "polars":
        return Case("frame polars", pl.DataFrame({"text": texts, "label": shown}), {"label": "label"}, rows)
    frame = pd.DataFrame({"text": texts, "label": pd.Series(shown, dtype="category" if form == "category" else object)})
    if form == "index":
        frame.index = pd.Index([f"t{row}" for row in range(len(frame))], name="ticket")
        return Case("frame index", frame, {"label": "label", "id": "ticket"}, rows)
    return Case(f"frame {form}", frame, {"label": "label"}, rows)


def _damage(rng: np.random.Generator, case: Case) -> None:
    """Change bytes of a file as broken transfers, editors and scripts do."""
    content = bytearray(case.source.read_bytes())
    case.damage = str(
        _pick(rng, ("truncated", "flipped", "nul", "quote", "newline", "comma", "deep", "emptied", "doubled"))
    )
    place = int(rng.integers(len(content)))
    insert = {"nul": b"\0", "quote": b'"', "newline": b"\n", "comma": b",", "deep": b"[" * 100_000}
    if case.damage == "truncated":
        del content[place:]
    elif case.damage == "flipped":
        content[place] ^= 1 << int(rng.integers(8))
    elif case.damage == "emptied":
        content = bytearray(_pick(rng, (b"", b"\n", b"null\n", b"\xef\xbb\xbf", b"[]", b"{}", b"PK\x03\x04")))
    elif case.damage == "doubled":
        content += bytes(content)
    else:
        content[place:place] = insert[case.damage]
    case.source.write_bytes(bytes(content))


KINDS: tuple[Callable[[np.random.Generator, Path], Case], ...] = (
    _delimited, _delimited, _delimited, _unquoted, _json, _json, _columnar, _workbook, _conll, _span_forms, _sets,
    _annotations, _label_studio, _label_studio, _frame,
)  # fmt: skip
