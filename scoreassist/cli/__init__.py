"""The command line: parse, call one function, print. Data on stdout, words on stderr."""

from __future__ import annotations

import sys
from typing import NoReturn

import click

from scoreassist.cli import commands, training
from scoreassist.errors import ScoreassistError


class Program(click.Group):
    """A command group that turns expected errors into one line and an exit status."""

    def invoke(self, context: click.Context) -> object:
        """Run a command; errors end the program with their exit status."""
        try:
            return super().invoke(context)
        except ScoreassistError as error:
            click.echo(f"scoreassist: {error}", err=True)
            sys.exit(error.exit_code)
        except RecursionError:
            click.echo("scoreassist: the score is nested too deeply; export it again", err=True)
            sys.exit(3)
        except MemoryError:
            click.echo("scoreassist: not enough memory; try fewer measures or candidates", err=True)
            sys.exit(3)


@click.group(
    cls=Program,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="Exit status: 0 done, 1 findings, 2 usage, 3 unreadable or unsupported input.",
)
@click.version_option(package_name="scoreassist")
def program() -> None:
    """Harmonizes melodies and fills holes in scores, and writes the same MusicXML back."""


for command in (*commands.ALL, training.train, training.evaluate):
    program.add_command(command)


def main() -> NoReturn:
    """Entry point of the ``scoreassist`` command."""
    program(prog_name="scoreassist")
    raise SystemExit(0)
