"""The command line: ``labelsift scan``, ``push``, ``pull``, ``log``, ``similar``, ``runs``, ``demo``, ``doctor``."""

from __future__ import annotations

import sys
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ..data.formatting import visible
from ..errors import LabelsiftError
from .corrections import audit, correct, probes, queue, undo, verify
from .erasure import forget, reproduce
from .labeling import apply, disable, enable, serve
from .options import array, json_option, lines, parted, progress, store_option, table_format, write_json, written
from .platforms import doctor, log, pull, push
from .runs import compare, note, runs, value
from .search import index, similar

if TYPE_CHECKING:
    from ..data.samples import Samples
    from ..signals.signals import Signals

UNEXPECTED = 4


class Commands(click.Group):
    """The group of commands; turns errors into one clear line and an exit code."""

    def main(self, *args: Any, **kwargs: Any) -> Any:  # noqa: ANN401 - click's own signature
        """Run a command; see :mod:`labelsift.errors` for the exit codes."""
        try:
            ended = super().main(*args, **{**kwargs, "standalone_mode": False})
            if isinstance(ended, int):  # click catches its own Exit and returns the code
                sys.exit(ended)
            return ended
        except (click.Abort, KeyboardInterrupt):
            click.echo("Stopped.", err=True)
            sys.exit(130)
        except click.ClickException as error:
            error.show()
            sys.exit(error.exit_code)
        except BrokenPipeError:  # `labelsift runs | head`
            sys.stderr.close()
            sys.exit(0)
        except LabelsiftError as error:
            click.echo(f"labelsift: {visible(str(error))}", err=True)
            sys.exit(error.exit_code)
        except Exception as error:
            if "--debug" in sys.argv:
                raise
            what = visible(f"{type(error).__name__}: {error}".partition("\n")[0])
            click.echo(f"labelsift: something unexpected happened: {what} (details: labelsift --debug …)", err=True)
            sys.exit(UNEXPECTED)


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="labelsift")
@click.option("--debug", is_flag=True, help="Show the traceback of an unexpected error.")
def main(debug: bool) -> None:
    """Find what is wrong with a labeled data set, and bring it to the people who can fix it."""


for command in (push, pull, log, doctor, runs, note, compare, value, similar, index):
    main.add_command(command)
for command in (enable, disable, serve, apply):
    main.add_command(command)
for command in (audit, verify, correct, undo, queue, probes, forget, reproduce):
    main.add_command(command)


@main.command()
@click.argument("file")
@click.option("--text", default="text", show_default=True, help="Column of the texts.")
@click.option("--no-text", is_flag=True, help="There are none (images, sounds): bring embeddings or probabilities.")
@click.option("--label", help="Column of the given labels; blank = unlabeled.")
@click.option("--labels", help="Instead: a column of sets, or columns of 0 and 1 parted by commas, one a label.")
@click.option("--labels-separator", help="What parts the labels within a text, such as '|'.")
@click.option("--annotations", help="Column of what each annotator said: objects, annotator to label.")
@click.option("--annotators", help="Instead: one column of labels each annotator, parted by commas.")
@click.option("--spans", help="Column of what is marked in the texts, instead of --label; see docs/spans.md.")
@click.option("--tokens", help="Column of the tokens, where --spans holds their tags (BIO and the like).")
@click.option("--id", "id_", help="Column of the ids; without it a sample is known by a hash of its text.")
@click.option("--meta", help="Further columns to keep for slices and reviewers, parted by commas.")
@click.option("--split", help="Column of the splits (train, test …).")
@click.option("--predicted", help="Column of your model's predictions, for slice metrics.")
@click.option("--encoding", default="utf-8", show_default=True, help="Of csv and tsv files.")
@click.option("--embedder", default="wordllama", show_default=True, help="Or transformers:<name or folder>.")
@click.option("--device", help="Where a transformers model computes: cpu, cuda, cuda:1, mps …")
@click.option("--embeddings", type=click.Path(exists=True, dir_okay=False), help="A .npy file of vectors.")
@click.option("--pred-probs", type=click.Path(exists=True, dir_okay=False), help="Probabilities: .npy or parquet.")
@click.option("--dynamics", type=click.Path(exists=True), help="What a DynamicsWriter kept of your training.")
@click.option("--classes", type=click.Path(exists=True, dir_okay=False), help="The class of each column, one a line.")
@click.option("--only", help="Run only these checks, parted by commas.")
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
@json_option
def scan(
    file: str,
    text: str,
    no_text: bool,
    label: str | None,
    labels: str | None,
    labels_separator: str | None,
    annotations: str | None,
    annotators: str | None,
    spans: str | None,
    tokens: str | None,
    id_: str | None,
    meta: str | None,
    split: str | None,
    predicted: str | None,
    encoding: str,
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
    as_json: bool,
) -> None:
    """Scan FILE (csv, tsv, jsonl or parquet, plain or compressed, or a URL) and summarise what was found."""
    from ..io.read import read
    from ..scanning import scan as scan_samples
    from ..signals.signals import Signals

    for path in (scores, findings):
        if path:
            table_format(path)  # refused now rather than after minutes of scanning
    samples = read(
        file,
        text=None if no_text else text,
        label=label,
        labels=_sets(labels),
        labels_separator=labels_separator,
        annotations=annotations,
        annotators=parted(annotators),
        spans=spans,
        tokens=tokens,
        id=id_,
        split=split,
        predicted=predicted,
        metadata=parted(meta),
        encoding=encoding,
        name=name,
    )
    signals = Signals(
        pred_probs=pred_probs,
        embeddings=array(embeddings),
        dynamics=dynamics,
        classes=lines(classes),
    )
    if estimate:
        _tell_estimate(samples, signals, embedder, device=device, folds=folds, as_json=as_json)
        return
    with progress(as_json) as say:
        report = scan_samples(
            samples,
            signals=signals,
            embedder=embedder,
            device=device,
            only=parted(only) or None,
            budget=budget,
            folds=folds,
            seed=seed,
            taxonomy=taxonomy,
            parent=parent,
            store=None if no_store else store,
            texts=not no_texts,
            progress=say,
        )
    for table, path in ((report.scores, scores), (report.findings, findings)):
        if path:
            written(table, path)
    if html:
        report.to_html(html, share=share)
    if as_json:
        write_json(report.summary())
    else:
        from .print_summary import print_summary

        print_summary(report, page=html, store=None if no_store else store)


def _sets(names: str | None) -> str | list[str] | None:
    """Return one column of sets, or several of 0 and 1."""
    found = parted(names)
    return found[0] if len(found) == 1 else found or None


def _tell_estimate(
    samples: Samples, signals: Signals, embedder: str, *, device: str | None, folds: int, as_json: bool
) -> None:
    from .estimate import estimate

    with progress(as_json) as say:
        say(f"Trying some of {len(samples):,} samples")
        found = estimate(samples, signals=signals, embedder=embedder, device=device, folds=folds)
    if as_json:
        write_json(asdict(found))
    else:
        click.echo(visible(str(found)))


@main.command()
@click.option("--folder", default="labelsift-demo", show_default=True, help="Where data, report and logs go.")
@click.option("--seed", type=int, default=0, show_default=True, help="Of the built-in data.")
@click.option("--no-platforms", is_flag=True, help="Only the file part: scan and report.")
def demo(folder: str, seed: int, no_platforms: bool) -> None:
    """Show the whole loop on built-in data, with a real local Label Studio and MLflow and an offline W&B run."""
    from ..demo.tour import tour

    tour(Path(folder), seed=seed, platforms=not no_platforms)
