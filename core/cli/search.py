"""Commands of similarity search: ``similar`` in a run or an unlabeled pool, ``index`` to make such a pool."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict

import click

from ..data.formatting import visible
from ..errors import InputError
from ..render.progress import progress
from ..report import Report
from ..search.index_pool import index_pool
from ..search.named_slices import slice_ids
from ..search.pools import pools_of
from ..search.seeds import class_ids
from ..store.store import Store
from .options import (
    FORM,
    ReadOptions,
    RunRef,
    array,
    ids_in,
    ids_option,
    json_option,
    read_options,
    run_options,
    store_option,
)
from .output import write_json
from .print_tables import print_receipt, print_similar
from .settings import declared_slices


@click.command()
@click.argument("seed", required=False)
@click.option(
    "--like", metavar="SQL", help="Start from all samples that fulfil this: \"label = 'a' AND is_label_issue\"."
)
@click.option("--class", "weak", metavar="NAME", help="Start from the flagged samples of a class, else its worst 20.")
@click.option("--slice", "part", metavar="SLUG", help="Start from a slice, like state:CA__gender:f.")
@ids_option("Start from the ids in this file, one a line.")
@click.option("-k", default=10, show_default=True, help="How many.")
@click.option("--where", metavar="SQL", help="Only samples that fulfil this: \"split = 'test' AND NOT is_pii_issue\".")
@click.option("--pool", help="Search this pool instead of the run; see labelsift index.")
@click.option("--fold-duplicates", is_flag=True, help="Show one sample for all with the same text.")
@click.option("--push", metavar="PLATFORM", help="Push what is found as a labeling batch, into --project.")
@click.option("--project", help="Where to push it.")
@run_options
@json_option
def similar(
    seed: str | None,
    like: str | None,
    weak: str | None,
    part: str | None,
    ids: str | None,
    k: int,
    where: str | None,
    pool: str | None,
    fold_duplicates: bool,
    push: str | None,
    project: str | None,
    ref: RunRef,
    as_json: bool,
) -> None:
    """Find the samples most like SEED: a text, or the id of a sample; or a group's: --like, --class, --slice, --ids."""
    if (push is None) != (project is None):
        raise InputError("--push needs --project, and the other way round", hint="Name both")
    report = ref.load()
    start = _seed(report, seed, like=like, weak=weak, part=part, ids=ids)
    table = report.similar(start, k=k, where=where, pool=pool, fold_duplicates=fold_duplicates, details=as_json)
    receipt = report.batch(table, pool=pool).push(push, project=project) if push and project else None
    rows = table.to_pylist()
    if as_json:
        write_json({"similar": rows, "receipt": receipt.as_dict()} if receipt else rows)
        return
    for row in rows:
        if row.get("copies", 1) > 1:
            row["text"] = f"({row['copies']}×) {row['text']}"
    print_similar(rows)
    if receipt:
        print_receipt(receipt)


def _seed(
    report: Report, seed: str | None, *, like: str | None, weak: str | None, part: str | None, ids: str | None
) -> str | Sequence[str]:
    given = [start for start in (seed, like, weak, part, ids) if start is not None]
    if len(given) != 1:
        raise InputError(
            "A search starts from one thing" if given else "There is nothing to start from",
            hint="Give a text or an id, or one of --like SQL, --class NAME, --slice SLUG, --ids FILE",
        )
    if like is not None:
        group = report.ids(like)
        if not group:
            raise InputError("No sample fulfils the condition of --like", hint="Check its values")
        return group
    if weak is not None:
        return class_ids(report, weak)
    if part is not None:
        return slice_ids(report, part, declared_slices())
    chosen = ids_in(ids)
    return str(seed) if chosen is None else chosen


@click.command()
@click.argument("pool", required=False)
@read_options(
    "text",
    "id",
    "label",
    "split",
    "meta",
    "keep_ids",
    *FORM,
    help={
        "label": "Column of labels, if some are labeled.",
        "split": "Column of the splits.",
        "meta": "Further columns to filter by, parted by commas.",
    },
)
@click.option("--name", help="What to call the pool; the file's name by default.")
@click.option("--embedder", help="That of the pool or the latest run by default.")
@click.option("--embeddings", type=click.Path(exists=True, dir_okay=False), help="A .npy file of your own vectors.")
@click.option("--remove", type=click.Path(exists=True, dir_okay=False), help="Take the ids in this file out of --name.")
@store_option
@json_option
def index(
    pool: str | None,
    reading: ReadOptions,
    name: str | None,
    embedder: str | None,
    embeddings: str | None,
    remove: str | None,
    store: str,
    as_json: bool,
) -> None:
    """Make the unlabeled samples of the file POOL searchable; once more adds what is new and replaces what changed."""
    if (pool is None) == (remove is None) or (remove is not None and name is None):
        raise InputError("It is not clear what to index", hint="Give a file, or --name POOL --remove FILE")
    if remove is not None:
        kept = Store(store)
        with kept.writing():
            change = pools_of(kept).remove(str(name), ids_in(remove) or [])
    else:
        samples = reading.read(str(pool), name=name)
        with progress(not as_json) as say:
            change = index_pool(
                samples, name=name, model=embedder, embeddings=array(embeddings), store=store, progress=say
            )
    if as_json:
        write_json(asdict(change))
        return
    for note in change.notes:
        click.echo(visible(note), err=True)
    counts = f"{change.created:,} created, {change.updated:,} updated, {change.unchanged:,} unchanged"
    click.echo(f"Pool {visible(change.pool)}: {counts}, {change.removed:,} removed; {change.rows:,} rows")
