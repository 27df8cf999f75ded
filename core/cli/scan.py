"""The command ``labelsift scan``: read a file, run the checks, and print, keep or write what they find."""

from __future__ import annotations

import click

from ..checks.settings import located
from ..data.formatting import visible
from ..render.progress import progress
from ..scanning import scan as scan_samples
from ..signals.signals import Signals
from .estimate import estimate as estimate_scan
from .options import ReadOptions, array, json_option, lines, parted, read_options, store_option
from .output import show, table_format, write_json, write_table
from .print_summary import print_summary
from .settings import SettingsFile


@click.command()
@click.argument("file")
@read_options()
@click.option(
    "--embedder", default="wordllama", show_default=True, help="Or multilingual, or transformers:<name or folder>."
)
@click.option("--device", help="Where a transformers model computes: cpu, cuda, cuda:1, mps …")
@click.option("--embeddings", type=click.Path(exists=True, dir_okay=False), help="A .npy file of vectors.")
@click.option("--pred-probs", type=click.Path(exists=True, dir_okay=False), help="Probabilities: .npy, parquet or csv.")
@click.option("--dynamics", type=click.Path(exists=True), help="What a DynamicsWriter or capture kept of a training.")
@click.option("--classes", type=click.Path(exists=True, dir_okay=False), help="The class of each column, one a line.")
@click.option("--only", help="Run only these checks, or groups of them (rows, labels, training), parted by commas.")
@click.option("--budget", type=int, help="Flag this many worst labels instead of an estimated number.")
@click.option("--folds", type=int, default=5, show_default=True, help="Of the cross-validation.")
@click.option("--seed", type=int, default=0, show_default=True)
@click.option("--taxonomy", type=click.Path(exists=True, dir_okay=False), help="Changes of the classes (TOML).")
@click.option("--parent", help="The run of the version before, if labelsift cannot tell.")
@click.option("--name", help="What to call the data set; the file's name by default.")
@click.option("--estimate", is_flag=True, help="Only tell how long the scan would take, and how much memory.")
@click.option("--scores", type=click.Path(dir_okay=False), help="Write one row a sample here (.parquet or .csv).")
@click.option("--findings", type=click.Path(dir_okay=False), help="Write one row a problem here (.parquet or .csv).")
@click.option("--html", type=click.Path(dir_okay=False), help="Write the report as one page here.")
@click.option("--share", is_flag=True, help="The page holds no text of the data.")
@store_option
@click.option("--no-store", is_flag=True, help="Keep nothing.")
@click.option("--no-texts", is_flag=True, help="Keep the run without texts: ids, labels, vectors and hashes only.")
@click.option("--no-learn", is_flag=True, help="Leave out what people said on earlier runs of this data set.")
@json_option
@click.pass_context
def scan(
    context: click.Context,
    file: str,
    *,
    reading: ReadOptions,
    embedder: str,
    device: str | None,
    embeddings: str | None,
    pred_probs: str | None,
    dynamics: str | None,
    classes: str | None,
    only: str | None,
    budget: int | None,
    folds: int,
    seed: int,
    taxonomy: str | None,
    parent: str | None,
    name: str | None,
    estimate: bool,
    scores: str | None,
    findings: str | None,
    html: str | None,
    share: bool,
    store: str,
    no_store: bool,
    no_texts: bool,
    no_learn: bool,
    as_json: bool,
) -> None:
    """Scan FILE (csv, tsv, jsonl or parquet, plain or compressed, or a URL) and summarise what was found."""
    for path in (scores, findings):
        if path:
            table_format(path)  # refused now rather than after minutes of scanning
    samples = reading.read(file, name=name)
    signals = Signals(pred_probs=pred_probs, embeddings=array(embeddings), dynamics=dynamics, classes=lines(classes))
    if estimate:
        with progress(not as_json) as say:
            say(f"Trying some of {len(samples):,} samples")
            needed = estimate_scan(samples, signals=signals, embedder=embedder, device=device, folds=folds)
        show(needed, lambda needed: click.echo(visible(str(needed))), as_json=as_json)
        return
    settings: SettingsFile = context.find_root().obj or SettingsFile()
    report = scan_samples(
        samples,
        signals=signals,
        embedder=embedder,
        device=device,
        only=parted(only) or None,
        checks=located(settings.checks, settings.path.parent) if settings.path else None,
        budget=budget,
        folds=folds,
        seed=seed,
        taxonomy=taxonomy,
        slices=settings.slices,
        parent=parent,
        store=None if no_store else store,
        texts=not no_texts,
        learn=not no_learn,
        progress=not as_json,
    )
    for table, path in ((report.scores, scores), (report.findings, findings)):
        if path:
            write_table(table, path)
    if html:
        report.to_html(html, share=share)
    if as_json:
        write_json(report.summary())
    else:
        print_summary(report, page=html, store=None if no_store else store, origin=file)
