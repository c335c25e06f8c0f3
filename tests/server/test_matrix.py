"""Who may do what: every operation by everybody, to what is their own and to what is somebody else's.

An operation that is not in the table fails the test: add one line to `RULES`, and to `SENT` what it needs to be sent.
"""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import pytest
from sqlalchemy import insert

from oa.config import Config
from oa.domain.people import HUB_CLIENT_ID, AccountRole
from oa.hub import accounts, keys, terms
from oa.hub.accounts import NewAccount
from oa.hub.keys import NewClient, NewToken
from oa.hub.moderators import KEEPER
from oa.server.app import create_app
from oa.store import dialect, tables
from oa.store.database import Database, Transaction

pytestmark = pytest.mark.slow

ROLES = ("volunteer", "moderator", "admin")
PROGRAMS = ("untrusted", "trusted")
ACTORS = ("anonymous", *ROLES, *PROGRAMS)

OK, KEY, ADMIN, SIGN_IN, GONE = "allowed", "403/2", "403/3", "401/600", "404"
NO_KEY = "401/invalid_api_key"

Outcomes = tuple[str, str]
"""For one's own, and for what is somebody else's."""


def rule(
    *,
    anonymous: str = KEY,
    volunteer: Outcomes = (KEY, KEY),
    moderator: Outcomes = (OK, OK),
    admin: Outcomes = (OK, OK),
    untrusted: Outcomes = (KEY, KEY),
    trusted: Outcomes = (OK, OK),
) -> Mapping[str, Outcomes]:
    by_actor = (volunteer, moderator, admin, untrusted, trusted)
    return dict(zip(ACTORS, ((anonymous, anonymous), *by_actor), strict=True))


BOTH = (OK, OK)
EVERYBODY = rule(anonymous=OK, volunteer=BOTH, untrusted=BOTH)
WHO_IS_KNOWN = rule(volunteer=BOTH, untrusted=BOTH)
MODERATORS = rule()
"""Trusted programs, moderators and admins."""
MODERATORS_ON_OTHERS = rule(moderator=(KEY, OK), admin=(KEY, OK), trusted=(KEY, OK))
"""The same, but nobody on themselves."""
MODERATORS_AND_PROGRAMS = rule(moderator=(KEY, OK), admin=(KEY, OK))
"""The same, but a trusted program may do it for whom it concerns."""
OWN_USERS = rule(volunteer=(OK, GONE), untrusted=(OK, GONE))
"""Without trust only the users of one's own program, and others are not even said to be there."""
OWN_PROGRAM = rule(volunteer=(OK, KEY), untrusted=(OK, KEY))
"""The same where the program is named."""
OWN_NAMES = rule(volunteer=(OK, GONE), moderator=(OK, GONE), admin=(OK, GONE), untrusted=(OK, GONE), trusted=(OK, GONE))
"""What one's own program has named, and nobody else's, whoever asks."""
ADMINS = rule(
    anonymous=ADMIN,
    volunteer=(ADMIN, ADMIN),
    moderator=(ADMIN, ADMIN),
    untrusted=(ADMIN, ADMIN),
    trusted=(ADMIN, ADMIN),
)
PEOPLE = rule(anonymous=SIGN_IN, volunteer=BOTH, untrusted=(SIGN_IN, SIGN_IN), trusted=(SIGN_IN, SIGN_IN))
ONESELF_TRUSTED = rule(volunteer=BOTH, untrusted=(KEY, KEY))

OPENAI = rule(anonymous=NO_KEY, volunteer=BOTH, untrusted=BOTH)

API = "/api/v1"
OF_CHATS = ("/chats", "/shared", "/configs", "/auth", "/account", "/admin/users", "/admin/refresh_tokens")
"""What begins so is tried in `test_chat_access`."""

OF_WORKERS = ("/workers", "/admin/workers")
"""What begins so is tried in `test_workers`."""

RULES: Mapping[str, Mapping[str, Outcomes]] = {
    "GET /healthz": EVERYBODY,
    "GET /metrics": EVERYBODY,
    "GET /readyz": EVERYBODY,
    "GET /v1/models": OPENAI,
    "GET /v1/models/{name}": OPENAI,
    "POST /v1/chat/completions": OPENAI,
    "POST /v1/completions": OPENAI,
    "POST /v1/embeddings": OPENAI,
    "DELETE /announcements/{announcement_id}": MODERATORS,
    "DELETE /frontend_users/{auth_method}/{username}/messages": MODERATORS_ON_OTHERS,
    "DELETE /goals/{kind}/{lang}": MODERATORS,
    "DELETE /me": ONESELF_TRUSTED,
    "DELETE /messages/{message_id}": MODERATORS,
    "DELETE /users/{user_id}": MODERATORS_AND_PROGRAMS,
    "DELETE /users/{user_id}/messages": MODERATORS_ON_OTHERS,
    "GET /admin/backend_settings/full": MODERATORS,
    "GET /admin/backend_settings/public": WHO_IS_KNOWN,
    "GET /admin/flagged_messages": MODERATORS,
    "GET /admin/flagged_messages/cursor": MODERATORS,
    "GET /announcements": WHO_IS_KNOWN,
    "GET /auth/check": PEOPLE,
    "GET /frontend_messages/{message_id}": OWN_NAMES,
    "GET /frontend_messages/{message_id}/children": OWN_NAMES,
    "GET /frontend_messages/{message_id}/conversation": OWN_NAMES,
    "GET /frontend_messages/{message_id}/descendants": OWN_NAMES,
    "GET /frontend_messages/{message_id}/longest_conversation_in_tree": OWN_NAMES,
    "GET /frontend_messages/{message_id}/max_children_in_tree": OWN_NAMES,
    "GET /frontend_messages/{message_id}/tree": OWN_NAMES,
    "GET /frontend_users": WHO_IS_KNOWN,
    "GET /frontend_users/{auth_method}/{username}": OWN_PROGRAM,
    "GET /frontend_users/{auth_method}/{username}/messages": OWN_PROGRAM,
    "GET /frontend_users/{auth_method}/{username}/messages/cursor": OWN_PROGRAM,
    "GET /goals": WHO_IS_KNOWN,
    "GET /hf/text_toxicity": MODERATORS,
    "GET /leaderboards/{time_frame}": WHO_IS_KNOWN,
    "GET /me": WHO_IS_KNOWN,
    "GET /me/agreement": WHO_IS_KNOWN,
    "GET /me/badges": WHO_IS_KNOWN,
    "GET /me/export": WHO_IS_KNOWN,
    "GET /me/messages": WHO_IS_KNOWN,
    "GET /me/stats": WHO_IS_KNOWN,
    "GET /messages": WHO_IS_KNOWN,
    "GET /messages/cursor": WHO_IS_KNOWN,
    "GET /messages/search": WHO_IS_KNOWN,
    "GET /messages/{message_id}": WHO_IS_KNOWN,
    "GET /messages/{message_id}/children": WHO_IS_KNOWN,
    "GET /messages/{message_id}/conversation": WHO_IS_KNOWN,
    "GET /messages/{message_id}/descendants": WHO_IS_KNOWN,
    "GET /messages/{message_id}/history": MODERATORS,
    "GET /messages/{message_id}/longest_conversation_in_tree": WHO_IS_KNOWN,
    "GET /messages/{message_id}/max_children_in_tree": WHO_IS_KNOWN,
    "GET /messages/{message_id}/tree": WHO_IS_KNOWN,
    "GET /messages/{message_id}/tree/state": WHO_IS_KNOWN,
    "GET /moderation/journal": MODERATORS,
    "GET /moderation/signs": MODERATORS,
    "GET /stats": MODERATORS,
    "GET /stats/cached": WHO_IS_KNOWN,
    "GET /stats/cached/{name}": WHO_IS_KNOWN,
    "GET /stats/tree_manager": MODERATORS,
    "GET /stats/tree_manager/message_counts": MODERATORS,
    "GET /stats/tree_manager/state_counts": MODERATORS,
    "GET /terms": EVERYBODY,
    "GET /terms/{version}": EVERYBODY,
    "GET /text_labels/report_labels": EVERYBODY,
    "GET /text_labels/valid_labels": WHO_IS_KNOWN,
    "GET /trollboards/{time_frame}": MODERATORS,
    "GET /users/by_display_name": WHO_IS_KNOWN,
    "GET /users/by_username": WHO_IS_KNOWN,
    "GET /users/cursor": WHO_IS_KNOWN,
    "GET /users/{user_id}": OWN_USERS,
    "GET /users/{user_id}/agreement": MODERATORS,
    "GET /users/{user_id}/badges": WHO_IS_KNOWN,
    "GET /users/{user_id}/messages": OWN_USERS,
    "GET /users/{user_id}/messages/cursor": OWN_USERS,
    "GET /users/{user_id}/stats": WHO_IS_KNOWN,
    "GET /users/{user_id}/stats/{time_frame}": WHO_IS_KNOWN,
    "GET /users/{user_id}/stats/{time_frame}/window": WHO_IS_KNOWN,
    "PATCH /me": WHO_IS_KNOWN,
    "POST /admin/api_client": ADMINS,
    "POST /admin/flagged_messages/{message_id}/processed": MODERATORS,
    "POST /admin/merge_users": MODERATORS_ON_OTHERS,
    "POST /admin/purge_user/{user_id}": MODERATORS_ON_OTHERS,
    "POST /admin/purge_user/{user_id}/messages": MODERATORS_ON_OTHERS,
    "POST /announcements": MODERATORS,
    "POST /auth/login": EVERYBODY,
    "POST /auth/register": EVERYBODY,
    "POST /frontend_users": WHO_IS_KNOWN,
    "POST /goals": MODERATORS,
    "POST /leaderboards/update": MODERATORS,
    "POST /leaderboards/update/{time_frame}": MODERATORS,
    "POST /me/terms": WHO_IS_KNOWN,
    "POST /messages/{message_id}/edit": MODERATORS,
    "POST /messages/{message_id}/emoji": WHO_IS_KNOWN,
    "POST /moderation/journal/{event_id}/undo": MODERATORS,
    "POST /moderation/merge": MODERATORS_ON_OTHERS,
    "POST /moderation/messages/{message_id}/delete": MODERATORS,
    "POST /moderation/messages/{message_id}/halt": MODERATORS,
    "POST /moderation/messages/{message_id}/restore": MODERATORS,
    "POST /moderation/messages/{message_id}/resume": MODERATORS,
    "POST /moderation/signs/look": MODERATORS,
    "POST /moderation/signs/{sign_id}": MODERATORS,
    "POST /moderation/users/{user_id}/ban": MODERATORS_ON_OTHERS,
    "POST /moderation/users/{user_id}/enable": MODERATORS_ON_OTHERS,
    "POST /moderation/users/{user_id}/stop": MODERATORS_ON_OTHERS,
    "POST /stats/cached/update": MODERATORS,
    "POST /tasks": WHO_IS_KNOWN,
    "POST /tasks/availability": WHO_IS_KNOWN,
    "POST /tasks/close": WHO_IS_KNOWN,
    "POST /tasks/interaction": WHO_IS_KNOWN,
    "POST /tasks/{task_id}/ack": WHO_IS_KNOWN,
    "POST /tasks/{task_id}/nack": WHO_IS_KNOWN,
    "POST /tasks/{task_id}/undo": WHO_IS_KNOWN,
    "POST /terms": ADMINS,
    "POST /text_labels": WHO_IS_KNOWN,
    "PUT /messages/{message_id}/tree/state": MODERATORS,
    "PUT /messages/{message_id}/undelete": MODERATORS,
    "PUT /tasks/{task_id}/answer": WHO_IS_KNOWN,
    "PUT /users/{user_id}": MODERATORS_AND_PROGRAMS,
}
"""What each operation allows. Tasks are nobody's here: `test_matrix_of_tasks` asks whose they must be."""


@dataclass(frozen=True, slots=True)
class Thing:
    """A user and a message of theirs."""

    client: str
    user: str
    username: str
    message: str
    frontend_message: str

    @property
    def identity(self) -> dict[str, str]:
        return {"id": self.username, "display_name": self.username, "auth_method": "local"}


def sent(operation: str, thing: Thing, own: Thing, merged_into: str) -> dict[str, Any]:
    """Body and query of an operation upon a thing."""
    if "{auth_method}" in operation and thing is not own:
        return {"params": {"api_client_id": thing.client}}
    answer = {"type": "text_reply_to_message", "user": own.identity, "text": "hm", "message_id": "x"}
    answer["user_message_id"] = "y"
    bodies: dict[str, Any] = {
        "DELETE /me": {"username": own.username},
        "PATCH /me": {"languages": ["en"]},
        "POST /admin/api_client": {"description": "x", "frontend_type": "x"},
        "POST /admin/merge_users": {"destination_user_id": merged_into, "source_user_ids": [thing.user]},
        "POST /announcements": {"text": "x"},
        "POST /auth/login": {"username": "nobody", "password": "x"},
        "POST /auth/register": {"username": "nobody", "password": "x"},
        "POST /frontend_users": own.identity,
        "POST /goals": {"kind": "ranking", "lang": "en", "wanted": 1},
        "POST /me/terms": {},
        "POST /messages/{message_id}/edit": {"user": own.identity, "new_content": "another text"},
        "POST /messages/{message_id}/emoji": {"user": own.identity, "emoji": "+1"},
        "POST /moderation/merge": {"destination_user_id": merged_into, "source_user_ids": [thing.user]},
        "POST /moderation/signs/{sign_id}": {"decision": "dismissed"},
        "POST /tasks": {"type": "initial_prompt", "user": own.identity},
        "POST /tasks/availability": own.identity,
        "POST /tasks/close": {"message_id": "x"},
        "POST /tasks/interaction": answer,
        "POST /tasks/{task_id}/ack": {"message_id": "x"},
        "POST /tasks/{task_id}/nack": {"reason": "x"},
        "POST /terms": {"text": "Be kind."},
        "POST /v1/chat/completions": {"messages": [{"role": "user", "content": "x"}]},
        "POST /v1/completions": {"prompt": "x"},
        "POST /v1/embeddings": {"input": "x"},
        "POST /text_labels": {
            "type": "text_labels",
            "user": own.identity,
            "text": "",
            "message_id": thing.message,
            "labels": {"spam": 0},
        },
        "PUT /tasks/{task_id}/answer": answer,
    }
    queries = {
        "GET /admin/flagged_messages": {"max_count": 1},
        "GET /hf/text_toxicity": {"msg": "x"},
        "GET /messages/search": {"query": "text"},
        "PUT /messages/{message_id}/tree/state": {"halt": "true"},
        "PUT /users/{user_id}": {"notes": "x"},
    }
    body = {"json": bodies[operation]} if operation in bodies else {}
    return body | ({"params": queries[operation]} if operation in queries else {})


# --- the world -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class World:
    file: Path
    secrets: Mapping[str, str]
    own: Mapping[str, Thing]
    others: Mapping[str, Thing]
    """A foreign thing for each actor, so that what one does to it does not change what another finds."""


@pytest.fixture(scope="module")
def world(empty_database_file: Path, tmp_path_factory: pytest.TempPathFactory) -> World:
    file = tmp_path_factory.mktemp("matrix") / "oa.db"
    shutil.copy(empty_database_file, file)
    database = Database(dialect.sqlite_url(file))
    found = database.run(lambda tx: _plant(tx, file))
    database.shut()
    return found


def _plant(tx: Transaction, file: Path) -> World:
    secrets: dict[str, str] = {}
    own: dict[str, Thing] = {}
    accounts.create_account(tx, NewAccount("keeper", AccountRole.ADMIN))  # so that every other admin may go
    for role in ROLES:
        account = accounts.create_account(tx, NewAccount(role, AccountRole(role)))
        secrets[role] = keys.issue_token(tx, account.user, NewToken("test")).secret
        own[role] = _thing(tx, HUB_CLIENT_ID, role, account.user.id)
    for program in PROGRAMS:
        issued = keys.create_client(tx, NewClient(description=program, trusted=program == "trusted"))
        secrets[program] = issued.secret
        own[program] = _thing(tx, issued.client.id, f"user of {program}")
    foreign = keys.create_client(tx, NewClient(description="foreign")).client.id
    others = {actor: _thing(tx, foreign, f"for {actor}") for actor in ACTORS}
    own["anonymous"] = _thing(tx, foreign, "nobody in particular")
    terms.publish(tx, KEEPER, "Be kind.")
    return World(file, secrets, own, others)


def _thing(tx: Transaction, client: UUID, username: str, user_id: UUID | None = None) -> Thing:
    message_id = tx.new_id()
    if user_id is None:
        user_id = tx.new_id()
        user = tables.User(
            id=user_id,
            username=username,
            auth_method="local",
            display_name=username,
            created_date=tx.now,
            api_client_id=client,
        )
        tx.connection.execute(insert(tables.users), user.model_dump())
    frontend_id = f"message of {username}"
    message = tables.Message(
        id=message_id,
        message_tree_id=message_id,
        user_id=user_id,
        role="prompter",
        api_client_id=client,
        frontend_message_id=frontend_id,
        created_date=tx.now,
        text="text",
        lang="en",
    )
    tx.connection.execute(insert(tables.messages), message.model_dump())
    tree = tables.MessageTree(
        message_tree_id=message_id,
        goal_tree_size=3,
        max_depth=1,
        max_children_count=2,
        state="halted_by_moderator",
        active=False,
        lang="en",
        tie_seed=0,
    )
    tx.connection.execute(insert(tables.trees), tree.model_dump())
    tx.connection.execute(insert(tables.flagged_messages), {"message_id": message_id, "created_date": tx.now})
    return Thing(str(client), str(user_id), username, str(message_id), frontend_id)


# --- asking ----------------------------------------------------------------------------------------------------------


def outcome(answer: httpx.Response) -> str:
    """Whether an answer is a refusal for want of authority, or something that somebody who may can meet."""
    known = answer.json() if "json" in answer.headers.get("content-type", "") and answer.status_code >= 400 else {}
    if "error" in known:
        return f"401/{known['error']['code']}" if answer.status_code == 401 else OK
    if answer.status_code == 403:
        return f"403/{known['error_code']}"
    if answer.status_code == 401 and known["message"] != "the name or the password is wrong":
        return f"401/{known['error_code']}"
    if answer.status_code == 404 and known.get("code") in {"user_not_found", "message_not_found"}:
        return GONE
    if answer.status_code == 422 or answer.status_code == 500:
        return f"{answer.status_code}: {answer.text}"
    return OK


def address(operation: str, thing: Thing) -> str:
    path = operation.partition(" ")[2]
    is_by_frontend_id = path.startswith("/frontend_messages")
    values = {
        "user_id": thing.user,
        "auth_method": "local",
        "username": thing.username,
        "message_id": thing.frontend_message if is_by_frontend_id else thing.message,
        "task_id": "00000000-0000-4000-8000-00000000000a",
        "sign_id": "00000000-0000-4000-8000-00000000000b",
        "event_id": "1",
        "announcement_id": "00000000-0000-4000-8000-00000000000c",
        "kind": "ranking",
        "lang": "en",
        "time_frame": "total",
        "name": "human_messages_by_lang",
        "version": "1",
    }
    filled = path.format(**values)
    return filled if path.startswith(("/healthz", "/readyz", "/metrics", "/v1/")) else API + filled


async def found_outcomes(operation: str, world: World, file: Path) -> dict[str, Outcomes]:
    """What everybody meets."""
    database = Database(dialect.sqlite_url(file))
    transport = httpx.ASGITransport(create_app(database, Config()))
    found: dict[str, Outcomes] = {}
    async with httpx.AsyncClient(transport=transport, base_url="http://hub") as http:
        for actor in ACTORS:
            own, other = world.own[actor], world.others[actor]
            if " /me" in operation:
                both = [await _ask(http, operation, world, actor, own)] * 2
            else:  # one's own comes last: it may be oneself who is deleted
                both = [await _ask(http, operation, world, actor, thing) for thing in (other, own)][::-1]
            found[actor] = (both[0], both[1])
    await database.close()
    return found


async def _ask(http: httpx.AsyncClient, operation: str, world: World, actor: str, thing: Thing) -> str:
    own, secret = world.own[actor], world.secrets.get(actor)
    headers = {} if secret is None else {"authorization": f"Bearer {secret}"}
    if actor in PROGRAMS:
        headers["x-oasst-user"] = f"local:{own.username}"
    request = sent(operation, thing, own, world.own["anonymous"].user)
    method = operation.partition(" ")[0]
    return outcome(await http.request(method, address(operation, thing), headers=headers, **request))


def _operations() -> list[str]:
    async def ask() -> dict[str, Any]:
        app = create_app(None, Config())  # type: ignore[arg-type]  # no data is asked for
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://hub") as http:
            return (await http.get("/schema")).json()

    paths = asyncio.run(ask())["paths"]
    return [
        f"{method.upper()} {path.removeprefix(API)}"
        for path, found in paths.items()
        if not path.startswith((*OF_CHATS, *OF_WORKERS))
        for method in found
    ]


OPERATIONS = sorted(_operations())


@pytest.mark.parametrize("operation", OPERATIONS)
async def test_everybody_may_do_what_the_table_says(operation: str, world: World, tmp_path: Path) -> None:
    assert operation in RULES, f"add a line to RULES for {operation}"
    file = tmp_path / "oa.db"
    shutil.copy(world.file, file)
    assert await found_outcomes(operation, world, file) == dict(RULES[operation])


def test_only_operations_that_exist_have_a_rule() -> None:
    assert set(RULES) - set(OPERATIONS) == set()
