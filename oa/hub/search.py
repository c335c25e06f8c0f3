"""Searching what the community wrote."""

from __future__ import annotations

from oa.domain.search import snippet
from oa.domain.search_page import Hit, SearchPlace, SearchRequest, SearchResults
from oa.errors import ClientNotAuthorized
from oa.hub import trees
from oa.hub.trees import Reader
from oa.store import messages
from oa.store import search as index
from oa.store.database import Transaction


def search(tx: Transaction, reader: Reader, request: SearchRequest, *, with_authors: bool = False) -> SearchResults:
    """A page of the messages that answer a query, best first; of too many, the newest are ranked.

    Without trust, a program finds what was written through it.

    Raises:
        ClientNotAuthorized: deleted messages, or those of another program, for a caller that may not moderate.
        AuthAndUsernameRequired: of `auth_method` and `username`, only one is there.
        InvalidCursor: the cursor is none, was cut or changed, or belongs to another search.
        UserNotFound: the reader is unknown.
    """
    wanted = trees.allowed(reader.caller, request.wanted)
    if wanted.sees_deleted and not reader.caller.may_moderate:
        raise ClientNotAuthorized("deleted messages are found by trusted programs and moderators only")
    fingerprint = request.fingerprint
    place = SearchPlace.read(request.cursor, fingerprint) if request.cursor else SearchPlace(index.newest(tx))
    ranked = index.ranked(tx, request.query, wanted, place.as_of)
    ids = [message_id for message_id, _ in ranked]
    first = place.next_of(ids)
    end = first + request.max_count
    scores = dict(ranked[first:end])
    found = trees.views(tx, reader, messages.with_ids(tx, ids[first:end]), with_authors=with_authors)
    return SearchResults(
        hits=tuple(Hit(view, scores[view.message.id], snippet(view.message.text, request.query)) for view in found),
        next=SearchPlace(place.as_of, end, ids[end - 1]).written(fingerprint) if end < len(ids) else None,
        ranked=len(ids),
        is_complete=len(ids) < index.MOST_RANKED,
    )
