"""From a cell of the report's heat map to its samples, and by the copied command to tasks on a real Label Studio."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import labelsift as ls
import numpy as np
import pyarrow as pa
from labelsift.search.named_slices import slice_ids

ROWS = 300


def weak_women_of_tokyo() -> pa.Table:
    """Return tickets whose model is wrong for most women of 東京 and right elsewhere."""
    rng = np.random.default_rng(11)
    city, gender = rng.choice(["東京", "大阪"], ROWS), rng.choice(["f", "m"], ROWS)
    label = rng.choice(["card", "loan"], ROWS)
    wrong = (city == "東京") & (gender == "f") & (rng.random(ROWS) < 0.7)
    predicted = np.where(wrong, np.where(label == "card", "loan", "card"), label)
    texts = [f"my {name} did not come, ticket {row}" for row, name in enumerate(label)]
    columns = {"id": [f"k{row}" for row in range(ROWS)], "text": texts, "label": label, "predicted": predicted}
    return pa.table({**columns, "city": city, "gender": gender})


def test_from_a_cell_to_a_pushed_batch_by_clicks(server, tasks_of, chromium, tmp_path, name):
    read = ls.read(
        weak_women_of_tokyo(), id="id", label="label", predicted="predicted", metadata=["city", "gender"], name=name
    )
    report = ls.scan(read, store=tmp_path / ".labelsift", progress=False)
    path = report.to_html(tmp_path / "report.html", with_map=False)
    context = chromium.new_context(viewport={"width": 1400, "height": 900})
    context.grant_permissions(["clipboard-read", "clipboard-write"])
    try:
        page = context.new_page()
        page.goto(path.as_uri())
        page.locator(".cells td.heat button").first.click()
        listed = page.locator(".sample h3").all_inner_texts()
        inside = set(slice_ids(report, "city:東京__gender:f"))
        assert listed
        assert set(listed) <= inside & set(report.ids("is_wrong"))
        page.locator("#chosen-slice").get_by_role("button", name="Copy").click()
        page.locator("#chosen-slice", has_text="Copied.").wait_for()
        command = page.evaluate("navigator.clipboard.readText()")
    finally:
        context.close()
    assert command == page_command(name, report.run)
    done = pushed(command, tmp_path, server.variables())
    assert "0 updated, 0 unchanged" in done
    project = re.search(r"/projects/(\d+)/", done)
    assert project is not None
    tasks = tasks_of(int(project[1]))
    assert {task["data"]["labelsift_id"] for task in tasks} == inside
    assert f"0 created, 0 updated, {len(inside)} unchanged" in pushed(command, tmp_path, server.variables())


def page_command(name: str, run: str) -> str:
    return f"labelsift push label-studio '{name} slices' --run {run} --slice 'city:東京__gender:f'"


def pushed(command: str, folder: Path, variables: dict[str, str]) -> str:
    """Run exactly what was copied, as a shell would, with the labelsift of these tests."""
    environment = {**os.environ, **variables, "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}
    done = subprocess.run(
        ["/bin/sh", "-c", command], cwd=folder, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, f"{shlex.split(command)}: {done.stderr}"
    return done.stdout
