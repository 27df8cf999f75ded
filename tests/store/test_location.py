"""Places: the same few steps over a folder and over a real S3 socket."""

from __future__ import annotations

import multiprocessing
import sys

import pytest
from labelsift.data.formatting import error_text
from labelsift.errors import InputError
from labelsift.store.location import location_of


@pytest.fixture
def place(anywhere):
    return location_of(anywhere)


def test_what_is_written_is_read(place):
    place.replace("a/b.json", b"1")
    place.replace("a/b.json", b"2")
    assert (place / "a").read("b.json") == b"2"
    assert place.names() == place.names("a") == ["a/b.json"]
    assert place.children() == ["a"]
    with pytest.raises(FileNotFoundError) as error:
        place.read("a/none")
    assert "http" not in str(error.value)
    contents = place.read_many(["a/b.json", "a/none"])
    assert (contents["a/b.json"], type(contents["a/none"])) == (b"2", FileNotFoundError)


def test_a_swap_takes_only_what_the_writer_read(place):
    assert place.swap("head", None, b"1")
    assert not place.swap("head", None, b"other")
    assert place.swap("head", b"1", b"2")
    assert not place.swap("head", b"1", b"3")
    assert not place.swap("absent", b"1", b"2")
    assert place.read("head") == b"2"
    assert place.names() == ["head"]


def test_deleting_takes_a_folder_and_no_neighbour(place):
    for name in ("run/a", "run/b/c", "run2/a"):
        place.replace(name, b"x")
    place.delete("run")
    place.delete("never")
    assert place.names() == ["run2/a"]
    assert place.names("run") == []


def _count(where: str, times: int) -> None:
    place = location_of(where)
    for _ in range(times):
        while True:
            old = place.read("count")
            if place.swap("count", old, old + b"%d;" % id(object()) + b"x"):
                break


def test_two_writers_lose_nothing(place, anywhere):
    place.replace("count", b"")
    context = multiprocessing.get_context("spawn")
    both = [context.Process(target=_count, args=(anywhere, 15)) for _ in range(2)]
    for process in both:
        process.start()
    for process in both:
        process.join()
    assert [process.exitcode for process in both] == [0, 0]
    assert place.read("count").count(b"x") == 30


@pytest.mark.parametrize("address", ["s3://", "s3://key:planted@bucket/x", "s3://bucket?secret=planted", "gs://b/x"])
def test_another_address_is_refused_without_showing_it(address):
    with pytest.raises(InputError) as error:
        location_of(address)
    assert "planted" not in str(error.value)


def test_a_missing_extra_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "obstore.store", None)
    with pytest.raises(InputError, match=r"labelsift\[s3\]"):
        location_of("s3://bucket")


def test_an_error_shows_no_secret():
    text = error_text(OSError("PUT http://user:planted@host:9000/b/x?X-Amz-Signature=planted failed\nmore planted"))
    assert text == "PUT http://host:9000/b/x failed"


@pytest.mark.server
def test_a_bucket_that_is_not_there_says_so(bucket):
    with pytest.raises(OSError) as error:
        location_of("s3://no-such-bucket-anywhere").replace("x", b"1")
    assert "planted" not in str(error.value)
