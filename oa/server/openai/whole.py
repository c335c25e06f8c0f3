"""Answers that are sent when they are complete."""

from __future__ import annotations

from msgspec import UNSET

from oa.protocol.openai import (
    AnswerMessage,
    CallMade,
    ChatChoice,
    ChatCompletion,
    Completion,
    CompletionChoice,
    FunctionCall,
)
from oa.server.openai.choices import Choice, Choices
from oa.server.openai.logprobs import chat_logprobs, completion_logprobs
from oa.server.openai.questions import Asked


def chat_completion(asked: Asked, choices: Choices, created_s: int) -> ChatCompletion:
    """The answer to a chat request, all choices of which have ended."""
    return ChatCompletion(
        id=asked.id,
        created=created_s,
        model=asked.model.name,
        choices=[_chat_choice(choice) for choice in choices.all],
        usage=choices.usage(),
    )


def completion(asked: Asked, choices: Choices, created_s: int) -> Completion:
    """The answer to a completion request, all choices of which have ended."""
    return Completion(
        id=asked.id,
        created=created_s,
        model=asked.model.name,
        choices=[_completion_choice(asked, choice) for choice in choices.all],
        usage=choices.usage(),
    )


def _chat_choice(choice: Choice) -> ChatChoice:
    calls = [
        CallMade(id=call.id, function=FunctionCall(name=call.name, arguments=call.arguments)) for call in choice.calls
    ]
    text = "".join(choice.texts)
    return ChatChoice(
        index=choice.index,
        message=AnswerMessage(content=text if text or not calls else None, tool_calls=calls or UNSET),
        logprobs=chat_logprobs(choice.tokens) if choice.with_logprobs else None,
        finish_reason=choice.finish_reason,
    )


def _completion_choice(asked: Asked, choice: Choice) -> CompletionChoice:
    prefix = asked.prefixes[choice.index] if asked.prefixes else ""
    return CompletionChoice(
        index=choice.index,
        text=prefix + "".join(choice.texts),
        logprobs=completion_logprobs(choice.tokens, len(prefix)) if choice.with_logprobs else None,
        finish_reason=choice.finish_reason,
    )
