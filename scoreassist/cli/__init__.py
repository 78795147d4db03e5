"""The command line: parse, call one function, print. Data on stdout, words on stderr."""

from __future__ import annotations

import errno
import os
import sys
from typing import NoReturn

import click

from scoreassist import __version__
from scoreassist.cli import commands
from scoreassist.cli.analyze import analyze
from scoreassist.cli.check import check
from scoreassist.cli.corpus import corpus
from scoreassist.cli.evaluate import evaluate
from scoreassist.cli.generate import generate
from scoreassist.cli.originality import originality
from scoreassist.cli.train import train
from scoreassist.errors import ScoreassistError

# Set in the environment, a mistake of the program shows where it happened.
TRACEBACK = "SCOREASSIST_TRACEBACK"


class Program(click.Group):
    """A command group that turns expected errors into one line and an exit status."""

    def invoke(self, context: click.Context) -> object:
        """Run a command; errors end the program with one line and their exit status."""
        try:
            result = super().invoke(context)
            if sys.stdout is not None:
                sys.stdout.flush()
            return result
        except ScoreassistError as error:
            _stop(str(error), error.exit_code)
        except RecursionError:
            _stop("the score is nested too deeply; export it again", 3)
        except MemoryError:
            _stop("not enough memory; try fewer measures or candidates", 3)
        except OSError as error:
            if error.errno == errno.EPIPE:  # whoever read along has heard enough; click ends quietly
                raise
            _stop(f"{error.filename or 'stdout'}: {error.strerror or error}; try another place", 3)
        except (click.ClickException, click.exceptions.Exit, click.Abort):
            raise
        except Exception as error:
            if os.environ.get(TRACEBACK):
                raise
            name = context.params.get("file") or " ".join(sys.argv[2:3])
            what = " ".join(f"{type(error).__name__}: {error}".split())
            _stop(
                f"{name}: stopped by a mistake of the program ({what}); please report it with the score and"
                f" what {TRACEBACK}=1 prints",
                3,
            )


def _stop(message: str, status: int) -> NoReturn:
    click.echo(f"scoreassist: {message}", err=True)
    sys.exit(status)


@click.group(
    cls=Program,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="Exit status: 0 done, 1 findings, 2 usage, 3 unreadable or unsupported input.",
)
@click.version_option(__version__)
def program() -> None:
    """Harmonizes melodies and fills holes in scores, and writes the same MusicXML back."""


def _keep_examples(command: click.Command) -> None:
    """Raw docstrings spell the mark that keeps line breaks in two characters; click wants the one."""
    command.help = (command.help or "").replace("\\b\n", "\b\n")
    for inner in command.commands.values() if isinstance(command, click.Group) else ():
        _keep_examples(inner)


for command in (*commands.ALL, check, analyze, originality, generate, train, evaluate, corpus):
    _keep_examples(command)
    program.add_command(command)


def main() -> NoReturn:
    """Entry point of the ``scoreassist`` command."""
    program(prog_name="scoreassist")
    raise SystemExit(0)
