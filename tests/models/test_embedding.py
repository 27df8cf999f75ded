"""Texts become vectors: the static embedder of the package, and any transformers model.

torch is the user's own and no part of the development environment: the tests of the transformers embedder, at the end,
take it from the cached folder of frameworks, and exist only where that is.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import frameworks
import labelsift as ls
import numpy as np
import pyarrow as pa
import pytest
from labelsift.errors import InputError
from labelsift.models import embedding
from labelsift.models.embedding import StaticEmbedder, cached_vectors, embed, embedder, normalize
from labelsift.store.cache import Cache, text_hashes


@pytest.fixture(scope="module")
def static() -> StaticEmbedder:
    return StaticEmbedder()


def chunked(*texts: str) -> pa.ChunkedArray:
    return pa.chunked_array([pa.array(texts, pa.string())])


def test_vectors_have_unit_length_and_do_not_depend_on_their_company(static):
    texts = ["where is my card", "refund", "a much longer text about a parcel that never came " * 20, "💥", "Ünïcödé"]
    together = embed(chunked(*texts), static)
    alone = np.vstack([embed(chunked(text), static) for text in texts])
    np.testing.assert_allclose(together, alone, atol=1e-6)
    np.testing.assert_allclose(np.linalg.norm(together, axis=1), 1, atol=1e-5)
    assert together.dtype == np.float32
    assert together.shape == (5, static.dimensions) == (5, 256)


def test_like_texts_are_nearer_than_unlike_ones(static):
    card, stolen, pizza = embed(
        chunked("my bank card was stolen", "I lost my credit card", "a recipe for pizza with tomatoes"), static
    )
    assert card @ stolen > card @ pizza + 0.2


def test_a_text_without_tokens_is_zero_and_chunks_make_no_difference(static):
    vectors = embed(pa.chunked_array([["", "a word"], [], ["", "a word"]]), static, batch=1)
    assert not vectors[[0, 2]].any()
    np.testing.assert_array_equal(vectors[1], vectors[3])


def test_very_long_texts_are_embedded_in_pieces(static, monkeypatch):
    texts = ["one two three four five six seven " * 30, "short", "", "eight nine ten " * 50]
    whole = static.embed(texts)
    monkeypatch.setattr(embedding, "_TOKENS_AT_ONCE", 17)
    np.testing.assert_allclose(static.embed(texts), whole, atol=1e-5)


def test_zero_rows_stay_zero():
    vectors = normalize(np.array([[3, 4], [0, 0]], dtype=np.float32))
    np.testing.assert_allclose(vectors, [[0.6, 0.8], [0, 0]])


def test_an_unknown_embedder_is_refused():
    with pytest.raises(InputError, match=r"no embedder called bert.*transformers:<a model's name or folder>"):
        embedder("bert")


def test_without_torch_the_cure_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "torch", None)
    with pytest.raises(InputError, match="pip install torch"):
        embedder("transformers:whatever")


def test_the_default_embedder_touches_no_network():
    code = """
import socket
def refused(*_, **__):
    raise AssertionError("the network was touched")
socket.socket.connect = socket.getaddrinfo = socket.create_connection = refused
from labelsift.models.embedding import embedder
print(embedder().embed(["hello"]).shape)
"""
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert done.stdout == "(1, 256)\n"


def test_the_default_embedder_refuses_a_device_that_it_cannot_use():
    assert embedder(device="cpu").dimensions == 256
    with pytest.raises(InputError, match=r"computes on the CPU, not on cuda.*--device"):
        embedder(device="cuda")


frameworks.activate()
if find_spec("torch") and find_spec("transformers"):
    WORDS = ["where", "is", "my", "card", "refund", "please", "##s", "late"]

    @pytest.fixture(scope="module")
    def tiny(tmp_path_factory) -> Path:
        """A random BERT of a few kB with a WordPiece vocabulary, saved as a folder."""
        import torch
        from transformers import BertConfig, BertModel, BertTokenizerFast

        folder = tmp_path_factory.mktemp("models") / "tiny"
        folder.mkdir()
        (folder / "vocab.txt").write_text("\n".join(["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *WORDS]))
        torch.manual_seed(0)
        shape = {"hidden_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 16}
        BertModel(BertConfig(vocab_size=5 + len(WORDS), **shape)).save_pretrained(folder)
        BertTokenizerFast(str(folder / "vocab.txt")).save_pretrained(folder)
        return folder

    @pytest.mark.slow
    def test_a_transformers_model_embeds_each_text_alike_in_any_batch(tiny):
        model = embedder(f"transformers:{tiny}")
        texts = ["where is my card", "cards late", "refund please", "card " * 500, "", "refund"] * 12
        vectors = embed(chunked(*texts), model)
        assert vectors.shape == (72, 16) == (72, model.dimensions)
        np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)
        alone = np.vstack([embed(chunked(text), model) for text in texts[:6]])
        np.testing.assert_allclose(vectors[:6], alone, atol=1e-5)  # padding is masked, the order restored
        np.testing.assert_allclose(vectors[:6], vectors[-6:], atol=1e-5)
        assert np.abs(vectors[0] - vectors[1]).max() > 0.01

    @pytest.mark.slow
    def test_it_is_the_masked_mean_of_the_last_hidden_state(tiny):
        import torch
        from transformers import AutoModel, AutoTokenizer

        tokens = AutoTokenizer.from_pretrained(tiny)("where is my card", return_tensors="pt")
        with torch.inference_mode():
            states = AutoModel.from_pretrained(tiny).eval()(**tokens).last_hidden_state[0]
        ours = embedder(f"transformers:{tiny}").embed(["where is my card", "a longer text so that this one is padded"])
        np.testing.assert_allclose(ours[0], states.mean(dim=0).numpy(), atol=1e-5)

    @pytest.mark.slow
    def test_the_name_tells_the_model_and_not_where_it_lies(tiny):
        model = embedder(f"transformers:{tiny}")
        assert model.name == "transformers:tiny"
        assert model.languages is None

    @pytest.mark.slow
    def test_a_model_that_cannot_be_loaded_is_refused(tmp_path):
        (tmp_path / "none").mkdir()
        with pytest.raises(InputError, match=r"cannot be loaded.*the folder of a saved one"):
            embedder(f"transformers:{tmp_path / 'none'}")

    @pytest.mark.slow
    def test_a_run_finds_the_folder_of_its_model_again(tiny, tmp_path, monkeypatch):
        folder = shutil.copytree(tiny, tmp_path / "own")
        monkeypatch.chdir(tmp_path)
        samples = ls.read(pa.table({"text": ["where is my card", "cards late", "refund please", "refund card late"]}))
        run = ls.scan(samples, embedder="transformers:own", only=["outlier"], store="store").run
        monkeypatch.chdir(tmp_path.parent)
        report = ls.load(run, store=tmp_path / "store")
        assert report.settings["embedder"] == "transformers:own"
        similar = report.similar("refund please", k=1)
        assert similar["text"].to_pylist() == ["refund please"]

        folder.rename(tmp_path / "elsewhere")
        with pytest.raises(InputError, match=r"is gone: there is no folder .*own.*Put the folder back"):
            report.similar("refund please", k=1)

    @pytest.mark.slow
    def test_the_device_is_taken_or_refused_in_one_line(tiny):
        import torch

        plain, on_cpu = embedder(f"transformers:{tiny}"), embedder(f"transformers:{tiny}", device="cpu")
        np.testing.assert_array_equal(plain.embed(["where is my card"]), on_cpu.embed(["where is my card"]))
        absent = "no-such-device" if torch.cuda.is_available() else "cuda"
        with pytest.raises(InputError, match=f"cannot compute on {absent}.*--device"):
            embedder(f"transformers:{tiny}", device=absent)

    @pytest.mark.slow
    def test_vectors_of_a_model_are_kept_until_its_files_change(tiny, tmp_path):
        import os

        texts = chunked("where is my card", "refund please")
        cache, hashes = Cache(tmp_path / "cache", "set"), text_hashes(texts)
        model = embedder(f"transformers:{tiny}")
        first = cached_vectors(cache, texts, hashes, model)
        again = embedder(f"transformers:{tiny}")
        again.embed = lambda _: pytest.fail("embedded again")
        np.testing.assert_array_equal(cached_vectors(cache, texts, hashes, again), first)
        os.utime(tiny / "vocab.txt", (1, 1))
        assert embedder(f"transformers:{tiny}").maker != model.maker
