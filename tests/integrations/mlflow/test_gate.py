"""Gates in a real MLflow server: the tag, the files, and that MLflow's own validation gives the same answer."""

from __future__ import annotations

import json
from dataclasses import replace

import pyarrow as pa
import pytest
from labelsift.integrations.mlflow.gate import evaluation, is_valid, thresholds
from labelsift.metrics.gates.results import without_few
from labelsift.render.gate_markdown import gate_markdown

GOOD = ["accuracy >= 0.9 by state with n >= 20", "f1 of refund >= 0.5"]
BAD = ["error_rate <= 0.001 by gender strict", "label_issue_rate <= 0.01"]


def reported(make_report, run, **others):
    """A report whose predictions are wrong for a tenth of the rows that are tested."""
    report = make_report(400, predicted=True, run=run)
    table = report.samples.table
    said = table["predicted"].to_pylist()
    for row in range(4, 400, 40):
        said[row] = "refund" if said[row] != "refund" else "card_lost"
    table = table.set_column(table.column_names.index("predicted"), "predicted", [said])
    return replace(report, samples=replace(report.samples, table=table), **others)


def noted(report, result, target):
    return report.log_gate("mlflow", result, target=target)


@pytest.mark.parametrize(
    ("lines", "options", "status"),
    [
        (GOOD, {}, "passed"),
        ([*GOOD, *BAD], {}, "failed"),
        (["accuracy >= 0.93 strict"], {}, "failed"),
        (["accuracy >= 0.93"], {}, "passed"),  # chance may explain it
        (["accuracy > before strict"], {}, "failed"),
        (["accuracy >= before strict"], {}, "passed"),
        (["accuracy >= before - 0.2 by state"], {}, "passed"),
        (["accuracy >= 0.9"], {"proven": True}, "failed"),
        (["accuracy >= 0.5", "error_rate <= 0.5"], {"proven": True}, "passed"),
        (["accuracy >= 0.5", "accuracy >= 0.5 with n >= 9999"], {}, "not measurable"),
    ],
)
def test_mlflows_own_validation_gives_the_same_answer(make_report, lines, options, status):
    import mlflow
    from mlflow.models.evaluation.validation import ModelValidationFailedException

    report = reported(make_report, "20261123-120000-0001")
    result = report.gate(lines, runs={"before": report}, **options)
    plain = json.loads(json.dumps(result.as_dict()))
    assert result.status == status
    assert is_valid(plain) is result.passed
    if result.passed:
        mlflow.validate_evaluation_results(thresholds(plain), evaluation(plain))
    else:
        with pytest.raises(ModelValidationFailedException, match="gate"):
            mlflow.validate_evaluation_results(thresholds(plain), evaluation(plain))


@pytest.mark.server
def test_the_run_of_the_scan_says_what_became_of_the_gate(tracked, client, make_report, tmp_path, all_bytes, planted):
    report = reported(make_report, "20261123-120000-0002")
    logged = report.log("mlflow", target="gated")
    before = client.get_run(logged.target)
    failed = report.gate([*GOOD, *BAD])
    receipt = noted(report, failed, "gated")
    assert receipt.target == logged.target and receipt.links["run"]
    run = client.get_run(logged.target)
    assert run.data.tags["labelsift_gate"] == "failed" == run.data.tags["labelsift_gate_validation"]
    assert run.data.tags["labelsift_gate_summary"].startswith("Gate failed: 2 of 4 conditions failed")
    assert run.data.tags["mlflow.note.content"] == before.data.tags["mlflow.note.content"]
    assert run.info.status == "FINISHED"
    gate_metrics = {name: value for name, value in run.data.metrics.items() if name.startswith("gate.")}
    assert gate_metrics["gate.3.error_rate/gender:f"] > 0.001 and len(gate_metrics) == receipt.created
    with open(client.download_artifacts(run.info.run_id, "labelsift/gate.json", str(tmp_path))) as file:
        assert json.load(file) == without_few(failed).as_dict()
    with open(client.download_artifacts(run.info.run_id, "labelsift/gate.md", str(tmp_path))) as file:
        assert file.read() == gate_markdown(without_few(failed))

    noted(report, report.gate(GOOD), "gated")  # the newest answer stands
    run = client.get_run(logged.target)
    assert run.data.tags["labelsift_gate"] == "passed" == run.data.tags["labelsift_gate_validation"]
    again = report.log("mlflow", target="gated")  # the log neither removes it nor counts it as a change
    assert (again.created, again.updated) == (0, 0)
    assert client.get_run(logged.target).data.tags["labelsift_gate"] == "passed"
    assert not [word for word in (b"Quokka", "Zwölfkämpfer".encode()) if word in all_bytes(tracked.folder)]


@pytest.mark.server
@pytest.mark.parametrize("proof", ["", " strict"])
def test_no_byte_names_a_slice_of_fewer_than_ten(tracked, client, make_report, all_bytes, proof):
    report = reported(make_report, f"20261123-120000-00{len(proof)}6")
    names = [f"Smith number {row // 10:02d}" if row % 2 else "Everybody Else" for row in range(400)]
    metadata = report.samples.metadata.append_column("patient", pa.array(names))
    report = replace(report, samples=replace(report.samples, metadata=metadata))
    result = report.gate([f"accuracy >= 0.99 by state, patient{proof}"])
    assert [row for row in result.rows.to_pylist() if "Smith" in row["slice"]]
    run = client.get_run(noted(report, result, "small").target)
    written = all_bytes(tracked.folder)
    assert b"Everybody Else" in written and b"Smith number" not in written
    assert not [name for name in run.data.metrics if "Smith" in name]
    assert b"of fewer than 10 counted samples are left out of what is sent" in written


@pytest.mark.server
def test_a_run_is_made_where_the_scan_was_not_logged_and_the_users_own_is_never_ended(tracked, client, make_report):
    import mlflow

    report = reported(make_report, "20261123-120000-0003")
    receipt = noted(report, report.gate(GOOD), "only gated")
    run = client.get_run(receipt.target)
    assert run.data.tags["labelsift_run"] == report.run and run.info.status == "FINISHED"
    other = reported(make_report, "20261123-120000-0004")
    mlflow.set_experiment("mine")
    with mlflow.start_run() as mine:
        assert noted(other, other.gate(GOOD), None).target == mine.info.run_id
        assert mlflow.active_run().info.run_id == mine.info.run_id
    assert client.get_run(mine.info.run_id).data.tags["labelsift_gate"] == "passed"


@pytest.mark.server
def test_a_gate_without_an_experiment_finds_the_run_of_the_scan(tracked, client, make_report):
    report = reported(make_report, "20261123-120000-0005")
    logged = report.log("mlflow", target="found by a gate")
    assert noted(report, report.gate(GOOD), None).target == logged.target
    assert report.log("mlflow").target == logged.target
