"""/api/v1/messages/search: finding messages by their words. OA's own; Open-Assistant had no such operation."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Annotated
from uuid import UUID

from litestar import Controller, get
from litestar.di import NamedDependency, Provide
from litestar.params import FromQuery, QueryParameter

from oa.domain.lifecycle import TreeState
from oa.domain.paging import in_utc
from oa.domain.search import parse
from oa.domain.search_page import MessageState, SearchFilter, SearchRequest, parse_label_bound
from oa.domain.tree import Role
from oa.errors import Invalid
from oa.hub.search import search
from oa.hub.trees import Reader
from oa.protocol.search import SearchPage
from oa.server.auth import Call

Words = Annotated[
    str,
    QueryParameter(
        name="query",
        max_length=500,
        description='what to look for: words that all stand in the text, "words in a row", and -words that do not;'
        " case and accents make no difference, and nothing else has a meaning of its own",
    ),
]
Labels = Annotated[
    list[str] | None,
    QueryParameter(description="means of labels, as `quality>=0.5`; a name alone asks for 0.5 or more"),
]
State = Annotated[MessageState | None, QueryParameter(name="state", description="what became of the message")]
MaxCount = Annotated[int, QueryParameter(gt=0, le=100, description="how many messages at most")]


async def author_filter(
    user_id: FromQuery[UUID | None] = None,
    auth_method: FromQuery[str | None] = None,
    username: FromQuery[str | None] = None,
    api_client_id: FromQuery[UUID | None] = None,
) -> SearchFilter:
    """Who wrote what is looked for."""
    return SearchFilter(user_id=user_id, auth_method=auth_method, username=username, api_client_id=api_client_id)


async def state_filter(
    wrote: NamedDependency[SearchFilter],
    lang: FromQuery[str | None] = None,
    role: FromQuery[Role | None] = None,
    message_state: State = None,
    tree_state: FromQuery[TreeState | None] = None,
    include_deleted: FromQuery[bool] = False,
) -> SearchFilter:
    """What it is, and what became of it."""
    return replace(
        wrote, lang=lang, role=role, state=message_state, tree_state=tree_state, include_deleted=include_deleted
    )


async def whole_filter(
    what: NamedDependency[SearchFilter],
    label: Labels = None,
    only_roots: FromQuery[bool] = False,
    min_date: FromQuery[datetime | None] = None,
    max_date: FromQuery[datetime | None] = None,
) -> SearchFilter:
    """Everything that a search can be narrowed to."""
    begin, end = _date(min_date), _date(max_date)
    if begin is not None and end is not None and begin > end:
        raise Invalid("min_date lies after max_date, so that there can be nothing between them")
    labels = tuple(map(parse_label_bound, label or ()))
    return replace(what, only_roots=only_roots, min_date=begin, max_date=end, labels=labels)


def _date(date: datetime | None) -> datetime | None:
    try:
        return None if date is None else in_utc(date)
    except ValueError as error:
        raise Invalid("min_date and max_date lie between the years 1 and 9999") from error


async def search_request(
    wanted: NamedDependency[SearchFilter],
    words: Words,
    max_count: MaxCount = 10,
    cursor: FromQuery[str | None] = None,
) -> SearchRequest:
    """A page of a search."""
    return SearchRequest(query=parse(words), wanted=wanted, max_count=max_count, cursor=cursor)


class SearchController(Controller):
    path = "/messages/search"
    tags = ("messages",)
    dependencies = {  # noqa: RUF012  # the framework declares it so
        "wrote": Provide(author_filter),
        "what": Provide(state_filter),
        "wanted": Provide(whole_filter),
        "page": Provide(search_request),
    }

    @get("/")
    async def search_messages(
        self,
        call: NamedDependency[Call],
        page: NamedDependency[SearchRequest],
        include_user: FromQuery[bool] = False,
    ) -> SearchPage:
        """Messages by their words, best first: send `next` back as `cursor` for more.

        Without trust, a program finds what was written through it; deleted messages are for moderators.
        """
        who = call.reader
        return SearchPage.of(
            await call.read(lambda tx, caller: search(tx, Reader(caller, who), page, with_authors=include_user))
        )
