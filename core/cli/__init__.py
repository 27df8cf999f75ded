"""The command line: commands, options and terminal output. A command's module is imported when it is called.

May import everything below it; ``demo`` is reached by name.
"""

from __future__ import annotations

import sys
from importlib import import_module
from typing import Any

import click

from ..data.formatting import visible, without_secrets
from ..errors import LabelsiftError

UNEXPECTED = 4
MODULES = {
    "labelsift.cli.scan": ("scan",),
    "labelsift.cli.platforms": ("push", "pull", "log", "doctor"),
    "labelsift.cli.own_projects": ("enable", "disable", "serve", "apply"),
    "labelsift.cli.runs": ("runs", "note", "compare", "value"),
    "labelsift.cli.search": ("similar", "index"),
    "labelsift.cli.corrections": ("audit", "verify", "correct", "undo", "queue", "probes", "forget", "reproduce"),
    "labelsift.demo.tour": ("demo",),
}
COMMANDS = {name: module for module, names in MODULES.items() for name in names}


class Commands(click.Group):
    """The group of commands; turns errors into one clear line and an exit code."""

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import the module of a command."""
        module = COMMANDS.get(cmd_name)
        return getattr(import_module(module), cmd_name) if module else None

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
            what = visible(without_secrets(f"{type(error).__name__}: {error}".partition("\n")[0]))
            click.echo(f"labelsift: something unexpected happened: {what} (details: labelsift --debug …)", err=True)
            sys.exit(UNEXPECTED)


@click.group(
    cls=Commands,
    commands={name: click.Command(name) for name in COMMANDS},  # for their names only: get_command imports
    context_settings={"help_option_names": ["-h", "--help"]},
)
@click.version_option(package_name="labelsift")
@click.option("--debug", is_flag=True, help="Show the traceback of an unexpected error.")
def main(debug: bool) -> None:
    """Find what is wrong with a labeled data set, and bring it to the people who can fix it."""
