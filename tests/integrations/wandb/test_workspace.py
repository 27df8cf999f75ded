"""The workspace and the report for sharing, saved by wandb-workspaces to a stand-in for W&B's server."""

import json

import pytest
from labelsift.integrations.wandb import share
from labelsift.integrations.wandb import workspace as adapter

BARS = ["slice.accuracy/lang:de", "slice.accuracy/lang:en", "slice.label_issue_rate/lang:de"]
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


def shown(panel):
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
    assert [(part["name"], panel["viewType"], shown(panel)) for part in saved for panel in part["panels"]] == PANELS
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
def test_a_report_for_sharing_is_made_once_a_run(stub):
    import wandb

    with wandb.init(project="tickets", entity="us") as run:
        address = share.shared(run, title="tickets 8 %", verdict="**Verdict**", slice_metrics=BARS)
        assert share.shared(run, title="tickets 9 %", verdict="Another", slice_metrics=BARS) == address
        (view,) = stub.views.values()
        assert (view["type"], view["displayName"]) == ("runs", "tickets 8 %")
        assert address == f"{stub.url}/us/tickets/reports/tickets-8-%--{view['id']}"
        blocks = json.loads(view["spec"])["blocks"]
        grids = [block["metadata"] for block in blocks if block["type"] == "panel-grid"]
        panels = [panel for grid in grids for panel in grid["panelBankSectionConfig"]["panels"]]
        expected = [part for part in PANELS if part[0] != "Compare" and part[1] != "Markdown Panel"]
        assert [(panel["viewType"], shown(panel)) for panel in panels] == [part[1:] for part in expected]
        assert {json.dumps(grid["runSets"][0]["filters"]).count(run.id) for grid in grids} == {1}
        assert run.url in view["spec"]
        assert "**Verdict**" in view["spec"]
        assert run.config["labelsift_report"] == address
