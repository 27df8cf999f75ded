"""From rows to decisions, through the public names only."""

from __future__ import annotations

import subprocess
import sys
import time
import urllib.request

import labelsift as ls
import pyarrow as pa
import pytest
from labelsift import platforms
from labelsift.platforms import LabelingPlatform

SAYINGS = {
    "refund": ("I want my money back for order {}", "please refund the {} euros you took", "refund request number {}"),
    "delivery": ("where is parcel {}", "my package {} has not been delivered", "the courier lost shipment {}"),
    "login": ("I cannot log in to account {}", "password reset {} does not work", "my login {} is locked"),
}


def test_a_scan_stands_in_the_queue_and_its_decisions_come_back(platform, name, tmp_path):
    rows = [
        {"id": f"{label}-{kind}-{number}", "text": saying.format(number), "label": label}
        for label, sayings in SAYINGS.items()
        for kind, saying in enumerate(sayings)
        for number in range(100, 120)
    ]
    wrong = {number: rows[number]["id"] for number in (5, 70, 130)}
    for number in wrong:
        rows[number]["label"] = "login" if rows[number]["label"] != "login" else "refund"
    samples = ls.read(pa.Table.from_pylist(rows), text="text", label="label", id="id")
    report = ls.scan(samples, store=tmp_path / ".labelsift", only=["label"])

    receipt = report.push("label-studio", project=name)

    flagged = {row["id"] for row in report.findings.to_pylist() if row["scope"] == "sample"}
    assert set(wrong.values()) <= flagged
    assert receipt.created == len(flagged)
    assert report.sample_links.keys() == flagged
    assert platform.arrived(receipt)["tasks"] == len(flagged)
    assert ls.pull("label-studio", project=name).num_rows == 0


def test_the_platform_is_found_by_name_and_keeps_the_protocols():
    platform = platforms.get("label-studio")
    assert isinstance(platform, LabelingPlatform)
    platform.require("local")


STARTER = """
import sys, time
from pathlib import Path
from labelsift.integrations.label_studio import LabelStudio
with LabelStudio().local(Path(sys.argv[1]), say=lambda line: None) as local:
    print(local.variables["LABEL_STUDIO_URL"], flush=True)
    time.sleep(600)
"""


@pytest.mark.server
def test_a_server_ends_with_the_process_that_started_it(tmp_path):
    process = subprocess.Popen(
        [sys.executable, "-c", STARTER, str(tmp_path / "trial")], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    url = process.stdout.readline().strip()
    with urllib.request.urlopen(f"{url}/health", timeout=10) as answer:
        assert answer.status == 200
    process.kill()
    process.wait()
    process.stdout.close()
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        try:
            urllib.request.urlopen(f"{url}/health", timeout=2).close()
        except OSError:
            return
        time.sleep(0.3)
    pytest.fail("the server outlived its starter")
