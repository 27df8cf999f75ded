"""The evaluator inside MLflow's own ``mlflow.models.evaluate``, on a store in a file."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest
from labelsift.errors import InputError
from labelsift.integrations.mlflow.evaluator import SliceEvaluator
from labelsift.integrations.mlflow.gate import thresholds

pytestmark = pytest.mark.filterwarnings("default")  # what MLflow and its database driver say of themselves
SLICES = ["state", "gender", {"old": "age > 60", "refunds": "text LIKE '%Zwölfkämpfer%'"}]
GATES = ["f1 >= 0.8", "recall of refund >= 0.6 in state:NY"]


@pytest.fixture(scope="module")
def database(tmp_path_factory):
    """A store in a file, set up once: its tables take seconds."""
    import mlflow

    folder = tmp_path_factory.mktemp("evaluated")
    uri = f"sqlite:///{folder}/mlflow.db"
    client = mlflow.MlflowClient(uri)
    client.create_experiment("evaluated", artifact_location=f"file://{folder}/artifacts")
    return uri


@pytest.fixture
def client(database, monkeypatch):
    """A client of it, with an experiment that MLflow writes to."""
    import mlflow

    for name in ("MLFLOW_EXPERIMENT_ID", "MLFLOW_EXPERIMENT_NAME", "MLFLOW_RUN_ID", "MLFLOW_TRACKING_URI_FILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR", "false")
    mlflow.set_tracking_uri(database)
    mlflow.set_experiment("evaluated")
    yield mlflow.MlflowClient(database)
    while mlflow.active_run():
        mlflow.end_run()
    mlflow.set_tracking_uri(None)


@pytest.fixture(scope="module")
def frame():
    """Tickets whose predictions are wrong for 5 % of the rows, in CA for a third more."""
    rng, n = np.random.default_rng(3), 1_200
    table = pd.DataFrame(
        {
            "text": [f"Zwölfkämpfer {row}" if row % 4 == 0 else f"Quokka {row}" for row in range(n)],
            "state": rng.choice(["CA", "NY", "TX"], n),
            "gender": rng.choice(["f", "m"], n),
            "age": rng.normal(45, 12, n),
            "intent": rng.choice(["refund", "card", "loan"], n),
        }
    )
    wrong = (rng.random(n) < 0.05) | ((table["state"] == "CA") & (rng.random(n) < 0.5))
    others = table["intent"].map({"refund": "card", "card": "loan", "loan": "refund"})
    return table.assign(said=np.where(wrong, others, table["intent"]))


def evaluate(frame, config, *, model=None, predictions="said", targets="intent", **options):
    import mlflow

    options = {"model_type": "classifier", "evaluators": "labelsift", "evaluator_config": config} | options
    return mlflow.models.evaluate(model, data=frame, targets=targets, predictions=predictions, **options)


@pytest.mark.slow
def test_slices_and_the_gate_are_metrics_a_table_and_tags(client, frame, capsys):
    import mlflow

    result = evaluate(frame, {"slices": SLICES, "gates": GATES})
    right = frame["intent"] == frame["said"]
    assert result.metrics["slice.accuracy/all"] == pytest.approx(right.mean())
    for name, mask in {"state:CA": frame["state"] == "CA", "slice:old": frame["age"] > 60}.items():
        assert result.metrics[f"slice.accuracy/{name}"] == pytest.approx(right[mask].mean())
    assert result.metrics["slice.accuracy/slice:refunds"] == pytest.approx(right[::4].mean())

    run = client.get_run(result.run_id)
    assert run.data.metrics == pytest.approx(result.metrics)
    assert run.data.tags["labelsift_gate"] == "failed" and result.metrics["gate/passed"] == 0
    gate = result.artifacts["labelsift_gate"].content
    assert [condition["status"] for condition in gate["conditions"]] == ["failed", "passed"]
    with pytest.raises(mlflow.models.evaluation.validation.ModelValidationFailedException, match=r"gate\.1\.f1"):
        mlflow.validate_evaluation_results(thresholds(gate), result)
    assert {"gate.json", "gate.md"} == {
        file.path.rpartition("/")[2] for file in client.list_artifacts(run.info.run_id, "labelsift")
    }

    table = result.tables["labelsift_slices"].set_index(["slug", "metric"])
    worst = table[table["worst"]].index.get_level_values("slug")
    assert "state:CA" in worst and "state:CA__gender:f" in worst and "state:NY" not in worst
    assert "slice.accuracy/state:CA__gender:f" in result.metrics
    assert (
        "slice.accuracy/state:NY__gender:f" not in result.metrics and ("state:NY__gender:f", "accuracy") in table.index
    )
    assert "Quokka" not in json.dumps(run.to_dictionary(), ensure_ascii=False) + table.to_json() + json.dumps(gate)
    assert "Zwölf" not in json.dumps(run.to_dictionary(), ensure_ascii=False) + table.to_json() + json.dumps(gate)


@pytest.mark.slow
def test_a_gate_that_passes_lets_mlflow_pass(client, frame):
    import mlflow

    result = evaluate(frame, {"gates": ["accuracy >= 0.5 by gender", "error_rate <= 0.2 in state:NY"]})
    assert result.metrics["gate/passed"] == 1
    mlflow.validate_evaluation_results(thresholds(result.artifacts["labelsift_gate"].content), result)
    limits = {"slice.accuracy/gender:f": mlflow.models.MetricThreshold(threshold=0.5, greater_is_better=True)}
    mlflow.validate_evaluation_results(limits, result)


@pytest.mark.slow
def test_twice_in_a_users_run_leaves_one_table_and_the_run_running(client, frame):
    import mlflow

    with mlflow.start_run() as mine:
        for _ in range(2):
            result = evaluate(frame, {"slices": ["state"], "gates": GATES})
            assert mlflow.active_run().info.run_id == mine.info.run_id == result.run_id
    run = client.get_run(mine.info.run_id)
    assert len(json.loads(run.data.tags["mlflow.loggedArtifacts"])) == 1
    assert len(result.tables["labelsift_slices"]) == 3 * 2  # three states, two metrics


def test_it_stands_aside_unless_its_settings_are_there(client, frame):
    from mlflow.models.evaluation.base import resolve_evaluators_and_configs

    def asked(evaluators, config, model_type="classifier"):
        return [bundle.name for bundle in resolve_evaluators_and_configs(evaluators, config, model_type)]

    assert "labelsift" not in asked(None, None)
    assert "labelsift" not in asked(None, {"log_model_explainability": False})
    assert "labelsift" not in asked(None, {"default": {"pos_label": 1}})
    assert "labelsift" in asked(None, {"labelsift": {"slices": ["state"]}})
    assert asked("labelsift", {"labelsift": {"slices": ["state"]}}) == ["labelsift"]
    for config in (
        {},
        None,
        {"labelsift": {}},
        {"labelsift": None},
        {"text": "body"},
        {"labelsift": {"metrics": ["f1"]}},
    ):
        assert not SliceEvaluator.can_evaluate(model_type="classifier", evaluator_config=config)


@pytest.mark.slow
def test_beside_mlflows_own_evaluator_each_has_its_settings(client, frame):
    config = {"labelsift": {"slices": ["state"]}, "default": {"log_model_explainability": False}}
    result = evaluate(frame, config, evaluators=["default", "labelsift"])
    assert result.metrics["slice.accuracy/all"] == pytest.approx(result.metrics["accuracy_score"])
    assert result.metrics["slice.f1/all"] == pytest.approx(result.metrics["f1_score"], abs=0.02)  # weighted, ours macro


@pytest.mark.slow
def test_a_model_that_was_fitted_on_some_columns(client):
    import mlflow
    from sklearn.linear_model import LogisticRegression

    rng = np.random.default_rng(0)
    numbers = pd.DataFrame({"height": rng.normal(size=300), "weight": rng.normal(size=300)})
    target = (numbers["height"] > 0).astype(int)
    with mlflow.start_run():
        model = LogisticRegression().fit(numbers, target)
        address = mlflow.sklearn.log_model(model, name="model", serialization_format="pickle").model_uri
    data = numbers.assign(site=rng.choice(["north", "south"], 300), tall=target)
    result = evaluate(data, {"slices": ["site", "weight"]}, model=address, predictions=None, targets="tall")
    assert result.metrics["slice.accuracy/all"] == pytest.approx(model.score(numbers, target))
    assert {"slice.f1/site:north", "slice.f1/weight:q1"} <= set(result.metrics)
    run = client.get_run(result.run_id)
    assert run.data.metrics == pytest.approx(result.metrics)
    assert len(client.get_metric_history(result.run_id, "slice.accuracy/all")) == 1  # MLflow logs them with the model


def test_functions_gaps_and_kinds_of_labels(client):
    """Targets with gaps are floats, predictions whole numbers: 1.0 and 1 are one class, and so are True and 1."""
    data = pd.DataFrame({"x": np.arange(60) % 2, "y": [1.0, 0.0, np.nan] * 20})
    wanted = (data["y"] == data["x"])[data["y"].notna()].mean()
    for answer in (lambda rows: rows["x"], lambda rows: rows["x"].to_numpy(), lambda rows: rows["x"] == 1):
        result = evaluate(data, {"slices": ["x"]}, model=answer, predictions=None, targets="y")
        assert result.metrics["slice.accuracy/all"] == pytest.approx(wanted)


@pytest.mark.parametrize("rows", [3, 30])
def test_few_rows_and_one_class(client, frame, rows, caplog):
    few = frame.head(rows).assign(intent="refund", said="refund", state=["CA", "NY", "TX"] * (rows // 3))
    result = evaluate(few, {"slices": ["state"], "gates": ["accuracy >= 0.9"]})
    judged = rows >= 10
    assert result.metrics["gate/passed"] == judged  # what cannot be measured has not passed
    assert ("slice.accuracy/all" in result.metrics) is judged
    assert ("Fewer than 10 rows" in caplog.text) is not judged
    assert ("state makes no slices of this data: its values are nearly unique" in caplog.text) is not judged


def test_slices_under_ten_go_nowhere(client, frame):
    data = frame.assign(state=["rare"] * 9 + ["often"] * (len(frame) - 9))
    result = evaluate(data, {"slices": ["state"]})
    assert "slice.f1/state:often" in result.metrics
    assert "rare" not in json.dumps(list(result.metrics)) + result.tables["labelsift_slices"].to_json()


@pytest.mark.slow
@pytest.mark.parametrize(
    ("config", "options", "words"),
    [
        ({"slices": ["stat"]}, {}, "no such columns: stat. There are text, state"),
        ({"slices": ["state"], "gate": ["f1 >= 0.8"]}, {}, "no such settings: gate"),
        ({"slices": [3]}, {}, "no slices: 3"),
        ({"slices": [{"old": "ages > 3"}]}, {}, "Slice old"),
        ({"slices": [], "metrics": ["f2"]}, {}, "no slice metric called f2"),
        ({"gates": ["f1 of refnd >= 0.7"]}, {}, "refnd"),
        ({"gates": ["f1 >= 0.7 in state:ZZ"]}, {}, "state:ZZ"),
        ({"slices": ["state"]}, {"model_type": "regressor"}, "judges classifiers"),
        ({"slices": ["state"]}, {"targets": "age"}, "holds fractions"),
        ({"slices": ["state"]}, {"predictions": None}, "no predictions"),
        ({"slices": ["agent"]}, {}, "personal data or secrets: agent"),
        ({"gates": ["f1 >= 0.7 by agent"]}, {}, "personal data or secrets: agent"),
    ],
)
def test_what_is_wrong_is_named(client, frame, config, options, words):
    data = frame.assign(agent=np.where(frame["state"] == "CA", "ann.lee@example.org", "bob.ray@example.org"))
    with pytest.raises(InputError, match=words) as caught:
        evaluate(data, config, **options)
    assert "ann.lee" not in str(caught.value)


def test_answers_of_a_model_that_are_no_classes(client, frame):
    with pytest.raises(InputError, match=r"shape \(1200, 3\) for 1,200 rows.*no probabilities"):
        evaluate(frame, {"slices": ["state"]}, model=lambda rows: np.full((len(rows), 3), 1 / 3), predictions=None)
    several = lambda rows: pd.DataFrame({"kind": rows["state"], "score": 0.5})  # noqa: E731
    with pytest.raises(InputError, match="several columns: kind, score"):
        evaluate(frame, {"slices": ["state"]}, model=several, predictions=None)
    assert evaluate(frame, {"slices": ["state"]}, model=several, predictions="kind").metrics["slice.accuracy/all"] == 0
