"""The tools of this hub: what they may reach, and the search over what its community wrote."""

from __future__ import annotations

from collections.abc import Sequence

from oa.config import Config
from oa.domain.people import AccountRole, Caller
from oa.domain.search import parse
from oa.domain.search_page import MessageState, SearchFilter, SearchRequest
from oa.hub import access
from oa.hub.search import search
from oa.hub.transactions import Database
from oa.hub.trees import Reader
from oa.inference.tools.outgoing import Fetcher, Guard, Reach
from oa.inference.tools.search import Passage, Search
from oa.inference.tools.toolbox import Toolbox

WHOLE_HUB = Reader(Caller(access.HUB, None, AccountRole.MODERATOR))
"""Whatever program it was written through; only what reviews have accepted is looked at, and no author is told."""


def toolbox(database: Database, config: Config) -> Toolbox:
    """The tools that chats of this hub may use."""
    reach = Reach(names(config.tools.hosts), names(config.tools.private_hosts or ""))
    return Toolbox(Fetcher(Guard(reach)), searching(database))


def searching(database: Database) -> Search:
    """The search that models may use: over messages that the community has accepted."""

    async def find(words: str, most: int) -> Sequence[Passage]:
        wanted = SearchFilter(state=MessageState.ACCEPTED)
        request = SearchRequest(query=parse(words), wanted=wanted, max_count=most)
        found = await database.read(lambda tx: search(tx, WHOLE_HUB, request))
        return [Passage(str(hit.view.message.role), hit.snippet.text) for hit in found.hits]

    return find


def names(listed: str) -> tuple[str, ...]:
    """The names in a setting, which has them with commas between."""
    return tuple(name for name in (part.strip() for part in listed.split(",")) if name)
