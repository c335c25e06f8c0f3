"""Failures of models, chats, tools and workers."""

from __future__ import annotations

from oa.errors.kinds import Conflict, Invalid, NotFound, TooMany, Unavailable


class UnknownModel(NotFound):
    """No model of this name can be asked; the message names those that can."""

    code = "unknown_model"


class PromptTooLong(Invalid):
    """The prompt alone does not fit into the model's context; the message has both numbers."""

    code = "prompt_too_long"


class NotSupported(Invalid):
    """The model, or the engine that runs it, cannot do what was asked."""

    code = "not_supported"


class BadTemplate(Invalid):
    """The model's chat template cannot be read, or refuses this conversation."""

    code = "bad_template"


class BadModel(Invalid):
    """What was named is no model, is damaged, or cannot run here; the message says what was found."""

    code = "bad_model"


class ModelFailed(Unavailable):
    """The model could not be loaded, or died while it answered."""

    code = "model_failed"


class UpstreamFailed(Unavailable):
    """The server that runs the model is down, refuses, or does not keep to its protocol."""

    code = "upstream_failed"


class QueueFull(TooMany):
    """As many requests wait for the model as may."""

    code = "model_queue_full"


class TimedOut(Unavailable):
    """The request waited, or ran, longer than the hub allows."""

    code = "timed_out"


class ChatNotFound(NotFound):
    """The chat does not exist, or is somebody else's."""

    code = "chat_not_found"


class ChatMessageNotFound(NotFound):
    """The message is not in this chat."""

    code = "chat_message_not_found"


class CannotAnswer(Conflict):
    """The message is not one that can be answered, continued, stopped or judged in this way now."""

    code = "cannot_answer"


class ChatFull(Invalid):
    """The chat has as many messages as one may have."""

    code = "chat_full"


class ChatMessageTooLong(Invalid):
    """The text is longer than a message of a chat may be; the message has both numbers."""

    code = "chat_message_too_long"


class ToolFailed(Unavailable):
    """A tool could not be reached, is not allowed, or answered what cannot be used."""

    code = "tool_failed"


class WorkerNotFound(NotFound):
    code = "worker_not_found"
