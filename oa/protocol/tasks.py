"""Work on the wire: how it is asked for, what it looks like, and how it is answered."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, TypeAlias
from uuid import UUID

import msgspec

from oa.domain.checks import Check, Finding
from oa.domain.labels import Disposition, ReviewMode
from oa.domain.tasks import TaskKind
from oa.domain.views import Assignment, MessageView
from oa.protocol.conversations import Conversation, ConversationMessage
from oa.protocol.labels import LabelDescription, TextLabels, describe
from oa.protocol.users import User

FrontendId = Annotated[str, msgspec.Meta(max_length=200)]
"""What the program calls a message."""

Language = Annotated[str, msgspec.Meta(max_length=32)]

# --- asking ----------------------------------------------------------------------------------------------------------


class TaskRequestType(StrEnum):
    """What can be asked for. Some kinds exist by name only: nobody ever gets them."""

    RANDOM = "random"
    SUMMARIZE_STORY = "summarize_story"
    RATE_SUMMARY = "rate_summary"
    INITIAL_PROMPT = "initial_prompt"
    PROMPTER_REPLY = "prompter_reply"
    ASSISTANT_REPLY = "assistant_reply"
    RANK_INITIAL_PROMPTS = "rank_initial_prompts"
    RANK_PROMPTER_REPLIES = "rank_prompter_replies"
    RANK_ASSISTANT_REPLIES = "rank_assistant_replies"
    LABEL_INITIAL_PROMPT = "label_initial_prompt"
    LABEL_ASSISTANT_REPLY = "label_assistant_reply"
    LABEL_PROMPTER_REPLY = "label_prompter_reply"

    @property
    def kind(self) -> TaskKind | None:
        """The kind of work behind the name; None for `random` and for what exists by name only."""
        return _KINDS.get(self)


_KINDS = {TaskRequestType(kind): kind for kind in TaskKind}


class TaskRequest(msgspec.Struct, frozen=True, kw_only=True):
    type: TaskRequestType = TaskRequestType.RANDOM
    user: User | None = None
    """Needed from a program; a person's token says who it is."""
    collective: bool = False
    """Many people answer the task together, until it is closed."""
    lang: Language | None = None
    """The language of the work; English where nothing is said."""


class TaskAck(msgspec.Struct, frozen=True, kw_only=True):
    message_id: FrontendId
    """The program's id for the message that shows the task, by which the task is answered."""


class TaskNAck(msgspec.Struct, frozen=True, kw_only=True):
    reason: Annotated[str, msgspec.Meta(max_length=512)] | None = None


class TaskClose(msgspec.Struct, frozen=True, kw_only=True):
    message_id: FrontendId
    """The id under which the collective task was acknowledged."""


# --- the work --------------------------------------------------------------------------------------------------------


class Task(msgspec.Struct, frozen=True, kw_only=True, tag_field="type"):
    id: UUID


class TextWarning(msgspec.Struct, frozen=True, kw_only=True):
    """Something that a text has and that this community would rather not have; the text was taken all the same."""

    check: Check
    what: str
    """To be read after `it has`, such as `an e-mail address`."""

    @classmethod
    def of(cls, finding: Finding) -> TextWarning:
        return cls(check=finding.check, what=finding.what)


class TaskDone(Task, frozen=True, kw_only=True, omit_defaults=True, tag="task_done"):
    """Nothing more is to be done."""

    warnings: list[TextWarning] = []
    """To be shown to whoever wrote the text, who may replace it as long as nobody has built on it; left out if none."""


class SummarizeStoryTask(Task, frozen=True, kw_only=True, tag="summarize_story"):
    """Known to clients, never sent."""

    story: str


class RatingScale(msgspec.Struct, frozen=True, kw_only=True):
    min: int
    max: int


class RateSummaryTask(Task, frozen=True, kw_only=True, tag="rate_summary"):
    """Known to clients, never sent."""

    scale: RatingScale = RatingScale(min=1, max=5)
    full_text: str
    summary: str


class InitialPromptTask(Task, frozen=True, kw_only=True, tag="initial_prompt"):
    """Begin a conversation."""

    hint: str | None = None


class ReplyToConversationTask(Task, frozen=True, kw_only=True, tag="reply_to_conversation"):
    """What both kinds of reply have in common; never sent itself."""

    conversation: Conversation
    """Ends with the message to answer."""


class PrompterReplyTask(ReplyToConversationTask, frozen=True, kw_only=True, tag="prompter_reply"):
    """Go on as the one who asks."""

    hint: str | None = None


class AssistantReplyTask(ReplyToConversationTask, frozen=True, kw_only=True, tag="assistant_reply"):
    """Answer as the assistant."""


class RankInitialPromptsTask(Task, frozen=True, kw_only=True, tag="rank_initial_prompts"):
    """Known to clients, never sent."""

    prompts: list[str]
    prompt_messages: list[ConversationMessage]


class RankConversationRepliesTask(Task, frozen=True, kw_only=True, tag="rank_conversation_replies"):
    """What both kinds of ranking have in common; never sent itself."""

    conversation: Conversation
    replies: list[str]
    """The texts of `reply_messages`, for old clients."""
    reply_messages: list[ConversationMessage]
    """What is to be ranked; the numbers of a ranking count in this order."""
    message_tree_id: UUID
    ranking_parent_id: UUID
    reveal_synthetic: bool
    """All replies are machines', and it may be said."""


class RankPrompterRepliesTask(RankConversationRepliesTask, frozen=True, kw_only=True, tag="rank_prompter_replies"):
    """Put the prompter's replies in order."""


class RankAssistantRepliesTask(RankConversationRepliesTask, frozen=True, kw_only=True, tag="rank_assistant_replies"):
    """Put the assistant's replies in order."""


class LabelTask(Task, frozen=True, kw_only=True):
    message_id: UUID
    """The message to review."""
    valid_labels: list[str]
    mandatory_labels: list[str] | None = None
    mode: ReviewMode | None = None
    disposition: Disposition | None = None
    """What the review is mainly for."""
    labels: list[LabelDescription] | None = None
    """`valid_labels`, described."""
    conversation: Conversation
    """Ends with the message to review."""


class LabelInitialPromptTask(LabelTask, frozen=True, kw_only=True, tag="label_initial_prompt"):
    """Review a prompt."""

    prompt: str | None = None
    """Its text, for old clients."""


class LabelConversationReplyTask(LabelTask, frozen=True, kw_only=True, tag="label_conversation_reply"):
    """What both kinds of reply review have in common; never sent itself."""

    reply: str | None = None
    """Its text, for old clients."""


class LabelPrompterReplyTask(LabelConversationReplyTask, frozen=True, kw_only=True, tag="label_prompter_reply"):
    """Review a reply of the prompter."""


class LabelAssistantReplyTask(LabelConversationReplyTask, frozen=True, kw_only=True, tag="label_assistant_reply"):
    """Review a reply of the assistant."""


AnyTask: TypeAlias = (
    TaskDone
    | SummarizeStoryTask
    | RateSummaryTask
    | InitialPromptTask
    | ReplyToConversationTask
    | PrompterReplyTask
    | AssistantReplyTask
    | RankInitialPromptsTask
    | RankConversationRepliesTask
    | RankPrompterRepliesTask
    | RankAssistantRepliesTask
    | LabelInitialPromptTask
    | LabelConversationReplyTask
    | LabelPrompterReplyTask
    | LabelAssistantReplyTask
)


def task_of(assignment: Assignment) -> AnyTask:
    """An assignment as it is sent."""
    match assignment.kind:
        case TaskKind.INITIAL_PROMPT:
            return InitialPromptTask(id=assignment.id)
        case TaskKind.PROMPTER_REPLY:
            return PrompterReplyTask(id=assignment.id, conversation=Conversation.of(assignment.conversation))
        case TaskKind.ASSISTANT_REPLY:
            return AssistantReplyTask(id=assignment.id, conversation=Conversation.of(assignment.conversation))
        case TaskKind.RANK_PROMPTER_REPLIES:
            return _ranking(RankPrompterRepliesTask, assignment)
        case TaskKind.RANK_ASSISTANT_REPLIES:
            return _ranking(RankAssistantRepliesTask, assignment)
        case TaskKind.LABEL_INITIAL_PROMPT:
            return _review(LabelInitialPromptTask, assignment, text_field="prompt")
        case TaskKind.LABEL_PROMPTER_REPLY:
            return _review(LabelPrompterReplyTask, assignment, text_field="reply")
        case TaskKind.LABEL_ASSISTANT_REPLY:
            return _review(LabelAssistantReplyTask, assignment, text_field="reply")


RankingTask: TypeAlias = RankPrompterRepliesTask | RankAssistantRepliesTask
ReviewTask: TypeAlias = LabelInitialPromptTask | LabelPrompterReplyTask | LabelAssistantReplyTask


def _ranking(kind: type[RankingTask], assignment: Assignment) -> RankingTask:
    """A ranking is blind: nobody is to know whose the replies are, nor which of them are machines'."""
    hides_machines = not assignment.reveal_synthetic
    replies = [
        ConversationMessage.of(reply, is_blind=True, hides_machines=hides_machines) for reply in assignment.replies
    ]
    parent = assignment.conversation[-1].message
    return kind(
        id=assignment.id,
        conversation=Conversation.of(assignment.conversation, is_blind=True),
        replies=[reply.text for reply in replies],
        reply_messages=replies,
        message_tree_id=assignment.tree_id or parent.tree_id,
        ranking_parent_id=parent.id,
        reveal_synthetic=assignment.reveal_synthetic,
    )


def _review(kind: type[ReviewTask], assignment: Assignment, *, text_field: str) -> ReviewTask:
    """A review is blind, too."""
    reviewed: MessageView = assignment.conversation[-1]
    return kind(
        id=assignment.id,
        message_id=reviewed.message.id,
        valid_labels=list(assignment.valid_labels),
        mandatory_labels=list(assignment.mandatory_labels),
        mode=assignment.mode,
        disposition=assignment.mode.disposition,
        labels=describe(assignment.valid_labels),
        conversation=Conversation.of(assignment.conversation, is_blind=True),
        **{text_field: reviewed.message.text},
    )


# --- answering -------------------------------------------------------------------------------------------------------


class TextReplyToMessage(msgspec.Struct, frozen=True, kw_only=True, tag_field="type", tag="text_reply_to_message"):
    """A text that somebody wrote: a prompt or a reply, as the task asked."""

    user: User | None = None
    message_id: FrontendId
    """The id under which the task was acknowledged."""
    user_message_id: FrontendId
    """The program's id for the new message."""
    text: Annotated[str, msgspec.Meta(min_length=1)]
    lang: Language | None = None
    """The language of the text; that of the task where nothing is said."""


class MessageRanking(msgspec.Struct, frozen=True, kw_only=True, tag_field="type", tag="message_ranking"):
    """The order in which somebody puts the replies of a ranking task."""

    user: User | None = None
    message_id: FrontendId
    """The id under which the task was acknowledged."""
    ranking: Annotated[list[int], msgspec.Meta(min_length=1)]
    """Places in the task's list, best first, each of them once."""
    not_rankable: bool | None = None
    """None of them is any good, so that their order means nothing."""


class MessageRating(msgspec.Struct, frozen=True, kw_only=True, tag_field="type", tag="message_rating"):
    """A mark for a summary. No task asks for it."""

    user: User | None = None
    message_id: FrontendId
    rating: Annotated[int, msgspec.Meta(gt=0)]


Interaction: TypeAlias = TextReplyToMessage | MessageRating | MessageRanking | TextLabels
