"""Source of a read: a path, a URL or a container, and the JSON array that a local file may hold."""

from __future__ import annotations

import io
import json
import os
from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Any

import pyarrow as pa

from ..errors import InputError
from . import files
from .columns import json_text

_PEEKED = 4096  # bytes that tell an array from lines of JSON


class Source:
    """What :func:`labelsift.io.read.read` was given.

    Parameters
    ----------
    origin
        A path, a URL or a container such as a data frame.
    encoding
        Of csv and tsv files.
    name
        What to call the data set.
    """

    def __init__(self, origin: object, *, encoding: str = "utf-8", name: str | None = None) -> None:
        self.origin = origin
        self.encoding = encoding
        self.path = os.fspath(origin) if isinstance(origin, (str, os.PathLike)) else None
        self.name = name
        self._fault: ValueError | None = None  # why an array is no JSON

    @property
    def stem(self) -> str | None:
        """The data set's name: the one given, else that of the file; None for a container without one."""
        return self.name or (files.stem(self.path) if self.path else None)

    @cached_property
    def local_file(self) -> str | None:
        """The path where it is a file of this machine, in lower case to tell its ending; None otherwise."""
        local = self.path is not None and "://" not in self.path and os.path.isfile(self.path)
        return self.path.lower() if local and self.path else None

    @cached_property
    def array(self) -> list[Any] | None:
        """The values of a JSON array in a local file, plain or compressed; None for any other source."""
        if self.path is None or not (self.local_file or "").removesuffix(".gz").endswith(".json"):
            return None
        with pa.input_stream(self.path, compression=files.kind(self.path)[1]) as stream:
            content = io.BufferedReader(stream)  # type: ignore[arg-type]
            if not content.peek(_PEEKED).lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"["):
                return None
            try:
                return json.loads(content.read().decode("utf-8-sig"))
            except ValueError as error:
                self._fault = error
                return None

    @property
    def objects(self) -> list[dict[str, Any]]:
        """The objects of a JSON array; none for an array of anything else and for any other source."""
        array = self.array or []
        return array if all(isinstance(value, dict) for value in array) else []

    def require_objects(self) -> list[dict[str, Any]] | None:
        """Return the objects of a JSON array; None where the source is no array.

        Raises
        ------
        InputError
            If the array is broken, or holds anything but objects.
        """
        array = self.array
        if self._fault is not None:
            raise InputError(f"{self.path} is no JSON ({self._fault})", hint="Export it again")
        if array and not self.objects:
            raise InputError(f"{self.path} holds no tasks", hint="Export the project as JSON")
        return array


def table_of(objects: Sequence[Mapping[str, Any]]) -> pa.Table:
    """Turn objects into a table of texts: what is no text is written as JSON.

    >>> table_of([{"id": 7, "text": "a"}, {"text": "b"}]).to_pylist()
    [{'id': '7', 'text': 'a'}, {'id': None, 'text': 'b'}]
    """
    names = list(dict.fromkeys(name for row in objects for name in row))
    return pa.table({name: pa.array([json_text(row.get(name)) for row in objects], pa.string()) for name in names})
