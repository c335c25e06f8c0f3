"""Who may do what with a task: their own, that of somebody else in the same program, and that of another program."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from oa.domain.people import AccountRole
from oa.errors import ClientNotAuthorized, TaskNotAnswered, TaskNotAssigned, TaskNotFound
from oa.hub import accounts, keys
from oa.hub.accounts import NewAccount
from oa.hub.keys import NewClient, NewToken
from oa.store.database import Transaction

if TYPE_CHECKING:
    from tests.conftest import RunningHub

PEOPLE = ("volunteer", "moderator", "admin")
PROGRAMS = ("untrusted", "trusted")
ACTORS = ("anonymous", *PEOPLE, *PROGRAMS)

OK, KEY, NOBODYS, ELSES = "allowed", ClientNotAuthorized.code, TaskNotFound.code, TaskNotAssigned.code

Outcomes = tuple[str, str, str]
"""For one's own task, for one of somebody else's in the same program, and for another program's."""


THEIRS, WITHIN = (OK, ELSES, NOBODYS), (OK, OK, NOBODYS)

HOLDERS = {"anonymous": (KEY, KEY, KEY)} | dict.fromkeys((*PEOPLE, *PROGRAMS), THEIRS)
"""Whoever has the task, whatever else they may do."""
PROGRAMS_FOR_THEIR_USERS = HOLDERS | dict.fromkeys(PROGRAMS, WITHIN)
"""The same, but the request names nobody: a program answers for all its users."""
MODERATORS_TOO = PROGRAMS_FOR_THEIR_USERS | dict.fromkeys(("moderator", "admin"), WITHIN)

RULES: Mapping[str, Mapping[str, Outcomes]] = {
    "POST /tasks/{task_id}/ack": PROGRAMS_FOR_THEIR_USERS,
    "POST /tasks/{task_id}/nack": HOLDERS,
    "POST /tasks/{task_id}/undo": HOLDERS,
    "PUT /tasks/{task_id}/answer": HOLDERS,
    "POST /tasks/interaction": HOLDERS,
    "POST /tasks/close": MODERATORS_TOO,
}

NOTHING_TO_UNDO = TaskNotAnswered.code
"""What whoever may take an answer back is told where there is none."""


@dataclass(frozen=True)
class Actor:
    """Somebody, or a program that speaks for somebody."""

    secret: str | None
    username: str
    is_program: bool = False

    @property
    def headers(self) -> dict[str, str]:
        shown = {} if self.secret is None else {"authorization": f"Bearer {self.secret}"}
        return shown | ({"x-oasst-user": f"local:{self.username}"} if self.is_program else {})

    @property
    def user(self) -> dict[str, str]:
        return {"id": self.username, "display_name": self.username, "auth_method": "local"}

    def beside(self) -> Actor:
        """Another user of the same program."""
        return Actor(self.secret, f"beside {self.username}", is_program=True)


class World:
    """Everybody, with tasks of their own."""

    def __init__(self, hub: RunningHub) -> None:
        self.hub = hub
        self.foreign = self._program("foreign")
        self.neighbour = self._person("neighbour", AccountRole.VOLUNTEER)
        self.actors = {role: self._person(role, AccountRole(role)) for role in PEOPLE}
        self.actors |= {name: self._program(name, trusted=name == "trusted") for name in PROGRAMS}
        self.actors["anonymous"] = Actor(None, "nobody")

    def _person(self, name: str, role: AccountRole) -> Actor:
        def make(tx: Transaction) -> Actor:
            account = accounts.create_account(tx, NewAccount(name, role))
            return Actor(keys.issue_token(tx, account.user, NewToken("test")).secret, name)

        return self.hub.database.run(make)

    def _program(self, name: str, *, trusted: bool = False) -> Actor:
        wanted = NewClient(description=name, trusted=trusted)
        issued = self.hub.database.run(lambda tx: keys.create_client(tx, wanted))
        return Actor(issued.secret, f"user of {name}", is_program=True)

    def holders(self, actor: Actor) -> tuple[Actor, Actor, Actor]:
        """Whose tasks somebody tries: their own, a neighbour's, a stranger's."""
        if actor.secret is None:
            return (self.foreign,) * 3
        return actor, actor.beside() if actor.is_program else self.neighbour, self.foreign

    async def send(self, actor: Actor, operation: str, body: dict[str, Any] | None, **ids: str) -> httpx.Response:
        method, path = operation.split(" ")
        address = f"/api/v1{path.format(**ids)}"
        return await self.hub.http.request(method, address, json=body, headers=actor.headers)

    async def task_for(self, operation: str, holder: Actor) -> str:
        """A task to write a prompt that is ready for an operation, known under its own id if that is not the first."""
        wanted = {"type": "initial_prompt", "user": holder.user, "collective": operation.endswith("/close")}
        asked = await self.send(holder, "POST /tasks/", wanted)
        assert asked.status_code == 200, asked.text
        task_id: str = asked.json()["id"]
        if not operation.endswith("/ack"):
            bound = await self.send(holder, "POST /tasks/{task_id}/ack", {"message_id": task_id}, task_id=task_id)
            assert bound.status_code == 204
        return task_id


def body(operation: str, actor: Actor, task_id: str) -> dict[str, Any] | None:
    match operation.rpartition("/")[2]:
        case "ack" | "close":
            return {"message_id": task_id}
        case "nack":
            return {"reason": "not today"}
        case "undo":
            return None
        case _:
            text = {"text": f"A text for {task_id}", "user_message_id": f"of {task_id}"}
            return {"type": "text_reply_to_message", "user": actor.user, "message_id": task_id, **text}


def outcome(answer: httpx.Response) -> str:
    code: str = OK if answer.is_success else answer.json()["code"]
    return OK if code == NOTHING_TO_UNDO else code


@pytest.mark.parametrize("operation", RULES)
async def test_a_task_is_for_whoever_has_it(hub: RunningHub, operation: str) -> None:
    await hub.set_campaign(max_pending_tasks_per_user=100, rate_limit=False)
    world = World(hub)
    found: dict[str, Outcomes] = {}
    for name in ACTORS:
        actor, met = world.actors[name], []
        for holder in world.holders(actor):
            task_id = await world.task_for(operation, holder)
            sent = await world.send(actor, operation, body(operation, actor, task_id), task_id=task_id)
            met.append(outcome(sent))
        found[name] = (met[0], met[1], met[2])
    assert found == RULES[operation]
