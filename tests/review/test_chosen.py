"""A push of samples that somebody chose by their ids."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest
from click.testing import CliRunner
from labelsift.cli import main
from labelsift.data.schemas import Finding, findings_table
from labelsift.errors import InputError


@pytest.fixture
def kept(make_report, keep):
    """Ten labels of thirty are flagged, two more are ambiguous."""
    report = make_report(30)
    ids = report.samples.ids.to_pylist()
    score = np.linspace(0.1, 0.9, len(ids)).astype(np.float32)
    report.scores = pa.table({"id": ids, "label_score": score, "is_label_issue": np.arange(len(ids)) < 10})
    labels = [Finding(id, "label", 0.1, "r", given="other", suggested="refund") for id in ids[:10]]
    report.findings = findings_table(labels + [Finding(id, "ambiguous", 0.5, "r") for id in ids[10:12]])
    return keep(report)


def test_only_the_chosen_ones_are_pushed_also_what_is_a_question(kept, recording):
    ids = kept.samples.ids.to_pylist()
    kept.push("queue", project="Tickets", ids=[ids[3], ids[0], ids[3], ids[11]])
    assert [item.id for item in recording.pushed[0].items] == [ids[0], ids[3], ids[11]]
    kept.push("queue", project="Tickets", ids=ids[:9], only=["label"], budget=2)
    assert recording.asked == set(ids[:2])


def test_what_is_unknown_or_not_flagged_is_named(kept, recording):
    ids = kept.samples.ids.to_pylist()
    with pytest.raises(InputError, match="no sample with these ids") as unknown:
        kept.push("queue", project="Tickets", ids=[ids[0], "nobody"])
    with pytest.raises(InputError, match="not flagged") as unflagged:
        kept.push("queue", project="Tickets", ids=[ids[0], ids[20], ids[19]])
    assert (unknown.value.ids, unflagged.value.ids) == (("nobody",), (ids[19], ids[20]))
    for refused in ({"ids": []}, {"ids": ids[:2], "probe": 0.1, "mode": "blind"}, {"ids": ids[:2], "blind_share": 0.2}):
        with pytest.raises(InputError):
            kept.push("queue", project="Tickets", **refused)
    assert recording.pushed == []


@pytest.mark.parametrize("written", ["{0}\n{1}\n", "\ufeff{0}\r\n\r\n{1}", "{1}\n{0}\n\n"])
def test_a_file_of_ids_is_read_however_it_was_saved(kept, recording, tmp_path, written):
    ids = kept.samples.ids.to_pylist()
    file = tmp_path / "ids.txt"
    file.write_bytes(written.format(*ids[:2]).encode())
    command = ["push", "queue", "Tickets", "--store", str(kept.store.folder), "--ids", str(file)]
    done = CliRunner().invoke(main, command)
    assert done.exit_code == 0, done.output
    assert recording.asked == set(ids[:2])
    file.write_text("\n", encoding="utf-8")
    assert CliRunner().invoke(main, command).exit_code == InputError.exit_code
