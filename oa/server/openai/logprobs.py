"""Log-probabilities in the two shapes that the API has for them."""

from __future__ import annotations

from collections.abc import Sequence

from oa.inference.engine import Token
from oa.protocol.openai import ChatLogprobs, ChosenToken, CompletionLogprobs, LikelyToken

UNLIKELY = -9999.0
"""What the API writes for a token whose probability is not known or nothing."""


def chat_logprobs(tokens: Sequence[Token]) -> ChatLogprobs:
    """As chat completions show them."""
    return ChatLogprobs(content=[_chosen(token) for token in tokens])


def completion_logprobs(tokens: Sequence[Token], offset: int) -> CompletionLogprobs:
    """As completions show them.

    Args:
        offset: where the first of these tokens begins in the whole text, in characters.
    """
    offsets: list[int] = []
    for token in tokens:
        offsets.append(offset)
        offset += len(token.text)
    return CompletionLogprobs(
        tokens=[token.text for token in tokens],
        token_logprobs=[_finite(token.log_probability) for token in tokens],
        top_logprobs=[{one.text: _finite(one.log_probability) for one in token.alternatives} for token in tokens],
        text_offset=offsets,
    )


def _chosen(token: Token) -> ChosenToken:
    return ChosenToken(
        token=token.text,
        logprob=_finite(token.log_probability),
        bytes=list(token.text.encode()),
        top_logprobs=[
            LikelyToken(token=one.text, logprob=_finite(one.log_probability), bytes=list(one.text.encode()))
            for one in token.alternatives
        ],
    )


def _finite(log_probability: float | None) -> float:
    """JSON has no infinity."""
    return UNLIKELY if log_probability is None or log_probability < UNLIKELY else log_probability
