"""`oa tui`: the terminal interface."""

from __future__ import annotations

import os
from typing import Annotated

import typer


def tui(
    hub: Annotated[
        str | None, typer.Option(metavar="URL", help="Where the hub is; else OA_HUB, else the hub last used.")
    ] = None,
    token: Annotated[
        str | None, typer.Option(metavar="TOKEN", help="An access token; else OA_TOKEN, else what was kept at sign-in.")
    ] = None,
    theme: Annotated[
        str | None, typer.Option(help="dark, light, contrast, ansi or mono; Settings keeps a choice.")
    ] = None,
    lang: Annotated[str | None, typer.Option(help="The language of the interface: en, de, es or ru.")] = None,
    mouse: Annotated[bool, typer.Option(help="Without it the terminal's own selection works.")] = True,
    plain: Annotated[bool, typer.Option("--plain", help="Line by line, as `oa task` does.")] = False,
    keys: Annotated[bool, typer.Option("--keys", help="Print a file of keys to change, and stop.")] = False,
) -> None:
    """Review, rank and write on a hub, by keys alone.

    The first start asks for a hub and signs in. Drafts and what cannot be sent at once are kept on this machine.
    """
    if keys:
        from oa.tui.keys import sample  # the screens' library, for this command only

        typer.echo(sample(), nl=False)
        return
    if plain:
        from oa.cli.task import task

        task(hub=hub, token=token, lang=lang)
        return
    from oa.tui.app import Start, start_app
    from oa.tui.places import Places

    start = Start(
        places=Places.of_platform(),
        env=dict(os.environ),
        hub=hub,
        token=token,
        theme=f"oa-{theme.removeprefix('oa-')}" if theme else None,
        language=lang,
    )
    start_app(start, mouse=mouse)
