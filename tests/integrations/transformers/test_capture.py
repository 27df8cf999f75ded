"""A Trainer's trainings: whose logits, of which epoch, whatever shuffles and collates, and nothing left behind."""

from __future__ import annotations

import logging
from types import SimpleNamespace

import frameworks
import labelsift as ls
import numpy as np
import pyarrow as pa
import pytest
import tiny_transformers as tiny
from labelsift.capture.recording import EMBEDDINGS
from labelsift.errors import InputError, LabelsiftError
from labelsift.signals.epoch_files import read_epochs

frameworks.require("torch", "transformers", "accelerate", "datasets")
pytestmark = [
    pytest.mark.xdist_group("torch"),
    pytest.mark.slow,
    pytest.mark.filterwarnings("default"),  # of PyTorch and transformers
]
N, HELD_OUT = 40, 12
TRAIN, EVAL = tiny.rows(N), tiny.rows(HELD_OUT, seed=1, first=N)


def samples_of(rows=(*TRAIN, *EVAL), **options):
    return ls.read(pa.Table.from_pylist(tiny.texts(rows)), label="label", **{"id": "id", **options})


@pytest.fixture
def make(tmp_path):
    """A Trainer that keeps, apart from the capture, what its own loss was given and what the model returned."""
    import datasets
    import transformers

    class Watched(transformers.Trainer):
        def compute_loss(self, model, inputs, return_outputs=False, num_items_in_batch=None):
            loss, outputs = super().compute_loss(model, dict(inputs), True, num_items_in_batch)
            self.keys |= set(inputs)
            words = [tuple(word for word in row if word) for row in inputs["input_ids"].tolist()]
            self.seen.append((model.training, self.count, words, outputs.logits.detach().float().numpy().copy()))
            return (loss, outputs) if return_outputs else loss

        def train(self, *args, **kwargs):
            transformers.set_seed(0)
            return super().train(*args, **kwargs)

    class Counting(transformers.TrainerCallback):
        def __init__(self, trainer):
            self.trainer = trainer

        def on_epoch_begin(self, *args, **kwargs):
            self.trainer.count += 1

    def make(train=TRAIN, held_out=EVAL, *, model=None, collate=tiny.padded, callbacks=(), listed=False, **arguments):
        form = list if listed else datasets.Dataset.from_list
        given = {name: form(rows) for name, rows in held_out.items()} if isinstance(held_out, dict) else None
        trainer = Watched(
            model=model or tiny.bert(),
            args=tiny.arguments(tmp_path / "out", **arguments),
            train_dataset=form(train) if isinstance(train, (list, tuple)) else train,
            eval_dataset=given or (form(held_out) if held_out else None),
            data_collator=collate,
            callbacks=list(callbacks),
        )
        trainer.seen, trainer.keys, trainer.count = [], set(), -1
        trainer.add_callback(Counting(trainer))
        return trainer

    return make


def own_logits(trainer, rows, *, training, epochs=2, first=0):
    """What the Trainer saw of the model: shape (epochs, rows, classes)."""
    place = {tuple(row["input_ids"]): position for position, row in enumerate(rows)}
    found = np.full((epochs, len(rows), trainer.seen[0][3].shape[-1]), np.nan, dtype=np.float32)
    for trained, epoch, words, logits in trainer.seen:
        for own, values in zip(words, logits, strict=True):
            if trained == training and own in place:
                found[max(epoch, 0) - first, place[own]] = values
    return found


def kept_logits(capture, split, rows=None):
    epochs = read_epochs(capture.folder / split)
    names = [row["id"] for row in rows or ()]
    chosen = [epochs.ids.index(name) for name in names] if rows else slice(None)
    return np.stack([array[chosen] for array in epochs.logits])


def left_in(trainer):
    modules = list(trainer.model.modules())
    hooks = sum(len(module._forward_hooks) + len(module._forward_pre_hooks) for module in modules)
    loaders = [trainer.callback_handler.train_dataloader, trainer.callback_handler.eval_dataloader]
    marked = [type(loader.dataset).__name__ for loader in loaders if loader is not None]
    return set(vars(trainer)), hooks, [type(each).__name__ for each in trainer.callback_handler.callbacks], marked


class TestRecording:
    @pytest.mark.parametrize(
        "arguments",
        [
            {"dataloader_num_workers": 2, "gradient_accumulation_steps": 2, "eval_strategy": "epoch"},
            {"train_sampling_strategy": "group_by_length", "bf16": True, "eval_strategy": "steps", "eval_steps": 2},
        ],
    )
    def test_every_row_of_every_epoch_is_where_it_belongs(self, make, tmp_path, arguments):
        trainer, plain = make(**arguments), make(**arguments)
        plain.train()
        with ls.watch(trainer, samples_of(), store=tmp_path / "store") as capture:
            trainer.train()
        ours = own_logits(trainer, TRAIN, training=True)
        np.testing.assert_array_equal(kept_logits(capture, "train", TRAIN), ours)
        np.testing.assert_array_equal(ours, own_logits(plain, TRAIN, training=True), "the training is what it was")
        held_out = kept_logits(capture, "eval", EVAL)
        np.testing.assert_array_equal(held_out, own_logits(trainer, EVAL, training=False))
        assert trainer.keys == {"input_ids", "attention_mask", "labels"}
        assert left_in(trainer) == left_in(plain)
        assert trainer.state.total_flos == plain.state.total_flos
        facts = capture.report.summary()["facts"]["dynamics"]
        assert facts["epochs"] == 2
        assert ls.load(capture.report.run, store=tmp_path / "store").run == capture.report.run

    def test_embeddings_are_the_mean_of_the_hidden_states_that_are_no_padding(self, make, tmp_path):
        import torch
        import transformers

        config = transformers.DistilBertConfig(
            vocab_size=60, dim=32, n_layers=1, n_heads=2, hidden_dim=64, num_labels=3
        )
        config.id2label = dict(enumerate(tiny.CLASSES))
        model = transformers.DistilBertForSequenceClassification(config)
        trainer = make(model=model, num_train_epochs=1, learning_rate=0.0)
        with ls.watch(trainer, samples_of(), store=tmp_path / "store", scan=False) as capture:
            trainer.train()
            trainer.evaluate()
        ids, vectors = capture.embeddings("eval")
        assert ids == [row["id"] for row in EVAL]
        model.eval()
        for row, vector in zip(EVAL, vectors, strict=True):
            with torch.no_grad():
                states = model.distilbert(torch.tensor([row["input_ids"]])).last_hidden_state[0]
            np.testing.assert_allclose(vector, states.mean(dim=0).numpy(), atol=2e-3)
        assert len(capture.embeddings()[0]) == N
        assert (capture.folder / "train" / EMBEDDINGS).stat().st_mode & 0o777 == 0o700

    def test_each_evaluation_data_set_is_recorded_by_its_name_and_under_its_epoch(self, make, tmp_path):
        sets = {"one": EVAL[:6], "a/b": EVAL[6:]}
        trainer = make(held_out=sets, eval_strategy="epoch", eval_on_start=True, num_train_epochs=3)
        with ls.watch(trainer, samples_of(), store=tmp_path / "store", scan=False) as capture:
            trainer.train()
            trainer.predict(trainer.eval_dataset["one"])
            trainer.evaluate()
        last = own_logits(trainer, EVAL, training=False, epochs=3)
        np.testing.assert_array_equal(kept_logits(capture, "eval_one", sets["one"]), last[:, :6])
        np.testing.assert_array_equal(kept_logits(capture, "eval_a_b", sets["a/b"]), last[:, 6:])

    def test_a_training_that_is_resumed_goes_on_in_its_recording(self, make, tmp_path):
        first = make(save_strategy="steps", save_steps=7)  # in the midst of the second epoch
        with ls.watch(first, samples_of(), store=tmp_path / "store", name="tickets", scan=False):
            first.train()
        again = make(num_train_epochs=3)
        with ls.watch(again, samples_of(), store=tmp_path / "store", name="tickets", scan=False) as capture:
            again.train(resume_from_checkpoint=str(tmp_path / "out" / "checkpoint-7"))
        assert again.count == 1, "the rest of the second epoch and the third"
        epochs = read_epochs(capture.folder / "train")
        assert len(epochs.logits) == 4
        ours = own_logits(again, TRAIN, training=True)
        shown = np.isfinite(ours[0, :, 0])
        assert 0 < shown.sum() < N
        np.testing.assert_array_equal(epochs.seen[2][:N], shown)
        np.testing.assert_array_equal(epochs.logits[2][:N][shown], ours[0][shown])
        np.testing.assert_array_equal(epochs.logits[3][:N], ours[1])

    def test_trainings_one_after_the_other_do_not_overwrite_each_other(self, make, tmp_path):
        trainer = make(num_train_epochs=1, eval_strategy="epoch")
        with ls.watch(trainer, samples_of(), store=tmp_path / "store", name="tickets", scan=False) as capture:
            trainer.train()
            trainer.train()
        ours = own_logits(trainer, TRAIN, training=True)
        assert not np.array_equal(ours[0], ours[1])
        np.testing.assert_array_equal(kept_logits(capture, "train", TRAIN), ours)
        np.testing.assert_array_equal(kept_logits(capture, "eval", EVAL), own_logits(trainer, EVAL, training=False))
        trainer = make()
        with (
            pytest.raises(InputError, match="holds 2 epochs of a training, and this one begins anew") as error,
            ls.watch(trainer, samples_of(), store=tmp_path / "store", name="tickets", scan=False),
        ):
            trainer.train()
        assert "name=" in error.value.hint
        assert not trainer.seen, "before the first step"

    def test_an_epoch_that_a_callback_ends_is_not_mixed_with_the_next(self, make, tmp_path):
        import transformers

        class Short(transformers.TrainerCallback):
            def on_step_end(self, args, state, control, **kwargs):
                control.should_epoch_stop = state.global_step == 2

        trainer = make(callbacks=[Short()])
        with ls.watch(trainer, samples_of(), store=tmp_path / "store", scan=False) as capture:
            trainer.train()
        epochs = read_epochs(capture.folder / "train")
        ours = own_logits(trainer, TRAIN, training=True)
        np.testing.assert_array_equal(epochs.seen[0][:N], np.isfinite(ours[0, :, 0]))
        np.testing.assert_array_equal(epochs.logits[1][:N], ours[1])

    def test_a_row_that_is_drawn_twice_counts_as_it_came_last(self, make, tmp_path, monkeypatch):
        import torch

        trainer = make(num_train_epochs=1)
        drawn = [0, 0, 1, 2, 3, 4, 5, 6, 0, *range(7, 14)]
        sampler = type(
            "Sampler",
            (torch.utils.data.Sampler,),
            {"__iter__": lambda self: iter(drawn), "__len__": lambda self: len(drawn)},
        )
        monkeypatch.setattr(trainer, "_get_train_sampler", lambda *args: sampler())
        with ls.watch(trainer, samples_of(), store=tmp_path / "store", scan=False) as capture:
            trainer.train()
        np.testing.assert_array_equal(
            kept_logits(capture, "train", TRAIN)[0, :14], own_logits(trainer, TRAIN, training=True)[0, :14]
        )


class TestIds:
    def test_samples_without_ids_are_known_by_the_order_and_kept_by_their_hashes(self, make, tmp_path):
        samples = samples_of(TRAIN, id=None)
        bare = [{name: value for name, value in row.items() if name != "id"} for row in TRAIN]
        trainer = make(bare, None)
        with ls.watch(trainer, samples, store=tmp_path / "store", scan=False) as capture:
            trainer.train()
        assert capture.recording.ids == samples.ids.to_pylist()
        np.testing.assert_array_equal(kept_logits(capture, "train"), own_logits(trainer, TRAIN, training=True))

    @pytest.mark.parametrize("kind", ["list", "torch", "stream", "callable"])
    def test_ids_of_rows_that_are_in_another_order_than_the_samples(self, make, tmp_path, kind):
        import torch

        rows = [TRAIN[row] for row in np.random.default_rng(0).permutation(N)]
        ids, collate, more = "id", tiny.padded, {}
        if kind == "torch":
            rows = type(
                "Rows",
                (torch.utils.data.Dataset,),
                {"__getitem__": lambda self, i, own=rows: own[i], "__len__": lambda self: N},
            )()
            more = {"dataloader_num_workers": 2}
        elif kind == "stream":
            rows = type("Stream", (torch.utils.data.IterableDataset,), {"__iter__": lambda self, own=rows: iter(own)})()
            more = {"max_steps": 10}
        elif kind == "callable":
            by_words = {tuple(row["input_ids"]): row["id"] for row in TRAIN}
            rows = [{name: value for name, value in row.items() if name != "id"} for row in rows]

            def ids(batch):
                return [by_words[tuple(word for word in row if word)] for row in batch["input_ids"].tolist()]

        trainer = make(rows, None, listed=True, collate=collate, **more)
        with ls.watch(trainer, samples_of(), store=tmp_path / "store", ids=ids, scan=False) as capture:
            trainer.train()
        np.testing.assert_array_equal(kept_logits(capture, "train", TRAIN), own_logits(trainer, TRAIN, training=True))

    @pytest.mark.parametrize(
        ("spoil", "options", "message"),
        [
            (lambda rows: [{**rows[0], "id": None}, *rows[1:]], {}, "have no id"),
            (lambda rows: [{**rows[0], "id": "t001"}, *rows[1:]], {}, "stand twice.*t001"),
            (lambda rows: [{**rows[0], "id": "nobody"}, *rows[1:]], {}, "no sample has: nobody"),
            (lambda rows: rows, {"ids": "ticket"}, "have no ticket"),
            (
                lambda rows: [{**row, "id": other["id"]} for row, other in zip(rows, rows[1:] + rows[:1], strict=True)],
                {},
                "are not those of the samples",
            ),
            (
                lambda rows: [{"input_ids": row["input_ids"], "label": row["label"]} for row in rows[:-1]],
                {},
                "39 rows.*52 samples",
            ),
        ],
    )
    @pytest.mark.parametrize("listed", [True, False])
    def test_wrong_ids_stop_the_training_at_its_first_batch(self, make, tmp_path, spoil, options, message, listed):
        trainer = make(spoil(list(TRAIN)), None, listed=listed)
        clean = left_in(trainer)[1:]
        with (
            pytest.raises(InputError, match=message) as error,
            ls.watch(trainer, samples_of(), store=tmp_path / "store", **options),
        ):
            trainer.train()
        assert error.value.hint
        assert trainer.state.global_step == 0
        assert left_in(trainer)[1:3] == clean[:2]

    def test_outputs_in_another_order_than_the_labels_are_refused(self, make, tmp_path):
        other = samples_of(TRAIN)
        trainer = make(held_out=None, model=tiny.bert(named=False))
        swapped = [tiny.CLASSES[code] for code in (1, 0, 2)]
        with (
            pytest.raises(InputError, match=r"are not those of the samples.*classes="),
            ls.watch(trainer, other, store=tmp_path / "store", classes=swapped),
        ):
            trainer.train()
        with ls.watch(trainer, other, store=tmp_path / "store", scan=False) as capture:
            trainer.train()
        assert capture.recording.classes == list(tiny.CLASSES)

    @pytest.mark.parametrize(
        "rows",
        [tiny.rows(N, seed=3, first=900), [{k: v for k, v in r.items() if k != "id"} for r in tiny.rows(N, seed=3)]],
    )
    def test_an_evaluation_of_other_rows_is_left_out_and_said(self, make, tmp_path, caplog, rows):
        trainer = make(held_out=rows, eval_strategy="epoch")
        with (
            caplog.at_level(logging.WARNING, "labelsift"),
            ls.watch(trainer, samples_of(TRAIN), store=tmp_path / "store") as capture,
        ):
            trainer.train()
        assert "An evaluation data set is not recorded" in caplog.text
        assert not (capture.folder / "eval").exists()
        assert capture.report.summary()["facts"]["dynamics"]["epochs"] == 2


class TestNothingIsLeft:
    @pytest.mark.parametrize("workers", [0, 1])
    def test_a_fault_in_the_midst_of_an_epoch_costs_no_training(self, make, tmp_path, caplog, monkeypatch, workers):
        more = {
            "dataloader_num_workers": workers,
            "eval_strategy": "epoch",
        }
        trainer, plain = make(**more), make(**more)
        plain.train()
        with (
            caplog.at_level(logging.WARNING, "labelsift"),
            ls.watch(trainer, samples_of(), store=tmp_path / "store") as capture,
        ):
            write, calls = capture.recording.batch, []

            def full(*args, **kwargs):
                calls.append(args)
                if len(calls) == 3:
                    raise OSError("No space left on device")
                write(*args, **kwargs)

            monkeypatch.setattr(capture.recording, "batch", full)
            trainer.train()
            trainer.evaluate()
        assert len(calls) == 3
        assert caplog.text.count("let go") == 1
        np.testing.assert_array_equal(
            own_logits(trainer, TRAIN, training=True), own_logits(plain, TRAIN, training=True)
        )
        assert trainer.keys == plain.keys
        assert left_in(trainer) == left_in(plain)
        with pytest.raises(LabelsiftError, match="No space left"):
            capture.report  # noqa: B018
        trainer.evaluate()

    def test_an_exception_of_the_training_leaves_no_hook(self, make, tmp_path):
        import transformers

        class Broken(transformers.TrainerCallback):
            def on_step_end(self, args, state, control, **kwargs):
                if state.global_step == 7:
                    raise ZeroDivisionError

        trainer, plain = make(callbacks=[Broken()]), make(callbacks=[Broken()])
        with pytest.raises(ZeroDivisionError):
            plain.train()
        with pytest.raises(ZeroDivisionError), ls.watch(trainer, samples_of(), store=tmp_path / "store") as capture:
            trainer.train()
        assert left_in(trainer) == left_in(plain)
        assert len(read_epochs(capture.folder / "train").logits) == 1
        assert trainer.training_step.__func__ is plain.training_step.__func__

    def test_who_else_draws_from_a_loader_gets_what_it_always_got(self, make, tmp_path):
        import transformers

        class Looking(transformers.TrainerCallback):
            def on_evaluate(self, args, state, control, model=None, eval_dataloader=None, **kwargs):
                assert set(eval_dataloader.dataset[0]) == {"input_ids", "label"}
                for batch in eval_dataloader:
                    model(**batch)

        trainer = make(callbacks=[Looking()], eval_strategy="epoch")
        with ls.watch(trainer, samples_of(), store=tmp_path / "store", scan=False) as capture:
            trainer.train()
        np.testing.assert_array_equal(kept_logits(capture, "eval", EVAL), own_logits(trainer, EVAL, training=False))
        assert not capture.broken

    def test_a_training_of_several_processes_is_let_go(self, make, tmp_path, caplog, monkeypatch):
        trainer = make(num_train_epochs=1)
        keys = set(vars(trainer))
        monkeypatch.setattr(type(trainer.args), "world_size", 2)
        with (
            caplog.at_level(logging.WARNING, "labelsift"),
            ls.watch(trainer, samples_of(), store=tmp_path / "store") as capture,
        ):
            assert set(vars(trainer)) == keys
        assert "several processes" in caplog.text
        with pytest.raises(LabelsiftError, match="several processes"):
            capture.report  # noqa: B018


class TestKinds:
    def test_several_labels_a_row(self, make, tmp_path):
        rng = np.random.default_rng(0)
        sets = [[int(rng.random() < 0.5) for _ in tiny.CLASSES] for _ in TRAIN]

        def collate(features):
            import torch

            batch = tiny.padded([{k: v for k, v in f.items() if k != "label"} for f in features])
            return {**batch, "labels": torch.tensor([feature["labels"] for feature in features], dtype=torch.float32)}

        rows = [
            {"id": r["id"], "input_ids": r["input_ids"], "labels": chosen}
            for r, chosen in zip(TRAIN, sets, strict=True)
        ]
        table = [
            {"id": t["id"], "text": t["text"], "labels": [c for c, on in zip(tiny.CLASSES, chosen, strict=True) if on]}
            for t, chosen in zip(tiny.texts(TRAIN), sets, strict=True)
        ]
        samples = ls.read(pa.Table.from_pylist(table), labels="labels", id="id")
        trainer = make(rows, None, model=tiny.bert(problem_type="multi_label_classification"), collate=collate)
        with ls.watch(trainer, samples, store=tmp_path / "store") as capture:
            trainer.train()
        np.testing.assert_array_equal(kept_logits(capture, "train", TRAIN), own_logits(trainer, TRAIN, training=True))
        assert capture.report

    def test_one_output_for_two_classes(self, make, tmp_path):
        import torch

        two = tiny.rows(24, classes=("no", "yes"))
        model = tiny.bert(("only",))

        class Binary(type(make())):
            def compute_loss(self, model, inputs, return_outputs=False, num_items_in_batch=None):
                outputs = model(**{name: value for name, value in inputs.items() if name != "labels"})
                words = [tuple(word for word in row if word) for row in inputs["input_ids"].tolist()]
                self.seen.append((True, self.count, words, outputs.logits.detach().numpy().copy()))
                return torch.nn.functional.binary_cross_entropy_with_logits(
                    outputs.logits[:, 0], inputs["labels"].float()
                )

        trainer = make(two, None, model=model)
        trainer.__class__ = Binary
        samples = ls.read(pa.Table.from_pylist(tiny.texts(two, ("no", "yes"))), label="label", id="id")
        with ls.watch(trainer, samples, store=tmp_path / "store") as capture:
            trainer.train()
        z = own_logits(trainer, two, training=True)[..., 0]
        kept = kept_logits(capture, "train", two)
        np.testing.assert_allclose(kept[..., 1] - kept[..., 0], z, rtol=1e-5)
        assert capture.recording.classes == ["no", "yes"]

    def test_a_regression_is_refused(self, make, tmp_path):
        two = [{**row, "label": float(row["label"])} for row in tiny.rows(24, classes=("no", "yes"))]
        samples = ls.read(
            pa.Table.from_pylist(tiny.texts(tiny.rows(24, classes=("no", "yes")), ("no", "yes"))),
            label="label",
            id="id",
        )
        trainer = make(two, None, model=tiny.bert(("only",)))
        with pytest.raises(InputError, match="regression"), ls.watch(trainer, samples, store=tmp_path / "store"):
            trainer.train()

    def test_a_tagger_is_recorded_token_by_token(self, make, tmp_path):
        import torch

        tags = ("O", "B-product", "I-product")
        rng = np.random.default_rng(0)
        rows = [
            {**row, "labels": [-100, *rng.integers(0, 2, len(row["input_ids"]) - 1).tolist()]}
            for row in (*TRAIN[:16], *EVAL)
        ]

        def collate(features):
            batch = tiny.padded([{k: v for k, v in f.items() if k not in ("label", "labels")} for f in features])
            width = batch["input_ids"].shape[1]
            return {
                **batch,
                "labels": torch.tensor([f["labels"] + [-100] * (width - len(f["labels"])) for f in features]),
            }

        spans = []
        for row in rows:
            words = [f"word{word}" for word in row["input_ids"][1:]]
            starts = np.cumsum([0, *(len(word) + 1 for word in words)])
            marked = [
                {"start": int(start), "end": int(start) + len(word), "label": "product"}
                for start, word, tag in zip(starts, words, row["labels"][1:], strict=False)
                if tag == 1
            ]
            spans.append({"id": row["id"], "text": " ".join(words), "spans": marked})
        samples = ls.read(pa.Table.from_pylist(spans), spans="spans", id="id")
        trainer = make(
            rows[:16], rows[16:], model=tiny.bert(tags, "TokenClassification"), collate=collate, eval_strategy="epoch"
        )
        with ls.watch(trainer, samples, store=tmp_path / "store") as capture:
            trainer.train()
        ids, probabilities = capture.token_probs()
        assert ids == [row["id"] for row in EVAL]
        place = {tuple(row["input_ids"]): position for position, row in enumerate(EVAL)}
        last = {}
        for training, epoch, words, logits in trainer.seen:
            if not training and epoch == 1:
                last.update({place[own]: values[1 : len(own)] for own, values in zip(words, logits, strict=True)})
        for row, found in enumerate(probabilities):
            odds = np.exp(last[row]) / np.exp(last[row]).sum(axis=1, keepdims=True)
            np.testing.assert_allclose(found, odds, rtol=1e-5)
        held_out = ls.read(pa.Table.from_pylist(spans[16:]), spans="spans", id="id")
        signals = ls.Signals(token_pred_probs=probabilities, ids=ids, classes=capture.recording.classes)
        assert ls.scan(held_out, signals=signals, store=None, progress=False)
        assert len(capture.token_probs("train")[0]) == 16

    def test_the_panels_go_into_the_run_that_was_active(self, make, tmp_path, monkeypatch):
        from labelsift import platforms

        logged = []

        class Tracker(platforms.Tracker):
            name = "notebook"

            def active_run(self):
                return "r1"

        point = SimpleNamespace(name="notebook", load=lambda: Tracker)
        monkeypatch.setattr("labelsift.capture.afterwards.entry_points", lambda group: [point])
        monkeypatch.setattr("labelsift.report.Report.log", lambda self, name: logged.append((name, self.run)))
        trainer = make()
        with ls.watch(trainer, samples_of(), store=tmp_path / "store") as capture:
            trainer.train()
        assert logged == [("notebook", capture.report.run)]


class TestOtherTrainers:
    @pytest.mark.parametrize("outputs", [1, 2])
    def test_a_cross_encoder_is_recorded_pair_by_pair(self, tmp_path, outputs):
        frameworks.require("sentence_transformers")
        import torch
        from datasets import Dataset
        from sentence_transformers.cross_encoder import CrossEncoder, CrossEncoderTrainer, losses
        from sentence_transformers.cross_encoder.training_args import CrossEncoderTrainingArguments

        rows = [
            {"question": f"where is parcel {row}", "answer": f"{('we sell tea', 'it left today')[row % 2]} {row}"}
            for row in range(24)
        ]
        folder = tiny.saved(tmp_path / "model", [" ".join(row.values()) for row in rows])
        model = CrossEncoder(folder, num_labels=outputs, device="cpu")
        given = [{**row, "label": (float if outputs == 1 else int)(place % 2)} for place, row in enumerate(rows)]
        loss = losses.BinaryCrossEntropyLoss if outputs == 1 else losses.CrossEntropyLoss
        trainer = CrossEncoderTrainer(
            model=model,
            args=CrossEncoderTrainingArguments(
                output_dir=str(tmp_path / "out"),
                per_device_train_batch_size=8,
                num_train_epochs=2,
                eval_strategy="epoch",
                report_to="none",
                save_strategy="no",
                disable_tqdm=True,
                use_cpu=True,
            ),
            train_dataset=Dataset.from_list(given[:16]),
            eval_dataset=Dataset.from_list(given[16:]),
            loss=loss(model),
        )
        table = [
            {
                "text": " / ".join(row.values()),
                "label": ("other", "answer")[place % 2],
                "split": "dev" if place > 15 else "train",
            }
            for place, row in enumerate(rows)
        ]
        samples = ls.read(pa.Table.from_pylist(table), label="label", split="split")
        with ls.watch(trainer, samples, store=tmp_path / "store", classes=["other", "answer"]) as capture:
            trainer.train()
        places, logits = capture.recording.last("eval")
        assert places.tolist() == list(range(16, 24))
        pairs = [tuple(row.values()) for row in rows[16:]]
        raw = model.predict(pairs, activation_fn=torch.nn.Identity())
        np.testing.assert_allclose(logits if outputs == 2 else logits[:, 1] - logits[:, 0], raw, atol=1e-5)
        assert capture.report.summary()["facts"]["dynamics"]["epochs"] == 2
        assert capture.embeddings()[1].shape == (16, 32)

    def test_processes_that_outlive_a_loop_are_not_left_with_marks(self):
        import torch
        from labelsift.integrations.transformers.marked_rows import IDS, ROWS, Switch, mark

        loader = torch.utils.data.DataLoader(
            TRAIN[:8], 4, collate_fn=tiny.padded, num_workers=1, persistent_workers=True
        )
        back = mark(loader, Switch(), 3, "id")
        batch = next(iter(loader))
        assert batch[ROWS].tolist() == [[3, row] for row in range(4)]
        assert batch[IDS] == [row["id"] for row in TRAIN[:4]]
        back()
        assert set(next(iter(loader))) == {"input_ids", "attention_mask", "labels"}
