"""Columns of samples as people read them: predictions of every kind of labels."""

import pyarrow as pa
import pytest
from labelsift.data.samples import Samples
from labelsift.render.sample_columns import prediction_of


@pytest.mark.parametrize(
    ("role", "cell", "shown"),
    [
        ("label", "refund", "refund"),
        ("labels", '["insult", "toxic"]', "insult, toxic"),
        ("labels", "[]", "(none)"),
        ("spans", '[[0,3,"person"],[9,14,"city"]]', "person 0–3, city 9–14"),
        ("spans", "[]", "(none)"),
    ],
)
def test_predictions_are_written_in_words(role, cell, shown):
    columns = {"id": ["a", "b"], role: [cell, None], "predicted": pa.array([cell, None], pa.string())}
    samples = Samples(pa.table(columns), pa.table({}))
    assert prediction_of(samples, 0) == shown
    assert prediction_of(samples, 1) is prediction_of(samples, None) is None


def test_without_predictions_there_is_nothing_to_write():
    assert prediction_of(Samples(pa.table({"id": ["a"], "label": ["x"]}), pa.table({})), 0) is None
