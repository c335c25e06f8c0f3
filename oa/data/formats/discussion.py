"""Discussions as trees, of forums and Twitter: every path from the first post to a last one. Only read."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from oa.data.format import Fields, Format, Unfit, each_row
from oa.data.rows import extra_of
from oa.domain.samples import About, Conversation, Kind, Speaker, Turn


class Post(msgspec.Struct, frozen=True, kw_only=True):
    text: str
    role: str | None = None
    replies: list[Post] = []
    children: list[Post] = []


class Row(msgspec.Struct, frozen=True, kw_only=True):
    thread: Post | None = None
    root: Post | None = None
    source: str | None = None
    meta: object = None


def _fits(fields: Fields) -> bool:
    return any(isinstance(fields.get(name), dict) and "text" in fields[name] for name in ("thread", "root"))


def _read(row: Row) -> Iterator[Conversation]:
    """Whoever wrote them, posts count as a question and an answer in turn."""
    root = row.thread or row.root
    if root is None or not (root.replies or root.children):
        raise Unfit("nobody answers its first post")
    about = About(source=row.source, extra=extra_of(row.meta))
    waiting: list[tuple[Post, ...]] = [(root,)]
    while waiting:
        path = waiting.pop()
        below = [*path[-1].replies, *path[-1].children]
        if not below:
            turns = [Turn(Speaker.ASSISTANT if at % 2 else Speaker.USER, post.text) for at, post in enumerate(path)]
            yield Conversation(tuple(turns), about=about)
        waiting.extend((*path, post) for post in reversed(below))


FORMAT = Format(
    name="discussion",
    summary="{thread: {text, replies}}; {root: {text, children}} (read only)",
    fits=_fits,
    read=each_row(Row, _read),
    gives=Kind.CONVERSATION,
    order=20,
)
