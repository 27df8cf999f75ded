"""The report's slices: figures that hold, cells that lead to their samples, bounded data, and what is not shown."""

from __future__ import annotations

import json
import re
import shlex
from typing import Any

import labelsift as ls
import numpy as np
import pyarrow as pa
import pytest
from labelsift.metrics.weak_slices.table import SCHEMA
from labelsift.render.page.build import PAGE_BYTES, render_page, write_page
from labelsift.search.named_slices import slice_ids
from page_content import CONTRAST, content_of

expect = pytest.importorskip("playwright.sync_api").expect
ROWS = 900
WORDS = {"card": "my bank card was stolen", "loan": "the rate of my home loan", "app": "the app does not start"}


def rows_with_a_weak_slice(rows: int = ROWS, *, seed: int = 0) -> dict[str, Any]:
    """Return columns in which the model is wrong for 60 % of the women of 東京, and for 5 % of all others."""
    rng = np.random.default_rng(seed)
    city, gender = rng.choice(["東京", "大阪", "CA"], rows), rng.choice(["f", "m", "x"], rows, p=[0.5, 0.49, 0.01])
    names = list(WORDS)
    label = rng.integers(0, 3, rows)
    wrong = rng.random(rows) < np.where((city == "東京") & (gender == "f"), 0.6, 0.05)
    predicted = (label + np.where(wrong, rng.integers(1, 3, rows), 0)) % 3
    return {
        "id": [f"r{row:04d}" for row in range(rows)],
        "text": [f"{WORDS[names[code]]}, case {row}" for row, code in enumerate(label)],
        "label": [names[code] for code in label],
        "predicted": [names[code] for code in predicted],
        "city": city,
        "gender": gender,
        "age": np.round(rng.normal(40, 12, rows), 1),
        "agent": [f"agent{row % 4}@mail.example" for row in range(rows)],
    }


def scan(columns: dict[str, Any], **more: Any) -> ls.Report:
    roles: dict[str, Any] = {"id": "id", "label": "label", "name": "tickets"}
    roles |= {"predicted": "predicted"} if "predicted" in columns else {}
    metadata = [name for name in columns if name not in ("id", "text", "label", "predicted")]
    read = ls.read(pa.table(columns), metadata=metadata, **roles)
    return ls.scan(read, progress=False, **{"store": None, **more})


@pytest.fixture(scope="module")
def report(tmp_path_factory) -> ls.Report:
    slices = {"tokyo women": "city = '東京' AND gender = 'f'", "long": "words > 8 AND text LIKE '%stolen%'"}
    return scan(rows_with_a_weak_slice(), slices=slices, store=tmp_path_factory.mktemp("kept"))


def view_of(cells: dict[str, Any], *names: str, metric: int = 0) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """Return a view by the names of its columns, and its cells as dictionaries with their values."""
    made = cells["metrics"][metric]
    dims = [dict(zip(cells["columns"]["dimension"], row, strict=True)) for row in made["dimensions"]]
    for row in made["views"]:
        view = dict(zip(cells["columns"]["view"], row, strict=True))
        down, across = dims[view["rows"]], dims[view["across"]]
        if {down["name"], across["name"]} == set(names):
            named = [dict(zip(cells["columns"]["cell"], cell, strict=False)) for cell in view["cells"]]
            for cell in named:
                cell[down["name"]], cell[across["name"]] = down["values"][cell["row"]], across["values"][cell["column"]]
            return view, named
    raise AssertionError(f"no view of {names}")


@pytest.mark.slow
def test_each_cell_says_what_is_counted(report):
    cells = content_of(render_page(report))["cells"]
    assert cells["metrics"][0]["name"] == "error_rate"
    assert cells["metrics"][0]["proxy"] is False
    columns = {name: np.array(column) for name, column in rows_with_a_weak_slice().items()}
    wrong = columns["label"] != columns["predicted"]
    _, shown = view_of(cells, "city", "gender")
    assert len(shown) == len(set(zip(columns["city"], columns["gender"], strict=True)))
    for cell in shown:
        inside = (columns["city"] == cell["city"]) & (columns["gender"] == cell["gender"])
        assert cell["n"] == inside.sum()
        assert ("value" in cell) == (inside.sum() >= 10)
        if "value" in cell:
            assert cell["value"] == pytest.approx(wrong[inside].mean(), abs=1e-4)
            assert cell["rest"] == pytest.approx(wrong[~inside].mean(), abs=1e-4)
            assert cell["low"] <= cell["value"] <= cell["high"]
    beyond = [cell for cell in shown if cell.get("differenceLow", 0) > 0]
    assert [(cell["city"], cell["gender"]) for cell in beyond] == [("東京", "f")]


@pytest.mark.slow
def test_random_errors_are_within_chance_everywhere():
    columns = rows_with_a_weak_slice(seed=5)
    rng = np.random.default_rng(1)
    columns["predicted"] = np.where(rng.random(ROWS) < 0.1, "app", columns["label"])
    cells = content_of(render_page(scan(columns)))["cells"]
    _, shown = view_of(cells, "city", "gender")
    full = [cell for cell in shown if "value" in cell]
    assert full
    assert not [cell for cell in full if cell["differenceLow"] > 0 or cell["differenceHigh"] < 0]


@pytest.mark.slow
def test_hidden_columns_stay_hidden_and_a_shared_page_holds_no_condition(report):
    for share in (False, True):
        page = render_page(report, share=share)
        cells = content_of(page)["cells"]
        names = {row[0] for metric in cells["metrics"] for row in metric["dimensions"]}
        assert names == {"city", "gender", "age", "label"}
        assert ("stolen" in json.dumps(cells, ensure_ascii=False)) is not share
    assert "mail.example" not in page
    assert content_of(page)["wrong"] == []  # beside the heat map, which samples are wrong would tell their metadata
    assert "slices" not in dict(content_of(page)["about"])


@pytest.mark.slow
def test_the_proxy_model_is_marked_and_flagged_labels_come_first():
    columns = rows_with_a_weak_slice()
    del columns["predicted"]
    metrics = content_of(render_page(scan(columns)))["cells"]["metrics"]
    assert [(metric["name"], metric["proxy"]) for metric in metrics] == [
        ("label_issue_rate", False),
        ("error_rate", True),
    ]


@pytest.mark.parametrize("kind", ["no metadata", "three rows", "no labels", "one value", "all wrong", "all right"])
def test_data_that_has_no_slices_or_no_errors(kind, open_page):
    columns = rows_with_a_weak_slice(3 if kind == "three rows" else 200)
    if kind == "no metadata":
        columns = {name: columns[name] for name in ("id", "text", "label", "predicted")}
    if kind == "no labels":
        del columns["label"], columns["predicted"]
        page = open_page(ls.scan(ls.read(pa.table(columns), id="id", metadata=["city", "gender"]), store=None)).page
    else:
        if kind == "one value":
            columns = {name: columns[name] for name in ("id", "text", "label", "predicted")} | {"city": ["東京"] * 200}
        if kind == "all wrong":
            columns["predicted"] = ["none"] * 200
        if kind == "all right":
            columns["predicted"] = columns["label"]
        only = ["empty"] if kind == "three rows" else None
        opened = open_page(scan(columns, only=only))
        page = opened.page
        assert opened.trouble == []
    shows = kind in ("all wrong", "all right")
    assert page.locator("#cells").is_visible() is shows
    if shows:
        assert page.locator(".cells td.heat, .cells td.better").count() == 0


def test_many_columns_values_and_classes_are_bounded_and_said(open_page):
    rng = np.random.default_rng(0)
    rows = 6_000
    columns: dict[str, Any] = {
        "id": [f"r{row}" for row in range(rows)],
        "text": [f"text {row} of some words" for row in range(rows)],
        "label": [f"class {code:03d}" for code in rng.integers(0, 200, rows)],
    }
    columns["predicted"] = np.where(rng.random(rows) < 0.1, "class 000", columns["label"])
    columns |= {f"column {number}": [f"v{code}" for code in rng.integers(0, 50, rows)] for number in range(20)}
    page = render_page(scan(columns, only=["empty"]))
    assert len(page.encode()) < PAGE_BYTES
    cells = content_of(page)["cells"]
    metric = cells["metrics"][0]
    view = dict(zip(cells["columns"]["view"], metric["views"][0], strict=True))
    assert len(view["rowCodes"]) == 20
    assert len(view["columnCodes"]) == 12
    assert (view["rowsLeft"], view["columnsLeft"]) in {(30, 38), (180, 38)}
    assert metric["columnsOut"] == 12
    assert len(json.dumps(cells)) < 0.2 * PAGE_BYTES
    shown = open_page(scan(columns, only=["empty"])).page.locator("#cell-map")
    expect(shown).to_contain_text(re.compile(r"Not shown: [\d,]+ better values of .* and 38 better values of"))
    expect(shown).to_contain_text("12 more columns differ less and are not crossed here.")


@pytest.mark.parametrize("width", [1400, 390])
def test_a_cell_leads_to_its_samples_and_to_its_command(report, open_page, width):
    opened = open_page(report, width=width)
    page = opened.page
    cell = page.locator(".cells td.heat button").first
    assert "東京" in cell.get_attribute("aria-label")
    assert "worse beyond chance" in cell.get_attribute("aria-label")
    cell.focus()
    page.keyboard.press("Enter")
    chosen = page.locator("#chosen-slice")
    expect(chosen).to_be_visible()
    command = shlex.split(chosen.locator(".command").inner_text())
    slug = command[command.index("--slice") + 1]
    inside = set(slice_ids(report, slug))
    wrong = set(report.ids("is_wrong"))
    listed = page.locator(".sample h3").all_inner_texts()
    assert listed
    assert set(listed) <= inside & wrong
    expect(chosen).to_contain_text(f"of its {len(inside & wrong)} wrong predictions")
    assert f"slice={slug.split(':')[0]}" in page.evaluate("decodeURIComponent(location.hash)")
    address = page.url
    page.locator("#chosen-slice header button").click()
    expect(chosen).to_be_hidden()
    page.goto(address)
    page.reload()
    page.wait_for_selector("html[data-ready]")
    assert page.locator(".sample h3").all_inner_texts() == listed
    over = "() => document.documentElement.scrollWidth - document.documentElement.clientWidth"
    assert page.evaluate(over) <= 0
    assert opened.trouble == []


def test_numbers_in_quarters_and_named_slices_lead_to_their_samples(report, open_page):
    page = open_page(report).page
    page.locator("#cell-list button.link", has_text="tokyo women").click()
    ids = set(slice_ids(report, "tokyo women"))
    assert set(page.locator(".sample h3").all_inner_texts()) <= ids
    assert page.locator(".sample").count()
    page.locator("#cell-map select").first.select_option(label="age × city")
    cell = page.locator(".cells button").first
    cell.click()
    command = shlex.split(page.locator("#chosen-slice .command").inner_text())
    inside = set(slice_ids(report, command[command.index("--slice") + 1]))
    page.locator("#tabs button", has_text="All").click()
    listed = set(page.locator(".sample h3").all_inner_texts())
    assert listed
    assert listed <= inside
    assert "few" not in (cell.locator("..").get_attribute("class") or "")


def test_a_weak_slice_that_a_search_found_leads_to_its_samples(report, open_page):
    page = open_page(report).page
    expect(page.locator("#cell-list")).to_contain_text("found in one half of the rows, measured in the other")
    weak = page.locator("#cell-list table").first.locator("button.link", has_text="東京").first
    weak.click()
    words = shlex.split(page.locator("#chosen-slice .command").inner_text())
    inside = set(report.ids(words[words.index("--where") + 1]))
    listed = set(page.locator(".sample h3").all_inner_texts())
    assert listed
    assert listed <= inside
    expect(page.locator("#chosen-slice")).to_contain_text(
        f"of its {len(inside & set(report.ids('is_wrong')))} wrong predictions"
    )


def test_words_of_texts_that_describe_a_cluster_stay_off_a_shared_page(report, monkeypatch):
    figures = dict.fromkeys(("value", "low", "high", "rest", "difference", "difference_low", "difference_high"), 0.3)
    words = {"slug": "cluster:1", "predicate": "cluster of stolen, thief (cluster 1)", "where": "cluster = 1"}
    row = {**words, "n": 90, "measured": 45, "p_value": 0.0, "follows": None, "same_rows": None, **figures}
    found = pa.Table.from_pylist([row], SCHEMA)
    monkeypatch.setattr("labelsift.render.page.listed_slices.weak_slices", lambda run, **more: found)
    told = [content_of(render_page(report, share=share))["cells"]["listed"] for share in (False, True)]
    assert "thief" in json.dumps(told[0])
    assert "thief" not in json.dumps(told[1])


def test_another_metric_and_cells_of_too_few(report, open_page):
    page = open_page(report).page
    few = page.locator(".cells td.few").first
    assert few.locator("button").count() == 0
    assert "Too few to tell" in few.get_attribute("title")
    page.get_by_label("Metric").select_option(label="Label-issue rate")
    expect(page.locator("#cell-map > .hint").first).to_contain_text("judged labels")


def test_the_project_goes_into_the_command_quoted_for_a_shell(report, open_page):
    page = open_page(report).page
    page.locator(".cells td.heat button").first.click()
    page.get_by_label("Project").fill("it's; rm -rf /")
    words = shlex.split(page.locator("#chosen-slice .command").inner_text())
    assert words[:4] == ["labelsift", "push", "label-studio", "it's; rm -rf /"]
    assert words[words.index("--run") + 1] == report.run


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_cell_can_be_read(report, open_page, scheme):
    page = open_page(report).page
    page.emulate_media(color_scheme=scheme)
    for kind in ("heat", "chance"):
        for cell in page.locator(f".cells td.{kind}").all()[:4]:
            assert cell.evaluate(CONTRAST)[1] >= 4.5


def test_a_brief_page_keeps_named_slices_and_says_what_it_leaves_out(report, monkeypatch, open_page):
    whole, brief = render_page(report), render_page(report, brief=True)
    assert "leaves out the map, the heat maps, the search" in brief and "leaves out the map" not in whole
    cells = content_of(brief)["cells"]
    assert [row[1] for row in cells["listed"]] and all(row[1] for row in cells["listed"])  # those that have names
    assert not any(metric["views"] or metric["columnsOut"] for metric in cells["metrics"])
    assert content_of(brief)["map"] is None
    monkeypatch.setattr(type(report), "to_html", lambda self, path, share: write_page(self, path, brief=True))
    opened = open_page(report)
    expect(opened.page.get_by_text("tokyo women").first).to_be_visible()
    expect(opened.page.get_by_text("The run is large: this page leaves out").first).to_be_visible()
    assert not opened.trouble
