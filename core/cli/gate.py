"""The command ``labelsift gate``: conditions that a run must fulfil, for people, for CI and for a tracker."""

from __future__ import annotations

import click

from .. import platforms
from ..errors import InputError
from ..render.gate_junit import gate_junit
from ..render.gate_markdown import gate_markdown
from .options import RunRef, json_option, run_options
from .output import write_json, write_text
from .print_gate import print_gate
from .settings import SettingsFile

EXIT_CODES = {"passed": 0, "failed": 1, "not measurable": InputError.exit_code}


@click.command()
@click.argument("conditions", nargs=-1, metavar="[CONDITION]...")
@click.option("--allow-proxy", is_flag=True, help="Judge the built-in proxy model where the run has no predictions.")
@click.option("--strict", is_flag=True, help="Fail on the value alone, also where chance may explain it.")
@click.option("--proven", is_flag=True, help="Fail unless the data prove that a condition holds.")
@click.option("--junit", type=click.Path(dir_okay=False), metavar="FILE", help="Write JUnit XML here, for CI servers.")
@click.option("--markdown", type=click.Path(dir_okay=False), metavar="FILE", help="Write it here for a pull request.")
@click.option("--log", "tracker", metavar="TRACKER", help="Note the result in this tracker's run of the scan.")
@click.option("--target", help="With --log: the experiment or project there.")
@run_options
@json_option
@click.pass_context
def gate(
    context: click.Context,
    conditions: tuple[str, ...],
    *,
    allow_proxy: bool,
    strict: bool,
    proven: bool,
    junit: str | None,
    markdown: str | None,
    tracker: str | None,
    target: str | None,
    ref: RunRef,
    as_json: bool,
) -> None:
    r"""Check a run against each CONDITION, or those of labelsift.toml (gates = [...]).

    \b
    labelsift gate "f1 >= 0.8" "recall of refund >= 0.7 in state:CA"
    labelsift gate "error_rate <= 12% by state, gender with n >= 50"
    labelsift gate "accuracy >= tag:production - 0.02 by state"

    Exit code 0: all hold. 1: a condition failed. 2: something could not be judged.
    """
    if tracker:
        platforms.tracker(tracker).require("gate")
    settings: SettingsFile = context.find_root().obj or SettingsFile()
    report = ref.load()
    result = report.gate(
        conditions or settings.values.get("gates", ()),
        allow_proxy=allow_proxy,
        strict=strict,
        proven=proven,
        slices=settings.slices,
    )
    for path, write in ((junit, gate_junit), (markdown, gate_markdown)):
        if path:
            write_text(write(result), path)
    if as_json:
        write_json(result.as_dict())
    else:
        print_gate(result)
    if tracker:
        receipt = report.log_gate(tracker, result, target=target)
        click.echo(f"{receipt.platform}: noted in {receipt.links.get('run') or receipt.target}", err=True)
    if code := EXIT_CODES[result.status]:
        raise click.exceptions.Exit(code)
