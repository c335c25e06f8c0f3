"""A real worker with a real engine, against a real hub; only the machine is the same."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from loopback import serving
from workers import until

from oa.config import Config
from oa.domain.sampling import Sampling
from oa.errors import ClientNotAuthorized, Invalid, PromptTooLong
from oa.hub import workers
from oa.inference.answering import Question
from oa.inference.engine import End, Role, Token, Turn
from oa.inference.engines.build import build_engine
from oa.inference.inspection import entry_of, inspect
from oa.inference.local import LocalModel
from oa.inference.residence import Residence, Resident
from oa.inference.service import LocalAnswering, ServiceSettings
from oa.inference.worker import HubAddress, Persistence, Worker
from oa.server.app import create_app
from oa.store.database import Database

QUICK = Persistence(first_wait_s=0.01, longest_wait_s=0.05)


@dataclass(frozen=True)
class Workplace:
    """A hub without models, and a model without a hub."""

    address: str
    answering: LocalAnswering
    model: LocalModel
    key: str

    def worker(self, key: str | None = None) -> Worker:
        return Worker(HubAddress(self.address, key or self.key), self.model, name="tiny", persistence=QUICK)

    @asynccontextmanager
    async def working(self) -> AsyncIterator[Worker]:
        worker = self.worker()
        running = asyncio.create_task(worker.run())
        await until(self.is_here)
        yield worker
        await worker.leave()
        async with asyncio.timeout(10):
            await running

    def is_here(self) -> bool:
        return any(load.lanes for load in self.answering.loads())


@pytest.fixture
async def model(tiny_gguf: Path, tmp_path: Path) -> AsyncGenerator[LocalModel]:
    entry = entry_of(inspect(tiny_gguf), "tiny", 0)
    engine = build_engine(entry, tmp_path, {})
    local = LocalModel(entry, Resident("tiny", engine, 0), Residence(0, idle_s=0))
    await engine.load()
    yield local
    await engine.unload()


@pytest.fixture
async def workplace(database: Database, model: LocalModel, tmp_path: Path) -> AsyncGenerator[Workplace]:
    answering = LocalAnswering([], ServiceSettings(data_dir=tmp_path))
    key = database.run(lambda tx: workers.add(tx, "attic")).secret
    async with serving(create_app(database, Config(), answering)) as address:
        yield Workplace(address, answering, model, key)
    await answering.close()


def question(text: str = "the", **more: Any) -> Question:
    facts = {"id": text, "person": "ada", "model": "tiny", "sampling": Sampling(temperature=0), "max_tokens": 24}
    return Question(**{**facts, "turns": (Turn(Role.USER, text),), **more})


async def said(answer: Callable[[Question], AsyncGenerator[Any, None]], asked: Question) -> tuple[str, End]:
    pieces = [piece async for piece in answer(asked)]
    assert isinstance(pieces[-1], End)
    return "".join(piece.text for piece in pieces if isinstance(piece, Token)), pieces[-1]


async def test_a_worker_answers_as_its_engine_does(workplace: Workplace) -> None:
    async with workplace.working():
        asked = [question(text) for text in ("the", "an owl", "in")]
        answers = await asyncio.gather(*(said(workplace.answering.answer, one) for one in asked))
        directly = [await said(workplace.model.answer, one) for one in asked]
    assert [text for text, _ in answers] == [text for text, _ in directly]
    assert all(text for text, _ in answers)
    ends = [(end.reason, end.prompt_tokens, end.completion_tokens) for _, end in answers]
    assert ends == [(end.reason, end.prompt_tokens, end.completion_tokens) for _, end in directly]


async def test_what_the_question_asks_for_arrives(workplace: Workplace) -> None:
    async with workplace.working():
        wanted = question(alternatives=2, json_schema={"type": "boolean"})
        pieces = [piece async for piece in workplace.answering.answer(wanted)]
    tokens = [piece for piece in pieces if isinstance(piece, Token)]
    assert "".join(token.text for token in tokens).strip() in ("true", "false")
    assert all(token.log_probability is not None and token.alternatives for token in tokens if token.text)


async def test_an_error_keeps_its_kind(workplace: Workplace) -> None:
    async with workplace.working():
        with pytest.raises(PromptTooLong):
            await said(workplace.answering.answer, question("in the " * 2000))
        text, _ = await said(workplace.answering.answer, question())
    assert text


async def test_who_goes_away_frees_the_workers_place(workplace: Workplace) -> None:
    async with workplace.working():
        endless = workplace.answering.answer(question(max_tokens=400))
        async for piece in endless:
            if isinstance(piece, Token):
                break
        await endless.aclose()
        text, _ = await said(workplace.answering.answer, question())
    assert text


async def test_a_worker_comes_back(workplace: Workplace) -> None:
    async with workplace.working() as worker:
        connection = worker._connection
        assert connection is not None
        connection.transport.abort()
        await until(lambda: not workplace.is_here())
        await until(workplace.is_here)
        text, _ = await said(workplace.answering.answer, question())
    assert text


async def test_a_leaving_worker_ends_what_it_has_begun(workplace: Workplace) -> None:
    async with workplace.working() as worker:
        asked = asyncio.create_task(said(workplace.answering.answer, question(max_tokens=300)))
        await until(lambda: bool(worker._tasks))
        await worker.leave()
        text, _ = await asked
    assert text == (await said(workplace.model.answer, question(max_tokens=300)))[0]
    assert not workplace.is_here()


async def test_a_wrong_key_is_said_with_the_way_out(workplace: Workplace) -> None:
    with pytest.raises(ClientNotAuthorized, match="oa workers add NAME"):
        await workplace.worker("oaw_wrong").run()


async def test_a_worker_waits_for_a_hub_that_is_not_there(model: LocalModel) -> None:
    worker = Worker(HubAddress("http://127.0.0.1:9", "oaw_x"), model, name="tiny", persistence=QUICK)
    running = asyncio.create_task(worker.run())
    done, _ = await asyncio.wait([running], timeout=0.2)
    assert not done
    await worker.leave()
    async with asyncio.timeout(5):
        await running


@pytest.mark.parametrize("url", ["", "hub", "ftp://hub", "http://"])
def test_an_address_is_that_of_a_hub(url: str) -> None:
    with pytest.raises(Invalid, match="is no address of a hub"):
        _ = HubAddress(url, "oaw_x").websocket_url


def test_an_https_address_is_kept_safe() -> None:
    assert HubAddress("https://oa.example.org/", "x").websocket_url == "wss://oa.example.org/workers/work"
