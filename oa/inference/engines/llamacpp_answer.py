"""One answer of llama.cpp: what is asked of it, and what becomes of the pieces that it sends."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import msgspec

from oa.errors import ModelFailed, NotSupported, OaError, PromptTooLong
from oa.inference.channel import Channel
from oa.inference.engine import End, Likelihood, Reason, Request, Token
from oa.inference.stopping import StopScanner

SEEDS: Final = 2**32 - 1
"""One less than llama.cpp has: the last stands for a seed by chance."""

COMPACT: Final = ("x-guidance", {"whitespace_flexible": False, "item_separator": ", ", "key_separator": ": "})
"""For schemas: JSON on one line. Where blanks may stand anywhere, small models write nothing else any more.

Source: llguidance, "JSON Schema", options of the grammar.
"""

PENALTY_TOKENS = 8192
"""So far back repeated tokens count."""

LONG_PROMPT_CHARACTERS = 1000
"""Of longer prompts llama.cpp reports how far it has read, which is when a cancelled one ends."""


class _TopToken(msgspec.Struct):
    id: int
    token: str
    logprob: float


class _Logprob(msgspec.Struct):
    id: int
    token: str
    logprob: float
    top_logprobs: list[_TopToken] = []


class _Logprobs(msgspec.Struct):
    content: list[_Logprob] = []


class _Choice(msgspec.Struct):
    text: str = ""
    finish_reason: str | None = None
    logprobs: _Logprobs | None = None


class _Details(msgspec.Struct):
    cached_tokens: int = 0


class _Usage(msgspec.Struct):
    prompt_tokens: int = 0
    completion_tokens: int = 0
    prompt_tokens_details: _Details = msgspec.field(default_factory=_Details)


class _Timings(msgspec.Struct):
    cache_n: int = 0
    prompt_n: int = 0
    predicted_n: int = 0


class _Error(msgspec.Struct):
    message: str = ""
    type: str = ""
    n_prompt_tokens: int | None = None
    n_ctx: int | None = None


class _Piece(msgspec.Struct):
    choices: list[_Choice] = []
    usage: _Usage | None = None
    timings: _Timings | None = None
    error: _Error | None = None


def body_of(request: Request, prompt: str | Sequence[str | int]) -> bytes:
    """The request as llama.cpp reads it. Everything that it has a default for is said."""
    sampling = request.sampling
    body: dict[str, Any] = {
        "prompt": prompt,
        "stream": True,
        "cache_prompt": True,
        "n_predict": request.max_tokens,
        "temperature": sampling.temperature,
        "top_k": sampling.top_k or 0,
        "top_p": _or(sampling.top_p, 1.0),
        "min_p": _or(sampling.min_p, 0.0),
        "typical_p": _or(sampling.typical_p, 1.0),
        "repeat_penalty": _or(sampling.repetition_penalty, 1.0),
        "repeat_last_n": PENALTY_TOKENS,
        "presence_penalty": _or(sampling.presence_penalty, 0.0),
        "frequency_penalty": _or(sampling.frequency_penalty, 0.0),
        "seed": -1 if sampling.seed is None else sampling.seed % SEEDS,
    }
    if request.stop:
        body["timings_per_token"] = True  # how many tokens there were when a stop string came
    if sum(len(piece) if isinstance(piece, str) else 1 for piece in prompt) > LONG_PROMPT_CHARACTERS:
        body["return_progress"] = True
    if request.alternatives is not None:
        body["logprobs"] = max(1, request.alternatives)
    if request.json_schema is not None:
        body["json_schema"] = {COMPACT[0]: COMPACT[1], **request.json_schema}
    if request.grammar is not None:
        body["grammar"] = request.grammar
    return msgspec.json.encode(body)


def _or(value: float | None, otherwise: float) -> float:
    return otherwise if value is None else value


class Answer:
    """Takes pieces in llama.cpp's thread and hands tokens to the event loop."""

    def __init__(self, request: Request, channel: Channel[Token | End]) -> None:
        self.channel = channel
        self.is_over = False
        """Nobody listens any more, or all is said: the next piece ends the generation."""
        self.broken: str | None = None
        """Why llama.cpp cannot go on, not with this request only. The engine lets go of it, then fails the answer."""
        self._alternatives = request.alternatives
        self._scanner = StopScanner(request.stop)
        self._decoder = msgspec.json.Decoder(_Piece)
        self._timings = _Timings()

    def take(self, text: str) -> bool:
        """One piece of JSON; true ends the generation."""
        if self.is_over:
            return True
        try:
            self._take(self._decoder.decode(text))
        except msgspec.DecodeError:
            self.broken, self.is_over = "llama.cpp sent what cannot be read", True
        return self.is_over

    def fail(self, error: OaError) -> None:
        """End it with this error, unless it has ended. From any thread."""
        self.is_over = True
        self.channel.close(error)

    def _take(self, piece: _Piece) -> None:
        if piece.error is not None:
            error = self._explain(piece.error)
            if self.broken is None:
                self.fail(error)
            self.is_over = True
            return
        self._timings = piece.timings or self._timings
        for choice in piece.choices:
            self._show(choice)
            if self._scanner.has_stopped:
                timings = self._timings
                read = timings.cache_n + timings.prompt_n
                self._end(End(Reason.STOP, read, timings.predicted_n, timings.cache_n))
            elif choice.finish_reason is not None:
                self._finish(choice.finish_reason, piece.usage or _Usage())

    def _show(self, choice: _Choice) -> None:
        for token in self._tokens(choice):
            for shown in self._scanner.push(token):
                self.channel.put(shown)
            if self._scanner.has_stopped:
                return

    def _tokens(self, choice: _Choice) -> list[Token]:
        if choice.logprobs is None or not choice.logprobs.content:
            return [Token(choice.text)] if choice.text else []
        *first, last = choice.logprobs.content  # more than one where a character takes several tokens
        return [self._token("", part) for part in first] + [self._token(choice.text, last)]

    def _token(self, text: str, found: _Logprob) -> Token:
        wanted = found.top_logprobs[: self._alternatives or 0]
        likely = tuple(Likelihood(other.token, other.id, other.logprob) for other in wanted)
        return Token(text, found.id, found.logprob, likely)

    def _finish(self, reason: str, usage: _Usage) -> None:
        for shown in self._scanner.flush():
            self.channel.put(shown)
        end = Reason.LENGTH if reason == "length" else Reason.END
        cached = usage.prompt_tokens_details.cached_tokens
        self._end(End(end, usage.prompt_tokens, usage.completion_tokens, cached))

    def _end(self, end: End) -> None:
        self.channel.put(end)
        self.is_over = True
        self.channel.close()

    def _explain(self, error: _Error) -> OaError:
        if error.type == "exceed_context_size_error":
            return PromptTooLong(
                f"the prompt takes {error.n_prompt_tokens} tokens, and the model reads {error.n_ctx} at most",
                prompt_tokens=error.n_prompt_tokens,
                context_length=error.n_ctx,
            )
        if error.type in ("invalid_request_error", "not_supported_error"):
            return NotSupported(f"the model cannot do this: {error.message}")
        self.broken = error.message or "llama.cpp failed without a reason"
        return ModelFailed("the model failed while it answered")
