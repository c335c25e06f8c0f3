"""OpenAI's client, a hub on a port, and a real model with random weights: what a grammar promises is kept."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any

import openai
import pytest
from loopback import serving
from tiny_models import make_tiny_model

from oa.config import Config
from oa.domain.people import AccountRole
from oa.hub import accounts, keys
from oa.hub.accounts import NewAccount
from oa.hub.keys import NewToken
from oa.inference.inspection import entry_of, inspect
from oa.inference.service import LocalAnswering, ServiceSettings
from oa.server.app import create_app
from oa.store.database import Database, Transaction

pytestmark = pytest.mark.slow

HELLO: Any = [{"role": "user", "content": "Hello"}]

CITY: Any = {
    "type": "object",
    "properties": {"city": {"enum": ["Oslo", "Riga"]}, "days": {"type": "integer", "minimum": 1, "maximum": 9}},
    "required": ["city", "days"],
    "additionalProperties": False,
}


def _token(tx: Transaction) -> str:
    account = accounts.create_account(tx, NewAccount("ada", AccountRole.VOLUNTEER))
    return keys.issue_token(tx, account.user, NewToken("openai")).secret


@pytest.fixture
async def client(database: Database, tmp_path: Path) -> AsyncGenerator[openai.AsyncOpenAI]:
    entry = entry_of(inspect(make_tiny_model(tmp_path / "models").gguf), "tiny", 1_700_000_000)
    answering = LocalAnswering([entry], ServiceSettings(data_dir=tmp_path))
    token = await database.write(_token)
    async with (
        serving(create_app(database, Config(), answering)) as address,
        openai.AsyncOpenAI(base_url=f"{address}/v1", api_key=token, max_retries=0) as client,
    ):
        yield client
    await answering.close()


async def test_a_real_model_is_used_as_openai_clients_use_one(client: openai.AsyncOpenAI) -> None:
    assert [model.id for model in (await client.models.list()).data] == ["tiny"]
    wanted: Any = {"model": "tiny", "messages": HELLO, "temperature": 0.8, "seed": 3, "max_tokens": 24}

    whole = await client.chat.completions.create(**wanted)
    assert whole.usage is not None
    stream = await client.chat.completions.create(**wanted, stream=True)
    streamed = "".join([chunk.choices[0].delta.content or "" async for chunk in stream if chunk.choices])
    assert streamed == whole.choices[0].message.content
    assert 1 <= whole.usage.completion_tokens <= 24

    likely = await client.chat.completions.create(**wanted, logprobs=True, top_logprobs=2)
    tokens = (likely.choices[0].logprobs or pytest.fail("no log-probabilities")).content or []
    assert "".join(token.token for token in tokens if token.logprob > -9999) == whole.choices[0].message.content
    assert all(len(token.top_logprobs) == 2 for token in tokens)


async def test_a_schema_is_kept_by_a_model_that_knows_nothing(client: openai.AsyncOpenAI) -> None:
    wanted: Any = {"type": "json_schema", "json_schema": {"name": "trip", "schema": CITY}}
    answer = await client.chat.completions.create(model="tiny", messages=HELLO, response_format=wanted, seed=1)
    text = answer.choices[0].message.content or ""
    trip = json.loads(text)
    assert text == json.dumps(trip)  # no blanks but the usual: a model of chance would write nothing else any more
    assert trip["city"] in ("Oslo", "Riga")
    assert 1 <= trip["days"] <= 9


async def test_a_tool_is_called_by_a_model_that_is_made_to(client: openai.AsyncOpenAI) -> None:
    weather: Any = {"type": "function", "function": {"name": "weather", "parameters": CITY}}
    other: Any = {"type": "function", "function": {"name": "other", "parameters": CITY}}
    answer = await client.chat.completions.create(
        model="tiny", messages=HELLO, tools=[weather, other], tool_choice="required", seed=1
    )
    (choice,) = answer.choices
    assert choice.finish_reason == "tool_calls"
    (call,) = choice.message.tool_calls or []
    assert call.type == "function"
    assert call.function.name in ("weather", "other")
    assert json.loads(call.function.arguments)["city"] in ("Oslo", "Riga")


async def test_many_clients_at_once_are_all_answered(client: openai.AsyncOpenAI) -> None:
    asked = [
        client.chat.completions.create(model="tiny", messages=HELLO, temperature=0, max_tokens=8) for _ in range(32)
    ]
    texts = {answer.choices[0].message.content for answer in await asyncio.gather(*asked)}
    assert len(texts) == 1


async def test_what_does_not_fit_is_refused_with_the_numbers(client: openai.AsyncOpenAI) -> None:
    with pytest.raises(openai.BadRequestError, match="512") as refused:
        await client.chat.completions.create(model="tiny", messages=[{"role": "user", "content": "x" * 4000}])
    assert refused.value.code == "context_length_exceeded"


@pytest.mark.parametrize("stream", [False, True])
async def test_a_grammar_that_is_none_is_refused_with_its_status(client: openai.AsyncOpenAI, stream: bool) -> None:
    with pytest.raises(openai.BadRequestError, match="grammar"):
        await client.chat.completions.create(
            model="tiny", messages=HELLO, extra_body={"grammar": "root ::= ("}, stream=stream
        )
