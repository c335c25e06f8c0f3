from __future__ import annotations

import subprocess
import sys
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID

import pytest
from recount import differences

from oa.demo.seed import Past, PastTree
from oa.domain.campaign import Campaign
from oa.domain.lifecycle import Facts, TreeState, next_state
from oa.domain.people import HUB_CLIENT_ID
from oa.domain.tree import Message, Node
from oa.store.opening import open_database

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
SCRIPT = Path(__file__).parents[2] / "scripts" / "seed_hub.py"


def past_of(messages: int, seed: int = 1) -> Past:
    return Past(messages, seed=seed, until=NOW, client_id=HUB_CLIENT_ID)


@pytest.fixture(scope="module")
def trees() -> list[PastTree]:
    return list(past_of(4000).trees())


def node_of(message: Message) -> Node:
    return Node(**{name: getattr(message, name) for name in Node.__slots__})


def test_a_seed_gives_the_same_past_again_and_another_a_different_one() -> None:
    first = next(past_of(100).trees())
    assert next(past_of(100).trees()) == first
    assert next(past_of(100, seed=2).trees()).tree.id != first.tree.id


def test_there_are_as_many_messages_as_asked_for_and_the_proportions_of_the_real_data(trees: list[PastTree]) -> None:
    messages = sum(len(past.messages) for past in trees)
    assert 4000 <= messages < 4020
    assert 2.0 < messages / len(trees) < 3.0
    assert 2.6 < sum(len(past.reviews) for past in trees) / messages < 3.1
    assert len(past_of(161_443).people) == 13_500


def test_every_language_has_work_under_way(trees: list[PastTree]) -> None:
    found = Counter((past.tree.state, past.tree.lang) for past in trees)
    for state in (TreeState.GROWING, TreeState.RANKING, TreeState.INITIAL_PROMPT_REVIEW):
        assert {found[state, lang] for lang in ("en", "es", "de", "ru")} == {4}
    assert {past.tree.state for past in trees} >= {TreeState.READY_FOR_EXPORT, TreeState.PROMPT_LOTTERY_WAITING}


def test_messages_stand_where_they_say(trees: list[PastTree]) -> None:
    for past in trees:
        by_id: dict[UUID | None, Message] = {}
        for message in past.messages:
            above = by_id.get(message.parent_id)
            if above is None:
                assert (message.parent_id, message.id, message.depth) == (None, past.tree.id, 0)
            else:
                assert (message.depth, message.role) == (above.depth + 1, above.role.other)
                assert message.user_id != above.user_id
                assert message.created_date > above.created_date
            by_id[message.id] = message
        children = Counter(message.parent_id for message in past.messages if not message.deleted)
        assert all(message.children_count == children[message.id] for message in past.messages)


def test_a_tree_under_way_is_where_the_rules_would_leave_it(trees: list[PastTree]) -> None:
    for past in trees:
        ballots = Counter(vote.parent_id for vote in past.votes)
        facts = Facts([node_of(message) for message in past.messages], ballots)
        if past.tree.state is not TreeState.RANKING or any(vote.parent_id for vote in past.votes):
            assert next_state(past.tree, facts, Campaign()) is None


def test_reviews_and_ballots_are_by_different_people_who_did_not_write_it(trees: list[PastTree]) -> None:
    for past in trees:
        authors = {message.id: message.user_id for message in past.messages}
        reviewers = Counter((review.message_id, review.user_id) for review in past.reviews)
        voters = Counter((vote.parent_id, vote.user_id) for vote in past.votes)
        assert set(reviewers.values()) | set(voters.values()) <= {1}
        assert all(authors[message_id] != user_id for message_id, user_id in reviewers)
        for vote in past.votes:
            assert vote.user_id not in {authors[reply] for reply in vote.shown}
            assert sorted(vote.shown) == sorted(vote.best_first)
            assert vote.first_user_id == authors[vote.best_first[0]]


def test_counts_verdicts_and_ranks_follow_from_what_people_said(trees: list[PastTree]) -> None:
    for past in trees:
        reviews = Counter(review.message_id for review in past.reviews)
        placed = Counter(reply for vote in past.votes for reply in vote.best_first)
        for message in past.messages:
            assert (message.review_count, message.ranking_count) == (reviews[message.id], placed[message.id])
            assert (message.review_result is None) == (message.review_count < 3)
            is_finished = past.tree.state is TreeState.READY_FOR_EXPORT
            assert (message.rank is not None) == (is_finished and placed[message.id] > 0)


def test_everything_happened_within_eight_months(trees: list[PastTree]) -> None:
    dates = [message.created_date for past in trees for message in past.messages]
    dates += [one.date for past in trees for one in (*past.reviews, *past.votes)]
    assert NOW - timedelta(days=240) < min(dates) < NOW - timedelta(days=200)
    assert NOW - timedelta(days=20) < max(dates) < NOW


def test_the_script_fills_a_database_whose_counters_are_right(tmp_path: Path) -> None:
    command = [sys.executable, str(SCRIPT), "--data-dir", str(tmp_path / "data"), "--messages", "400"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert " messages in " in done.stderr
    database = open_database(tmp_path / "data")
    try:
        assert differences(database) == []
    finally:
        database.shut()
