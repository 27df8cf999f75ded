"""Planted personal values and secrets: none of two hundred leaves its own sample, whatever is made of a scan."""

from __future__ import annotations

import csv
import json
import logging
import random
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import labelsift as ls
import pyarrow as pa
import pytest
from click.testing import CliRunner
from labelsift.cli import main
from labelsift.corrections.record import record
from labelsift.data.media import required
from labelsift.data.review_queue import ReviewItem
from labelsift.data.schemas import CORRECTIONS_SCHEMA
from labelsift.integrations.argilla.push.plan import plan_review as argilla_plan
from labelsift.integrations.label_studio.convert.review_config import review_target
from labelsift.integrations.label_studio.push.plan import Common
from labelsift.integrations.label_studio.push.plan import plan_review as label_studio_plan
from labelsift.metrics.compare import compare
from labelsift.render.comparison_page.build import render as render_comparison
from labelsift.render.overview import Overview
from labelsift.render.page.build import render_page
from labelsift.render.page.content import content as content_of
from labelsift.render.tracker_panels.files import write_files
from labelsift.render.tracker_panels.panels import panels
from labelsift.report import Report
from labelsift.review.items import queue_of
from labelsift.review.suggestions import labels_to_choose
from labelsift.store.store import Store
from labelsift.texts.redaction import safe_id
from planted_values import IN_IDS, held, planted

pytestmark = pytest.mark.slow

LABELS = {
    "card": "card order arrive post deliver plastic broken chip slot pay",
    "loan": "loan rate interest month sum house debt bank term sign",
    "app": "app phone screen login update crash button slow menu reset",
}
TEXTS, CELLS, AGENTS, IDS = 120, 40, 10, 30  # values in texts, in cells of their own, in cells of many rows, and in ids


@dataclass(frozen=True)
class World:
    """A scan of planted values, and the samples that hold each value themselves."""

    report: Report
    owners: dict[str, frozenset[str]]
    in_ids: frozenset[str]
    folder: Path
    log: str

    def strange(self, content: object, *, of: str | None = None) -> set[str]:
        """Return the values in a content that are not those of the one sample that may stand there."""
        return {value for value in held(self.owners, content) if of not in self.owners[value]}


def rows_with(rng: random.Random) -> tuple[list[dict[str, str]], dict[str, set[str]], set[str]]:
    """Return rows of a data set, value → ids of the rows that hold it, and the values that are ids themselves."""
    values = planted(TEXTS + CELLS + AGENTS, seed=5)
    agents = [value for value, _ in values if "@" in value][:AGENTS]
    others = [pair for pair in values if pair[0] not in agents]
    ids = [value for value, _ in planted(IDS, seed=6, kinds=IN_IDS)]
    rows: list[dict[str, str]] = []
    owners: dict[str, set[str]] = {value: set() for value, _ in values}
    for number in range(480):
        label = rng.choice(list(LABELS))
        row = {"id": f"row-{number}", "text": " ".join(rng.choices(LABELS[label].split(), k=10)), "contact": "none"}
        wrong = rng.random() < (0.5 if number % AGENTS == 0 else 0.04)  # one agent errs, and some confuse two classes
        given = "loan" if label == "card" and rng.random() < 0.25 else rng.choice(list(LABELS)) if wrong else label
        row |= {"label": given, "agent": agents[number % AGENTS]}
        if number < len(others):
            value, text = others[number]
            column = "text" if number < TEXTS else "contact"
            row[column] = f"{row['text']} {text}" if column == "text" else text
        elif number < len(others) + IDS:
            row["id"] = ids[number - len(others)]
        rows.append(row)
    for number in range(40):  # copies, whose twins are shown beside them; some hold another value in the same words
        value, text = others[number]
        row = rows[number] | {"id": f"copy-{number}"}
        if number % 2:
            row["text"] = row["text"].replace(text, others[number + 12][1])
        rows.append(row)
    for row in rows:
        for value in held(owners, [row["text"], row["contact"], row["agent"]]):
            owners[value].add(safe_id(row["id"]))
    return rows, owners, set(ids)


class Collecting(logging.Handler):
    """Keeps the messages that are logged, at every level."""

    def __init__(self, lines: list[str]) -> None:
        super().__init__(logging.NOTSET)
        self.lines = lines

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(self.format(record))


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    folder = tmp_path_factory.mktemp("planted")
    rows, owners, in_ids = rows_with(random.Random(4))
    with (folder / "dump.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    lines: list[str] = []
    handler = Collecting(lines)
    logging.getLogger().addHandler(handler)
    logging.getLogger().setLevel(logging.DEBUG)
    try:
        samples = ls.read(folder / "dump.csv", id="id", label="label", metadata=["contact", "agent"])
        report = ls.scan(samples, store=folder / "store")
    finally:
        logging.getLogger().removeHandler(handler)
        logging.getLogger().setLevel(logging.WARNING)
    whose = {value: frozenset(ids) for value, ids in owners.items()} | dict.fromkeys(in_ids, frozenset())
    assert len(whose) == TEXTS + CELLS + AGENTS + IDS == 200
    yield World(report, whose, frozenset(in_ids), folder, "\n".join(lines))


def test_every_value_is_flagged_where_it_stands(world):
    findings = world.report.findings.to_pylist()
    flagged = {row["id"] for row in findings if row["issue"] in ("pii", "secret")}
    missed = [value for value, ids in world.owners.items() if value not in world.in_ids and not ids & flagged]
    assert missed == []  # or the tests below would show nothing
    assert world.report.facts["hidden_columns"]["pii"] == ["agent", "contact"]


def test_findings_scores_facts_and_logs_hold_none(world):
    report = world.report
    for name, content in {
        "findings": report.findings.to_pylist(),
        "scores": report.scores.drop_columns(["id"]).to_pylist(),
        "facts": report.facts,
        "notes": report.notes,
        "summary": report.summary(),
        "log": world.log,
    }.items():
        assert world.strange(content) == set(), name


def items_of(world: World, **options: Any) -> tuple[ReviewItem, ...]:
    return queue_of(world.report, **options).items


def payloads(world: World, *, mask: bool = False) -> Iterator[tuple[str, str, object]]:
    """Yield platform, sample and all that its task or row would be sent."""
    queue = queue_of(world.report, mask=mask)
    labels, samples = labels_to_choose(queue), world.report.samples
    common = Common(target=review_target(labels, task=samples.task, medium=required(samples)))
    plan = label_studio_plan(queue.items, common, run=queue.run, round=1)
    for key, data in plan.data.items():
        yield "label-studio", key, [data, plan.predictions.get(key)]
    yield "label-studio", "", [plan.tabs, plan.label_config, plan.failed]
    plan = argilla_plan(
        queue.items, labels, run=queue.run, mode="choose", task="classification", dimensions=None, definitions={}
    )
    for key, data in plan.data.items():
        yield "argilla", key, [data, plan.predictions.get(key), plan.external_ids[key]]
    yield "argilla", "", [plan.settings, plan.failed]


def test_tasks_hold_their_own_samples_values_alone(world):
    beside = [item for item in items_of(world) if item.twin or item.neighbors]
    assert len(beside) > 40
    seen = set()
    for platform, sample, content in payloads(world):
        assert world.strange(content, of=sample) == set(), (platform, sample)
        seen |= held(world.owners, content)
    assert len(seen) >= TEXTS  # a sample's own task shows its text


def test_a_masked_push_holds_none(world):
    for platform, sample, content in payloads(world, mask=True):
        assert world.strange(content) == set(), (platform, sample)


def test_a_workbook_holds_a_samples_values_in_its_own_row_alone(world):
    openpyxl = pytest.importorskip("openpyxl")
    path = world.folder / "review.xlsx"
    receipt = world.report.push("xlsx", project=str(path))
    assert world.strange(receipt.as_dict()) == set()
    for sheet in openpyxl.load_workbook(path).worksheets:
        for row in sheet.iter_rows(values_only=True):
            assert world.strange(row, of=str(row[0])) == set()


def test_the_page_shows_a_value_on_its_samples_own_card_alone(world):
    page = content_of(Overview(world.report), share=False, room=2_000_000)
    nodes = [dict(zip(page["columns"]["node"], node, strict=True)) for node in page.pop("nodes")]
    samples, strings = page.pop("samples"), page.pop("strings")
    own = {sample[0] for sample in samples}
    seen = set()
    for place, node in enumerate(nodes):
        assert world.strange({**node, "text": ""}) == set(), node["id"]
        assert world.strange(node["text"], of=node["id"] if place in own else None) == set(), node["id"]
        values = held(world.owners, node["text"] or "")
        assert not values or node["masked"], node["id"]  # what the cards of others show
        seen |= values
    assert len(seen) >= TEXTS / 2
    for sample in samples:
        whole = dict(zip(page["columns"]["sample"], sample, strict=True))
        meta = [strings[place] for place in whole.pop("meta") if place >= 0]
        assert world.strange(meta, of=nodes[sample[0]]["id"]) == set()
        assert world.strange([strings[finding[0]] for finding in whole["findings"]] + [whole]) == set()
    assert world.strange(page) == set()


def test_a_page_to_share_and_the_map_hold_none(world):
    from labelsift.render.page.map import _DATA  # where it stands, packed, in both pages

    for share in (True, False):
        page = render_page(world.report, share=share)
        assert world.strange(unpacked(_DATA, page)) == set()
        assert not share or world.strange(page) == set()


def unpacked(pattern: re.Pattern[str], page: str) -> bytes:
    import base64
    import zlib

    match = pattern.search(page)
    return b"" if match is None else zlib.decompress(base64.b64decode(match[1]))


def test_a_comparison_page_holds_none(world):
    samples = world.report.samples
    later = samples.take(samples.positions(samples.ids.to_pylist()[20:]))
    texts = [text.replace("order", "send") for text in later.texts.to_pylist()]
    table = later.table.set_column(later.table.column_names.index("text"), "text", pa.array(texts))
    report = replace(world.report, run="20991130-000000-later", samples=replace(later, table=table))
    report = replace(report, scores=report.scores.slice(20), pred_probs=world.report.pred_probs[20:])
    page = render_comparison(compare(world.report, report), with_text=True)
    assert re.search(r"\[[A-Z_]+_1\]", page)  # texts are on it
    assert world.strange(page) == set()


@pytest.mark.parametrize("with_text", [False, True])
def test_trackers_get_none(world, tmp_path, with_text: bool):
    shown = panels(world.report, with_text=with_text)
    assert world.strange([vars(shown)]) == set()
    assert {"agent", "contact"}.isdisjoint(row[1].split()[0] for row in shown.slices.rows)
    for name in write_files(tmp_path, world.report, shown, with_text=with_text):
        assert world.strange((tmp_path / name).read_bytes()) == set(), name


def test_slices_by_a_column_that_holds_values_are_made_where_it_is_named_alone(world):
    table = world.report.slices(metric="label_issue_rate")
    assert world.strange(table.to_pylist()) == set()
    named = world.report.slices(by=["agent"], metric="label_issue_rate")
    assert len(held(world.owners, named.to_pylist())) == AGENTS


def test_corrections_hold_none_and_masked_samples_neither(world, tmp_path):
    ids = sorted({id for ids in world.owners.values() for id in ids})
    items = {item.id: item for item in items_of(world)}
    masks = {id: json.dumps([list(place) for place in item.masks]) for id, item in items.items()}
    rows = [
        {"id": id, "action": "redact", "verdict": "accepted", "person": "ann", "platform": "test", "note": ""}
        | {"run": world.report.run, "value": masks.get(id, "null")}
        for id in ids
    ]
    table = pa.Table.from_pylist(rows, CORRECTIONS_SCHEMA)
    assert world.strange(table.to_pylist()) == set()
    following = world.report.samples.apply(table)
    masked = following.take(following.positions(ids))
    assert world.strange([masked.table.to_pylist(), masked.metadata.to_pylist()]) == set()
    kept = Store(tmp_path / "kept")
    kept.save(world.report)
    record(table, store=kept)
    out = tmp_path / "next.csv"
    arguments = ["correct", str(world.folder / "dump.csv"), "--out", str(out), "--label", "label", "--id", "id"]
    result = CliRunner().invoke(main, [*arguments, "--store", str(tmp_path / "kept")])
    assert result.exit_code == 0, result.output
    assert world.strange(result.output) == set()
    assert world.strange(out.read_bytes()) - world.in_ids == set()  # the file keeps its own ids
    audit = CliRunner().invoke(main, ["audit", "--store", str(tmp_path / "kept"), "--json"])
    assert world.strange(audit.output) == set()


def test_a_masked_file_holds_none(world, tmp_path):
    out = tmp_path / "masked.csv"
    arguments = ["redact", str(world.folder / "dump.csv"), "--out", str(out), "--meta", "contact,agent"]
    result = CliRunner().invoke(main, arguments)
    assert result.exit_code == 0, result.output
    assert world.strange(result.output) == set()
    assert world.strange(out.read_bytes()) - world.in_ids == set()


def _strangers(world: World) -> pa.Table:
    """Return decisions on all samples, to be applied to a few of them."""
    rows = [
        {"id": id, "action": "keep", "verdict": "refused", "value": "null", "person": "ann", "note": ""}
        for id in world.report.samples.ids.to_pylist()
    ]
    return pa.Table.from_pylist(rows, CORRECTIONS_SCHEMA)


def _first(world: World) -> ls.Samples:
    return world.report.samples.take(world.report.samples.positions(["row-3"]))


WRONG: dict[str, Callable[[World], object]] = {
    "push of what is not flagged": lambda world: world.report.push(
        "xlsx", project=str(world.folder / "no.xlsx"), ids=world.report.samples.ids.to_pylist()
    ),
    "ids that are not there": lambda world: _first(world).positions(world.report.samples.ids.to_pylist()),
    "decisions on strangers": lambda world: _first(world).apply(_strangers(world)),
}


@pytest.mark.parametrize("call", WRONG)
def test_errors_hold_none(world, call: str):
    with pytest.raises(ls.LabelsiftError) as refused:
        WRONG[call](world)
    assert world.strange(str(refused.value)) == set()


def stored(folder: Path) -> Iterator[tuple[str, object]]:
    """Yield all that a store holds, by the name of the file; of tables their cells."""
    import lance
    from pyarrow import feather, parquet

    for path in sorted(folder.rglob("*")):
        name = str(path.relative_to(folder))
        if path.suffix == ".lance" and path.is_dir():
            yield name, lance.dataset(str(path)).to_table().to_pylist()
        elif path.suffix == ".parquet":
            yield name, parquet.read_table(path).to_pylist()
        elif path.suffix in (".arrow", ".feather"):
            yield name, feather.read_table(path).to_pylist()
        elif path.is_file():
            yield name, path.read_bytes()


@pytest.mark.slow
def test_a_store_holds_them_in_the_tables_of_samples_and_after_forget_nowhere(world):
    store = world.folder / "store"
    texts = [name for name, content in stored(store) if held(world.owners, content)]
    assert {part for name in texts for part in Path(name).parts if part.endswith(".lance")} >= {"samples.lance"}
    assert [name for name in texts if not {"samples.lance", "metadata.lance"} & set(Path(name).parts)] == []
    ids = sorted({id for ids in world.owners.values() for id in ids})
    result = CliRunner().invoke(main, ["forget", *ids, "--yes", "--store", str(store)])
    assert result.exit_code == 0, result.output
    assert world.strange(result.output) == set()
    assert {name for name, content in stored(store) if held(world.owners, content)} == set()
