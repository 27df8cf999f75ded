"""The command line: commands, options and terminal output. A command's module is imported when it is called.

May import everything below it; ``demo`` is reached by name.
"""

from __future__ import annotations

import sys
from importlib import import_module
from pathlib import Path
from typing import Any

import click

from ..data.formatting import error_text, visible
from ..errors import LabelsiftError

UNEXPECTED = 4
MODULES = {
    "labelsift.cli.scan": ("scan",),
    "labelsift.cli.platforms": ("push", "pull", "log", "doctor"),
    "labelsift.cli.own_projects": ("enable", "disable", "serve", "apply"),
    "labelsift.cli.runs": ("runs", "note", "compare", "value"),
    "labelsift.cli.search": ("similar", "index"),
    "labelsift.cli.slices": ("slices",),
    "labelsift.cli.explore": ("explore",),
    "labelsift.cli.corrections": ("audit", "verify", "correct", "undo", "queue", "probes", "forget", "reproduce"),
    "labelsift.cli.redact": ("redact",),
    "labelsift.cli.labels": ("labels",),
    "labelsift.cli.collect": ("collect",),
    "labelsift.cli.settings": ("config",),
    "labelsift.cli.checks": ("checks",),
    "labelsift.cli.gate": ("gate",),
    "labelsift.demo.tour": ("demo",),
}
COMMANDS = {name: module for module, names in MODULES.items() for name in names}


class Commands(click.Group):
    """The group of commands; turns errors into one clear line and an exit code."""

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import the module of a command, whose defaults and those of its verbs are the settings file's."""
        if cmd_name not in COMMANDS:
            return None
        from .completion import complete
        from .settings import Defaults

        command = getattr(import_module(COMMANDS[cmd_name]), cmd_name)
        for item in (command, *getattr(command, "commands", {}).values()):
            complete(item).context_settings["default_map"] = Defaults()
        return command

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
            what = visible(f"{type(error).__name__}: {error_text(error)}")
            click.echo(f"labelsift: something unexpected happened: {what} (details: labelsift --debug …)", err=True)
            sys.exit(UNEXPECTED)


@click.group(
    cls=Commands,
    commands={name: click.Command(name) for name in COMMANDS},  # for their names only: get_command imports
    context_settings={"help_option_names": ["-h", "--help"]},
)
@click.version_option(package_name="labelsift")
@click.option("--debug", is_flag=True, help="Show the traceback of an unexpected error.")
@click.option("--no-settings", is_flag=True, help="Pass over labelsift.toml and [tool.labelsift].")
@click.pass_context
def main(context: click.Context, debug: bool, no_settings: bool) -> None:
    """Find what is wrong with a labeled data set, and bring it to the people who can fix it."""
    from .settings import SettingsFile, nearest

    context.obj = SettingsFile() if no_settings else nearest(Path.cwd())
    if context.invoked_subcommand != "demo":  # which has servers of its own
        context.obj.set_variables()
