"""The queue: a task waits once, sources take turns, and nobody makes it grow."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest
from labelsift.serving import database as queue
from labelsift.serving.database import Database, FullError


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    with Database(tmp_path) as made:
        yield made


def work(database: Database) -> list[list[queue.Id | None]]:
    """Do what the queue holds; return the tasks of each batch."""
    batches = []
    while jobs := database.next_jobs():
        batches.append([job.task for job in jobs])
        database.done(jobs)
    return batches


def test_a_task_waits_once_however_often_it_is_told_of(database):
    first = database.add_jobs("annotation", 1, [(number, 7) for number in range(500)], source="a")
    assert database.add_jobs("annotation", 1, [(9999, 7)], source="b") == first
    assert database.job_counts() == {"pending": 1}
    assert work(database) == [[7]]
    assert database.add_jobs("annotation", 1, [(1, 7)], source="a") == first  # once more, in the same row
    assert database.job_counts() == {"pending": 1}


def test_what_is_told_while_it_is_done_is_done_again(database):
    database.add_jobs("annotation", 1, [(1, 7)])
    jobs = database.next_jobs()
    database.add_jobs("annotation", 1, [(2, 7)])
    database.done(jobs)
    assert database.job_counts() == {"pending": 1}
    assert work(database) == [[7]]


@pytest.mark.slow
def test_a_flood_of_one_source_holds_up_no_other(database):
    for task in range(queue.OF_SOURCE):
        database.add_jobs("annotation", 1, [(task, task)], source="flood")
    with pytest.raises(FullError):
        database.add_jobs("annotation", 1, [(1, 10**6)], source="flood")
    database.add_jobs("annotation", 1, [(1, 5)], source="flood")  # what waits already takes no room
    database.add_jobs("annotation", 1, [(1, 77_777)], source="real")
    assert 77_777 in [job.task for job in database.next_jobs()]
    assert sum(map(len, work(database))) == queue.OF_SOURCE + 1


def test_many_sources_together_have_a_limit_too(database, monkeypatch):
    monkeypatch.setattr(queue, "OF_SOURCES", 10)
    for source in range(10):
        database.add_jobs("annotation", 1, [(source, source)], source=str(source))
    with pytest.raises(FullError):
        database.add_jobs("annotation", 1, [(1, 99)], source="one more")
    database.add_jobs("annotation", 1, [(1, 99)])  # what labelsift found itself is no event


def test_jobs_without_a_task_and_trainings_come_one_by_one_and_last(database):
    database.add_jobs("train", 1, [(None, None)])
    database.add_jobs("annotation", 1, [(5, None), (6, None)])
    database.add_jobs("annotation", 2, [(1, 3)])
    database.add_jobs("annotation", 1, [(1, 3), (2, 4)])
    batches = []
    while jobs := database.next_jobs():
        batches.append([(job.kind, job.project, job.about, job.task) for job in jobs])
        database.done(jobs)
    assert sorted(batches[:2]) == [
        [("annotation", 1, 1, 3), ("annotation", 1, 2, 4)],
        [("annotation", 2, 1, 3)],
    ]
    assert batches[2:] == [
        [("annotation", 1, 5, None)],
        [("annotation", 1, 6, None)],
        [("train", 1, None, None)],
    ]


def test_finished_jobs_are_forgotten_but_for_the_last(database, monkeypatch):
    monkeypatch.setattr(queue, "_DONE", 3)
    database.add_jobs("annotation", 1, [(task, task) for task in range(10)])
    work(database)
    database.add_jobs("annotation", 1, [(1, 100)])
    database.sweep()
    assert database.job_counts() == {"done": 3, "pending": 1}


def test_a_queue_of_before_is_read_on(tmp_path):
    folder = tmp_path / "backend"
    folder.mkdir()
    with sqlite3.connect(folder / "queue.sqlite3") as old:
        old.execute(
            "CREATE TABLE jobs (number INTEGER PRIMARY KEY AUTOINCREMENT, key TEXT UNIQUE NOT NULL, kind TEXT NOT NULL,"
            " project INTEGER NOT NULL, about INTEGER, task INTEGER, state TEXT NOT NULL DEFAULT 'pending', attempts"
            " INTEGER NOT NULL DEFAULT 0, due REAL NOT NULL DEFAULT 0, added REAL NOT NULL)"
        )
        old.execute("INSERT INTO jobs (key, kind, project, about, task, added) VALUES ('x', 'annotation', 1, 2, 3, 0)")
        old.execute(
            "CREATE TABLE answers (project INTEGER NOT NULL, annotation INTEGER NOT NULL, task INTEGER NOT NULL,"
            " person TEXT NOT NULL, run TEXT NOT NULL, sample TEXT, value TEXT, verdict TEXT, updated TEXT NOT NULL,"
            " PRIMARY KEY (project, annotation))"
        )
    old.close()
    with Database(tmp_path) as database:
        assert work(database) == [[3]]
        add_of_texts(database)


DATASET, RECORDS = "0b1f7a52-8f1c-4b3e-9a6d-2f1f6f0e9c11", ["7e9c0000-0000-4000-8000-000000000001", "12e4"]


def add_of_texts(database: Database) -> None:
    """Ids that are texts come back as they were told, and are no numbers, whatever they look like."""
    database.add_jobs("annotation", DATASET, [(None, RECORDS[0]), (RECORDS[1], RECORDS[0])])
    assert [(job.project, job.task) for job in database.next_jobs()] == [(DATASET, RECORDS[0])]
    assert work(database) == [[RECORDS[0]]]
    row = (DATASET, RECORDS[0], RECORDS[0], "ann", "r", None, None, "", "")
    database.change("INSERT INTO answers VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)", *row)
    assert tuple(database.rows("SELECT * FROM answers WHERE project = ?", DATASET)[0]) == row


def test_ids_are_numbers_or_texts(database):
    add_of_texts(database)
    database.add_jobs("annotation", 12, [(None, 7)])
    database.add_jobs("annotation", "12", [(None, RECORDS[1])])  # a text is no number, be it digits
    assert sorted((str(type(job.project)), job.task) for job in database.next_jobs()) == [("<class 'int'>", 7)]
    assert work(database) == [[7], [RECORDS[1]]]
