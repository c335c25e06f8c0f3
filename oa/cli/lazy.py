"""Commands that are imported when they are run, so that `oa --help` and every other command start without them."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from typing import Any

import typer
from typer.core import TyperCommand, TyperGroup
from typer.main import get_command


def load(name: str) -> TyperGroup | TyperCommand:
    """The command `oa NAME`: the group `app` of the module `oa.cli.NAME`, or else its function NAME."""
    module = import_module(f"oa.cli.{name}")
    app: typer.Typer | None = getattr(module, "app", None)
    if app is None:
        app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)
        app.command()(getattr(module, name))
    else:
        app.info.name = name
        app._add_completion = False  # `oa` offers it, once for all  # pyright: ignore[reportPrivateUsage]
    command = get_command(app)
    command.name = name
    assert isinstance(command, TyperGroup | TyperCommand)
    return command


def lazy_group(helps: Mapping[str, str]) -> type[TyperGroup]:
    """A group of the commands in `helps`, by name, in its order; the values are what the group's help says of each."""

    class LazyGroup(TyperGroup):
        def list_commands(self, ctx: Any) -> list[str]:
            return list(helps)

        def get_command(self, ctx: Any, cmd_name: str) -> TyperCommand | None:
            return TyperCommand(cmd_name, help=helps[cmd_name]) if cmd_name in helps else None

        def resolve_command(self, ctx: Any, args: list[str]) -> tuple[str | None, Any, list[str]]:
            self.commands = {known: TyperCommand(known) for known in helps}  # what a typing error is compared with
            name, command, rest = super().resolve_command(ctx, args)
            return name, load(name) if command is not None and name is not None else None, rest

    return LazyGroup
