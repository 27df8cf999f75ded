"""What was pulled before is remembered, and can be lost at any time."""

from __future__ import annotations

from labelsift.store.format import prepare
from labelsift.store.location import location_of
from labelsift.store.pull_state import FOLDER, Pulled, forget_pulled, read_pulled, write_pulled

KEY = ("label-studio", "http://127.0.0.1", "3")
KNOWN = Pulled("2026-11-25T10:00:00Z", {"1": "2026-11-25T10:00:00Z"}, {"r1": "x"}, {"1": {"2": {"id": "ä"}}})


def test_it_is_kept_by_platform_server_and_project(tmp_path):
    prepare(location_of(tmp_path / "s"))
    write_pulled(tmp_path / "s", KNOWN, *KEY)
    assert read_pulled(tmp_path / "s", *KEY) == KNOWN
    assert read_pulled(tmp_path / "s", *KEY[:2], "4") == Pulled()
    forget_pulled(tmp_path / "s")
    assert read_pulled(tmp_path / "s", *KEY) == Pulled()
    forget_pulled(tmp_path / "s")


def test_without_a_store_nothing_is_made(tmp_path):
    write_pulled(tmp_path / "none", KNOWN, *KEY)
    assert not (tmp_path / "none").exists()
    assert read_pulled(tmp_path / "none", *KEY) == Pulled()


def test_a_broken_file_is_as_good_as_none(tmp_path):
    prepare(location_of(tmp_path / "s"))
    write_pulled(tmp_path / "s", KNOWN, *KEY)
    (file,) = (tmp_path / "s" / FOLDER).iterdir()
    for content in ("{", "[]", '{"form": 2}', '{"form": 1, "odd": 1}'):
        file.write_text(content)
        assert read_pulled(tmp_path / "s", *KEY) == Pulled()
