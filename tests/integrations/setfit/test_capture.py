"""SetFit: what its body and its fitted head make of each row, once, when the training is over."""

from __future__ import annotations

import logging

import frameworks
import labelsift as ls
import numpy as np
import pyarrow as pa
import pytest
import tiny_transformers as tiny
from labelsift.errors import InputError
from labelsift.signals.epoch_files import read_epochs

frameworks.require("torch", "setfit", "sentence_transformers", "transformers", "datasets")
pytestmark = [
    pytest.mark.xdist_group("torch"),
    pytest.mark.slow,
    pytest.mark.filterwarnings("default"),  # of PyTorch and SetFit
]
CLASSES = ("billing", "delivery")
ROWS = [
    {
        "id": f"s{row}",
        "text": f"{('charged twice on card', 'parcel is still lost')[row % 2]} number {row}",
        "label": CLASSES[row % 2],
    }
    for row in range(16)
]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tiny.saved(tmp_path_factory.mktemp("model"), [row["text"] for row in ROWS])


@pytest.fixture
def make(folder, tmp_path):
    from datasets import Dataset
    from sentence_transformers import SentenceTransformer
    from setfit import SetFitModel, Trainer, TrainingArguments
    from sklearn.linear_model import LogisticRegression

    def make(train=ROWS[:12], held_out=ROWS[12:], *, head=None, labels=None, mapping=None):
        model = SetFitModel(SentenceTransformer(folder, device="cpu"), head or LogisticRegression(), labels=labels)
        arguments = TrainingArguments(
            output_dir=str(tmp_path / "out"),
            batch_size=8,
            num_epochs=1,
            max_steps=3,
            report_to="none",
            show_progress_bar=False,
        )
        return Trainer(
            model=model,
            args=arguments,
            train_dataset=Dataset.from_list(train),
            eval_dataset=Dataset.from_list(held_out) if held_out else None,
            column_mapping=mapping,
        )

    return make


def samples_of(rows=ROWS):
    return ls.read(pa.Table.from_pylist(list(rows)), label="label", id="id")


def kept(capture, split, rows):
    epochs = read_epochs(capture.folder / split)
    assert len(epochs.logits) == 1
    return epochs.logits[0][[epochs.ids.index(row["id"]) for row in rows]]


def test_both_splits_are_what_the_fitted_head_says_of_them(make, tmp_path):
    mapping = {"text": "text", "label": "label"}
    trainer = make(train=ROWS[11::-1], mapping=mapping)  # in another order; the mapping renames the ids
    assert "feat_id" in trainer.train_dataset.column_names
    before = set(vars(trainer))
    with ls.watch(trainer, samples_of(), store=tmp_path / "store") as capture:
        trainer.train()
    assert set(vars(trainer)) == before
    for split, rows in (("train", ROWS[:12]), ("eval", ROWS[12:])):
        texts = [row["text"] for row in rows]
        powers = np.exp(kept(capture, split, rows))
        np.testing.assert_allclose(
            powers / powers.sum(axis=1, keepdims=True), trainer.model.predict_proba(texts, as_numpy=True), atol=1e-5
        )
        ids, vectors = capture.embeddings(split)
        assert ids == [row["id"] for row in rows]
        np.testing.assert_allclose(vectors, trainer.model.encode(texts), atol=4e-3)
    assert "dynamics" not in capture.report.summary()["facts"], "one epoch is no trajectory"


def test_numbers_for_labels_are_named_by_the_model_and_a_head_of_torch_will_do(make, tmp_path):
    from setfit import SetFitHead

    coded = [{**row, "label": CLASSES[::-1].index(row["label"])} for row in ROWS]
    head = SetFitHead(in_features=32, out_features=2, device="cpu")
    trainer = make(coded[:12], coded[12:], head=head, labels=list(CLASSES[::-1]))
    with ls.watch(trainer, samples_of(), store=tmp_path / "store", scan=False) as capture:
        trainer.train()
    assert capture.recording.classes == ["delivery", "billing"]
    powers = np.exp(kept(capture, "eval", ROWS[12:]))
    found = trainer.model.predict_proba([row["text"] for row in ROWS[12:]]).detach().numpy()
    np.testing.assert_allclose(powers / powers.sum(axis=1, keepdims=True), found, atol=1e-5)


def test_numbers_that_are_the_names_of_classes_are_no_positions(make, tmp_path):
    stars = [{**row, "label": 4 + row_number % 2} for row_number, row in enumerate(ROWS)]
    samples = samples_of([{**row, "label": str(row["label"])} for row in stars])
    trainer = make(stars[:12], stars[12:])
    with ls.watch(trainer, samples, store=tmp_path / "store", scan=False) as capture:
        trainer.train()
    assert capture.recording.classes == ["4", "5"]
    assert (
        kept(capture, "train", ROWS[:12]).argmax(axis=1)
        == trainer.model.predict([r["text"] for r in ROWS[:12]]).numpy() - 4
    ).all()


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda rows: [{**rows[0], "id": None}, *rows[1:]], "have no id"),
        (lambda rows: [{**rows[0], "id": "s1"}, *rows[1:]], "stand twice"),
        (lambda rows: [{**rows[0], "id": "s1"}, {**rows[1], "id": "s0"}, *rows[2:]], "not those of the samples"),
        (lambda rows: [{"text": row["text"], "label": row["label"]} for row in rows], "12 rows, and there are 16"),
    ],
)
def test_wrong_ids_are_an_error_before_the_training(make, tmp_path, spoil, message):
    trainer = make(spoil(ROWS[:12]), None)
    with pytest.raises(InputError, match=message), ls.watch(trainer, samples_of(), store=tmp_path / "store"):
        trainer.train()
    assert "train" not in vars(trainer)
    assert trainer.st_trainer.state.global_step == 0


def test_a_fault_costs_no_trained_model_and_other_rows_are_left_out(make, tmp_path, caplog, monkeypatch):
    trainer = make(held_out=[{**row, "id": f"other{row['id']}"} for row in ROWS[12:]])
    with (
        caplog.at_level(logging.WARNING, "labelsift"),
        ls.watch(trainer, samples_of(), store=tmp_path / "s") as capture,
    ):
        monkeypatch.setattr(capture.recording, "batch", lambda *args, **kwargs: 1 / 0)
        trainer.train()
    assert "An evaluation data set is not recorded" in caplog.text
    assert "let go" in caplog.text
    assert capture.broken
    assert trainer.model.predict([ROWS[0]["text"]])[0] in CLASSES
