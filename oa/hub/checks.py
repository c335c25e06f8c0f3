"""Texts are looked through before they are taken: the campaign says for what, and what follows."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from uuid import UUID

from oa.domain.campaign import Campaign
from oa.domain.checks import NEAR_DUPLICATE, Check, CheckAction, Finding, listed_words, refusal
from oa.domain.likeness import likeness, shingles, sketch
from oa.domain.links import foreign_links
from oa.domain.people import Caller
from oa.domain.personal_data import personal_data
from oa.errors import TextRefused
from oa.hub import campaigns
from oa.store import answers, text_checks
from oa.store.database import Database, Transaction
from oa.store.text_checks import Sketch

TEXTS_AT_ONCE = 500
"""That get their sketches in one transaction, so that others can write in between."""

FIRST = UUID(int=0)


@dataclass(frozen=True, slots=True)
class Checked:
    """A text that may be taken."""

    warnings: tuple[Finding, ...] = ()
    sketch: Sketch | None = None


UNCHECKED = Checked()


def check(tx: Transaction, text: str) -> Checked:
    """Look a text through for whatever the campaign looks for.

    Raises:
        TextRefused: it has something that the campaign refuses.
    """
    campaign = campaigns.current(tx)
    if not campaign.checks_texts:
        return UNCHECKED
    checked = _look_through(tx, campaign, text)
    refused = [one for one in checked.warnings if _actions(campaign)[one.check] is CheckAction.REFUSE]
    if refused:
        raise TextRefused(refusal(refused), found=sorted({one.check.value for one in refused}))
    return checked


def keep(tx: Transaction, message_id: UUID, checked: Checked) -> None:
    """Write down what was found in a new message, and tell the moderators of it."""
    if checked.sketch is not None:
        text_checks.add_sketches(tx, [(message_id, checked.sketch)])
    if checked.warnings:
        text_checks.add_warnings(tx, message_id, checked.warnings)
        answers.flag(tx, message_id)


def check_again(tx: Transaction, message_id: UUID, text: str) -> tuple[Finding, ...]:
    """Look through the other text that a moderator has given a message: it only warns; what was found."""
    campaign = campaigns.current(tx)
    text_checks.forget_warnings(tx, message_id)
    text_checks.forget_sketch(tx, message_id)
    if not campaign.checks_texts:
        return ()
    checked = _look_through(tx, campaign, text, but=message_id)
    if checked.sketch is not None:
        text_checks.add_sketches(tx, [(message_id, checked.sketch)])
    text_checks.add_warnings(tx, message_id, checked.warnings)
    return checked.warnings


def warnings_of(tx: Transaction, caller: Caller, frontend_message_id: str) -> tuple[Finding, ...]:
    """What was found in a text that a program has handed in under this name."""
    if not campaigns.current(tx).checks_texts:
        return ()
    return text_checks.warnings_of(tx, caller.client.id, frontend_message_id)


def _actions(campaign: Campaign) -> dict[Check, CheckAction]:
    return {
        Check.WORDS: campaign.word_check,
        Check.LINKS: campaign.link_check,
        Check.PERSONAL_DATA: campaign.personal_data_check,
        Check.NEAR_DUPLICATE: campaign.near_duplicate_check,
    }


def _look_through(tx: Transaction, campaign: Campaign, text: str, *, but: UUID | None = None) -> Checked:
    found = list(_in_text(campaign, text))
    if campaign.near_duplicate_check is CheckAction.OFF:
        return Checked(tuple(found))
    own = shingles(text)
    made = sketch(own)
    if made is not None and _is_here_already(tx, campaign, own, made, but):
        found.append(NEAR_DUPLICATE)
    return Checked(tuple(found), made)


def _in_text(campaign: Campaign, text: str) -> Iterator[Finding]:
    if campaign.word_check is not CheckAction.OFF:
        yield from listed_words(text, campaign.checked_words)
    if campaign.link_check is not CheckAction.OFF:
        yield from foreign_links(text, campaign.allowed_link_domains)
    if campaign.personal_data_check is not CheckAction.OFF:
        yield from personal_data(text)


def _is_here_already(tx: Transaction, campaign: Campaign, own: frozenset[int], made: Sketch, but: UUID | None) -> bool:
    others = text_checks.texts_alike(tx, made, but=but)
    return any(likeness(own, shingles(other)) >= campaign.near_duplicate_likeness for other in others)


# --- the index of texts ----------------------------------------------------------------------------------------------


def catch_up(tx: Transaction, after: UUID = FIRST) -> UUID | None:
    """Make sketches of some messages that came while nobody looked for near duplicates, or with an import.

    Args:
        after: what the call before gave.

    Returns:
        From where to go on; None when all have been seen.
    """
    if campaigns.current(tx).near_duplicate_check is CheckAction.OFF:
        return None
    found = text_checks.without_sketch(tx, after, TEXTS_AT_ONCE)
    made = ((message_id, sketch(shingles(text))) for message_id, text in found)
    text_checks.add_sketches(tx, [(message_id, marks) for message_id, marks in made if marks is not None])
    return found[-1][0] if len(found) == TEXTS_AT_ONCE else None


def index_all(database: Database) -> None:
    """Do so until all have been seen, and let others write in between."""
    after: UUID | None = FIRST
    while after is not None:
        after = database.run(lambda tx, at=after: catch_up(tx, at))


def forget_unused(tx: Transaction, campaign: Campaign) -> None:
    """Remove the sketches if nobody looks for near duplicates any more."""
    if campaign.near_duplicate_check is CheckAction.OFF:
        text_checks.forget_sketches(tx)
