"""Capture of a PyTorch loop: its logits and embeddings, ids of any kind, faults, and no hook left."""

from __future__ import annotations

import logging

import frameworks
import labelsift as ls
import numpy as np
import pytest
from labelsift.capture.recording import EVAL, TRAIN
from labelsift.errors import InputError, LabelsiftError
from labelsift.signals.epoch_files import read_epochs
from torch_loops import CLASSES, hooks_of, model, rows_of, tickets

frameworks.require("torch")
pytestmark = [
    pytest.mark.xdist_group("torch"),
    pytest.mark.slow,
    pytest.mark.filterwarnings("ignore:lance is not fork-safe"),  # workers of a loader, in a process that has scanned
]


@pytest.fixture(scope="module")
def samples():
    return tickets()


@pytest.fixture
def net():
    return model()


def fitted(net, samples, capture, *, epochs=2, rows=None, workers=0, held_out=(), given=lambda ids: ids):
    """Train as a user would; return the logits (epochs, n, classes) and the encoder's outputs that the loop saw."""
    import torch

    everything = rows_of(samples)
    kept = [row for row in everything if row[0] not in set(held_out)]
    place = {name: position for position, (name, _, _) in enumerate(everything)}
    torch.manual_seed(1)
    loader = torch.utils.data.DataLoader(kept, batch_size=8, shuffle=True, num_workers=workers)
    optimizer = torch.optim.AdamW(net.parameters(), lr=0.05)
    logits = np.full((epochs, len(everything), len(CLASSES)), np.nan, dtype=np.float32)
    vectors = np.zeros((len(everything), 5), dtype=np.float32)
    for epoch in range(epochs):
        net.train()
        for ids, x, y in loader:
            with capture.batch(given(ids), epoch=epoch):
                hidden = net.encoder(x)
                out = net.head(net.drop(hidden))
                loss = torch.nn.functional.cross_entropy(out, y)
            loss.backward()
            optimizer.step()
            optimizer.zero_grad()
            logits[epoch, [place[name] for name in ids]] = out.detach().numpy()
            vectors[[place[name] for name in ids]] = hidden.detach().numpy()
        net.eval()
        with torch.no_grad():
            for name, x, _ in everything:
                if name in held_out:
                    with capture.batch([name], epoch=epoch):
                        out = net.head(net.encoder(x[None]))
                    logits[epoch, place[name]] = out.numpy()
                elif epoch == 0:
                    net(x[None])  # out of every batch, and not in training mode: nobody's business
    return logits, vectors


@pytest.mark.parametrize("workers", [0, 2])
def test_captured_logits_and_embeddings_are_those_of_the_loop(net, samples, tmp_path, workers, caplog):
    with ls.watch(net, samples, classifier="head", embedding="encoder", store=tmp_path) as capture:
        logits, vectors = fitted(net, samples, capture, workers=workers)
    files = read_epochs(capture.folder / TRAIN)
    np.testing.assert_array_equal(np.stack(files.logits), logits)
    assert files.ids == tuple(samples.ids.to_pylist())
    assert files.classes == CLASSES
    ids, newest = capture.embeddings()
    assert ids == samples.ids.to_pylist()
    np.testing.assert_allclose(newest, vectors, atol=5e-3)
    assert hooks_of(net) == 0
    assert capture.report.summary()["facts"]["dynamics"]["epochs"] == 2
    assert "no ids" not in caplog.text


def test_rows_in_evaluation_mode_are_held_out_and_get_a_prediction(net, samples, tmp_path):
    held_out = samples.ids.to_pylist()[:6]
    with ls.watch(net, samples, classifier="head", store=tmp_path) as capture:
        logits, _ = fitted(net, samples, capture, held_out=held_out)
    files = read_epochs(capture.folder / EVAL)
    np.testing.assert_array_equal(np.stack(files.logits)[:, :6], logits[:, :6])
    assert [seen.nonzero()[0].tolist() for seen in files.seen if seen is not None] == [list(range(6))] * 2
    table = capture.report.samples.table
    assert table["split"].to_pylist() == [EVAL] * 6 + [TRAIN] * 39
    assert table["predicted"].to_pylist()[:6] == [CLASSES[k] for k in logits[1, :6].argmax(axis=1)]
    assert table["predicted"].to_pylist()[6:] == [None] * 39


def test_after_an_exception_no_hook_is_left_and_the_half_batch_is_not_recorded(net, samples, tmp_path):
    import torch

    with pytest.raises(ZeroDivisionError), ls.watch(net, samples, store=tmp_path) as capture:
        with capture.batch(["t0"], epoch=0):
            net(torch.zeros(1, 8))
        with capture.batch(["t1"], epoch=1):
            net(torch.zeros(1, 8))
            raise ZeroDivisionError
    assert hooks_of(net) == 0
    assert [seen.sum() for seen in read_epochs(capture.folder / TRAIN).seen if seen is not None] == []
    with pytest.raises(LabelsiftError, match="broke off"):
        capture.report  # noqa: B018


@pytest.mark.parametrize(
    ("ids", "message"),
    [
        (["t0", None], "have no id"),
        (["t0", "t0"], "stand twice"),
        (["t0", "nobody"], "no sample has"),
        (["t0", "t1", "t2"], r"2 rows of logits for a batch of 3 ids|2 rows of logits.* 3 ids"),
        ("t0", "not a list"),
        ({"name": ["t0", "t1"]}, "no ids under 'id'"),
        (None, "by ids or by rows"),
    ],
)
def test_what_does_not_fit_stops_the_loop_at_its_first_batch(net, samples, tmp_path, ids, message):
    import torch

    with (
        pytest.raises(InputError, match=message) as error,
        ls.watch(net, samples, store=tmp_path) as capture,
        capture.batch(ids, epoch=0),
    ):
        net(torch.zeros(2, 8))
    assert error.value.hint
    assert hooks_of(net) == 0


def test_targets_in_another_order_of_the_classes_stop_the_loop_at_its_first_batch(net, samples, tmp_path):
    import torch

    with ls.watch(net, samples, store=tmp_path, scan=False) as capture:
        with capture.batch(["t0", "t1", "t2"], labels=torch.tensor([0, 1, -100]), epoch=0):
            net(torch.zeros(3, 8))
    assert capture.recording.finished(TRAIN) == 1
    turned = ls.watch(net, samples, classes=CLASSES[::-1], store=tmp_path)
    with pytest.raises(InputError, match="labels of 2 rows") as error, turned as capture:
        with capture.batch(["t0", "t1", "t2"], labels=torch.tensor([0, 1, 2]), epoch=0):
            net(torch.zeros(3, 8))
    assert set(error.value.ids) == {"t0", "t2"}
    with pytest.raises(InputError, match="2 labels for 1 rows"), ls.watch(net, samples, store=tmp_path) as capture:
        with capture.batch(["t0"], labels=[0, 1], epoch=0):
            net(torch.zeros(1, 8))


def test_logits_of_other_classes_and_a_batch_without_a_pass_stop_the_loop_at_first(net, samples, tmp_path):
    import torch

    with pytest.raises(InputError, match="5 columns, not 3"):
        with ls.watch(net, samples, classifier="encoder", store=tmp_path) as capture, capture.batch(["t0"], epoch=0):
            net(torch.zeros(1, 8))
    with pytest.raises(InputError, match="put nothing out"):
        with ls.watch(net, samples, store=tmp_path) as capture, capture.batch(["t0"], epoch=0):
            net.head(net.encoder(torch.zeros(1, 8)))  # the model itself is not called
    assert hooks_of(net) == 0


def test_a_fault_later_lets_go_and_the_loop_goes_on(net, samples, tmp_path, caplog):
    import torch

    with ls.watch(net, samples, store=tmp_path) as capture:
        for number, ids in enumerate((["t0"], ["t1", "t1"], ["t2"])):
            with capture.batch(ids, epoch=0):
                net(torch.zeros(len(ids), 8))
            assert hooks_of(net) == (number == 0)
    assert len([record for record in caplog.records if "let go" in record.message]) == 1


def test_a_pass_without_ids_is_said_once(net, samples, tmp_path, caplog):
    import torch

    with caplog.at_level(logging.WARNING, "labelsift"), ls.watch(net, samples, store=tmp_path, scan=False) as capture:
        for row in range(3):
            net(torch.zeros(1, 8))
            with capture.batch([f"t{row}"], epoch=0):
                net(torch.zeros(1, 8))
    assert len([record for record in caplog.records if "had no ids" in record.message]) == 1


def test_a_pass_of_an_epoch_that_is_not_recorded_misses_no_ids(net, samples, tmp_path, caplog):
    import torch

    with caplog.at_level(logging.WARNING, "labelsift"):
        with ls.watch(net, samples, store=tmp_path, every=2, scan=False) as capture:
            for epoch in range(4):
                with capture.batch(["t0"], epoch=epoch):
                    net(torch.zeros(1, 8))
    assert capture.recording.finished(TRAIN) == 2
    assert not caplog.records


def test_a_batch_of_a_capture_that_is_not_open_is_refused(net, samples, tmp_path):
    capture = ls.watch(net, samples, store=tmp_path, scan=False)
    for _ in range(2):
        with pytest.raises(InputError, match="The capture is not open"), capture.batch(["t0"], epoch=0):
            pass
        with capture:
            pass


def test_a_copy_of_the_model_carries_no_recording(net, samples, tmp_path):
    import copy
    import io

    import torch

    with ls.watch(net, samples, embedding="encoder", store=tmp_path, scan=False) as capture:
        with capture.batch(["t0"], epoch=0):
            net(torch.zeros(1, 8))
            copied, file = copy.deepcopy(net), io.BytesIO()
            torch.save(net, file)
    file.seek(0)
    for made in (copied, torch.load(file, weights_only=False)):
        made.train()
        made(torch.zeros(4, 8))
        kept = {hook.__self__ for part in made.modules() for hook in part._forward_hooks.values()}
        assert len({id(outputs) for outputs in kept}) == len(kept) > 0
        assert all(vars(one) == {"opened": False, "strayed": False, "skipped": False, "_model": None} for one in kept)
    assert capture.recording.finished(TRAIN) == 1


def test_a_module_within_a_compiled_model_is_refused_with_the_cure(net, samples, tmp_path):
    import torch

    compiled = torch.compile(net, backend="eager")
    with pytest.raises(InputError, match="no module 'head'") as error:
        with ls.watch(compiled, samples, classifier="head", store=tmp_path):
            pass
    assert "without classifier" in error.value.hint
    with ls.watch(compiled, samples, store=tmp_path, scan=False) as capture, capture.batch(["t0"], epoch=0):
        compiled(torch.zeros(1, 8))
    assert capture.recording.finished(TRAIN) == 1


def test_an_unknown_module_is_refused_with_the_closest_names(net, samples, tmp_path):
    with (
        pytest.raises(InputError, match="no module 'heads'") as error,
        ls.watch(net, samples, classifier="heads", embedding="encoder", store=tmp_path),
    ):
        pass
    assert error.value.ids == ("head",)
    assert hooks_of(net) == 0


@pytest.mark.parametrize(
    ("asked", "given"),
    [
        (None, lambda ids: {"id": ids, "x": None}),
        ("key", lambda ids: {"key": list(ids)}),
        ("-1", lambda ids: (None, ids)),
        (lambda batch: [name[1:] for name in batch], lambda ids: [f"x{name}" for name in ids]),
    ],
    ids=["column id", "another key", "a place", "a function"],
)
def test_ids_come_out_of_the_batch_as_asked(net, samples, tmp_path, asked, given):
    with ls.watch(net, samples, classifier="head", ids=asked, store=tmp_path, scan=False) as capture:
        logits, _ = fitted(net, samples, capture, epochs=1, given=given)
    np.testing.assert_array_equal(read_epochs(capture.folder / TRAIN).logits[0], logits[0])


def test_whole_numbers_are_ids_and_rows_are_positions(net, tmp_path):
    import pyarrow as pa
    import torch

    rows = [{"id": 10 * row, "text": f"text {row}", "label": CLASSES[row % 3]} for row in range(6)]
    numbered = ls.read(pa.Table.from_pylist(rows), label="label", id="id", name="numbered")
    inputs = torch.randn(6, 8)
    with ls.watch(net.eval(), numbered, store=tmp_path, scan=False) as capture:
        for epoch, batch in enumerate(({"ids": torch.tensor([30, 10])}, {"rows": torch.tensor([3, 1, 3])})):
            with capture.batch(**batch, epoch=epoch, split=TRAIN):
                net(inputs[: len(next(iter(batch.values())))])
    expected = net(inputs).detach().numpy()
    first, second = read_epochs(capture.folder / TRAIN).logits
    np.testing.assert_allclose(first[[3, 1]], expected[:2], rtol=1e-5)
    np.testing.assert_allclose(second[[3, 1]], expected[[2, 1]], rtol=1e-5)  # as it came last
    with pytest.raises(InputError, match="no position"):
        with ls.watch(net, numbered, store=tmp_path) as capture, capture.batch(rows=[6], epoch=0):
            net(inputs[:1])


def test_several_passes_half_precision_and_repeated_forward_passes_of_checkpoints(samples, tmp_path):
    import torch
    from torch.utils.checkpoint import checkpoint

    net = model().eval()
    inputs = torch.randn(4, 8)
    with ls.watch(net, samples, embedding="encoder", store=tmp_path, scan=False) as capture:
        with capture.batch(["t3", "t2", "t1", "t0"], epoch=0, split=TRAIN), torch.autocast("cpu", torch.bfloat16):
            for part in inputs.split(2):
                out = checkpoint(net, part, use_reentrant=False)
                kept = out.detach().clone()
                out.float().sum().backward()
                out.detach().zero_()
    with torch.no_grad(), torch.autocast("cpu", torch.bfloat16):
        expected = net(inputs).float().numpy()
    np.testing.assert_array_equal(read_epochs(capture.folder / TRAIN).logits[0][[3, 2, 1, 0]], expected)
    assert kept.dtype == torch.bfloat16


def test_one_column_is_the_log_odds_of_the_second_class_and_tokens_are_pooled_by_their_mask(tmp_path):
    import pyarrow as pa
    import torch
    from torch import nn

    class Texts(nn.Module):
        def __init__(self):
            super().__init__()
            self.encoder, self.head = nn.Embedding(9, 4), nn.Linear(4, 1)

        def forward(self, tokens, attention_mask):
            hidden = self.encoder(tokens)
            return {"loss": None, "logits": self.head(hidden[:, 0])}

    rows = [{"id": f"r{row}", "text": f"text {row}", "label": ("no", "yes")[row % 2]} for row in range(4)]
    samples = ls.read(pa.Table.from_pylist(rows), label="label", id="id", name="binary")
    net, tokens = Texts(), torch.tensor([[1, 2, 0], [3, 0, 0]])
    mask = (tokens > 0).long()
    with ls.watch(net, samples, embedding="encoder", store=tmp_path, scan=False) as capture:
        with capture.batch(["r0", "r1"], epoch=0):
            z = net(tokens, mask)["logits"].detach().numpy()[:, 0]
    logits = read_epochs(capture.folder / TRAIN).logits[0][:2]
    np.testing.assert_allclose(logits[:, 1] - logits[:, 0], z, rtol=1e-6)
    table = net.encoder.weight.detach().numpy()
    np.testing.assert_allclose(capture.embeddings()[1], [(table[1] + table[2]) / 2, table[3]], atol=2e-3)
