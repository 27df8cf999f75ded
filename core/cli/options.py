"""Options that several commands share, each stated once: a dataclass names them, a decorator fills it."""

from __future__ import annotations

import csv
import functools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from ..data.adjudication import POLICIES
from ..errors import InputError
from ..store.base import DEFAULT, LATEST

if TYPE_CHECKING:
    from ..data.samples import Samples
    from ..io.dialect import Form
    from ..report import Report

FORM = ("encoding", "format", "delimiter", "quotes", "columns")  # the options of how a file is written
Command = TypeVar("Command", bound=Callable[..., Any])
Decorator = Callable[[Command], Command]


def _option(help: str, default: str | bool | tuple[()] | None = None) -> Any:  # noqa: ANN401 - a field of any type
    return field(default=default, metadata={"help": help})


@dataclass(frozen=True)
class ReadOptions:
    """What a file of rows holds, and where; see :func:`labelsift.io.read.read`."""

    text: str = _option("Column of the texts.", "text")
    no_text: bool = _option("There are none (images, sounds): bring embeddings or probabilities.", False)
    label: str | None = _option("Column of the given labels; blank = unlabeled.")
    labels: str | None = _option("Instead: a column of sets, or columns of 0 and 1 parted by commas, one a label.")
    labels_separator: str | None = _option("What parts the labels within a text, such as '|'.")
    annotations: str | None = _option("Column of what each annotator said: objects, annotator to label.")
    annotators: str | None = _option("Instead: one column of labels each annotator, parted by commas.")
    annotator: str | None = _option("Where a row is one annotation: column of who gave its label.")
    spans: str | None = _option("Column of what is marked in the texts, instead of --label; see docs/spans.md.")
    tokens: str | None = _option("Column of the tokens, where --spans holds their tags (BIO and the like).")
    id: str | None = _option("Column of the ids; without it a sample is known by a hash of its text.")
    meta: Sequence[str] = _option("Further columns to keep for slices and reviewers, parted by commas or repeated.", ())
    split: str | None = _option("Column of the splits (train, test …).")
    predicted: str | None = _option("Column of your model's predictions, for slice metrics.")
    source: str | None = _option("Column of where each sample comes from (human, model, vendor …).")
    missing: str | None = _option("Labels that mean that there is none, parted by commas; '' for no such label.")
    encoding: str = _option("Of csv, tsv, txt and conll files.", "utf-8")
    format: str | None = _option("csv, tsv, jsonl, parquet …, where the file's name does not tell.")
    delimiter: str | None = _option("What parts the columns of a csv, tsv or txt file, such as ';' or tab.")
    quotes: bool | None = _option("Whether quotation marks are around values; the file tells by default.")
    keep_ids: bool = _option("Leave ids that hold personal data as they are; pseudonyms take their place else.", False)
    columns: str | None = _option("Names of a csv, tsv or txt file's columns, where no header line has them.")

    @property
    def form(self) -> Form:
        """How the file is written."""
        from ..io.dialect import Form

        return Form(self.format, self.encoding, self.delimiter, self.quotes, tuple(parted(self.columns)))

    @property
    def absent(self) -> list[str] | None:
        """The labels that mean that there is none; None for those that tell themselves."""
        return None if self.missing is None else parted(self.missing)

    def read(self, file: str, *, name: str | None) -> Samples:
        """Read a file as these options say."""
        from ..io.read import read

        sets = parted(self.labels)
        given = {name: value for name, value in vars(self).items() if name not in ("no_text", "meta")}
        given |= {
            "text": None if self.no_text else self.text,
            "labels": sets[0] if len(sets) == 1 else sets or None,
            "annotators": parted(self.annotators),
            "metadata": parted(self.meta),
            "columns": parted(self.columns),
            "missing": self.absent,
        }
        return read(file, **given, name=name)


@dataclass(frozen=True)
class RunRef:
    """A run of a store, as it is named on the command line."""

    run: str = _option("A run's name, its beginning, or tag:NAME.", LATEST)
    dataset: str | None = _option("Take the latest run of this data set.")
    store: str = _option("The folder, or s3://bucket/prefix, that keeps the runs.", DEFAULT)

    def load(self) -> Report:
        """Load the run."""
        from ..report import load

        return load(self.run, dataset=self.dataset, store=self.store)


def read_options(*names: str, help: Mapping[str, str] | None = None) -> Decorator:
    """Add options of :class:`ReadOptions`, given to the command as ``reading``.

    Parameters
    ----------
    names
        Those that the command takes, in the order of its help; all by default.
    help
        What some of them mean to this command, where that is not what they mean to a scan.
    """
    return _filled(ReadOptions, "reading", names, help or {})


def run_options(command: Command) -> Command:
    """Add the options that choose a run, given to the command as ``ref``."""
    return _filled(RunRef, "ref", (), {})(command)


def _filled(kind: type[Any], parameter: str, names: Sequence[str], help: Mapping[str, str]) -> Decorator:
    chosen = names or [item.name for item in fields(kind)]

    def decorate(command: Command) -> Command:
        @functools.wraps(command)
        def filled(**values: Any) -> Any:  # noqa: ANN401 - what click gives a command
            made = kind(**{name: values.pop(name) for name in chosen})
            return command(**values, **{parameter: made})

        for name in reversed(chosen):
            filled = _click_option(kind, name, help.get(name))(filled)
        return filled  # type: ignore[return-value]

    return decorate


def _click_option(kind: type[Any], name: str, help: str | None = None) -> Decorator:
    item = next(item for item in fields(kind) if item.name == name)
    flag, switch = isinstance(item.default, bool), item.type == "bool | None"
    written = name.replace("_", "-")
    return click.option(
        f"--{written}/--no-{written}" if switch else f"--{written}",
        name,
        is_flag=flag or None,
        multiple=item.default == (),
        default=item.default,
        show_default=isinstance(item.default, str),
        help=help or item.metadata["help"],
    )


store_option = _click_option(RunRef, "store")
json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON for machines.")
dry_run_option = click.option("--dry-run", is_flag=True, help="Say what would be done, and do nothing.")
show_change_option = click.option("--dry-run", is_flag=True, help="Show what would change, and do nothing.")
yes_option = click.option("--yes", is_flag=True, help="Do not ask.")
only_dataset_option = click.option("--dataset", help="Only this data set's.")
by_option = click.option("--by", help="Who says so.")


def policy_option(help: str | None = None) -> Decorator:
    """Add ``--policy``: whose decision counts where people differ."""
    return click.option("--policy", type=click.Choice(POLICIES), default="majority", show_default=True, help=help)


def ids_option(help: str) -> Decorator:
    """Add ``--ids``: a file of sample ids."""
    return click.option("--ids", type=click.Path(exists=True, dir_okay=False), metavar="FILE", help=help)


def ids_in(path: str | None) -> list[str] | None:
    """Read a file of ids, one a line; a blank line is none."""
    return None if path is None else [line for line in lines(path) or [] if line.strip()]


def parted(names: str | Sequence[str] | None) -> list[str]:
    """Part names at commas that do not stand between quotation marks; of several texts each is one name.

    >>> parted("state, channel,"), parted(None), parted(['"country, city",state']), parted(["country, city", "state"])
    (['state', 'channel'], [], ['country, city', 'state'], ['country, city', 'state'])
    """
    several = names if names is not None and not isinstance(names, str) else [names or ""]
    if len(several) > 1:
        return list(several)
    lines = csv.reader(several, skipinitialspace=True)
    return [name.strip() for line in lines for name in line if name.strip()]


def array(path: str | None) -> Any:  # noqa: ANN401 - an array of any shape; Signals validates it
    """Map a .npy file into memory."""
    import numpy as np

    if path is None:
        return None
    try:
        return np.load(path, mmap_mode="r", allow_pickle=False)
    except (ValueError, OSError):
        raise InputError(f"{path} is no array of numpy", hint="Save it with numpy.save, as a plain array") from None


def lines(path: str | None) -> list[str] | None:
    """Read the lines of a text file."""
    if path is None:
        return None
    try:
        text = Path(path).read_text(encoding="utf-8-sig")
    except (UnicodeDecodeError, OSError) as error:
        raise InputError(f"{path} cannot be read ({error})", hint="Save it as UTF-8, one entry a line") from None
    return text.removesuffix("\n").split("\n") if text else []  # splitlines() would part an id at U+2028
