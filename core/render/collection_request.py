"""Collection request: what to ask those for who bring the data, as Markdown and as a table."""

from __future__ import annotations

from dataclasses import dataclass

import pyarrow as pa

from ..data.formatting import shortened, visible
from ..data.textless import require_texts
from ..metrics.collection import RULES, Wanted, wanted_rows
from ..store.run import Run

SHOWN = 240  # characters of an example


@dataclass(frozen=True)
class CollectionRequest:
    """What to ask for.

    Parameters
    ----------
    dataset, run
        Whose rows are too few, and the run that says so.
    wanted
        The lines, the most rows first.
    texts
        Id → the text of an example with personal data and secrets masked; empty unless asked for.
    compared
        Whether there was anything that could be too rare: labels or metadata.
    """

    dataset: str
    run: str
    wanted: tuple[Wanted, ...]
    texts: dict[str, str]
    compared: bool

    @property
    def table(self) -> pa.Table:
        """The lines as ``kind, what, have, ask, rule, why, examples``; ids of examples as lists."""
        return pa.table(
            {
                "kind": pa.array([line.kind for line in self.wanted], pa.string()),
                "what": pa.array([line.what for line in self.wanted], pa.string()),
                "have": pa.array([line.have for line in self.wanted], pa.int64()),
                "ask": pa.array([line.ask for line in self.wanted], pa.int64()),
                "rule": pa.array([RULES[line.kind] for line in self.wanted], pa.string()),
                "why": pa.array([line.why for line in self.wanted], pa.string()),
                "examples": pa.array([list(line.examples) for line in self.wanted], pa.list_(pa.string())),
            }
        )

    def markdown(self) -> str:
        """Write the request as a document to send."""
        lines = [f"# More rows for {_plain(self.dataset)}", ""]
        if not self.wanted:
            why = (
                "No class, value or group of the run was found too rare."
                if self.compared
                else "Nothing could be compared: the rows have neither labels nor metadata."
            )
            return "\n".join([*lines, why, "", f"Run {_plain(self.run)}.", ""])
        lines += ["| what | there are | please send | why |", "|---|---:|---:|---|"]
        lines += [
            f"| {_plain(line.what)} | {line.have:,} | {line.ask:,} | {_plain(line.why)} |" for line in self.wanted
        ]
        kinds = dict.fromkeys(line.kind for line in self.wanted)
        lines += ["", "How many are asked for:", "", *(f"- {kind}: {RULES[kind]}" for kind in kinds)]
        lines += ["", "A row may serve several lines at once.", "", "## Examples", ""]
        for line in self.wanted:
            lines.append(f"- **{_plain(line.what)}**: {_shown(line, self.texts)}")
        return "\n".join([*lines, "", f"Run {_plain(self.run)}.", ""])


def collection_request(run: Run, *, examples: int = 3, with_texts: bool = False) -> CollectionRequest:
    """Return what to ask for.

    Parameters
    ----------
    examples
        Ids for each line.
    with_texts
        Also the examples' texts, with personal data and secrets masked.

    Raises
    ------
    InputError
        For texts of a run that was kept without them.
    """
    wanted = tuple(wanted_rows(run, examples=examples))
    texts: dict[str, str] = {}
    if with_texts:
        from ..texts.redaction import masked  # what it knows of phones and ids takes a while to load

        require_texts(run.samples, "Examples with texts", run=run.run, hint="Leave out --with-texts")
        ids = list(dict.fromkeys(id for line in wanted for id in line.examples))
        shown = run.samples.texts.take(pa.array(run.samples.positions(ids))).to_pylist()
        texts = {id: shortened(" ".join(masked(text).split()), SHOWN) for id, text in zip(ids, shown, strict=True)}
    compared = bool(run.samples.classes) or bool(run.samples.metadata.num_columns)
    return CollectionRequest(run.samples.name, run.run, wanted, texts, compared)


def _shown(line: Wanted, texts: dict[str, str]) -> str:
    if not line.examples:
        return "none is named" if line.have else "there is none yet"
    return "; ".join(_plain(id) + (f" “{_plain(texts[id])}”" if id in texts else "") for id in line.examples)


def _plain(text: str) -> str:
    """Return a text that Markdown shows as it stands, in one line of a table."""
    escaped = "".join(f"\\{sign}" if sign in "\\`*_[]<>|#~$" else sign for sign in visible(text))
    return escaped.replace("\n", " ")
