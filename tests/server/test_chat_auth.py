"""Signing in as chat clients do, renewing tokens, and leaving with all chats."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import httpx
import pytest
from talk import Talk

from oa.config import Auth, Config
from oa.server.app import create_app
from oa.store.database import Database, Transaction


@pytest.fixture
async def http(database: Database) -> Any:
    """A hub that lets anybody sign in."""
    app = create_app(database, Config(auth=Auth(allow_debug_login=True)))
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://hub") as http:
        yield http


async def sign_in(http: httpx.AsyncClient, name: str = "ada") -> dict[str, Any]:
    return (await http.get("/auth/callback/debug", params={"code": name})).json()


async def test_the_login_leads_to_the_callback_which_gives_tokens(http: httpx.AsyncClient) -> None:
    answer = await http.get("/auth/login/debug", params={"username": "ada lovelace"})
    assert answer.status_code == 302
    pair = (await http.get(answer.headers["location"])).json()
    assert [pair[name]["token_type"] for name in ("access_token", "refresh_token")] == ["bearer", "refresh"]
    assert (await http.get("/auth/providers")).json() == ["debug"]
    headers = {"authorization": f"Bearer {pair['access_token']['access_token']}"}
    assert len((await http.get("/auth/check", headers=headers)).json()) == 36


async def test_the_same_name_is_the_same_person(http: httpx.AsyncClient) -> None:
    found = set()
    for name in ("ada", "Ada"):
        token = (await sign_in(http, name))["access_token"]["access_token"]
        found.add((await http.get("/auth/check", headers={"authorization": f"Bearer {token}"})).json())
    assert len(found) == 1


@pytest.mark.parametrize("name", ["", " ", "a/b", "x" * 129])
async def test_a_name_that_cannot_be_one_is_refused(http: httpx.AsyncClient, name: str) -> None:
    assert (await http.get("/auth/callback/debug", params={"code": name})).status_code in (400, 422)


async def test_an_access_token_holds_for_an_hour_and_is_renewed_for_a_week(http: httpx.AsyncClient, clock: Any) -> None:
    pair = await sign_in(http)
    refresh = {"refresh": pair["refresh_token"]["access_token"]}
    ada = Talk(http, pair["access_token"]["access_token"])
    assert (await ada.send("GET", "/chats")).status_code == 200
    clock.advance(timedelta(minutes=61))
    assert (await ada.send("GET", "/chats")).status_code == 401
    renewed = (await http.get("/auth/refresh", headers=refresh)).json()
    assert renewed["token_type"] == "bearer"
    assert (await Talk(http, renewed["access_token"]).send("GET", "/chats")).status_code == 200
    clock.advance(timedelta(days=7))
    assert (await http.get("/auth/refresh", headers=refresh)).status_code == 401


async def test_a_refresh_token_opens_nothing_by_itself(http: httpx.AsyncClient) -> None:
    token = (await sign_in(http))["refresh_token"]["access_token"]
    assert (await Talk(http, token).send("GET", "/chats")).status_code == 401


async def test_an_admin_makes_refresh_tokens_worthless(http: httpx.AsyncClient, database: Database) -> None:
    from oa.domain.people import AccountRole
    from oa.hub import accounts

    pair, _ = await sign_in(http), await sign_in(http, "root")
    await database.write(lambda tx: accounts.set_role(tx, "root", AccountRole.ADMIN))
    root = Talk(http, (await sign_in(http, "root"))["access_token"]["access_token"])
    token = pair["access_token"]["access_token"]
    ada = (await http.get("/auth/check", headers={"authorization": f"Bearer {token}"})).json()
    assert (await root.send("DELETE", f"/admin/refresh_tokens/{ada}")).status_code == 200
    refresh = {"refresh": pair["refresh_token"]["access_token"]}
    assert (await http.get("/auth/refresh", headers=refresh)).status_code == 401
    assert (await root.send("DELETE", f"/admin/users/{ada}")).status_code == 200
    assert (await root.send("DELETE", f"/admin/users/{ada}")).status_code == 404
    assert (await Talk(http, token).send("GET", "/chats")).status_code == 401


async def test_whoever_leaves_takes_the_chats_along(hub: Any, token: str) -> None:
    eve = Talk(hub.http, token)
    chat = await eve.begin()
    await eve.turn(chat, "Forget this")
    assert (await eve.send("DELETE", "/account")).status_code == 200
    assert (await eve.send("GET", f"/chats/{chat}")).status_code == 401

    def left(tx: Transaction) -> list[int]:
        names = ("chat", "chat_message", "chat_event", "refresh_token")
        return [tx.connection.exec_driver_sql(f"SELECT count(*) FROM {name}").scalar_one() for name in names]

    assert await hub.database.read(left) == [0, 0, 0, 0]


async def test_an_account_with_a_password_asks_for_it_before_it_goes(hub: Any) -> None:
    from oa.hub import accounts, passwords

    hashed = passwords.hash_password("correct horse battery")
    await hub.database.write(lambda tx: accounts.create_account(tx, accounts.NewAccount("ada", password_hash=hashed)))
    login = {"username": "ada", "password": "correct horse battery"}
    ada = Talk(hub.http, (await hub.send("POST", "/auth/login", login)).json()["token"])
    for body in (None, {"password": "wrong"}):
        assert (await ada.send("DELETE", "/account", body)).status_code == 401
    assert (await ada.send("DELETE", "/account", {"password": "correct horse battery"})).status_code == 200


async def test_the_export_of_oneself_has_the_chats_and_no_secret(hub: Any, token: str) -> None:
    eve = Talk(hub.http, token)
    chat = await eve.begin()
    await eve.turn(chat, "For the record")
    await eve.post(f"/chats/{chat}/shares", {})
    found = (await hub.send("GET", "/me/export", key=token)).json()
    assert [one["id"] for one in found["chats"]] == [chat]
    assert [one["content"] for one in found["chat_messages"]] == ["For the record"] * 2
    assert "token_hash" not in found["chat_shares"][0]
