"""Pushing into review projects of the real server."""

from __future__ import annotations

import pytest
from labelsift.errors import InputError


def test_the_queue_arrives_worst_first_and_the_second_push_changes_nothing(
    platform, make_queue, name, tasks_of, counts, client
):
    report = make_queue(30)
    first = report.push("label-studio", project=name)
    project = first.details["project_id"]
    assert (first.created, first.updated, first.unchanged, first.failed) == (30, 0, 0, {})
    before = counts(project)
    assert before == (30, 29, 6)

    second = report.push("label-studio", project=name)
    assert (second.created, second.updated, second.unchanged) == (0, 0, 30)
    assert second.details["project_id"] == project
    assert second.details["tabs_written"] == 0
    assert counts(project) == before

    tasks = tasks_of(project)
    assert [task["data"]["labelsift_rank"] for task in tasks] == list(range(1, 31))
    # The worst label is the last but one in the file; the outlier without a disputed label comes last.
    assert tasks[0]["data"]["labelsift_id"] == "t00028"
    assert tasks[-1]["data"]["labelsift_id"] == "t00029"
    assert all(not task["annotations"] for task in tasks)
    assert second.sample_links["t00028"].endswith(f"/projects/{project}/data?task={tasks[0]['id']}")
    assert client.project(project)["sampling"] == "Sequential sampling"


def test_what_was_deleted_and_edited_on_the_server_is_brought_back_and_nothing_else(
    platform, make_queue, name, tasks_of, client, counts
):
    report = make_queue(40)
    project = report.push("label-studio", project=name).details["project_id"]
    before = counts(project)
    tasks = tasks_of(project)
    client.delete_tasks(project, [task["id"] for task in tasks[:10]])
    for index, task in enumerate(tasks[10:20]):
        changed = {"text": "changed"} if index % 2 else {"labelsift_suggested": "changed"}
        client.write_task(task["id"], task["data"] | changed | {"their_note": f"note {index}"})

    receipt = report.push("label-studio", project=name)

    assert (receipt.created, receipt.updated, receipt.unchanged) == (10, 10, 20)
    assert counts(project) == before
    after = {task["data"]["labelsift_id"]: task["data"] for task in tasks_of(project)}
    for index, task in enumerate(tasks):
        theirs = {"their_note": f"note {index - 10}"} if 10 <= index < 20 else {}
        assert after[task["data"]["labelsift_id"]] == task["data"] | theirs


def test_predictions_that_vanished_or_doubled_are_mended(platform, make_queue, name, client, counts):
    report = make_queue(10)
    project = report.push("label-studio", project=name).details["project_id"]
    before = counts(project)
    predictions = client.predictions(project)
    client.delete_prediction(predictions[0]["id"])
    doubled = {key: predictions[1][key] for key in ("task", "result", "score", "model_version")}
    others = doubled | {"model_version": "somebody/else"}
    client.import_predictions(project, [doubled, others])

    receipt = report.push("label-studio", project=name)

    assert (receipt.created, receipt.updated) == (0, 2)
    assert counts(project) == (before[0], before[1] + 1, before[2])
    versions = [prediction["model_version"] for prediction in client.predictions(project)]
    assert versions.count("somebody/else") == 1


def test_a_dry_run_sends_nothing(platform, make_queue, name, client):
    projects = len(client.projects())
    receipt = make_queue(10).push("label-studio", project=name, dry_run=True)
    assert (receipt.created, receipt.dry_run) == (10, True)
    assert len(client.projects()) == projects


def test_each_run_opens_a_round_and_each_mode_too(platform, make_queue, name, client):
    made = [
        make_queue(5, run=run).push("label-studio", project=name, mode=mode).details
        for run, mode in (("r1", "choose"), ("r2", "choose"), ("r2", "blind"), ("r1", "choose"))
    ]
    assert [review["round"] for review in made] == [1, 2, 3, 1]
    assert made[0]["project_id"] == made[3]["project_id"]
    assert client.project(made[1]["project_id"])["title"] == f"{name} · labelsift review 2"


def test_a_long_name_is_shortened_in_the_title_and_still_found(platform, make_queue, name):
    long = f"{name}: a project whose name is longer than Label Studio allows"
    first = make_queue(3).push("label-studio", project=long)
    assert len(first.details["project"]) <= 50
    assert make_queue(3).push("label-studio", project=long).unchanged == 3


@pytest.mark.parametrize(("mode", "version"), [("choose", None), ("prefill", "labelsift/r1"), ("blind", None)])
def test_the_projects_model_version_is_the_predictions_in_prefill_only(
    platform, make_queue, name, client, mode, version
):
    project = make_queue(5, run="r1").push("label-studio", project=name, mode=mode).details["project_id"]
    predictions = client.predictions(project)
    assert {row["model_version"] for row in predictions} == (set() if mode == "blind" else {"labelsift/r1"})
    assert all(prediction["score"] == pytest.approx(0.94) for prediction in predictions)
    now = client.project(project)["model_version"]
    # Neither the version nor empty: the first import would fill an empty one.
    assert now == version if version else now not in ("", None, "labelsift/r1")


def test_tabs_sort_by_their_own_score_and_show_their_own_issue(platform, make_queue, name, client):
    receipt = make_queue(10).push("label-studio", project=name)
    tabs = {view["data"]["title"]: view["id"] for view in client.views(receipt.details["project_id"])}
    assert list(tabs) == ["Review now", "Suspicious labels", "Outliers", "Second look", "Unclear", "Done"]

    def shown(title: str) -> list[str]:
        page = client.get("/api/tasks", what="a tab", params={"view": tabs[title], "page_size": 100})
        return [task["data"]["labelsift_id"] for task in page["tasks"]]

    assert shown("Suspicious labels") == [f"t{number:05d}" for number in range(8, -1, -1)]
    assert shown("Outliers")[0] == "t00009"
    assert sorted(shown("Outliers")) == ["t00000", "t00005", "t00009"]


HOSTILE = [
    "</script><script>window.owned=1</script>",
    "\"quotes\" 'and' \\ back",
    "مرحبا \u202eبالعالم",
    "nul \x00 here",
    "💥 emoji \u2028 line",
    "$text $labelsift_given {{x}}",
    "long " * 20_000,
    "",
]


def test_hostile_texts_and_labels_arrive_whole(platform, make_queue, name, tasks_of):
    odd = ('a "b" <c> & d', "$5 fee", "عربي", "<script>alert(1)</script>", "x, y")
    report = make_queue(classes=odd, texts=HOSTILE)
    receipt = report.push("label-studio", project=name)
    assert receipt.failed == {}
    tasks = {task["data"]["labelsift_id"]: task["data"] for task in tasks_of(receipt.details["project_id"])}
    assert [tasks[f"t{row:05d}"]["text"] for row in range(8)] == [text.replace("\x00", "\ufffd") for text in HOSTILE]
    assert tasks["t00001"]["labelsift_given"] == "$5 fee"
    assert report.push("label-studio", project=name).unchanged == 8


def test_a_project_left_empty_by_a_dead_push_is_removed(platform, make_queue, name, client):
    made = client.project(make_queue(5).push("label-studio", project=name).details["project_id"])
    twin = client.create_project(
        title=made["title"],
        description=made["description"],
        label_config=made["label_config"],
        model_version=made["model_version"],
    )
    receipt = make_queue(5).push("label-studio", project=name)
    assert (receipt.created, receipt.details["project_id"]) == (0, made["id"])
    assert twin not in [project["id"] for project in client.projects()]


def test_doubles_go_but_never_one_that_a_person_has_answered(platform, make_queue, name, client, tasks_of, counts):
    report = make_queue(6)
    project = report.push("label-studio", project=name).details["project_id"]
    before = counts(project)
    tasks = tasks_of(project)
    again = [{"data": task["data"]} for task in tasks[:3]]
    client.import_tasks(project, again)
    answered = tasks_of(project)[-1]  # the double of the third task
    answer(client, answered["id"], "refund")

    receipt = report.push("label-studio", project=name)

    # The answered double stays in place of its original.
    assert receipt.details["doubles_removed"] == 3
    left = tasks_of(project)
    assert len(left) == 6 == counts(project)[0]
    assert answered["id"] in [task["id"] for task in left]
    assert counts(project) == before


def test_create_without_match_is_refused(platform, make_queue, name):
    with pytest.raises(InputError, match="match only"):
        make_queue(3).push("label-studio", project=name, create=True)


def test_an_unknown_mode_is_refused(platform, make_queue, name):
    with pytest.raises(InputError, match="no mode gentle"):
        make_queue(3).push("label-studio", project=name, mode="gentle")


def test_a_report_without_findings_makes_no_project(platform, make_queue, name, client):
    projects = len(client.projects())
    report = make_queue(5)
    report.findings = report.findings.slice(0, 0)
    receipt = report.push("label-studio", project=name)
    assert (receipt.created, receipt.links) == (0, {})
    assert len(client.projects()) == projects


def answer(client, task: int, label: str, *, skipped: bool = False) -> None:
    result = [{"from_name": "label", "to_name": "text", "type": "choices", "value": {"choices": [label]}}]
    body = {"result": [] if skipped else result, "was_cancelled": skipped, "lead_time": 3.5}
    client.send("POST", f"/api/tasks/{task}/annotations/", body=body, what="an annotation")
