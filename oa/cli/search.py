"""`oa search`: finding messages by their words."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Annotated

import msgspec
import typer

from oa.cli.opening import opened
from oa.cli.options import ConfigFile, DataDir, Json
from oa.cli.output import Passage, print_note, print_passages, print_record, print_records
from oa.domain.lifecycle import TreeState
from oa.domain.paging import in_utc
from oa.domain.people import AccountRole, Caller
from oa.domain.search import Snippet, parse
from oa.domain.search_page import Hit, MessageState, SearchFilter, SearchRequest, SearchResults, parse_label_bound
from oa.domain.tree import Role

MOST = 300

Author = Annotated[str | None, typer.Option("--author", metavar="METHOD:NAME", help="Who wrote it, as in local:ada.")]
Labels = Annotated[
    list[str] | None, typer.Option("--label", metavar="LABEL>=VALUE", help="Mean of a label; may be given repeatedly.")
]


def search(
    words: Annotated[
        list[str],
        typer.Argument(metavar="WORDS...", help="Words that all stand in the text; quote 'blue \"in a row\" -not'."),
    ],
    lang: Annotated[str | None, typer.Option("--lang", help="Its language.")] = None,
    role: Annotated[Role | None, typer.Option("--role", help="Who speaks.")] = None,
    state: Annotated[MessageState | None, typer.Option("--state", help="What became of it.")] = None,
    tree_state: Annotated[TreeState | None, typer.Option("--tree-state", help="Where its tree stands.")] = None,
    author: Author = None,
    since: Annotated[datetime | None, typer.Option("--since", help="Written then or later (UTC).")] = None,
    until: Annotated[datetime | None, typer.Option("--until", help="Written then or earlier (UTC).")] = None,
    label: Labels = None,
    limit: Annotated[int, typer.Option("--limit", min=1, max=MOST, help="How many at most.")] = 10,
    data_dir: DataDir = None,
    config_file: ConfigFile = None,
    as_json: Json = False,
) -> None:
    """Find messages by their words, best first. Case and accents make no difference."""
    method, colon, name = (author or "").partition(":")
    if author and not (method and colon and name):
        raise typer.BadParameter(f"{author} names nobody; write it as METHOD:NAME, for example local:ada")
    wanted = SearchFilter(
        lang=lang,
        role=role,
        state=state,
        tree_state=tree_state,
        auth_method=method or None,
        username=name or None,
        min_date=in_utc(since) if since else None,
        max_date=in_utc(until) if until else None,
        labels=tuple(map(parse_label_bound, label or ())),
    )
    _print(
        _run(SearchRequest(query=parse(" ".join(words)), wanted=wanted, max_count=limit), data_dir, config_file),
        as_json,
    )


def _run(request: SearchRequest, data_dir: Path | None, config_file: Path | None) -> SearchResults:
    from oa.hub import access
    from oa.hub.search import search
    from oa.hub.trees import Reader

    whoever_holds_the_data = Reader(Caller(access.HUB, None, AccountRole.ADMIN))
    with opened(data_dir, config_file) as database:
        return database.run(lambda tx: search(tx, whoever_holds_the_data, request))


def _print(results: SearchResults, as_json: bool) -> None:
    if as_json:
        from oa.protocol.search import SearchPage

        print_record(msgspec.to_builtins(SearchPage.of(results)), as_json=True)
        return
    if sys.stdout.isatty():
        print_passages(Passage(_heading(hit), list(_pieces(hit.snippet))) for hit in results.hits)
    else:
        columns = ["id", "lang", "role", "created_date", "text"]
        rows = [{name: getattr(hit.view.message, name) for name in columns} for hit in results.hits]
        print_records(rows, columns, as_json=False)
    if results.ranked > len(results.hits) or not results.is_complete:
        which = "the newest of those that were found" if not results.is_complete else "found"
        print_note(f"{len(results.hits)} of {results.ranked} {which}")


def _heading(hit: Hit) -> str:
    message = hit.view.message
    return f"{message.id}  {message.lang}  {message.role}  {message.created_date:%Y-%m-%d %H:%M}"


def _pieces(snippet: Snippet) -> Iterator[tuple[str, bool]]:
    """The snippet in pieces that are marked or not, on one line."""
    text, at = snippet.text.replace("\n", " "), 0
    yield "… " if snippet.is_cut_before else "", False
    for start, end in snippet.marks:
        yield text[at:start], False
        yield text[start:end], True
        at = end
    yield text[at:] + (" …" if snippet.is_cut_after else ""), False
