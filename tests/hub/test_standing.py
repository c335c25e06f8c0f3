"""Standing follows every answer and every change, and is what a recount finds."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING
from uuid import UUID

import pytest
from community import REVIEWERS, SMALL, Community
from sqlalchemy import select

from oa.domain.emoji import Emoji
from oa.domain.lifecycle import TreeState
from oa.domain.standing import COUNTERS, LEADER_COUNTERS, TROLL_COUNTERS, TimeFrame, leader_score, troll_score
from oa.errors import OaError
from oa.hub import standing
from oa.store import standing as sums
from oa.store import tables
from oa.store.database import Transaction

if TYPE_CHECKING:
    from tests.conftest import Clock


def counters(community: Community, name: str, frame: TimeFrame = TimeFrame.TOTAL) -> dict[str, int]:
    """Somebody's counters that are not zero."""
    user_id = community.user_id(name)
    return community.database.run(lambda tx: sums.of_user(tx, user_id)).get(frame.breadth, {})


def wrong(community: Community) -> list[str]:
    return community.database.run(standing.check)


def rows(community: Community) -> list[tuple[object, ...]]:
    tables_kept = (tables.standing, tables.standing_frames, tables.collected)
    return community.database.run(
        lambda tx: sorted(
            (tuple(row) for table in tables_kept for row in tx.connection.execute(select(table))), key=repr
        )
    )


def test_texts_reviews_and_rankings_count_as_they_happen(community: Community) -> None:
    community.set(**SMALL)
    _, replies = community.finished()
    assert counters(community, "ada")["prompts"] == counters(community, "ada")["accepted_prompts"] == 1
    first, second = sorted(replies, key=lambda reply: community.message(reply).rank or 0)
    winner = community.rows("user", id=community.message(first).user_id)[0]["username"]
    loser = community.rows("user", id=community.message(second).user_id)[0]["username"]
    for name, place in ((winner, "reply_ranked_1"), (loser, "reply_ranked_2")):
        found = counters(community, name)
        assert (found["replies_assistant"], found["accepted_replies_assistant"], found[place]) == (1, 1, 1)
    for name in REVIEWERS:
        found = counters(community, name)
        assert found.get("labels_full", 0) + found.get("labels_simple", 0) == 3
        assert (found["rankings_total"], found["rankings_good"]) == (1, 1)
    assert wrong(community) == []


def test_a_ballot_against_the_consensus_is_no_good_one(community: Community) -> None:
    community.set(**SMALL)
    _, replies = community.ranking()
    for name, order in (("rita", replies), ("rob", replies), ("rosa", replies[::-1])):
        community.rank(name, community.take(name, "rank_assistant_replies"), *order)
    assert [counters(community, name).get("rankings_good", 0) for name in REVIEWERS] == [1, 1, 0]
    assert wrong(community) == []


def test_a_ballot_on_replies_that_have_their_places_already_counts_as_good_at_once(community: Community) -> None:
    community.set(**SMALL)
    prompt, replies = community.finished()
    best_first = sorted(replies, key=lambda reply: community.message(reply).rank or 0)
    community.set(num_required_rankings=5)
    community.halt(prompt)
    assert community.resume(prompt).state == TreeState.RANKING
    for name, order in (("xia", best_first), ("yan", best_first[::-1])):
        community.rank(name, community.take(name, "rank_assistant_replies"), *order)
        assert wrong(community) == []
    assert [counters(community, name).get("rankings_good", 0) for name in ("xia", "yan")] == [1, 0]


def test_reactions_and_labels_count_for_the_author(community: Community) -> None:
    prompt = community.prompt("ada")
    community.react("ben", prompt, Emoji.RED_FLAG)
    community.react("ben", prompt, Emoji.THUMBS_DOWN)
    community.react("cleo", prompt, Emoji.THUMBS_UP)
    community.react("cleo", prompt, Emoji.THUMBS_UP)
    community.remark("dan", prompt, hate_speech=1.0, quality=0.25)
    community.remark("dan", prompt, pii=1.0, quality=0.75)
    found = counters(community, "ada")
    assert {name: found.get(name, 0) for name in ("red_flags", "downvotes", "upvotes", "pii", "hate_speech")} == {
        "red_flags": 1,
        "downvotes": 1,
        "upvotes": 0,
        "pii": 1,
        "hate_speech": 0,
    }
    assert (found["quality_votes"], found["quality_sum"]) == (1, 750_000)
    assert wrong(community) == []


def test_a_prompt_that_reviews_reject_is_a_spam_prompt(community: Community) -> None:
    prompt = community.prompt("ada")
    community.review_everything(spam=1.0)
    assert community.state(prompt) == TreeState.ABORTED_LOW_GRADE
    found = counters(community, "ada")
    assert (found["spam_prompts"], found["spam"]) == (1, 3)
    community.delete(prompt)
    assert counters(community, "ada") == {"spam_prompts": 1}
    assert wrong(community) == []


def test_what_is_deleted_counts_for_its_author_no_more(community: Community) -> None:
    community.set(**SMALL)
    _, replies = community.finished()
    before = rows(community)
    author = community.rows("user", id=community.message(replies[0]).user_id)[0]["username"]
    message = community.message(replies[0])
    community.delete(replies[0])
    assert counters(community, author) == {}
    assert wrong(community) == []

    def restore(tx: Transaction) -> None:
        with standing.following(tx, [message.tree_id]):
            tx.connection.execute(tables.messages.update().values(deleted=False))

    community.database.run(restore)
    assert rows(community) == before


def test_a_change_inside_another_counts_once(community: Community) -> None:
    prompt = community.prompt("ada")

    def change(tx: Transaction) -> None:
        with standing.following(tx, [prompt]), standing.following(tx, [prompt]):
            tx.connection.execute(tables.messages.update().values(review_result=True, emojis={"+1": 2}))

    community.database.run(change)
    assert counters(community, "ada") == {"prompts": 1, "accepted_prompts": 1, "upvotes": 2}
    assert wrong(community) == []


def test_a_change_that_fails_leaves_no_trace(community: Community) -> None:
    prompt = community.prompt("ada")
    before = rows(community)

    def fail(tx: Transaction) -> None:
        with standing.following(tx, [prompt]):
            tx.connection.execute(tables.messages.update().values(deleted=True))
            raise OaError("no")

    with pytest.raises(OaError):
        community.database.run(fail)
    assert rows(community) == before
    community.react("ben", prompt, Emoji.RED_FLAG)
    assert wrong(community) == []


def test_one_person_inherits_from_another(community: Community) -> None:
    prompt, other = community.prompt("ada"), community.prompt("ben")
    ada, ben = community.user_id("ada"), community.user_id("ben")

    def merge(tx: Transaction) -> None:
        standing.merge(tx, ben, ada)
        tx.connection.execute(tables.messages.update().values(user_id=ada))

    community.database.run(merge)
    assert counters(community, "ada") == {"prompts": 2}
    assert counters(community, "ben") == {}
    assert wrong(community) == []
    assert {community.message(one).user_id for one in (prompt, other)} == {ada}


# --- time ------------------------------------------------------------------------------------------------------------


def test_frames_move_on_with_the_clock_and_need_no_job(community: Community, clock: Clock) -> None:
    community.prompt("ada")
    for passed, frames in (
        (timedelta(hours=23), {TimeFrame.DAY, TimeFrame.WEEK, TimeFrame.MONTH, TimeFrame.TOTAL}),
        (timedelta(hours=25), {TimeFrame.WEEK, TimeFrame.MONTH, TimeFrame.TOTAL}),
        (timedelta(days=7), {TimeFrame.MONTH, TimeFrame.TOTAL}),
        (timedelta(days=31), {TimeFrame.TOTAL}),
    ):
        clock.advance(passed)
        community.prompt("ben")
        assert {frame for frame in TimeFrame if counters(community, "ada", frame)} == frames
        assert wrong(community) == []


def test_frames_move_back_with_the_clock(community: Community, clock: Clock) -> None:
    community.prompt("ada")
    clock.advance(timedelta(days=40))
    community.prompt("ben")
    clock.advance(timedelta(days=-39))
    community.prompt("cleo")
    assert counters(community, "ada", TimeFrame.DAY) == {"prompts": 1}
    assert wrong(community) == []


def test_what_happens_late_to_an_old_message_counts_when_it_was_written(community: Community, clock: Clock) -> None:
    prompt = community.prompt("ada")
    clock.advance(timedelta(days=2))
    community.react("ben", prompt, Emoji.THUMBS_DOWN)
    community.review_everything()
    assert "accepted_prompts" in counters(community, "ada", TimeFrame.WEEK)
    assert counters(community, "ada", TimeFrame.DAY) == {}
    assert counters(community, "rita", TimeFrame.DAY)
    assert wrong(community) == []


def test_a_streak_ends_by_time_alone(community: Community, clock: Clock) -> None:
    for _ in range(3):
        clock.advance(timedelta(days=1))
        community.prompt("ada")
    (ada,) = community.rows("user", username="ada")
    assert (ada["streak_days"], ada["streak_last_day_date"]) == (3, clock.now.replace(hour=0))
    clock.advance(timedelta(days=1))
    community.tidy()
    assert community.rows("user", username="ada")[0]["streak_days"] == 3
    clock.advance(timedelta(days=1))
    community.tidy()
    assert community.rows("user", username="ada")[0]["streak_days"] == 0
    community.prompt("ada")
    assert community.rows("user", username="ada")[0]["streak_days"] == 1


# --- proof -----------------------------------------------------------------------------------------------------------


def test_a_recount_finds_what_was_kept(community: Community) -> None:
    community.set(**SMALL)
    community.finished()
    before = rows(community)
    community.database.run(standing.recount)
    assert rows(community) == before


@pytest.mark.parametrize("table", [tables.standing, tables.collected], ids=lambda table: table.name)
def test_a_check_says_what_is_wrong_and_a_recount_mends_it(community: Community, table: tables.Table) -> None:
    community.growing()
    column = "prompts" if table is tables.standing else "samples"
    community.database.run(lambda tx: tx.connection.execute(table.update().values({column: 7})))
    assert any("7, and should be 1" in sentence for sentence in wrong(community))
    community.database.run(standing.recount)
    assert wrong(community) == []


def test_the_database_orders_by_the_scores_of_the_rules(community: Community) -> None:
    for name in ("ada", "ben", "cleo"):
        community.prompt(name)
    more = {name: number * 3 + 1 for number, name in enumerate(COUNTERS)}
    ada = community.user_id("ada")
    community.database.run(lambda tx: sums.add(tx, ada, more, narrowest=0))
    for row in community.rows("standing"):
        kept = {name: row[name] for name in COUNTERS}
        does, is_judged = (any(kept[name] for name in names) for names in (LEADER_COUNTERS, TROLL_COUNTERS))
        assert row["leader_order"] == (-leader_score(kept) if does else None)
        assert row["troll_order"] == (-troll_score(kept) if is_judged else None)


def test_samples_are_counted_by_kind_and_language(community: Community) -> None:
    community.set(**SMALL)
    community.finished()
    community.growing("dora", lang="de")
    found = community.database.run(sums.samples)
    assert found == {
        ("initial_prompt", "en"): 1,
        ("assistant_reply", "en"): 2,
        ("ranking", "en"): 1,
        ("initial_prompt", "de"): 1,
    }
    assert wrong(community) == []


def test_everybody_keeps_their_own(community: Community) -> None:
    ids: set[UUID] = set()
    for name in ("ada", "ben"):
        community.prompt(name)
        ids.add(community.user_id(name))
    assert {row["user_id"] for row in community.rows("standing")} == ids
