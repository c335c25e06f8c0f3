"""Agreement and signs of abuse over HTTP."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import select

from oa.domain.people import AccountRole
from oa.domain.signs import Key, Sign, SignKind
from oa.hub import accounts, keys, trust
from oa.hub.accounts import NewAccount
from oa.hub.keys import NewToken
from oa.store import tables
from oa.store.database import Transaction

if TYPE_CHECKING:
    from tests.conftest import Clock, RunningHub

SIGNS = "/moderation/signs"


async def user_id(hub: RunningHub, name: str) -> UUID:
    made = await hub.send("POST", "/frontend_users/", hub.user(name))
    return UUID(made.json()["user_id"])


async def raise_sign(hub: RunningHub, name: str, now: datetime) -> dict[str, Any]:
    """A sign about somebody, as moderators get it."""
    about = await user_id(hub, name)
    evidence = {"copies": 3, "texts": 4, "own": 0, "examples": []}
    sign = Sign(Key(SignKind.COPIED_TEXT, about), evidence, now - timedelta(days=1))
    await hub.database.write(lambda tx: trust.keep_signs(tx, [sign]))
    found = await hub.send("GET", f"{SIGNS}/?user_id={about}", key=hub.trusted_key)
    assert found.status_code == 200, found.text
    return found.json()["items"][0]


@pytest.fixture
async def moderator(hub: RunningHub) -> str:
    """The token of a moderator called mona."""

    def make(tx: Transaction) -> str:
        account = accounts.create_account(tx, NewAccount("mona", AccountRole.MODERATOR))
        return keys.issue_token(tx, account.user, NewToken("test")).secret

    return await hub.database.write(make)


async def test_a_sign_is_listed_with_a_sentence_and_its_evidence(hub: RunningHub, tx_now: datetime) -> None:
    sign = await raise_sign(hub, "ada", tx_now)
    assert sign == {
        "id": sign["id"],
        "kind": "copied_text",
        "user_id": str(await user_id(hub, "ada")),
        "other_user_id": None,
        "sentence": sign["sentence"],
        "evidence": {"copies": 3, "texts": 4, "own": 0, "examples": []},
        "since": "2026-11-19T12:00:00Z",
        "created_date": "2026-11-20T12:00:00Z",
        "status": "open",
        "decided_by": None,
        "decided_date": None,
        "note": "",
    }
    assert sign["sentence"].startswith("3 of 4 texts")


async def test_the_list_is_filtered_and_paged(hub: RunningHub, tx_now: datetime) -> None:
    for name in ("ada", "bea", "carl"):
        await raise_sign(hub, name, tx_now)
    pages, after = [], ""
    while True:
        page = (await hub.send("GET", f"{SIGNS}/?max_count=2{after}", key=hub.trusted_key)).json()
        pages.append([item["id"] for item in page["items"]])
        if page["next"] is None:
            break
        after = f"&after={page['next']}"
    assert [len(page) for page in pages] == [2, 1]
    assert len({sign for page in pages for sign in page}) == 3
    for query, number in (("status=open", 3), ("status=dismissed", 0), ("kind=same_answer", 0)):
        found = await hub.send("GET", f"{SIGNS}/?{query}", key=hub.trusted_key)
        assert len(found.json()["items"]) == number


async def test_a_moderator_decides_once(hub: RunningHub, moderator: str, tx_now: datetime) -> None:
    sign = await raise_sign(hub, "ada", tx_now)
    body = {"decision": "dismissed", "note": "她只是引用了自己的话"}
    decided = await hub.send("POST", f"{SIGNS}/{sign['id']}", body, key=moderator)
    assert decided.status_code == 200
    assert decided.json() | {"decided_by": None} == sign | {
        "status": "dismissed",
        "decided_date": "2026-11-20T12:00:00Z",
        "note": "她只是引用了自己的话",
    }
    assert decided.json()["decided_by"] is not None
    again = await hub.send("POST", f"{SIGNS}/{sign['id']}", {"decision": "confirmed"}, key=moderator)
    assert (again.status_code, again.json()["code"]) == (409, "sign_decided")


async def test_a_program_decides_for_the_moderator_whom_it_names(hub: RunningHub, tx_now: datetime) -> None:
    sign = await raise_sign(hub, "ada", tx_now)
    made = await hub.send("POST", "/frontend_users/", hub.user("mona"), key=hub.trusted_key)
    decided = await hub.send(
        "POST", f"{SIGNS}/{sign['id']}", {"decision": "confirmed"}, key=hub.trusted_key, x_oasst_user="local:mona"
    )
    assert decided.json()["decided_by"] == made.json()["user_id"]


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"decision": "open"}, 422),
        ({"decision": "ban"}, 422),
        ({}, 422),
        ({"decision": "confirmed", "note": "x" * 2001}, 422),
        ({"decision": "confirmed", "note": 5}, 422),
    ],
)
async def test_what_is_no_decision_is_refused(
    hub: RunningHub, tx_now: datetime, body: dict[str, object], status: int
) -> None:
    sign = await raise_sign(hub, "ada", tx_now)
    assert (await hub.send("POST", f"{SIGNS}/{sign['id']}", body, key=hub.trusted_key)).status_code == status


async def test_unknown_signs_people_and_cursors_are_refused(hub: RunningHub) -> None:
    key = hub.trusted_key
    unknown = await hub.send("POST", f"{SIGNS}/{uuid4()}", {"decision": "confirmed"}, key=key)
    assert (unknown.status_code, unknown.json()["code"]) == (404, "sign_not_found")
    assert (await hub.send("POST", f"{SIGNS}/nonsense", {"decision": "confirmed"}, key=key)).status_code == 422
    assert (await hub.send("GET", f"/users/{uuid4()}/agreement", key=key)).status_code == 404
    assert (await hub.send("GET", "/users/nonsense/agreement", key=key)).status_code == 422
    for query in ("after=nonsense", "before=%24", "after=x%242026-01-01"):
        found = await hub.send("GET", f"{SIGNS}/?{query}", key=key)
        assert (found.status_code, found.json()["error_code"]) == (400, 101)
    for query in ("max_count=0", "max_count=-1", "max_count=5000", "status=guilty", "kind=*", "user_id=' OR 1=1"):
        assert (await hub.send("GET", f"{SIGNS}/?{query}", key=key)).status_code == 422


async def test_only_moderators_see_and_decide(
    hub: RunningHub, token: str, moderator: str, admin_token: str, tx_now: datetime
) -> None:
    sign = await raise_sign(hub, "ada", tx_now)
    requests = (
        ("GET", f"{SIGNS}/", None),
        ("GET", f"/users/{sign['user_id']}/agreement", None),
        ("POST", f"{SIGNS}/{sign['id']}", {"decision": "dismissed"}),
    )
    for method, path, body in requests:
        for key in ("", "oak_wrong", hub.key, token):
            refused = await hub.send(method, path, body, key=key)
            assert (refused.status_code, refused.json()["error_code"]) == (403, 2), (path, key)
    for method, path, body in requests[:2]:
        for key in (hub.trusted_key, moderator, admin_token):
            assert (await hub.send(method, path, body, key=key)).status_code == 200


async def test_nobody_decides_about_themselves(hub: RunningHub, moderator: str, tx_now: datetime) -> None:
    name = await hub.database.read(lambda tx: accounts.find_account(tx, "mona").user.id)
    sign = Sign(Key(SignKind.SAME_ANSWER, name), {"patterns": ["as shown"], "answers": 30}, tx_now)
    await hub.database.write(lambda tx: trust.keep_signs(tx, [sign]))
    (listed,) = (await hub.send("GET", f"{SIGNS}/", key=moderator)).json()["items"]
    refused = await hub.send("POST", f"{SIGNS}/{listed['id']}", {"decision": "dismissed"}, key=moderator)
    assert (refused.status_code, refused.json()["code"]) == (403, "own_sign")


async def test_everybody_sees_their_own_agreement_with_a_kind_word(hub: RunningHub, token: str) -> None:
    await hub.write_prompt("ada")
    for name in ("rita", "rob"):
        task = await hub.take(name, "label_initial_prompt")
        assert (await hub.answer(name, task)).status_code == 200
    found = await hub.send("GET", "/me/agreement", x_oasst_user="local:rita")
    assert found.status_code == 200, found.text
    agreement = found.json()
    assert agreement["user_id"] == str(await user_id(hub, "rita"))
    assert (agreement["reviews"], agreement["rankings"], agreement["impression"]) == (1, 0, "too_few")
    assert agreement["labels"]
    assert {row["compared"] for row in agreement["labels"]} == {1}
    assert {row["alpha"] for row in agreement["labels"]} == {None}
    assert agreement["message"].startswith("It is too early")
    same = await hub.send("GET", f"/users/{agreement['user_id']}/agreement", key=hub.trusted_key)
    assert same.json() == {name: value for name, value in agreement.items() if name != "message"}
    mine = await hub.send("GET", "/me/agreement", key=token)
    assert (mine.status_code, mine.json()["reviews"]) == (200, 0)


async def test_a_program_must_name_somebody_whom_the_hub_knows(hub: RunningHub) -> None:
    nobody = await hub.send("GET", "/me/agreement")
    assert (nobody.status_code, nobody.json()["error_code"]) == (400, 4000)
    stranger = await hub.send("GET", "/me/agreement", x_oasst_user="local:stranger")
    assert (stranger.status_code, stranger.json()["error_code"]) == (404, 4002)


# --- asking for a look -----------------------------------------------------------------------------------------------

LOOK = f"{SIGNS}/look"
NOTHING = {"new": 0, "renewed": 0}


async def test_a_moderator_asks_for_a_look_and_it_is_on_record(hub: RunningHub, moderator: str) -> None:
    looked = await hub.send("POST", LOOK, key=moderator)
    assert (looked.status_code, looked.json()) == (200, {**NOTHING, "looked_date": "2026-11-20T12:00:00Z"})
    entries = (await hub.send("GET", "/moderation/journal?event_type=signs_looked_for", key=moderator)).json()
    (entry,) = entries["items"] if isinstance(entries, dict) else entries
    mona = (await hub.send("GET", "/me", key=moderator)).json()["user_id"]
    assert (entry["user_id"], entry["payload"]) == (mona, NOTHING)


async def test_a_look_is_recent_enough_for_a_minute(hub: RunningHub, moderator: str, clock: Clock) -> None:
    first = await hub.send("POST", LOOK, key=moderator)
    clock.advance(timedelta(seconds=59))
    assert (await hub.send("POST", LOOK, key=hub.trusted_key)).json() == first.json()
    clock.advance(timedelta(seconds=1))
    assert (await hub.send("POST", LOOK, key=hub.trusted_key)).json() != first.json()
    looks = await hub.database.write(lambda tx: tx.connection.execute(select(tables.journal.c.event_type)).scalars())
    assert list(looks).count("signs_looked_for") == 2


async def test_only_moderators_and_trusted_programs_ask_for_a_look(hub: RunningHub, token: str, moderator: str) -> None:
    assert (await hub.send("POST", LOOK, key=moderator)).status_code == 200
    for key in (hub.key, token):
        assert (await hub.send("POST", LOOK, key=key)).status_code == 403
