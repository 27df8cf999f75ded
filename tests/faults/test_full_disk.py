"""A disk that takes no more: what is written leaves the old file as it was, and no half beside it."""

from __future__ import annotations

import resource
from collections.abc import Iterator
from pathlib import Path

import pytest
from labelsift.cli.output import write_table
from labelsift.corrections.audit import COLUMNS, write_audit
from labelsift.errors import InputError


@pytest.fixture
def full() -> Iterator[None]:
    """No file may grow beyond 2,000 bytes."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (2_000, before[1]))
    yield
    resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_a_page_an_audit_and_a_table_leave_no_half(tmp_path: Path, make_report, full: None) -> None:
    report = make_report(60)
    rows = [dict.fromkeys(COLUMNS, "x" * 100)] * 100
    writers = {
        "page.html": lambda path: report.to_html(path),
        "audit.csv": lambda path: write_audit(rows, path),
        "rows.csv": lambda path: write_table(report.samples.table, str(path)),
    }
    for name, write in writers.items():
        (tmp_path / name).write_text("old")
        with pytest.raises((InputError, OSError)) as refused:
            write(tmp_path / name)
        assert (tmp_path / name).read_text() == "old"
        assert name in str(refused.value)
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(writers)
