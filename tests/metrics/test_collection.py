"""What to ask those for who bring the data."""

from __future__ import annotations

import csv
import json

import labelsift as ls
import numpy as np
import pyarrow as pa
import pytest
from click.testing import CliRunner
from labelsift.cli import main


def report(columns: dict, store=None, texts: bool = True, **settings):
    n = len(next(iter(columns.values())))
    table = pa.table({"id": [f"r{row}" for row in range(n)], "text": [f"text {row}" for row in range(n)], **columns})
    metadata = [name for name in columns if name not in ("label", "labels", "text")]
    samples = ls.read(table, id="id", label="label" if "label" in columns else None, metadata=metadata)
    checks = {"imbalance": settings}
    return ls.scan(samples, only=["imbalance", "language"], checks=checks, store=store, texts=texts, progress=False)


def lines(request) -> dict[str, tuple[int, int]]:
    return {line.what: (line.have, line.ask) for line in request.wanted}


def test_rare_classes_and_values_are_asked_for_up_to_the_median():
    columns = {"label": ["a"] * 400 + ["b"] * 300 + ["c"] * 20, "plan": (["x", "y"] * 35 + ["z"]) * 10 + ["x"] * 10}
    request = report(columns).collection_request()
    assert lines(request) == {"label c": (20, 280), 'plan = "z"': (10, 340)}
    asked = next(line for line in request.wanted if line.kind == "class")
    assert len(asked.examples) == 3
    assert all(int(name[1:]) >= 700 for name in asked.examples)


def test_a_group_is_asked_for_until_its_share_is_the_expected_one():
    request = report(
        {"state": ["CA"] * 900 + ["NY"] * 100}, expected={"state": {"CA": 3, "NY": 1}}
    ).collection_request()
    (have, ask) = lines(request)['state = "NY"']
    assert (have, ask) == (100, 200)
    assert (have + ask) / (1000 + ask) == 0.25


def test_a_language_is_asked_for():
    english, spanish = "please tell me where my parcel is today", "por favor dígame dónde está mi paquete hoy"
    columns = {"text": [f"{english} {row}" for row in range(380)] + [f"{spanish} {row}" for row in range(20)]}
    request = report(columns, expected={"language": {"en": 0.7, "es": 0.3}}).collection_request()
    (line,) = request.wanted
    assert line.what == 'language = "es"'
    assert 18 <= line.have <= 20
    assert line.ask == pytest.approx((120 - line.have) / 0.7, abs=1)
    assert all(int(name[1:]) >= 380 for name in line.examples)
    assert len(line.examples) == 3


def test_pairs_without_a_row():
    rng = np.random.default_rng(0)
    label = rng.choice(["a", "b"], 1000)
    channel = np.where(label == "a", rng.choice(["mail", "chat"], 1000), "mail")
    assert 'channel = "chat" and label b' in lines(
        report({"label": list(label), "channel": list(channel)}).collection_request()
    )


def test_nothing_is_asked_for_where_nothing_is_rare_or_nothing_could_be_compared():
    even = report({"label": ["a", "b"] * 200}).collection_request()
    assert even.wanted == ()
    assert "No class, value or group of the run was found too rare." in even.markdown()
    assert "Nothing could be compared" in report({"text": ["x", "y", "z"]}).collection_request().markdown()


@pytest.mark.slow
def test_the_document_shows_no_personal_data_and_no_markup():
    texts = [f"write to jo.smith{row}@mail.example | <b>{row}</b>" for row in range(10)]
    columns = {"text": [f"text {row}" for row in range(990)] + texts, "label": ["a_b"] * 990 + ["c|d"] * 10}
    request = report(columns).collection_request(with_texts=True)
    document = request.markdown()
    assert "mail.example" not in document
    assert "EMAIL" in document
    assert "label c\\|d | 10 | 490 |" in document
    assert "<b>" not in document.replace("\\<b\\>", "")
    assert "text" not in report(columns).collection_request().texts


def test_the_command_writes_markdown_and_csv(tmp_path):
    columns = {"label": ["a"] * 400 + ["b"] * 300 + ["c"] * 20}
    store = tmp_path / "store"
    report(columns, store)
    for name in ("request.md", "request.csv"):
        result = CliRunner().invoke(main, ["collect", "--store", str(store), "--out", str(tmp_path / name)])
        assert result.exit_code == 0, result.output
        assert "1 line, 280 rows asked for" in result.output
    assert "| label c | 20 | 280 |" in (tmp_path / "request.md").read_text()
    with (tmp_path / "request.csv").open(newline="") as file:
        (row,) = csv.DictReader(file)
    assert (row["what"], row["ask"], len(json.loads(row["examples"]))) == ("label c", "280", 3)
    assert CliRunner().invoke(main, ["collect", "--store", str(store), "--out", "x.docx"]).exit_code == 2
    shown = CliRunner().invoke(main, ["collect", "--store", str(store), "--json"])
    assert json.loads(shown.output)[0]["rule"] == "up to the median class"


def test_a_run_without_texts_names_ids_only(tmp_path):
    kept = report({"label": ["a"] * 400 + ["c"] * 20}, tmp_path, texts=False)
    loaded = ls.load(kept.run, store=tmp_path)
    assert len(loaded.collection_request().wanted) == 1
    with pytest.raises(ls.InputError, match="texts"):
        loaded.collection_request(with_texts=True)
