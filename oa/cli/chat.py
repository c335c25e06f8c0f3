"""`oa chat`: one question, or a conversation line by line."""

from __future__ import annotations

import asyncio
import importlib
import sys
from collections.abc import Callable
from contextlib import aclosing, suppress
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from oa.cli.options import ConfigFile, DataDir, Json, load_settings
from oa.cli.output import print_note
from oa.errors import Invalid, OaError

if TYPE_CHECKING:
    from oa.cli.chat_sources import Source
    from oa.client.answers import Answered, Said, Wish

PROMPT = "> "

WELCOME = "Type and press enter; ctrl-c stops an answer, /new starts anew, /quit or ctrl-d leaves."

QUIT, NEW = "/quit", "/new"

TEMPERATURE, TOP_P = 0.7, 0.95
"""Where nothing else is asked for: lively, and rarely off the rails."""


def chat(
    question: Annotated[
        str | None,
        typer.Argument(help="What to ask; - reads it from standard input. Without it, a conversation begins."),
    ] = None,
    model: Annotated[
        str | None,
        typer.Option(help="A model: its name, or without a hub also a path.", show_default="the default one"),
    ] = None,
    hub: Annotated[
        str | None,
        typer.Option(envvar="OA_HUB", metavar="URL", help="The hub to ask. Without one, the model runs here."),
    ] = None,
    token: Annotated[
        str | None, typer.Option(envvar="OA_TOKEN", metavar="TOKEN", help="Your access token at the hub.")
    ] = None,
    system: Annotated[str | None, typer.Option(help="What the model is told before the conversation.")] = None,
    temperature: Annotated[
        float, typer.Option(min=0.0, max=2.0, help="0 always takes the likeliest word.")
    ] = TEMPERATURE,
    max_tokens: Annotated[int | None, typer.Option(min=1, help="The longest answer, in tokens.")] = None,
    seed: Annotated[int | None, typer.Option(help="The same seed gives the same answer.")] = None,
    data_dir: DataDir = None,
    config_file: ConfigFile = None,
    as_json: Json = False,
) -> None:
    """Ask a model: one question, or a conversation line by line.

    The answer goes to standard output as it is written. A path as --model is always run here, hub or not.
    """
    from oa.client.answers import Said, Wish  # the HTTP client and the models, for this command only

    asked = sys.stdin.read() if question == "-" else question
    if asked is not None and not asked.strip():
        raise Invalid("there is nothing to ask; type a question, or leave it out for a conversation")
    runs_here = hub is None or (model is not None and _is_path(model))
    source = _here(model, data_dir, config_file) if runs_here else _at_hub(hub or "", token)
    wish = Wish(
        model=None if runs_here else model, temperature=temperature, top_p=TOP_P, max_tokens=max_tokens, seed=seed
    )
    talk = Talk(source, wish, as_json, [Said("system", system)] if system else [])
    with asyncio.Runner() as runner:
        try:
            if asked is not None:
                runner.run(talk.ask(asked.strip()))
            else:
                _converse(runner, talk)
        finally:
            runner.run(source.close())


@dataclass
class Talk:
    """A conversation so far."""

    source: Source
    wish: Wish
    as_json: bool = False
    opening: list[Said] = field(default_factory=list["Said"])
    said: list[Said] = field(default_factory=list["Said"])

    async def ask(self, question: str) -> None:
        """Print the answer as it is written. What was said until a failure or an interruption stays said.

        Raises:
            OaError: there is no answer, or it broke off.
        """
        from oa.client.answers import Answered, Said

        self.said.append(Said("user", question))
        texts: list[str] = []
        end: Answered | None = None
        try:
            async with aclosing(self.source.answer([*self.opening, *self.said], self.wish)) as pieces:
                async for piece in pieces:
                    if isinstance(piece, Answered):
                        end = piece
                        continue
                    texts.append(piece)
                    if not self.as_json:
                        _write(piece)
        finally:
            self._keep("".join(texts), end)

    def _keep(self, text: str, end: Answered | None) -> None:
        from oa.client.answers import Said

        if text:
            self.said.append(Said("assistant", text))
        else:
            self.said.pop()
        if self.as_json:
            if end is not None:
                _print_json(text, end)
        elif text:
            _write("\n")


def _converse(runner: asyncio.Runner, talk: Talk) -> None:
    """Ask line by line until the input ends."""
    is_terminal = sys.stdin.isatty()
    if is_terminal:
        with suppress(ImportError):
            importlib.import_module("readline")  # with it, lines can be edited and recalled
        print_note(WELCOME)
    for line in iter(lambda: _next_line(is_terminal), None):
        if line == QUIT:
            break
        if line == NEW:
            talk.said.clear()
        elif line:
            _attempt(partial(runner.run, talk.ask(line)), goes_on=is_terminal)


def _attempt(ask: Callable[[], object], *, goes_on: bool) -> None:
    """Ask; at a terminal, neither a failure nor ctrl-c ends the conversation."""
    try:
        ask()
    except (OaError, KeyboardInterrupt) as error:
        if not goes_on:
            raise
        print_note(f"oa: {error}" if isinstance(error, OaError) else "(stopped)")


def _next_line(is_terminal: bool) -> str | None:
    """The next line that was typed; None at the end of the input. Ctrl-c empties the line."""
    try:
        return input(PROMPT if is_terminal else "").strip()
    except EOFError:
        if is_terminal:
            _write("\n")
        return None
    except KeyboardInterrupt:
        if not is_terminal:
            raise
        _write("\n")
        return ""


def _is_path(model: str) -> bool:
    """Whether this is a model's path and not its name; names of repositories have slashes as well."""
    return model.startswith((".", "/", "~")) or Path(model).expanduser().exists()


def _here(model: str | None, data_dir: Path | None, config_file: Path | None) -> Source:
    from oa.cli.answering import open_answering
    from oa.cli.chat_sources import LocalSource

    settings = load_settings(data_dir, config_file, {"inference.model": model})
    return LocalSource(open_answering(settings.config))


def _at_hub(hub: str, token: str | None) -> Source:
    from oa.cli.chat_sources import HubSource

    if not token:
        raise Invalid("a hub answers whom it knows: give your access token with --token or OA_TOKEN")
    return HubSource(hub, token)


def _print_json(text: str, end: Answered) -> None:
    from oa.cli.output import print_line

    print_line(
        {
            "model": end.model,
            "answer": text,
            "finish_reason": end.reason,
            "prompt_tokens": end.prompt_tokens,
            "completion_tokens": end.completion_tokens,
        }
    )


def _write(text: str) -> None:
    """Send text on its way at once. Models may write escape sequences; on a terminal they stay inert."""
    if sys.stdout.isatty():
        text = "".join(letter for letter in text if letter.isprintable() or letter in "\n\t")
    sys.stdout.write(text)
    sys.stdout.flush()
