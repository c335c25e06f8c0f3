"""Agreement and signs of abuse on the wire."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

import msgspec
from msgspec import Meta

from oa.domain import agreement
from oa.domain.agreement import KIND_WORDS, Impression
from oa.domain.paging import Page
from oa.domain.signs import KnownSign, SignKind, SignStatus, explain
from oa.domain.tasks import TaskKind


class LabelAgreement(msgspec.Struct, frozen=True, kw_only=True):
    """One person's answers to one question, beside those of others on the same messages."""

    task_type: TaskKind
    lang: str
    label: str
    compared: int
    """Messages that others reviewed as well. With too few of them, the numbers are null."""
    distance: float | None
    """Mean distance from the others' mean, 0 to 1."""
    agreeing: float | None
    """Share of the others' answers that are the same, 0 to 1."""
    alpha: float | None
    """Krippendorff's alpha: 1 is perfect agreement, 0 that of answers by lot."""


class RankingAgreement(msgspec.Struct, frozen=True, kw_only=True):
    """One person's rankings, beside those of others on the same replies."""

    task_type: TaskKind
    lang: str
    compared: int
    tau: float | None
    """Mean of Kendall's tau with the consensus of the others, -1 to 1."""
    alpha: float | None


class Agreement(msgspec.Struct, frozen=True, kw_only=True):
    """How far one person agrees with the others; nobody is compared with themselves."""

    user_id: UUID
    since: datetime
    """What was done before is not looked at."""
    reviews: int
    rankings: int
    labels: list[LabelAgreement]
    ranked: list[RankingAgreement]
    alpha: float | None
    """Over all labels."""
    tau: float | None
    """Over all rankings."""
    impression: Impression
    """What it comes to, in a word: too few to say, close to the others, mixed, or apart."""

    @classmethod
    def of(cls, found: agreement.Agreement) -> Agreement:
        return cls(**_fields(found))


class OwnAgreement(Agreement, frozen=True, kw_only=True):
    """The same for the person themselves, with a sentence about it."""

    message: str

    @classmethod
    def of(cls, found: agreement.Agreement) -> OwnAgreement:
        return cls(**_fields(found), message=KIND_WORDS[found.impression])


def _fields(found: agreement.Agreement) -> dict[str, Any]:
    return {
        "user_id": found.user_id,
        "since": found.since,
        "reviews": found.reviews,
        "rankings": found.rankings,
        "labels": [
            LabelAgreement(
                task_type=row.kind,
                lang=row.lang,
                label=row.label,
                compared=row.compared,
                distance=row.distance,
                agreeing=row.agreeing,
                alpha=row.alpha,
            )
            for row in found.by_label
        ],
        "ranked": [
            RankingAgreement(task_type=row.kind, lang=row.lang, compared=row.compared, tau=row.tau, alpha=row.alpha)
            for row in found.by_ranking
        ],
        "alpha": found.alpha,
        "tau": found.tau,
        "impression": found.impression,
    }


class AbuseSign(msgspec.Struct, frozen=True, kw_only=True):
    """Something that a moderator should look at. It is no verdict, and nothing follows from it by itself."""

    id: UUID
    kind: SignKind
    user_id: UUID
    other_user_id: UUID | None
    """The other of two, where the sign is about a pair."""
    sentence: str
    """What was seen, and what else could be behind it."""
    evidence: dict[str, Any]
    """The counts behind the sentence, and examples by their ids."""
    since: datetime
    """The oldest of what was seen."""
    created_date: datetime
    status: SignStatus
    decided_by: UUID | None
    decided_date: datetime | None
    note: str

    @classmethod
    def of(cls, sign: KnownSign) -> AbuseSign:
        return cls(
            id=sign.id,
            kind=sign.kind,
            user_id=sign.user_id,
            other_user_id=sign.other_user_id,
            sentence=explain(sign.kind, sign.evidence),
            evidence=dict(sign.evidence),
            since=sign.since,
            created_date=sign.created_date,
            status=sign.status,
            decided_by=sign.decided_by,
            decided_date=sign.decided_date,
            note=sign.note,
        )


class AbuseSignPage(msgspec.Struct, frozen=True, kw_only=True):
    """A part of the list of signs."""

    prev: str | None
    """Send it as `before` to get the page before this one; null at the beginning."""
    next: str | None
    """Send it as `after` to get the page after this one; null at the end."""
    sort_key: str
    items: list[AbuseSign]
    order: Literal["asc", "desc"]

    @classmethod
    def of(cls, page: Page[KnownSign]) -> AbuseSignPage:
        items = [AbuseSign.of(sign) for sign in page.items]
        return cls(prev=page.prev, next=page.next, sort_key=page.sort_key, items=items, order=page.order)


class SignDecision(msgspec.Struct, frozen=True, kw_only=True):
    """What a moderator says about a sign."""

    decision: Literal["confirmed", "dismissed"]
    note: Annotated[str, Meta(max_length=2000)] = ""
    """Why; it stays with the sign and in the journal."""


class SignsRaised(msgspec.Struct, frozen=True, kw_only=True):
    """What a look for signs of abuse has brought."""

    looked_date: datetime
    new: int
    renewed: int
    """Signs that were open before, and say now what is seen now."""
