"""The workspace and the report for sharing, saved by wandb-workspaces to a stand-in for W&B's server."""

import json

import pytest
from labelsift.corrections.tracked_panels import tracked_panels
from labelsift.errors import InputError
from labelsift.integrations.wandb import workspace as adapter

pytestmark = pytest.mark.slow

BARS = ["slice.accuracy/lang:de", "slice.accuracy/lang:en", "slice.label_issue_rate/lang:de"]
# The report of these tests was neither scanned nor judged by people, and went through no gate.
UNTOLD = {
    "dq/flag_precision",
    "dq/queue_left",
    "dq_tables/gate",
    *(f"dq/error_rate_est{end}" for end in ("", "_low", "_high")),
}
# Section, kind of panel, what it shows.
PANELS = [
    ("Overview", "Scalar Chart", "dq/rows"),
    ("Overview", "Scalar Chart", "dq/flagged_rate"),
    ("Overview", "Scalar Chart", "dq/error_rate_est"),
    ("Overview", "Scalar Chart", "dq/flag_precision"),
    ("Overview", "Scalar Chart", "dq/queue_left"),
    ("Overview", "Run History Line Plot", "dq/rows over dq/scan"),
    ("Overview", "Run History Line Plot", "dq/flagged_rate over dq/scan"),
    ("Overview", "Run History Line Plot", "dq/error_rate_est over dq/scan"),
    ("Overview", "Run History Line Plot", "dq/flag_precision over dq/scan"),
    ("Overview", "Run History Line Plot", "dq/queue_left over dq/scan"),
    ("Overview", "Markdown Panel", "# Verdict"),
    (
        "Overview",
        "Run History Line Plot",
        "dq/error_rate_est, dq/error_rate_est_low, dq/error_rate_est_high over dq/scan",
    ),
    ("Overview", "Weave", "dq_tables/gate"),
    ("Label issues", "Vega2", "wandb/bar/v0 of dq_charts/issues_table"),
    ("Label issues", "Vega2", "wandb/bar/v0 of dq_charts/label_quality_table"),
    ("Label issues", "Vega2", "wandb/confusion_matrix/v1 of dq_charts/given_against_suggested_table"),
    ("Label issues", "Weave", "dq_tables/issues"),
    ("Label issues", "Weave", "dq_tables/classes"),
    ("Slices", "Vega2", "wandb/bar/v0 of dq_charts/slices_table"),
    ("Slices", "Weave", "dq_tables/slices"),
    ("Rows", "Weave", "dq_tables/flagged"),
    ("Rows", "Weave", "dq_tables/dictionary"),
    ("Rows", "Media Browser", "dq_report/report"),
    ("Compare", "Run Comparer", "split"),
    ("Compare", "Bar Chart", "slice.accuracy/lang:de, slice.accuracy/lang:en"),
    ("Compare", "Bar Chart", "slice.label_issue_rate/lang:de"),
]


def said(panel):
    """Say what a panel of a saved view shows."""
    config, kind = panel["config"], panel["viewType"]
    if kind == "Vega2":
        fields = config["userQuery"]["queryFields"][0]["fields"]
        (key,) = [field["args"][0]["value"] for field in fields if field["name"] == "summaryTable"]
        return f"{config['panelDefId']} of {key}"
    if kind == "Weave":
        return config["panel2Config"]["exp"]["fromOp"]["inputs"]["key"]["val"]
    if kind == "Markdown Panel":
        return config["value"].splitlines()[0]
    if kind in ("Media Browser", "Run Comparer"):
        return ", ".join(config["mediaKeys"]) if kind == "Media Browser" else config["diffOnly"]
    return ", ".join(config["metrics"]) + (f" over {config['xAxis']}" if "xAxis" in config else "")


def sections_of(spec):
    return json.loads(spec)["section"]["panelBankConfig"]["sections"]


def save(verdict="# Verdict", bars=BARS):
    return adapter.save("us", "tickets", verdict=verdict, slice_metrics=bars)


def test_every_panel_stands_in_the_view_with_a_place_of_its_own(stub):
    assert save() == "saved"
    (view,) = stub.views.values()
    assert (view["displayName"], view["type"], view["name"]) == (
        "Data quality",
        "project-view",
        "nw-labelsiftquality-v",
    )
    saved = sections_of(view["spec"])
    assert [(part["name"], panel["viewType"], said(panel)) for part in saved for panel in part["panels"]] == PANELS
    for part in saved:
        taken = set()
        for panel in part["panels"]:
            place = panel["layout"]
            cells = {
                (column, row)
                for column in range(place["x"], place["x"] + place["w"])
                for row in range(place["y"], place["y"] + place["h"])
            }
            assert place["x"] + place["w"] <= 24
            assert cells
            assert not cells & taken
            taken |= cells


def test_saving_again_writes_nothing_and_a_new_verdict_goes_into_the_same_view(stub):
    assert [save(), save()] == ["saved", "unchanged"]
    assert stub.operations.count("UpsertView2") == 1
    assert save("# Later", BARS[:1]) == "saved"
    (view,) = stub.views.values()
    assert "# Later" in view["spec"]
    assert BARS[2] not in view["spec"]


def test_what_a_person_changed_is_left_as_it_is(stub):
    save()
    (view,) = stub.views.values()
    spec = json.loads(view["spec"])
    spec["section"]["panelBankConfig"]["sections"][0]["panels"].pop(0)
    for change in ({"spec": json.dumps(spec)}, {"displayName": "Ours"}, {"spec": "{}"}):
        before = dict(view)
        view.update(change)
        changed = dict(view)
        assert save("# Later") == adapter.KEPT
        assert view == changed
        view.update(before)
    assert len(stub.views) == 1
    assert save("# Later") == "saved"  # and without their changes it is ours again


def test_views_of_others_are_never_touched(stub):
    others = {"displayName": "Data quality", "spec": "{}", "viewName": "nw-abc-v", "viewType": "project-view"}
    others["project"] = {"name": "tickets"}
    stub.views["Vmlldzox"] = dict(others)
    assert save() == "saved"
    assert stub.views["Vmlldzox"] == others
    assert len(stub.views) == 2


def test_a_server_that_refuses_is_said_and_raises_nothing(stub, monkeypatch):
    monkeypatch.setattr(type(stub), "view", lambda *_: {"project": None})
    said = save()
    assert said.startswith("not saved: ")
    assert "us/tickets" in said


@pytest.mark.slow
def test_a_log_saves_the_workspace_once_and_makes_a_report_for_sharing_where_asked(stub, make_report):
    report = make_report()
    first = report.log("wandb", target="us/tickets")
    assert first.details["workspace"] == "saved"
    assert first.links["workspace"] == f"{stub.url}/us/tickets?nw=labelsiftquality"
    assert "report" not in first.links
    second = report.log("wandb", target="us/tickets", share=True)
    assert second.details["workspace"] == "unchanged"
    third = report.log("wandb", target="us/tickets", share=True)
    assert third.links == second.links
    shown = tracked_panels(report)
    assert [view["type"] for view in stub.views.values()] == ["project-view", "runs"]
    workspace, page = stub.views.values()
    assert json.dumps(shown.summary, ensure_ascii=False)[1:-1] in workspace["spec"]
    assert page["displayName"] == shown.title
    assert second.links["report"].startswith(f"{stub.url}/us/tickets/reports/")
    assert second.links["report"].endswith(f"--{page['id']}")

    blocks = json.loads(page["spec"])["blocks"]
    grids = [block["metadata"] for block in blocks if block["type"] == "panel-grid"]
    panels = [panel for grid in grids for panel in grid["panelBankSectionConfig"]["panels"]]
    expected = [part for part in PANELS if part[0] != "Compare" and part[1] != "Markdown Panel"]
    assert [(panel["viewType"], said(panel)) for panel in panels] == [part[1:] for part in expected]
    run = second.details["run_id"]
    assert {json.dumps(grid["runSets"][0]["filters"]).count(run) for grid in grids} == {1}
    assert second.links["run"] in page["spec"]
    assert "Quokka" not in workspace["spec"] + page["spec"]  # no text

    logged = {name for row in stub.rows for name in row}
    shows = [(panel["viewType"], said(panel)) for part in sections_of(workspace["spec"]) for panel in part["panels"]]
    for kind, keys in shows:
        if kind not in ("Markdown Panel", "Run Comparer"):
            named = keys.partition(" of ")[2] if kind == "Vega2" else keys.partition(" over ")[0]
            assert set(named.split(", ")) <= logged | UNTOLD


@pytest.mark.slow
def test_a_report_that_cannot_be_made_is_said_and_the_run_stands(stub, make_report, monkeypatch, caplog):
    with monkeypatch.context() as broken:
        broken.setattr(type(stub), "projects", lambda _: {})
        receipt = make_report().log("wandb", share=True)
    assert "no report" in receipt.details["report"]
    assert "no report" in caplog.text
    assert receipt.details["workspace"] == "saved"
    assert "report" in make_report().log("wandb", share=True).links  # and made by the next one


def test_offline_there_is_no_report_for_sharing(offline, make_report):
    with pytest.raises(InputError, match="this run is offline"):
        make_report().log("wandb", share=True)
    assert not list(offline.rglob("*.wandb"))


@pytest.mark.parametrize("mode", ["disabled", "offline"])
def test_nor_is_there_one_of_a_run_of_the_users_that_is_not_online(home, make_report, mode):
    import wandb

    with wandb.init(mode=mode) as mine, pytest.raises(InputError, match=f"this run is {mode}"):
        make_report().log("wandb", share=True)
    assert "labelsift_run" not in mine.config


@pytest.mark.slow
def test_the_users_run_gets_them_too_and_the_key_may_stand_in_a_file(stub, make_report, monkeypatch, tmp_path):
    import wandb

    (tmp_path / "key").write_text("f" * 40)
    monkeypatch.delenv("WANDB_API_KEY")
    monkeypatch.setenv("WANDB_API_KEY_FILE", str(tmp_path / "key"))
    monkeypatch.setattr("sys.stdin", None)  # nobody could answer a question
    assert make_report().log("wandb").details["workspace"] == "saved"
    monkeypatch.setenv("WANDB_API_KEY", "k" * 40)
    with wandb.init(project="mine") as run:
        receipt = make_report().log("wandb", share=True)
        assert receipt.details["workspace"] == "saved"
        assert receipt.links["report"] == run.config["labelsift_report"]
        assert wandb.run is run
