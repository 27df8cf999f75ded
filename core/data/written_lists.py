"""Lists and objects within texts: JSON, and Python's way of writing them, which pandas puts into csv files."""

from __future__ import annotations

import ast
import io
import json
import tokenize
from typing import Any

CURE = "Write JSON (json.dumps) before the file is written, or keep the lists in parquet or jsonl"


class WrittenByNumpyError(ValueError):
    """A list without commas, as numpy prints arrays: where a value ends cannot always be told."""


def loaded(text: str) -> Any:  # noqa: ANN401 - any JSON
    """Read a text as JSON, or as Python writes lists, tuples and objects.

    >>> loaded('["a"]'), loaded("['a', None]"), loaded("('a', 1)")
    (['a'], ['a', None], ['a', 1])

    Raises
    ------
    ValueError
        If it is neither; :class:`WrittenByNumpyError` for arrays as numpy prints them.
    """
    try:
        return json.loads(text)
    except RecursionError:
        raise ValueError("nested too deep") from None
    except ValueError:
        if not text.lstrip().startswith(("[", "{", "(")):
            raise
    if _without_commas(text):
        raise WrittenByNumpyError("this is how numpy writes arrays, without commas")
    try:
        return json.loads(json.dumps(ast.literal_eval(text.strip()), default=list))  # tuples and sets become lists
    except (SyntaxError, TypeError, MemoryError, RecursionError) as error:
        raise ValueError(str(error)) from None


def _without_commas(text: str) -> bool:
    """Tell whether two values stand side by side, which Python would join."""
    values = (tokenize.STRING, tokenize.NUMBER, tokenize.NAME)
    try:
        before = None
        for token in tokenize.generate_tokens(io.StringIO(text.strip()).readline):
            if token.type in values and before in values:
                return True
            before = token.type if token.type != tokenize.NL else before
    except (tokenize.TokenError, SyntaxError, RecursionError):
        pass
    return False
