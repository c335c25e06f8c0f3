"""Volunteers who never pause: a closed loop of request, acknowledge, answer, on many connections at once.

Each of `users` workers takes an idle person out of a pool, asks for a random task on their behalf, acknowledges it,
answers it the way its kind demands, and puts the person back. The pool is larger than the number of workers, so that
the rules about one's own messages stay in force and somebody else can always go on.
"""

from __future__ import annotations

import asyncio
import json
import random
import time
from collections import Counter, defaultdict
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

import aiohttp
from yarl import URL

TEXT = """
the a of to and in is for that on with as are this be it by from or an at which not have more can use python model data
write explain how what why small large language river tree garden recipe history theory energy light number code
function list string value city country music travel water between simple example question answer reason because
however first second finally step process result
"""
WORDS = TEXT.split()

LENGTHS = {"initial_prompt": (8, 40), "prompter_reply": (6, 40), "assistant_reply": (40, 160)}
"""Words, at least and at most."""

SCALES = frozenset({"quality", "helpfulness", "creativity", "humor", "toxicity", "violence"})

NO_TASK = 1006
PAUSE_WITHOUT_TASK_S = 0.02
PAUSE_AFTER_ERROR_S = 0.05

Json = dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What to do to the hub."""

    url: str
    key: str
    users: int = 32
    """Requests at the same time."""
    pool: int = 64
    """People."""
    seconds: float = 20.0
    warmup_s: float = 3.0
    lang: str = "en"
    p_spam: float = 0.02
    seed: int = 1


class Refused(Exception):
    """The hub answered with something else than what was asked for."""


class NoTask(Exception):
    """There is nothing to do for this person now."""


@dataclass
class Log:
    """What happened while it counted."""

    counts: bool = False
    interactions: int = 0
    no_task: int = 0
    errors: Counter[str] = field(default_factory=Counter)
    kinds: Counter[str] = field(default_factory=Counter)
    latencies_s: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))

    @asynccontextmanager
    async def timed(self, call: str) -> AsyncIterator[None]:
        start = time.perf_counter()
        try:
            yield
        finally:
            if self.counts:
                self.latencies_s[call].append(time.perf_counter() - start)

    def latencies_ms(self) -> Json:
        return {call: _percentiles(values) for call, values in sorted(self.latencies_s.items())}


async def run(plan: Plan, at_start: Callable[[], None], at_end: Callable[[], None]) -> Log:
    """Load the hub; `at_start` and `at_end` are called at the edges of the time that counts."""
    log, rng = Log(), random.Random(plan.seed)
    people: asyncio.Queue[str] = asyncio.Queue()
    for index in rng.sample(range(plan.pool), plan.pool):
        people.put_nowait(f"volunteer{index}")
    connector, timeout = aiohttp.TCPConnector(limit=0), aiohttp.ClientTimeout(total=60)
    async with aiohttp.ClientSession(connector=connector, timeout=timeout) as session:
        hub = _Hub(plan, session, log, rng)
        over = asyncio.Event()
        workers = [asyncio.create_task(_work(hub, people, over)) for _ in range(plan.users)]
        await asyncio.sleep(plan.warmup_s)
        at_start()
        log.counts = True
        await asyncio.sleep(plan.seconds)
        log.counts = False
        at_end()
        over.set()  # everybody finishes what they hold: an abandoned task keeps its place from others for minutes
        await asyncio.gather(*workers)
    return log


async def _work(hub: _Hub, people: asyncio.Queue[str], over: asyncio.Event) -> None:
    log = hub.log
    while not over.is_set():
        person = await people.get()
        try:
            kind = await hub.interact(person)
            if log.counts:
                log.interactions += 1
                log.kinds[kind] += 1
        except NoTask:
            log.no_task += log.counts
            await asyncio.sleep(PAUSE_WITHOUT_TASK_S)
        except (Refused, aiohttp.ClientError, TimeoutError) as error:
            if log.counts:
                log.errors[str(error) or type(error).__name__] += 1
            await asyncio.sleep(PAUSE_AFTER_ERROR_S)
        finally:
            people.put_nowait(person)


class _Hub:
    """The calls of one interaction."""

    def __init__(self, plan: Plan, session: aiohttp.ClientSession, log: Log, rng: random.Random) -> None:
        self.log = log
        self._plan, self._session, self._rng = plan, session, rng
        self._headers = {"x-api-key": plan.key, "content-type": "application/json"}

    async def interact(self, person: str) -> str:
        """One task from request to answer; returns its kind."""
        user = {"id": person, "display_name": person, "auth_method": "local"}
        task = await self._post("task", "/tasks/", {"type": "random", "user": user, "lang": self._plan.lang})
        name = _new_name()
        await self._post("ack", f"/tasks/{task['id']}/ack", {"message_id": name})
        await self._post("interaction", "/tasks/interaction", {"user": user, **self._answer(task, name)})
        return task["type"]

    async def _post(self, call: str, path: str, body: Json) -> Json:
        content = json.dumps(body)
        async with (
            self.log.timed(call),
            self._session.post(f"{self._plan.url}/api/v1{path}", data=content, headers=self._headers) as response,
        ):
            answer = await response.read()
        if response.status in (200, 204):
            return json.loads(answer) if answer else {}
        number = json.loads(answer).get("error_code") if answer.startswith(b"{") else None
        if number == NO_TASK:
            raise NoTask
        raise Refused(f"{call}: {response.status}/{number}")

    def _answer(self, task: Json, name: str) -> Json:
        kind: str = task["type"]
        if kind in LENGTHS:
            words = self._rng.choices(WORDS, k=self._rng.randint(*LENGTHS[kind]))
            text = f"{' '.join(words)} #{_new_name()}"
            return {
                "type": "text_reply_to_message",
                "message_id": name,
                "user_message_id": _new_name(),
                "text": text,
            }
        if kind.startswith("rank_"):
            ranking = self._rng.sample(range(len(task["reply_messages"])), k=len(task["reply_messages"]))
            return {"type": "message_ranking", "message_id": name, "ranking": ranking}
        labels = {label: self._value(label) for label in task["valid_labels"]}
        text = task["conversation"]["messages"][-1]["text"]
        return {
            "type": "text_labels",
            "message_id": task["message_id"],
            "task_id": task["id"],
            "text": text,
            "labels": labels,
        }

    def _value(self, label: str) -> float:
        if label == "spam":
            return float(self._rng.random() < self._plan.p_spam)
        return self._rng.choice((0.0, 0.25, 0.5, 0.75, 1.0)) if label in SCALES else 0.0


def _new_name() -> str:
    """Not from the seed: names and texts must be new to the hub, whatever was run on it before."""
    return str(uuid4())


async def time_availability(plan: Plan, repetitions: int = 300) -> Json:
    """How long one person after another waits to hear what there is to do, one request at a time."""
    log = Log(counts=True)
    async with aiohttp.ClientSession() as session:
        for index in range(repetitions):
            person = f"volunteer{index % plan.pool}"
            user = {"id": person, "display_name": person, "auth_method": "local"}
            url = f"{plan.url}/api/v1/tasks/availability?lang={plan.lang}"
            async with (
                log.timed("availability"),
                session.post(url, json=user, headers={"x-api-key": plan.key}) as found,
            ):
                await found.read()
            found.raise_for_status()
    return log.latencies_ms()["availability"]


async def time_reads(url: str, key: str, paths: Mapping[str, str], repetitions: int = 100) -> Json:
    """How long each of these addresses takes, one request at a time."""
    log = Log(counts=True)
    async with aiohttp.ClientSession(headers={"x-api-key": key}) as session:
        for name, path in paths.items():
            address = URL(f"{url}/api/v1{path}", encoded=True)
            for _ in range(repetitions):
                async with log.timed(name), session.get(address) as found:
                    await found.read()
                found.raise_for_status()
    return log.latencies_ms()


def _percentiles(values_s: list[float]) -> Json:
    ordered = sorted(values_s)

    def at(share: float) -> float:
        return round(1000 * ordered[min(len(ordered) - 1, max(0, round(share * len(ordered)) - 1))], 2)

    mean = round(1000 * sum(ordered) / len(ordered), 2)
    return {"n": len(ordered), "mean": mean, "p50": at(0.5), "p95": at(0.95), "p99": at(0.99), "max": at(1.0)}
