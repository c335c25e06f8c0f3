"""Who works is never stopped; who hoards is, for a while."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest

from oa.domain.people import AccountRole, Caller, Client, Identity, User
from oa.domain.tasks import RATE_LIMIT, RATE_LIMITS, TaskKind
from oa.errors import TooMany
from oa.server import limits as module
from oa.server.limits import WITHOUT_USER, Limits

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
PROGRAM = Caller(Client(id=uuid4(), description="bot", trusted=False))
ADA = Identity("local", "ada")


def after(seconds: float) -> datetime:
    return NOON + timedelta(seconds=seconds)


def take(limits: Limits, now: datetime = NOON, kind: TaskKind | None = None, who: Identity | None = ADA) -> UUID:
    """Ask for a task and get it."""
    task_id = uuid4()
    limits.handed_out(task_id, limits.take(PROGRAM, who, kind, now), now)
    return task_id


def exhaust(limits: Limits, kind: TaskKind | None = None) -> list[UUID]:
    allowed = RATE_LIMIT if kind is None else RATE_LIMITS[kind]
    return [take(limits, kind=kind) for _ in range(allowed.requests)]


@pytest.mark.parametrize(
    ("kind", "requests", "window_s"),
    [(None, 30, 240), (TaskKind.ASSISTANT_REPLY, 4, 120), (TaskKind.PROMPTER_REPLY, 8, 120)],
)
def test_a_hoarder_is_stopped_and_told_for_how_long(kind: TaskKind | None, requests: int, window_s: int) -> None:
    limits = Limits()
    for _ in range(requests):
        take(limits, kind=kind)
    with pytest.raises(TooMany, match=f"ask again in {window_s - 10} seconds") as stopped:
        take(limits, after(10), kind)
    assert stopped.value.retry_after_s == window_s - 10


def test_the_window_begins_with_the_first_request_and_is_not_moved_by_others() -> None:
    limits = Limits()
    take(limits)
    for _ in range(RATE_LIMIT.requests - 1):
        take(limits, after(200))
    with pytest.raises(TooMany):
        take(limits, after(239.9))
    take(limits, after(240))


def test_the_wait_is_at_least_a_second() -> None:
    limits = Limits()
    exhaust(limits)
    with pytest.raises(TooMany) as stopped:
        take(limits, after(239.999))
    assert stopped.value.retry_after_s == 1


def test_people_do_not_count_for_each_other() -> None:
    limits = Limits()
    exhaust(limits)
    take(limits, who=Identity("local", "bob"))
    take(limits, who=Identity("discord", "ada"))
    limits.take(Caller(Client(id=uuid4(), description="other", trusted=False)), ADA, None, NOON)


def test_a_person_with_a_token_counts_as_themselves_whatever_they_name() -> None:
    limits = Limits()
    person = User(
        id=uuid4(),
        username="eve",
        auth_method="local",
        display_name="Eve",
        api_client_id=PROGRAM.client.id,
        created_date=NOON,
    )
    caller = Caller(PROGRAM.client, person, AccountRole.VOLUNTEER)
    for number in range(RATE_LIMIT.requests):
        limits.take(caller, Identity("local", f"mask{number}"), None, NOON)
    with pytest.raises(TooMany):
        limits.take(caller, Identity("local", "one more"), None, NOON)


def test_random_requests_do_not_count_for_a_kind() -> None:
    limits = Limits()
    for _ in range(10):
        take(limits)
    take(limits, kind=TaskKind.ASSISTANT_REPLY)


def test_requests_without_a_user_have_a_limit_of_their_own_for_each_key() -> None:
    limits = Limits()
    for _ in range(WITHOUT_USER.requests):
        limits.take(PROGRAM, None, None, NOON)
    with pytest.raises(TooMany):
        limits.take(PROGRAM, None, None, NOON)
    take(limits)


def test_an_answer_gives_the_count_back() -> None:
    limits = Limits()
    for task_id in exhaust(limits, TaskKind.ASSISTANT_REPLY):
        limits.acknowledged(PROGRAM, task_id, str(task_id))
        limits.answered_message(PROGRAM, str(task_id))
    exhaust(limits, TaskKind.ASSISTANT_REPLY)
    with pytest.raises(TooMany):
        take(limits, kind=TaskKind.ASSISTANT_REPLY)


def test_an_answer_gives_back_once_however_often_it_is_reported() -> None:
    limits = Limits()
    first, *_ = exhaust(limits)
    for _ in range(3):
        limits.answered(first)
    take(limits)
    with pytest.raises(TooMany):
        take(limits)


def test_an_answer_in_a_later_window_gives_nothing_to_it() -> None:
    limits = Limits()
    early = take(limits)
    for _ in range(RATE_LIMIT.requests):
        take(limits, after(240))
    limits.answered(early)
    with pytest.raises(TooMany):
        take(limits, after(241))


def test_the_same_task_handed_out_again_counts_once() -> None:
    limits = Limits()
    task_id = uuid4()
    for _ in range(RATE_LIMIT.requests * 2):
        limits.handed_out(task_id, limits.take(PROGRAM, ADA, None, NOON), NOON)


def test_another_programs_message_id_gives_nothing_back() -> None:
    limits = Limits()
    task_id, *_ = exhaust(limits)
    limits.acknowledged(PROGRAM, task_id, "message")
    limits.answered_message(Caller(Client(id=uuid4(), description="other", trusted=False)), "message")
    with pytest.raises(TooMany):
        take(limits)


def kept(limits: Limits) -> int:
    return sum(len(vars(limits)[name]) for name in ("_windows", "_handed", "_by_message"))


def test_what_is_over_is_forgotten() -> None:
    limits = Limits()
    for number in range(1000):
        task_id = take(limits, who=Identity("local", f"user{number}"))
        limits.acknowledged(PROGRAM, task_id, str(task_id))
    for _ in range(600):
        limits.answered(take(limits, after(600)))
    assert kept(limits) <= 3


def test_memory_is_bounded_however_many_users_a_program_invents(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST_KEPT", 100)
    limits = Limits()
    for number in range(1000):
        task_id = take(limits, who=Identity("local", f"user{number}"), kind=TaskKind.ASSISTANT_REPLY)
        limits.acknowledged(PROGRAM, task_id, str(task_id))
    assert kept(limits) <= 3 * (100 + 2)
