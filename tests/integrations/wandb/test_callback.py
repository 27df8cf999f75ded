"""The callback for training code: a plain loop, and where torch is installed a real Trainer.

torch is the user's own and no part of the development environment: the tests of the Trainer, at the end, take it from
the cached folder of frameworks, and exist only where that is.
"""

import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path
from types import SimpleNamespace

import frameworks
import labelsift as ls
import numpy as np
import pyarrow as pa
import pytest
from labelsift.errors import InputError
from labelsift.integrations import wandb as adapter  # the callback comes with its first use: it brings torch
from labelsift.integrations.wandb import readback

N = 240
CLASSES = ["refund", "shipping"]
STATE = np.array(["CA", "NY", "TX"])[np.arange(N) % 3]
LABEL = np.arange(N) // 3 % 2  # balanced in each state
SLICES = {"ca_short": "state = 'CA' and length(text) < 40", "tiny": "id in ('1', '2', '3')"}


def samples(n=N, **columns):
    """Evaluation rows of two classes, with a column of states, of agents' addresses and of an earlier model."""
    table = {
        "id": [str(row) for row in range(N)],
        "text": [f"{CLASSES[LABEL[row]]} of order {row}" for row in range(N)],
        "label": [CLASSES[code] for code in LABEL],
        "state": STATE.tolist(),
        "agent": [("ann@example.org", "bob@example.org")[row % 2] for row in range(N)],
        "old": [CLASSES[row % 2] for row in range(N)],
    } | columns
    table = {name: values[:n] for name, values in table.items()}
    return ls.read(
        pa.table(table), label="label", id="id", predicted="old", metadata=["state", "agent"], name="tickets"
    )


def probabilities(wrong):
    """Probabilities that are right but for some rows: float64, shape (N, 2)."""
    shown = np.where(wrong, 1 - LABEL, LABEL)
    return np.eye(2)[shown] * 0.8 + 0.1


def history(run):
    """Return the rows of an offline run's history."""
    records = readback.records(Path(run.dir).parent)
    return [record["history"]["item"] for record in records if record["type"] == "history"]


@pytest.mark.slow
def test_a_plain_loop_logs_declared_and_surely_worse_slices_at_its_steps(offline, all_bytes):
    import wandb

    callback = adapter.LabelsiftCallback(samples(), slices=SLICES, scan=False)
    with wandb.init(project="mine") as run:
        early = callback.log_predictions(probabilities(STATE == "TX"), step=100)
        late = callback.log_predictions(probabilities(np.arange(N) < 0), step=200)
        assert wandb.run is run  # never finished
    assert early["slice.accuracy/all"] == pytest.approx(2 / 3)
    assert early["slice.accuracy/state:TX"] == 0  # all wrong: surely worse
    assert early["slice.accuracy/slice:ca_short"] == 1
    assert not [name for name in early if "state:NY" in name or "tiny" in name]  # as good as the rest; three samples
    assert set(late) == {
        f"slice.{metric}/{name}" for metric in ("accuracy", "f1") for name in ("all", "slice:ca_short")
    }
    rows = history(run)
    assert [(row["train/global_step"], row["slice.accuracy/all"]) for row in rows] == [
        (100, early["slice.accuracy/all"]),
        (200, 1),
    ]
    written = all_bytes(offline)
    assert b"slice:ca_short" in written
    assert b"example.org" not in written  # what names people makes no slice
    assert b"of order" not in written


@pytest.mark.slow
def test_classes_may_be_predicted_and_outputs_be_named(offline):
    import wandb

    with wandb.init(project="mine"):
        callback = adapter.LabelsiftCallback(samples(), classes=["shipping", "refund"], scan=False)
        flipped = probabilities(STATE == "TX")[:, ::-1]
        by_probability = callback.log_predictions(flipped)
        names = np.array(["shipping", "refund"])[flipped.argmax(axis=1)]
        assert callback.log_predictions(names) == by_probability
        assert callback.log_predictions(flipped.argmax(axis=1)) == by_probability


@pytest.mark.slow
def test_what_does_not_fit_is_refused_before_or_at_the_first_evaluation(offline):
    import wandb

    with pytest.raises(InputError, match=r"Slice old: .*"):
        adapter.LabelsiftCallback(samples(), slices={"old": "is_label_issue"})
    with pytest.raises(InputError, match="have no labels"):
        adapter.LabelsiftCallback(samples(label=[None] * N))
    callback = adapter.LabelsiftCallback(samples())
    with pytest.raises(InputError, match="Nothing was predicted"):
        callback.log_report()
    with pytest.raises(InputError, match=r"No W&B run is active.*wandb.init"):
        callback.log_predictions(probabilities(STATE == "TX"))
    with wandb.init(project="mine"):
        with pytest.raises(InputError, match="200 rows, but the data has 240"):
            callback.log_predictions(probabilities(STATE == "TX")[:200])
        with pytest.raises(InputError, match="200 predictions for 240 samples"):
            callback.log_predictions(LABEL[:200])
        with pytest.raises(InputError, match="sum to"):
            callback.log_predictions(probabilities(STATE == "TX") * 5)


@pytest.mark.slow
def test_fewer_than_ten_rows_tell_nothing(offline):
    import wandb

    with wandb.init(project="mine"):
        assert adapter.LabelsiftCallback(samples(8)).log_predictions(LABEL[:8]) == {}


@pytest.mark.slow
def test_at_the_end_the_rows_are_scanned_with_the_models_probabilities(offline):
    import wandb

    with wandb.init(project="mine") as run:
        callback = adapter.LabelsiftCallback(samples(), slices=SLICES, store="store")
        callback.log_predictions(probabilities(np.arange(N) % 20 == 0), step=7)
        receipt = callback.log_report()
        assert wandb.run is run
    assert receipt.details["run_id"] == run.id
    rows = history(run)
    assert rows[-1]["dq/rows"] == N
    assert rows[-1]["dq/predicted_accuracy"] == pytest.approx(0.95)
    report = ls.load(store="store")
    assert report.settings["pred_probs"] == "the user's model"
    assert set(report.settings["slices"]) == set(SLICES)


@pytest.mark.slow
def test_nothing_that_goes_wrong_at_the_end_costs_the_trained_model_but_ctrl_c_ends_it(offline, caplog, monkeypatch):
    import wandb

    def raising(error):
        def raise_it(*_, **__):
            raise error

        return raise_it

    state, args = SimpleNamespace(is_world_process_zero=True, global_step=1), SimpleNamespace()
    with wandb.init(project="mine") as run:
        callback = adapter.LabelsiftCallback(samples(), store=None)
        callback.log_predictions(probabilities(np.arange(N) % 20 == 0), step=1)
        monkeypatch.setattr(type(run), "log_artifact", raising(wandb.errors.CommError("filestream 500")))
        callback.on_train_end(args, state, None)
        assert "No report of the evaluation rows was logged: W&B refused: filestream 500" in caplog.text
        monkeypatch.setattr(callback, "log_report", raising(ValueError("no such axis")))
        callback.on_train_end(args, state, None)
        assert "No report of the evaluation rows was logged: ValueError: no such axis" in caplog.text
        monkeypatch.setattr(callback, "log_report", raising(KeyboardInterrupt()))
        with pytest.raises(KeyboardInterrupt):
            callback.on_train_end(args, state, None)
        assert wandb.run is run


def test_the_package_brings_neither_wandb_nor_transformers_before_they_are_asked_for():
    code = (
        "import sys, labelsift.integrations.wandb as package; "
        "print([name for name in ('wandb', 'wandb_workspaces', 'transformers', 'torch') if name in sys.modules]); "
        "print('LabelsiftCallback' in package.__all__)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split("\n")[:2] == ["[]", "True"]


frameworks.activate()
if find_spec("torch") and find_spec("transformers") and find_spec("accelerate"):
    VOCABULARY = {word: place for place, word in enumerate(("[PAD]", "refund", "shipping", "of", "order"))}

    def rows(order, classes=CLASSES):
        """The evaluation data set as a Trainer takes it: only the first word tells the class."""
        import torch

        return [
            {
                "input_ids": torch.tensor([1 + LABEL[row], 3, 4]),
                "attention_mask": torch.ones(3, dtype=torch.long),
                "labels": classes.index(CLASSES[LABEL[row]]),
            }
            for row in order
        ]

    def trainer(folder, callback, *, order=range(N), named=True, classes=CLASSES, evaluation=None, **settings):
        import torch
        from transformers import BertConfig, BertForSequenceClassification, Trainer, TrainingArguments

        torch.manual_seed(0)
        torch.set_num_threads(1)
        sizes = {"hidden_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 16}
        labels = {"id2label": dict(enumerate(classes))} if named else {"num_labels": 2}
        model = BertForSequenceClassification(BertConfig(vocab_size=8, max_position_embeddings=8, **sizes, **labels))
        given = {
            "per_device_train_batch_size": 32,
            "per_device_eval_batch_size": 32,
            "num_train_epochs": 3,
            "learning_rate": 1e-2,
            "eval_strategy": "epoch",
            "save_strategy": "no",
            "report_to": "wandb",
            "use_cpu": True,
            "disable_tqdm": True,
        } | settings
        return Trainer(
            model=model,
            args=TrainingArguments(output_dir=str(folder / "out"), **given),
            train_dataset=rows(range(N), classes),
            eval_dataset=evaluation or rows(order, classes),
            callbacks=[callback],
        )

    @pytest.mark.slow
    @pytest.mark.filterwarnings("default")
    def test_a_trainer_logs_slices_at_its_steps_and_a_report_at_the_end(offline, all_bytes):
        import wandb

        ours = trainer(offline, adapter.LabelsiftCallback(samples(), slices=SLICES, store="store"))
        ours.train()
        run = wandb.run
        assert run is not None  # the callback of transformers began it, and nobody ended it
        run.log({"mine": 1})
        run.finish()
        rows = history(run)
        slices = [row for row in rows if "slice.accuracy/all" in row and "dq/rows" not in row]
        assert [row["train/global_step"] for row in slices] == [8, 16, 24]
        assert slices[-1]["slice.accuracy/slice:ca_short"] == slices[-1]["slice.accuracy/all"] == 1
        (report,) = [row for row in rows if "dq/rows" in row]
        assert report["dq/predicted_accuracy"] == 1
        assert ls.load(store="store").settings["pred_probs"] == "the user's model"
        assert b"of order" not in all_bytes(offline / "wandb_dir")

    @pytest.mark.slow
    @pytest.mark.filterwarnings("default")
    def test_what_compute_metrics_logs_is_not_predicted_again(offline, monkeypatch):
        from labelsift.integrations import _training

        monkeypatch.setattr(_training, "predicted", lambda *_, **__: pytest.fail("predicted again"))
        callback = adapter.LabelsiftCallback(samples(), scan=False)

        def compute(given):
            exponents = np.exp(given.predictions)
            return callback.log_predictions(exponents / exponents.sum(axis=1, keepdims=True))

        for classes in (CLASSES, CLASSES[::-1]):  # a second training with other outputs
            ours = trainer(offline, callback, classes=classes)
            ours.compute_metrics = compute
            ours.train()
            assert ours.state.log_history[-2]["eval_slice.accuracy/all"] == 1

    @pytest.mark.slow
    @pytest.mark.filterwarnings("default")
    def test_one_of_several_data_sets_and_the_best_model(offline):
        import wandb

        sets = {"other": rows(range(12)), "ours": rows(range(N))}
        best = {"load_best_model_at_end": True, "metric_for_best_model": "eval_ours_loss", "save_strategy": "epoch"}
        callback = adapter.LabelsiftCallback(samples(), dataset="ours", store=None)
        ours = trainer(offline, callback, evaluation=sets, eval_on_start=True, learning_rate=0.2, **best)
        ours.train()
        shown = ours.predict(sets["ours"]).predictions
        run = wandb.run
        run.finish()
        slices = [row for row in history(run) if "slice.accuracy/all" in row and "dq/rows" not in row]
        steps = [row["train/global_step"] for row in slices]
        assert steps == [0, 8, 16, 24, 24]  # again at the end, of the best model
        assert callback._run.pred_probs == pytest.approx(
            np.exp(shown) / np.exp(shown).sum(axis=1, keepdims=True), abs=1e-6
        )

    @pytest.mark.slow
    @pytest.mark.filterwarnings("default")
    @pytest.mark.parametrize(
        ("changed", "message"),
        [
            ({"order": range(100)}, "has 100 rows, and there are 240 samples.*dataset="),
            ({"order": range(N - 1, -1, -1)}, "labels of .* evaluation rows are not those of the samples.*same order"),
            ({"classes": CLASSES[::-1], "named": False}, "labels of 240 evaluation rows .*classes="),
        ],
    )
    def test_rows_that_are_not_the_samples_are_refused(offline, changed, message):
        with pytest.raises(InputError, match=message):
            trainer(offline, adapter.LabelsiftCallback(samples()), **changed).evaluate()

    @pytest.mark.slow
    @pytest.mark.filterwarnings("default")
    def test_a_training_without_a_run_is_refused_at_its_beginning(offline):
        ours = trainer(offline, adapter.LabelsiftCallback(samples()), report_to="none")
        with pytest.raises(InputError, match="No W&B run is active"):
            ours.train()
        assert ours.state.global_step == 0

    @pytest.mark.slow
    @pytest.mark.filterwarnings("default")
    def test_a_scan_that_fails_costs_no_trained_model(offline, caplog):
        one_class = samples(label=["refund"] * N)
        callback = adapter.LabelsiftCallback(one_class, classes=CLASSES)
        ours = trainer(offline, callback, eval_strategy="no", num_train_epochs=1)
        ours.train()
        assert ours.state.global_step == 8
        assert "No report of the evaluation rows was logged: Nothing was predicted" in caplog.text
