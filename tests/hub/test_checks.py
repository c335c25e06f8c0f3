"""Texts are looked through before they are taken."""

from __future__ import annotations

from typing import Any

import pytest
from community import SMALL, Community
from order import Order
from recount import differences
from taken_back import contents, instead, text, undo

from oa.domain.checks import Check, Finding
from oa.domain.moderation import Flagged, Outcome
from oa.errors import AnswerBuiltUpon, TextRefused
from oa.hub import checks, leaving, reports
from oa.hub.moderators import Moderator

LONG = (
    "First write down what you have and what you lack and then take one step after the other without any haste at all"
)
SIMILAR = LONG.replace("First write", "Write") + " please"
MARKED = {
    "words": ("viagra for everybody", {"word_check": "{}", "checked_words": "viagra, casino"}),
    "links": ("see https://spam.biz/x", {"link_check": "{}", "allowed_link_domains": "wikipedia.org"}),
    "personal data": ("call +49 171 1234567", {"personal_data_check": "{}"}),
    "near duplicate": (SIMILAR, {"near_duplicate_check": "{}"}),
}
WHAT = {
    "words": Finding(Check.WORDS, "the word “viagra”"),
    "links": Finding(Check.LINKS, "a link to spam.biz"),
    "personal data": Finding(Check.PERSONAL_DATA, "a telephone number"),
    "near duplicate": Finding(Check.NEAR_DUPLICATE, "nearly the same text as a message that is here already"),
}


def choose(community: Community, which: str, action: str) -> str:
    """Set one of the checks; a text in which it finds something."""
    words, settings = MARKED[which]
    community.set(**{name: value.format(action) for name, value in settings.items()})
    checks.index_all(community.database)
    return words


def queue(community: Community) -> list[Flagged]:
    return community.database.run(lambda tx: reports.queue(tx, community.moderator, 100))


@pytest.fixture
def someone(community: Community) -> Community:
    """A community with one message."""
    community.write("zoe", community.take("zoe", "initial_prompt"), LONG)
    return community


@pytest.mark.parametrize("which", MARKED)
def test_a_refused_text_is_named_and_leaves_everything_as_it_was(someone: Community, which: str) -> None:
    words = choose(someone, which, "refuse")
    task = someone.take("ada", "initial_prompt")
    with someone.refused(TextRefused) as refused:
        someone.write("ada", task, words)
    assert WHAT[which].what in str(refused.value)
    someone.write("ada", task, "Something else, with which there is nothing wrong, as far as anybody can see here")
    assert queue(someone) == []


@pytest.mark.parametrize("which", MARKED)
def test_a_text_that_is_warned_of_is_taken_and_shown_to_moderators(someone: Community, which: str) -> None:
    words = choose(someone, which, "warn")
    task = someone.take("ada", "initial_prompt")
    message = someone.write("ada", task, words)
    (flagged,) = queue(someone)
    assert (flagged.message_id, flagged.processed, flagged.reports) == (message, False, ())
    assert flagged.warnings == (WHAT[which],)
    assert differences(someone.database) == []


@pytest.mark.parametrize("which", MARKED)
def test_nothing_is_looked_for_unless_it_is_asked_for(someone: Community, which: str) -> None:
    choose(someone, which, "off")
    someone.write("ada", someone.take("ada", "initial_prompt"), MARKED[which][0])
    assert queue(someone) == someone.rows("text_sketch") == someone.rows("text_warning") == []


def test_what_is_refused_and_what_is_warned_of_are_told_apart(community: Community) -> None:
    community.set(link_check="refuse", personal_data_check="warn")
    task = community.take("ada", "initial_prompt")
    with community.refused(TextRefused) as refused:
        community.write("ada", task, "ada@engine.org and https://spam.biz")
    assert "link" in str(refused.value)
    assert "e-mail" not in str(refused.value)


def test_the_warnings_of_a_text_can_be_read_by_whoever_sent_it(community: Community) -> None:
    community.set(personal_data_check="warn")
    task = community.take("ada", "initial_prompt")
    message = community.message(community.write("ada", task, "ada@engine.org, 93.184.216.34"))
    assert message.frontend_message_id is not None
    found = community.database.run(lambda tx: checks.warnings_of(tx, community.caller, message.frontend_message_id))
    assert [one.what for one in found] == ["an IP address", "an e-mail address"]
    assert "engine" not in repr(community.rows("text_warning"))


# --- near duplicates -------------------------------------------------------------------------------------------------


def say(community: Community, name: str, words: str) -> Any:
    return community.write(name, community.take(name, "initial_prompt"), words)


def test_only_texts_that_are_like_enough_are_the_same(someone: Community) -> None:
    someone.set(near_duplicate_check="refuse")
    checks.index_all(someone.database)
    say(someone, "ada", " ".join(LONG.split()[:12]) + " and then something else entirely that nobody has said before")
    someone.set(near_duplicate_likeness=0.5)
    with pytest.raises(TextRefused):
        say(someone, "ben", " ".join(LONG.split()[:-3]))


def test_many_may_say_the_same_few_words(community: Community) -> None:
    community.set(near_duplicate_check="refuse")
    for name in ("ada", "ben", "cleo"):
        say(community, name, "Thank you very much for your help!")


def test_a_deleted_message_is_no_longer_here(someone: Community, order: Order) -> None:
    someone.set(near_duplicate_check="refuse")
    checks.index_all(someone.database)
    order.delete(someone.rows("message")[0]["id"])
    say(someone, "ada", SIMILAR)


def test_messages_that_came_before_the_check_are_found_too(someone: Community) -> None:
    someone.set(near_duplicate_check="refuse")
    say(someone, "ada", SIMILAR)  # the index is not there yet
    checks.index_all(someone.database)
    assert len(someone.rows("text_sketch")) == 2
    with pytest.raises(TextRefused):
        say(someone, "ben", LONG + " indeed")
    checks.index_all(someone.database)
    assert len(someone.rows("text_sketch")) == 2


def test_the_index_grows_in_parts(community: Community, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(5):
        say(community, "ada", f"{number} {LONG[number:]} and number {number} again, {number} times")
    community.set(near_duplicate_check="warn")
    monkeypatch.setattr(checks, "TEXTS_AT_ONCE", 2)
    checks.index_all(community.database)
    assert len(community.rows("text_sketch")) == 5


def test_nothing_is_kept_when_nobody_looks_any_more(someone: Community) -> None:
    someone.set(near_duplicate_check="warn")
    checks.index_all(someone.database)
    assert someone.rows("text_sketch")
    someone.set(near_duplicate_check="off")
    assert someone.rows("text_sketch") == []


# --- second thoughts -------------------------------------------------------------------------------------------------


@pytest.fixture
def warned(community: Community) -> Community:
    community.set(**SMALL, personal_data_check="warn", near_duplicate_check="warn", word_check="refuse")
    community.set(checked_words="casino")
    return community


def test_whoever_is_warned_may_take_the_text_back_as_if_it_had_never_been(warned: Community) -> None:
    task = warned.take("ada", "initial_prompt")
    before = contents(warned)
    warned.write("ada", task, f"{LONG}: ada@engine.org")
    undo(warned, "ada", task)
    assert contents(warned) == before


def test_whoever_is_warned_may_write_something_else(warned: Community) -> None:
    task = warned.take("ada", "initial_prompt")
    warned.write("ada", task, f"{LONG}: ada@engine.org")
    instead(warned, "ada", task, text(task, LONG))
    assert queue(warned) == warned.rows("text_warning") == []


def test_another_text_that_is_refused_leaves_the_first_where_it_is(warned: Community) -> None:
    task = warned.take("ada", "initial_prompt")
    warned.write("ada", task, f"{LONG}: ada@engine.org")
    with warned.refused(TextRefused):
        instead(warned, "ada", task, text(task, "casino"))


def test_a_warned_text_that_a_moderator_has_looked_at_stays(warned: Community) -> None:
    task = warned.take("ada", "initial_prompt")
    message = warned.write("ada", task, f"{LONG}: ada@engine.org")
    keeper = Moderator(warned.moderator)
    warned.database.run(lambda tx: reports.process(tx, keeper, message, Outcome.DISMISSED))
    with warned.refused(AnswerBuiltUpon):
        undo(warned, "ada", task)


# --- moderators ------------------------------------------------------------------------------------------------------


def test_an_edit_is_only_warned_of_and_the_queue_forgets_what_was_there(warned: Community, order: Order) -> None:
    message = say(warned, "ada", f"{LONG}: ada@engine.org")
    effect = order.edit(message, "casino 93.184.216.34")
    assert [one.what for one in effect.warnings] == ["the word “casino”", "an IP address"]
    (flagged,) = queue(warned)
    assert (flagged.outcome, flagged.warnings) == (Outcome.MESSAGE_EDITED, tuple(sorted(effect.warnings)))
    assert warned.rows("text_sketch") == []
    assert order.edit(message, LONG).warnings == ()
    assert warned.rows("text_warning") == []
    assert len(warned.rows("text_sketch")) == 1
    assert order.undo_last().warnings != ()


def test_nobody_is_like_the_text_that_they_replace(warned: Community, order: Order) -> None:
    message = say(warned, "ada", LONG)
    assert order.edit(message, SIMILAR).warnings == ()


def test_what_was_found_goes_with_the_texts_of_whoever_leaves(warned: Community) -> None:
    warned.set(deleted_account_messages="remove")
    say(warned, "ada", f"{LONG}: ada@engine.org")
    ada = warned.user_id("ada")
    warned.database.run(lambda tx: leaving.remove_user(tx, Moderator(warned.moderator), ada))
    assert warned.rows("text_sketch") == warned.rows("text_warning") == []


def test_what_was_found_goes_with_what_is_purged(warned: Community, order: Order) -> None:
    say(warned, "ada", f"{LONG}: ada@engine.org")
    order.purge(warned.user_id("ada"))
    assert warned.rows("text_sketch") == warned.rows("text_warning") == warned.rows("flagged_message") == []
