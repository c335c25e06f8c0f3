"""What somebody has begun and not handed in, on disk after every change, together with the task that it answers."""

from __future__ import annotations

from collections.abc import Callable, Collection
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

import msgspec

from oa.client.outbox import write_file
from oa.domain.tasks import TaskKind
from oa.protocol.tasks import (
    AssistantReplyTask,
    InitialPromptTask,
    LabelAssistantReplyTask,
    LabelInitialPromptTask,
    LabelPrompterReplyTask,
    PrompterReplyTask,
    RankAssistantRepliesTask,
    RankPrompterRepliesTask,
)

Doable = (
    InitialPromptTask
    | PrompterReplyTask
    | AssistantReplyTask
    | LabelInitialPromptTask
    | LabelPrompterReplyTask
    | LabelAssistantReplyTask
    | RankPrompterRepliesTask
    | RankAssistantRepliesTask
)
"""The tasks that people are given."""


def kind_of(task: Doable) -> TaskKind:
    return TaskKind(str(type(task).__struct_config__.tag))


class Progress(msgspec.Struct, frozen=True, kw_only=True):
    """How far somebody has come with a task; what does not belong to its kind stays empty."""

    text: str = ""
    labels: dict[str, float] = {}
    order: list[int] = []
    not_rankable: bool = False


NOTHING_YET = Progress()


class Draft(msgspec.Struct, frozen=True, kw_only=True):
    """A task in hand and the progress with it."""

    task: Doable
    lang: str
    progress: Progress = NOTHING_YET
    saved: datetime


class Drafts:
    """The drafts of one person at one hub, a file each."""

    def __init__(self, directory: Path, *, now: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self._directory = directory
        self._now = now

    def keep(self, task: Doable, lang: str, progress: Progress) -> Draft:
        draft = Draft(task=task, lang=lang, progress=progress, saved=self._now())
        write_file(self._directory / f"{task.id}.json", msgspec.json.encode(draft))
        return draft

    def drop(self, task_id: UUID) -> None:
        (self._directory / f"{task_id}.json").unlink(missing_ok=True)

    def all(self) -> list[Draft]:
        """The latest first; a file that cannot be read is left where it is."""
        found: list[Draft] = []
        for path in self._directory.glob("*.json"):
            try:
                found.append(msgspec.json.decode(path.read_bytes(), type=Draft))
            except (OSError, msgspec.MsgspecError):
                continue
        return sorted(found, key=lambda draft: draft.saved, reverse=True)

    def find(self, kinds: Collection[TaskKind], lang: str) -> Draft | None:
        """The latest of some kinds in a language."""
        return next((draft for draft in self.all() if draft.lang == lang and kind_of(draft.task) in kinds), None)
