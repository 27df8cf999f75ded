"""Keras models of every form, and what each of their epochs says of all rows, by hand; import within fixtures only."""

from __future__ import annotations

import keras
import numpy as np

FORMS = ("sequential", "unbuilt", "functional", "activation", "softmax_layer", "linear", "subclassed", "nested")


class Subclassed(keras.Model):
    def __init__(self, classes):
        super().__init__()
        self.hidden, self.drop = keras.layers.Dense(8, "relu", name="hidden"), keras.layers.Dropout(0.3)
        self.out = keras.layers.Dense(classes, "softmax", name="out")

    def call(self, inputs, training=False):
        return self.out(self.drop(self.hidden(inputs), training=training))


def model(form, *, classes=3, width=32, activation="softmax", seed=0):
    """Return a compiled classifier with dropout, whose weights follow from the seed."""
    keras.utils.set_random_seed(seed)
    layers = keras.layers
    body = [layers.Dense(8, "relu", name="hidden"), layers.Dropout(0.3), layers.BatchNormalization()]
    if form == "sequential":
        made = keras.Sequential([keras.Input((width,)), *body, layers.Dense(classes, activation)])
    elif form == "unbuilt":
        made = keras.Sequential([*body, layers.Dense(classes, activation)])
    elif form == "subclassed":
        made = Subclassed(classes)
    else:
        start = values = keras.Input((width,))
        for layer in body:
            values = layer(values)
        if form == "functional":
            values = layers.Dense(classes, activation)(values)
        elif form == "nested":
            inner = keras.Sequential([keras.Input((8,)), layers.Dense(classes, activation)])
            values = inner(values)
        else:
            values = layers.Dense(classes)(values)
            if form != "linear":
                values = (layers.Activation(activation) if form == "activation" else layers.Softmax())(values)
        made = keras.Model(start, values)
    binary = classes == 1
    name = "BinaryCrossentropy" if binary else "SparseCategoricalCrossentropy"
    made.compile("adam", getattr(keras.losses, name)(from_logits=form == "linear"), metrics=["accuracy"])
    return made


class Predictions(keras.callbacks.Callback):
    """The test's own second look: what ``predict`` says of all rows at the end of each epoch."""

    def __init__(self, x):
        super().__init__()
        self.x, self.epochs = x, []

    def on_epoch_end(self, epoch, logs=None):
        self.epochs.append(np.asarray(self.model.predict(self.x, verbose=0)))


def softmax(logits):
    values = np.exp(logits - logits.max(axis=-1, keepdims=True))
    return values / values.sum(axis=-1, keepdims=True)
