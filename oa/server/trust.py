"""/api/v1: how far people agree, and signs of abuse for moderators."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated
from uuid import UUID

from litestar import Controller, get, post
from litestar.di import NamedDependency, Provide
from litestar.params import FromPath, FromQuery, JSONBody, QueryParameter

from oa.domain.paging import PageRequest, date_place
from oa.domain.signs import SignFilter, SignKind, SignStatus
from oa.hub import trust
from oa.hub.trust import Decision
from oa.protocol.trust import AbuseSign, AbuseSignPage, Agreement, OwnAgreement, SignDecision, SignsRaised
from oa.server.auth import Call
from oa.server.limits import BETWEEN_LOOKS

MaxCount = Annotated[int, QueryParameter(gt=0, le=1000, description="how many signs at most")]


async def sign_filter(
    status: FromQuery[SignStatus | None] = None,
    kind: FromQuery[SignKind | None] = None,
    user_id: FromQuery[UUID | None] = None,
) -> SignFilter:
    """What the list of signs can be narrowed to."""
    return SignFilter(status=status, kind=kind, user_id=user_id)


async def sign_page_request(
    before: FromQuery[str | None] = None,
    after: FromQuery[str | None] = None,
    max_count: MaxCount = 20,
    desc: FromQuery[bool] = True,
) -> PageRequest[datetime]:
    """A page of a list by date, the newest first unless asked otherwise."""
    return PageRequest(max_count, date_place(before), date_place(after), desc)


class SignController(Controller):
    """Signs of abuse, for trusted programs and moderators."""

    path = "/moderation/signs"
    tags = ("moderation",)
    dependencies = {  # noqa: RUF012  # the framework declares it so
        "wanted": Provide(sign_filter),
        "page": Provide(sign_page_request),
    }

    @get("/")
    async def get_signs(
        self,
        call: NamedDependency[Call],
        wanted: NamedDependency[SignFilter],
        page: NamedDependency[PageRequest[datetime]],
    ) -> AbuseSignPage:
        """What looks like abuse, page by page: send `next` back as `after`, or `prev` as `before`."""
        return AbuseSignPage.of(await call.read(lambda tx, caller: trust.signs(tx, caller, wanted, page)))

    @post("/look", status_code=200)
    async def look_for_signs(self, call: NamedDependency[Call]) -> SignsRaised:
        """Look at everybody's work of the last month now; the hub does so every hour.

        What was looked at within the last minute is not looked at again: then this is what that look brought. Each look
        that was asked for is written in the journal.
        """
        who, limits = call.reader, call.hub.limits
        async with limits.looking:
            now = await call.read(trust.may_ask_for_a_look)
            if limits.last_look is None or now - limits.last_look.looked_date >= BETWEEN_LOOKS:
                raised = await trust.look_for_signs(call.hub.database)
                await call.write(lambda tx, caller: trust.note_look(tx, caller, who, raised))
                limits.last_look = SignsRaised(looked_date=now, new=raised.new, renewed=raised.renewed)
            return limits.last_look

    @post("/{sign_id:str}", status_code=200)
    async def decide_sign(
        self, call: NamedDependency[Call], sign_id: FromPath[UUID], data: JSONBody[SignDecision]
    ) -> AbuseSign:
        """Confirm or dismiss a sign. That is written in the journal and changes nothing for anybody."""
        who, decision = call.reader, Decision(SignStatus(data.decision), data.note)
        return AbuseSign.of(await call.write(lambda tx, caller: trust.decide(tx, caller, who, sign_id, decision)))


class AgreementController(Controller):
    """How far people agree with each other."""

    path = "/"
    tags = ("users",)

    @get("/users/{user_id:str}/agreement")
    async def get_user_agreement(self, call: NamedDependency[Call], user_id: FromPath[UUID]) -> Agreement:
        """How far somebody agrees with the others. For trusted programs and moderators."""
        return Agreement.of(await call.read(lambda tx, caller: trust.agreement_of(tx, caller, user_id)))

    @get("/me/agreement")
    async def get_own_agreement(self, call: NamedDependency[Call]) -> OwnAgreement:
        """How far you, or the user whom a program names, agree with the others."""
        who = call.reader
        return OwnAgreement.of(await call.read(lambda tx, caller: trust.own_agreement(tx, caller, who)))
