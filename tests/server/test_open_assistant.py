"""Clients written for Open-Assistant find what they know: its interface, operation by operation, is part of ours.

The original's description lies beside the tests. Fields, parameters and operations may be added; none may be missing.
"""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import httpx
import pytest
from interfaces import Comparison, operations

from oa.config import Config
from oa.server.app import create_app

Json = dict[str, Any]

REFERENCE: Json = json.loads((Path(__file__).parents[1] / "fixtures/openassistant_backend_openapi.json").read_text())


THEIRS = operations(REFERENCE)


@pytest.fixture(scope="module")
def schema() -> Json:
    """What our hub says of itself."""

    async def ask() -> Json:
        transport = httpx.ASGITransport(create_app(None, Config()))  # type: ignore[arg-type]  # no data is asked for
        async with httpx.AsyncClient(transport=transport, base_url="http://hub") as http:
            return (await http.get("/schema")).json()

    return asyncio.run(ask())


@pytest.mark.parametrize("operation", [pytest.param(operation, id=" ".join(operation)) for operation in THEIRS])
def test_the_operation_offers_all_that_the_originals_does(operation: tuple[str, str], schema: Json) -> None:
    found = operations(schema).get(operation)
    assert found is not None, "there is no such operation"
    assert Comparison(schema, REFERENCE).operation(THEIRS[operation], found) == []


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        pytest.param(
            lambda schema: schema["components"]["schemas"]["TaskDone"]["properties"].pop("id"),
            "200.id",
            id="a field that is gone",
        ),
        pytest.param(
            lambda schema: schema["components"]["schemas"]["TextReplyToMessage"]["required"].append("lang"),
            "body.lang must not be needed",
            id="a field that is suddenly needed",
        ),
        pytest.param(
            lambda schema: schema["components"]["schemas"]["MessageRanking"]["properties"].update(
                ranking={"type": "string"}
            ),
            "body.ranking: Ranking",
            id="a field of another type",
        ),
        pytest.param(
            lambda schema: schema["paths"]["/api/v1/tasks/interaction"]["post"]["responses"].pop("422"),
            "status 422",
            id="a status that is gone",
        ),
    ],
)
def test_the_comparison_notices(schema: Json, change: Any, complaint: str) -> None:
    changed = json.loads(json.dumps(schema))
    change(changed)
    where = ("post", "/api/v1/tasks/interaction")
    assert Comparison(changed, REFERENCE).operation(THEIRS[where], operations(changed)[where]) == [complaint]
