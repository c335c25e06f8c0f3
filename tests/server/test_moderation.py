"""Moderation over HTTP."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import uuid4

import httpx
import pytest

if TYPE_CHECKING:
    from tests.conftest import RunningHub


class Desk:
    """A trusted program that moderates."""

    def __init__(self, hub: RunningHub) -> None:
        self.hub = hub

    async def send(self, method: str, path: str, body: object = None, **more: Any) -> httpx.Response:
        return await self.hub.send(method, path, body, key=self.hub.trusted_key, **more)

    async def ok(self, method: str, path: str, body: object = None) -> Any:
        answer = await self.send(method, path, body)
        assert answer.status_code == 200, answer.text
        return answer.json()

    async def user_id(self, name: str) -> str:
        return (await self.hub.send("GET", f"/frontend_users/local/{name}")).json()["user_id"]

    async def message(self, message_id: str) -> dict[str, Any]:
        return await self.ok("GET", f"/messages/{message_id}")


@pytest.fixture
def desk(hub: RunningHub) -> Desk:
    return Desk(hub)


async def test_a_message_is_deleted_and_restored(hub: RunningHub, desk: Desk) -> None:
    prompt = await hub.write_prompt("ada")
    for _ in range(2):
        assert (await desk.send("DELETE", f"/messages/{prompt}?why=spam")).status_code == 204
    assert (await desk.message(prompt))["deleted"]
    assert (await desk.ok("GET", "/moderation/journal/?event_type=message_deleted"))[0]["payload"]["why"] == "spam"
    assert (await desk.send("PUT", f"/messages/{prompt}/undelete")).status_code == 202
    assert not (await desk.message(prompt))["deleted"]


async def test_a_message_is_edited_and_tells_its_history(hub: RunningHub, desk: Desk) -> None:
    prompt = await hub.write_prompt("ada")
    first = (await desk.message(prompt))["text"]
    edit = {"user": hub.user("mo"), "new_content": "better"}
    answer = await desk.send("POST", f"/messages/{prompt}/edit", edit)
    assert (answer.status_code, answer.json()) == (200, None)
    found = await desk.message(prompt)
    assert (found["text"], found["edited"]) == ("better", True)
    history = await desk.ok("GET", f"/messages/{prompt}/history")
    assert [(one["text"], one["user_is_author"]) for one in history] == [(first, True), ("better", False)]


async def test_reports_come_in_pages_that_cursors_lead_through(hub: RunningHub, desk: Desk) -> None:
    """Any cursor was a fault of the server in the original."""
    prompts = {await hub.write_prompt("ada") for _ in range(3)}
    for prompt in prompts:
        flag = {"user": hub.user("ben"), "emoji": "red_flag", "op": "add"}
        await hub.send("POST", f"/messages/{prompt}/emoji", flag)
    first = await desk.ok("GET", "/admin/flagged_messages/cursor?max_count=2")
    assert (first["prev"], first["sort_key"], first["order"], len(first["items"])) == (None, "created_date", "asc", 2)
    second = await desk.ok("GET", f"/admin/flagged_messages/cursor?max_count=2&after={first['next']}")
    assert {one["message_id"] for one in first["items"] + second["items"]} == prompts
    back = await desk.ok("GET", f"/admin/flagged_messages/cursor?max_count=2&before={second['prev']}")
    assert back["items"] == first["items"]
    refused = await desk.send("GET", "/admin/flagged_messages/cursor?after=yesterday")
    assert (refused.status_code, refused.json()["error_code"]) == (400, 101)


async def test_a_report_is_processed_with_its_outcome(hub: RunningHub, desk: Desk) -> None:
    prompt = await hub.write_prompt("ada")
    await hub.send("POST", f"/messages/{prompt}/emoji", {"user": hub.user("ben"), "emoji": "red_flag", "op": "add"})
    tried = await desk.ok("POST", f"/admin/flagged_messages/{prompt}/processed?outcome=dismissed&preview=true")
    assert (tried["processed"], tried["outcome"]) == (True, "dismissed")
    assert len(await desk.ok("GET", "/admin/flagged_messages?max_count=5&processed=false")) == 1
    done = await desk.ok("POST", f"/admin/flagged_messages/{prompt}/processed?outcome=dismissed&note=a+joke")
    assert (done["processed"], done["outcome"], done["note"]) == (True, "dismissed", "a joke")
    (listed,) = await desk.ok("GET", "/admin/flagged_messages?max_count=5")
    assert listed == done
    assert [report["username"] for report in listed["reports"]] == ["ben"]
    assert await desk.ok("GET", "/admin/flagged_messages?max_count=5&processed=false") == []
    missing = await desk.send("POST", f"/admin/flagged_messages/{uuid4()}/processed")
    assert (missing.status_code, missing.json()["error_code"]) == (404, 2001)


async def test_a_purge_is_tried_first_and_then_does_the_same(hub: RunningHub, desk: Desk) -> None:
    prompt = await hub.write_prompt("ada")
    path = f"/admin/purge_user/{await desk.user_id('ada')}"
    tried = await desk.ok("POST", path)
    assert tried["preview"]
    assert (await desk.message(prompt))["id"] == prompt
    done = await desk.ok("POST", f"{path}?preview=false")
    assert {**done, "preview": True, "duration": tried["duration"]} == tried
    assert (done["before"]["all"], done["after"]["all"], done["messages"], done["trees"]) == (1, 0, 1, 1)
    assert (await desk.send("GET", f"/messages/{prompt}")).status_code == 404
    assert (await hub.ask("ada")).status_code == 503


async def test_only_messages_may_be_purged(hub: RunningHub, desk: Desk) -> None:
    await hub.write_prompt("ada")
    path = f"/admin/purge_user/{await desk.user_id('ada')}/messages?preview=false"
    assert (await desk.ok("POST", path))["messages"] == 0
    assert (await desk.ok("POST", f"{path}&purge_initial_prompts=true&min_date=2020-01-01T00:00:00Z"))["trees"] == 1
    wrong = await desk.send("POST", f"{path}&min_date=2026-01-02T00:00:00Z&max_date=2026-01-01T00:00:00Z")
    assert wrong.status_code == 400
    assert (await hub.ask("ada")).status_code == 200


async def test_users_are_merged(hub: RunningHub, desk: Desk) -> None:
    prompt = await hub.write_prompt("ada")
    await hub.write_prompt("ben")
    ada, ben = await desk.user_id("ada"), await desk.user_id("ben")
    body = {"destination_user_id": ben, "source_user_ids": [ada]}
    tried = await desk.ok("POST", "/moderation/merge?preview=true", body)
    assert (tried["preview"], tried["users"]) == (True, [ben, ada])
    assert (await desk.send("POST", "/admin/merge_users", body)).status_code == 204
    assert (await desk.send("GET", f"/users/{ada}")).status_code == 404
    mine = await desk.ok("GET", f"/messages/cursor?user_id={ben}")
    assert prompt in {message["id"] for message in mine["items"]}
    again = await desk.send("POST", "/admin/merge_users", body)
    assert (again.status_code, again.json()["error_code"]) == (404, 4002)


@pytest.mark.parametrize(
    ("path", "opposite"),
    [
        ("messages/{prompt}/halt", "tree_resumed"),
        ("messages/{prompt}/delete", "message_restored"),
        ("users/{user}/stop", "user_enabled"),
        ("users/{user}/ban", "user_unbanned"),
    ],
)
async def test_an_act_is_tried_done_and_undone(hub: RunningHub, desk: Desk, path: str, opposite: str) -> None:
    prompt = await hub.write_prompt("ada")
    address = f"/moderation/{path.format(prompt=prompt, user=await desk.user_id('ada'))}"
    tried = await desk.ok("POST", f"{address}?preview=true")
    done = await desk.ok("POST", address)
    assert tried == {**done, "preview": True}
    assert done["changed"]
    assert not (await desk.ok("POST", address))["changed"]
    (entry,) = await desk.ok("GET", "/moderation/journal/?max_count=1")
    assert entry["event_type"] == done["act"]
    undone = await desk.ok("POST", f"/moderation/journal/{entry['id']}/undo")
    assert undone["act"] == opposite
    again = await desk.send("POST", f"/moderation/journal/{entry['id']}/undo")
    assert (again.status_code, again.json()["code"]) == (409, "cannot_undo")


MODERATORS_ONLY = [
    ("DELETE", "/messages/{id}", None),
    ("PUT", "/messages/{id}/undelete", None),
    (
        "POST",
        "/messages/{id}/edit",
        {"user": {"id": "a", "display_name": "a", "auth_method": "local"}, "new_content": "x"},
    ),
    ("GET", "/messages/{id}/history", None),
    ("GET", "/admin/flagged_messages?max_count=1", None),
    ("GET", "/admin/flagged_messages/cursor", None),
    ("POST", "/admin/flagged_messages/{id}/processed", None),
    ("POST", "/admin/purge_user/{id}", None),
    ("POST", "/admin/purge_user/{id}/messages", None),
    ("POST", "/admin/merge_users", {"destination_user_id": str(uuid4()), "source_user_ids": []}),
    ("POST", "/moderation/messages/{id}/halt", None),
    ("POST", "/moderation/messages/{id}/resume", None),
    ("POST", "/moderation/messages/{id}/delete", None),
    ("POST", "/moderation/messages/{id}/restore", None),
    ("POST", "/moderation/users/{id}/stop", None),
    ("POST", "/moderation/users/{id}/enable", None),
    ("POST", "/moderation/users/{id}/ban", None),
    ("POST", "/moderation/merge", {"destination_user_id": str(uuid4()), "source_user_ids": []}),
    ("GET", "/moderation/journal/", None),
    ("POST", "/moderation/journal/1/undo", None),
    ("GET", "/stats/", None),
    ("GET", "/stats/tree_manager", None),
    ("GET", "/stats/tree_manager/state_counts", None),
    ("GET", "/stats/tree_manager/message_counts", None),
    ("POST", "/stats/cached/update", None),
    ("GET", "/admin/backend_settings/full", None),
    ("GET", "/hf/text_toxicity?msg=x", None),
]


@pytest.mark.parametrize(
    ("method", "path", "body"), [pytest.param(*one, id=f"{one[0]} {one[1]}") for one in MODERATORS_ONLY]
)
async def test_only_trusted_programs_and_moderators_may(
    hub: RunningHub, token: str, method: str, path: str, body: Any
) -> None:
    for key in (hub.key, token, "guessed", ""):
        refused = await hub.send(method, path.format(id=uuid4()), body, key=key)
        assert (refused.status_code, refused.json()["error_code"]) == (403, 2)


async def test_a_moderator_cannot_act_on_an_admin(hub: RunningHub, desk: Desk, admin_token: str) -> None:
    me = (await hub.send("GET", "/users/by_username?search_text=root", key=admin_token)).json()
    root = me[0]["user_id"]
    for key in (hub.trusted_key, admin_token):  # nor an admin on themselves
        refused = await hub.send("POST", f"/admin/purge_user/{root}?preview=false", key=key)
        assert (refused.status_code, refused.json()["code"]) == (403, "person_protected")
