"""What a search finds, on the wire."""

from __future__ import annotations

import msgspec

from oa.domain import search, search_page
from oa.protocol.messages import Message


class Snippet(msgspec.Struct, frozen=True, kw_only=True):
    """The part of a message's text that holds what was looked for. It is plain text: escape it before showing it."""

    text: str
    marks: list[tuple[int, int]]
    """Where each found word or row of words begins and where it has ended, in characters (Unicode code points)."""
    cut_before: bool
    """Whether something comes before it in the message."""
    cut_after: bool

    @classmethod
    def of(cls, snippet: search.Snippet) -> Snippet:
        return cls(
            text=snippet.text,
            marks=list(snippet.marks),
            cut_before=snippet.is_cut_before,
            cut_after=snippet.is_cut_after,
        )


class SearchHit(msgspec.Struct, frozen=True, kw_only=True):
    """A message that was found."""

    message: Message
    score: float
    """How well it answers, more is better; only to be compared within one search."""
    snippet: Snippet


class SearchPage(msgspec.Struct, frozen=True, kw_only=True):
    """A part of what a search found, best first."""

    items: list[SearchHit]
    next: str | None = None
    """Send it as `cursor`, with the same words and filters, to get the next page; null at the end."""
    ranked: int
    """How many messages all pages hold together."""
    complete: bool
    """False where more messages answer than are ranked; then these are the newest of them."""

    @classmethod
    def of(cls, results: search_page.SearchResults) -> SearchPage:
        items = [
            SearchHit(message=Message.whole(hit.view), score=hit.score, snippet=Snippet.of(hit.snippet))
            for hit in results.hits
        ]
        return cls(items=items, next=results.next, ranked=results.ranked, complete=results.is_complete)
