"""The `oa` command: every subcommand, and what becomes of a failure."""

from __future__ import annotations

import os
import sys
import traceback
from collections.abc import Mapping, Sequence
from typing import Annotated

import typer

import oa
from oa.cli.lazy import lazy_group
from oa.cli.output import print_note
from oa.errors import InvalidSetting, OaError

EXIT_FAILED = 1
EXIT_USAGE = 2
EXIT_INTERRUPTED = 130

COMMANDS: Mapping[str, str] = {
    "serve": "Start the hub.",
    "tui": "Review, rank and write on a hub, by keys alone.",
    "task": "Review, rank and write line by line: for screen readers, scripts and plain terminals.",
    "chat": "Ask a model: one question, or a conversation line by line.",
    "model": "Look at the models, fetch and add them, and say which one answers.",
    "demo": "Let a simulated community work on a hub: people who write, review and rank, and a few trolls.",
    "search": "Find messages by their words, best first. Case and accents make no difference.",
    "stats": "Show messages, trees, open work, people, reports, and what was done on each of the last days.",
    "journal": "List what happened, the latest first; `oa moderate undo ID` takes acts of moderation back.",
    "users": "Add people, give them roles, shut them out, invite them, let them leave.",
    "token": "Make and revoke access tokens for people.",
    "keys": "Make and revoke API keys for programs: bots, other front ends.",
    "worker": "Answer for a hub elsewhere: connect out to it, and run a model here.",
    "workers": "List the machines that may answer for the hub; give them keys, or take them away.",
    "moderate": "Keep order: messages, people, reports, signs of abuse; each act with a preview, most undone.",
    "campaign": "Look at the settings of data collection, and change them.",
    "announce": "Tell everybody something for a while.",
    "standing": "Look at the leaderboards, and count them anew.",
    "terms": "Publish the terms of service, and look at them.",
    "config": "Look at the settings.",
    "data": "Import and export trees; convert, look through and refine files of training data.",
    "train": "Train models from data; look at what they are trained on.",
    "quant": "Make models smaller: EXL2 and GGUF.",
}
"""Every command by its name, which is that of its module in `oa.cli`, with the first line of its help."""

app = typer.Typer(cls=lazy_group(COMMANDS), no_args_is_help=True, pretty_exceptions_enable=False)


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
