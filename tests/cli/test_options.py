"""Shared options: stated once, filled into dataclasses; commands that are imported when they are called."""

from __future__ import annotations

import subprocess
import sys

import click
import pytest
from click.testing import CliRunner
from labelsift.cli import COMMANDS, main
from labelsift.cli.options import ReadOptions, RunRef, read_options, run_options


def test_a_command_takes_the_options_that_it_names_in_its_order():
    @click.command()
    @read_options("id", "text", help={"text": "Mine."})
    @run_options
    def command(reading: ReadOptions, ref: RunRef) -> None:
        click.echo(f"{reading.id} {reading.text} {reading.label} {ref.run} {ref.store}")

    names = [parameter.name for parameter in command.params]
    assert names == ["id", "text", "run", "dataset", "store"]
    assert command.params[1].help == "Mine."
    done = CliRunner().invoke(command, ["--id", "key", "--run", "tag:best"])
    assert done.output == "key text None tag:best .labelsift\n"


@pytest.mark.parametrize("name", sorted(COMMANDS))
def test_a_command_is_found_where_the_table_says(name):
    command = main.get_command(click.Context(main), name)
    assert command is not None
    assert command.name == name


def test_a_misspelt_command_is_answered_by_the_nearest():
    output = CliRunner().invoke(main, ["pusj"]).output
    assert "No such command 'pusj'." in output
    if hasattr(click, "NoSuchCommand"):  # older versions of click than 8.4 do not look for the nearest
        assert "Did you mean 'push'?" in output


@pytest.mark.slow
def test_calling_a_command_imports_no_other():
    code = """
import sys
from click.testing import CliRunner
from labelsift.cli import main
assert CliRunner().invoke(main, ["queue", "--help"]).exit_code == 0
print([name for name in sys.modules if name.startswith(("labelsift.cli.", "labelsift.demo"))])
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "labelsift.cli.corrections" in done.stdout
    for other in ("platforms", "scan", "search", "runs", "demo"):
        assert f"labelsift.cli.{other}" not in done.stdout
    assert "labelsift.demo" not in done.stdout
