"""What operators ask."""

from __future__ import annotations

from typing import Any

from oa.server import health


async def test_a_hub_that_runs_says_so(hub: Any) -> None:
    assert (await hub.http.get("/healthz")).json() == {"status": "ok"}
    assert (await hub.http.get("/readyz")).json() == {"status": "ready"}


async def test_a_hub_without_its_database_is_alive_but_not_ready(hub: Any) -> None:
    await hub.database.close()
    assert (await hub.http.get("/healthz")).status_code == 200
    refused = await hub.http.get("/readyz")
    assert refused.status_code == 503
    assert refused.headers["content-type"] == "application/problem+json"
    assert refused.json()["type"] == "urn:oa:store_unavailable"


async def test_a_database_that_does_not_answer_is_not_ready(hub: Any, monkeypatch: Any) -> None:
    monkeypatch.setattr(health, "READY_WITHIN_S", -1.0)
    assert (await hub.http.get("/readyz")).status_code == 503


async def test_requests_are_counted_by_route_and_not_by_what_was_typed(hub: Any) -> None:
    await hub.ask("ada")
    await hub.send("GET", "/messages/7")
    await hub.http.get("/typed/by/strangers")
    await hub.http.request("BREW", "/healthz")
    text = (await hub.http.get("/metrics")).text
    assert 'http_requests_total{handler="/api/v1/tasks",method="POST",status="2xx"} 1' in text
    assert 'http_requests_total{handler="/api/v1/messages/{message_id}",method="GET",status="4xx"} 1' in text
    assert 'http_requests_total{handler="none",method="GET",status="4xx"} 1' in text
    assert 'method="other"' in text
    assert "strangers" not in text
    assert "BREW" not in text
