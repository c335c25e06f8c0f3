"""Who may do what with chats: every operation by nobody, by programs, and to what is somebody else's."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest
from talk import Talk

CHAT, MESSAGE = "00000000-0000-4000-8000-00000000000a", "00000000-0000-4000-8000-00000000000b"

BODIES: dict[str, Any] = {
    "POST /chats": {},
    "PUT /chats/{chat_id}": {"title": "x"},
    "POST /chats/{chat_id}/prompter_message": {"content": "x"},
    "POST /chats/{chat_id}/assistant_message": {"parent_id": MESSAGE, "model_config_name": "echo"},
    "POST /chats/{chat_id}/messages/{message_id}/votes": {"score": 1},
    "POST /chats/{chat_id}/messages/{message_id}/message_evals": {"inferior_message_ids": []},
    "POST /chats/{chat_id}/messages/{message_id}/reports": {"report_type": "spam", "reason": "x"},
    "POST /chats/{chat_id}/shares": {},
    "POST /configs/plugin_config": {"url": "https://example.org/ai-plugin.json"},
}

OPEN = {
    "GET /shared/{secret}": 404,
    "GET /auth/providers": 200,
    "GET /auth/refresh": 401,
    "GET /auth/check": 401,
    "GET /configs/builtin_plugins": 200,
    "GET /configs/model_configs": 200,
}
"""What nobody in particular may ask for, and the answer."""

PREFIXES = ("/chats", "/shared", "/configs", "/auth", "/account", "/admin/users", "/admin/refresh_tokens")


async def operations(hub: Any) -> list[str]:
    paths = (await hub.http.get("/schema")).json()["paths"]
    return [f"{method.upper()} {path}" for path in paths if path.startswith(PREFIXES) for method in paths[path]]


def address(operation: str) -> tuple[str, str]:
    method, path = operation.split(" ")
    values = {"chat_id": CHAT, "message_id": MESSAGE, "share_id": MESSAGE, "secret": "x", "user_id": MESSAGE}
    return method, path.format(**values) + ("?query=x" if path.endswith("search") else "")


async def test_nobody_in_particular_may_do_nothing_but_what_is_listed(hub: Any) -> None:
    for operation in await operations(hub):
        method, path = address(operation)
        content = {"json": BODIES[operation]} if operation in BODIES else {}
        answer = await hub.http.request(method, path, **content)
        assert answer.status_code == OPEN.get(operation, 403), operation


async def test_only_admins_act_on_the_accounts_of_others(hub: Any, token: str, admin_token: str) -> None:
    eve, root = Talk(hub.http, token), Talk(hub.http, admin_token)
    for path in (f"/admin/users/{CHAT}", f"/admin/refresh_tokens/{CHAT}"):
        assert (await eve.send("DELETE", path)).status_code == 403
        assert (await root.send("DELETE", path)).status_code == 404


# --- programs ---------------------------------------------------------------------------------------------------------


def trusted_client(key: str, user: str) -> dict[str, str]:
    shown = {"api_key": key, "client": "website", "user_id": user, "provider_account_id": user, "username": "Ada"}
    return {"TrustedClient": base64.b64encode(json.dumps(shown).encode()).decode()}


async def test_a_trusted_program_makes_its_users_known_and_chats_for_them(hub: Any) -> None:
    ada = trusted_client(hub.trusted_key, "ada-1")
    made = (await hub.http.post("/auth/trusted", headers=ada)).json()
    assert (made["provider_account_id"], made["display_name"], made["deleted"]) == ("ada-1", "Ada", False)
    assert (await hub.http.get("/auth/check", headers=ada)).json() == made["id"]
    chat = (await hub.http.post("/chats", json={}, headers=ada)).json()["id"]
    assert (await hub.http.get(f"/chats/{chat}", headers=ada)).status_code == 200
    ben = trusted_client(hub.trusted_key, "ben-1")
    await hub.http.post("/auth/trusted", headers=ben)
    assert (await hub.http.get(f"/chats/{chat}", headers=ben)).status_code == 404


async def test_a_program_names_its_user_as_it_does_everywhere(hub: Any) -> None:
    headers = {"x-api-key": hub.key, "x-oasst-user": "local:ada"}
    chat = (await hub.http.post("/chats", json={}, headers=headers)).json()["id"]
    assert (await hub.http.get(f"/chats/{chat}", headers=headers)).status_code == 200
    other = {"x-api-key": hub.trusted_key, "x-oasst-user": "local:ada"}
    await hub.http.post("/chats", json={}, headers=other)
    assert (await hub.http.get(f"/chats/{chat}", headers=other)).status_code == 404  # another program's ada


@pytest.mark.parametrize("shown", ["nonsense", base64.b64encode(b"{}").decode(), base64.b64encode(b"\xff").decode()])
async def test_a_header_that_cannot_be_read_is_refused(hub: Any, shown: str) -> None:
    answer = await hub.http.get("/chats", headers={"TrustedClient": shown})
    assert (answer.status_code, answer.json()["type"]) == (403, "urn:oa:forbidden")


async def test_the_header_takes_a_trusted_key(hub: Any) -> None:
    answer = await hub.http.post("/auth/trusted", headers=trusted_client(hub.key, "ada-1"))
    assert answer.status_code == 403
    answer = await hub.http.post("/auth/trusted", headers=trusted_client("oak_wrong", "ada-1"))
    assert answer.status_code == 401
