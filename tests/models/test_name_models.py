"""Names by a model that the user installed: stand-ins with the calls that spaCy and presidio take."""

from __future__ import annotations

import sys
from types import ModuleType, SimpleNamespace

import labelsift as ls
import pyarrow as pa
import pytest
from labelsift.models import name_models
from labelsift.models.name_models import name_model


def entity(text, value, label):
    return SimpleNamespace(start_char=text.index(value), end_char=text.index(value) + len(value), label_=label)


@pytest.fixture
def spacy(monkeypatch):
    module = ModuleType("spacy")

    def load(name):
        if name != "en_small":
            raise OSError(f"[E050] Can't find model '{name}'.")

        def pipeline(text):
            found = [("Ann Lee", "PERSON"), ("Paris", "GPE"), ("Bo", "PER")]
            return SimpleNamespace(ents=[entity(text, value, label) for value, label in found if value in text])

        return pipeline

    module.load = load
    monkeypatch.setitem(sys.modules, "spacy", module)


@pytest.fixture
def presidio(monkeypatch):
    module = ModuleType("presidio_analyzer")

    class AnalyzerEngine:
        def analyze(self, text, language, entities):
            assert (language, entities) == ("en", ["PERSON"])
            return [SimpleNamespace(start=0, end=3)] if text.startswith("Ann") else []

    module.AnalyzerEngine = AnalyzerEngine
    monkeypatch.setitem(sys.modules, "presidio_analyzer", module)


@pytest.mark.usefixtures("spacy")
def test_persons_of_a_spacy_pipeline_are_names():
    assert list(name_model("spacy:en_small")(["Ann Lee met Bo in Paris", "", "none"])) == [[(0, 7), (12, 14)], [], []]


@pytest.mark.usefixtures("spacy")
def test_a_long_text_goes_through_in_pieces(monkeypatch):
    monkeypatch.setattr(name_models, "LONGEST", 20)
    (places,) = name_model("spacy:en_small")(["." * 20 + "Ann Lee"])
    assert places == [(20, 27)]


@pytest.mark.usefixtures("presidio")
def test_presidio_is_asked_for_persons():
    assert list(name_model("presidio")(["Ann said so", "who?"])) == [[(0, 3)], []]


@pytest.mark.parametrize(("named", "package"), [("spacy:en_small", "spacy"), ("presidio", "presidio-analyzer")])
def test_what_is_not_installed_says_how_to_get_it(named, package, monkeypatch):
    monkeypatch.setitem(sys.modules, package.replace("-", "_"), None)
    with pytest.raises(ls.InputError, match=f"{package}, which is not installed.*pip install {package}"):
        name_model(named)


@pytest.mark.usefixtures("spacy")
def test_an_unknown_pipeline_is_named():
    with pytest.raises(ls.InputError, match=r"no pipeline xx_big.*download xx_big"):
        name_model("spacy:xx_big")


@pytest.mark.usefixtures("spacy")
def test_the_check_takes_names_from_the_model_beside_the_cues():
    data = pa.table({"text": ["Ann Lee is angry", "my name is Cy Dow", "ask Bo, a@b.example"]})
    settings = {"pii": {"names": "spacy:en_small"}}
    report = ls.scan(data, only=["pii"], checks=settings, store=None, progress=False)
    kinds = sorted(row["reason"] for row in report.findings.to_pylist())
    assert kinds == [
        "The text holds 1 e-mail address and 1 name of a person.",
        "The text holds 1 name of a person.",
        "The text holds 1 name of a person.",
    ]
