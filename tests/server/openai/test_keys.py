"""Who may use the OpenAI API, and as whom."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from oa.hub import accounts, keys
from oa.hub.keys import NewClient

HELLO = [{"role": "user", "content": "Hello there"}]


async def test_a_programs_key_asks_in_its_own_name(hub: Any) -> None:
    issued = await hub.database.write(lambda tx: keys.create_client(tx, NewClient(description="bot")))
    answer = await hub.http.post(
        "/v1/chat/completions", json={"messages": HELLO}, headers={"authorization": f"Bearer {issued.secret}"}
    )
    assert answer.status_code == 200
    assert hub.answering.asked[0].person == str(issued.client.id)


async def test_a_model_without_embeddings_says_so(hub: Any) -> None:
    hub.answering.all_models = tuple(replace(model, embeddings=False) for model in hub.answering.all_models)
    answer = await hub.http.post("/v1/embeddings", json={"input": "x"}, headers={"x-api-key": hub.key})
    assert answer.status_code == 400
    assert answer.json()["error"]["message"] == "echo makes no embeddings"


async def test_that_a_key_was_used_is_noted(hub: Any, token: str, clock: Any) -> None:
    await hub.http.get("/v1/models", headers={"authorization": f"Bearer {token}"})
    (found,) = await hub.database.read(lambda tx: keys.tokens_of(tx, accounts.find_account(tx, "eve").user))
    assert found.last_used_date == clock.now
