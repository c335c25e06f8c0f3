"""What people do about themselves over HTTP."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest

from oa.domain.people import TokenScope
from oa.hub import accounts, keys, passwords
from oa.hub.keys import NewToken

if TYPE_CHECKING:
    from pathlib import Path

    from tests.conftest import Garden, RunningHub

ADA = "local:ada"


def whole_file(data_dir: Path) -> bytes:
    """The database file with its companions, in lower case."""
    return b"".join(path.read_bytes() for path in sorted(data_dir.glob("oa.db*"))).lower()


async def refusal(answer: Any) -> tuple[int, int]:
    return answer.status_code, answer.json()["error_code"]


async def test_a_person_sees_and_changes_their_profile(hub: RunningHub, token: str) -> None:
    shown = (await hub.send("GET", "/me", key=token)).json()
    assert (shown["username"], shown["role"], shown["has_password"], shown["languages"]) == (
        "eve",
        "volunteer",
        False,
        [],
    )
    assert shown["deleted_account_messages"] == "keep"
    changes = {"display_name": "Eve E.", "show_on_leaderboard": False, "languages": ["de", "pt-BR", "de"]}
    changed = await hub.send("PATCH", "/me", changes, key=token)
    assert changed.status_code == 200
    assert changed.json() == {
        **shown,
        "display_name": "Eve E.",
        "show_on_leaderboard": False,
        "languages": ["de", "pt-BR"],
        "last_activity_date": changed.json()["last_activity_date"],
    }
    assert (await hub.send("PATCH", "/me", {"languages": ["en"]}, key=token)).json()["languages"] == ["en"]
    assert (await hub.send("GET", "/me", key=token)).json()["display_name"] == "Eve E."


@pytest.mark.parametrize(
    "changes", [{"display_name": " "}, {"display_name": "\x1b[2J"}, {"languages": ["de/ch"]}, {"languages": [""]}]
)
async def test_profiles_that_cannot_be_are_refused(hub: RunningHub, token: str, changes: dict[str, Any]) -> None:
    assert await refusal(await hub.send("PATCH", "/me", changes, key=token)) == (400, 0)


async def test_a_program_asks_for_the_user_whom_it_names(hub: RunningHub) -> None:
    assert await refusal(await hub.send("GET", "/me")) == (400, 4000)
    assert await refusal(await hub.send("GET", "/me", x_oasst_user=ADA)) == (404, 4002)
    assert await refusal(await hub.send("PATCH", "/me", {}, x_oasst_user=ADA)) == (404, 4002)
    await hub.write_prompt("ada")
    shown = (await hub.send("GET", "/me", x_oasst_user=ADA)).json()
    assert (shown["display_name"], shown["role"]) == ("Ada", None)
    by_query = await hub.send("GET", f"/me?oasst_user={ADA}")
    assert by_query.json() == shown


async def test_own_messages_come_with_their_fate_page_by_page(hub: RunningHub, clock: Any) -> None:
    prompts = [await hub.write_prompt("ada") for _ in range(3)]
    await hub.write_prompt("ben")
    await hub.send("DELETE", f"/messages/{prompts[0]}", key=hub.trusted_key)
    first = (await hub.send("GET", "/me/messages?max_count=2", x_oasst_user=ADA)).json()
    second = (await hub.send("GET", f"/me/messages?max_count=2&after={first['next']}", x_oasst_user=ADA)).json()
    found = first["items"] + second["items"]
    assert {one["id"] for one in found} == set(prompts)
    assert second["next"] is None
    fates = {one["id"]: (one["deleted"], one["review_result"], one["tree_state"]) for one in found}
    assert fates[prompts[0]] == (True, None, "halted_by_moderator")
    assert fates[prompts[1]] == (False, None, "initial_prompt_review")
    assert await refusal(await hub.send("GET", "/me/messages?after=x$y", x_oasst_user=ADA)) == (400, 101)


async def test_everything_about_oneself_is_one_json_document(hub: RunningHub, token: str) -> None:
    await hub.write_prompt("ada")
    answer = await hub.send("GET", "/me/export", x_oasst_user=ADA)
    assert answer.headers["content-type"] == "application/json"
    found = json.loads(answer.content)
    assert found["user"][0]["username"] == "ada"
    assert len(found["messages"]) == len(found["tasks"]) == 1
    of_eve = json.loads((await hub.send("GET", "/me/export", key=token)).content)
    assert of_eve["tokens"][0]["name"] == "test"
    assert of_eve["messages"] == []
    assert await refusal(await hub.send("GET", "/me/export", x_oasst_user="local:nobody")) == (404, 4002)


async def test_a_person_deletes_their_account_with_name_and_password(hub: RunningHub, token: str) -> None:
    password_hash = passwords.hash_password("correct horse")
    await hub.database.write(lambda tx: accounts.set_password(tx, "eve", password_hash))
    me = (await hub.send("GET", "/me", key=token)).json()["user_id"]
    for body in ({"username": "eve"}, {"username": "eve", "password": "wrong horse"}):
        assert await refusal(await hub.send("DELETE", "/me", body, key=token)) == (401, 600)
    assert await refusal(await hub.send("DELETE", "/me", {"username": "adam"}, key=token)) == (400, 0)
    gone = await hub.send("DELETE", "/me", {"username": "Eve", "password": "correct horse"}, key=token)
    assert (gone.status_code, gone.json()) == (200, {"deleted_account_messages": "keep", "messages": 0})
    assert await refusal(await hub.send("GET", "/me", key=token)) == (403, 2)
    left = (await hub.send("GET", f"/users/{me}", key=hub.trusted_key)).json()
    assert (left["display_name"], left["id"], left["deleted"]) == ("Deleted User", f"deleted_{me}", True)


async def test_a_narrow_token_changes_and_deletes_nothing(hub: RunningHub, token: str) -> None:
    def issue(tx: Any) -> str:
        eve = accounts.find_account(tx, "eve").user
        return keys.issue_token(tx, eve, NewToken("bot", (TokenScope.COLLECT,))).secret

    narrow = await hub.database.write(issue)
    assert (await hub.send("GET", "/me", key=narrow)).status_code == 200
    assert await refusal(await hub.send("PATCH", "/me", {"display_name": "x"}, key=narrow)) == (403, 2)
    assert await refusal(await hub.send("DELETE", "/me", {"username": "eve"}, key=narrow)) == (403, 2)


async def test_a_trusted_program_deletes_its_user_and_meets_somebody_new_by_the_name(
    hub: RunningHub, data_dir: Path
) -> None:
    made = (await hub.send("POST", "/frontend_users/", hub.user("zyxwvada"), key=hub.trusted_key)).json()
    assert await refusal(await hub.send("DELETE", f"/users/{made['user_id']}")) == (403, 2)
    assert (await hub.send("DELETE", f"/users/{made['user_id']}", key=hub.trusted_key)).status_code == 204
    assert b"zyxwvada" not in whole_file(data_dir)
    assert await refusal(await hub.send("DELETE", f"/users/{made['user_id']}", key=hub.trusted_key)) == (404, 4002)
    assert await refusal(await hub.send("DELETE", f"/users/{uuid4()}", key=hub.trusted_key)) == (404, 4002)
    again = (await hub.send("POST", "/frontend_users/", hub.user("zyxwvada"), key=hub.trusted_key)).json()
    assert again["user_id"] != made["user_id"]


async def test_the_last_admin_stays(hub: RunningHub, admin_token: str) -> None:
    answer = await hub.send("DELETE", "/me", {"username": "root"}, key=admin_token)
    assert (answer.status_code, answer.json()["code"]) == (400, "conflict")


# --- the terms of service --------------------------------------------------------------------------------------------


async def test_tasks_are_refused_until_the_terms_are_accepted(hub: RunningHub, admin_token: str, token: str) -> None:
    assert (await hub.http.get("/api/v1/terms")).status_code == 404
    answer = await hub.send("POST", "/terms", {"text": "Be kind."}, authorization=f"Bearer {token}")
    assert await refusal(answer) == (403, 3)
    published = await hub.send("POST", "/terms", {"text": "Be kind."}, authorization=f"Bearer {admin_token}")
    assert (published.status_code, published.json()["version"]) == (201, 1)
    assert (await hub.http.get("/api/v1/terms")).json() == (await hub.http.get("/api/v1/terms/1")).json()
    await hub.set_campaign(require_terms=True)
    assert (await hub.send("GET", "/me", key=token)).json()["must_accept_terms"] is True
    wanted = {"type": "initial_prompt"}
    assert await refusal(await hub.send("POST", "/tasks/", wanted, key=token)) == (451, 4003)
    accepted = await hub.send("POST", "/me/terms", {"version": 1}, key=token)
    assert accepted.json() == {"version": 1, "accepted_date": "2026-11-20T12:00:00Z"}
    assert (await hub.send("POST", "/tasks/", wanted, key=token)).status_code == 200
    profile = (await hub.send("GET", "/me", key=token)).json()
    assert (profile["must_accept_terms"], profile["terms_to_accept"]) == (False, None)


# --- lists of users --------------------------------------------------------------------------------------------------


@pytest.fixture
async def crowd(hub: RunningHub, garden: Garden) -> list[str]:
    """Users of the untrusted program, and one of another."""
    names = ["ada", "ben", "ben$", "cleo", "dora_1", "dora%2"]
    for name in names:
        await hub.send("POST", "/frontend_users/", hub.user(name))
    garden.add_user("foreign")
    return sorted(names)


async def names(hub: RunningHub, path: str, key: str | None = None) -> list[str]:
    answer = await hub.send("GET", path, key=key)
    assert answer.status_code == 200, answer.text
    found = answer.json()
    return [user["id"] for user in (found if isinstance(found, list) else found["items"])]


async def test_users_are_listed_by_their_names(hub: RunningHub, crowd: list[str]) -> None:
    for path in ("/users/by_username", "/users/by_display_name", "/frontend_users/", "/users/cursor"):
        assert await names(hub, path) == crowd, path
        assert "foreign" in await names(hub, path, hub.trusted_key)
    assert await names(hub, "/users/by_username?desc=true&max_count=2") == crowd[::-1][:2]
    assert await names(hub, "/users/by_username?gte_username=ben&lte_username=cleo") == ["ben", "ben$", "cleo"]
    ben = (await hub.send("GET", "/frontend_users/local/ben")).json()["user_id"]
    assert await names(hub, f"/users/by_username?gte_username=ben&gt_id={ben}&max_count=1") == ["ben$"]
    assert await names(hub, f"/users/by_username?lte_username=ben&lt_id={ben}") == ["ada"]


async def test_what_is_searched_for_is_text_and_no_pattern(hub: RunningHub, crowd: list[str]) -> None:
    for path in ("/users/by_username", "/users/by_display_name", "/users/cursor"):
        assert await names(hub, f"{path}?search_text=DORA") == ["dora%2", "dora_1"], path
        assert await names(hub, f"{path}?search_text=%25") == ["dora%2"]
        assert await names(hub, f"{path}?search_text=a_") == ["dora_1"]
        assert await names(hub, f"{path}?search_text=%27%20OR%201%3D1--") == []


@pytest.mark.parametrize("sort_key", ["username", "display_name"])
async def test_all_users_are_walked_through_there_and_back(hub: RunningHub, crowd: list[str], sort_key: str) -> None:
    walked: list[str] = []
    page: dict[str, Any] = {"next": ""}
    while page["next"] is not None:
        params = {"sort_key": sort_key, "max_count": 2, "after": page["next"]}
        page = (await hub.http.get("/api/v1/users/cursor", params=params, headers={"x-api-key": hub.key})).json()
        walked += [user["id"] for user in page["items"]]
    assert walked == crowd
    back = {"sort_key": sort_key, "max_count": 2, "before": page["prev"]}
    before = (await hub.http.get("/api/v1/users/cursor", params=back, headers={"x-api-key": hub.key})).json()
    assert [user["id"] for user in before["items"]] == crowd[-4:-2]


@pytest.mark.parametrize(
    ("query", "refused"),
    [
        ("cursor?sort_key=notes", (400, 100)),
        ("cursor?after=abc$ada", (400, 101)),
        ("by_username?gt_id=00000000-0000-4000-8000-000000000009", (400, 0)),
        ("by_username?gte_username=b&lte_username=a", (400, 0)),
        ("by_display_name?gte_display_name=b&lte_display_name=a", (400, 0)),
        ("by_username?api_client_id=00000000-0000-4000-8000-000000000001", (403, 2)),
        ("cursor?api_client_id=00000000-0000-4000-8000-000000000001", (403, 2)),
    ],
)
async def test_lists_that_make_no_sense_are_refused(hub: RunningHub, query: str, refused: tuple[int, int]) -> None:
    assert await refusal(await hub.send("GET", f"/users/{query}")) == refused


async def test_counts_are_above_nothing_and_not_too_high(hub: RunningHub) -> None:
    for count in ("0", "-1", "10001", "x"):
        for path in ("by_username", "by_display_name", "cursor"):
            assert (await hub.send("GET", f"/users/{path}?max_count={count}")).status_code == 422


async def test_the_messages_of_one_user_are_listed_and_hidden(hub: RunningHub) -> None:
    prompts = [await hub.write_prompt("ada") for _ in range(2)]
    await hub.write_prompt("ben")
    ada = (await hub.send("GET", "/frontend_users/local/ada")).json()["user_id"]
    for base in (f"/users/{ada}", "/frontend_users/local/ada"):
        listed = (await hub.send("GET", f"{base}/messages")).json()
        assert {one["id"] for one in listed} == set(prompts)
        first = (await hub.send("GET", f"{base}/messages/cursor?max_count=1")).json()
        second = (await hub.send("GET", f"{base}/messages/cursor?max_count=1&after={first['next']}")).json()
        assert {page["items"][0]["id"] for page in (first, second)} == set(prompts)
        wrong = await hub.send("GET", f"{base}/messages?start_date=2026-01-02T00:00:00Z&end_date=2026-01-01T00:00:00Z")
        assert await refusal(wrong) == (400, 0)
        assert await refusal(await hub.send("DELETE", f"{base}/messages")) == (403, 2)
    assert await refusal(await hub.send("GET", f"/users/{uuid4()}/messages")) == (404, 4002)
    assert await refusal(await hub.send("GET", "/frontend_users/local/eve/messages")) == (404, 4002)
    assert (await hub.send("DELETE", f"/users/{ada}/messages", key=hub.trusted_key)).status_code == 204
    assert (await hub.send("GET", f"/users/{ada}/messages")).json() == []
    assert len((await hub.send("GET", f"/users/{ada}/messages?include_deleted=true")).json()) == 2


async def test_a_trusted_program_changes_any_user_by_id(hub: RunningHub) -> None:
    made = (await hub.send("POST", "/frontend_users/", hub.user("ada"))).json()
    path = f"/users/{made['user_id']}"
    query = "?display_name=Countess&enabled=false&notes=a%20troll&show_on_leaderboard=false&tos_acceptance=true"
    assert await refusal(await hub.send("PUT", path + query)) == (403, 2)
    assert (await hub.send("PUT", path + query, key=hub.trusted_key)).status_code == 204
    changed = (await hub.send("GET", path)).json()
    assert changed == {
        **made,
        "display_name": "Countess",
        "enabled": False,
        "notes": "a troll",
        "show_on_leaderboard": False,
        "tos_acceptance_date": "2026-11-20T12:00:00Z",
    }
    assert (await hub.send("PUT", path, key=hub.trusted_key)).status_code == 204
    assert (await hub.send("GET", path)).json() == changed
    assert await refusal(await hub.send("PUT", f"/users/{uuid4()}?notes=x", key=hub.trusted_key)) == (404, 4002)
    assert await refusal(await hub.send("PUT", f"{path}?display_name=%1B", key=hub.trusted_key)) == (400, 0)


async def test_volunteers_do_not_read_what_moderators_have_noted(hub: RunningHub, token: str, admin_token: str) -> None:
    me = (await hub.send("GET", "/me", key=token)).json()["user_id"]
    await hub.send("PUT", f"/users/{me}?notes=a%20troll", key=hub.trusted_key)
    assert (await hub.send("GET", f"/users/{me}", key=admin_token)).json()["notes"] == "a troll"
    for path in (f"/users/{me}", "/users/by_username", "/users/cursor"):
        assert "a troll" not in (await hub.send("GET", path, key=token)).text
