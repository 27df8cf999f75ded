"""Probabilities of a trained classifier, where torch is installed."""

import frameworks
import labelsift as ls
import numpy as np
import pyarrow as pa
import pytest
from labelsift.errors import InputError
from labelsift.models.trained_classifier import predicted

frameworks.require("torch")
pytestmark = pytest.mark.slow


def tiny(take=lambda logits: {"logits": logits}):
    """Return a model whose logits are the row's numbers, half of them dropped while it learns."""
    import torch

    class Tiny(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.dropout = torch.nn.Dropout(0.5)
            self.scale = torch.nn.Parameter(torch.ones(1))

        def forward(self, numbers):
            return take(self.dropout(numbers) * self.scale)

    return Tiny()


LOGITS = np.array([[2.0, 0.0], [0.0, 1.0], [3.0, -1.0]], dtype=np.float32)


def loader(codes=(0, 1, 0), logits=LOGITS):
    import torch

    rows = [{"numbers": torch.tensor(row), "labels": code} for row, code in zip(logits, codes, strict=True)]
    return torch.utils.data.DataLoader(rows, batch_size=1, shuffle=True)


def samples(**column):
    column = column or {"label": ["a", "b", None]}
    table = pa.table({"text": ["x", "y", "z"], "id": ["1", "2", "3"], **column})
    return ls.read(table, id="id", **{name: name for name in column})


def test_rows_keep_their_order_and_the_model_its_mode():
    model = tiny()
    model.train()
    shown = predicted(model, loader(), samples(), batch=2, classes=None)
    assert shown == pytest.approx(np.exp(LOGITS) / np.exp(LOGITS).sum(axis=1, keepdims=True))
    assert shown.dtype == np.float32
    assert model.training
    assert predicted(tiny(lambda logits: (logits,)), loader(), samples(), batch=2, classes=None) == pytest.approx(shown)


def test_labels_of_a_set_are_each_more_or_less_likely():
    sets = samples(labels=['["a"]', '["a", "b"]', "[]"])
    assert predicted(tiny(), loader(), sets, batch=2, classes=None) == pytest.approx(1 / (1 + np.exp(-LOGITS)))


def test_what_does_not_fit_is_named():
    with pytest.raises(InputError, match=r"labels of 2 evaluation rows are not those of the samples.*1, 2"):
        predicted(tiny(), loader(codes=(1, 0, 0)), samples(), batch=2, classes=None)
    predicted(tiny(), loader(codes=(1, 0, 0)), samples(), batch=2, classes=["b", "a"])
    with pytest.raises(InputError, match=r"outputs have the shape \(2, 1\)"):
        predicted(tiny(), loader(logits=LOGITS[:, :1]), samples(), batch=2, classes=None)
    with pytest.raises(InputError, match=r"has 2 rows, and there are 3 samples"):
        predicted(tiny(), loader(codes=(1, 0), logits=LOGITS[:2]), samples(), batch=2, classes=None)
