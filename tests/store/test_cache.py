"""What a scan keeps: the next scan is the same as one from nothing, and makes less."""

import numpy as np
import pyarrow as pa
import pytest
from labelsift import Signals, read, record, scan, scanning
from labelsift.checks import cached_estimates, label, language
from labelsift.corrections.erase import forget
from labelsift.data.schemas import CORRECTIONS_SCHEMA
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


def refuse_to_learn(monkeypatch):
    for module, name in (
        (cached_estimates, "out_of_fold"),
        (label, "quality_from_ensemble"),
        (label, "quality_from_pred_probs"),
        (label, "ngram_features"),
    ):
        monkeypatch.setattr(module, name, lambda *_, name=name, **__: pytest.fail(f"{name} was called again"))


@pytest.mark.slow
def test_the_same_labels_are_learned_from_once(table, tmp_path, monkeypatch):
    store = tmp_path / "store"
    first = scan(samples_of(table), store=store)
    plain = scan(samples_of(table), store=None)
    refuse_to_learn(monkeypatch)
    again = scan(samples_of(table), store=store)
    assert_same(again, first)
    assert_same(again, plain)
    np.testing.assert_array_equal(again.pred_probs, plain.pred_probs)
    worst = scan(samples_of(table), store=store, budget=7)  # which only chooses among what is known
    assert worst.scores["is_label_issue"].to_pylist().count(True) == 7


@pytest.mark.slow
def test_probabilities_of_the_user_are_judged_once(table, tmp_path, monkeypatch):
    store = tmp_path / "store"
    classes = sorted(set(table["label"].to_pylist()))
    pred_probs = np.random.default_rng(0).dirichlet(np.ones(len(classes)), len(table)).astype(np.float32)
    signals = Signals(pred_probs=pred_probs, classes=classes)
    first = scan(samples_of(table), signals=signals, store=store)
    changed = pred_probs.copy()
    changed[0] = changed[0][::-1]
    other = Signals(pred_probs=changed, classes=classes)
    assert_same(scan(samples_of(table), signals=other, store=store), scan(samples_of(table), signals=other, store=None))
    scan(samples_of(table), signals=signals, store=store)
    refuse_to_learn(monkeypatch)
    assert_same(scan(samples_of(table), signals=signals, store=store), first)


@pytest.mark.slow
@pytest.mark.parametrize("change", ["seed", "folds", "method", "verified"])
def test_other_settings_another_method_and_verified_labels_are_learned_anew(table, tmp_path, monkeypatch, change):
    store, samples = tmp_path / "store", samples_of(table)
    first = scan(samples, store=store)
    options = {"seed": {"seed": 1}, "folds": {"folds": 4}}.get(change, {})
    if change == "verified":
        decision = {"id": "1", "action": "keep", "verdict": "given_right", "person": "expert", "platform": "xlsx"}
        record(pa.Table.from_pylist([decision], schema=CORRECTIONS_SCHEMA), run=first.run, store=store)
    called = []
    ensemble = label.quality_from_ensemble
    monkeypatch.setattr(label, "quality_from_ensemble", lambda inputs: called.append(inputs) or ensemble(inputs))
    if change == "method":
        monkeypatch.setattr(scanning, "VERSION", scanning.VERSION + 1)
    scan(samples, store=store, **options)
    assert len(called) == 1


@pytest.mark.slow
def test_several_labels_a_sample_are_learned_from_once(table, tmp_path, monkeypatch):
    sets = pa.array([[name, "urgent"] if row % 3 else [name] for row, name in enumerate(table["label"].to_pylist())])
    samples = read(pa.table({"text": table["text"], "labels": sets}), text="text", labels="labels", name="tickets")
    first = scan(samples, store=tmp_path / "store")
    refuse_to_learn(monkeypatch)
    assert_same(scan(samples, store=tmp_path / "store"), first)


@pytest.mark.slow
def test_no_entry_holds_a_text_the_name_of_a_label_or_an_id(table, tmp_path):
    rows = pa.table(
        {"id": [f"sample-{row}" for row in range(len(table))], "text": table["text"], "label": table["label"]}
    )
    scan(read(rows, text="text", label="label", id="id", name="tickets"), store=tmp_path / "store")
    names = {name.encode() for column in ("id", "text", "label") for name in rows[column].to_pylist() if name}
    entries = list((tmp_path / "store" / "cache").iterdir())
    assert {path.name.partition("-")[0] for path in entries} >= {"predictions", "quality", "ngrams", "vectors"}
    for path in entries:
        content = path.read_bytes()
        assert not [name for name in names if len(name.strip()) > 6 and name in content]


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


@pytest.mark.slow
def test_nothing_is_kept_without_a_store_and_the_folder_is_private(table, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    scan(samples_of(table.slice(0, 100)), store=None)
    assert not list(tmp_path.iterdir())
    scan(samples_of(table.slice(0, 100)), store="store")
    assert (tmp_path / "store" / "cache").stat().st_mode & 0o777 == 0o700
    assert {path.stat().st_mode & 0o777 for path in (tmp_path / "store" / "cache").iterdir()} == {0o600}


@pytest.mark.slow
def test_forget_empties_the_cache(table, tmp_path):
    store = tmp_path / "store"
    scan(samples_of(table), store=store)
    gone = text_hashes(table["text"].slice(5, 1)).to_pylist()[0]
    holds = [path for path in (store / "cache").iterdir() if gone in path.read_bytes()]
    assert holds
    forget(["5"], store=store)
    assert not [path for path in store.rglob("*") if path.is_file() and gone in path.read_bytes()]
