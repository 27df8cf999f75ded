"""Whatever is pushed, and whatever others write: twice is once, and what is not labelsift's stays as it is."""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from labelsift.data.samples import TASKS, Samples, Task
from labelsift.data.schemas import Finding, findings_table
from labelsift.integrations.argilla.apply.apply import apply_corrections
from labelsift.integrations.argilla.client.client import Client
from labelsift.integrations.argilla.convert.review_schema import DECISION, LABEL, NOTE, OTHER, PREFIX, RANK, TEXT, WHY
from labelsift.integrations.argilla.convert.values import to_argilla
from labelsift.integrations.argilla.pull.existing_dataset import pull_project
from labelsift.integrations.argilla.push.existing_dataset import push_existing
from labelsift.integrations.argilla.push.review_dataset import push_review
from labelsift.integrations.argilla.state.holdings import OWN
from labelsift.integrations.argilla.state.rounds import rounds_in
from labelsift.integrations.conformance_samples import flagged_report
from labelsift.platforms import MODES, ApplyRequest, PushRequest
from labelsift.report import Report, load
from labelsift.review.items import queue_of
from labelsift.store.store import Store
from recording_platform import corrections, decision

from ..own_datasets import Made, make_dataset

LABELS = ('a"b<c>&', "ラベル🙂", "with, comma; [x]", "UPPER", "upper", "tab\there", "{{n}} '", "x" * 200, " padded ")
TEXTS = (
    *("", "nul \x00 byte", "two\n\nlines\r\n\tand", "🙂🙃 <b>bold</b> &amp; **md** [x](javascript:alert(1))"),
    *(
        " padded ",
        "long " * 600,
        "\u202eright to left",
        "bell \x07",
        "1 < 2 \u2028 \ufeff",
        "</p><script>alert(1)</script>",
    ),
)
IDS = ("s", "ünï/ ", "odd\x07", "x" * 300, "a,b;", "line\n", "null")
FIELDS: dict[str, Callable[[int], Any]] = {
    "City of": lambda row: ("Bonn", None, "Köln\x00")[row % 3],
    "city of": lambda row: "another",
    "CITY-OF": lambda row: row,
    "Labelsift labelsift x": lambda row: "not labelsift's",
    "Quality": lambda row: row + 0.5,
    "big": lambda row: 2**60 + row,
    "nan": lambda row: (float("nan"), 1.5, float("inf"))[row % 3],
    "nested": lambda row: {"deep": [row, None]},
    "list": lambda row: ["x", f"y{row}"],
    "flag": lambda row: row % 2 == 0,
    "日本": lambda row: "値",
    "n" * 300: lambda row: row,
    "long": lambda row: "long " * 99,
}
OTHERS: tuple[Any, ...] = ("x", 7, 2**70, 1.5, None, ["a", None], {"deep": {"er": [1, "ü🙂\x00"]}}, "", True)
_numbers = itertools.count(1)


@st.composite
def reports(draw: st.DrawFn) -> Report:
    """Reports of one to six samples that are all flagged, made of what is odd."""
    task: Task = draw(st.sampled_from(TASKS))
    labels = draw(st.lists(st.sampled_from(LABELS), min_size=1, max_size=4, unique=True))
    texts = draw(st.lists(st.sampled_from(TEXTS), min_size=1, max_size=6))
    names = draw(st.lists(st.sampled_from([*FIELDS]), min_size=1, max_size=6, unique=True))
    sure = draw(st.lists(st.sampled_from((None, 0.9, 1.0, 0.0)), min_size=6, max_size=6))
    ids = [f"{draw(st.sampled_from(IDS))}{row}" for row in range(len(texts))]
    texts = [f"Hi: {text}" for text in texts] if task == "spans" else texts

    def value(row: int) -> Any:
        label = labels[row % len(labels)]
        sets = {"classification": label, "multilabel": [[label], [], sorted(labels)][row % 3]}
        return sets[task] if task != "spans" else [[0, 2, label]]

    findings = []
    for row, id in enumerate(ids):
        old, new = value(row), value(row + 1)
        issue, (old, new) = ("span", (old[0], new[0])) if task == "spans" else ("label", (old, new))
        findings.append(
            Finding(id, issue, row / 10, "It is <i>odd</i>", given=old, suggested=new, confidence=sure[row])
        )
    cells = [value(row) if task == "classification" else json.dumps(value(row)) for row in range(len(ids))]
    columns = {"classification": "label", "multilabel": "labels", "spans": "spans"}
    table = pa.table({"id": ids, "text": texts, columns[task]: cells})
    metadata = pa.table({name: [FIELDS[name](row) for row in range(len(ids))] for name in names})
    return Report(
        run=f"20261129-101500-{next(_numbers):04x}",
        created=datetime(2026, 11, 29, tzinfo=UTC),
        samples=Samples(table, metadata, "odd"),
        scores=pa.table({"id": ids}),
        findings=findings_table(findings),
        classes=tuple(sorted(labels)),
    )


ROW = st.integers(0, 5)
RESPONSES = st.lists(
    st.tuples(ROW, st.integers(0, 1), st.sampled_from(("draft", "submitted", "discarded")), st.integers(0, 2)),
    max_size=6,
)
SUGGESTIONS = st.lists(st.tuples(ROW, st.sampled_from((DECISION, LABEL, NOTE))), max_size=4)
METADATA = st.dictionaries(ROW, st.dictionaries(st.sampled_from(("theirs", "Of theirs.")), st.sampled_from(OTHERS)))


@pytest.fixture(scope="module")
def people(server: Any, make_user: Callable[..., Any]) -> list[Client]:
    return [Client(server.url, make_user().api_key) for _ in range(2)]


def records_in(client: Client, dataset: str) -> dict[str, Any]:
    return {record["external_id"]: record for page in client.records(dataset) for record in page}


def of_others(client: Client, dataset: str) -> str:
    """All that is not labelsift's, as text, with the server's ids and times."""
    return json.dumps(
        {
            id: [
                {name: value for name, value in record["metadata"].items() if name.casefold().find("theirs") >= 0},
                [made for made in record["suggestions"] if not str(made["agent"]).startswith(OWN)],
                sorted(record["responses"], key=lambda said: said["id"]),
            ]
            for id, record in records_in(client, dataset).items()
        },
        sort_keys=True,
    )


@settings(max_examples=6, phases=[Phase.generate])  # a server of two cores: no shrinking
@given(st.data(), reports(), st.sampled_from(MODES), RESPONSES, SUGGESTIONS, METADATA, st.sets(ROW))
def test_twice_is_once_and_what_others_wrote_stays(
    client, people, tmp_path_factory, data, report, mode, responses, suggestions, metadata, damaged
):
    store = tmp_path_factory.mktemp("run") / "store"
    Store(store).save(report)
    report = load(store=store)
    name, task, count = f"Odd {report.run}", report.samples.task, len(report.samples)
    rows = data.draw(st.sampled_from((None, np.eye(3, dtype=np.float32), np.full((3, 3), np.nan, np.float32))))
    vectors = None if rows is None else lambda ids: rows[[int(id[-1]) % 3 for id in ids]] if ids else rows[:0]
    queue, request = replace(queue_of(report), vectors=vectors), PushRequest(name, mode=mode)

    def push() -> tuple[int, int, int]:
        receipt = push_review(client, queue, request)
        assert not receipt.failed
        return receipt.created, receipt.updated, receipt.unchanged

    def pull() -> list[dict[str, Any]]:
        return sorted(pull_project(client, project=name, store=store).to_pylist(), key=repr)

    assert push() == (count, 0, 0)
    (review,) = [review for review in rounds_in(client.datasets(client.workspaces()[0]["id"])) if review.of == name]
    first = records_in(client, review.dataset)
    assert push() == (0, 0, count)
    assert records_in(client, review.dataset) == first
    assert client.named(review.dataset, [*first]).keys() == first.keys()

    ids, questions = (
        [*first],
        {row["name"]: row["id"] for row in client.rows(f"/datasets/{review.dataset}/questions", what="q")},
    )
    options = [
        option["value"] for option in client.dataset(f"quality/{review.name}").questions[LABEL]["settings"]["options"]
    ]
    chosen = {"classification": options[0], "multilabel": [options[0]], "spans": [[0, 2, options[0]]]}[task]
    for row, who, status, how in dict.fromkeys(responses):
        values = (
            [{}, {NOTE: "half\n🙂"}, {LABEL: to_argilla(chosen)}][how] if status != "submitted" else {DECISION: OTHER}
        )
        values |= {LABEL: to_argilla(chosen)} if status == "submitted" and how else {}
        record = first[ids[row % count]]["id"]
        standing = [said["user_id"] for said in records_in(client, review.dataset)[ids[row % count]]["responses"]]
        if people[who].me()["id"] not in standing:
            people[who].respond(record, values, status=status)
    theirs = {DECISION: OTHER, LABEL: to_argilla(chosen), NOTE: "theirs"}
    for row, question in suggestions:
        made = {"question_id": questions[question], "value": theirs[question], "agent": "another/model"}
        client.upsert(review.dataset, [{"external_id": ids[row % count], "suggestions": [made]}], ids=["-"])
    for row, values in metadata.items():
        merged = records_in(client, review.dataset)[ids[row % count]]["metadata"] | values
        client.upsert(review.dataset, [{"external_id": ids[row % count], "metadata": merged}], ids=["-"])
    written, decided = of_others(client, review.dataset), pull()
    push()  # labelsift's other suggestions on a record go, where somebody else answers the same question
    assert of_others(client, review.dataset) == written

    hurt = {ids[row % count] for row in damaged}
    for id in hurt:  # somebody wipes what is labelsift's
        record = records_in(client, review.dataset)[id]
        left = {name: value for name, value in record["metadata"].items() if name != RANK}
        fields = (
            record["fields"] | {TEXT: record["fields"][TEXT] + "!"} | ({WHY: ""} if WHY in record["fields"] else {})
        )
        client.upsert(review.dataset, [{"external_id": id, "metadata": left, "fields": fields}], ids=["-"])
    assert push() == (0, len(hurt), count - len(hurt))
    assert push() == (0, 0, count)
    assert of_others(client, review.dataset) == written
    last = records_in(client, review.dataset)
    for id, record in last.items():
        assert record["fields"] == first[id]["fields"]
        own = {name: value for name, value in record["metadata"].items() if name.startswith(PREFIX)}
        assert own == {name: value for name, value in first[id]["metadata"].items() if name.startswith(PREFIX)}
    assert pull() == decided
    assert len(decided) == sum(said["status"] != "draft" for record in last.values() for said in record["responses"])


@pytest.mark.parametrize("mode", MODES)
def test_samples_without_any_label_are_asked_about_without_a_label_to_choose(client, tmp_path, mode, name):
    ids = ["a", "b"]
    table = pa.table({"id": ids, "text": ["same", "same"]})
    found = [Finding(id, "outlier", 0.0, "Unlike every other sample") for id in ids]
    about = {"run": "20261129-101500-none", "created": datetime(2026, 11, 29, tzinfo=UTC), "classes": ()}
    scores = pa.table({"id": ids})
    report = Report(
        samples=Samples(table, pa.table({"channel": ["mail"] * 2}), "odd"),
        scores=scores,
        findings=findings_table(found),
        **about,
    )
    queue = queue_of(report)
    receipt = push_review(client, queue, PushRequest(name, mode=mode))
    assert receipt.created == len([item for item in queue.items if not item.first_copy]) > 0
    assert push_review(client, queue, PushRequest(name, mode=mode)).unchanged == receipt.created


def test_a_text_that_somebody_cut_comes_back_with_its_spans(client, name):
    report = flagged_report("spans")
    queue, request = queue_of(report), PushRequest(name, mode="prefill")
    push_review(client, queue, request)
    (review,) = [review for review in rounds_in(client.datasets(client.workspaces()[0]["id"])) if review.of == name]
    first = records_in(client, review.dataset)
    cut = [{"external_id": id, "fields": record["fields"] | {TEXT: "x"}} for id, record in first.items()]
    client.upsert(review.dataset, cut, ids=["-"] * len(cut))  # the server leaves spans that point nowhere
    receipt = push_review(client, queue, request)
    assert receipt.updated == len(cut)
    last = records_in(client, review.dataset)
    for id, record in last.items():
        assert record["fields"] == first[id]["fields"]
        assert [made["value"] for made in record["suggestions"]] == [made["value"] for made in first[id]["suggestions"]]
    assert push_review(client, queue, request).unchanged == len(cut)


GIVEN: dict[str, tuple[Task, list[Any]]] = {
    "single": ("classification", ["card_arrival", "lost_card"]),
    "multi": ("multilabel", [["card_arrival"], ["card_arrival", "lost_card"]]),
    "spans": ("spans", [[[0, 3, "PER"]], [[0, 3, "LOC"]]]),
}
COLUMNS: dict[Task, str] = {"classification": "label", "multilabel": "labels", "spans": "spans"}
ACTIONS: dict[Task, str] = {"classification": "relabel", "multilabel": "relabel", "spans": "respan"}


def of_their_own(made: Made) -> str:
    """All that is not labelsift's in a dataset of the user's own, as text, with the server's ids and times."""
    records = made.records()
    for record in records.values():
        kept = {name: value for name, value in record["metadata"].items() if not name.startswith(PREFIX)}
        others = [said for said in record["suggestions"] if not str(said["agent"]).startswith(OWN)]
        record |= {"metadata": kept, "suggestions": others, "vectors": {}}
    return json.dumps(records, sort_keys=True)


@settings(max_examples=4, phases=[Phase.generate])
@given(st.sampled_from([*GIVEN]), st.sampled_from(MODES), RESPONSES, st.sets(ROW), METADATA, st.sets(ROW, min_size=1))
def test_a_dataset_of_their_own_keeps_what_they_wrote_through_push_apply_and_undo(
    client, server, api, workspace_id, two_users, kind, mode, responses, suggested, metadata, decided
):
    (task, values), name = GIVEN[kind], f"Own {next(_numbers)}"
    made = make_dataset(api, workspace_id, name, kind)
    made.log(*(made.record(row, {}, suggested=to_argilla(values[0]) if row in suggested else None) for row in range(6)))
    for row, extra in metadata.items():
        made.log({"external_id": f"t{row}", "metadata": {"theirs": ["a"], **extra, "Of theirs.": extra}})
    ids = {id: record["id"] for id, record in made.records().items()}
    for row, who, status, how in dict.fromkeys(responses):
        standing = [said["user_id"] for said in made.records()[f"t{row}"]["responses"]]
        if two_users[who].id not in standing:
            said = {"label": to_argilla(values[1])} if status == "submitted" or how else {}
            Client(server.url, two_users[who].api_key).respond(ids[f"t{row}"], said, status=status)
    before, written = made.records(), of_their_own(made)

    texts, samples = [before[f"t{row}"]["fields"]["text"] for row in range(6)], [f"t{row}" for row in range(6)]
    cells = values[:1] * 6 if task == "classification" else [json.dumps(values[0])] * 6
    old, new = (values[0][0], values[1][0]) if task == "spans" else values
    found = [
        Finding(id, "span" if task == "spans" else "label", 0.1, "odd", given=old, suggested=new) for id in samples
    ]
    report = Report(
        run=f"20261129-101500-{next(_numbers):04x}",
        created=datetime(2026, 11, 29, tzinfo=UTC),
        samples=Samples(
            pa.table({"id": samples, "text": texts, COLUMNS[task]: cells}), pa.table({"source": ["mail"] * 6}), "own"
        ),
        scores=pa.table({"id": samples}),
        findings=findings_table(found),
        classes=("card_arrival", "lost_card") if task != "spans" else ("LOC", "PER"),
    )
    request = PushRequest(name, mode=mode, match="external_id")
    assert push_existing(client, queue_of(report), request).updated == 6
    assert of_their_own(made) == written
    pushed = made.records()
    assert push_existing(client, queue_of(report), request).unchanged == 6
    assert made.records() == pushed

    rows = corrections(*(decision(f"t{row}", values[0], action=ACTIONS[task], platform="x") for row in decided))
    apply_corrections(client, rows, ApplyRequest(name))
    mine = client.me()["id"]
    after = made.records()
    for id, record in after.items():
        assert [said for said in record["responses"] if said["user_id"] != mine] == before[id]["responses"]
        assert record["suggestions"] == pushed[id]["suggestions"]
    apply_corrections(client, corrections(), ApplyRequest(name, undo=True))
    assert made.records().keys() == pushed.keys()
    assert of_their_own(made) == written


@pytest.fixture(scope="module")
def two_users(make_user: Callable[..., Any]) -> list[Any]:
    return [make_user(), make_user()]
