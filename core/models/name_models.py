"""Recognition of persons' names by a model that the user installed: a spaCy pipeline, or presidio's analyzer.

Neither is a dependency, and nothing is fetched: ``spacy:en_core_web_sm`` loads an installed pipeline, ``presidio`` an
analyzer with whatever model its own settings name.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any

from ..errors import InputError

SPACY, PRESIDIO = "spacy:", "presidio"
PERSON_LABELS = frozenset({"PERSON", "PER"})  # English pipelines say PERSON, most others PER
LONGEST = 100_000  # characters at once; spaCy refuses more than a million
Places = list[tuple[int, int]]
Recognize = Callable[[Iterable[str]], Iterator[Places]]


def name_model(named: str) -> Recognize:
    """Return a function from texts to the places of the names in each: start and end in characters.

    Parameters
    ----------
    named
        ``spacy:PIPELINE`` or ``presidio``.

    Raises
    ------
    InputError
        If the package or the pipeline is not installed.
    """
    recognize = _presidio() if named == PRESIDIO else _spacy(named.removeprefix(SPACY))

    def in_pieces(texts: Iterable[str]) -> Iterator[Places]:
        for text in texts:
            pieces = range(0, max(len(text), 1), LONGEST)
            yield [
                (start + piece, end + piece)
                for piece in pieces
                for start, end in recognize(text[piece : piece + LONGEST])
            ]

    return in_pieces


def _spacy(pipeline: str) -> Callable[[str], Places]:
    try:
        import spacy  # pyright: ignore[reportMissingImports]
    except ImportError:
        raise InputError(
            f"Names by {SPACY}{pipeline} need the package spacy, which is not installed",
            hint=f"Install it and the pipeline: pip install spacy, then python -m spacy download {pipeline}",
        ) from None
    try:
        model = spacy.load(pipeline)
    except OSError:
        raise InputError(
            f"spaCy has no pipeline {pipeline}", hint=f"Install it: python -m spacy download {pipeline}"
        ) from None

    def recognize(text: str) -> Places:
        return [(entity.start_char, entity.end_char) for entity in model(text).ents if entity.label_ in PERSON_LABELS]

    return recognize


def _presidio() -> Callable[[str], Places]:
    try:
        from presidio_analyzer import AnalyzerEngine  # pyright: ignore[reportMissingImports]
    except ImportError:
        raise InputError(
            "Names by presidio need the package presidio-analyzer, which is not installed",
            hint="Install it: pip install presidio-analyzer",
        ) from None
    try:
        engine: Any = AnalyzerEngine()
    except (OSError, ImportError, SystemExit) as error:  # it tries to fetch its model, and ends where it cannot
        raise InputError(
            f"presidio cannot load its model ({error})", hint="Install the spaCy pipeline it asks for"
        ) from None

    def recognize(text: str) -> Places:
        return [(match.start, match.end) for match in engine.analyze(text=text, language="en", entities=["PERSON"])]

    return recognize
