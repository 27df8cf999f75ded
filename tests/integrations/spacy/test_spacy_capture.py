"""spaCy: what is recorded after each epoch are the pipeline's own scores, in a loop and in ``spacy train``."""

from __future__ import annotations

import io
import json
import random

import frameworks
import labelsift as ls
import numpy as np
import pyarrow as pa
import pytest
from labelsift.capture.recording import EVAL, TOKENS, TRAIN
from labelsift.capture.token_files import read_tokens
from labelsift.errors import InputError
from labelsift.signals.epoch_files import read_epochs
from tickets import tickets

frameworks.require("spacy")
pytestmark = [
    pytest.mark.soak,
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),  # spaCy's own, of its dependencies
    pytest.mark.filterwarnings("ignore::FutureWarning"),
]


@pytest.fixture
def spacy():
    import spacy

    return spacy


def examples_of(spacy, nlp, samples):
    from spacy.training import Example

    return [
        Example.from_dict(nlp.make_doc(text), {"cats": {name: float(name == label) for name in samples.classes}})
        for text, label in zip(samples.texts.to_pylist(), samples.labels.to_pylist(), strict=True)
    ]


def pipeline(spacy, samples, factory="textcat", *, shared=False):
    spacy.util.fix_random_seed(0)
    nlp = spacy.blank("en")
    if shared:
        nlp.add_pipe("tok2vec")
        listener = {"@architectures": "spacy.Tok2VecListener.v1", "width": 96, "upstream": "tok2vec"}
        config = {"model": {"@architectures": "spacy.TextCatReduce.v1", "exclusive_classes": True, "tok2vec": listener,
                            "use_reduce_mean": True, "use_reduce_first": False, "use_reduce_last": False,
                            "use_reduce_max": False}}  # fmt: skip
        nlp.add_pipe(factory, config=config)
    else:
        nlp.add_pipe(factory)
    examples = examples_of(spacy, nlp, samples)
    return nlp, examples, nlp.initialize(lambda: examples)


def scores(nlp, samples, classes):
    return np.array([[doc.cats[name] for name in classes] for doc in nlp.pipe(samples.texts.to_pylist())])


def trained(spacy, nlp, examples, optimizer, *, epochs=2, after=lambda: None):
    order = random.Random(0)
    for _ in range(epochs):
        order.shuffle(examples)
        for batch in spacy.util.minibatch(examples, size=16):
            nlp.update(batch, sgd=optimizer, drop=0.2)
        after()


@pytest.mark.parametrize("shared", [False, True])
def test_the_scores_of_every_epoch_are_those_of_the_pipeline(spacy, tmp_path, shared):
    samples = tickets(45)
    nlp, examples, optimizer = pipeline(spacy, samples, shared=shared)
    by_hand = []

    def look():
        by_hand.append(
            [[doc.cats[name] for name in capture.recording.classes] for doc in nlp.pipe(samples.texts.to_pylist())]
        )
        capture.end_epoch()

    with ls.watch(nlp, samples, store=tmp_path) as capture:
        trained(spacy, nlp, examples, optimizer, after=look)
    probabilities = np.exp(np.stack(read_epochs(capture.folder / TRAIN).logits))
    np.testing.assert_allclose(probabilities, by_hand, atol=1e-5)
    assert abs(probabilities[0] - probabilities[1]).max() > 1e-3
    assert capture.report.summary()["facts"]["dynamics"]["epochs"] == 2
    assert capture.report.to_html(tmp_path / "report.html").stat().st_size > 10_000
    with pytest.raises(InputError, match="not open"):
        capture.end_epoch()


def test_a_watched_training_ends_with_the_same_weights(spacy, tmp_path):
    samples = tickets(45)
    weights = []
    for watched in (False, True):
        nlp, examples, optimizer = pipeline(spacy, samples, shared=True)
        if watched:
            with ls.watch(nlp, samples, store=tmp_path, scan=False) as capture:
                trained(spacy, nlp, examples, optimizer, after=capture.end_epoch)
        else:
            trained(spacy, nlp, examples, optimizer)
        weights.append(nlp.get_pipe("textcat").model.to_bytes() + nlp.get_pipe("tok2vec").model.to_bytes())
    assert weights[0] == weights[1]


def test_independent_labels_are_log_odds_and_held_out_rows_evaluation(spacy, tmp_path):
    samples = tickets(45, split=True)
    kept = np.array([name == "validation" for name in samples.column("split").to_pylist()])
    nlp, examples, optimizer = pipeline(spacy, samples, "textcat_multilabel")
    with ls.watch(nlp, samples, store=tmp_path, scan=False) as capture:
        trained(spacy, nlp, examples, optimizer, after=capture.end_epoch)
    now = np.array(
        [[doc.cats[name] for name in capture.recording.classes] for doc in nlp.pipe(samples.texts.to_pylist())]
    )
    for split, wanted in ((TRAIN, ~kept), (EVAL, kept)):
        rows, logits = capture.recording.last(split)
        assert rows.tolist() == np.flatnonzero(wanted).tolist()
        np.testing.assert_allclose(1 / (1 + np.exp(-logits)), now[wanted], atol=1e-4)


def cities(n=24):
    words = ("Paris", "Oslo", "Kyoto")
    rows = []
    for row in range(n):
        text = f"I fly to {words[row % 3]} on day {row}"
        rows.append({"text": text, "marks": json.dumps([[9, 9 + len(words[row % 3]), "city"]])})
    return ls.read(pa.Table.from_pylist(rows), spans="marks")


def span_pipeline(spacy, samples, factory):
    from spacy.training import Example

    spacy.util.fix_random_seed(0)
    nlp = spacy.blank("en")
    nlp.add_pipe(factory)
    examples = []
    for text, marks in zip(samples.texts.to_pylist(), samples.column("spans").to_pylist(), strict=True):
        found = [tuple(mark) for mark in json.loads(marks)]
        kinds = {"entities": found} if factory == "ner" else {"spans": {"sc": found}}
        examples.append(Example.from_dict(nlp.make_doc(text), kinds))
    return nlp, examples, nlp.initialize(lambda: examples)


def test_entities_are_shares_of_the_beam_token_by_token(spacy, tmp_path):
    samples = cities()
    nlp, examples, optimizer = span_pipeline(spacy, samples, "ner")
    with ls.watch(nlp, samples, store=tmp_path) as capture:
        trained(spacy, nlp, examples, optimizer, epochs=12, after=capture.end_epoch)
    assert capture.recording.classes == ["O", "city"]
    epochs = read_tokens(capture.folder / TRAIN / TOKENS, 2)
    assert len(epochs) == 12
    shares = [np.exp(epochs[-1][row]) for row in range(len(samples))]
    assert all(abs(one.sum(axis=1) - 1).max() < 1e-5 for one in shares)
    doc = nlp.make_doc(samples.texts[0].as_py())
    pipe = nlp.get_pipe("ner")
    found = pipe.scored_ents(pipe.beam_parse([doc], beam_width=16, beam_density=1e-4))[0]
    by_hand = sum(share for (start, end, _), share in found.items() if start <= 3 < end)
    assert abs(shares[0][3, 1] - by_hand) < 1e-5
    assert np.mean([one[3, 1] for one in shares]) > 0.9
    assert np.mean([one[0, 1] for one in shares]) < 0.1
    assert capture.report.samples.task == "spans"


def test_overlapping_spans_are_the_surest_one_of_each_token(spacy, tmp_path):
    samples = cities()
    nlp, examples, optimizer = span_pipeline(spacy, samples, "spancat")
    with ls.watch(nlp, samples, store=tmp_path, scan=False) as capture:
        trained(spacy, nlp, examples, optimizer, epochs=8, after=capture.end_epoch)
    epochs = read_tokens(capture.folder / TRAIN / TOKENS, 1)
    nlp.get_pipe("spancat").cfg["threshold"] = 0.0
    for row, doc in enumerate(nlp.pipe(samples.texts.to_pylist()[:5])):
        group = doc.spans["sc"]
        best = np.zeros(len(doc))
        for span, score in zip(group, group.attrs["scores"], strict=True):
            best[span.start : span.end] = np.maximum(best[span.start : span.end], score)
        np.testing.assert_allclose(1 / (1 + np.exp(-epochs[-1][row][:, 0])), best, atol=1e-4)


def test_what_does_not_fit_is_refused_with_the_cure(spacy, tmp_path, caplog):
    samples = tickets(45)
    empty = spacy.blank("en")
    empty.add_pipe("sentencizer")
    with pytest.raises(InputError, match="no component") as error, ls.watch(empty, samples, store=tmp_path):
        pytest.fail("entered")
    assert "textcat" in error.value.hint
    other = tickets(45, classes=2)
    nlp, examples, optimizer = pipeline(spacy, samples)
    nlp2, examples2, optimizer2 = pipeline(spacy, other)
    with (
        pytest.raises(InputError, match="has the labels") as error,
        ls.watch(nlp2, samples, store=tmp_path) as capture,
    ):
        trained(spacy, nlp2, examples2, optimizer2, after=capture.end_epoch)
    assert "parcel" in error.value.ids
    with ls.watch(nlp, samples, store=tmp_path):
        trained(spacy, nlp, examples, optimizer)
    assert "capture.end_epoch()" in caplog.text


CONFIG = """
[nlp]
lang = "en"
pipeline = ["textcat"]
[components]
[components.textcat]
factory = "textcat"
[corpora]
[corpora.train]
@readers = "labelsift_test_rows.v1"
[corpora.dev]
@readers = "labelsift_test_rows.v1"
[training]
train_corpus = "corpora.train"
dev_corpus = "corpora.dev"
max_epochs = 3
eval_frequency = 2
{logger}
[training.before_update]
@callbacks = "labelsift.Capture.v1"
samples = {file}
label = "label"
id = "ticket"
store = {store}
[training.batcher]
@batchers = "spacy.batch_by_sequence.v1"
size = 16
[training.optimizer]
@optimizers = "Adam.v1"
[initialize]
"""
LOGGER = '[training.logger]\n@loggers = "labelsift.Capture.v1"'


def configured(spacy, tmp_path, samples, logger=LOGGER):
    from spacy.training.initialize import init_nlp
    from spacy.util import load_config_from_str, load_model_from_config

    @spacy.registry.readers("labelsift_test_rows.v1")
    def rows():
        return lambda nlp: examples_of(spacy, nlp, samples)

    file = tmp_path / "tickets.csv"
    lines = ["ticket,text,label"]
    lines += [
        ",".join(row)
        for row in zip(*(samples.column(name).to_pylist() for name in ("id", "text", "label")), strict=True)
    ]
    file.write_text("\n".join(lines), encoding="utf-8")
    filled = CONFIG.format(file=json.dumps(str(file)), store=json.dumps(str(tmp_path / "kept")), logger=logger)
    return init_nlp(load_model_from_config(load_config_from_str(filled), auto_fill=True).config)


def test_spacy_train_is_watched_by_its_config_to_the_last_epoch(spacy, tmp_path):
    from spacy.training.loop import train

    samples, out = tickets(45), io.StringIO()
    nlp, _ = train(configured(spacy, tmp_path, samples), None, stdout=out, stderr=out)
    (folder,) = (tmp_path / "kept" / "captures").iterdir()
    files = read_epochs(folder / TRAIN)
    assert len(files.logits) == 3
    np.testing.assert_allclose(np.exp(files.logits[-1]), scores(nlp, samples, files.classes), atol=1e-5)
    assert files.ids == tuple(samples.ids.to_pylist())
    assert len(ls.load(store=tmp_path / "kept").samples) == 45
    assert "SCORE" in out.getvalue()


def test_a_training_that_breaks_off_keeps_its_epochs_and_one_without_the_logger_is_refused(spacy, tmp_path):
    from labelsift.integrations.spacy import training_config
    from spacy.training.loop import train

    samples, out = tickets(45), io.StringIO()
    nlp = configured(spacy, tmp_path, samples)
    real, calls = nlp.update, []

    def update(*args, **options):
        calls.append(1)
        if len(calls) > 6:
            raise ZeroDivisionError
        return real(*args, **options)

    nlp.update = update
    with pytest.raises(ZeroDivisionError):
        train(nlp, None, stdout=out, stderr=out)
    (folder,) = (tmp_path / "kept" / "captures").iterdir()
    assert 1 <= len(read_epochs(folder / TRAIN).logits) < 3
    assert not (tmp_path / "kept" / "runs").exists() or not list((tmp_path / "kept" / "runs").iterdir())
    assert not training_config._open
    with pytest.raises(InputError, match="last epoch") as error:
        train(configured(spacy, tmp_path, samples, logger=""), None, stdout=out, stderr=out)
    assert "training.logger" in error.value.hint
