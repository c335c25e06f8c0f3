"""From an empty database, twenty people and two languages to trees that are ready for export."""

from __future__ import annotations

import random
import shutil
from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Protocol
from uuid import UUID

import httpx
import pytest

from oa import errors
from oa.client.hub import Hub
from oa.config import Config
from oa.data.lines import reading, writing
from oa.data.oasst import read_trees, tree_line
from oa.demo.community import Community, Tally, Target
from oa.demo.volunteers import Volunteer, recruit
from oa.domain.consensus import kendall_tau
from oa.domain.lifecycle import TreeState
from oa.domain.people import Identity
from oa.domain.records import TreeRecord
from oa.domain.selection import Selection, Share
from oa.domain.views import MessageFilter
from oa.hub import accounts, campaigns, keys
from oa.hub.exchange import Exporter, Importer, ImportOptions
from oa.hub.keys import NewClient
from oa.protocol.messages import Message
from oa.server.app import create_app
from oa.store import dialect
from oa.store.database import Database

LANGUAGES = ("en", "de")

CAMPAIGN = {
    "goal_tree_size": "5",
    "max_tree_depth": "2",
    "max_active_trees": "2",
    "max_initial_prompt_review": "3",
    "max_prompt_lottery_waiting": "4",
    "rate_limit": "false",
}

FINISHED_TREES = 10


class Clock(Protocol):
    def __call__(self) -> datetime: ...
    def advance(self, by: timedelta) -> None: ...


async def program_of(database: Database) -> Hub:
    """A hub on this database as a program sees it."""
    await database.write(lambda tx: campaigns.change(tx, CAMPAIGN))
    key = (await database.write(lambda tx: keys.create_client(tx, NewClient(description="demo")))).secret
    return Hub("http://hub.test", key=key, transport=httpx.ASGITransport(app=create_app(database, Config())))


@pytest.fixture
async def program(database: Database) -> AsyncIterator[Hub]:
    async with await program_of(database) as hub:
        yield hub


@pytest.fixture
async def another_database(tmp_path: Path, empty_database_file: Path, clock: Clock) -> AsyncIterator[Database]:
    """Like `database` at the start, chance included."""
    file = tmp_path / "another.db"
    shutil.copy(empty_database_file, file)
    another = Database(dialect.sqlite_url(file), now=clock, rng=random.Random(7))
    yield another
    await another.close()


def community_of(hub: Hub, volunteers: list[Volunteer], seed: int = 3) -> Community:
    return Community(lambda volunteer: hub.as_user(volunteer.identity), volunteers, seed=seed)


def twenty() -> list[Volunteer]:
    return recruit(20, trolls=2, languages=LANGUAGES, seed=3)


@dataclass(frozen=True)
class Worked:
    """A community whose work is done."""

    community: Community
    tally: Tally
    trees: list[list[Message]]
    """Those that are ready for export, with all of their messages."""


@pytest.fixture
async def worked(program: Hub, clock: Clock) -> Worked:
    """Half a minute goes by in each round."""
    community = community_of(program, twenty())
    target = Target(rounds=80, finished_trees=FINISHED_TREES)
    tally = await community.work(target, lambda _: clock.advance(timedelta(seconds=30)))
    trees = [(await program.trees.get(tree)).messages for tree in tally.trees_in(TreeState.READY_FOR_EXPORT)]
    return Worked(community, tally, trees)


def ranked_siblings(trees: list[list[Message]]) -> list[list[Message]]:
    """Replies of the assistant to the same message that were accepted, where there are several."""
    siblings: dict[UUID | None, list[Message]] = {}
    for message in (message for tree in trees for message in tree):
        if message.is_assistant and message.review_result:
            siblings.setdefault(message.parent_id, []).append(message)
    return [group for group in siblings.values() if len(group) > 1]


async def test_trees_go_from_the_first_prompt_to_export(worked: Worked) -> None:
    assert len(worked.trees) >= FINISHED_TREES
    assert {message.lang for tree in worked.trees for message in tree} == set(LANGUAGES)
    for tree in worked.trees:
        accepted = [message for message in tree if message.review_result]
        assert len(accepted) >= 5
        assert all((message.review_count or 0) >= 3 for message in accepted)
    assert not worked.tally.refused


async def test_every_group_of_replies_gets_the_consensus_of_three_ballots(worked: Worked) -> None:
    groups = ranked_siblings(worked.trees)
    assert len(groups) >= FINISHED_TREES
    for group in groups:
        assert sorted(message.rank for message in group) == list(range(len(group)))
        assert all((message.ranking_count or 0) >= 3 for message in group)


async def test_the_consensus_finds_the_better_replies(worked: Worked) -> None:
    agreements: list[float] = []
    for group in ranked_siblings(worked.trees):
        quality = {reply.text: written.quality for reply in group if (written := worked.community.recall(reply.text))}
        by_rank = [reply.text for reply in sorted(group, key=lambda reply: reply.rank or 0)]
        tau = kendall_tau(by_rank, sorted(quality, key=lambda text: -quality[text]))
        assert tau is not None
        agreements.append(tau)
    assert sum(agreements) / len(agreements) > 0.5


async def test_spam_is_rejected_and_honest_work_is_not(worked: Worked, program: Hub) -> None:
    verdicts: Counter[tuple[bool, bool]] = Counter()
    async for message in program.messages.walk(MessageFilter(include_deleted=True)):
        written = worked.community.recall(message.text)
        assert written is not None
        if (message.review_count or 0) >= 3:
            verdicts[written.is_spam, bool(message.review_result)] += 1
    assert verdicts[True, False] >= 5
    assert verdicts[True, True] <= verdicts[True, False] / 10
    assert verdicts[False, False] <= verdicts[False, True] / 5  # three reviews, and one in ten people is a troll


async def exported(database: Database, file: Path) -> list[bytes]:
    """The lines of an export with everything that is known."""
    selection = Selection(spam=Share.ALSO, deleted=Share.ALSO, labels=True, events=True)
    lines = await database.read(lambda tx: [tree_line(tree) for tree in Exporter(selection).records(tx)])
    with writing(file) as out:
        out.writelines(lines)
    return lines


async def test_the_export_says_what_the_hub_shows(worked: Worked, database: Database, tmp_path: Path) -> None:
    await exported(database, tmp_path / "trees.jsonl")
    with reading(tmp_path / "trees.jsonl") as file:
        read = [tree for tree in read_trees(file) if isinstance(tree, TreeRecord)]
    shown = {
        message.id: (message.text, message.rank, message.review_result, message.review_count, message.parent_id)
        for tree in worked.trees
        for message in tree
    }
    told = {
        UUID(message.id): (
            message.text,
            message.rank,
            message.review_result,
            message.review_count,
            message.parent_id and UUID(message.parent_id),
        )
        for tree in read
        for message in tree.messages
    }
    assert told == shown


async def test_an_export_comes_back_out_of_another_hub_as_it_went_in(
    worked: Worked, database: Database, another_database: Database, tmp_path: Path
) -> None:
    first = await exported(database, tmp_path / "trees.jsonl")
    with reading(tmp_path / "trees.jsonl") as file:
        trees = [tree for tree in read_trees(file) if isinstance(tree, TreeRecord)]
    importer = Importer(ImportOptions())
    assert await another_database.write(lambda tx: importer.add(tx, trees)) == []
    assert importer.total.trees == len(worked.trees)
    again = await exported(another_database, tmp_path / "again.jsonl")
    assert sorted(again) == sorted(first)


async def test_a_seed_does_the_same_work_on_the_same_hub(program: Hub, another_database: Database) -> None:
    first = await community_of(program, twenty()).work(Target(rounds=6))
    async with await program_of(another_database) as again:
        second = await community_of(again, twenty()).work(Target(rounds=6))
    assert (first.done, first.idle, first.declined) == (second.done, second.idle, second.declined)
    assert Counter(first.trees.values()) == Counter(second.trees.values())


async def test_a_second_run_goes_on_where_the_first_one_stopped(program: Hub) -> None:
    first = await community_of(program, twenty()).work(Target(rounds=5))
    second = await community_of(program, twenty()).work(Target(rounds=5))
    assert first.tasks > 0
    assert second.tasks > 0
    assert not second.refused


async def test_work_stops_at_the_number_of_tasks(program: Hub) -> None:
    tally = await community_of(program, twenty()).work(Target(rounds=80, tasks=30))
    assert 30 <= tally.tasks < 50
    assert sum(tally.done.values()) == tally.tasks


async def test_work_stops_when_nobody_finds_anything_to_do(program: Hub, database: Database) -> None:
    await database.write(lambda tx: campaigns.change(tx, {"init_prompt_disabled_langs": "en, de"}))
    tally = await community_of(program, twenty()).work(Target(rounds=500))
    assert tally.tasks == 0
    assert tally.idle > 20
    assert tally.rounds < 10


async def test_whoever_is_banned_is_refused_and_the_others_go_on(program: Hub, database: Database) -> None:
    community = community_of(program, twenty())
    await community.work(Target(rounds=2))
    troll = await program.users.find(Identity("local", "troll1"))
    await database.write(lambda tx: accounts.set_enabled(tx, str(troll.user_id), False))
    before = community.tally.tasks
    tally = await community.work(Target(rounds=5))
    assert set(tally.refused) == {"user_disabled"}
    assert tally.tasks > before


async def test_a_key_that_is_not_valid_ends_the_work_at_once(database: Database) -> None:
    transport = httpx.ASGITransport(app=create_app(database, Config()))
    async with Hub("http://hub.test", key="oak_wrong", transport=transport) as stranger:
        with pytest.raises(errors.ClientNotAuthorized):
            await community_of(stranger, twenty()).work(Target(rounds=5))
