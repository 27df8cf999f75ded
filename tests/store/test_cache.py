"""What a scan keeps of the texts alone: the next scan is the same as one from nothing, and makes less."""

import numpy as np
import pyarrow as pa
import pytest
from labelsift import read, scan
from labelsift.checks import language
from labelsift.corrections.erase import forget
from labelsift.demo.tickets import tickets
from labelsift.models.embedding import StaticEmbedder
from labelsift.store.cache import Cache, text_hashes


class Counting(StaticEmbedder):
    """Counts the texts that it embeds."""

    asked = 0

    def embed(self, texts):
        Counting.asked += len(texts)
        return super().embed(texts)


@pytest.fixture
def table():
    Counting.asked = 0
    rows, _ = tickets(seed=3)
    return pa.Table.from_pylist([{"text": row["text"], "label": row["label"]} for row in rows])


def samples_of(table, labels=None, texts=None):
    text = table["text"] if texts is None else pa.chunked_array([texts])
    label = table["label"] if labels is None else pa.chunked_array([labels])
    rows = pa.table({"id": [str(row) for row in range(len(table))], "text": text, "label": label})
    return read(rows, text="text", label="label", id="id", name="tickets")


def assert_same(first, other):
    assert first.scores.equals(other.scores)
    assert first.findings.equals(other.findings)
    assert first.facts == other.facts
    assert first.notes == other.notes


@pytest.mark.slow
def test_after_corrected_labels_nothing_is_made_again_and_all_is_as_from_nothing(table, tmp_path, monkeypatch):
    store = tmp_path / "store"
    scan(samples_of(table), embedder=Counting(), store=store)
    assert Counting.asked == len(table)
    labels = table["label"].to_pylist()
    labels[:40] = labels[40:80]
    monkeypatch.setattr(language, "detect", lambda texts: pytest.fail("a language was detected again"))
    again = scan(samples_of(table, labels), embedder=Counting(), store=store)
    assert Counting.asked == len(table)
    monkeypatch.undo()
    assert_same(again, scan(samples_of(table, labels), embedder=Counting(), store=None))


@pytest.mark.slow
def test_only_edited_texts_are_made_again(table, tmp_path):
    store = tmp_path / "store"
    scan(samples_of(table), embedder=Counting(), store=store)
    texts = table["text"].to_pylist()
    texts[5], texts[6] = "My parcel never came, and nobody answers the phone.", texts[7]
    again = scan(samples_of(table, texts=texts), embedder=Counting(), store=store)
    assert Counting.asked == len(table) + 1  # the copy of another row is known
    assert_same(again, scan(samples_of(table, texts=texts), embedder=Counting(), store=None))


@pytest.mark.slow
def test_other_order_and_fewer_rows_are_as_from_nothing(table, tmp_path):
    store = tmp_path / "store"
    scan(samples_of(table), embedder=Counting(), store=store)
    order = np.random.default_rng(0).permutation(len(table))[: len(table) // 2]
    some = table.take(pa.array(order))
    again = scan(samples_of(some), embedder=Counting(), store=store)
    assert Counting.asked == len(table)
    assert_same(again, scan(samples_of(some), embedder=Counting(), store=None))


@pytest.mark.slow
@pytest.mark.parametrize("damage", [b"", b"ARROW1 and then nothing", None])
def test_a_broken_entry_is_as_good_as_none(table, tmp_path, damage):
    store = tmp_path / "store"
    first = scan(samples_of(table), embedder=Counting(), store=store)
    entries = sorted((store / "cache").iterdir())
    assert len(entries) >= 5
    for path in entries:
        path.write_bytes(path.read_bytes()[:-100] if damage is None else damage)
    assert_same(scan(samples_of(table), embedder=Counting(), store=store), first)
    assert Counting.asked == 2 * len(table)


@pytest.mark.slow
def test_a_cache_that_cannot_be_written_is_no_reason_against_a_scan(table, tmp_path):
    store = tmp_path / "store"
    first = scan(samples_of(table), embedder=Counting(), store=None)
    scan(samples_of(table.slice(0, 100)), store=store)
    for path in (store / "cache").iterdir():
        path.unlink()
    (store / "cache").rmdir()
    (store / "cache").write_text("a file where the folder should be")
    assert_same(scan(samples_of(table), embedder=Counting(), store=store), first)


def test_another_maker_finds_nothing_and_one_without_a_name_keeps_nothing(tmp_path):
    hashes = text_hashes(pa.chunked_array([["a", "b"]]))
    cache = Cache(tmp_path / "cache", "set")
    asked = []

    def make(rows):
        asked.append(len(rows))
        return pa.array(rows, pa.int64())

    for maker in ("one", "two", None, "one", None):
        assert cache.rows("values", maker, hashes, make).to_pylist() == [0, 1]
    assert asked == [2, 2, 2, 2]
    assert Cache(tmp_path / "cache", "other").rows("values", "one", hashes, make).to_pylist() == [0, 1]
    assert asked[4:] == [2]


def test_nothing_is_kept_without_a_store_and_the_folder_is_private(table, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    scan(samples_of(table.slice(0, 100)), store=None)
    assert not list(tmp_path.iterdir())
    scan(samples_of(table.slice(0, 100)), store="store")
    assert (tmp_path / "store" / "cache").stat().st_mode & 0o777 == 0o700
    assert {path.stat().st_mode & 0o777 for path in (tmp_path / "store" / "cache").iterdir()} == {0o600}


def test_forget_empties_the_cache(table, tmp_path):
    store = tmp_path / "store"
    scan(samples_of(table), store=store)
    gone = text_hashes(table["text"].slice(5, 1)).to_pylist()[0]
    holds = [path for path in (store / "cache").iterdir() if gone in path.read_bytes()]
    assert holds
    forget(["5"], store=store)
    assert not [path for path in store.rglob("*") if path.is_file() and gone in path.read_bytes()]
