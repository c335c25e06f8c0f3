"""/chats/{chat_id}/…: writing prompts, having them answered, and watching the answers come."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from typing import Any, cast
from uuid import UUID

import msgspec
from litestar import Controller, Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody

from oa.domain.chats import ChatMessage
from oa.domain.people import User
from oa.domain.tree import Role
from oa.errors import Invalid, Unavailable, UnknownModel
from oa.hub import chat_messages, generating
from oa.hub.chat_messages import ChatLimits, NewAnswer, NewPrompt, Plan
from oa.hub.transactions import Transaction
from oa.inference.answering import Model
from oa.inference.tools.loop import answer_with_tools
from oa.protocol.chats import CreateAssistantMessageRequest, CreatePrompterMessageRequest, MessageRead
from oa.protocol.plugins import PluginEntry
from oa.server.auth import Hub
from oa.server.chat_access import Visitor
from oa.server.chats import VISITOR
from oa.server.event_stream import EventStream
from oa.server.generation import Generation, Pieces
from oa.server.stream import RETRY, frames, last_event_id, last_frame


class ChatMessageController(Controller):
    path = "/chats/{chat_id:uuid}"
    tags = ("chats",)
    dependencies = VISITOR

    @post("/prompter_message", status_code=200)
    async def create_prompter_message(
        self, visitor: NamedDependency[Visitor], chat_id: FromPath[UUID], data: JSONBody[CreatePrompterMessageRequest]
    ) -> MessageRead:
        """Write a prompt below an answer, at the beginning of the chat, or beside another prompt to edit that.

        With an `Idempotency-Key`, sending the same again gives the same message.
        """
        limits, key = limits_of(visitor.call.hub), visitor.call.idempotency_key
        new = NewPrompt(chat_id=chat_id, parent_id=data.parent_id, content=data.content, request_key=key)
        return MessageRead.of(
            await visitor.write(lambda tx, person: chat_messages.write_prompt(tx, person, new, limits))
        )

    @post("/assistant_message", status_code=200)
    async def create_assistant_message(
        self, visitor: NamedDependency[Visitor], chat_id: FromPath[UUID], data: JSONBody[CreateAssistantMessageRequest]
    ) -> MessageRead:
        """Ask a model to answer a prompt; again, to have another answer beside the first. `…/events` shows it come.

        With an `Idempotency-Key`, sending the same again gives the same message.
        """
        hub, key = visitor.call.hub, visitor.call.idempotency_key
        model = await model_named(hub, data.model_config_name)
        work, limits = data.work(model.context_length), limits_of(hub)
        new = NewAnswer(chat_id=chat_id, parent_id=data.parent_id, work=work, request_key=key)

        def plan(tx: Transaction, person: User) -> tuple[User, Plan]:
            return person, chat_messages.plan(tx, person, new, limits)

        def keep(tx: Transaction, person: User) -> ChatMessage:
            return chat_messages.ask(tx, person, planned, key, limits)

        person, planned = await visitor.read(plan)
        if planned.is_made:
            return MessageRead.of(planned.message)
        message = await begin(visitor, person, planned, keep)
        await hub.generations.end_waiting(person.id, besides=planned.message.parent_id)
        return MessageRead.of(message)

    @get("/messages/{message_id:uuid}")
    async def get_message(
        self, visitor: NamedDependency[Visitor], chat_id: FromPath[UUID], message_id: FromPath[UUID]
    ) -> MessageRead:
        """One message."""
        return MessageRead.of(await find(visitor, chat_id, message_id))

    @post("/messages/{message_id:uuid}/stop", status_code=200)
    async def stop_message(
        self, visitor: NamedDependency[Visitor], chat_id: FromPath[UUID], message_id: FromPath[UUID]
    ) -> MessageRead:
        """Stop an answer that is being written; what there is of it stays. One that has ended is left as it is."""
        await find(visitor, chat_id, message_id)
        await visitor.call.hub.generations.end(message_id)
        return MessageRead.of(await find(visitor, chat_id, message_id))

    @post("/messages/{message_id:uuid}/continue", status_code=200)
    async def continue_message(
        self, visitor: NamedDependency[Visitor], chat_id: FromPath[UUID], message_id: FromPath[UUID]
    ) -> MessageRead:
        """Have an answer written on that was stopped, cut off or failed. `…/events` goes on with what follows."""

        def plan(tx: Transaction, person: User) -> tuple[User, Plan]:
            return person, chat_messages.plan_continue(tx, person, chat_id, message_id)

        def keep(tx: Transaction, person: User) -> ChatMessage:
            return chat_messages.continue_answer(tx, person, chat_id, message_id)

        person, planned = await visitor.read(plan)
        await model_named(visitor.call.hub, planned.question.model)
        return MessageRead.of(await begin(visitor, person, planned, keep))

    @get("/messages/{message_id:uuid}/events", media_type="text/event-stream")
    async def message_events(
        self, visitor: NamedDependency[Visitor], chat_id: FromPath[UUID], message_id: FromPath[UUID]
    ) -> Response[Any]:
        """An answer as it is written, as server-sent events: `pending`, `plugin_intermediate`, `token`, and at the end
        one `message` or `error`.

        Any number of clients may watch, from the beginning or, with `Last-Event-ID`, from where they were cut off. An
        answer that has ended is 204 without that header, and is told once more with it.
        """
        after = last_event_id(visitor.call.header(b"last-event-id"))
        if (await find(visitor, chat_id, message_id)).role is not Role.ASSISTANT:
            raise Invalid("a prompt has no events; watch the answer to it")
        generation = visitor.call.hub.generations.find(message_id)
        if generation is not None:
            return EventStream(_live(visitor.call.hub, generation, after or 0))
        message = await find(visitor, chat_id, message_id)  # it may have ended a moment ago
        if not message.state.is_finished:
            raise Unavailable("nobody writes this answer now; ask for another one")
        if after is None:
            return Response(None, status_code=204)
        return EventStream(_ended(visitor.call.hub, message, after))


async def begin(
    visitor: Visitor, person: User, planned: Plan, keep: Callable[[Transaction, User], ChatMessage]
) -> ChatMessage:
    """Put a question and give its answer its place.

    Raises:
        TooMany: the person has asked too often lately, or the queue is full.
        OaError: what the model, or `keep`, says against it.
    """
    hub = visitor.call.hub
    hub.chat_rate.take(person.id)
    try:
        pieces = await _asked(hub, planned)
        return await hub.generations.begin(planned, person.id, pieces, lambda: visitor.write(keep))
    except BaseException:
        hub.chat_rate.give_back(person.id)
        raise


async def _asked(hub: Hub, planned: Plan) -> Pieces:
    """What the model says, with the tools that were chosen for it.

    Raises:
        ToolFailed, NotSupported: they cannot be had.
    """
    chosen = msgspec.convert((planned.message.work or {}).get("plugins", []), list[PluginEntry])
    tools = await hub.plugins.tools(chosen) if chosen else ()
    if not tools:
        return cast(Pieces, hub.answering.answer(planned.question))
    return answer_with_tools(hub.answering, planned.question, tools)


async def find(visitor: Visitor, chat_id: UUID, message_id: UUID) -> ChatMessage:
    return await visitor.read(lambda tx, person: chat_messages.find(tx, person, chat_id, message_id))


async def model_named(hub: Hub, name: str) -> Model:
    """
    Raises:
        Unavailable: this hub has no model at all.
        UnknownModel: it has none of this name.
    """
    models = await hub.answering.models()
    if not models:
        raise Unavailable("this hub has no model that could answer; whoever runs it adds one with `oa model add`")
    for model in models:
        if model.name == name:
            return model
    raise UnknownModel(f"there is no model {name[:80]!r} here; there is {', '.join(model.name for model in models)}")


def limits_of(hub: Hub) -> ChatLimits:
    settings = hub.config.chat
    return ChatLimits(max_messages=settings.max_messages, max_message_characters=settings.max_message_characters)


async def _live(hub: Hub, generation: Generation, after: int) -> AsyncGenerator[bytes, None]:
    """An answer under way."""
    yield RETRY
    if after + 1 < generation.first_number:
        past = await hub.database.read(lambda tx: generating.events_after(tx, generation.message_id, after))
        yield b"".join(frames([event for event in past if event.number < generation.first_number]))
    async with aclosing(generation.watch(after, hub.generations.heartbeat_s)) as news:
        async for piece in news:
            yield piece


async def _ended(hub: Hub, message: ChatMessage, after: int) -> AsyncGenerator[bytes, None]:
    """An answer that has ended, once more."""
    events = await hub.database.read(lambda tx: generating.events_after(tx, message.id, after))
    yield b"".join((*frames(events), last_frame(message)))
