"""Commands on people's own projects of a labeling platform: enable, disable, serve, apply."""

from __future__ import annotations

import shlex
import sys

import click

from .. import platforms
from ..corrections.record import decisions, recorded
from ..data.adjudication import Policy
from ..errors import InputError
from ..platforms import ApplyRequest
from ..store.store import Store
from .options import dry_run_option, json_option, policy_option, show_change_option, store_option
from .output import show_receipt


@click.command()
@click.argument("platform")
@click.argument("project")
@click.option("--run", default="latest", show_default=True, help="The run that the project's tasks are judged by.")
@click.option("--backend", metavar="URL", help="Connect the server that `labelsift serve` runs at this address.")
@click.option("--prefill", is_flag=True, help="Make the backend's answer the draft of every task: this leads people.")
@click.option("--yes", is_flag=True, help="Change the labeling config without asking.")
@show_change_option
@store_option
@json_option
def enable(
    platform: str,
    project: str,
    run: str,
    backend: str | None,
    prefill: bool,
    yes: bool,
    dry_run: bool,
    store: str,
    as_json: bool,
) -> None:
    """Plug labelsift into PROJECT on PLATFORM: tabs, header lines, backend; `disable` takes it all back."""

    def agree(change: str) -> bool:
        click.echo(change, err=True)
        try:
            return yes or click.confirm("Change the labeling config so?", err=True)
        except click.Abort:  # nobody is there to answer
            click.echo("\nThe labeling config stays as it is; --yes changes it without asking", err=True)
            return False

    receipt = platforms.labeler(platform, "enable").enable(
        project=project,
        run=Store(store).find(run),
        backend=backend,
        store=store,
        agree=agree,
        prefill=prefill,
        dry_run=dry_run,
    )
    change = str(receipt.details.get("labeling_config", ""))
    if dry_run and not as_json and "\n" in change:  # a diff is read line by line
        click.echo(change)
        receipt.details["labeling_config"] = "would change, see above"
    show_receipt(receipt, as_json=as_json)


@click.command()
@click.argument("platform")
@click.argument("project")
@show_change_option
@store_option
@json_option
def disable(platform: str, project: str, dry_run: bool, store: str, as_json: bool) -> None:
    """Take back what `enable` changed in PROJECT on PLATFORM."""
    enabler = platforms.labeler(platform, "enable")
    show_receipt(enabler.disable(project=project, store=store, dry_run=dry_run), as_json=as_json)


@click.command()
@click.argument("platform")
@click.argument("projects", nargs=-1, metavar="[PROJECT[=RUN]]...")
@click.option("--run", default="latest", show_default=True, help="The run for projects that name none.")
@click.option("--host", default="127.0.0.1", show_default=True, help="Beyond loopback a password is needed.")
@click.option("--port", type=int, default=9090, show_default=True)
@click.option("--second-look", is_flag=True, help="Ask another person where an answer contradicts strong evidence.")
@click.option("--train", is_flag=True, help="Let “Start training” fit anew on verified labels.")
@store_option
def serve(
    platform: str, projects: tuple[str, ...], run: str, host: str, port: int, second_look: bool, train: bool, store: str
) -> None:
    """Answer PLATFORM from the run store: predictions and reasons for what it asks about, or what comes into a dataset.

    Without PROJECT every project is answered from the same run, where PLATFORM asks by itself.
    """
    named = {"": run} if not projects else {}
    for item in projects:
        project, _, wanted = item.rpartition("=") if "=" in item else (item, "", run)
        named[project] = wanted
    server = platforms.labeler(platform, "serve")
    if sys.stderr.isatty() and "enable" in server.capabilities:
        target = shlex.quote(projects[0].rpartition("=")[0] or projects[0]) if projects else "PROJECT"
        reached = host if host not in ("0.0.0.0", "::") else "THIS_MACHINE"  # noqa: S104 - compared, not bound
        click.echo(
            f"Connect it from another terminal: labelsift enable {platform} {target} --backend http://{reached}:{port}",
            err=True,
        )
    if sys.stderr.isatty():
        click.echo("What follows is its log, one JSON object a line. Ctrl-C ends it.", err=True)
    server.serve(projects=named, store=store, host=host, port=port, second_look=second_look, train=train)


@click.command()
@click.argument("platform")
@click.argument("project")
@click.option("--run", help="Only decisions on this run.")
@click.option("--dataset", help="Only decisions on this data set.")
@click.option("--match", help="What holds the sample id: data.FIELD of a task, external_id of a record …")
@policy_option()
@click.option("--expert", "experts", multiple=True, help="For the policy expert: whose word counts most.")
@click.option("--undo", is_flag=True, help="Take back what was applied.")
@dry_run_option
@store_option
@json_option
def apply(
    platform: str,
    project: str,
    run: str | None,
    dataset: str | None,
    match: str | None,
    policy: Policy,
    experts: tuple[str, ...],
    undo: bool,
    dry_run: bool,
    store: str,
    as_json: bool,
) -> None:
    """Write the recorded decisions into the PROJECT on PLATFORM that the samples are from, beside what stands there.

    With --undo, without decisions, --run and --dataset, everything is taken back that was ever applied there.
    """
    applier = platforms.labeler(platform, "apply")
    kept = Store(store)  # one instance, which verifies the decision log once
    if not (dataset or run or undo):  # an id of one data set may be another sample's in the project
        made = decisions(kept.ledger.records())
        names = sorted({record["dataset"] for record in made if record["dataset"]})
        if len(names) > 1:
            hint = "Name the project's own: --dataset"
            raise InputError("The store has decisions on several data sets", ids=names, hint=hint)
    with kept.writing():
        corrections = recorded(store=kept, dataset=dataset, run=run)
        if not corrections.num_rows and (not undo or run or dataset):
            raise InputError("The store has no decisions", hint=f"Pull them first: labelsift pull {platform} PROJECT")
        request = ApplyRequest(project, match, policy, experts, undo, dry_run, kept)
        receipt = applier.apply(corrections, request)
    show_receipt(receipt, as_json=as_json)
