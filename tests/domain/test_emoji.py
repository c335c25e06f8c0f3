from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oa.domain.emoji import VOTES, Emoji, EmojiOperation, react

ADD, REMOVE, TOGGLE = EmojiOperation.ADD, EmojiOperation.REMOVE, EmojiOperation.TOGGLE
UP, DOWN, SKULL, FLAG = Emoji.THUMBS_UP, Emoji.THUMBS_DOWN, Emoji.SKULL, Emoji.RED_FLAG

reactions = st.frozensets(st.sampled_from(list(Emoji))).filter(lambda given: not given >= VOTES)
emojis, operations = st.sampled_from(list(Emoji)), st.sampled_from(list(EmojiOperation))


@pytest.mark.parametrize(
    ("given", "emoji", "operation", "after"),
    [
        ((), SKULL, ADD, {SKULL}),
        ((SKULL,), SKULL, ADD, {SKULL}),
        ((SKULL,), SKULL, REMOVE, set()),
        ((), SKULL, REMOVE, set()),
        ((), SKULL, TOGGLE, {SKULL}),
        ((SKULL,), SKULL, TOGGLE, set()),
        ((UP,), DOWN, ADD, {DOWN}),
        ((DOWN, SKULL), UP, TOGGLE, {UP, SKULL}),
        ((UP,), DOWN, REMOVE, {UP}),
        ((UP,), SKULL, ADD, {UP, SKULL}),
    ],
)
def test_what_an_operation_leaves(
    given: tuple[Emoji, ...], emoji: Emoji, operation: EmojiOperation, after: set[Emoji]
) -> None:
    assert react(frozenset(given), emoji, operation, is_author=False) == after


@pytest.mark.parametrize("emoji", sorted(VOTES))
@pytest.mark.parametrize("operation", EmojiOperation)
def test_nobody_votes_on_what_they_wrote(emoji: Emoji, operation: EmojiOperation) -> None:
    assert react(frozenset({SKULL}), emoji, operation, is_author=True) == {SKULL}


def test_authors_may_flag_what_they_wrote() -> None:
    assert react(frozenset(), FLAG, ADD, is_author=True) == {FLAG}


@given(reactions, emojis, operations, st.booleans())
def test_nobody_votes_both_ways(given: frozenset[Emoji], emoji: Emoji, operation: EmojiOperation, own: bool) -> None:
    assert not react(given, emoji, operation, is_author=own) >= VOTES


@given(reactions, emojis, st.sampled_from([ADD, REMOVE]), st.booleans())
def test_adding_or_removing_twice_is_doing_it_once(
    given: frozenset[Emoji], emoji: Emoji, operation: EmojiOperation, own: bool
) -> None:
    once = react(given, emoji, operation, is_author=own)
    assert react(once, emoji, operation, is_author=own) == once


@given(reactions, emojis, operations, st.booleans())
def test_an_operation_touches_only_its_emoji_and_the_vote_that_it_replaces(
    given: frozenset[Emoji], emoji: Emoji, operation: EmojiOperation, own: bool
) -> None:
    changed = given ^ react(given, emoji, operation, is_author=own)
    assert changed <= ({emoji} | (VOTES if emoji in VOTES else set()))
