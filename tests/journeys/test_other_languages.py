"""A data set in other languages from the scan to similar samples, pools and erasure."""

from __future__ import annotations

import labelsift as ls
import numpy as np
import pyarrow as pa
import pytest
from labelsift.corrections.erase import forget
from labelsift.data.hashed_ngrams import buckets_in
from labelsift.errors import InputError
from labelsift.search.index_pool import index_pool

RUSSIAN = {
    "доставка": "посылка курьер доставка заказ почта адрес ждать опоздал склад отправка".split(),
    "оплата": "карта оплата деньги счёт возврат банк платёж списали сумма чек".split(),
}
ENGLISH = {
    "доставка": "parcel courier delivery order mail address waiting late warehouse shipped".split(),
    "оплата": "card payment money account refund bank charged amount receipt transfer".split(),
}


def made(words: dict[str, list[str]], n: int, *, prefix: str, length: int = 3) -> list[dict[str, str]]:
    draw = np.random.default_rng(len(prefix))
    rows = []
    for row in range(n):
        label = list(words)[row % 2]
        text = ("please my {} now" if words is ENGLISH else "{}").format(" ".join(draw.choice(words[label], length)))
        rows.append({"id": f"{prefix}{row}", "text": text, "label": label})
    return rows


def scanned(rows: list[dict[str, str]], store: object = None, **more: object) -> ls.Report:
    return ls.scan(ls.read(pa.Table.from_pylist(rows), id="id", text="text", label="label"), store=store, **more)


@pytest.fixture(scope="module")
def russian() -> list[dict[str, str]]:
    rows = made(RUSSIAN, 120, prefix="r")
    rows[0]["label"], rows[1]["label"] = rows[1]["label"], rows[0]["label"]
    return rows


@pytest.fixture(scope="module")
def kept(russian, tmp_path_factory):
    store = tmp_path_factory.mktemp("kept") / ".labelsift"
    return scanned(russian, store), store


def test_short_texts_in_another_script_are_judged_and_it_is_said(kept):
    report, _ = kept
    assert report.summary()["judged"] == 120
    assert report.notes[0].startswith("120 texts are in languages that the default embedder cannot read (")
    worst = np.argsort(report.scores["label_score"].to_numpy())[:5]
    assert {"r0", "r1"} <= set(report.samples.ids.take(worst).to_pylist())
    assert report.settings["embedder"] == "wordllama+characters"


def test_a_text_is_compared_in_a_run_of_this_kind_also_after_it_was_loaded(kept):
    report, store = kept
    fresh = "курьер опоздал, посылка на складе"
    first, again = (some.similar(fresh, k=5) for some in (report, ls.load(store=store)))
    assert first.equals(again)
    assert first["label"].to_pylist().count("доставка") >= 4


def test_a_pool_is_embedded_by_the_projection_of_the_run(kept, russian):
    report, store = kept
    pool = ls.read(
        pa.table({"id": ["p0", "p1"], "text": ["деньги вернул банк", "где моя посылка"]}), id="id", text="text"
    )
    index_pool(pool, name="new", store=store)
    report = ls.load(store=store)
    assert report.similar("банк вернул деньги", k=1, pool="new")["id"].to_pylist() == ["p0"]
    scanned(russian[:100], store)  # another projection
    with pytest.raises(InputError, match="projection of another run"):
        index_pool(pool, name="new", store=store)


def test_the_projection_forgets_what_only_erased_samples_said(russian, tmp_path):
    store = tmp_path / ".labelsift"
    twins = [{"id": f"z{row}", "text": "щупальцевидный", "label": "оплата"} for row in range(2)]
    before = scanned([*russian, *twins], store)
    assert before.projection is not None
    only = set(buckets_in(["щупальцевидный"])) - set(buckets_in([row["text"] for row in russian]))
    assert only and only <= set(before.projection["bucket"].to_pylist())
    forget(["z0", "z1"], store=store)
    after = ls.load(store=store)
    assert after.projection is not None
    assert not only & set(after.projection["bucket"].to_pylist())
    assert after.similar("деньги вернул банк", k=3)["label"].to_pylist() == ["оплата"] * 3
    assert [path.name for path in (store / "runs").rglob("projection.arrow")] == ["projection.arrow"]


def test_a_run_without_texts_keeps_no_projection(russian, tmp_path):
    scanned(russian, tmp_path / "s", texts=False)
    report = ls.load(store=tmp_path / "s")
    assert report.projection is None and not list((tmp_path / "s" / "runs").rglob("projection*"))
    assert report.similar("r5", k=3).num_rows == 3
    with pytest.raises(InputError, match="kept without what embeds them"):
        report.similar("деньги", k=3)


def test_a_mixed_set_is_judged_as_a_whole_each_text_by_what_fits(russian):
    report = scanned([*russian, *made(ENGLISH, 120, prefix="en", length=5)])
    assert report.summary()["judged"] == 240
    near = report.similar("the courier was late, where is my parcel", k=3)
    assert all(id.startswith("en") for id in near["id"].to_pylist())
    assert all(id.startswith("r") for id in report.similar("посылка курьер", k=3)["id"].to_pylist())


def test_the_order_of_the_rows_changes_no_score(russian):
    order = np.random.default_rng(0).permutation(120)
    first, other = scanned(russian), scanned([russian[row] for row in order])
    scores = [
        dict(zip(some.samples.ids.to_pylist(), some.scores["label_score"].to_pylist(), strict=True))
        for some in (first, other)
    ]
    assert max(abs(scores[0][id] - scores[1][id]) for id in scores[0]) < 0.02


def test_a_second_scan_takes_vectors_from_the_cache(russian, tmp_path, monkeypatch):
    first = scanned(russian, tmp_path / "s")

    def fail(*_: object, **__: object) -> None:
        raise AssertionError("fitted again")

    monkeypatch.setattr("labelsift.models.character_lsa.CharacterLSA.fit", fail)
    monkeypatch.setattr("labelsift.models.character_lsa.CharacterLSA.embed", fail)
    again = scanned(russian, tmp_path / "s")
    assert np.array_equal(again.embeddings, first.embeddings)
