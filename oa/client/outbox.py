"""Answers that wait to be sent: each a file on disk, sent in order, and kept by the hub once however often it is sent.

What the hub takes is removed. What cannot be sent now stays. What the hub refuses for good goes, with the reason, to
`refused`, so that nobody loses a text.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID, uuid4

import msgspec

from oa.client.tasks import Tasks
from oa.errors import (
    ClientNotAuthorized,
    OaError,
    TaskSkipped,
    TermsNotAccepted,
    TooMany,
    Unauthorized,
    Unavailable,
    UserDisabled,
)
from oa.protocol.tasks import ReviewTask


class Written(msgspec.Struct, frozen=True, kw_only=True, tag="written"):
    """A prompt or a reply."""

    text: str
    name: str
    """What the new message is called."""


class Ranked(msgspec.Struct, frozen=True, kw_only=True, tag="ranked"):
    """Places in the task's list, best first."""

    order: list[int]
    not_rankable: bool = False


class Labelled(msgspec.Struct, frozen=True, kw_only=True, tag="labelled"):
    """0..1 for each label that was answered."""

    task: ReviewTask
    labels: dict[str, float]


class Declined(msgspec.Struct, frozen=True, kw_only=True, tag="declined"):
    """The task is given back."""

    reason: str | None = None


Answer = Written | Ranked | Labelled | Declined


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """One answer to one task."""

    key: UUID
    """The idempotency key: the hub takes what comes with it once."""
    task_id: UUID
    answer: Answer
    created: datetime
    number: int = 0
    """Its place in the line."""
    refused: str | None = None
    """Why the hub does not take it."""


@dataclass(frozen=True, slots=True)
class Delivery:
    """What came of one attempt to send everything."""

    sent: tuple[Entry, ...] = ()
    refused: tuple[Entry, ...] = ()
    waiting: int = 0
    reason: str | None = None
    """Why the rest waits."""


NOT_NOW = (Unavailable, TooMany)
"""The answer is all right; the hub cannot take it yet."""

OUTSIDE = (ClientNotAuthorized, TermsNotAccepted, Unauthorized, UserDisabled)
"""The answer is all right; the person must sign in again, accept the terms, or talk to a moderator."""


class Outbox:
    """The line of one person at one hub. Two programs may share it: a file is in one piece or not there."""

    def __init__(
        self,
        directory: Path,
        *,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        new_id: Callable[[], UUID] = uuid4,
    ) -> None:
        self._directory = directory
        self._now = now
        self._new_id = new_id

    def put(self, task_id: UUID, answer: Answer) -> Entry:
        """Keep an answer until it is sent; on disk when this returns. It replaces an unsent one to the same task."""
        self.take_back(task_id)
        number = max((entry.number for entry in self.waiting()), default=0) + 1
        entry = Entry(key=self._new_id(), task_id=task_id, answer=answer, created=self._now(), number=number)
        self._write(self._directory, entry)
        return entry

    def waiting(self) -> list[Entry]:
        """What is still to be sent, in its order."""
        return self._read(self._directory)

    def refused(self) -> list[Entry]:
        """What the hub has refused for good, with its reasons."""
        return self._read(self._directory / "refused")

    def take_back(self, task_id: UUID) -> Entry | None:
        """Remove the unsent answer to a task; None when there is none."""
        for entry in self.waiting():
            if entry.task_id == task_id:
                self._path(self._directory, entry).unlink(missing_ok=True)
                return entry
        return None

    def forget(self, entry: Entry) -> None:
        """Remove a refused answer."""
        self._path(self._directory / "refused", entry).unlink(missing_ok=True)

    async def deliver(self, tasks: Tasks) -> Delivery:
        """Send what waits, in order, until all is sent or the hub cannot take more now."""
        sent: list[Entry] = []
        refused: list[Entry] = []
        waiting = self.waiting()
        reason: str | None = None
        for entry in waiting:
            try:
                await send(tasks, entry)
            except (*NOT_NOW, *OUTSIDE) as error:
                reason = str(error)
                break
            except OaError as error:
                if type(error) is OaError:  # a fault of the hub, perhaps with this answer only: the others go on
                    reason = str(error)
                    continue
                kept = msgspec.structs.replace(entry, refused=str(error))
                self._write(self._directory / "refused", kept)
                refused.append(kept)
            else:
                sent.append(entry)
            self._path(self._directory, entry).unlink(missing_ok=True)
        return Delivery(tuple(sent), tuple(refused), len(waiting) - len(sent) - len(refused), reason)

    def _write(self, directory: Path, entry: Entry) -> None:
        write_file(self._path(directory, entry), msgspec.json.encode(entry))

    def _read(self, directory: Path) -> list[Entry]:
        found: list[Entry] = []
        for path in sorted(directory.glob("*.json")):
            try:
                found.append(msgspec.json.decode(path.read_bytes(), type=Entry))
            except (OSError, msgspec.MsgspecError):  # another program has just sent it, or a disk has lost it
                continue
        return sorted(found, key=lambda entry: (entry.number, entry.created))

    def _path(self, directory: Path, entry: Entry) -> Path:
        return directory / f"{entry.key}.json"


async def send(tasks: Tasks, entry: Entry) -> None:
    """Take a task and answer it, with the entry's own key.

    Raises:
        OaError: the hub does not take it, or cannot be reached.
    """
    keyed = tasks.keyed(entry.key)
    name = f"task-{entry.task_id}"
    match entry.answer:
        case Declined(reason=reason):
            try:
                await keyed.decline(entry.task_id, reason)
            except TaskSkipped:
                return  # an earlier attempt arrived
        case Written(text=text, name=message_name):
            await keyed.acknowledge(entry.task_id, name)
            await keyed.reply(name, text, user_message_id=message_name)
        case Ranked(order=order, not_rankable=not_rankable):
            await keyed.acknowledge(entry.task_id, name)
            await keyed.rank(name, order, not_rankable=not_rankable or None)
        case Labelled(task=task, labels=labels):
            await keyed.acknowledge(entry.task_id, name)
            await keyed.label(task, labels)


def write_file(path: Path, content: bytes) -> None:
    """Write a private file that is there whole or not at all, whatever happens to the machine."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    unfinished = path.with_name(f"{path.name}.{os.getpid()}.part")
    descriptor = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    unfinished.replace(path)
