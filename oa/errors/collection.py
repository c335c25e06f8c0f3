"""Failures of the work on trees: lists, tasks, messages, moderation."""

from __future__ import annotations

from oa.errors.kinds import Conflict, Forbidden, Invalid, NotFound, OaError, Unavailable


class SortKeyUnsupported(Invalid):
    code = "sort_key_unsupported"
    number = 100


class InvalidCursor(Invalid):
    code = "invalid_cursor"
    number = 101


class TaskInvalidRequestType(Invalid):
    code = "task_invalid_request_type"
    number = 1000


class TaskInvalidResponseType(Invalid):
    """The answer is of another kind than the task asked for."""

    code = "task_invalid_response_type"
    number = 1003


class TaskTypeNotAvailable(Unavailable):
    """Nothing of the kind that was asked for is open for this person now."""

    code = "task_requested_type_not_available"
    number = 1006


class MessageTooLong(Invalid):
    code = "task_message_too_long"
    number = 1008


class MessageDuplicated(Conflict):
    """The same person sent the same text a short time ago."""

    code = "task_message_duplicated"
    number = 1009


class MessageTextEmpty(Invalid):
    code = "task_message_text_empty"
    number = 1010


class DuplicateReply(Conflict):
    """The person has answered this message already."""

    code = "task_message_duplicate_reply"
    number = 1011


class TooManyPending(Conflict):
    code = "task_too_many_pending"
    number = 1012


class TextRefused(Invalid):
    """The text has something that this community does not take. OA's own."""

    code = "task_message_refused"
    number = 1013


class InvalidFrontendMessageId(Invalid):
    code = "invalid_frontend_message_id"
    number = 2000


class MessageNotFound(NotFound):
    code = "message_not_found"
    number = 2001


class InvalidRanking(Invalid):
    code = "invalid_ranking_value"
    number = 2003


class InvalidTaskType(Invalid):
    code = "invalid_task_type"
    number = 2004


class TreeNotFound(NotFound):
    code = "no_message_tree_found"
    number = 2006


class NoReplies(NotFound):
    code = "no_replies_found"
    number = 2007


class BrokenConversation(OaError):
    """A message whose ancestors are not all there; the data, not the caller, is at fault."""

    code = "broken_conversation"
    number = 2009


class TreeAborted(Conflict):
    """The tree no longer takes replies."""

    code = "tree_in_aborted_state"
    number = 2010


class CorruptRanking(Conflict):
    """A reply that was to be ranked is no longer a reply to the same message."""

    code = "corrupt_ranking_result"
    number = 2011


class LabelsForWrongMessage(Invalid):
    code = "text_labels_wrong_message_id"
    number = 2050


class InvalidLabel(Invalid):
    code = "text_labels_invalid_label"
    number = 2051


class MandatoryLabelMissing(Invalid):
    code = "text_labels_mandatory_label_missing"
    number = 2052


class NoSelfLabeling(Conflict):
    code = "text_labels_no_self_labeling"
    number = 2053


class AlreadyLabeled(Conflict):
    """Shares its number with `NoSelfLabeling`, as Open-Assistant's clients expect; the code tells them apart."""

    code = "text_labels_duplicate_task_reply"
    number = 2053


class TaskNotFound(NotFound):
    code = "task_not_found"
    number = 2100


class TaskExpired(Conflict):
    code = "task_expired"
    number = 2101


class TaskAlreadyUpdated(Conflict):
    """The task was acknowledged with another message id."""

    code = "task_already_updated"
    number = 2103


class TaskNotAcknowledged(Conflict):
    code = "task_not_ack"
    number = 2104


class TaskAlreadyDone(Conflict):
    code = "task_already_done"
    number = 2105


class TaskNotAssigned(Forbidden):
    """The task belongs to somebody else."""

    code = "task_not_assigned_to_user"
    number = 2106


class TaskNotCollective(Conflict):
    """Shares its number with `TaskNotAssigned`, as Open-Assistant's clients expect."""

    code = "task_not_collective"
    number = 2106


class TaskSkipped(Conflict):
    """The task was given back or withdrawn, so it takes no answer. OA's own: the original answered such tasks."""

    code = "task_skipped"
    number = 2108


class SlotTaken(Conflict):
    """Others have given all the answers that were wanted while this one was being written. OA's own."""

    code = "task_slot_taken"
    number = 2109


class OwnMessage(Conflict):
    """The person wrote what they would answer or rank, which this community leaves to others. OA's own."""

    code = "task_own_message"
    number = 2110


class AnswerBuiltUpon(Conflict):
    """Others have built on the answer, or its review or ranking has closed, so that it stays. OA's own."""

    code = "task_answer_built_upon"
    number = 2111


class AnswerInUse(Conflict):
    """Somebody is at work on the answer just now, so that it stays for the moment. OA's own."""

    code = "task_answer_in_use"
    number = 2112


class TaskNotAnswered(Conflict):
    """There is no answer that could be taken back, or none any more. OA's own."""

    code = "task_not_answered"
    number = 2113


class MessageIsDeleted(Conflict):
    """The message was deleted; it must be restored before anything else is done to it. OA's own."""

    code = "message_is_deleted"


class PersonProtected(Forbidden):
    """Moderators act neither on admins nor on themselves. OA's own."""

    code = "person_protected"


class EventNotFound(NotFound):
    """The journal has no such entry. OA's own."""

    code = "event_not_found"


class CannotUndo(Conflict):
    """It cannot be taken back: by its nature, because it has been already, or because things have moved on."""

    code = "cannot_undo"


class EmojiOperationUnsupported(Invalid):
    code = "emoji_op_unsupported"
    number = 5000


class CachedStatsNotAvailable(NotFound):
    code = "cached_stats_not_available"
    number = 6000


class NoClassifier(Unavailable):
    """The hub has no classifier for toxicity."""

    code = "no_classifier"


class ClassifierFailed(Unavailable):
    code = "classifier_failed"
    number = 3001
