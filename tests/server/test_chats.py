"""Chats over HTTP: beginning, listing, changing and removing them. Somebody else's are never there."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from talk import Talk

from oa.domain.people import AccountRole
from oa.hub import accounts, keys
from oa.hub.accounts import NewAccount
from oa.hub.keys import NewToken
from oa.store.database import Transaction


@pytest.fixture
def eve(hub: Any, token: str) -> Talk:
    return Talk(hub.http, token)


@pytest.fixture
async def mallory(hub: Any) -> Talk:
    """Somebody else."""

    def make(tx: Transaction) -> str:
        account = accounts.create_account(tx, NewAccount("mallory", AccountRole.ADMIN))
        return keys.issue_token(tx, account.user, NewToken("test")).secret

    return Talk(hub.http, await hub.database.write(make))


async def test_a_list_is_read_page_by_page_in_both_directions(eve: Talk, clock: Any) -> None:
    made = []
    for _ in range(5):
        made.append(await eve.begin())
        clock.advance(timedelta(seconds=1))
    first = await eve.get("/chats?limit=2")
    assert [chat["id"] for chat in first["chats"]] == [made[4], made[3]]
    assert first["prev"] is None
    second = await eve.get(f"/chats?limit=2&after={first['next']}")
    assert [chat["id"] for chat in second["chats"]] == [made[2], made[1]]
    third = await eve.get(f"/chats?limit=2&after={second['next']}")
    assert ([chat["id"] for chat in third["chats"]], third["next"]) == ([made[0]], None)
    back = await eve.get(f"/chats?limit=2&before={third['prev']}")
    assert [chat["id"] for chat in back["chats"]] == [made[2], made[1]]


async def test_chats_of_one_moment_are_each_listed_once(eve: Talk) -> None:
    made = {await eve.begin() for _ in range(5)}
    seen, after = [], ""
    while True:
        page = await eve.get(f"/chats?limit=2{after}")
        seen += [chat["id"] for chat in page["chats"]]
        if page["next"] is None:
            break
        after = f"&after={page['next']}"
    assert sorted(seen) == sorted(made)


@pytest.mark.parametrize("query", ["after=x&before=y", "after=nonsense", "limit=0", "limit=101"])
async def test_a_page_that_cannot_be_is_refused(eve: Talk, query: str) -> None:
    answer = await eve.send("GET", f"/chats?{query}")
    assert answer.status_code in (400, 422)
    assert answer.headers["content-type"].startswith("application/problem+json")


async def test_hidden_chats_leave_the_list_and_come_back(eve: Talk) -> None:
    shown, hidden = await eve.begin(), await eve.begin()
    assert (await eve.send("PUT", f"/chats/{hidden}", {"hidden": True})).json() is None
    listed = (await eve.get("/chats"))["chats"]
    assert [chat["id"] for chat in listed] == [shown]
    assert len((await eve.get("/chats?include_hidden=true"))["chats"]) == 2
    assert [chat["id"] for chat in (await eve.get("/chats?only_hidden=true"))["chats"]] == [hidden]
    assert (await eve.get(f"/chats/{hidden}"))["hidden"] is True
    await eve.send("PUT", f"/chats/{hidden}", {"hidden": False})
    assert len((await eve.get("/chats"))["chats"]) == 2


@pytest.mark.parametrize("body", [None, {}])
async def test_all_chats_are_hidden_at_once(eve: Talk, body: object) -> None:
    for _ in range(3):
        await eve.begin()
    answer = await eve.send("PUT", "/chats/hide_all", body)
    assert (answer.status_code, answer.json()) == (200, None)
    assert (await eve.get("/chats"))["chats"] == []


async def test_the_title_is_the_beginning_of_the_first_prompt_until_somebody_gives_one(eve: Talk) -> None:
    chat = await eve.begin()
    await eve.write(chat, "What is the   capital\nof the country in which the river Loire flows into the sea?")
    title = (await eve.get(f"/chats/{chat}"))["title"]
    assert title.startswith("What is the capital of the country")
    assert len(title) <= 60
    await eve.send("PUT", f"/chats/{chat}", {"title": "Rivers"})
    assert (await eve.get("/chats"))["chats"][0]["title"] == "Rivers"
    await eve.write(chat, "Another beginning")
    assert (await eve.get(f"/chats/{chat}"))["title"] == "Rivers"
    await eve.send("PUT", f"/chats/{chat}", {"title": ""})
    assert (await eve.get(f"/chats/{chat}"))["title"] == title


async def test_a_title_that_is_too_long_is_refused_with_its_length(eve: Talk) -> None:
    answer = await eve.send("PUT", f"/chats/{await eve.begin()}", {"title": "x" * 101})
    assert answer.status_code == 422
    assert "100" in answer.json()["title"]


async def test_the_branch_that_was_looked_at_last_is_remembered_and_listed(eve: Talk) -> None:
    chat = await eve.begin()
    first = await eve.turn(chat, "One")
    second = await eve.turn(chat, "Two")
    assert (await eve.get(f"/chats/{chat}"))["active_thread_tail_message_id"] == second["id"]
    await eve.send("PUT", f"/chats/{chat}", {"active_thread_tail_message_id": first["id"]})
    assert (await eve.get("/chats"))["chats"][0]["active_thread_tail_message_id"] == first["id"]


async def test_a_branch_of_another_chat_cannot_be_chosen(eve: Talk) -> None:
    elsewhere = await eve.write(await eve.begin(), "Elsewhere")
    answer = await eve.send("PUT", f"/chats/{await eve.begin()}", {"active_thread_tail_message_id": elsewhere})
    assert (answer.status_code, answer.json()["type"]) == (404, "urn:oa:chat_message_not_found")


async def test_data_use_is_allowed_until_somebody_says_otherwise(eve: Talk) -> None:
    chat = await eve.begin()
    assert (await eve.get(f"/chats/{chat}"))["allow_data_use"] is True
    await eve.send("PUT", f"/chats/{chat}", {"allow_data_use": False})
    found = await eve.get(f"/chats/{chat}")
    assert (found["allow_data_use"], found["hidden"]) == (False, False)


async def test_a_chat_that_is_deleted_is_gone_with_everything_in_it(eve: Talk, hub: Any) -> None:
    chat = await eve.begin()
    answer = await eve.turn(chat, "Remember me")
    await eve.post(f"/chats/{chat}/messages/{answer['id']}/reports", {"report_type": "spam", "reason": "test"})
    assert (await eve.send("DELETE", f"/chats/{chat}")).status_code == 200
    assert (await eve.send("GET", f"/chats/{chat}")).status_code == 404
    assert (await eve.send("DELETE", f"/chats/{chat}")).status_code == 404

    def left(tx: Transaction) -> list[int]:
        names = ("chat", "chat_message", "chat_event", "chat_report")
        return [tx.connection.exec_driver_sql(f"SELECT count(*) FROM {name}").scalar_one() for name in names]

    assert await hub.database.read(left) == [0, 0, 0, 0]


async def test_the_same_request_sent_twice_begins_one_chat(eve: Talk) -> None:
    key = {"idempotency-key": "one"}
    first, second = [(await eve.send("POST", "/chats", {}, key)).json()["id"] for _ in range(2)]
    assert first == second
    assert len((await eve.get("/chats"))["chats"]) == 1


async def test_somebody_elses_chat_is_not_there_whatever_is_done_to_it(eve: Talk, mallory: Talk) -> None:
    chat = await eve.begin()
    answer = await eve.turn(chat, "Mine alone")
    message = f"/chats/{chat}/messages/{answer['id']}"
    prompt = answer["parent_id"]
    for method, path, body in (
        ("GET", f"/chats/{chat}", None),
        ("PUT", f"/chats/{chat}", {"title": "yours"}),
        ("DELETE", f"/chats/{chat}", None),
        ("POST", f"/chats/{chat}/prompter_message", {"content": "x", "parent_id": answer["id"]}),
        ("POST", f"/chats/{chat}/assistant_message", {"parent_id": prompt, "model_config_name": "echo"}),
        ("GET", message, None),
        ("GET", f"{message}/events", None),
        ("POST", f"{message}/stop", None),
        ("POST", f"{message}/continue", None),
        ("POST", f"{message}/votes", {"score": 1}),
        ("POST", f"{message}/message_evals", {"inferior_message_ids": []}),
        ("POST", f"{message}/reports", {"report_type": "spam", "reason": ""}),
        ("GET", f"/chats/{chat}/export", None),
        ("POST", f"/chats/{chat}/shares", {}),
        ("GET", f"/chats/{chat}/shares", None),
        ("DELETE", f"/chats/{chat}/shares/{chat}", None),
    ):
        refused = await mallory.send(method, path, body)
        assert (refused.status_code, refused.json()["type"]) == (404, "urn:oa:chat_not_found"), (method, path)
    assert (await mallory.get("/chats?include_hidden=true"))["chats"] == []
    assert (await mallory.get("/chats/search?query=alone"))["items"] == []
    assert [one["content"] for one in (await eve.get(f"/chats/{chat}"))["messages"]] == ["Mine alone"] * 2


async def test_who_shows_nothing_is_refused_and_who_shows_an_expired_token_is_told_to_sign_in(hub: Any) -> None:
    nothing = await hub.http.get("/chats")
    assert (nothing.status_code, nothing.json()["type"]) == (403, "urn:oa:client_not_authorized")
    expired = await Talk(hub.http, "oat_expired").send("GET", "/chats")
    assert (expired.status_code, expired.json()["type"]) == (401, "urn:oa:invalid_authentication")
