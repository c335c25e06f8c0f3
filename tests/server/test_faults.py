"""What goes wrong outside of any use case: faults of the hub itself, and addresses that lead nowhere."""

from __future__ import annotations

from typing import Any

import pytest

from oa.hub import answers, collect


async def test_a_fault_of_the_hub_is_500_without_internal_words(
    hub: Any, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(*_: object) -> None:
        raise RuntimeError("secret words")

    monkeypatch.setattr(collect, "request_task", fail)
    answer = await hub.ask("ada")
    assert (answer.status_code, answer.json()["error_code"]) == (500, 0)
    assert "secret" not in answer.text
    reference = answer.json()["message"].split()[-1]
    (logged,) = [record for record in caplog.records if reference in record.getMessage()]
    assert "secret words" in str(logged.exc_info)


async def test_an_answer_that_fails_leaves_nothing_behind(hub: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    task = await hub.take("ada")

    def fail(*_: object) -> None:
        raise RuntimeError("power cut")

    monkeypatch.setattr(answers, "_finish", fail)
    assert (await hub.answer("ada", task)).status_code == 500
    monkeypatch.undo()
    assert (await hub.send("GET", "/messages/")).json() == []
    assert (await hub.answer("ada", task)).status_code == 200


async def test_another_method_is_405_and_says_which_there_are(hub: Any) -> None:
    answer = await hub.send("DELETE", "/tasks/")
    assert (answer.status_code, answer.json()["code"]) == (405, "method_not_allowed")
    assert "POST" in answer.headers["allow"]


async def test_failures_elsewhere_are_problem_documents(hub: Any) -> None:
    answer = await hub.http.get("/nothing")
    assert answer.status_code == 404
    assert answer.headers["content-type"] == "application/problem+json"
    body = answer.json()
    assert body.keys() == {"type", "title", "status"}
    assert (body["type"], body["status"]) == ("urn:oa:not_found", 404)
