"""Source of a read: a path, a URL or a container, and the JSON array that a local file may hold."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Any

import pyarrow as pa

from ..errors import InputError
from .columns import json_text
from .dialect import Form
from .json_documents import document, is_document
from .opening import opener, stem


class Source:
    """What :func:`labelsift.io.read.read` was given.

    Parameters
    ----------
    origin
        A path, a URL or a container such as a data frame.
    form
        How a file is written.
    name
        What to call the data set.
    """

    def __init__(self, origin: object, *, form: Form | None = None, name: str | None = None) -> None:
        self.origin = origin
        self.form = form or Form()
        self.path = os.fsdecode(origin) if isinstance(origin, (str, bytes, os.PathLike)) else None
        if self.path is not None and ("\0" in self.path or _undecodable(self.path)):
            raise InputError(f"The path {self.path!r} is no UTF-8", hint="Rename the file")
        self.name = name

    @property
    def stem(self) -> str | None:
        """The data set's name: the one given, else that of the file; None for a container without one."""
        return self.name or (stem(self.path) if self.path else None)

    @cached_property
    def local_file(self) -> str | None:
        """The format of a file of this machine; None for any other source."""
        if self.path is None or "://" in self.path or not os.path.isfile(self.path):
            return None
        try:
            return opener(self.path, self.form.format)[0]
        except InputError:
            return ""

    @cached_property
    def document(self) -> Any:  # noqa: ANN401 - any JSON
        """The value of a .json file that is one, plain or compressed; None for any other source.

        Raises
        ------
        InputError
            If it is no JSON.
        """
        if self.path is None or (self.local_file or "json") != "json":
            return None
        try:
            form, opened = opener(self.path, self.form.format)
            return document(opened, self.path) if form == "json" and is_document(opened) else None
        except (InputError, OSError) as error:
            if isinstance(error, InputError) and self.local_file:
                raise
            return None

    @property
    def objects(self) -> list[dict[str, Any]]:
        """The objects of a JSON array; none for an array of anything else and for any other source."""
        array = self.document if isinstance(self.document, list) else []
        return array if all(isinstance(value, dict) for value in array) else []


def _undecodable(path: str) -> bool:
    try:
        path.encode()
    except UnicodeEncodeError:
        return True
    return False


def table_of(objects: Sequence[Mapping[str, Any]]) -> pa.Table:
    """Turn objects into a table of texts: what is no text is written as JSON.

    >>> table_of([{"id": 7, "text": "a"}, {"text": "b"}]).to_pylist()
    [{'id': '7', 'text': 'a'}, {'id': None, 'text': 'b'}]
    """
    names = list(dict.fromkeys(name for row in objects for name in row))
    return pa.table({name: pa.array([json_text(row.get(name)) for row in objects], pa.string()) for name in names})
