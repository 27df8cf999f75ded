"""What a terminal is told to open: a line a page, not one a tab."""

from __future__ import annotations

import io
from pathlib import Path

from labelsift.cli.print_tables import print_receipt
from labelsift.demo.tour import _show
from labelsift.platforms import Local, Platform, Receipt
from rich.console import Console

PAGE = "http://127.0.0.1:8080/projects/3/data"
TABS = {"review": f"{PAGE}?tab=1", "Review now": f"{PAGE}?tab=1", "Outliers": f"{PAGE}?tab=2", "Done": f"{PAGE}?tab=3"}


def test_the_demo_prints_five_lines():
    said = io.StringIO()
    receipts = {
        "label-studio": Receipt("label-studio", "Tickets", links=TABS),
        "mlflow": Receipt(
            "mlflow", "run", links={"run": "http://127.0.0.1:5000/#/1", "page": "http://127.0.0.1:5000/2"}
        ),
        "wandb": Receipt("wandb", "run"),
    }
    places = {name: (Platform(), Local({}, (f"How to look at {name}.", "And then?"))) for name in receipts}
    console = Console(file=said, width=60)
    _show(console, places, receipts, page=Path("report.html"), variables=Path("demo/env.sh"))
    _, *lines = said.getvalue().splitlines()
    assert [line.split()[0] for line in lines] == ["report", "label-studio", "mlflow", "wandb", "a"]
    assert [line.count("http://") for line in lines] == [0, 1, 1, 0, 0]
    assert f"{PAGE}?tab=1" in lines[1]
    assert "How to look at label-studio. " in lines[1]


def test_a_receipt_names_each_page_once_and_keeps_the_rest_for_machines():
    said = io.StringIO()
    part = {"review b": "http://127.0.0.1:8080/projects/4/data?tab=9"}
    receipt = Receipt("label-studio", "Tickets", created=3, links=TABS | part)
    print_receipt(receipt, console=Console(file=said, width=200))
    lines = [line.strip() for line in said.getvalue().splitlines() if "http" in line]
    assert lines == [f"review: {TABS['review']}", f"review b: {part['review b']}"]
    assert receipt.as_dict()["links"] == TABS | part


def test_pages_that_only_a_query_in_the_fragment_tells_apart_are_both_named():
    said = io.StringIO()
    links = {name: f"http://127.0.0.1:5000/#/experiments/1/runs?view={name}" for name in ("all", "two")}
    print_receipt(Receipt("mlflow", "run", links=links), console=Console(file=said, width=200))
    assert all(f"{name}: {address}" in said.getvalue() for name, address in links.items())
