"""The answers that are being written. They belong to the hub: whoever watches one may come and go.

What a model says is kept first and then told, so that nobody has seen what a crash could lose. That is done for all
answers together, at once when the first word comes and then some twenty times a second; what came meanwhile is one
event.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import aclosing, asynccontextmanager, suppress
from dataclasses import dataclass, field
from functools import partial
from itertools import chain, repeat
from typing import Any
from uuid import UUID

from oa.domain import titles
from oa.domain.chats import ChatMessage, Event, State
from oa.domain.sampling import Sampling
from oa.errors import CannotAnswer, ChatMessageNotFound, OaError, StoreUnavailable, TimedOut
from oa.hub import generating
from oa.hub.chat_messages import Plan
from oa.hub.generating import Begun, Ended, Progress
from oa.hub.transactions import Database
from oa.inference.answering import Answering, Question
from oa.inference.engine import Role, Token, Turn
from oa.inference.tools.loop import Piece
from oa.protocol.chat_events import ErrorEvent
from oa.server.generation import Generation, Pieces, Verdict
from oa.server.stream import frame, frames, last_frame

KEEP_EVERY_S = 0.05
"""Between two times that what was said is kept."""

REFUSED_WITHIN_S = 0.2
"""How long a question waits to be refused before its answer gets its place."""

SETTLE_AGAIN_S = (0.5, 1.0, 2.0, 5.0)
"""Between tries to keep how an answer has ended; the last one again and again."""

TITLES_AT_ONCE = 4

STOPPED = Verdict(State.CANCELLED)
SHUT_DOWN = Verdict(
    State.ABORTED, "the hub was stopped while this answer was being written; continue it when it is back"
)
FAULT = "the hub failed at this answer; whoever runs it finds why in its log. Continue it, or ask for another one"

log = logging.getLogger(__name__)


@dataclass(slots=True, kw_only=True)
class Generations:
    """All answers under way. Use it in one event loop, between `open` and `close`."""

    database: Database
    answering: Answering
    heartbeat_s: float = 15.0
    with_titles: bool = True
    sleep: Callable[[float], Awaitable[object]] = asyncio.sleep
    _running: dict[UUID, Generation] = field(default_factory=dict[UUID, Generation])
    _unsaved: set[Generation] = field(default_factory=set[Generation])
    _has_unsaved: asyncio.Event = field(default_factory=asyncio.Event)
    _keeping: asyncio.Task[None] | None = None
    _background: set[asyncio.Task[Any]] = field(default_factory=set[asyncio.Task[Any]])
    naming: set[asyncio.Task[None]] = field(default_factory=set[asyncio.Task[None]])
    """Those that look for titles just now."""
    _is_closing: bool = False

    @asynccontextmanager
    async def running(self) -> AsyncGenerator[None, None]:
        """Open and close around whatever runs inside."""
        await self.open()
        try:
            yield
        finally:
            await self.close()

    async def open(self) -> None:
        """Begin. What a killed hub was writing ends with what there is of it."""
        self._is_closing = False
        left = await self.database.write(generating.abort_leftovers)
        if left:
            log.warning("%d answers were being written when the hub was stopped last time", left)
        self._keeping = asyncio.create_task(self._keep_for_ever(), name="keep answers")

    async def close(self) -> None:
        """End every answer with what there is of it, and tell those who watch."""
        self._is_closing = True
        await asyncio.gather(*(self.end(message_id, SHUT_DOWN) for message_id in list(self._running)))
        stuck = [generation.task for generation in self._running.values() if generation.task is not None]
        tasks = [*self._background, *self.naming, *stuck, *([self._keeping] if self._keeping else [])]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    # --- beginning ---

    async def begin(
        self, plan: Plan, person_id: UUID, pieces: Pieces, keep: Callable[[], Awaitable[ChatMessage]]
    ) -> ChatMessage:
        """Put a question, give its answer its place, and write it. The message as it was kept.

        Args:
            pieces: what the model says to `plan.question`; not begun yet.
            keep: gives the answer its place, once it is known that the question was not refused at once.

        Raises:
            CannotAnswer: the answer is being written already.
            StoreUnavailable: the hub is shutting down.
            OaError: what `Answering.answer` raises, if it does so at once, or `keep`.
        """
        task = asyncio.create_task(self._begin(plan, person_id, pieces, keep))
        self._background.add(task)
        task.add_done_callback(self._background.discard)
        return await asyncio.shield(task)  # who asked may go, but an answer with a place must be written

    async def _begin(
        self, plan: Plan, person_id: UUID, pieces: Pieces, keep: Callable[[], Awaitable[ChatMessage]]
    ) -> ChatMessage:
        message = plan.message
        generation = Generation(
            message.id, person_id, message.parent_id, plan.question.model, pieces, message.last_event
        )
        if self._is_closing:
            raise StoreUnavailable("the hub is shutting down; try again when it is back")
        if message.id in self._running:
            raise CannotAnswer("this answer is being written already")
        self._running[message.id] = generation
        try:
            await self._put(generation)
            kept = await keep()
        except BaseException:
            await self._give_up(generation)
            raise
        if kept.id != message.id:  # the same request came twice at once, and the other was first
            await self._give_up(generation)
            return kept
        generation.task = asyncio.create_task(self._write(generation), name=f"answer {message.id}")
        return kept

    async def _put(self, generation: Generation) -> None:
        """Put the question, and wait a moment in case it is refused."""
        generation.first = asyncio.ensure_future(anext(generation.pieces))
        await asyncio.wait({generation.first}, timeout=REFUSED_WITHIN_S)
        if generation.first.done() and isinstance(generation.first.exception(), OaError):
            generation.first.result()

    async def _give_up(self, generation: Generation) -> None:
        """Forget a question whose answer got no place."""
        del self._running[generation.message_id]
        if generation.first is not None and not generation.first.done():
            generation.first.cancel()
            await asyncio.wait({generation.first})
        await generation.pieces.aclose()

    # --- watching and ending ---

    def find(self, message_id: UUID) -> Generation | None:
        return self._running.get(message_id)

    async def end(self, message_id: UUID, verdict: Verdict = STOPPED) -> None:
        """End an answer with what there is of it, and wait until that is kept; nothing happens if it has ended."""
        generation = self._running.get(message_id)
        if generation is None or generation.task is None:
            return
        if generation.verdict is None and not generation.is_settling:
            generation.verdict = verdict
            generation.task.cancel()
        await generation.settled.wait()

    async def end_waiting(self, person_id: UUID, besides: UUID | None) -> None:
        """End the answers of somebody that still wait for a model, but for those to one prompt."""
        waiting = [
            generation.message_id
            for generation in self._running.values()
            if generation.person_id == person_id and generation.parent_id != besides and generation.is_waiting
        ]
        await asyncio.gather(*(self.end(message_id) for message_id in waiting))

    async def drop(self, person_id: UUID) -> None:
        """End all answers to somebody who has left; nothing of them is kept, since their chats are gone."""
        theirs = [one.message_id for one in self._running.values() if one.person_id == person_id]
        await asyncio.gather(*(self.end(message_id) for message_id in theirs))

    # --- writing ---

    async def _write(self, generation: Generation) -> None:
        try:
            verdict = await self._listen(generation)
        except asyncio.CancelledError:
            if generation.verdict is None:
                raise
            verdict = generation.verdict
        generation.is_settling = True
        await self._settle(generation, verdict)

    async def _listen(self, generation: Generation) -> Verdict:
        """Take what the model says, to the end; how that is."""
        try:
            async with aclosing(generation.pieces):
                assert generation.first is not None
                self._take(generation, await generation.first)
                async for piece in generation.pieces:
                    self._take(generation, piece)
        except TimedOut as error:
            return Verdict(State.TIMEOUT, str(error))
        except OaError as error:
            return Verdict(State.ABORTED, str(error))
        except Exception:
            log.exception("answer %s failed", generation.message_id)
            return Verdict(State.ABORTED, FAULT)
        if generation.end is None:
            return Verdict(State.ABORTED, "the model broke off; continue the answer, or ask for another one")
        return Verdict(State.COMPLETE)

    def _take(self, generation: Generation, piece: Piece) -> None:
        if generation.take(piece):
            self._unsaved.add(generation)
            self._has_unsaved.set()

    async def _keep_for_ever(self) -> None:
        while True:
            await self._has_unsaved.wait()
            self._has_unsaved.clear()
            some = list(self._unsaved)
            self._unsaved.clear()
            await self._keep(some)
            await self.sleep(KEEP_EVERY_S)

    async def _keep(self, some: Sequence[Generation]) -> None:
        """Keep what several models have said since the last time, and tell it."""
        found = [(generation, *generation.unsaved()) for generation in some if not generation.is_settling]
        progress = Progress(
            begun=[begun for _, begun, _ in found if begun is not None],
            events={generation.message_id: events for generation, _, events in found if events},
        )
        if not progress.begun and not progress.events:
            return
        try:
            await self.database.write(partial(generating.record, progress=progress))
        except Exception as error:
            if len(found) > 1 and not isinstance(error, StoreUnavailable):  # one of them must not end the others
                for one in found:
                    one[0].restore(*one[1:])
                    await self._keep([one[0]])
            else:
                self._fail(found, error)
            return
        for generation, _, events in found:
            generation.publish(frames(events))

    def _fail(self, found: Sequence[tuple[Generation, Begun | None, list[Event]]], error: Exception) -> None:
        """What was said could not be kept: end these answers, with all that is there of them."""
        is_expected = isinstance(error, OaError)
        if not is_expected:
            log.error("answers could not be kept", exc_info=error)
        verdict = Verdict(State.ABORTED, str(error) if is_expected else FAULT)
        for generation, begun, events in found:
            generation.restore(begun, events)
            if generation.verdict is None and not generation.is_settling and generation.task is not None:
                generation.verdict = verdict
                generation.task.cancel()

    # --- ending ---

    async def _settle(self, generation: Generation, verdict: Verdict) -> None:
        """Keep how an answer has ended, however long the disk is full, and tell it."""
        ending = generation.ending(verdict)
        for wait_s in chain(SETTLE_AGAIN_S, repeat(SETTLE_AGAIN_S[-1])):
            try:
                ended = await self.database.write(partial(generating.finish, ending=ending))
            except StoreUnavailable as error:
                self._tell_failure(generation, str(error))
                await self.sleep(wait_s)
            except ChatMessageNotFound as error:
                self._tell_failure(generation, str(error))
                break
            except Exception:
                log.exception("the end of answer %s cannot be kept", generation.message_id)
                self._tell_failure(generation, FAULT)
                break
            else:
                generation.publish([*frames(ending.events), last_frame(ended.message)], is_over=True)
                self._find_title(generation, ended)
                break
        self._running.pop(generation.message_id, None)
        generation.settled.set()

    def _tell_failure(self, generation: Generation, sentence: str) -> None:
        """Let those go who watch or wait, though nothing is kept of it."""
        if not generation.settled.is_set():
            generation.publish([frame(None, ErrorEvent(error=sentence))], is_over=True)
            generation.settled.set()

    # --- titles ---

    def _find_title(self, generation: Generation, ended: Ended) -> None:
        is_wanted = self.with_titles and not self._is_closing and len(self.naming) < TITLES_AT_ONCE
        if ended.title_request is None or not is_wanted:
            return
        question = Question(
            id=f"{generation.message_id}-title",
            person=str(generation.person_id),
            model=generation.model,
            turns=(Turn(Role.USER, ended.title_request),),
            sampling=Sampling(temperature=0),
            max_tokens=titles.MOST_TOKENS,
        )
        task = asyncio.create_task(self._name(ended.message, question), name=f"title {question.id}")
        self.naming.add(task)
        task.add_done_callback(self.naming.discard)

    async def _name(self, answer: ChatMessage, question: Question) -> None:
        """Ask the model for a title; without one, the chat stays called by its first prompt."""
        with suppress(OaError):
            models = {model.name: model for model in await self.answering.models()}
            model = models.get(question.model)
            if model is None or model.context_length < titles.SMALLEST_CONTEXT:
                return
            written = ""
            async with aclosing(self.answering.answer(question)) as pieces:
                async for piece in pieces:
                    if isinstance(piece, Token):
                        written += piece.text
            await self.database.write(partial(generating.set_title, chat_id=answer.chat_id, written=written))
