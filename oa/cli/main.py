"""The `oa` command: every subcommand, and what becomes of a failure."""

from __future__ import annotations

import os
import sys
import traceback
from collections.abc import Sequence
from typing import Annotated

import typer

import oa
from oa.cli import announce, campaign, config, data, keys, moderate, standing, terms, token, users
from oa.cli.demo import demo
from oa.cli.journal import journal
from oa.cli.output import print_note
from oa.cli.search import search
from oa.cli.serve import serve
from oa.cli.stats import stats
from oa.errors import InvalidSetting, OaError

EXIT_FAILED = 1
EXIT_USAGE = 2
EXIT_INTERRUPTED = 130

app = typer.Typer(no_args_is_help=True, pretty_exceptions_enable=False)

app.command()(serve)
app.command()(demo)
app.command()(search)
app.command()(stats)
app.command()(journal)
app.add_typer(users.app, name="users")
app.add_typer(token.app, name="token")
app.add_typer(keys.app, name="keys")
app.add_typer(moderate.app, name="moderate")
app.add_typer(campaign.app, name="campaign")
app.add_typer(announce.app, name="announce")
app.add_typer(standing.app, name="standing")
app.add_typer(terms.app, name="terms")
app.add_typer(config.app, name="config")
app.add_typer(data.app, name="data")


def _print_version(is_wanted: bool) -> None:
    if is_wanted:
        typer.echo(f"oa {oa.__version__}")
        raise typer.Exit


@app.callback()
def main(
    version: Annotated[
        bool, typer.Option("--version", is_eager=True, callback=_print_version, help="Print the version.")
    ] = False,
) -> None:
    """A community assistant that you host yourself."""


def entry(arguments: Sequence[str] | None = None) -> None:
    """Run one command and leave with its exit code: 0, 1 (failed), 2 (usage or settings), 130 (interrupted).

    A failure is one sentence on stderr; `OA_DEBUG=1` adds the traceback.
    """
    try:
        code = app(args=arguments, prog_name="oa", standalone_mode=False)
    except (Exception, KeyboardInterrupt) as error:
        if os.environ.get("OA_DEBUG"):
            traceback.print_exc()
        sentence, code = _explain(error)
        if sentence:
            print_note(f"oa: {sentence}")
    sys.exit(code if isinstance(code, int) else 0)


def _explain(error: BaseException) -> tuple[str, int]:
    """The sentence and the exit code for a failure."""
    match error:
        case OaError():
            return str(error), EXIT_USAGE if isinstance(error, InvalidSetting) else EXIT_FAILED
        case typer.TyperException():
            return _explain_usage(error), error.exit_code
        case KeyboardInterrupt():
            return "", EXIT_INTERRUPTED
        case typer.Abort():
            return "aborted", EXIT_FAILED
        case OSError(strerror=str(reason)):
            return f"{reason}: {error.filename}" if error.filename else reason, EXIT_FAILED
        case _:
            name = type(error).__name__
            return f"stopped by an error in OA itself ({name}); run it again with OA_DEBUG=1 to see where", EXIT_FAILED


def _explain_usage(error: typer.TyperException) -> str:
    sentence = error.format_message()  # empty when nothing was typed: then the help is printed already
    context = getattr(error, "ctx", None)
    return f"{sentence} (`{context.command_path} --help` says more)" if sentence and context else sentence
