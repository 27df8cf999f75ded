"""Media of samples: texts, or images and sounds behind the addresses in a metadata column."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from ..errors import InputError
from .samples import Samples

Medium = Literal["text", "image", "audio"]

# What a browser opens, or Label Studio's own storages resolve. A file's path on somebody's disk is neither, and its
# player opens no sounds in data addresses.
_ADDRESS = re.compile(r"(https?://|data:image/|/data/|s3://|gs://|azure-blob://)\S", re.IGNORECASE)
_NAMED: dict[Medium, re.Pattern[str]] = {
    "image": re.compile(r"image|img|photo|picture", re.IGNORECASE),
    "audio": re.compile(r"audio|sound|recording|speech", re.IGNORECASE),
}
_TYPED: dict[Medium, re.Pattern[str]] = {
    "image": re.compile(r"^data:image/|\.(png|jpe?g|gif|webp|svg|bmp|avif)([?#]|$)", re.IGNORECASE),
    "audio": re.compile(r"\.(wav|mp3|flac|ogg|opus|m4a|aac)([?#]|$)", re.IGNORECASE),
}
_CURE = (
    "Read the data with a metadata column whose values are all addresses (http, https, data, s3, gs), called image or "
    "audio, or push into the project that shows the samples: --match FIELD"
)


@dataclass(frozen=True)
class Shown:
    """What is shown of each sample.

    Parameters
    ----------
    medium
        Text, image or audio.
    column
        The metadata column with the addresses; None for texts, and where the ids are the addresses.
    """

    medium: Medium
    column: str | None = None

    def of(self, samples: Samples) -> list[str]:
        """Return the text, or the address, of each sample; empty where it has none."""
        if self.medium == "text":
            return samples.texts.to_pylist()
        values = samples.ids if self.column is None else samples.metadata[self.column]
        return [value or "" for value in values.to_pylist()]


def shown_of(samples: Samples) -> Shown | None:
    """Return what can be shown of samples: their texts, else the first metadata column of addresses, else their ids.

    A column counts if every value in it is an address, and its name or every value says whether of images or sounds.
    None where there is nothing to show.
    """
    if samples.has_texts:
        return Shown("text")
    for name in samples.metadata.column_names:
        medium = _medium(name, samples.metadata[name].to_pylist())
        if medium is not None:
            return Shown(medium, name)
    medium = _medium("", samples.ids.to_pylist())
    return None if medium is None else Shown(medium)


def required(samples: Samples) -> Medium:
    """Return the medium of samples; those of which nothing can be shown are refused."""
    shown = shown_of(samples)
    if shown is None:
        raise InputError("The samples have no texts that people could be shown, and no images or sounds", hint=_CURE)
    return shown.medium


def _medium(name: str, values: Sequence[object]) -> Medium | None:
    addresses = [value for value in values if value not in (None, "")]
    if not addresses or not all(isinstance(value, str) and _ADDRESS.match(value) for value in addresses):
        return None
    for medium in _TYPED:
        if _NAMED[medium].search(name) or all(_TYPED[medium].search(str(value)) for value in addresses):
            return medium
    return None
