"""A tree from its prompt to its end, and what is kept of it, on every kind of database."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from community import SMALL, Community, who
from order import Order
from recount import differences

from oa.domain.campaign import LeftMessages
from oa.domain.lifecycle import TreeState
from oa.domain.search import parse
from oa.domain.search_page import SearchRequest
from oa.domain.standing import TimeFrame
from oa.hub import boards, leaving, standing
from oa.hub import community as announcing
from oa.hub.community import NewAnnouncement
from oa.hub.search import search
from oa.hub.trees import Reader
from oa.store.database import Database

if TYPE_CHECKING:
    from tests.conftest import Clock


@pytest.fixture
def community(any_database: Database) -> Community:
    """People at work, once with SQLite and once with PostgreSQL."""
    community = Community(any_database)
    community.caller = community.moderator
    community.set(**SMALL)
    return community


def found(community: Community, words: str) -> set[str]:
    """The texts that a search finds."""
    request = SearchRequest(query=parse(words))
    results = community.database.run(lambda tx: search(tx, Reader(community.moderator), request))
    return {hit.view.message.text for hit in results.hits}


def told(community: Community, lang: str | None = None) -> list[str]:
    """What everybody is told now, or those who work in a language."""
    return [one.text for one in community.database.run(lambda tx: announcing.announcements(tx, lang))]


def best(community: Community, frame: TimeFrame) -> list[str]:
    """Who stands on the leaderboard, from the top."""
    board = community.database.run(lambda tx: boards.leaderboard(tx, community.moderator, None, frame, 100))
    return [place.user.username for place in board.places]


def test_a_tree_lives_to_its_end_and_everybody_has_what_they_earned(community: Community) -> None:
    prompt, replies = community.finished()
    assert community.state(prompt) == TreeState.READY_FOR_EXPORT
    assert sorted(community.message(reply).rank or 0 for reply in replies) == [0, 1]
    assert {*best(community, TimeFrame.DAY)} == {"ada", "ben", "cleo", "rita", "rob", "rosa"}
    assert differences(community.database) == []


def test_time_frames_roll_on_and_a_recount_agrees(community: Community, clock: Clock) -> None:
    community.finished()
    clock.advance(timedelta(days=8))
    community.prompt("dora")
    assert best(community, TimeFrame.WEEK) == ["dora"]
    assert len(best(community, TimeFrame.MONTH)) == 7
    assert differences(community.database) == []
    kept = community.rows("standing")
    community.database.run(standing.recount)
    assert sorted(map(repr, community.rows("standing"))) == sorted(map(repr, kept))


def test_announcements_are_told_to_whom_they_concern(community: Community) -> None:
    for text, lang in (("for all", None), ("auf Deutsch", "de")):
        wanted = NewAnnouncement(text=text, lang=lang)
        community.database.run(lambda tx, w=wanted: announcing.announce(tx, community.moderator, w))
    assert sorted(told(community)) == sorted(told(community, "de")) == ["auf Deutsch", "for all"]
    assert told(community, "en") == ["for all"]


def test_what_moderators_do_is_counted_and_undone(community: Community) -> None:
    prompt, replies = community.finished()
    order = Order(community)
    before = community.rows("standing")
    order.delete(replies[0])
    assert community.rows("standing") != before
    order.undo_last()
    order.merge(community.user_id("rita"), community.user_id("rob"))
    order.edit(prompt, "a text that was edited")
    order.purge(community.user_id("cleo"))
    assert differences(community.database) == []
    assert community.message(prompt).text == "a text that was edited"


def test_a_search_follows_every_change_of_a_text(community: Community) -> None:
    prompt = community.write("ada", community.take("ada", "initial_prompt"), "Why is the SKY blue over Köln?")
    assert found(community, "blue sky") == found(community, '"sky blue" koln') == {"Why is the SKY blue over Köln?"}
    assert found(community, "blue -koln") == set()
    Order(community).edit(prompt, "Why is grass green?")
    assert (found(community, "sky"), found(community, "grass")) == (set(), {"Why is grass green?"})
    community.delete(prompt)
    assert found(community, "grass") == set()


@pytest.mark.parametrize("left", LeftMessages)
def test_whoever_leaves_is_in_no_table_any_more(community: Community, left: LeftMessages) -> None:
    community.set(deleted_account_messages=left.value)
    community.write("zyxwvanna", community.take("zyxwvanna", "initial_prompt"), "qwertzuiop is hers alone")
    community.review_everything()
    community.remark("zyxwvanna", community.prompt("ben"), text="says zyxwvanna", quality=0.5)
    community.database.run(lambda tx: leaving.leave(tx, community.moderator, who("zyxwvanna"), "zyxwvanna"))
    everything = repr(community.everything()).lower()
    assert "zyxwvanna" not in everything
    assert ("qwertzuiop" in everything) is (left is LeftMessages.KEEP)
    assert (found(community, "qwertzuiop") != set()) is (left is LeftMessages.KEEP)
    assert differences(community.database) == []
