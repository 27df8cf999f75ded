"""Names of Hugging Face's features: the numbers of a ClassLabel, also within lists and structs, become names.

A data set in memory, a parquet file and a saved folder tell them alike: in the schema's metadata, under
``huggingface``.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import numpy as np
import pyarrow as pa

from ..errors import InputError

_KEY = b"huggingface"
_LISTS = ("Sequence", "List", "LargeList")


def named(table: pa.Table, schema: pa.Schema | None = None) -> pa.Table:
    """Return the table with names in place of numbers, wherever its schema, or the one given, has them.

    Raises
    ------
    InputError
        For numbers that no name stands for.
    """
    metadata = (schema or table.schema).metadata or {}
    try:
        features = json.loads(metadata.get(_KEY, b"{}"))["info"]["features"]
    except (ValueError, KeyError, TypeError, RecursionError):
        return table
    for position, name in enumerate(table.column_names):
        feature = features.get(name)
        if feature is not None and _has_names(feature):
            chunks = [_named(chunk, feature, name) for chunk in table[position].chunks]
            table = table.set_column(position, name, pa.chunked_array(chunks) if chunks else pa.array([], pa.string()))
    return table


def _has_names(feature: Any) -> bool:  # noqa: ANN401 - a feature as JSON
    if isinstance(feature, list):
        return any(map(_has_names, feature))
    if not isinstance(feature, Mapping):
        return False
    return feature.get("_type") == "ClassLabel" or any(map(_has_names, feature.values()))


def _named(array: pa.Array, feature: Any, column: str) -> pa.Array:  # noqa: ANN401
    if isinstance(array, pa.ExtensionArray):
        array = array.storage
    inner = feature[0] if isinstance(feature, list) and feature else None
    if isinstance(feature, Mapping) and feature.get("_type") in _LISTS:
        inner = feature.get("feature")
    if isinstance(feature, Mapping) and feature.get("_type") == "ClassLabel":
        return _class_names(array, feature.get("names") or [], column)
    kind = array.type
    if inner is not None and (pa.types.is_list(kind) or pa.types.is_large_list(kind)):
        values = _named(array.flatten(), inner, column)
        lengths = array.value_lengths().fill_null(0).to_numpy(zero_copy_only=False)
        offsets = np.concatenate([[0], np.cumsum(lengths)])
        make = pa.LargeListArray if pa.types.is_large_list(kind) else pa.ListArray
        index = pa.array(offsets, pa.int64() if pa.types.is_large_list(kind) else pa.int32())
        return make.from_arrays(index, values, mask=array.is_null() if array.null_count else None)
    if inner is not None and pa.types.is_fixed_size_list(kind):
        return pa.FixedSizeListArray.from_arrays(_named(array.flatten(), inner, column), kind.list_size)
    fields = inner if isinstance(inner, Mapping) else feature
    if pa.types.is_struct(kind) and isinstance(fields, Mapping):  # a Sequence of a dict is a dict of lists
        wrap = isinstance(inner, Mapping)
        names = [kind.field(position).name for position in range(kind.num_fields)]
        parts = [
            _named(part, [fields[name]] if wrap else fields[name], column) if _has_names(fields.get(name)) else part
            for name, part in zip(names, array.flatten(), strict=True)
        ]
        return pa.StructArray.from_arrays(parts, names=names, mask=array.is_null() if array.null_count else None)
    return array


def _class_names(codes: pa.Array, names: list[str], column: str) -> pa.Array:
    if not pa.types.is_integer(codes.type):
        return codes
    numbers = codes.fill_null(-1).to_numpy(zero_copy_only=False).astype(np.int64)
    beyond = sorted(set(numbers[numbers >= len(names)].tolist()))
    if beyond:
        raise InputError(
            f"The column {column} holds numbers without a name; its feature names {len(names)}", ids=beyond,
            hint="Cast the column to a ClassLabel that names them all",
        )  # fmt: skip
    return pa.array(names, pa.string()).take(pa.array(numbers, mask=numbers < 0))  # -1: no label
