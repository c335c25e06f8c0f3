"""Signing in over HTTP."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from oa.config import Config, Registration, RegistrationMode
from oa.hub import accounts
from oa.server.app import create_app
from oa.store.database import Database

PASSWORD = "correct horse battery"


async def sign_up(http: httpx.AsyncClient, **more: Any) -> httpx.Response:
    return await http.post("/api/v1/auth/register", json={"username": "Ada", "password": PASSWORD, **more})


@pytest.fixture
async def open_hub(database: Database) -> AsyncIterator[httpx.AsyncClient]:
    """A hub that takes registrations from anybody."""
    config = Config(registration=Registration(mode=RegistrationMode.OPEN))
    transport = httpx.ASGITransport(create_app(database, config))
    async with httpx.AsyncClient(transport=transport, base_url="http://hub") as http:
        yield http


async def test_who_registers_is_signed_in(open_hub: httpx.AsyncClient) -> None:
    signed_in = await sign_up(open_hub)
    assert signed_in.status_code == 201
    answer = signed_in.json()
    assert (answer["username"], answer["display_name"], answer["role"]) == ("ada", "Ada", "volunteer")
    who = await open_hub.get("/api/v1/auth/check", headers={"authorization": f"Bearer {answer['token']}"})
    assert (who.status_code, who.json()) == (200, "ada")


async def test_a_name_and_its_password_give_a_token(open_hub: httpx.AsyncClient) -> None:
    await sign_up(open_hub)
    shown = {"username": "ADA", "password": PASSWORD, "device": "laptop"}
    signed_in = await open_hub.post("/api/v1/auth/login", json=shown)
    assert signed_in.status_code == 200
    headers = {"x-api-key": signed_in.json()["token"]}
    assert (await open_hub.get("/api/v1/auth/check", headers=headers)).json() == "ada"


@pytest.mark.parametrize(
    "shown", [{"username": "ada", "password": "wrong"}, {"username": "nobody", "password": PASSWORD}]
)
async def test_a_wrong_name_or_password_is_401_600(open_hub: httpx.AsyncClient, shown: dict[str, str]) -> None:
    await sign_up(open_hub)
    refused = await open_hub.post("/api/v1/auth/login", json=shown)
    assert (refused.status_code, refused.json()["error_code"]) == (401, 600)
    assert refused.json()["message"] == "the name or the password is wrong"


async def test_who_guesses_passwords_is_stopped_for_a_while(open_hub: httpx.AsyncClient) -> None:
    guess = {"username": "ada", "password": "guess"}
    statuses = [(await open_hub.post("/api/v1/auth/login", json=guess)).status_code for _ in range(11)]
    assert statuses == [401] * 10 + [429]


async def test_a_name_that_is_taken_is_a_conflict(open_hub: httpx.AsyncClient) -> None:
    await sign_up(open_hub)
    refused = await sign_up(open_hub, username="ada")
    assert (refused.status_code, refused.json()["code"]) == (409, "name_taken")


async def test_a_hub_that_asks_for_invitations_takes_who_has_one(hub: Any) -> None:
    refused = await sign_up(hub.http)
    assert (refused.status_code, refused.json()["code"]) == (403, "registration_closed")
    code = await hub.database.write(accounts.invite)
    assert (await sign_up(hub.http, invitation=code)).status_code == 201


@pytest.mark.parametrize("key", ["", "oat_unknown", "program"])
async def test_only_a_persons_token_says_who_somebody_is(hub: Any, key: str) -> None:
    shown = hub.key if key == "program" else key
    refused = await hub.send("GET", "/auth/check", key=shown)
    assert (refused.status_code, refused.json()["error_code"]) == (401, 600)


async def test_the_link_of_the_first_start_makes_an_administrator_once(hub: Any) -> None:
    code = await hub.database.write(accounts.first_admin_code)
    page = await hub.http.get("/setup", params={"code": code})
    assert page.status_code == 200
    assert f'name="code" value="{code}"' in page.text
    assert page.headers["cache-control"] == "no-store"
    assert page.headers["referrer-policy"] == "no-referrer"
    form = {"code": code, "username": "root", "password": PASSWORD}
    made = await hub.http.post("/setup", data=form)
    assert made.status_code == 200
    token = made.text.partition("<code>")[2].partition("</code>")[0]
    headers = {"authorization": f"Bearer {token}"}
    key = await hub.http.post(
        "/api/v1/admin/api_client", json={"description": "bot", "frontend_type": "bot"}, headers=headers
    )
    assert key.status_code == 200
    assert (await hub.http.post("/setup", data={**form, "username": "second"})).status_code == 403


async def test_the_form_says_what_is_wrong_and_keeps_what_was_typed(hub: Any) -> None:
    code = await hub.database.write(accounts.first_admin_code)
    form = {"code": code, "username": '<b>"root"', "password": "short"}
    refused = await hub.http.post("/setup", data=form)
    assert refused.status_code == 400
    assert "A password has" in refused.text
    assert "&lt;b&gt;&quot;root&quot;" in refused.text
    assert "short" not in refused.text
    assert (await hub.http.post("/setup", data={**form, "password": PASSWORD})).status_code == 200


@pytest.mark.parametrize("body", [b"", b"\xff\xfe", b"code", b"&".join(b"a=1" for _ in range(20))])
async def test_a_form_that_is_none_is_refused_with_a_sentence(hub: Any, body: bytes) -> None:
    headers = {"content-type": "application/x-www-form-urlencoded"}
    refused = await hub.http.post("/setup", content=body, headers=headers)
    assert refused.status_code in (400, 403)
    assert 'role="alert"' in refused.text
