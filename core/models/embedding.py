"""Text embedders: static token vectors that come with the package (wordllama), or any transformers model.

The default embedder is the token table of wordllama (l2_supercat, 256 dimensions, MIT), read
straight from that package's files: the vector of a text is the mean of its tokens' rows. It needs no
network and no GPU and embeds thousands of texts a second; it is weak outside English.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import pyarrow as pa

from ..errors import InputError, MissingExtraError
from ..store.cache import Cache, versions_of
from .progress import tracked

DEFAULT = "wordllama"
MULTILINGUAL = "multilingual"
TRANSFORMERS = "transformers:"
FOLDER = "embedder_folder"  # the setting of a run that tells where its model lies
_TOKENS_AT_ONCE = 65_536  # bounds the temporary array of token vectors: 64 MB at 256 dimensions


class Embedder(Protocol):
    """Turns texts into vectors."""

    @property
    def name(self) -> str:
        """Under which a run knows it."""
        ...

    @property
    def dimensions(self) -> int:
        """Of the vectors."""
        ...

    @property
    def languages(self) -> frozenset[str] | None:
        """Codes of the languages that it can read; None = no limit known."""
        ...

    def embed(self, texts: Sequence[str]) -> np.ndarray:
        """Return one vector a text: float32, shape (len(texts), dimensions), not normalised."""
        ...


def embedder(name: str = DEFAULT, *, device: str | None = None) -> Embedder:
    """Return the embedder of that name: ``wordllama``, ``multilingual`` or ``transformers:<name or folder>``.

    Raises
    ------
    InputError
        If there is none, its model cannot be loaded, or it cannot use the device.
    """
    if name.startswith(TRANSFORMERS):
        return TransformersEmbedder(name.removeprefix(TRANSFORMERS), device=device)
    if device is not None and device != "cpu":
        raise InputError(f"The embedder {name} computes on the CPU, not on {device}", hint="Leave out --device")
    if name == DEFAULT:
        return StaticEmbedder()
    if name == MULTILINGUAL:
        from .multilingual_embedder import MultilingualEmbedder

        return MultilingualEmbedder()
    raise InputError(
        f"There is no embedder called {name}",
        hint=f"Use {DEFAULT}, {MULTILINGUAL}, or {TRANSFORMERS}<a model's name or folder>",
    )


def facts_of(model: Embedder) -> dict[str, str]:
    """Return what a run keeps of its embedder: its name and, of a model in a folder, where that folder lies."""
    folder = getattr(model, "folder", None)
    return {"embedder": model.name} | ({FOLDER: folder} if folder else {})


def name_in(settings: Mapping[str, Any]) -> str | None:
    """Return what `embedder` needs to make the embedder of a run again, from the settings of that run.

    Raises
    ------
    InputError
        If the model was read from a folder that is gone.
    """
    folder = settings.get(FOLDER)
    if folder is None:
        return settings.get("embedder")
    if not Path(folder).is_dir():
        raise InputError(
            f"The model that this run was embedded with is gone: there is no folder {folder}",
            hint="Put the folder back, or scan again with an embedder that is there",
        )
    return f"{TRANSFORMERS}{folder}"


def embed(texts: pa.ChunkedArray, model: Embedder, *, batch: int = 1024) -> np.ndarray:
    """Embed all texts.

    Returns
    -------
    numpy.ndarray
        float32, shape (n, dimensions), rows of unit length; zero where a text has no token.
    """
    vectors = np.zeros((len(texts), model.dimensions), dtype=np.float32)
    start = 0
    for some in tracked(pa.table({"text": texts}).to_batches(max_chunksize=batch)):
        vectors[start : start + len(some)] = model.embed(some["text"].to_pylist())
        start += len(some)
    return normalize(vectors)


def cached_vectors(
    cache: Cache, texts: pa.ChunkedArray, hashes: pa.FixedSizeBinaryArray, model: Embedder
) -> np.ndarray:
    """Embed texts as :func:`embed` does, but for those whose vectors the cache holds.

    Only an embedder that tells by a ``maker`` all that its vectors depend on is cached.
    """

    def make(rows: np.ndarray) -> pa.Array:
        vectors = embed(texts.take(pa.array(rows)), model)
        return pa.FixedSizeListArray.from_arrays(pa.array(vectors.ravel()), model.dimensions)

    arrays = cache.rows("vectors", getattr(model, "maker", None), hashes, make)
    return arrays.flatten().to_numpy().reshape(len(texts), -1)


def normalize(vectors: np.ndarray) -> np.ndarray:
    """Scale the rows to unit length in place; zero rows stay zero."""
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    np.divide(vectors, lengths, out=vectors, where=lengths > 0)
    return vectors


class StaticEmbedder:
    """The mean of static token vectors, with the weights of the package wordllama."""

    name = DEFAULT
    languages: frozenset[str] | None = frozenset({"en"})

    def __init__(self) -> None:
        from safetensors.numpy import load_file
        from tokenizers import Tokenizer

        spec = find_spec(DEFAULT)  # does not import the package
        if spec is None or not spec.submodule_search_locations:
            raise MissingExtraError(DEFAULT, "all", purpose="The default embedder")
        folder = Path(spec.submodule_search_locations[0])
        table = load_file(folder / "weights" / "l2_supercat_256.safetensors")
        (self._vectors,) = table.values()
        # 0.4.0.post1 looks for the tokenizer in another folder than the one it ships, hence by path.
        self._tokenizer = Tokenizer.from_file(str(folder / "tokenizers" / "l2_supercat_tokenizer_config.json"))
        self._tokenizer.no_padding()
        self._tokenizer.no_truncation()
        self.dimensions = int(self._vectors.shape[1])
        self.maker = f"{versions_of('wordllama', 'tokenizers')} l2_supercat_256"

    def pieces(self, texts: Sequence[str]) -> list[list[int]]:
        """Return the numbers of the tokens that each text is cut into."""
        return [encoding.ids for encoding in self._tokenizer.encode_batch_fast(list(texts), add_special_tokens=False)]

    def embed(self, texts: Sequence[str]) -> np.ndarray:
        """Return the mean token vector of each text: float32, shape (len(texts), 256)."""
        encoded = self._tokenizer.encode_batch_fast(list(texts), add_special_tokens=False)
        means = np.zeros((len(texts), self.dimensions), dtype=np.float32)
        for rows, tokens, starts in _bounded(encoding.ids for encoding in encoded):
            sums = np.add.reduceat(self._vectors[tokens].astype(np.float32), starts, axis=0)
            np.add.at(means, rows, sums)
        counts = np.array([max(len(encoding.ids), 1) for encoding in encoded], dtype=np.float32)
        return means / counts[:, None]

    def without(self, texts: Sequence[str], places: Sequence[Sequence[Sequence[tuple[int, int]]]]) -> list[np.ndarray]:
        """Return the vectors of each text, whole and without the tokens in some places: float32, (1 + words, 256).

        A text is cut into tokens once, so that leaving out each of its words costs no more than reading it.

        Parameters
        ----------
        places
            Of each text: of each word where it stands, start and end in characters.
        """
        vectors = []
        for text, words in zip(texts, places, strict=True):
            encoding = self._tokenizer.encode(text, add_special_tokens=False)
            tokens = self._vectors[encoding.ids].astype(np.float32)
            starts, ends = np.array(encoding.offsets, dtype=np.int64).reshape(-1, 2).T
            sums, counts = [tokens.sum(axis=0)], [len(tokens)]
            for word in words:
                out = np.zeros(len(tokens), dtype=bool)
                for start, end in word:
                    out |= (starts < end) & (start < ends)
                sums.append(sums[0] - tokens[out].sum(axis=0))
                counts.append(len(tokens) - int(out.sum()))
            known = np.array(counts)[:, None]
            vectors.append(np.where(known > 0, np.stack(sums) / np.maximum(known, 1), 0).astype(np.float32))
        return vectors


def _bounded(texts: Iterable[Sequence[int]]) -> Iterator[tuple[np.ndarray, np.ndarray, np.ndarray]]:
    """Group token ids into pieces of bounded size: (row of each part, token ids, start of each part).

    A very long text is cut into parts, so that one hostile text cannot fill the memory.
    """
    rows: list[int] = []
    parts: list[Sequence[int]] = []
    size = 0
    for row, ids in enumerate(texts):
        for start in range(0, len(ids), _TOKENS_AT_ONCE):
            part = ids[start : start + _TOKENS_AT_ONCE]
            if size + len(part) > _TOKENS_AT_ONCE:
                yield _piece(rows, parts)
                rows, parts, size = [], [], 0
            rows.append(row)
            parts.append(part)
            size += len(part)
    if parts:
        yield _piece(rows, parts)


def _piece(rows: list[int], parts: list[Sequence[int]]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    lengths = np.array([len(part) for part in parts])
    starts = np.concatenate([[0], np.cumsum(lengths)[:-1]])
    return np.array(rows), np.concatenate([np.asarray(part, dtype=np.int64) for part in parts]), starts


class TransformersEmbedder:
    """The masked mean of the last hidden state of a transformers model (Reimers & Gurevych 2019)."""

    languages: frozenset[str] | None = None

    def __init__(self, model: str, *, batch: int = 32, max_length: int = 256, device: str | None = None) -> None:
        try:
            import torch  # pyright: ignore[reportMissingImports]
            from transformers import AutoModel, AutoTokenizer  # pyright: ignore[reportMissingImports]
        except ImportError as error:
            if "torch" in str(error):
                raise InputError(
                    "The transformers embedder needs torch", hint="Install it: pip install torch"
                ) from None
            raise MissingExtraError("transformers", "transformers", purpose="This embedder") from None
        try:
            self._tokenizer = AutoTokenizer.from_pretrained(model)
            self._model = AutoModel.from_pretrained(model).eval()
        except (OSError, ValueError) as error:
            raise InputError(
                f"The model {model} cannot be loaded ({str(error).splitlines()[0]})",
                hint="Give the name of a model on the hub that can be reached, or the folder of a saved one",
            ) from None
        try:
            self._device = torch.device(device) if device else torch.get_default_device()
            self._model.to(self._device)
        except (RuntimeError, AssertionError) as error:  # torch asserts that it was built with CUDA
            why = str(error).partition("\n")[0]
            raise InputError(f"The model cannot compute on {device} ({why})", hint="Name another --device") from None
        self._torch = torch
        self._batch = batch
        self._max_length = max_length
        self.folder = str(Path(model).resolve()) if Path(model).is_dir() else None
        self.name = f"{TRANSFORMERS}{Path(self.folder).name if self.folder else model}"
        self.dimensions = int(self._model.config.hidden_size)
        self.maker = self._maker(model, max_length)

    def embed(self, texts: Sequence[str]) -> np.ndarray:
        """Return one vector a text: float32, shape (len(texts), hidden size)."""
        vectors = np.zeros((len(texts), self.dimensions), dtype=np.float32)
        # Texts of like length together: a batch is padded to its longest.
        order = np.argsort([len(text) for text in texts], kind="stable")
        for start in range(0, len(texts), self._batch):
            rows = order[start : start + self._batch]
            vectors[rows] = self._mean([texts[int(row)] for row in rows])
        return vectors

    def _maker(self, model: str, max_length: int) -> str | None:
        """Say what the vectors depend on: a revision of the hub, or the files of a folder; else nothing is known."""
        if self.folder:
            files = [
                (file.name, file.stat().st_size, file.stat().st_mtime_ns)
                for file in sorted(Path(self.folder).iterdir())
            ]
            source = f"{self.folder} {files}"
        elif revision := getattr(self._model.config, "_commit_hash", None):
            source = f"{model} {revision}"
        else:
            return None
        return f"{versions_of('transformers', 'torch', 'tokenizers')} {source} up to {max_length} tokens"

    def _mean(self, texts: Sequence[str]) -> np.ndarray:
        inputs = self._tokenizer(
            list(texts), padding=True, truncation=True, max_length=self._max_length, return_tensors="pt"
        ).to(self._device)
        with self._torch.inference_mode():
            states = self._model(**inputs).last_hidden_state
        mask = inputs["attention_mask"].unsqueeze(-1).to(states.dtype)
        return ((states * mask).sum(1) / mask.sum(1).clamp(min=1)).float().cpu().numpy()
