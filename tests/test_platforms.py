"""Platforms are found by name through entry points, also a stranger's."""

from __future__ import annotations

import sys
import textwrap

import pytest
from labelsift import platforms
from labelsift.errors import InputError
from labelsift.platforms import PushOptions, Receipt

STRANGER = """
class Queue:
    name = "stranger"

    def push(self, report, *, project, mode="choose", match=None, create=False, only=None, budget=None, dry_run=False):
        from labelsift.platforms import Receipt

        return Receipt("stranger", project, created=3, sample_links={"t1": "http://127.0.0.1/1"})

    def pull(self, *, project, store=None):
        return project

    def doctor(self):
        return {}
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
    with pytest.raises(InputError, match=f"{name} does not have these options: --lanes, --anyway"):
        make_report(20).push(name, project="P.xlsx", options=PushOptions(lanes=5, anyway=True))
    for options in (PushOptions(lanes=1), PushOptions(lanes=-2), PushOptions(twice=1.5)):
        with pytest.raises(InputError, match=r"lanes share nothing|A share of 1\.5 is none"):
            make_report(20).push(name, project="P.xlsx", options=options)


def test_an_unknown_platform_names_those_that_are_installed():
    with pytest.raises(InputError, match=r"no platform called nope.*label-studio, mlflow, wandb"):
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


def test_a_platform_that_does_not_say_what_it_asks_about_asks_about_single_labels_of_texts():
    assert platforms.asks_about(platforms.labeler("xlsx")) == {"classification", "text"}
    able = platforms.asks_about(platforms.labeler("label-studio"))
    assert able == {"classification", "multilabel", "spans", "text", "image", "audio"}
