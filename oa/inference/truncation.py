"""Conversations that are longer than a model can read lose their oldest turns, whole ones."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from oa.errors import PromptTooLong
from oa.inference.engine import Role, Segment, Turn

ANSWER_SHARE = 4
"""A fourth of the context is kept free for the answer, if so much is wanted."""


@dataclass(frozen=True, slots=True)
class Fitted:
    """A prompt that leaves room for an answer."""

    turns: tuple[Turn, ...]
    prompt: tuple[Segment, ...]
    prompt_tokens: int
    dropped_turns: int
    """How many turns after the system message were left out, the oldest first."""


async def fit(
    turns: Sequence[Turn],
    room: tuple[int, int | None],
    render: Callable[[Sequence[Turn]], tuple[Segment, ...]],
    count: Callable[[Sequence[Segment]], Awaitable[int]],
) -> Fitted:
    """Drop as few turns as possible, so that the prompt and an answer fit.

    What is left begins with a turn of the user, behind the system message if there is one. With only the last such turn
    left the answer may get less room than asked for.

    Args:
        room: tokens of the context, and how many the answer wants.

    Raises:
        PromptTooLong: the last turn alone is too long; the message has both numbers.
    """
    context, wanted = room
    share = context // ANSWER_SHARE
    limit = context - max(1, min(share, wanted or share))
    head, body = _split(turns)
    starts = _starts(body)

    async def attempt(start: int) -> Fitted:
        kept = (*head, *body[start:])
        prompt = render(kept)
        return Fitted(kept, prompt, await count(prompt), start)

    best = await attempt(starts[0])
    if best.prompt_tokens <= limit:
        return best
    low, high = 1, len(starts) - 1  # the first start that fits is in between, if any is
    while low <= high:
        middle = (low + high) // 2
        tried = await attempt(starts[middle])
        if tried.prompt_tokens <= limit or middle == len(starts) - 1:
            best, high = tried, middle - 1
        else:
            low = middle + 1
    if best.prompt_tokens >= context:
        raise PromptTooLong(
            f"the last message takes {best.prompt_tokens} tokens with all that belongs to it, and the model reads "
            f"{context} at most: shorten it",
            prompt_tokens=best.prompt_tokens,
            context_length=context,
        )
    return best


def _split(turns: Sequence[Turn]) -> tuple[tuple[Turn, ...], tuple[Turn, ...]]:
    """The system message, and all the rest."""
    length = 1 if turns and turns[0].role is Role.SYSTEM else 0
    return tuple(turns[:length]), tuple(turns[length:])


def _starts(body: Sequence[Turn]) -> list[int]:
    """Where what is kept may begin: with everything, or with any later turn of the user."""
    return [0, *(index for index, turn in enumerate(body) if index > 0 and turn.role is Role.USER)]
