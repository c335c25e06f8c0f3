"""The same work line by line."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

import pytest
from community import Community
from desk import Desk

from oa.errors import Unavailable
from oa.tui.hubs import KnownHub
from oa.tui.lines import Lines
from oa.tui.session import Session, open_session


class Keyboard:
    """Types lines that were written down before, and hears what is said."""

    def __init__(self, *typed: str) -> None:
        self.typed = list(typed)
        self.heard: list[str] = []

    def ask(self, question: str) -> str:
        self.heard.append(question)
        if not self.typed:
            raise EOFError
        return self.typed.pop(0)


async def opened(desk: Desk, now: Callable[[], datetime]) -> Session:
    known = KnownHub(address="http://hub.test", username="", token=desk.person("eve"))
    return await open_session(known, desk.places, now, desk.line)


async def work(session: Session, keyboard: Keyboard, name: str) -> int:
    return await Lines(session, keyboard.ask, keyboard.heard.append).work(name)


async def test_a_review_in_lines(desk: Desk, community: Community, clock: Callable[[], datetime]) -> None:
    prompt = community.prompt("ada")
    session = await opened(desk, clock)
    keyboard = Keyboard("?", "perhaps", "-", "n", "y", "-", "-", "-", "-", "9", "4", "-", "-", "1", "-")
    assert await work(session, keyboard, "review") == 1
    (given,) = community.rows("text_labels", message_id=prompt)
    assert given["labels"] == {"spam": 0.0, "lang_mismatch": 1.0, "quality": 0.75, "toxicity": 1.0}
    assert any("Spam" in line for line in keyboard.heard)
    await session.hub.close()


async def test_a_ranking_in_lines(desk: Desk, community: Community, clock: Callable[[], datetime]) -> None:
    community.ranking()
    session = await opened(desk, clock)
    assert await work(session, Keyboard("1 1", "2", "2 1"), "rank") == 1
    assert len(community.rows("ballot")) == 1
    await session.hub.close()


async def test_none_is_acceptable_in_lines(desk: Desk, community: Community, clock: Callable[[], datetime]) -> None:
    community.ranking()
    session = await opened(desk, clock)
    await work(session, Keyboard("none"), "rank")
    assert community.rows("ballot")[0]["not_rankable"] is True
    await session.hub.close()


async def test_a_reply_in_lines_survives_leaving(
    desk: Desk, community: Community, clock: Callable[[], datetime]
) -> None:
    prompt = community.growing()
    session = await opened(desk, clock)
    assert await work(session, Keyboard(".", "one", "/quit"), "assist") == 0
    assert await work(session, Keyboard("two", "."), "assist") == 1
    assert [row["text"] for row in community.rows("message", parent_id=prompt)] == ["one\ntwo"]
    await session.hub.close()


async def test_skipping_in_lines(desk: Desk, community: Community, clock: Callable[[], datetime]) -> None:
    community.prompt("ada")
    session = await opened(desk, clock)
    assert await work(session, Keyboard("/skip"), "review") == 0
    assert len(community.rows("task", skipped=True)) == 1
    await session.hub.close()


async def test_what_cannot_be_sent_is_said_and_kept(
    desk: Desk, community: Community, clock: Callable[[], datetime]
) -> None:
    community.growing()
    session = await opened(desk, clock)
    keyboard = Keyboard("hello")
    await work(session, keyboard, "assist")
    desk.line.is_cut = True
    keyboard.typed = ["."]
    (draft,) = session.drafts.all()
    assert draft.progress.text == "hello"
    with pytest.raises(Unavailable, match="no hub answers"):
        await work(session, keyboard, "assist")
    assert len(session.outbox.waiting()) == 1
    await session.hub.close()
