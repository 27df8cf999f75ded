"""What a language detector said of many texts, as arrays: a dictionary a text is too slow at a million texts."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

TOLD = pa.list_(pa.struct([("language", pa.string()), ("probability", pa.float64())]))


@dataclass(frozen=True)
class Languages:
    """The likeliest languages of each text.

    Parameters
    ----------
    names
        Codes of languages.
    codes
        int32, shape (n, m): positions in ``names``, -1 = none; in no order.
    probabilities
        float64, shape (n, m): 0 where there is none.
    """

    names: tuple[str, ...]
    codes: np.ndarray
    probabilities: np.ndarray

    @classmethod
    def of(cls, told: pa.ListArray) -> Languages:
        """Read an array as :func:`as_told` makes it."""
        parts = told.flatten()
        language = parts.field("language").dictionary_encode()
        lengths = np.diff(told.offsets.to_numpy())
        rows = np.repeat(np.arange(len(told)), lengths)
        places = np.arange(len(rows)) - np.repeat(np.cumsum(lengths) - lengths, lengths)
        codes = np.full((len(told), max(int(lengths.max(initial=0)), 1)), -1, dtype=np.int32)
        probabilities = np.zeros(codes.shape)
        codes[rows, places] = language.indices.to_numpy()
        probabilities[rows, places] = parts.field("probability").to_numpy()
        return cls(tuple(language.dictionary.to_pylist()), codes, probabilities)

    def likeliest(self) -> tuple[np.ndarray, np.ndarray]:
        """Return (positions in ``names``, -1 where nothing is known; their probabilities), each of shape (n,)."""
        place = self.probabilities.argmax(axis=1)
        at = np.arange(len(place))
        return self.codes[at, place], self.probabilities[at, place]

    def known(self) -> np.ndarray:
        """Tell the texts of which anything is known: bool, shape (n,)."""
        return self.codes.max(axis=1) >= 0

    def share(self, names: Collection[str]) -> np.ndarray:
        """Return the probability of each text to be in one of these languages: float64, shape (n,)."""
        wanted = [at for at, name in enumerate(self.names) if name in names]
        return np.minimum((self.probabilities * np.isin(self.codes, wanted)).sum(axis=1), 1.0)


def as_told(found: Iterable[Mapping[str, float]]) -> pa.ListArray:
    """Return language → probability of each text in the form that is kept.

    >>> Languages.of(as_told([{"en": 0.75, "de": 0.25}, {}])).share({"en"}).tolist()
    [0.75, 0.0]
    """
    rows = [[{"language": name, "probability": value} for name, value in one.items()] for one in found]
    return pa.array(rows, TOLD)
