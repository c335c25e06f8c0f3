from __future__ import annotations

import logging

import pytest
from sqlalchemy import insert, select

from oa.domain.campaign import Campaign
from oa.domain.people import Caller, Identity
from oa.domain.tasks import TaskKind
from oa.errors import InvalidSetting
from oa.hub import answers, campaigns, collect, keys
from oa.hub.answers import TextAnswer
from oa.hub.assignments import TaskRequest
from oa.hub.keys import NewClient
from oa.store import tables
from oa.store.database import Database, Transaction


def stored(database: Database) -> dict[str, object]:
    columns = tables.campaign_settings.c
    rows = database.run(lambda tx: tx.connection.execute(select(columns.name, columns.value)).all())
    return {name: value for name, value in rows}


def events(database: Database) -> list[object]:
    columns = tables.journal.c
    statement = select(columns.event_payload).where(columns.event_type == "campaign_changed").order_by(columns.id)
    return list(database.run(lambda tx: tx.connection.execute(statement)).scalars())


def put(database: Database, **values: object) -> None:
    rows = [{"name": name, "value": value} for name, value in values.items()]
    database.run(lambda tx: tx.connection.execute(insert(tables.campaign_settings), rows))


def change(database: Database, **assignments: str) -> Campaign:
    return database.run(lambda tx: campaigns.change(tx, assignments))


def test_a_new_hub_runs_on_the_defaults(database: Database) -> None:
    assert database.run(campaigns.current) == Campaign()


async def test_a_change_holds_from_the_next_transaction_on(database: Database) -> None:
    changed = await database.write(lambda tx: campaigns.change(tx, {"TREE_MANAGER__GOAL_TREE_SIZE": "20"}))
    assert changed == Campaign(goal_tree_size=20)
    assert await database.write(campaigns.current) == changed
    assert await database.read(campaigns.current) == changed


def test_only_what_differs_from_the_defaults_is_stored(database: Database) -> None:
    change(database, goal_tree_size="20", max_tree_depth="3", init_prompt_disabled_langs="en, de")
    assert stored(database) == {"goal_tree_size": 20, "init_prompt_disabled_langs": ["en", "de"]}
    change(database, goal_tree_size="12")
    assert stored(database) == {"init_prompt_disabled_langs": ["en", "de"]}


def test_a_refused_change_changes_nothing_at_all(database: Database) -> None:
    change(database, goal_tree_size="20")
    with pytest.raises(InvalidSetting):
        change(database, max_tree_depth="4", goal_tree_size="many")
    assert stored(database) == {"goal_tree_size": 20}
    assert database.run(campaigns.current) == Campaign(goal_tree_size=20)


def test_settings_go_back_to_their_defaults(database: Database) -> None:
    change(database, goal_tree_size="20", max_tree_depth="5")
    left = database.run(lambda tx: campaigns.reset(tx, ["GOAL_TREE_SIZE", "rate_limit"]))
    assert left == database.run(campaigns.current) == Campaign(max_tree_depth=5)
    assert stored(database) == {"max_tree_depth": 5}
    with pytest.raises(InvalidSetting, match="did you mean goal_tree_size"):
        database.run(lambda tx: campaigns.reset(tx, ["goal_tre_size"]))


def test_a_change_is_journalled_with_before_and_after(database: Database) -> None:
    change(database, goal_tree_size="20", max_tree_depth="3")
    change(database, goal_tree_size="15", auto_mod_enabled="false")
    database.run(lambda tx: campaigns.reset(tx, ["goal_tree_size"]))
    change(database, auto_mod_enabled="no")  # is so already
    assert events(database) == [
        {"before": {"goal_tree_size": 12}, "after": {"goal_tree_size": 20}},
        {
            "before": {"auto_mod_enabled": True, "goal_tree_size": 20},
            "after": {"auto_mod_enabled": False, "goal_tree_size": 15},
        },
        {"before": {"goal_tree_size": 15}, "after": {"goal_tree_size": 12}},
    ]


def test_a_setting_of_another_version_is_ignored_said_and_kept(
    database: Database, caplog: pytest.LogCaptureFixture
) -> None:
    put(database, goal_tree_size=20, from_the_future=[1])
    with caplog.at_level(logging.WARNING):
        assert database.run(campaigns.current) == Campaign(goal_tree_size=20)
    assert "from_the_future" in caplog.text
    change(database, goal_tree_size="12")
    assert stored(database) == {"from_the_future": [1]}


def test_a_stored_value_that_is_no_longer_allowed_is_refused_until_it_is_reset(database: Database) -> None:
    put(database, goal_tree_size=0, max_tree_depth=5)
    with pytest.raises(InvalidSetting, match=r"must be at least 1, not 0; .* `oa campaign reset KEY`"):
        database.run(campaigns.current)
    assert database.run(lambda tx: campaigns.reset(tx, ["goal_tree_size"])) == Campaign(max_tree_depth=5)


def test_the_hub_sees_what_another_process_changed(database: Database) -> None:
    assert database.run(campaigns.current) == Campaign()
    other = Database(database.url)
    try:
        other.run(lambda tx: campaigns.change(tx, {"goal_tree_size": "20"}))
    finally:
        other.shut()
    assert database.run(campaigns.current) == Campaign(goal_tree_size=20)


def test_a_failed_transaction_takes_its_change_with_it(database: Database) -> None:
    def fails(tx: Transaction) -> None:
        campaigns.change(tx, {"goal_tree_size": "20"})
        raise RuntimeError

    with pytest.raises(RuntimeError):
        database.run(fails)
    assert database.run(campaigns.current) == Campaign()
    assert stored(database) == {}


def test_the_work_that_is_open_follows_the_settings(database: Database) -> None:
    def plant(tx: Transaction) -> None:
        issued = keys.create_client(tx, NewClient(description="bot"))
        program, ada = Caller(issued.client), Identity("local", "ada")
        request = TaskRequest(who=ada, kinds=frozenset({TaskKind.INITIAL_PROMPT}))
        task = collect.request_task(tx, program, request)
        collect.acknowledge(tx, program, task.id, "m1")
        answer = TextAnswer(frontend_message_id="m1", user_message_id="m2", text="Why is the sky blue?")
        answers.answer_text(tx, program, ada, answer)

    def open_reviews() -> list[int]:
        return list(database.run(lambda tx: tx.connection.execute(select(tables.open_work.c.free))).scalars())

    database.run(plant)
    assert open_reviews() == [3]
    change(database, num_reviews_initial_prompt="5")
    assert open_reviews() == [5]
    database.run(lambda tx: campaigns.reset(tx, ["num_reviews_initial_prompt"]))
    assert open_reviews() == [3]
