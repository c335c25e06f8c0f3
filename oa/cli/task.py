"""`oa task`: the work of `oa tui` as plain questions and answers."""

from __future__ import annotations

import asyncio
import os
from datetime import UTC, datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from oa.tui.hubs import KnownHub
    from oa.tui.places import Places


class Work(StrEnum):
    """What can be done."""

    REVIEW = "review"
    RANK = "rank"
    ASSIST = "assist"
    PROMPT = "prompt"
    FIRST = "first"
    ANY = "any"


def task(
    work: Annotated[Work, typer.Argument(help="Review messages, rank replies, answer as the assistant, …")] = Work.ANY,
    hub: Annotated[
        str | None, typer.Option(metavar="URL", help="Where the hub is; else OA_HUB, else the hub last used.")
    ] = None,
    token: Annotated[
        str | None, typer.Option(metavar="TOKEN", help="An access token; else OA_TOKEN, else what was kept at sign-in.")
    ] = None,
    count: Annotated[int | None, typer.Option(min=1, help="Stop after so many answers.")] = None,
    lang: Annotated[str | None, typer.Option(help="The language of the interface: en, de, es or ru.")] = None,
    work_lang: Annotated[str | None, typer.Option(help="The language to work in; else the first of yours.")] = None,
) -> None:
    """Review, rank and write line by line: for screen readers, scripts and plain terminals.

    Nothing moves on the screen. Drafts and what cannot be sent at once are kept on this machine, where `oa tui` finds
    them too.
    """
    from oa.tui.hubs import chosen_hub, read_hubs
    from oa.tui.language import begin, choose
    from oa.tui.places import Places
    from oa.tui.preferences import knows_unicode, read_preferences
    from oa.tui.signs import ASCII, UNICODE, use_signs

    places = Places.of_platform()
    begin(choose(lang or read_preferences(places.config).language, os.environ))
    use_signs(UNICODE if knows_unicode(os.environ) else ASCII)
    known = chosen_hub(read_hubs(places.config), os.environ, hub=hub, token=token)
    asyncio.run(_work(known or _introduce(hub), places, work, count, work_lang))


def _introduce(hub: str | None) -> KnownHub:
    """Ask which hub, and for a token."""
    from oa.tui.hubs import KnownHub
    from oa.tui.language import tr

    address = hub or os.environ.get("OA_HUB") or typer.prompt(tr("Address of the hub"), default="http://127.0.0.1:8080")
    return KnownHub(address=address, username="", token=typer.prompt(tr("Access token"), hide_input=True))


async def _work(known: KnownHub, places: Places, work: Work, count: int | None, lang: str | None) -> None:
    from oa.tui.hubs import read_hubs, write_hubs
    from oa.tui.lines import Lines
    from oa.tui.session import open_session

    session = await open_session(known, places, lambda: datetime.now(UTC))
    try:
        session.lang = lang or session.lang
        if known.token != os.environ.get("OA_TOKEN"):
            write_hubs(places.config, read_hubs(places.config).with_hub(session.known))
        await session.deliver()
        await Lines(session, input, typer.echo).work(work.value, count)
    finally:
        await session.hub.close()
