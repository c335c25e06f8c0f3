"""The OpenAI API as a client speaks it: what is sent, and what comes back piece by piece."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any, cast

import msgspec

from oa.errors import NotSupported, OaError, PromptTooLong, UpstreamFailed
from oa.inference.engine import End, Likelihood, Reason, Request, Role, Token, ToolCall, Turn
from oa.inference.stopping import StopScanner

LONGEST_REASON = 300
"""Characters of an upstream's own words that are passed on."""

CONTEXT_CODES = ("context_length_exceeded", "exceed_context_size_error", "prompt_too_long")
CONTEXT_WORDS = re.compile(r"context (length|size|window)|prompt takes|too long", re.IGNORECASE)


class _Function(msgspec.Struct):
    name: str | None = None
    arguments: str | None = None


class _CallPart(msgspec.Struct):
    index: int = 0
    id: str | None = None
    function: _Function | None = None


class _Delta(msgspec.Struct):
    content: str | None = None
    tool_calls: list[_CallPart] | None = None


class _Likely(msgspec.Struct):
    token: str
    logprob: float
    id: int = -1


class _Logprob(_Likely):
    top_logprobs: list[_Likely] = []


class _Logprobs(msgspec.Struct):
    content: list[_Logprob] | None = None


class _Choice(msgspec.Struct):
    delta: _Delta | None = None
    text: str | None = None
    finish_reason: str | None = None
    logprobs: _Logprobs | None = None


class _Details(msgspec.Struct):
    cached_tokens: int | None = None


class _Usage(msgspec.Struct):
    prompt_tokens: int = 0
    completion_tokens: int = 0
    prompt_tokens_details: _Details | None = None


class _Chunk(msgspec.Struct):
    choices: list[_Choice] = []
    usage: _Usage | None = None
    error: Any = None


def address_of(request: Request) -> str:
    """Bare text goes to the completions, conversations to the chat."""
    return "completions" if request.prompt else "chat/completions"


def body_of(request: Request, model: str) -> dict[str, Any]:
    """The request on the wire. Fields that only some servers know are there only when they are wanted.

    Stop strings are not sent: they are looked for here, where it is seen which one came.
    """
    body: dict[str, Any] = {"model": model, "stream": True, "stream_options": {"include_usage": True}}
    if request.prompt:
        body["prompt"] = "".join(segment.text for segment in request.prompt)
    else:
        body["messages"] = [_message(turn) for turn in request.turns]
        if request.turns and request.turns[-1].role is Role.ASSISTANT:
            body |= {"continue_final_message": True, "add_generation_prompt": False}
    if request.max_tokens > 0:
        body["max_tokens"] = request.max_tokens
    return body | _sampling(request) | _wishes(request)


def _sampling(request: Request) -> dict[str, Any]:
    sampling = request.sampling
    optional = {
        "top_p": sampling.top_p,
        "seed": sampling.seed,
        "presence_penalty": sampling.presence_penalty,
        "frequency_penalty": sampling.frequency_penalty,
        "top_k": sampling.top_k,
        "min_p": sampling.min_p,
        "typical_p": sampling.typical_p,
        "repetition_penalty": sampling.repetition_penalty,
        "repeat_penalty": sampling.repetition_penalty,  # the name that llama.cpp has for it
    }
    return {"temperature": sampling.temperature} | {
        name: value for name, value in optional.items() if value is not None
    }


def _wishes(request: Request) -> dict[str, Any]:
    wishes: dict[str, Any] = {}
    if request.alternatives is not None:
        wanted = max(1, request.alternatives)  # some servers take none for no log-probabilities at all
        wishes |= {"logprobs": wanted} if request.prompt else {"logprobs": True, "top_logprobs": wanted}
    if request.json_schema is not None:
        schema = {"name": "answer", "schema": request.json_schema}
        wishes["response_format"] = {"type": "json_schema", "json_schema": schema}
    if request.tools:
        wishes["tools"] = [
            {
                "type": "function",
                "function": {"name": tool.name, "description": tool.description, "parameters": tool.parameters},
            }
            for tool in request.tools
        ]
    return wishes


def _message(turn: Turn) -> dict[str, Any]:
    message: dict[str, Any] = {"role": str(turn.role), "content": turn.content}
    if turn.tool_calls:
        message["tool_calls"] = [
            {"id": call.id, "type": "function", "function": {"name": call.name, "arguments": call.arguments}}
            for call in turn.tool_calls
        ]
    if turn.tool_call_id is not None:
        message["tool_call_id"] = turn.tool_call_id
    return message


class StreamReader:
    """Turns the lines of a stream into tokens.

    Raises `UpstreamFailed` from `feed` and `end` when the stream is not what it says to be.
    """

    def __init__(self, request: Request, who: str) -> None:
        self._who = who
        self._alternatives = request.alternatives
        self._scanner = StopScanner(request.stop)
        self._decoder = msgspec.json.Decoder(_Chunk)
        self._calls: dict[int, ToolCall] = {}
        self._usage: _Usage | None = None
        self._finish: str | None = None
        self._count = 0
        self.is_over = False
        """Nothing more is to be read."""

    def feed(self, line: bytes) -> Sequence[Token]:
        """The tokens that one line brings."""
        if not line.startswith(b"data:"):
            if line and not line.startswith((b":", b"event:", b"id:", b"retry:")):
                raise UpstreamFailed(f"{self._who} answered with what is no event stream")
            return ()
        data = line[5:].strip()
        if data == b"[DONE]":
            self.is_over = True
            return ()
        try:
            chunk = self._decoder.decode(data)
        except msgspec.DecodeError as error:
            raise UpstreamFailed(f"{self._who} sent an event that cannot be read") from error
        if chunk.error is not None:
            raise explain(self._who, 500, chunk.error)
        self._usage = chunk.usage or self._usage
        return [token for choice in chunk.choices[:1] for token in self._take(choice)]

    def end(self) -> tuple[Sequence[Token], End]:
        """What was held back, and how the answer ended."""
        rest = () if self._scanner.has_stopped else self._scanner.flush()
        if self._finish is None and not self._scanner.has_stopped:
            raise UpstreamFailed(f"{self._who} broke off in the middle of the answer")
        usage = self._usage or _Usage(completion_tokens=self._count)
        details = usage.prompt_tokens_details or _Details()
        calls = tuple(self._calls[index] for index in sorted(self._calls))
        count = self._count if self._scanner.has_stopped else usage.completion_tokens
        return rest, End(self._reason(), usage.prompt_tokens, count, details.cached_tokens or 0, calls)

    def _take(self, choice: _Choice) -> list[Token]:
        self._finish = choice.finish_reason or self._finish
        text = choice.text
        if choice.delta is not None:
            text = choice.delta.content
            for part in choice.delta.tool_calls or ():
                self._take_call(part)
        shown = [released for token in self._tokens(text or "", choice.logprobs) for released in self._push(token)]
        self.is_over = self.is_over or self._scanner.has_stopped
        return shown

    def _push(self, token: Token) -> list[Token]:
        if self._scanner.has_stopped:
            return []
        self._count += 1
        return self._scanner.push(token)

    def _tokens(self, text: str, logprobs: _Logprobs | None) -> list[Token]:
        parts = logprobs.content if logprobs is not None else None
        if not parts:
            return [Token(text)] if text else []
        *first, last = parts
        return [self._token("", part) for part in first] + [self._token(text, last)]

    def _token(self, text: str, found: _Logprob) -> Token:
        wanted = found.top_logprobs[: self._alternatives or 0]
        likely = tuple(Likelihood(other.token, other.id, other.logprob) for other in wanted)
        return Token(text, None if found.id < 0 else found.id, found.logprob, likely)

    def _take_call(self, part: _CallPart) -> None:
        known = self._calls.get(part.index, ToolCall("", "", ""))
        function = part.function or _Function()
        self._calls[part.index] = ToolCall(
            known.id or part.id or f"call_{part.index}",
            known.name or function.name or "",
            known.arguments + (function.arguments or ""),
        )

    def _reason(self) -> Reason:
        if self._scanner.has_stopped:
            return Reason.STOP
        return Reason.LENGTH if self._finish == "length" else Reason.END


def explain(who: str, status: int, body: object) -> OaError:
    """The failure behind an upstream's answer that is no answer."""
    facts = _facts(body)
    words = str(facts.get("message") or facts.get("detail") or "")[:LONGEST_REASON]
    is_long = bool({facts.get("code"), facts.get("type")} & set(CONTEXT_CODES))
    if is_long or (status in (400, 413, 422) and CONTEXT_WORDS.search(words)):
        return PromptTooLong(f"the conversation is too long for {who}: {words}")
    if status in (401, 403):
        return UpstreamFailed(f"{who} refuses the key: set the environment variable that models.toml names for it")
    if status == 404:
        return UpstreamFailed(f"{who} does not know the model or the address: {words}")
    if status in (400, 422):
        return NotSupported(f"{who} refuses the request: {words}")
    return UpstreamFailed(f"{who} failed ({status}): {words or 'no reason given'}")


def _facts(body: object) -> dict[str, Any]:
    """The error object of a body, or an object with its text."""
    if not isinstance(body, dict):
        return {"message": str(body or "")}
    inside = cast(dict[str, Any], body).get("error", body)
    return cast(dict[str, Any], inside) if isinstance(inside, dict) else {"message": str(inside)}
