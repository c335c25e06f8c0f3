from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from uuid import UUID

import httpx
import msgspec
import pytest

from oa.client.connection import Connection, Patience, Repeat, Request
from oa.domain.people import Identity
from oa.errors import OaError, StoreUnavailable, TaskTypeNotAvailable, TooMany, Unavailable

Step = httpx.Response | Callable[[httpx.Request], httpx.Response]


class Answer(msgspec.Struct):
    ok: bool


GOOD = httpx.Response(200, content=b'{"ok": true}')
BUSY = {"error_code": 4, "code": "store_unavailable", "message": "the disk is full"}
READ = Request(method="GET", path="/thing", repeat=Repeat.ALWAYS)
KEYED = Request(method="POST", path="/thing", body={"a": 1}, repeat=Repeat.WITH_KEY)
ONCE = Request(method="POST", path="/thing", body={"a": 1})


def broken(kind: type[httpx.TransportError]) -> Step:
    def step(request: httpx.Request) -> httpx.Response:
        raise kind("the cable", request=request)

    return step


class Wire:
    """A hub that answers as it was told, one step for each attempt, and remembers what came."""

    def __init__(self, *steps: Step) -> None:
        self._steps: Iterator[Step] = iter(steps)
        self.seen: list[httpx.Request] = []
        self.waits: list[float] = []
        self.connection = Connection(
            http=httpx.AsyncClient(transport=httpx.MockTransport(self._answer), base_url="http://hub.test"),
            key="oak_key",
            patience=Patience(attempts=4, first_wait_s=1.0, longest_wait_s=20.0),
            sleep=self._sleep,
            rng=random.Random(1),
        )

    def _answer(self, request: httpx.Request) -> httpx.Response:
        self.seen.append(request)
        step = next(self._steps)
        return step if isinstance(step, httpx.Response) else step(request)

    async def _sleep(self, seconds: float) -> None:
        self.waits.append(seconds)


async def test_an_answer_is_decoded() -> None:
    assert await Wire(GOOD).connection.call(READ, Answer) == Answer(ok=True)


@pytest.mark.parametrize("request_", [READ, KEYED], ids=["a read", "a call with a key"])
@pytest.mark.parametrize("kind", [httpx.ConnectError, httpx.ReadTimeout, httpx.ReadError, httpx.RemoteProtocolError])
async def test_a_call_that_is_safe_survives_a_broken_connection(
    request_: Request, kind: type[httpx.TransportError]
) -> None:
    wire = Wire(broken(kind), broken(kind), GOOD)
    assert await wire.connection.call(request_, Answer) == Answer(ok=True)
    assert len(wire.seen) == 3


async def test_a_call_that_is_not_safe_is_not_sent_twice() -> None:
    wire = Wire(broken(httpx.ReadTimeout))
    with pytest.raises(Unavailable, match="took too long"):
        await wire.connection.call(ONCE, Answer)
    assert len(wire.seen) == 1


async def test_a_call_that_never_left_is_sent_again_even_if_it_is_not_safe() -> None:
    wire = Wire(broken(httpx.ConnectError), GOOD)
    await wire.connection.call(ONCE, Answer)
    assert len(wire.seen) == 2


async def test_patience_ends_with_a_sentence() -> None:
    wire = Wire(*[broken(httpx.ConnectError)] * 4)
    with pytest.raises(Unavailable, match=r"no hub answers at http://hub\.test"):
        await wire.connection.call(READ, Answer)
    assert len(wire.seen) == 4


async def test_waits_double_and_chance_shortens_them() -> None:
    wire = Wire(*[broken(httpx.ReadError)] * 3, GOOD)
    await wire.connection.call(READ, Answer)
    assert [0.5 <= wait / longest <= 1.0 for wait, longest in zip(wire.waits, (1, 2, 4), strict=True)] == [True] * 3
    assert len(set(wire.waits)) == 3


async def test_a_repeated_call_keeps_its_key_and_the_next_call_gets_another() -> None:
    wire = Wire(broken(httpx.ReadTimeout), GOOD, GOOD)
    await wire.connection.call(KEYED, Answer)
    await wire.connection.call(KEYED, Answer)
    first, again, second = (request.headers["idempotency-key"] for request in wire.seen)
    assert first == again != second
    assert UUID(first).version == 4


async def test_only_calls_with_a_key_send_one() -> None:
    wire = Wire(GOOD, GOOD)
    await wire.connection.call(READ, Answer)
    await wire.connection.call(ONCE, Answer)
    assert not any("idempotency-key" in request.headers for request in wire.seen)


async def test_a_busy_hub_is_given_the_time_that_it_asks_for() -> None:
    wire = Wire(httpx.Response(503, json=BUSY, headers={"retry-after": "7"}), GOOD)
    await wire.connection.call(READ, Answer)
    assert 7 <= wire.waits[0] <= 8


async def test_whoever_is_told_to_wait_for_long_hears_about_it_at_once() -> None:
    refusal = {"error_code": 429, "code": "too_many_requests", "message": "slow down"}
    wire = Wire(httpx.Response(429, json=refusal, headers={"retry-after": "240"}))
    with pytest.raises(TooMany) as raised:
        await wire.connection.call(READ, Answer)
    assert raised.value.retry_after_s == 240
    assert wire.waits == []


async def test_a_refusal_that_names_a_time_was_not_carried_out_so_any_call_is_sent_again() -> None:
    wire = Wire(httpx.Response(503, json=BUSY, headers={"retry-after": "1"}), GOOD)
    await wire.connection.call(ONCE, Answer)
    assert len(wire.seen) == 2


async def test_a_proxy_that_gave_up_leaves_a_call_that_is_not_safe_alone() -> None:
    wire = Wire(httpx.Response(504, content=b"gateway timeout", headers={"retry-after": "1"}))
    with pytest.raises(Unavailable):
        await wire.connection.call(ONCE, Answer)
    assert len(wire.seen) == 1


async def test_a_lasting_failure_of_the_store_is_raised_as_what_it_is() -> None:
    wire = Wire(*[httpx.Response(503, json=BUSY)] * 4)
    with pytest.raises(StoreUnavailable, match="the disk is full"):
        await wire.connection.call(READ, Answer)


async def test_no_work_is_an_answer_and_not_a_reason_to_ask_again() -> None:
    body = {"error_code": 1006, "code": "task_requested_type_not_available", "message": "nothing to do"}
    wire = Wire(httpx.Response(503, json=body, headers={"retry-after": "1"}))
    with pytest.raises(TaskTypeNotAvailable):
        await wire.connection.call(KEYED, Answer)
    assert len(wire.seen) == 1


async def test_a_mistake_is_not_repeated() -> None:
    wire = Wire(httpx.Response(400, json={"error_code": 1010, "message": "empty"}))
    with pytest.raises(OaError, match="empty"):
        await wire.connection.call(KEYED, Answer)
    assert len(wire.seen) == 1


@pytest.mark.parametrize(
    "content", [b"<html>hello</html>", b'{"ok": "perhaps"}', b"\xff"], ids=["html", "type", "bytes"]
)
async def test_something_that_is_no_hub_is_named_as_that(content: bytes) -> None:
    wire = Wire(httpx.Response(200, content=content))
    with pytest.raises(Unavailable, match="does not answer like a hub"):
        await wire.connection.call(READ, Answer)


async def test_parameters_are_written_as_the_hub_reads_them() -> None:
    wire = Wire(GOOD)
    query = {"desc": True, "only_roots": False, "lang": None, "max_count": 5, "search": "a b&c"}
    await wire.connection.call(Request(method="GET", path="/thing", query=query), Answer)
    assert dict(wire.seen[0].url.params) == {"desc": "true", "only_roots": "false", "max_count": "5", "search": "a b&c"}


async def test_users_may_have_names_outside_ascii() -> None:
    wire = Wire(GOOD)
    connection = Connection(http=wire.connection.http, key="oak_key", identity=Identity("local", "Jürgen"))
    await connection.call(READ, Answer)
    assert dict(wire.seen[0].headers.raw)[b"x-oasst-user"].decode() == "local:Jürgen"


def test_secrets_are_not_in_what_is_printed() -> None:
    connection = Connection(http=httpx.AsyncClient(), key="oak_secret", token="oat_secret")
    assert "secret" not in repr(connection)
