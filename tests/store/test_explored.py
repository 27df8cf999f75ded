"""Files of explorers: private while one is open, gone when it stops or was killed, and within an erasure's reach."""

from __future__ import annotations

import os
import stat
import subprocess
import sys

import pytest
from labelsift.corrections.erase import forget
from labelsift.errors import InputError
from labelsift.store.explored import NAME, erase_explored, explorer_folder
from labelsift.store.store import Store


@pytest.fixture
def store(tmp_path, make_report) -> Store:
    report = make_report(40)
    kept = Store(tmp_path / "kept")
    report.store = kept
    kept.save(report)
    return kept


def test_the_folder_is_private_and_gone_afterwards_and_its_log_stays_until_the_next(store):
    run = store.find()
    with explorer_folder(store, run) as folder:
        assert stat.S_IMODE(folder.stat().st_mode) == stat.S_IMODE(folder.parent.stat().st_mode) == 0o700
        (folder / "samples.parquet").write_text("my card")
        log = folder.with_name(f"{folder.name}.log")
        log.write_text("it said something")
    assert [path.name for path in (store.folder / NAME).iterdir()] == [log.name]
    with explorer_folder(store, run) as folder:
        assert not log.exists() and folder.is_dir()


def test_it_is_gone_after_an_error_too(store):
    with pytest.raises(RuntimeError), explorer_folder(store, "run") as folder:
        (folder / "a").touch()
        raise RuntimeError
    assert list((store.folder / NAME).iterdir()) == []


@pytest.mark.slow
def test_what_a_killed_one_left_is_deleted_by_the_next_one_and_by_an_erasure(store):
    program = (
        "import os, sys\n"
        "from labelsift.store.explored import explorer_folder\nfrom labelsift.store.store import Store\n"
        "with explorer_folder(Store(sys.argv[1]), 'run') as folder:\n"
        "    (folder / 'samples.parquet').touch()\n    os.kill(os.getpid(), 9)\n"
    )
    for delete in (lambda: erase_explored(store), lambda: explorer_folder(store, "run").__enter__()):
        subprocess.run([sys.executable, "-c", program, str(store.folder)], check=False, env=os.environ)
        assert len(list((store.folder / NAME).rglob("samples.parquet"))) == 1
        delete()
        assert list((store.folder / NAME).rglob("samples.parquet")) == []


@pytest.mark.parametrize("dry_run", [True, False])
def test_forgetting_a_sample_deletes_what_an_open_explorer_was_given_and_names_it(store, dry_run):
    id = store.load().samples.ids[0].as_py()
    with explorer_folder(store, store.find()) as folder:
        (folder / "samples.parquet").write_text("my card")
        log = folder.with_name(f"{folder.name}.log")
        log.write_text("my card")
        erased = forget([id], store=store, dry_run=dry_run)
        assert (folder / "samples.parquet").exists() == log.exists() == dry_run
        assert ["An explorer of " in what for what in erased.unreachable] == ([] if dry_run else [True])
    if dry_run:
        return
    assert forget([id], store=store).unreachable == []


def test_a_store_in_a_bucket_has_none():
    elsewhere = Store("s3://bucket/prefix")
    assert erase_explored(elsewhere) == []
    with pytest.raises(InputError, match="lie in a folder"), explorer_folder(elsewhere, "run"):
        pass
