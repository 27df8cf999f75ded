"""Random requests, made from the OpenAPI description, and the traffic of a real server, replayed."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from labelsift.integrations.label_studio.backend.app import create_app
from labelsift.integrations.label_studio.backend.predictions import (
    entry,
    id_of,
    is_blind,
    project_of,
    text_of,
    value_of,
)
from labelsift.integrations.label_studio.convert.label_config import LabelControl
from labelsift.integrations.label_studio.convert.regions import from_result
from labelsift.serving.run_index import Prediction
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import response_schema_conformance
from starlette.testclient import TestClient

from .conftest import Bench

CAPTURED = Path(__file__).parents[5] / "shared" / "platforms" / "label_studio_captured"
TARGET = LabelControl("label", "text", ("a", "b", "é"), "text")
JSON: Any = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
RESULT = st.lists(
    st.fixed_dictionaries(
        {
            "from_name": st.just("label"),
            "value": st.fixed_dictionaries({}, optional={"choices": JSON, "labels": JSON, "start": JSON}),
        }
    )
    | JSON,
    max_size=3,
)


@pytest.mark.slow
def test_no_request_makes_the_backend_fail(bench: Bench) -> None:
    app = create_app(bench.handlers, secret=None, any_host=True)
    statuses: set[int] = set()
    operations = [route.ok() for route in schemathesis.openapi.from_asgi("/openapi.json", app).get_all_operations()]
    assert {operation.path for operation in operations} == {
        "/health",
        "/setup",
        "/predict",
        "/webhook",
        "/versions",
        "/job_status",
    }
    for operation in operations:

        @settings(max_examples=40, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
        @given(case=operation.as_strategy())
        def ask_it(case: Any) -> None:
            answer = case.call()
            statuses.add(answer.status_code)
            case.validate_response(answer, checks=[not_a_server_error, response_schema_conformance])

        ask_it()
    assert statuses >= {200, 404} and 500 not in statuses


@pytest.mark.slow
@pytest.mark.skipif(not CAPTURED.is_dir(), reason="needs ../shared/platforms/label_studio_captured")
@pytest.mark.parametrize("name", sorted(path.stem for path in CAPTURED.glob("*.json")) or ["none"])
def test_the_captured_traffic_is_answered_as_the_server_wants_it(bench: Bench, name: str) -> None:
    captured = json.loads((CAPTURED / f"{name}.json").read_text(encoding="utf-8"))
    client = TestClient(bench.app)
    if captured["method"] == "GET":
        answer = client.get(captured["path"])
    else:
        answer = client.post(captured["path"], json=captured["request"])
    assert answer.status_code == 200
    made = answer.json()
    assert set(made) >= set(captured["response"]) - {"job"}
    if captured["path"] == "/predict":
        assert len(made["results"]) == len(captured["request"]["tasks"])
    if captured["path"] == "/webhook" and "annotation" in captured["request"]:
        assert made["queued"] == 1
        assert client.post(captured["path"], json=captured["request"]).json()["job"] == made["job"]
    kept = bench.out.getvalue() + json.dumps([list(row) for row in bench.database.rows("SELECT * FROM jobs")])
    for secret in (
        "ej7ZCHhUdhSB6wMwvoMe4gr8ho2zTOuOA8YjXd8e",
        "0123456789abcdef0123456789abcdef01234567",
        "sample text",
    ):
        assert secret not in kept


@pytest.mark.slow
@settings(max_examples=150, deadline=None, derandomize=True)
@given(task=st.dictionaries(st.sampled_from(["data", "annotations", "id"]), JSON), result=RESULT)
def test_whatever_a_task_holds_it_is_read_without_an_error(task: dict[str, Any], result: Any) -> None:
    text = text_of(task, TARGET)
    assert text is None or text.strip()
    assert id_of(task) is None or isinstance(id_of(task), str)
    assert is_blind(task) in (True, False)
    for kind in ("choice", "choices", "labels", "taxonomy"):
        value_of(result, LabelControl("label", "text", ("a",), "text", kind=kind))


@settings(max_examples=150, deadline=None, derandomize=True)
@given(
    label=st.sampled_from(["a", "b", "é", "other"]),
    confidence=st.none() | st.floats(-1, 2),
    quality=st.none() | st.floats(0, 1),
    reason=st.text(max_size=20),
)
def test_an_entry_holds_the_label_and_a_score_that_label_studio_takes(
    label: str, confidence: float | None, quality: float | None, reason: str
) -> None:
    made = entry(Prediction(label, confidence, quality=quality, reason=reason), TARGET, version="v", text="x")
    if label not in TARGET.labels:
        assert made == []
        return
    assert isinstance(made, dict)
    assert from_result(made["result"], TARGET) == label
    assert 0 <= made.get("score", 0) <= 1
    json.dumps(made, allow_nan=False)


@settings(max_examples=100, deadline=None, derandomize=True)
@given(value=JSON)
def test_a_project_is_a_number_or_nothing(value: Any) -> None:
    project = project_of(value)
    assert project is None or project >= 0


def test_answering_is_the_same_for_one_task_and_for_many(bench: Bench, make_bench: Callable[..., Bench]) -> None:
    from .conftest import ask, build_samples

    client = TestClient(bench.app)
    tasks = [{"id": index, "data": {"text": text}} for index, text in enumerate(build_samples().texts.to_pylist()[:30])]
    together = client.post("/predict", json=ask(tasks)).json()["results"]
    alone = [client.post("/predict", json=ask([task])).json()["results"][0] for task in tasks]
    assert together == alone
