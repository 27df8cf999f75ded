"""Keras on TensorFlow: the same tests in a process of its own, and tf.data with texts inside the model."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import frameworks
import pytest

frameworks.require("tensorflow", "keras")
pytestmark = pytest.mark.soak
HERE = Path(__file__).parent

TF_DATA = """
import sys
import frameworks; frameworks.activate()
import numpy as np, keras, tensorflow as tf, labelsift as ls
from labelsift.errors import InputError
from labelsift.signals.epoch_files import read_epochs
from tickets import tickets
from keras_models import Predictions, softmax

samples = tickets(60)
texts, ids = np.array(samples.texts.to_pylist()), np.array(samples.ids.to_pylist())
y = samples.codes(samples.classes)
words = keras.layers.TextVectorization(output_mode="multi_hot")
words.adapt(texts)

def model():
    layers = [words, keras.layers.Dense(8), keras.layers.Dense(3, "softmax")]
    return keras.Sequential([keras.Input((), dtype="string"), *layers])

def watched(data, name=None):
    made = model()
    made.compile("adam", "sparse_categorical_crossentropy")
    by_hand = Predictions(tf.constant(texts))
    with ls.watch(made, samples, data=data, ids=name, store=sys.argv[1], scan=False) as capture:
        made.fit(tf.constant(texts), y, epochs=2, batch_size=16, verbose=0, callbacks=[capture.callback, by_hand])
    found = softmax(np.stack(read_epochs(capture.folder / "train").logits))
    np.testing.assert_allclose(found, np.stack(by_hand.epochs), atol=1e-5)

plain = tf.data.Dataset.from_tensor_slices((texts, y))
watched(plain.batch(16))
keyed = tf.data.Dataset.from_tensor_slices(({"text": texts, "ticket": ids}, y))
watched(keyed.shuffle(60).batch(16), "ticket")
try:
    watched(plain.shuffle(60).batch(16))
except InputError as error:
    assert "order" in str(error), error
else:
    raise AssertionError("a shuffled data set was taken")
print("all of tf.data")
"""


def run(*arguments, **environment):
    env = os.environ | {"KERAS_BACKEND": "tensorflow", "PYTHONPATH": str(HERE.parents[1] / "helpers")} | environment
    ended = subprocess.run(
        [sys.executable, *map(str, arguments)],
        env=env,
        capture_output=True,
        text=True,
        check=False,
        cwd=HERE.parents[2],
    )
    assert ended.returncode == 0, ended.stdout[-4000:] + ended.stderr[-2000:]
    return ended.stdout


def test_all_that_holds_on_pytorch_holds_on_tensorflow():
    options = ("-q", "-n0", "-p", "no:cacheprovider", "-o", "filterwarnings=default")
    assert "19 passed" in run("-m", "pytest", *options, HERE / "test_keras_capture.py")


def test_a_data_set_of_tf_data(tmp_path):
    assert "all of tf.data" in run("-c", TF_DATA, tmp_path)
