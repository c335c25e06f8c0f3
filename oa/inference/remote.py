"""A model that a worker runs: a lane of the scheduler whose engine is elsewhere."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from datetime import UTC, datetime
from itertools import chain
from uuid import uuid4

import msgspec

from oa.errors import BadTemplate, ModelFailed, NotSupported, OaError, PromptTooLong, UpstreamFailed
from oa.inference.answering import Model, Question, Started
from oa.inference.engine import End, Likelihood, Reason, Role, Token, ToolCall
from oa.inference.scheduler import LaneLost
from oa.protocol.workers import (
    CancelRequest,
    ErrorResponse,
    GeneratedTextResponse,
    HubFrame,
    SamplingSettings,
    StartedResponse,
    Thread,
    ThreadMessage,
    TokenResponse,
    WireQuestion,
    WorkerInfo,
    WorkParameters,
    WorkRequest,
)

log = logging.getLogger(__name__)

REASONS: Mapping[str, Reason] = {
    "eos_token": Reason.END,
    "stop_sequence": Reason.STOP,
    "length": Reason.LENGTH,
}

ROLES: Mapping[Role, str] = {Role.USER: "prompter", Role.ASSISTANT: "assistant"}

ERRORS: Mapping[str, type[OaError]] = {
    error.code: error for error in (BadTemplate, ModelFailed, NotSupported, PromptTooLong, UpstreamFailed)
}
"""What a worker of OA may report by its own sentence; it is shown to people."""

OLD_WORKERS_MAX_TOKENS = 1024
"""For those who must be told a number."""

Answer = StartedResponse | TokenResponse | GeneratedTextResponse | ErrorResponse
Send = Callable[[HubFrame], Awaitable[None]]


class RemoteModel:
    """One connected worker. It is lost for good once its connection is.

    Args:
        wake: called when it has more places than before.
    """

    def __init__(self, worker: str, info: WorkerInfo, send: Send, wake: Callable[[], None]) -> None:
        self.worker: str | None = worker
        self._name = worker
        self._info = info
        self._send = send
        self._wake = wake
        self._answers: dict[str, asyncio.Queue[Answer | None]] = {}
        self._abandoned: set[str] = set()
        self._is_leaving = False
        self._is_lost = False

    @property
    def places(self) -> int:
        """Answers that nobody waits for, but that a worker cannot be told to stop, take their place until they end."""
        if self._is_lost or self._is_leaving:
            return 0
        return self._info.config.max_parallel_requests - len(self._abandoned)

    @property
    def in_flight(self) -> int:
        """Requests that it works on."""
        return len(self._answers) + len(self._abandoned)

    def describe(self) -> Model:
        """Its model, as the hub offers it."""
        model, offer = self._info.config.model_config, self._info.offer
        return Model(
            name=model.model_id,
            description=offer.description if offer else "",
            context_length=model.max_total_length,
            created_s=0,
            is_default=False,
            engine=offer.engine if offer and offer.engine else "worker",
            tools=offer is not None and offer.tools,
        )

    async def answer(self, question: Question) -> AsyncGenerator[Started | Token | End, None]:
        """As `oa.inference.scheduler.Lane.answer`."""
        request_id = str(uuid4())  # another one each time: what an earlier attempt still brings is nobody's
        work = self._work(request_id, question)
        arrived = self._answers[request_id] = asyncio.Queue[Answer | None]()
        has_ended = False
        try:
            await self._tell(work)
            if self._info.offer is None:
                yield Started(prompt_tokens=0, dropped_turns=0, worker=self._name)
            said, textless = "", list[Answer]()
            while not has_ended:
                frame = await arrived.get()
                if frame is None:
                    raise LaneLost
                has_ended = isinstance(frame, GeneratedTextResponse | ErrorResponse)
                if isinstance(frame, TokenResponse):
                    said += frame.text
                    if not said:  # half a character yet: nothing that could not be begun anew elsewhere
                        textless.append(frame)
                        continue
                for piece in chain.from_iterable(self._pieces(one, said) for one in (*textless, frame)):
                    yield piece
                textless.clear()
        finally:
            del self._answers[request_id]
            if not has_ended:
                await self._abandon(request_id)

    def take(self, frame: Answer) -> None:
        """What the worker says about one of its requests; nothing happens where the request is not known any more."""
        assert frame.request_id is not None
        if frame.request_id in self._answers:
            self._answers[frame.request_id].put_nowait(frame)
        elif isinstance(frame, GeneratedTextResponse | ErrorResponse) and frame.request_id in self._abandoned:
            self._abandoned.discard(frame.request_id)
            self._wake()

    def leave(self) -> None:
        """It takes nothing new."""
        self._is_leaving = True

    def lose(self) -> None:
        """The connection is gone. What it has not ended it never will."""
        self._is_lost = True
        for arrived in self._answers.values():
            arrived.put_nowait(None)

    async def _tell(self, frame: HubFrame) -> None:
        """Raises: LaneLost"""
        if self._is_lost:
            raise LaneLost
        try:
            await self._send(frame)
        except OSError as error:
            self.lose()  # at once, or the same question would come back here until it is given up
            raise LaneLost from error

    async def _abandon(self, request_id: str) -> None:
        if self._is_lost:
            return
        if self._info.offer is None:
            self._abandoned.add(request_id)
            return
        try:
            await self._tell(CancelRequest(id=str(uuid4()), request_id=request_id))
        except LaneLost:
            return  # then it has stopped as well

    def _pieces(self, frame: Answer, said: str) -> list[Started | Token | End]:
        """Raises: OaError: the worker says that the request failed."""
        match frame:
            case StartedResponse():
                return [Started(frame.prompt_tokens, frame.dropped_turns, worker=self._name)]
            case TokenResponse():
                return [_token(frame)]
            case GeneratedTextResponse():
                # Tokens may have been held back; a text that differs from them is not said over again.
                rest = frame.text[len(said) :] if frame.text.startswith(said) else ""
                return [*([Token(rest)] if rest else []), _end(frame)]
            case ErrorResponse():
                raise self._failure(frame)

    def _failure(self, frame: ErrorResponse) -> OaError:
        if frame.code is not None and frame.code in ERRORS:
            return ERRORS[frame.code](frame.error)
        log.warning("the worker %s failed: %s", self._name, frame.error)
        return ModelFailed(f"the worker {self._name} could not answer this; try again")

    def _work(self, request_id: str, question: Question) -> WorkRequest:
        sampling = question.sampling
        is_old = self._info.offer is None
        system = "\n\n".join(turn.content for turn in question.turns if turn.role is Role.SYSTEM)
        settings = SamplingSettings(
            top_k=sampling.top_k,
            top_p=sampling.top_p,
            typical_p=sampling.typical_p,
            temperature=sampling.temperature or None,
            repetition_penalty=sampling.repetition_penalty,
            max_new_tokens=question.max_tokens or OLD_WORKERS_MAX_TOKENS,
        )
        return WorkRequest(
            id=request_id,
            thread=_thread(question) if is_old else Thread(messages=[]),
            created_at=datetime.now(UTC),
            parameters=WorkParameters(
                model_config=self._info.config.model_config,
                sampling_parameters=settings,
                do_sample=sampling.temperature > 0,
                seed=sampling.seed if sampling.seed is not None else uuid4().int & 0x7FFFFFFF,
                system_prompt=system or None,
            ),
            question=None if is_old else msgspec.convert(question, WireQuestion, from_attributes=True),
        )


def _thread(question: Question) -> Thread:
    """What a worker of Open-Assistant can be asked: prompts and answers in turn, a prompt last.

    Raises:
        NotSupported: the question is of another form, or wants what came later.
    """
    wanted = {
        "tools": bool(question.tools) or any(turn.role is Role.TOOL or turn.tool_calls for turn in question.turns),
        "JSON schemas": question.json_schema is not None,
        "grammars": question.grammar is not None,
        "log-probabilities": question.alternatives is not None,
        "stop strings": bool(question.stop),
        "bare texts": question.is_completion,
        "answers to be continued": question.turns[-1].role is Role.ASSISTANT,
    }
    missing = [what for what, is_wanted in wanted.items() if is_wanted]
    if missing:
        raise NotSupported(f"{question.model} runs on a worker that knows no {' and no '.join(missing)}")
    now = datetime.now(UTC)
    spoken = [turn for turn in question.turns if turn.role in ROLES]
    ids = [str(uuid4()) for _ in spoken]
    return Thread(
        messages=[
            ThreadMessage(
                id=ids[row],
                chat_id=question.id,
                parent_id=ids[row - 1] if row else None,
                content=turn.content,
                created_at=now,
                role=ROLES[turn.role],
                state="manual" if turn.role is Role.USER else "complete",
            )
            for row, turn in enumerate(spoken)
        ]
    )


def _token(frame: TokenResponse) -> Token:
    return Token(
        text=frame.text,
        token_id=frame.token_id,
        log_probability=frame.log_prob,
        alternatives=tuple(Likelihood(one.text, one.token_id, one.log_probability) for one in frame.alternatives),
    )


def _end(frame: GeneratedTextResponse) -> End:
    return End(
        reason=REASONS.get(frame.finish_reason, Reason.END),
        prompt_tokens=frame.prompt_tokens or 0,
        completion_tokens=frame.completion_tokens or 0,
        cached_tokens=frame.cached_tokens,
        tool_calls=tuple(ToolCall(call.id, call.name, call.arguments) for call in frame.tool_calls),
    )
