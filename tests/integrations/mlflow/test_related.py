"""Neighbors of a run in a real MLflow server: the version before, the scan before, registered models; erasure."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta

import pyarrow.parquet as pq
import pytest
from labelsift import platforms
from labelsift.errors import InputError, PlatformError
from labelsift.report import report_of
from labelsift.search.named_slices import SETTING
from labelsift.store.store import Store

pytestmark = pytest.mark.server


@pytest.fixture
def versions(tmp_path, make_report):
    """A kept scan, and one of the version that was made of its data."""
    store = Store(tmp_path / "kept")
    store.prepare()
    first = make_report(run="20261123-101500-4f2a")
    store.save(first)
    samples = first.samples.take(list(range(190)))
    second = make_report(190, run="20261124-101500-4f2a")
    made = {"created": first.created + timedelta(days=1), "samples": samples}
    store.save(replace(second, **made, settings=second.settings | {"parent": first.run}))
    return [report_of(store.load(run)) for run in ("20261123-101500-4f2a", "20261124-101500-4f2a")]


@pytest.fixture
def model(tracked, client):
    """The first version of a registered model."""
    source = client.create_run("0").info.run_id
    client.create_registered_model("tickets")
    yield client.create_model_version("tickets", f"runs:/{source}/model", run_id=source)
    client.delete_registered_model("tickets")


def test_a_new_version_of_the_data_names_the_one_before_and_is_named_by_it(tracked, client, versions):
    first, second = [version.log("mlflow", target="versions") for version in versions]
    run = client.get_run(second.target)
    (entry,) = run.inputs.dataset_inputs
    parent = versions[0].samples.fingerprint
    assert entry.dataset.digest == versions[1].samples.fingerprint != parent
    assert json.loads(entry.dataset.source)["parent"] == json.loads(entry.dataset.profile)["parent"] == parent
    tags = {tag.key: tag.value for tag in entry.tags}
    assert tags["labelsift.parent"] == parent and tags["labelsift.parent_run"] == first.target
    assert run.data.tags["labelsift_parent_run"] == first.target
    assert client.get_run(first.target).data.tags["labelsift_corrected_run"] == second.target
    assert f"/runs/{first.target}" in second.links["version before"]
    assert first.target in second.links["compare with the scan before"]
    assert "version before" not in first.links and "compare with the scan before" not in first.links


def test_a_version_whose_parent_was_not_logged_names_its_fingerprint_alone(tracked, client, versions):
    receipt = versions[1].log("mlflow", target="orphan")
    (entry,) = client.get_run(receipt.target).inputs.dataset_inputs
    assert {tag.key for tag in entry.tags} == {"mlflow.data.context", "labelsift.parent"}


def test_a_registered_model_and_the_run_name_each_other(tracked, client, make_report, model):
    report = make_report(run="20261123-130000-0001")
    for _ in range(2):
        receipt = report.log("mlflow", target="linked", model="tickets/1")
    assert client.get_run(receipt.target).data.tags["labelsift_model"] == "models:/tickets/1"
    tags = client.get_model_version("tickets", "1").tags
    assert tags["labelsift_run_id"] == receipt.target
    assert tags["labelsift_page"] == receipt.links["run"]
    assert tags["labelsift_verdict"] == "About 20 of 192 labels look wrong (10.4\N{NO-BREAK SPACE}%)."
    assert receipt.links["model tickets 1"].endswith("/#/models/tickets/versions/1")


def test_a_model_that_was_registered_from_the_users_run_is_linked_by_itself(tracked, client, make_report):
    import mlflow

    mlflow.set_experiment("training too")
    client.create_registered_model("own")
    with mlflow.start_run() as mine:
        client.create_model_version("own", f"runs:/{mine.info.run_id}/model", run_id=mine.info.run_id)
        make_report(run="20261123-130000-0002").log("mlflow")
        assert mlflow.active_run().info.run_id == mine.info.run_id
    assert client.get_model_version("own", "1").tags["labelsift_run_id"] == mine.info.run_id
    assert client.get_run(mine.info.run_id).data.tags["labelsift_model"] == "models:/own/1"


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("tickets/3", r"no version 3 of a registered model tickets.*newest versions are 1"),
        ("tickets/new", r"no version new of a registered model tickets.*newest versions are 1"),
        ("it's/1", r"no version 1 of a registered model it's.*NAME/VERSION"),
    ],
)
def test_a_version_that_is_not_there_is_named_and_no_run_is_made(tracked, client, make_report, model, name, says):
    with pytest.raises(InputError, match=says):
        make_report(run="20261123-130000-0003").log("mlflow", target="no run", model=name)
    assert client.get_experiment_by_name("no run") is None


def test_erased_samples_leave_the_tables_the_file_and_the_report(tracked, client, make_report, tmp_path):
    report = make_report(run="20261123-130000-0004")
    receipt = report.log("mlflow", target="erased")
    forget = platforms.get("mlflow").forget
    gone = report.findings["id"].to_pylist()[:2]
    assert forget([*gone, "nobody"], project=receipt.target, dry_run=True) == 2
    path = client.download_artifacts(receipt.target, "labelsift", str(tmp_path / "before"))
    assert gone[0] in pq.read_table(f"{path}/flagged.parquet")["id"].to_pylist()
    assert forget(gone, project=receipt.target) == 2
    assert forget(gone, project=receipt.target) == 0

    path = client.download_artifacts(receipt.target, "labelsift", str(tmp_path / "after"))
    left = pq.read_table(f"{path}/flagged.parquet")["id"].to_pylist()
    assert len(left) == len(report.findings) - 2 and not set(left) & set(gone)
    with open(f"{path}/flagged.json") as file:
        assert [row[0] for row in json.load(file)["data"]] == left
    with open(f"{path}/report.html") as file:
        assert "erased on request" in file.read()
    again = report.log("mlflow", target="erased")  # writes all of it again, as this run was not erased from
    assert again.updated > 0 and forget(gone, project=receipt.target, dry_run=True) == 2


def test_a_condition_that_names_an_erased_sample_leaves_tables_and_description(tracked, client, make_report, tmp_path):
    report = make_report(run="20261123-130000-0005")
    ids = ", ".join(f"'t{row}'" for row in range(3, 200, 10))
    mine = f"id IN ({ids})"  # every wrong label: surely worse
    report = replace(report, settings=report.settings | {SETTING: {"mine": mine}})
    receipt = report.log("mlflow", target="conditions")

    def standing():
        path = client.download_artifacts(receipt.target, "labelsift", str(tmp_path))
        texts = [client.get_run(receipt.target).data.tags["mlflow.note.content"]]
        for name in ("slices.json", "dictionary.json", "report.html"):
            with open(f"{path}/{name}") as file:
                texts.append(file.read())
        return ["'t13'" in text for text in texts]

    assert standing()[:3] == [True] * 3
    note = client.get_run(receipt.target).data.tags["mlflow.note.content"]
    assert platforms.get("mlflow").forget(["t13"], project=receipt.target) == 1
    assert standing() == [False] * 4
    less = client.get_run(receipt.target).data.tags["mlflow.note.content"]
    assert 0 < len(note.split("\n")) - len(less.split("\n")) <= 2 and less.startswith("### labelsift: ")


def test_a_run_that_is_not_there_is_named(tracked):
    with pytest.raises(PlatformError, match="has no such run"):
        platforms.get("mlflow").forget(["a"], project="0123456789")
