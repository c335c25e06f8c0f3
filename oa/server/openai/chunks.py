"""The bytes of a streamed answer.

What is the same in every chunk is encoded once: of a chunk with text, only the text is encoded anew.
"""

from __future__ import annotations

from typing import Protocol

import msgspec

from oa.inference.engine import Token, ToolCall
from oa.protocol.openai import CallMade, FunctionCall, Usage
from oa.server.openai.choices import Choice
from oa.server.openai.logprobs import chat_logprobs, completion_logprobs
from oa.server.openai.questions import Asked

encode = msgspec.json.encode

DONE = b"data: [DONE]\n\n"


class Chunks(Protocol):
    """How one kind of answer is cut into chunks."""

    def begin(self, index: int) -> bytes:
        """The first chunk of a choice; may be nothing."""
        ...

    def text(self, choice: Choice, text: str, tokens: list[Token]) -> bytes: ...

    def calls(self, index: int, calls: tuple[ToolCall, ...]) -> bytes: ...

    def finish(self, index: int, reason: str) -> bytes: ...

    def usage(self, usage: Usage) -> bytes: ...


class ChatChunks:
    """Chunks of a chat completion."""

    def __init__(self, asked: Asked, created: int, *, with_usage: bool) -> None:
        self._head, self._tail = _frame(asked, created, "chat.completion.chunk", with_usage=with_usage)
        self._plain = [
            self._head + b'[{"index":%d,"delta":{"content":' % index for index in range(len(asked.questions))
        ]
        self._plain_end = b'},"logprobs":null,"finish_reason":null}]' + self._tail

    def begin(self, index: int) -> bytes:
        return self._delta(index, b'{"role":"assistant","content":"","refusal":null}')

    def text(self, choice: Choice, text: str, tokens: list[Token]) -> bytes:
        if not choice.with_logprobs:
            return self._plain[choice.index] + encode(text) + self._plain_end
        return self._delta(choice.index, b'{"content":%s}' % encode(text), encode(chat_logprobs(tokens)))

    def calls(self, index: int, calls: tuple[ToolCall, ...]) -> bytes:
        made = [
            CallMade(index=at, id=call.id, function=FunctionCall(name=call.name, arguments=call.arguments))
            for at, call in enumerate(calls)
        ]
        return self._delta(index, b'{"tool_calls":%s}' % encode(made))

    def finish(self, index: int, reason: str) -> bytes:
        choice = b'[{"index":%d,"delta":{},"logprobs":null,"finish_reason":%s}]' % (index, encode(reason))
        return self._head + choice + self._tail

    def usage(self, usage: Usage) -> bytes:
        return self._head + b"[]" + self._tail.replace(b"null", encode(usage))

    def _delta(self, index: int, delta: bytes, logprobs: bytes = b"null") -> bytes:
        choice = b'[{"index":%d,"delta":%s,"logprobs":%s,"finish_reason":null}]' % (index, delta, logprobs)
        return self._head + choice + self._tail


class CompletionChunks:
    """Chunks of a plain completion."""

    def __init__(self, asked: Asked, created: int, *, with_usage: bool) -> None:
        self._head, self._tail = _frame(asked, created, "text_completion", with_usage=with_usage)
        self._prefixes = asked.prefixes
        self._offsets = [len(prefix) for prefix in asked.prefixes] or [0] * len(asked.questions)

    def begin(self, index: int) -> bytes:
        return self._chunk(index, self._prefixes[index]) if self._prefixes else b""

    def text(self, choice: Choice, text: str, tokens: list[Token]) -> bytes:
        if not choice.with_logprobs:
            return self._chunk(choice.index, text)
        logprobs = encode(completion_logprobs(tokens, self._offsets[choice.index]))
        self._offsets[choice.index] += sum(len(token.text) for token in tokens)
        return self._chunk(choice.index, text, logprobs)

    def calls(self, index: int, calls: tuple[ToolCall, ...]) -> bytes:
        return b""  # completions know no tools

    def finish(self, index: int, reason: str) -> bytes:
        return self._chunk(index, "", reason=encode(reason))

    def usage(self, usage: Usage) -> bytes:
        return self._head + b"[]" + self._tail.replace(b"null", encode(usage))

    def _chunk(self, index: int, text: str, logprobs: bytes = b"null", reason: bytes = b"null") -> bytes:
        choice = b'[{"index":%d,"text":%s,"logprobs":%s,"finish_reason":%s}]' % (
            index,
            encode(text),
            logprobs,
            reason,
        )
        return self._head + choice + self._tail


def _frame(asked: Asked, created: int, kind: str, *, with_usage: bool) -> tuple[bytes, bytes]:
    """What stands before and behind the choices of every chunk."""
    same = {
        "id": asked.id,
        "object": kind,
        "created": created,
        "model": asked.model.name,
        "system_fingerprint": None,
    }
    return b"data: " + encode(same)[:-1] + b',"choices":', (b',"usage":null}' if with_usage else b"}") + b"\n\n"
