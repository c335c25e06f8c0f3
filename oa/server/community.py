"""/api/v1/goals, /api/v1/announcements and badges: what keeps a community going."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from litestar import Controller, delete, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery, JSONBody, QueryParameter

from oa.domain.announcements import Announcement as Told
from oa.domain.people import Caller
from oa.domain.standing import Sample
from oa.hub import community
from oa.hub.transactions import Transaction
from oa.protocol.community import Announcement, Badge, Goal, NewAnnouncement, NewGoal
from oa.server.auth import Call

Lang = Annotated[str | None, QueryParameter(max_length=35, description="only what concerns those who work in it")]


class GoalController(Controller):
    path = "/goals"
    tags = ("goals",)

    @get("/")
    async def get_goals(self, call: NamedDependency[Call]) -> list[Goal]:
        """How much the community wants, and how much it has."""
        return [Goal.of(goal) for goal in await call.read(lambda tx, _: community.goals(tx))]

    @post("/", status_code=200)
    async def set_goal(self, call: NamedDependency[Call], data: JSONBody[NewGoal]) -> Goal:
        """Set or change a goal. For trusted programs and moderators."""
        return Goal.of(
            await call.write(lambda tx, caller: community.set_goal(tx, caller, data.kind, data.lang, data.wanted))
        )

    @delete("/{kind:str}/{lang:str}")
    async def remove_goal(self, call: NamedDependency[Call], kind: FromPath[Sample], lang: FromPath[str]) -> None:
        """Give a goal up. For trusted programs and moderators."""
        await call.write(lambda tx, caller: community.remove_goal(tx, caller, kind, lang))


class AnnouncementController(Controller):
    path = "/announcements"
    tags = ("announcements",)

    @get("/")
    async def get_announcements(
        self, call: NamedDependency[Call], lang: Lang = None, everything: FromQuery[bool] = False
    ) -> list[Announcement]:
        """What is told now, latest first; with `everything`, for moderators, also what is over or to come."""

        def read(tx: Transaction, caller: Caller) -> list[Told]:
            return community.all_announcements(tx, caller) if everything else community.announcements(tx, lang)

        return [Announcement.of(found) for found in await call.read(read)]

    @post("/", status_code=201)
    async def announce(self, call: NamedDependency[Call], data: JSONBody[NewAnnouncement]) -> Announcement:
        """Tell everybody something for a while. For trusted programs and moderators."""
        wanted = community.NewAnnouncement(
            text=data.text, lang=data.lang, from_date=data.from_date, until_date=data.until_date
        )
        return Announcement.of(await call.write(lambda tx, caller: community.announce(tx, caller, wanted)))

    @delete("/{announcement_id:str}")
    async def end_announcement(self, call: NamedDependency[Call], announcement_id: FromPath[UUID]) -> None:
        """Tell it no longer. For trusted programs and moderators."""
        await call.write(lambda tx, caller: community.end_announcement(tx, caller, announcement_id))


class BadgeController(Controller):
    path = "/"
    tags = ("badges",)

    @get("/users/{user_id:str}/badges")
    async def get_badges(self, call: NamedDependency[Call], user_id: FromPath[UUID]) -> list[Badge]:
        """What somebody has reached. Seen by the same as their statistics."""
        found = await call.read(lambda tx, caller: community.badges_of(tx, caller, user_id))
        return [Badge.of(earned) for earned in found]

    @get("/me/badges")
    async def get_own_badges(self, call: NamedDependency[Call]) -> list[Badge]:
        """What you have reached: the owner of the token, or the user whom a program names."""
        who = call.reader
        found = await call.read(lambda tx, caller: community.own_badges(tx, caller, who))
        return [Badge.of(earned) for earned in found]
