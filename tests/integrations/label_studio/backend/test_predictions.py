"""What Label Studio is answered about tasks."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import labelsift as ls
import pyarrow as pa
import pytest
from labelsift.data.samples import Samples
from labelsift.store.store import Store
from starlette.testclient import TestClient

from .conftest import CONFIG, LABELS, WRONG, Bench, ask, build_samples, until

pytestmark = pytest.mark.slow


def _results(client: TestClient, tasks: list[dict[str, Any]], **more: Any) -> list[Any]:
    answer = client.post("/predict", json=ask(tasks, **more))
    assert answer.status_code == 200
    assert len(answer.json()["results"]) == len(tasks)
    return answer.json()["results"]


def _label(entry: dict[str, Any]) -> str:
    return entry["result"][0]["value"]["choices"][0]


def test_known_samples_are_answered_from_the_run(bench: Bench) -> None:
    samples = build_samples()
    texts = dict(zip(samples.ids.to_pylist(), samples.texts.to_pylist(), strict=True))
    truth = {"t0000": LABELS[0], "t0001": LABELS[1], "t0002": LABELS[2]}
    by_id = [{"id": 1, "data": {"text": texts[id], "labelsift_id": id, "labelsift_given": "x"}} for id in WRONG]
    by_text = [{"id": 2, "data": {"text": texts[id]}} for id in WRONG]
    results = _results(TestClient(bench.app), by_id + by_text)
    for entry, id in zip(results, [*WRONG, *WRONG], strict=True):
        assert _label(entry) == truth[id]
        assert entry["model_version"] == f"labelsift/{bench.served.run}"
        assert entry["score"] > 0.5 > entry["quality"]
        assert entry["reason"].startswith("Labeled") or WRONG[id] in entry["reason"]
        assert entry["neighbours"] and {neighbour["id"] for neighbour in entry["neighbours"]} <= set(texts)
        assert entry["result"][0]["meta"]["labelsift"]["quality"] == entry["quality"]
    [fine] = _results(TestClient(bench.app), [{"id": 3, "data": {"text": texts["t0003"]}}])
    assert _label(fine) == LABELS[0] and fine["score"] == fine["quality"] > 0.5


def test_an_unseen_task_is_judged_by_the_model_of_the_run(bench: Bench) -> None:
    given = {"from_name": "label", "to_name": "text", "type": "choices", "value": {"choices": ["refund"]}}
    task = {"id": 9, "data": {"text": "my plastic card was shipped by post"}, "annotations": [{"result": [given]}]}
    [entry] = _results(TestClient(bench.app), [task])
    assert _label(entry) == "card" and entry["score"] > 0.5
    assert entry["quality"] < 0.3
    assert "nearest samples" in entry["reason"]
    assert all(neighbour["label"] in LABELS and neighbour["text"] for neighbour in entry["neighbours"])


@pytest.mark.parametrize(
    "text",
    [
        "Hola, mi tarjeta no ha llegado todavía y necesito que me devuelvan el dinero cuanto antes, por favor",
        "деньги за покупку, возврат",
        "カードがまだ届きません",
    ],
)
def test_of_a_text_that_the_embedder_cannot_read_nothing_is_said(bench: Bench, text: str) -> None:
    assert _results(TestClient(bench.app), [{"id": 9, "data": {"text": text}}]) == [[]]


def test_an_unseen_task_in_another_language_is_judged_by_the_projection_of_the_run(
    make_bench: Callable[..., Bench], tmp_path: Path
) -> None:
    words = {"card": "карта пластик пришла почта чип", "refund": "возврат деньги магазин отмена покупка"}
    words |= {"transfer": "перевод счёт банк получатель платёж"}
    rows = [(label, words[label].split()) for label in LABELS for _ in range(40)]
    texts = [" ".join(some[(row + place) % 5] for place in range(3)) + f" {row}" for row, (_, some) in enumerate(rows)]
    ids = [f"t{row}" for row in range(len(rows))]
    table = pa.table({"id": ids, "text": texts, "label": [label for label, _ in rows]})
    ls.scan(Samples(table, table.select([]), "tickets"), store=tmp_path / ".labelsift")
    bench = make_bench(tmp_path / ".labelsift")
    [entry] = _results(TestClient(bench.app), [{"id": 9, "data": {"text": "деньги за покупку, возврат"}}])
    assert _label(entry) == "refund" and entry["score"] > 0.5


@pytest.mark.parametrize(
    "data",
    [
        {},
        {"text": ""},
        {"text": "   "},
        {"text": 7},
        {"text": None},
        {"text": ["a"]},
        {"text": {"a": 1}},
        {"other": "x"},
    ],
)
def test_a_task_without_a_text_gets_the_answer_after_which_the_server_asks_again(
    bench: Bench, data: dict[str, Any]
) -> None:
    assert _results(TestClient(bench.app), [{"id": 1, "data": data}]) == [[]]
    assert _results(TestClient(bench.app), [{"id": 1}, {"id": 2, "data": None}, {"data": "x"}]) == [[], [], []]


@pytest.mark.parametrize("text", ["card " * 80, "refund money " * 8_000, "card 🙂 بطاقة \ud800", "a\x00card"])
def test_long_and_odd_texts_are_answered(bench: Bench, text: str) -> None:
    import json

    client = TestClient(bench.app)
    body = json.dumps(ask([{"id": 1, "data": {"text": text}}]))
    answer = client.post("/predict", content=body, headers={"content-type": "application/json"})
    assert answer.status_code == 200 and len(answer.json()["results"]) == 1


def test_blind_tasks_and_second_looks_get_no_suggestion(bench: Bench) -> None:
    text = build_samples().texts.to_pylist()[0]
    tasks = [
        {"id": 1, "data": {"text": text, "labelsift_id": "t0000"}},  # pushed in mode blind
        {"id": 2, "data": {"text": text, "labelsift_second_look": "bob@example.com"}},
        {
            "id": 3,
            "data": {
                "text": text,
                "labelsift_id": "t0000",
                "labelsift_given": "",
                "labelsift_header": "Which label fits?",
            },
        },
    ]
    assert _results(TestClient(bench.app), tasks) == [[], [], []]


def test_a_sample_whose_text_was_changed_is_another_one(bench: Bench) -> None:
    data = {"text": "wire transfer to a payee is pending", "labelsift_id": "t0000", "labelsift_given": "refund"}
    [entry] = _results(TestClient(bench.app), [{"id": 1, "data": data}])
    assert _label(entry) == "transfer" and "nearest" in entry["reason"]


def test_nothing_holds_the_page(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    judge = bench.served.scorer.judge
    free = threading.Event()

    def slow(*args: Any) -> Any:
        free.wait(60)
        return judge(*args)

    monkeypatch.setattr(bench.served.scorer, "judge", slow)
    texts = build_samples().texts.to_pylist()
    tasks = [{"id": 1, "data": {"text": "a card that nobody has seen"}}, {"id": 2, "data": {"text": texts[4]}}]
    with TestClient(bench.app) as client:
        first = _results(client, tasks)
        assert not free.is_set() and first[0] == []
        assert _label(first[1]) == LABELS[1]
        free.set()  # it is judged meanwhile
        entry = until(lambda: _results(client, tasks)[0])
        assert _label(entry) == "card"


def test_before_the_run_is_loaded_everything_is_empty_and_setup_answers(
    store: Path, make_bench: Callable[..., Bench]
) -> None:
    bench = make_bench(store, load=False)
    client = TestClient(bench.app)
    assert _results(client, [{"id": 1, "data": {"text": "card"}}]) == [[]]
    setup = {"project": "1.1", "schema": CONFIG, "hostname": "h", "access_token": "SECRET", "extra_params": None}
    assert client.post("/setup", json=setup).json() == {"model_version": f"labelsift/{bench.served.run}"}
    assert client.get("/health").json()["runs"] == {bench.served.run: "loading"}


def test_a_project_that_is_not_served_learns_nothing(bench: Bench) -> None:
    client = TestClient(bench.app)
    text = build_samples().texts.to_pylist()[0]
    assert _results(client, [{"id": 1, "data": {"text": text}}], project=2) == [[]]
    assert client.post("/setup", json={"project": "2.1", "schema": CONFIG}).status_code == 404
    assert any(line["event"] == "project_not_served" and line["project"] == 2 for line in bench.lines())


def test_a_config_that_does_not_fit_is_said_in_health_and_log(bench: Bench) -> None:
    client = TestClient(bench.app)
    boxes = '<RectangleLabels name="b" toName="i"><Label value="x"/></RectangleLabels>'
    config = f'<View><Image name="i" value="$image"/>{boxes}</View>'
    assert _results(client, [{"id": 1, "data": {"text": "card"}}], config=config) == [[]]
    assert "RectangleLabels" in client.get("/health").json()["problems"]["1"]
    assert any(line["event"] == "config_does_not_fit" for line in bench.lines())
    assert _results(client, [{"id": 1, "data": {"text": "card"}}], config="<View") == [[]]


def test_a_label_that_the_project_does_not_offer_is_no_answer(bench: Bench) -> None:
    config = CONFIG.replace('<Choice value="card"/>', '<Choice value="Karte"/>')
    text = build_samples().texts.to_pylist()[0]
    assert _results(TestClient(bench.app), [{"id": 1, "data": {"text": text}}], config=config) == [[]]


def test_two_projects_with_runs_of_their_own_share_nothing(store: Path, make_bench: Callable[..., Bench]) -> None:
    from labelsift.integrations.label_studio.backend.projects import Projects
    from labelsift.serving.served_run import Served

    other = build_samples(seed=101, name="others")
    table = other.table.set_column(0, "id", pa.array([f"o{number:04d}" for number in range(len(other))]))
    report = ls.scan(Samples(table, other.metadata, "others"), store=store)
    bench = make_bench(store)
    kept = Store(store)
    second = Served(kept, report.run, folder=bench.database.folder, log=bench.handlers.log)
    second.load()
    first = Served(
        kept,
        next(run.run for run in kept.runs() if run.run != report.run),
        folder=bench.database.folder,
        log=bench.handlers.log,
    )
    first.load()
    bench.handlers.projects = Projects({1: first, 2: second}, None, log=bench.handlers.log)
    client = TestClient(bench.app)
    task = [{"id": 1, "data": {"text": "my plastic card was shipped by post"}}]
    [alone], [two] = _results(client, task), _results(client, task, project=2)
    assert {near["id"][0] for near in alone["neighbours"]} == {"t"}
    assert {near["id"][0] for near in two["neighbours"]} == {"o"}
    assert client.get("/versions").json()["versions"] == [f"labelsift/{first.run}", f"labelsift/{second.run}"]


def test_images_are_known_by_their_ids(store: Path, make_bench: Callable[..., Bench]) -> None:
    bench = make_bench(store)
    config = CONFIG.replace('<Text name="text" value="$text"/>', '<Image name="text" value="$image"/>')
    tasks = [{"id": 1, "data": {"image": "a.png", "labelsift_id": "t0000", "labelsift_given": "refund"}}]
    tasks.append({"id": 2, "data": {"image": "b.png"}})
    first, second = _results(TestClient(bench.app), tasks, config=config)
    assert _label(first) == LABELS[0] and second == []


def test_several_labels(tmp_path: Path, make_bench: Callable[..., Bench]) -> None:
    base = build_samples()
    sets = [
        f'["{label}"]' if index % 2 else f'["{label}", "urgent"]' for index, label in enumerate(base.labels.to_pylist())
    ]
    texts = [text if index % 2 else f"{text} hurry now quickly" for index, text in enumerate(base.texts.to_pylist())]
    ids = base.ids.to_pylist()
    ls.scan(Samples(pa.table({"id": ids, "text": texts, "labels": sets}), base.metadata, "sets"), store=tmp_path / "s")
    bench = make_bench(tmp_path / "s")
    config = CONFIG.replace('choice="single"', 'choice="multiple"').replace(
        "</Choices>", '<Choice value="urgent"/></Choices>'
    )
    tasks = [
        {"id": 1, "data": {"text": texts[6]}},
        {"id": 2, "data": {"text": "wire transfer pending bank hurry now quickly"}},
    ]
    known, unseen = _results(TestClient(bench.app), tasks, config=config)
    assert known["result"][0]["value"]["choices"] == ["card", "urgent"]
    assert unseen["result"][0]["value"]["choices"] == ["transfer", "urgent"]


def test_spans_are_answered_where_the_run_knows_the_text(tmp_path: Path, make_bench: Callable[..., Bench]) -> None:
    names = ["Alice", "Bob", "Carol", "Dave"]
    texts = [f"{names[number % 4]} lives in Paris since {1900 + number}" for number in range(80)]
    spans = [
        f'[[0, {len(names[number % 4])}, "PER"], [{len(names[number % 4]) + 10}, {len(names[number % 4]) + 15}, "LOC"]]'
        for number in range(80)
    ]
    spans[7] = f'[[0, {len(names[3])}, "LOC"], [{len(names[3]) + 10}, {len(names[3]) + 15}, "LOC"]]'
    table = pa.table({"id": [f"s{number}" for number in range(80)], "text": texts, "spans": spans})
    ls.scan(Samples(table, pa.table({"x": ["y"] * 80}), "spans"), store=tmp_path / "s")
    bench = make_bench(tmp_path / "s")
    labels = '<Labels name="ner" toName="text"><Label value="PER"/><Label value="LOC"/></Labels>'
    config = f'<View>{labels}<Text name="text" value="$text"/></View>'
    tasks = [
        {"id": 1, "data": {"text": texts[4]}},
        {"id": 2, "data": {"text": texts[7]}},
        {"id": 3, "data": {"text": "Eve is in Rome"}},
    ]
    fine, wrong, unseen = _results(TestClient(bench.app), tasks, config=config)
    assert [region["value"]["labels"] for region in fine["result"]] == [["PER"], ["LOC"]]
    assert [region["value"]["labels"] for region in wrong["result"]] == [["PER"], ["LOC"]]
    assert unseen == []
