"""A batch of similar, unlabeled samples on the real server, beside a review project that it leaves alone."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pyarrow as pa
from labelsift.data.samples import Samples
from labelsift.search.index_pool import index_pool
from labelsift.store.store import Store


def test_a_batch_from_a_pool_has_a_project_of_its_own(platform, make_queue, name, tasks_of, tmp_path):
    queue = make_queue(6)
    vectors = np.eye(6, dtype=np.float32)
    report = replace(
        queue, embeddings=vectors, settings={"embedder": "the user's embeddings"}, store=Store(tmp_path / "k")
    )
    report.store.prepare()
    pool = Samples(
        pa.table({"id": ["u1", "u2"], "text": ["one <b>", "two"]}), pa.table({"channel": ["x", "y"]}), "inbox"
    )
    index_pool(pool, embeddings=vectors[:2], store=report.store.folder)
    report.store.save(report)
    review = int(report.push("label-studio", project=name).details["project_id"])
    before = tasks_of(review)
    batch = report.batch(report.similar(vectors[0], k=2, pool="inbox"), pool="inbox")
    first = batch.push("label-studio", project=name)
    assert (first.created, first.failed) == (2, {})
    assert int(first.details["project_id"]) != review
    tasks = tasks_of(int(first.details["project_id"]))
    assert [task["data"]["labelsift_id"] for task in tasks] == ["u1", "u2"]
    assert {task["data"]["labelsift_given"] for task in tasks} == {""}
    assert [task["data"]["text"] for task in tasks] == ["one <b>", "two"]
    second = batch.push("label-studio", project=name)
    assert (second.created, second.updated, second.unchanged) == (0, 0, 2)
    assert tasks_of(review) == before
