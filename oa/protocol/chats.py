"""Chats on the wire, as Open-Assistant's clients know them; what they do not know has its default."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Annotated
from uuid import UUID

import msgspec
from msgspec import structs

from oa.domain.chat_work import TOOL_ROUNDS, Work
from oa.domain.chats import Chat, ChatMessage, ChatTree, Report, ReportType, State
from oa.domain.paging import Page
from oa.domain.sampling import Sampling
from oa.domain.tree import Role
from oa.protocol.plugins import PluginEntry, PluginUsed

Title = Annotated[str, msgspec.Meta(max_length=100)]
Instructions = Annotated[str, msgspec.Meta(max_length=4000)]
Share = Annotated[float, msgspec.Meta(ge=0, le=1)]
Penalty = Annotated[float, msgspec.Meta(ge=-2, le=2)]


# --- requests --------------------------------------------------------------------------------------------------------


class CreateChatRequest(msgspec.Struct, frozen=True, kw_only=True):
    """Nothing needs to be said."""


class ChatUpdateRequest(msgspec.Struct, frozen=True, kw_only=True):
    """What is to be different; null leaves it as it is."""

    title: Title | None = None
    """An empty one has the chat called by its first prompt again."""
    hidden: bool | None = None
    allow_data_use: bool | None = None
    """Without it, nothing of the chat is ever exported for training."""
    active_thread_tail_message_id: UUID | None = None
    """The leaf of the branch to show."""


class CreatePrompterMessageRequest(msgspec.Struct, frozen=True, kw_only=True):
    parent_id: UUID | None = None
    """The answer that this goes on from; null to begin the chat, or to begin it anew beside its first prompt."""
    content: str


class SamplingParameters(msgspec.Struct, frozen=True, kw_only=True):
    """How the next token is chosen; null leaves a setting switched off."""

    top_k: Annotated[int, msgspec.Meta(ge=0, le=1_000_000)] | None = None
    top_p: Share | None = None
    min_p: Share | None = None
    typical_p: Share | None = None
    temperature: Annotated[float, msgspec.Meta(ge=0, le=100)] | None = None
    """0 is greedy."""
    repetition_penalty: Annotated[float, msgspec.Meta(gt=0, le=10)] | None = None
    presence_penalty: Penalty | None = None
    frequency_penalty: Penalty | None = None
    max_new_tokens: Annotated[int, msgspec.Meta(ge=1, le=10_000_000)] | None = 1024
    """Null: as many as there is room for."""
    seed: Annotated[int, msgspec.Meta(ge=0, le=2**31 - 1)] | None = None
    """Null: by chance; the answer says which it was."""

    def sampling(self) -> Sampling:
        return Sampling(
            temperature=1.0 if self.temperature is None else self.temperature,
            top_k=self.top_k or None,
            top_p=self.top_p,
            min_p=self.min_p,
            typical_p=self.typical_p,
            repetition_penalty=self.repetition_penalty,
            presence_penalty=self.presence_penalty,
            frequency_penalty=self.frequency_penalty,
            seed=self.seed,
        )

    @classmethod
    def of(cls, sampling: Sampling, max_tokens: int | None) -> SamplingParameters:
        return cls(
            **{name: getattr(sampling, name) for name in cls.__struct_fields__ if name != "max_new_tokens"},
            max_new_tokens=max_tokens,
        )


class CreateAssistantMessageRequest(msgspec.Struct, frozen=True, kw_only=True):
    """An answer to ask a model for."""

    parent_id: UUID
    """The prompt."""
    model_config_name: Annotated[str, msgspec.Meta(max_length=500)]
    """One of those that GET /configs/model_configs names."""
    sampling_parameters: SamplingParameters = SamplingParameters()
    system_prompt: Annotated[str, msgspec.Meta(max_length=20_000)] | None = None
    user_profile: Instructions | None = None
    """What every model may know of the person."""
    user_response_instructions: Instructions | None = None
    """How they want to be answered."""
    plugins: Annotated[list[PluginEntry], msgspec.Meta(max_length=20)] = []
    used_plugin: PluginUsed | None = None
    """Read by nobody."""

    def work(self, context_length: int) -> Work:
        parameters = self.sampling_parameters
        return Work(
            model=self.model_config_name,
            sampling=parameters.sampling(),
            max_tokens=parameters.max_new_tokens,
            system_prompt=self.system_prompt or "",
            user_profile=self.user_profile or "",
            response_instructions=self.user_response_instructions or "",
            plugins=tuple(msgspec.to_builtins(plugin) for plugin in self.plugins),
            context_length=context_length,
        )


class VoteRequest(msgspec.Struct, frozen=True, kw_only=True):
    score: int
    """1, -1, or 0 to take the vote back."""


class MessageEvalRequest(msgspec.Struct, frozen=True, kw_only=True):
    """One answer was chosen over others to the same prompt."""

    inferior_message_ids: Annotated[list[UUID], msgspec.Meta(max_length=100)]


class ReportRequest(msgspec.Struct, frozen=True, kw_only=True):
    report_type: ReportType
    reason: Annotated[str, msgspec.Meta(max_length=4000)]


# --- answers ---------------------------------------------------------------------------------------------------------


class ReportRead(msgspec.Struct, frozen=True, kw_only=True):
    id: UUID
    report_type: ReportType
    reason: str

    @classmethod
    def of(cls, report: Report) -> ReportRead:
        return cls(id=report.id, report_type=report.report_type, reason=report.reason)


class ModelConfig(msgspec.Struct, frozen=True, kw_only=True):
    """The model of an answer."""

    model_id: str
    max_input_length: int | None = None
    max_total_length: int | None = None
    """Of prompt and answer together, in tokens."""
    quantized: bool = False


class WorkParameters(msgspec.Struct, frozen=True, kw_only=True):
    """What a model was asked to keep to."""

    model_config: ModelConfig
    sampling_parameters: SamplingParameters
    do_sample: bool
    seed: int | None
    system_prompt: str | None
    user_profile: str | None
    user_response_instructions: str | None
    plugins: list[PluginEntry]
    plugin_max_depth: int = TOOL_ROUNDS

    @classmethod
    def of(cls, work: Work) -> WorkParameters:
        length = work.context_length
        return cls(
            model_config=ModelConfig(model_id=work.model, max_input_length=length, max_total_length=length),
            sampling_parameters=SamplingParameters.of(work.sampling, work.max_tokens),
            do_sample=work.sampling.temperature > 0,
            seed=work.sampling.seed,
            system_prompt=work.system_prompt or None,
            user_profile=work.user_profile or None,
            user_response_instructions=work.response_instructions or None,
            plugins=msgspec.convert(work.plugins, list[PluginEntry]),
        )


class MessageRead(msgspec.Struct, frozen=True, kw_only=True):
    id: UUID
    parent_id: UUID | None
    """The message that it answers; null for a prompt that begins the chat."""
    content: str | None
    """Null while it is being written, and where nothing came."""
    chat_id: UUID
    created_at: datetime
    role: Role
    state: State
    score: int
    """Its person's vote: 1, -1 or 0."""
    reports: list[ReportRead]
    work_parameters: WorkParameters | None = None
    """Null for prompts."""
    error: str | None = None
    """Why the answer failed."""
    finish_reason: str | None = None
    """`end`, `stop`, or `length` for an answer that was cut off and can be continued."""
    work_begin_at: datetime | None = None
    work_end_at: datetime | None = None
    worker: str | None = None
    prompt_tokens: int | None = None
    completion_tokens: int | None = None
    dropped_turns: int = 0
    """The oldest turns of the conversation that the model was not shown, for lack of room."""
    used_plugin: PluginUsed | None = None
    safe_content: str | None = None
    safety_level: int | None = None
    safety_label: str | None = None
    safety_rots: str | None = None

    @classmethod
    def of(cls, message: ChatMessage) -> MessageRead:
        return cls(
            id=message.id,
            parent_id=message.parent_id,
            content=message.content,
            chat_id=message.chat_id,
            created_at=message.created_date,
            role=message.role,
            state=message.state,
            score=message.score,
            reports=[ReportRead.of(report) for report in message.reports],
            work_parameters=None if message.work is None else WorkParameters.of(Work.of(message.work)),
            error=message.error,
            finish_reason=message.finish_reason,
            work_begin_at=message.begin_date,
            work_end_at=message.end_date,
            worker=message.worker,
            prompt_tokens=message.prompt_tokens,
            completion_tokens=message.completion_tokens,
            dropped_turns=message.dropped_turns,
            used_plugin=None if message.used_plugin is None else msgspec.convert(message.used_plugin, PluginUsed),
        )


class ChatListRead(msgspec.Struct, frozen=True, kw_only=True):
    id: UUID
    created_at: datetime
    modified_at: datetime
    """When its last prompt was written."""
    title: str | None
    hidden: bool
    allow_data_use: bool
    active_thread_tail_message_id: UUID | None = None

    @classmethod
    def of(cls, chat: Chat) -> ChatListRead:
        return cls(
            id=chat.id,
            created_at=chat.created_date,
            modified_at=chat.modified_date,
            title=chat.title,
            hidden=chat.hidden,
            allow_data_use=chat.allow_data_use,
            active_thread_tail_message_id=chat.active_tail_id,
        )


class ChatRead(ChatListRead, frozen=True, kw_only=True):
    """A chat with all its messages, oldest first."""

    messages: list[MessageRead]

    @classmethod
    def whole(cls, chat: Chat, tree: ChatTree) -> ChatRead:
        shown = replace(chat, active_tail_id=tree.tail(chat.active_tail_id))
        messages = [MessageRead.of(message) for message in tree.messages]
        return cls(**structs.asdict(ChatListRead.of(shown)), messages=messages)


class ListChatsResponse(msgspec.Struct, frozen=True, kw_only=True):
    chats: list[ChatListRead]
    next: str | None = None
    """Send it as `after` to get older chats; null at the end."""
    prev: str | None = None
    """Send it as `before` to get newer chats; null at the beginning."""

    @classmethod
    def of(cls, page: Page[Chat]) -> ListChatsResponse:
        return cls(chats=[ChatListRead.of(chat) for chat in page.items], next=page.next, prev=page.prev)
