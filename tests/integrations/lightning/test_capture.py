"""Capture of Lightning: logits of the step or of a hook, ids out of the batch, faults, and no callback left."""

from __future__ import annotations

import frameworks
import labelsift as ls
import numpy as np
import pytest
from labelsift.capture.recording import EVAL, TRAIN
from labelsift.errors import InputError
from labelsift.signals.epoch_files import read_epochs
from torch_loops import hooks_of, model, rows_of, tickets

frameworks.require("torch", "lightning")
pytestmark = [
    pytest.mark.xdist_group("torch"),
    pytest.mark.slow,
    pytest.mark.filterwarnings("ignore"),  # Lightning warns of few workers, small batches and its own deprecations
]


@pytest.fixture(scope="module")
def samples():
    return tickets()


def module_of(*, returned="loss"):
    """Return a Lightning module that keeps the logits of each pass by epoch, mode and id, as the test saw them."""
    import torch
    from lightning.pytorch import LightningModule

    class Classifier(LightningModule):
        def __init__(self):
            super().__init__()
            self.net, self.seen, self.vectors = model(), {}, {}

        def _logits(self, batch, mode):
            ids = batch.pop("id") if isinstance(batch, dict) else batch[0]  # takes the ids out, as some do
            x = batch["x"] if isinstance(batch, dict) else batch[1]
            hidden = self.net.encoder(x)
            out = self.net.head(self.net.drop(hidden))
            for row, name in enumerate(ids):
                self.seen[mode, self.current_epoch, name] = out[row].detach().numpy().copy()
                self.vectors[name] = hidden[row].detach().numpy().copy()
            return out

        def training_step(self, batch, batch_idx):
            out = self._logits(batch, TRAIN)
            loss = torch.nn.functional.cross_entropy(out, batch["y"] if isinstance(batch, dict) else batch[2])
            return {"loss": loss, "logits": out} if returned == "logits" else loss

        def validation_step(self, batch, batch_idx):
            out = self._logits(batch, EVAL)
            return {"logits": out} if returned == "logits" else None

        def configure_optimizers(self):
            return torch.optim.SGD(self.parameters(), lr=0.1)

    return Classifier()


def trainer_of(folder, **settings):
    from lightning.pytorch import Trainer

    quiet = {"enable_progress_bar": False, "enable_model_summary": False, "logger": False, "accelerator": "cpu"}
    return Trainer(max_epochs=2, default_root_dir=folder, **quiet, **settings)


def loader_of(rows, *, workers=0, keyed=True, shuffle=True):
    import torch

    data = [{"id": name, "x": x, "y": y} for name, x, y in rows] if keyed else rows
    return torch.utils.data.DataLoader(data, batch_size=8, shuffle=shuffle, num_workers=workers)


@pytest.mark.parametrize(("returned", "workers", "accumulate"), [("loss", 2, 1), ("logits", 0, 3)])
def test_captured_logits_are_those_of_the_steps(samples, tmp_path, returned, workers, accumulate):
    rows, module = rows_of(samples), module_of(returned=returned)
    trainer = trainer_of(tmp_path, accumulate_grad_batches=accumulate)
    before = list(trainer.callbacks)
    classifier = "net.head" if returned == "loss" else None
    with ls.watch(trainer, samples, classifier=classifier, embedding="net.encoder", store=tmp_path) as capture:
        trainer.fit(module, loader_of(rows[6:], workers=workers), loader_of(rows[:6], shuffle=False))
    ids = samples.ids.to_pylist()
    for split, part in ((TRAIN, ids[6:]), (EVAL, ids[:6])):
        files = read_epochs(capture.folder / split)
        assert len(files.logits) == 2, "the sanity check is no epoch"
        for epoch, logits in enumerate(files.logits):
            expected = np.array([module.seen[split, epoch, name] for name in part])
            places = [ids.index(name) for name in part]
            np.testing.assert_array_equal(logits[places], expected)
            np.testing.assert_array_equal(np.flatnonzero(files.seen[epoch]), np.sort(places))
    names, vectors = capture.embeddings()
    assert names == ids[6:]
    np.testing.assert_allclose(vectors, [module.vectors[name] for name in names], atol=5e-3)
    assert list(trainer.callbacks) == before
    assert hooks_of(module) == 0
    assert capture.report.summary()["facts"]["dynamics"]["epochs"] == 2
    assert capture.report.samples.table["split"].to_pylist() == [EVAL] * 6 + [TRAIN] * 39


def test_ids_stand_in_a_place_of_a_tuple(samples, tmp_path):
    rows, module, trainer = rows_of(samples), module_of(), trainer_of(tmp_path)
    with ls.watch(trainer, samples, classifier="net.head", ids="0", store=tmp_path, scan=False) as capture:
        trainer.fit(module, loader_of(rows, keyed=False))
    expected = [module.seen[TRAIN, 1, name] for name in samples.ids.to_pylist()]
    np.testing.assert_array_equal(read_epochs(capture.folder / TRAIN).logits[1], expected)


@pytest.mark.parametrize(
    ("spoil", "settings", "message"),
    [
        (lambda row: {"x": row[1], "y": row[2]}, {}, "no ids under 'id'"),
        (lambda row: {"id": f"no {row[0]}", "x": row[1], "y": row[2]}, {}, "no sample has"),
        (lambda row: {"id": "", "x": row[1], "y": row[2]}, {}, "have no id"),
        (lambda row: {"id": row[0], "x": row[1], "y": row[2]}, {"classifier": None}, "put nothing out"),
        (lambda row: {"id": row[0], "x": row[1], "y": row[2]}, {"classifier": "haed"}, "no module 'haed'"),
    ],
    ids=["no id", "unknown", "empty", "no classifier", "misspelt classifier"],
)
def test_what_does_not_fit_comes_out_of_fit_at_the_first_batch(samples, tmp_path, spoil, settings, message):
    import torch

    module, trainer = module_of(), trainer_of(tmp_path)
    before = list(trainer.callbacks)
    loader = torch.utils.data.DataLoader([spoil(row) for row in rows_of(samples)], batch_size=8)
    wanted = {"classifier": "net.head"} | settings
    with pytest.raises(InputError, match=message) as error, ls.watch(trainer, samples, **wanted, store=tmp_path):
        trainer.fit(module, loader)
    assert error.value.hint
    assert trainer.global_step == (message.startswith("put")), "an error of the first batch"
    assert list(trainer.callbacks) == before
    assert hooks_of(module) == 0


def test_a_fault_later_lets_go_and_the_training_ends(samples, tmp_path, caplog):
    from lightning.pytorch import Callback

    class Counting(Callback):
        batches = 0

        def on_train_batch_end(self, *arguments):
            self.batches += 1

    rows, module, counting = rows_of(samples), module_of(), Counting()
    rows[-1] = ("nobody", *rows[-1][1:])
    trainer = trainer_of(tmp_path, callbacks=[counting])
    with ls.watch(trainer, samples, classifier="net.head", store=tmp_path) as capture:
        trainer.fit(module, loader_of(rows, shuffle=False))
        assert len([kept for kept in trainer.callbacks if type(kept).__name__ == "LabelsiftCapture"]) == 0
    assert trainer.current_epoch == 2
    assert counting.batches == trainer.global_step == 12, "no callback missed a batch"
    assert "nobody" in capture.broken
    assert len([record for record in caplog.records if "let go" in record.message]) == 1
    assert hooks_of(module) == 0


def test_after_an_exception_of_the_training_nothing_is_left(samples, tmp_path):
    module, trainer = module_of(), trainer_of(tmp_path)
    before = list(trainer.callbacks)
    module.on_train_epoch_end = lambda: 1 / 0
    with pytest.raises(ZeroDivisionError), ls.watch(trainer, samples, classifier="net.head", store=tmp_path):
        trainer.fit(module, loader_of(rows_of(samples)))
    assert list(trainer.callbacks) == before
    assert hooks_of(module) == 0


def test_a_trainer_of_pytorch_lightning_gets_a_callback_of_that_package(samples, tmp_path):
    frameworks.require("pytorch_lightning")
    import pytorch_lightning as pl

    trainer = pl.Trainer(accelerator="cpu", logger=False, enable_progress_bar=False)
    with ls.watch(trainer, samples, store=tmp_path, scan=False):
        assert isinstance(trainer.callbacks[0], pl.Callback)
