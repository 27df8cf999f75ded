"""report.similar: every kind of seed, filters, folded copies, and what is refused."""

from __future__ import annotations

import labelsift as ls
import numpy as np
import pyarrow as pa
import pytest
from labelsift.errors import InputError
from labelsift.models import vector_index as vectors

TOPICS = {
    "card": "my card has not arrived yet, it is still in the post",
    "refund": "please refund the order that I returned last month",
    "login": "the password reset link does not let me log in",
}


def tickets() -> pa.Table:
    rows = []
    for number in range(60):
        topic = list(TOPICS)[number % 3]
        rows.append(
            {
                "id": f"t{number}",
                "text": f"{TOPICS[topic]} {number // 3}",
                "label": topic,
                "split": "test" if number % 2 else "train",
                "state code": "CA" if number < 30 else "NY",
                "cost": number / 2,
            }
        )
    rows += [{**rows[0], "id": f"copy{row}", "text": rows[0]["text"] + " " * max(row - 2, 0)} for row in range(5)]
    return pa.Table.from_pylist(rows)


@pytest.fixture(scope="module")
def report(tmp_path_factory) -> ls.Report:
    samples = ls.read(tickets(), id="id", label="label", split="split", metadata=["state code", "cost"])
    return ls.scan(samples, store=tmp_path_factory.mktemp("kept") / "store")


def test_a_text_an_id_and_its_vector_find_the_same(report):
    by_id = report.similar("t3", k=5)
    assert by_id.column_names == ["id", "similarity", "label", "text"]
    assert "t3" not in by_id["id"].to_pylist()
    assert set(by_id["label"].to_pylist()) == {"card"}
    similarities = by_id["similarity"].to_numpy()
    assert (np.diff(similarities) <= 0).all() and similarities[0] <= 1.0001
    text = report.samples.texts[3].as_py()
    by_text, by_vector = report.similar(text, k=6), report.similar(report.embeddings[3] * 7, k=6)
    for query in (by_text, by_vector):
        assert query["id"].to_pylist() == ["t3", *by_id["id"].to_pylist()]


def test_a_group_is_searched_for_by_what_it_has_in_common(report):
    group = report.ids("label = 'refund' AND `state code` = 'CA'")
    assert len(group) == 10
    similar = report.similar(group, k=10)
    assert set(similar["label"].to_pylist()) == {"refund"}
    assert not set(similar["id"].to_pylist()) & set(group)
    rows = report.samples.positions(group)
    unlike = report.embeddings[rows] * np.arange(1, 11)[:, None]  # however long: what counts is the direction
    by_vectors = report.similar(unlike, k=10, where="NOT (label = 'refund' AND `state code` = 'CA')")
    assert by_vectors["id"].to_pylist() == similar["id"].to_pylist()
    mean = report.embeddings[rows].mean(axis=0)
    expected = report.embeddings[report.samples.positions(similar["id"].to_pylist())] @ (mean / np.linalg.norm(mean))
    np.testing.assert_allclose(similar["similarity"].to_numpy(), expected, atol=1e-5)


@pytest.mark.parametrize("backend", ["flat", "cells"])
def test_a_filter_is_exact(report, monkeypatch, backend):
    if backend == "cells":
        monkeypatch.setattr(vectors, "EXACT_BELOW", 40)
    fresh = ls.load(store=report.store.folder)
    where = "label = 'login' AND split = 'test' AND cost > 5 AND NOT is_exact_duplicate_issue"
    allowed = np.array([report.samples.table["id"][number].as_py() in set(fresh.ids(where)) for number in range(65)])
    assert allowed.sum() > 5
    similar = fresh.similar("where is my card", k=4, where=where)
    query = fresh.similar("where is my card", k=65)
    expected = [id for id in query["id"].to_pylist() if id in set(fresh.ids(where))][:4]
    assert similar["id"].to_pylist() == expected
    assert fresh.similar("t3", k=5, where="id = 'nothing'").num_rows == 0


def test_copies_are_folded_and_counted(report):
    similar = report.similar("t1", k=65, fold_duplicates=True)
    assert similar.num_rows == 60 - 1  # without the seed
    counts = dict(zip(similar["id"].to_pylist(), similar["copies"].to_pylist(), strict=True))
    copied = {text: count for text, count in counts.items() if count > 1}
    assert list(copied.values()) == [6]
    few = report.similar(report.samples.texts[0].as_py(), k=2, fold_duplicates=True)
    assert few["copies"][0].as_py() >= 4  # equal ones surely
    assert few["copies"][1].as_py() == 1


def test_details_carry_everything(report):
    (row,) = report.similar("t4", k=1, where="id = 'copy1'", details=True).to_pylist()
    assert row["split"] == "train"
    assert row["metadata"] == {"state code": "CA", "cost": 0.0}
    assert "exact_duplicate" in row["issues"]


def test_what_is_no_seed_is_refused(report):
    for seed, why in (
        ([], "empty list"),
        (["t1", "nope"], "nope"),
        (np.zeros(256), "no direction"),
        (np.full(256, np.nan), "no direction"),
        (np.ones(3), "3 dimensions"),
        (np.array(["a"]), "is no seed"),
        (np.ones((2, 2, 2)), "is no seed"),
        ("", "no direction"),
    ):
        with pytest.raises(InputError, match=why):
            report.similar(seed)
    with pytest.raises(InputError, match="lable"):
        report.similar("t1", where="lable = 'card'")
    with pytest.raises(InputError, match="no pools"):
        ls.scan(report.samples, store=None).similar("t1", pool="unlabeled")


def test_the_index_of_a_large_run_is_kept_with_it(report, monkeypatch):
    monkeypatch.setattr(vectors, "EXACT_BELOW", 40)
    kept = report.store.folder / "runs" / report.run / "index.faiss"
    first = ls.load(store=report.store.folder).similar("t3", k=5)
    assert kept.exists()

    def build(*_: object, **__: object) -> None:
        raise AssertionError("built again")

    with monkeypatch.context() as patched:
        patched.setattr(vectors.VectorIndex, "build", build)
        assert ls.load(store=report.store.folder).similar("t3", k=5).equals(first)
    kept.write_bytes(kept.read_bytes()[:100])  # not whole: built again
    assert ls.load(store=report.store.folder).similar("t3", k=5)["id"].equals(first["id"])
