from __future__ import annotations

import stat
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID, uuid4

import pytest

from oa.client.outbox import Declined, Entry, Outbox, Written, write_file
from oa.client.tasks import Tasks
from oa.errors import OaError, TaskExpired, TooMany, Unauthorized, Unavailable


class Receiver(Tasks):
    """Takes answers, or refuses them in an order that the test decides."""

    def __init__(self, *answers: OaError | None) -> None:
        self.answers = list(answers)
        self.taken: list[str] = []
        self.keys: list[UUID] = []

    def keyed(self, key: UUID) -> Receiver:
        self.keys.append(key)
        return self

    async def decline(self, task_id: UUID, reason: str | None = None) -> None:
        answer = self.answers.pop(0) if self.answers else None
        if answer is not None:
            raise answer
        self.taken.append(reason or "")


@pytest.fixture
def outbox(tmp_path: Path) -> Outbox:
    return Outbox(tmp_path / "outbox", now=lambda: datetime(2026, 11, 20, tzinfo=UTC))


async def test_answers_are_sent_in_their_order(outbox: Outbox) -> None:
    for reason in "abc":
        outbox.put(uuid4(), Declined(reason=reason))
    receiver = Receiver()
    delivery = await outbox.deliver(receiver)
    assert (receiver.taken, delivery.waiting, len(delivery.sent)) == (["a", "b", "c"], 0, 3)
    assert outbox.waiting() == []


@pytest.mark.parametrize("error", [Unavailable("down"), TooMany("slow", retry_after_s=9), Unauthorized("who")])
async def test_what_cannot_be_sent_now_waits_with_all_behind_it(outbox: Outbox, error: OaError) -> None:
    for reason in "ab":
        outbox.put(uuid4(), Declined(reason=reason))
    delivery = await outbox.deliver(Receiver(error))
    assert (delivery.waiting, delivery.reason) == (2, str(error))
    assert [entry.answer for entry in outbox.waiting()] == [Declined(reason="a"), Declined(reason="b")]


async def test_a_fault_of_the_hub_keeps_one_answer_and_lets_the_others_pass(outbox: Outbox) -> None:
    for reason in "ab":
        outbox.put(uuid4(), Declined(reason=reason))
    receiver = Receiver(OaError("failed"))
    assert (await outbox.deliver(receiver)).waiting == 1
    assert receiver.taken == ["b"]


async def test_what_is_refused_for_good_is_kept_with_the_reason(outbox: Outbox) -> None:
    outbox.put(uuid4(), Declined(reason="a"))
    delivery = await outbox.deliver(Receiver(TaskExpired("too late")))
    (kept,) = outbox.refused()
    assert (kept.refused, delivery.refused, outbox.waiting()) == ("too late", (kept,), [])
    outbox.forget(kept)
    assert outbox.refused() == []


async def test_an_answer_keeps_its_key_from_attempt_to_attempt(outbox: Outbox) -> None:
    entry = outbox.put(uuid4(), Declined())
    receiver = Receiver(Unavailable("down"))
    await outbox.deliver(receiver)
    await outbox.deliver(receiver)
    assert receiver.keys == [entry.key, entry.key]


def test_a_second_answer_to_a_task_replaces_the_first(outbox: Outbox) -> None:
    task = uuid4()
    outbox.put(task, Written(text="a", name="n"))
    second = outbox.put(task, Written(text="b", name="n"))
    assert outbox.waiting() == [second]
    assert outbox.take_back(task) == second
    assert outbox.take_back(task) is None


def test_a_file_that_is_none_of_ours_is_left_alone(outbox: Outbox, tmp_path: Path) -> None:
    (tmp_path / "outbox").mkdir()
    (tmp_path / "outbox" / "x.json").write_text("{")
    assert outbox.waiting() == []
    assert (tmp_path / "outbox" / "x.json").exists()


def test_files_are_private_and_whole(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "file.json"
    write_file(path, b"one")
    write_file(path, b"two")
    assert path.read_bytes() == b"two"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert [one.name for one in path.parent.iterdir()] == ["file.json"]


def test_an_entry_says_nothing_that_it_was_not_given() -> None:
    entry = Entry(key=uuid4(), task_id=uuid4(), answer=Declined(), created=datetime(2026, 11, 20, tzinfo=UTC))
    assert (entry.refused, entry.number) == (None, 0)
