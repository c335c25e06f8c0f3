"""The hub is killed in mid-answer: nothing that anybody has seen is lost, and the answer is finished later."""

from __future__ import annotations

import asyncio
import os
import re
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import counting_hub
import httpx
import pytest
from talk import Talk, said

pytestmark = pytest.mark.slow


@asynccontextmanager
async def running(data_dir: Path) -> AsyncIterator[tuple[httpx.AsyncClient, asyncio.subprocess.Process]]:
    """A hub in a process of its own; killed at the end, if it still lives."""
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    with (data_dir.parent / "errors.log").open("ab") as errors:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, counting_hub.__file__, str(data_dir)),
            stdout=asyncio.subprocess.PIPE,
            stderr=errors,
            env=environment,
        )
    assert process.stdout is not None
    try:
        greeting = (await process.stdout.readline()).decode()
        found = re.search(r"http://127\.0\.0\.1:\d+", greeting)
        assert found, (data_dir.parent / "errors.log").read_text()
        async with httpx.AsyncClient(base_url=found[0], timeout=30) as http:
            yield http, process
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


async def sign_in(http: httpx.AsyncClient) -> Talk:
    pair = (await http.get("/auth/callback/debug", params={"code": "eve"})).json()
    return Talk(http, pair["access_token"]["access_token"])


async def test_an_answer_that_a_killed_hub_was_writing_keeps_what_was_seen_and_is_finished(data_dir: Path) -> None:
    async with running(data_dir) as (http, process):
        eve = await sign_in(http)
        chat = await eve.begin()
        message = await eve.ask(chat, await eve.write(chat, "Count"))
        seen = ""
        async with eve.watching(chat, message) as watch:
            while len(seen) < 100:
                event = await watch.next()
                assert event is not None
                seen += event.get("text", "")
            last_id = watch.last_id
            process.kill()
            await process.wait()
    async with running(data_dir) as (http, _):
        eve = await sign_in(http)
        found = await eve.message(chat, message)
        assert found["state"] == "aborted_by_worker"
        assert found["content"].startswith(seen)
        assert counting_hub.WHOLE.startswith(found["content"])
        assert "continue" in found["error"]
        rest = await eve.events(chat, message, after=last_id)
        assert seen + said(rest) == found["content"]
        assert rest[-1]["event_type"] == "error"
        await eve.post(f"/chats/{chat}/messages/{message}/continue")
        events = await eve.events(chat, message, after=last_id)
        assert seen + said(events) == counting_hub.WHOLE
        finished = await eve.message(chat, message)
        assert (finished["state"], finished["content"]) == ("complete", counting_hub.WHOLE)


async def test_a_hub_that_is_told_to_stop_does_so_though_somebody_watches(data_dir: Path) -> None:
    async with running(data_dir) as (http, process):
        eve = await sign_in(http)
        chat = await eve.begin()
        message = await eve.ask(chat, await eve.write(chat, "Count"))
        async with eve.watching(chat, message) as watch:
            assert await watch.next() is not None
            process.terminate()
            events = await watch.rest()
        async with asyncio.timeout(8):
            assert await process.wait() == 0
    assert events[-1]["message"]["state"] == "aborted_by_worker"
    assert events[-1]["message"]["content"]
