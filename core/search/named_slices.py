"""Named slices: subsets that people declared, by a condition in SQL or as the samples most like some.

In ``labelsift.toml`` they are the table ``[slices]``, in code a mapping, and in a run its setting ``slices``::

    [slices]
    ca_women = "state = 'CA' AND gender = 'f'"
    like_these = {like = ["t17", "t98"], similarity = 0.6}
"""

from __future__ import annotations

import difflib
import unicodedata
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from ..data.formatting import listed
from ..data.slugs import slug
from ..errors import InputError
from ..metrics.slice_cells import cell_mask
from .query import seed_vector
from .seeds import required_embeddings, selection

if TYPE_CHECKING:
    from ..data.samples import Samples
    from ..store.run import Run
    from .sql_filter import Selection

SETTING = "slices"  # in a run's settings: name → condition, or a table with `like`
COLUMN = "slice"  # the slug of a named slice is that of a cell of such a column
LONGEST = 100
MOST = 200
_KEYS = ("like", "similarity", "nearest")
_BLOCK = 65_536
Definitions = Mapping[str, Any]


@dataclass(frozen=True)
class NamedSlice:
    """A subset of the samples that has a name.

    Parameters
    ----------
    name
        As people wrote it.
    where
        A condition in SQL over the columns that ``report.ids`` knows, or None.
    like
        Instead: ids of samples. Those are meant that are as similar to the mean of their vectors as ``similarity``
        says (cosine), or the ``nearest`` ones.
    """

    name: str
    where: str | None = None
    like: tuple[str, ...] = ()
    similarity: float | None = None
    nearest: int | None = None

    @property
    def slug(self) -> str:
        """The slice's name where only some characters may stand: ``slice:ca_women``."""
        return slug(((COLUMN, self.name),))

    @property
    def predicate(self) -> str:
        """What holds in the slice, for people."""
        if self.where is not None:
            return self.where
        many = "1 sample" if len(self.like) == 1 else f"{len(self.like):,} samples"
        if self.nearest is not None:
            return f"the {self.nearest:,} most like {many}"
        return f"like {many} (similarity ≥ {self.similarity:g})"

    @property
    def plain(self) -> str | dict[str, Any]:
        """The slice as it stands in a settings file."""
        if self.where is not None:
            return self.where
        chosen = {"similarity": self.similarity, "nearest": self.nearest}
        return {"like": list(self.like)} | {key: value for key, value in chosen.items() if value is not None}


def named_slices(slices: Definitions) -> dict[str, NamedSlice]:
    """Read the definitions of slices.

    Raises
    ------
    InputError
        For a name that cannot be one, two names of one slug, and what is no definition; it names the slice.
    """
    if not isinstance(slices, Mapping):
        raise InputError(f"The slices are {slices!r}"[:200], hint="Give a table: name = \"state = 'CA'\"")
    if len(slices) > MOST:
        raise InputError(f"{len(slices):,} named slices are too many", hint=f"Declare at most {MOST}")
    result = {name: _read(name, definition) for name, definition in slices.items()}
    by_slug: dict[str, str] = {}
    for name, named in result.items():
        if (other := by_slug.setdefault(named.slug.casefold(), name)) != name:
            raise InputError("Two slices differ only in upper and lower case", ids=[other, name], hint="Rename one")
    return result


def slices_of(run: Run) -> dict[str, NamedSlice]:
    """Return the named slices that a run keeps."""
    return named_slices(run.settings.get(SETTING) or {})


def named_masks(run: Run, slices: Definitions | None = None) -> dict[str, np.ndarray]:
    """Return which samples are in each named slice: name → bool, shape (n,).

    Parameters
    ----------
    slices
        Their definitions; those that the run keeps where None.

    Raises
    ------
    InputError
        If a definition is none, names a column or an id that the run does not have, or there are no vectors for
        ``like``; it names the slice.
    """
    wanted = slices_of(run) if slices is None else named_slices(slices)
    columns = selection_of(run)
    return {name: _mask(run, named, columns) for name, named in wanted.items()}


def masks_of(run: Run, slices: Mapping[str, Any] | None) -> dict[str, np.ndarray]:
    """Return name → mask of slices that are given as masks or as definitions; those that the run keeps where None."""
    masks = {name: value for name, value in (slices or {}).items() if isinstance(value, np.ndarray)}
    defined = None if slices is None else {name: value for name, value in slices.items() if name not in masks}
    return masks | named_masks(run, defined)


def slice_mask(run: Run, part: str, slices: Definitions | None = None) -> np.ndarray:
    """Return which samples are in a slice: bool, shape (n,).

    Parameters
    ----------
    part
        The name of a named slice or its slug (``slice:ca_women``), or the slug of a cell of one or two columns.

    Raises
    ------
    InputError
        If the run has no such slice; names the nearest ones.
    """
    wanted = slices_of(run) if slices is None else named_slices(slices)
    named = find(wanted, part)
    if named is not None:
        return _mask(run, named, selection_of(run))
    try:
        return cell_mask(run.samples, part)[0]
    except InputError as error:
        near = difflib.get_close_matches(part.removeprefix(f"{COLUMN}:"), wanted, n=1)
        if near:
            raise InputError("The run has no such slice", ids=[part], hint=f"The nearest is {near[0]}") from None
        if wanted and part.startswith(f"{COLUMN}:"):
            hint = f"Its named slices are {listed(list(wanted), most=10)}"
            raise InputError("The run has no such slice", ids=[part], hint=hint) from None
        raise error


def slice_ids(run: Run, part: str, slices: Definitions | None = None) -> list[str]:
    """Return the ids of the samples of a slice; see :func:`slice_mask`."""
    return run.samples.ids.filter(slice_mask(run, part, slices)).to_pylist()


def slice_words(run: Run, part: str, slices: Definitions | None = None) -> str:
    """Return what holds in a slice, for people; a named one by its name."""
    wanted = slices_of(run) if slices is None else named_slices(slices)
    if (named := find(wanted, part)) is not None:
        return named.name
    return cell_mask(run.samples, part)[1]


def find(slices: Mapping[str, NamedSlice], part: str) -> NamedSlice | None:
    """Return the slice of a name or a slug; None where there is none."""
    return slices.get(part) or next((named for named in slices.values() if named.slug == part), None)


def _read(name: object, definition: object) -> NamedSlice:
    if not isinstance(name, str) or not name.strip() or name != name.strip() or len(name) > LONGEST:
        raise InputError(
            f"{str(name)[:LONGEST]!r} is no name of a slice",
            hint=f"Use 1 to {LONGEST} characters, no space at the ends",
        )
    if '"' in name or any(unicodedata.category(letter).startswith(("C", "Zl", "Zp")) for letter in name):
        raise InputError(f"{name!r} is no name of a slice", hint="Use no quotation marks and no control characters")
    if isinstance(definition, NamedSlice):
        definition = definition.plain
    if isinstance(definition, str):
        if not definition.strip():
            raise InputError("A slice has an empty condition", ids=[name], hint="Write SQL, like state = 'CA'")
        return NamedSlice(name, where=definition)
    if isinstance(definition, Mapping) and list(definition) == ["where"]:
        return _read(name, definition["where"])
    if isinstance(definition, Mapping) and "like" in definition:
        return _read_like(name, definition)
    raise InputError(
        "This is no slice", ids=[name], hint='Write SQL as a text, or a table {like = ["id", …], similarity = 0.6}'
    )


def _read_like(name: str, table: Mapping[str, Any]) -> NamedSlice:
    where = f"The slice {name}"
    if unknown := [key for key in table if key not in _KEYS]:
        raise InputError(f"{where} has keys that there are not", ids=unknown, hint=f"Use {listed(_KEYS)}")
    like, similarity, nearest = (table.get(key) for key in _KEYS)
    like = [like] if isinstance(like, str) else like
    if not isinstance(like, Sequence) or not like or not all(isinstance(id, str) for id in like):
        raise InputError(f"{where} needs ids to be like", hint='Write like = ["id", …]')
    if (similarity is None) == (nearest is None):
        raise InputError(f"{where} needs either similarity or nearest", hint="Write similarity = 0.6, or nearest = 200")
    if similarity is not None and (
        isinstance(similarity, bool) or not isinstance(similarity, (int, float)) or not -1 <= similarity <= 1
    ):
        raise InputError(f"similarity of the slice {name} is {similarity!r}", hint="Write a number from -1 to 1")
    if nearest is not None and (isinstance(nearest, bool) or not isinstance(nearest, int) or nearest < 1):
        raise InputError(f"nearest of the slice {name} is {nearest!r}", hint="Write a whole number from 1")
    return NamedSlice(name, None, tuple(like), None if similarity is None else float(similarity), nearest)


def selection_of(run: Run) -> Selection:
    """Return the columns that a condition can name."""
    return getattr(run, "selection", None) or selection(run)  # a report keeps its own, with what it has computed


def _mask(run: Run, named: NamedSlice, columns: Selection) -> np.ndarray:
    try:
        if named.where is not None:
            return columns.matching(named.where)
        return _like(run, named)
    except InputError as error:
        raise of_slice(named.name, error) from None


def of_slice(name: str, error: InputError) -> InputError:
    """Return an error that names the slice whose definition caused it."""
    return InputError(f"Slice {name}: {error.what}", ids=error.ids, hint=error.hint)


def _like(run: Run, named: NamedSlice) -> np.ndarray:
    vectors = required_embeddings(run)
    seed = seed_vector(vectors[_rows(run.samples, named)])
    cosine = np.concatenate(
        [np.asarray(vectors[start : start + _BLOCK], np.float32) @ seed for start in range(0, len(vectors), _BLOCK)]
    )
    if named.similarity is not None:
        return cosine >= named.similarity
    mask = np.zeros(len(cosine), dtype=bool)
    mask[np.argsort(-cosine, kind="stable")[: named.nearest]] = True
    return mask


def _rows(samples: Samples, named: NamedSlice) -> np.ndarray:
    return np.unique(samples.positions(list(named.like)))


def hides(samples: Samples, part: str, hidden: Collection[str]) -> bool:
    """Tell whether the cell of a slug is one of a column whose values are not to be shown."""
    if not hidden:
        return False
    columns = {name: name for name in hidden if name in samples.metadata.column_names}
    starts = {slug(((name, "x"),)).partition(":")[0] for name in columns}
    return any(term.partition(":")[0] in starts for term in part.split("__"))
