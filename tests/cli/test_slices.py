"""labelsift slices, as a user calls it: whose predictions, which rows, what is too few, and what can be pasted."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path

import labelsift as ls
import numpy as np
import pyarrow as pa
import pytest
from click.testing import CliRunner, Result
from labelsift.cli import main
from labelsift.cli.slices import toml_line
from labelsift.errors import InputError

ROWS = 400


def run(*words: object, width: int = 80) -> Result:
    return CliRunner(env={"COLUMNS": str(width)}).invoke(main, [str(word) for word in words])


def answer(*words: object) -> dict:
    result = run(*words, "--json")
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


@pytest.fixture(scope="module")
def place(tmp_path_factory) -> Path:
    """A store with a run whose model is wrong for half of the women of 東京, and a settings file beside it."""
    folder, rng = tmp_path_factory.mktemp("place"), np.random.default_rng(3)
    city, gender = rng.choice(["東京", "大阪"], ROWS), rng.choice(["f", "m"], ROWS)
    label = rng.choice(["card", "loan"], ROWS)
    wrong = np.where((city == "東京") & (gender == "f"), rng.random(ROWS) < 0.5, False)
    other = {"card": "loan", "loan": "card"}
    table = pa.table(
        {
            "text": [f"my {name} has not come, number {row}" for row, name in enumerate(label)],
            "label": label,
            "predicted": [other[name] if bad else name for name, bad in zip(label, wrong, strict=True)],
            "city": city,
            "gender": gender,
            "rare": ["yes" if row < 5 else "no" for row in range(ROWS)],
            "split": ["train" if row % 4 == 0 else "test" for row in range(ROWS)],
        }
    )
    read = ls.read(table, label="label", predicted="predicted", split="split", metadata=["city", "gender", "rare"])
    ls.scan(read, store=folder / "kept", progress=False, slices={"tokyo": "city = '東京'", "long": "words > 3"})
    return folder


@pytest.mark.slow
def test_the_worst_slice_comes_first_and_rows_of_training_do_not_count(place):
    told = answer("slices", "--store", place / "kept", "--by", "city,gender")
    assert (told["metric"], told["metric_of"], told["proxy"]) == ("error_rate", "predicted column", False)
    assert told["counted"] == "on split test, 300 rows"
    assert told["overall"]["n"] == 300
    first = told["slices"][0]
    assert first["slug"] == "city:東京__gender:f"
    assert first["difference_low"] > 0
    assert first["rest"] == 0
    assert {row["slug"] for row in told["slices"]} >= {"slice:tokyo", "slice:long", "city:大阪__gender:m"}


def test_what_stands_on_a_terminal(place):
    shown = run("slices", "--store", place / "kept", "--by", "gender,rare")
    assert shown.exit_code == 0
    assert "Error rate of your model (predicted column), on split test, 300 rows" in shown.stdout.replace("\n", " ")
    assert "too few (under 10)" in shown.stdout
    assert "slice:tokyo" in shown.stdout
    assert max(map(len, shown.stdout.splitlines())) <= 80
    assert "gender:f" in run("slices", "--store", place / "kept", "--metric", "f1", "--class", "card").stdout


def test_the_built_in_model_is_called_a_proxy(place, tmp_path):
    table = pa.table({"text": [f"a text number {row} {'xy'[row % 2]}" for row in range(60)], "label": ["a", "b"] * 30})
    ls.scan(ls.read(table, label="label"), store=tmp_path, progress=False)
    told = answer("slices", "--store", tmp_path, "--metric", "accuracy", "--by", "label")
    assert (told["metric_of"], told["proxy"]) == ("proxy model", True)
    shown = run("slices", "--store", tmp_path, "--metric", "accuracy", "--by", "label").stdout
    assert "of the built-in model, a proxy for yours" in shown.replace("\n", " ")
    assert answer("slices", "--store", tmp_path)["metric"] == "label_issue_rate"
    assert "There is no slice" in run("slices", "--store", tmp_path).stdout


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("--by", "sate"), "no metadata column called sate"),
        (("--metric", "auc"), "no slice metric called auc"),
        (("--class", "cart"), "no such class: cart"),
        (("--split", "dev"), "no such split: dev"),
        (("--metric", "accuracy", "--class", "card"), "no accuracy of one class"),
        (("--weak", "--metric", "f1"), "Weak slices are told by"),
    ],
)
def test_what_is_refused(place, words, says):
    refused = run("slices", "--store", place / "kept", *words)
    assert refused.exit_code == InputError.exit_code
    assert says in refused.output


def test_a_slice_of_the_settings_file_that_does_not_fit_is_left_out_and_said(place, monkeypatch):
    (place / "labelsift.toml").write_text("store = 'kept'\n[slices]\nca = \"state = 'CA'\"\nmen = \"gender = 'm'\"\n")
    monkeypatch.chdir(place)
    shown = run("slices")
    assert "The slice ca is left out" in shown.output
    assert "slice:men" in shown.stdout
    assert "slice:tokyo" not in shown.stdout  # what the file says replaces what the run kept


def test_a_run_without_predictions_and_labels_says_so(tmp_path):
    ls.scan(ls.read(pa.table({"text": ["one", "two", "three"]})), store=tmp_path, progress=False, only=["empty"])
    refused = run("slices", "--store", tmp_path)
    assert refused.exit_code == InputError.exit_code
    assert "no label was judged" in refused.output
    assert "there are no predictions" in run("slices", "--store", tmp_path, "--metric", "error_rate").output


@pytest.mark.parametrize("where", ["state = 'CA'", '"都 市" = \'東"京\'', "path = 'a\\b'"])
def test_a_line_for_the_settings_file_is_toml(where):
    line = toml_line({"slug": "都市:東京__age:23.5..41", "where": where})
    assert list(tomllib.loads(line).values()) == [where]


def test_a_weak_slice_comes_with_a_line_that_a_scan_accepts(place, tmp_path):
    told = answer("slices", "--store", place / "kept", "--weak")
    first = told["slices"][0]
    assert {"city", "gender"} <= set(first["slug"].replace("__", ":").split(":"))
    shown = run("slices", "--store", place / "kept", "--weak")
    assert "Found in one half of the rows, measured in the other" in shown.stdout
    pasted = shown.stdout[shown.stdout.index("[slices]") :]
    assert tomllib.loads(pasted)["slices"]
    report = ls.load(store=place / "kept")
    for where in tomllib.loads(pasted)["slices"].values():
        assert report.ids(where)
