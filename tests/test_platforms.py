"""Platforms are found by name through entry points, also a stranger's."""

from __future__ import annotations

import sys
import textwrap

import pytest
from labelsift import platforms
from labelsift.errors import InputError
from labelsift.platforms import LabelingPlatform, PushRequest, Receipt, Tracker

STRANGER = """
from labelsift.platforms import LabelingPlatform, Receipt

class Queue(LabelingPlatform):
    name = "stranger"

    def push(self, queue, request):
        return Receipt("stranger", request.project, created=3, sample_links={"t1": "http://127.0.0.1/1"})

    def pull(self, *, project, store=None):
        return project
"""


@pytest.fixture
def stranger(tmp_path, monkeypatch) -> None:
    """Install somebody else's package, which offers a platform."""
    info = tmp_path / "stranger-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: stranger\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(f"[{platforms.GROUP}]\nstranger = stranger_queue:Queue\n")
    (tmp_path / "stranger_queue.py").write_text(textwrap.dedent(STRANGER))
    monkeypatch.syspath_prepend(tmp_path)
    yield
    sys.modules.pop("stranger_queue", None)


def test_our_own_are_installed():
    assert {"label-studio", "mlflow", "wandb"} <= set(platforms.names())
    assert platforms.labeler("label-studio").name == "label-studio"
    for name in ("mlflow", "wandb"):
        assert platforms.tracker(name).name == name


def test_a_strangers_platform_is_found(stranger, make_report):
    assert "stranger" in platforms.names()
    report = make_report(20)
    receipt = report.push("stranger", project="P")
    assert (receipt.created, receipt.target) == (3, "P")
    assert report.sample_links["t1"] == "http://127.0.0.1/1"  # for the trackers' tables
    assert platforms.pull("stranger", project="P") == "P"
    with pytest.raises(InputError, match="stranger is no tracker: it cannot log"):
        report.log("stranger")


@pytest.mark.parametrize("name", ["stranger", "xlsx"])
def test_options_that_a_platform_does_not_have_are_refused_by_name(stranger, make_report, name):
    with pytest.raises(InputError, match=f"{name} does not have these options: --lanes, --link"):
        make_report(20).push(name, project="P.xlsx", lanes=5, link="data.id")
    for options in ({"lanes": 1}, {"lanes": -2}, {"twice": 1.5}):
        with pytest.raises(InputError, match=r"lanes share nothing|A share of 1\.5 is none"):
            make_report(20).push(name, project="P.xlsx", **options)


def test_an_unknown_platform_names_those_that_are_installed():
    with pytest.raises(InputError, match=r"no platform called nope.*argilla, embedding-atlas, label-studio, mlflow"):
        platforms.get("nope")


def test_a_tracker_is_no_labeler_and_the_other_way_round():
    with pytest.raises(InputError, match=r"mlflow is no labeling platform.*labelsift log"):
        platforms.labeler("mlflow")
    with pytest.raises(InputError, match=r"label-studio is no tracker.*labelsift push"):
        platforms.tracker("label-studio")


def test_a_receipt_leaves_the_link_of_every_sample_out_of_the_json():
    receipt = Receipt("x", "y", created=1, failed={"a": "why"}, sample_links={"a": "http://127.0.0.1"})
    assert receipt.as_dict() == {
        "platform": "x",
        "target": "y",
        "created": 1,
        "updated": 0,
        "unchanged": 0,
        "failed": {"a": "why"},
        "links": {},
        "details": {},
        "dry_run": False,
    }


def test_a_platform_that_declares_nothing_asks_about_single_labels_of_texts():
    assert LabelingPlatform.capabilities == {"classification", "text"}
    assert platforms.labeler("label-studio").capabilities >= {"multilabel", "spans", "image", "audio"}


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        ({"mode": "gentle"}, "There is no mode gentle"),
        ({"lanes": 1}, "1 lanes share nothing"),
        ({"overlap": 1.5}, r"A share of 1\.5 is none"),
        ({"budget": 0}, "The budget is 0"),
        ({"create": True}, "create makes sense with match only"),
        ({"match": "f", "overlap": 0.1}, "belong to a review project"),
        ({"match": "f", "link": "f"}, "belong to a review project"),
        ({"mode": "blind", "link": "f"}, "is not blind"),
        ({"probe": 0.1}, "would give itself away"),
        ({"mode": "blind", "probe": 0.1, "match": "f"}, "is a review project about labels"),
        ({"mode": "blind", "probe": 0.1, "only": ("label",)}, "is a review project about labels"),
        ({"repeat": 0.1}, "part of a round with probes"),
        ({"mode": "prefill", "blind_share": 0.1}, "blind share"),
    ],
)
def test_a_request_that_makes_no_sense_is_refused_when_it_is_made(asked, message):
    with pytest.raises(InputError, match=message):
        PushRequest("P", **asked)


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        ({"mode": "blind"}, "cannot be pushed to in mode blind"),
        ({"match": "f"}, "existing projects on a server"),
        ({"overlap": 0.1, "link": "f"}, "does not have these options: --twice, --link"),
        ({"blind_share": 0.1}, "cannot ask about single samples twice or blind"),
    ],
)
def test_what_a_platform_does_not_declare_is_refused(asked, message):
    with pytest.raises(InputError, match=message):
        LabelingPlatform.require_push(platforms.labeler("xlsx"), PushRequest("P", **asked))
    platforms.labeler("label-studio").require_push(PushRequest("P", **asked))


@pytest.mark.slow
def test_methods_that_no_adapter_wrote_say_so():
    class Bare(LabelingPlatform, Tracker):
        name = "bare"

    bare = Bare()
    for call, message in (
        (lambda: bare.apply(None, None), "bare cannot take decisions back"),
        (lambda: bare.read("P"), "bare cannot be read as a data set"),
        (lambda: bare.push(None, None), "bare cannot push"),
        (lambda: bare.log(None, None), "bare cannot log"),
        (lambda: bare.require("gate"), "bare cannot keep the result of a gate.*mlflow, wandb"),
        (lambda: bare.require("local"), "bare cannot be tried locally"),
    ):
        with pytest.raises(InputError, match=message):
            call()


def test_a_refusal_names_the_platforms_that_can():
    with pytest.raises(InputError, match=r"argilla cannot be enabled.*done with: label-studio") as refused:
        platforms.labeler("argilla", "enable")
    assert "wandb" not in str(refused.value)
