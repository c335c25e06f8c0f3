"""Who asks, and for whom."""

from __future__ import annotations

from typing import Any

import pytest

from oa.domain.people import TokenScope
from oa.hub import accounts, keys
from oa.hub.accounts import NewAccount
from oa.hub.keys import NewToken
from oa.store.database import Transaction

PUBLIC = {"/healthz", "/readyz", "/metrics", "/schema", "/api/v1/text_labels/report_labels"}


@pytest.mark.parametrize("path", sorted(PUBLIC))
async def test_what_is_public_needs_no_key(hub: Any, path: str) -> None:
    assert (await hub.http.get(path)).status_code == 200


@pytest.mark.parametrize(
    ("headers", "query"),
    [
        pytest.param({}, "", id="nothing"),
        pytest.param({"x-api-key": ""}, "", id="an empty key"),
        pytest.param({"x-api-key": "1234"}, "", id="the original's default key"),
        pytest.param({"authorization": "Bearer oat_unknown"}, "", id="an unknown token"),
        pytest.param({"authorization": "Basic YTpi"}, "", id="another scheme"),
        pytest.param({}, "?api_key=unknown", id="an unknown key in the query"),
    ],
)
async def test_who_cannot_prove_anything_gets_403_2(hub: Any, headers: dict[str, str], query: str) -> None:
    refused = await hub.http.get(f"/api/v1/messages/{query}", headers=headers)
    assert (refused.status_code, refused.json()["error_code"]) == (403, 2)


@pytest.mark.parametrize("place", ["query", "header", "bearer"])
async def test_a_key_may_be_shown_in_three_ways(hub: Any, place: str) -> None:
    query = f"?api_key={hub.key}" if place == "query" else ""
    headers = {"header": {"x-api-key": hub.key}, "bearer": {"authorization": f"bearer {hub.key}"}}.get(place, {})
    assert (await hub.http.get(f"/api/v1/messages/{query}", headers=headers)).status_code == 200


async def test_the_key_in_the_query_wins(hub: Any) -> None:
    headers = {"x-api-key": hub.key, "authorization": f"Bearer {hub.key}"}
    assert (await hub.http.get("/api/v1/messages/?api_key=wrong", headers=headers)).status_code == 403
    headers["x-api-key"] = "wrong"
    assert (await hub.http.get(f"/api/v1/messages/?api_key={hub.key}", headers=headers)).status_code == 200


async def test_a_persons_token_may_be_used_wherever_a_key_may(hub: Any, token: str) -> None:
    for headers in ({"x-api-key": token}, {"authorization": f"Bearer {token}"}):
        assert (await hub.http.get("/api/v1/messages/", headers=headers)).status_code == 200


async def test_the_reader_is_named_by_header_or_query(hub: Any) -> None:
    prompt = f"/messages/{await hub.write_prompt('ada')}"
    plain = await hub.send("GET", prompt)
    by_header = await hub.send("GET", prompt, x_oasst_user="local:ada")
    by_query = await hub.send("GET", f"{prompt}?oasst_user=local:ada")
    assert [answer.json()["user_is_author"] for answer in (plain, by_header, by_query)] == [False, True, True]


async def test_a_reader_with_a_colon_or_letters_beyond_latin_in_the_name_is_understood(hub: Any) -> None:
    for name in ("a:b", "žofie"):
        task = await hub.take(name)
        headers = {"x-api-key": hub.key.encode(), "x-oasst-user": f"local:{name}".encode()}
        path = f"/api/v1/tasks/{task['id']}/nack"
        assert (await hub.http.post(path, headers=headers, json={"reason": None})).status_code == 204


@pytest.mark.parametrize("reader", ["ada", "local:", ":ada", ":"])
async def test_a_reader_named_in_another_form_is_refused(hub: Any, reader: str) -> None:
    refused = await hub.send("GET", "/messages/", x_oasst_user=reader)
    assert (refused.status_code, refused.json()["error_code"]) == (400, 2012)
    assert "auth_method:username" in refused.json()["message"]


async def test_an_unknown_reader_is_not_found(hub: Any) -> None:
    refused = await hub.send("GET", "/messages/", x_oasst_user="local:nobody")
    assert (refused.status_code, refused.json()["error_code"]) == (404, 4002)


NEW_CLIENT = {"description": "a bot", "frontend_type": "discord"}


async def test_an_admin_gets_a_key_for_a_program_and_it_holds(hub: Any, admin_token: str) -> None:
    made = await hub.http.post(
        "/api/v1/admin/api_client",
        json={**NEW_CLIENT, "trusted": True, "admin_email": "ops@example.org"},
        headers={"authorization": f"Bearer {admin_token}"},
    )
    assert made.status_code == 200
    assert made.headers["content-type"] == "application/json"
    halt = await hub.send("PUT", f"/messages/{await hub.write_prompt('ada')}/tree/state?halt=true", key=made.json())
    assert halt.status_code == 200


async def test_nobody_else_makes_keys(hub: Any, token: str, admin_token: str) -> None:
    answers = [
        await hub.http.post("/api/v1/admin/api_client", json=NEW_CLIENT, headers=headers)
        for headers in (
            {},
            {"authorization": f"Bearer {token}"},
            {"authorization": f"Bearer {hub.trusted_key}"},
            {"authorization": "Bearer 1234"},
            {"x-api-key": admin_token},
        )
    ]
    assert [(answer.status_code, answer.json()["error_code"]) for answer in answers] == [(403, 3)] * 5


@pytest.fixture
async def reading_token(hub: Any) -> str:
    def make(tx: Transaction) -> str:
        owner = accounts.create_account(tx, NewAccount("reader")).user
        return keys.issue_token(tx, owner, NewToken("test", (TokenScope.READ,))).secret

    return await hub.database.write(make)


async def test_a_token_that_may_only_read_changes_nothing(hub: Any, reading_token: str) -> None:
    assert (await hub.send("GET", "/messages/", key=reading_token)).status_code == 200
    refused = await hub.send("POST", "/tasks/", {}, key=reading_token)
    assert (refused.status_code, refused.json()["error_code"]) == (403, 2)


async def test_when_a_key_was_last_used_is_noted(hub: Any, clock: Any) -> None:
    await hub.ask("ada")
    used = await hub.database.read(lambda tx: {key.client.description: key.last_used_date for key in keys.keys(tx)})
    assert used == {"program": clock.now, "trusted program": None}
