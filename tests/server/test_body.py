"""What cannot be read is refused with what is wrong and where, and never harms the hub."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any
from uuid import uuid4

import pytest

ADA = {"id": "ada", "display_name": "Ada", "auth_method": "local"}
RANKING = {"type": "message_ranking", "message_id": "m", "user": ADA}
LABELS = {"type": "text_labels", "text": "", "message_id": str(uuid4()), "user": ADA, "labels": {}}


@pytest.mark.parametrize(
    ("body", "loc", "sentence", "kind"),
    [
        (b"", ["body"], "the body is missing; send JSON", "value_error.missing"),
        (b"{", ["body"], "the body is not JSON", "value_error"),
        (b'"\xff"', ["body"], "the body is not text in UTF-8", "value_error"),
        (b'{"type":"\xc3\x28"}', ["body"], "the body is not text in UTF-8", "value_error"),
        (b'"\\ud800"', ["body"], "the body is not JSON", "value_error"),
        (b"[" * 100_000, ["body"], "the body is nested too deeply", "value_error"),
        (b"[]", ["body"], "the body must be an object, not a list", "type_error"),
        (b"NaN", ["body"], "the body is not JSON", "value_error"),
        ({}, ["body", "type"], "type is missing", "value_error.missing"),
        ({"type": "poem"}, ["body", "type"], "type cannot be 'poem'", "value_error.enum"),
        (RANKING, ["body", "ranking"], "ranking is missing", "value_error.missing"),
        ({**RANKING, "ranking": []}, ["body", "ranking"], "ranking must not be empty", "value_error.any_str.length"),
        ({**RANKING, "ranking": "01"}, ["body", "ranking"], "ranking must be a list, not text", "type_error"),
        (
            {**RANKING, "ranking": [0, 1.5]},
            ["body", "ranking", 1],
            "ranking.1 must be a whole number, not a number",
            "type_error",
        ),
        ({**RANKING, "user": 1}, ["body", "user"], "user must be an object or null, not a whole number", "type_error"),
        (
            {**RANKING, "user": {**ADA, "auth_method": "mastodon"}, "ranking": [0]},
            ["body", "user", "auth_method"],
            "user.auth_method cannot be 'mastodon'",
            "value_error.enum",
        ),
        (
            {**RANKING, "message_id": "m" * 201, "ranking": [0]},
            ["body", "message_id"],
            "message_id must have at most 200 characters",
            "value_error.any_str.length",
        ),
        (
            {**LABELS, "labels": {"spam": 1.01}},
            ["body", "labels"],
            "labels must be a number <= 1.0",
            "value_error.number.range",
        ),
        (
            {**LABELS, "labels": {}, "message_id": "7"},
            ["body", "message_id"],
            "message_id is not a UUID",
            "value_error",
        ),
        (
            {**RANKING, "message_id": "a\0b", "ranking": [0]},
            ["body"],
            "the body is refused: it has a NUL character in a text",
            "value_error",
        ),
        ({"\0": 1}, ["body"], "the body is refused: it has a NUL character in a text", "value_error"),
    ],
    ids=lambda value: str(value)[:40] if not isinstance(value, list) else "",
)
async def test_a_body_that_cannot_be_read_is_422_with_what_is_wrong_where(
    hub: Any, body: Any, loc: list[str | int], sentence: str, kind: str
) -> None:
    content = {"content": body} if isinstance(body, bytes) else {"json": body}
    answer = await hub.http.post("/api/v1/tasks/interaction", headers={"x-api-key": hub.key}, **content)
    found = answer.json()
    assert answer.status_code == 422, answer.text
    assert [(one["loc"], one["type"]) for one in found["detail"]] == [(loc, kind)]
    assert (found["message"], found["error_code"]) == (sentence, 0)


async def test_a_text_that_only_looks_like_a_nul_is_kept(hub: Any) -> None:
    await hub.answer("ada", await hub.take("ada"), text="the letters \\u0000", user_message_id="mine")
    assert (await hub.send("GET", "/frontend_messages/mine")).json()["text"] == "the letters \\u0000"


@pytest.mark.parametrize(
    ("path", "loc", "sentence"),
    [
        ("/messages/7", ["path", "message_id"], "message_id is not a UUID"),
        ("/messages/?max_count=0", ["query", "max_count"], "max_count must be a whole number >= 1"),
        ("/messages/?max_count=many", ["query", "max_count"], "max_count must be a whole number, not text"),
        (
            "/messages/?start_date=soon",
            ["query", "start_date"],
            "start_date is not a date and time such as 2026-11-20T12:00:00Z",
        ),
        ("/text_labels/valid_labels?message_id=x", ["query", "message_id"], "message_id is not a UUID"),
        ("/messages/?lang=a%00b", ["query", "address"], "address must not hold a NUL character"),
        ("/frontend_messages/a%00b", ["query", "address"], "address must not hold a NUL character"),
    ],
)
async def test_a_parameter_that_cannot_be_read_is_422(hub: Any, path: str, loc: list[str], sentence: str) -> None:
    answer = await hub.send("GET", path)
    assert answer.status_code == 422, answer.text
    assert answer.json()["detail"][0]["loc"] == loc
    assert answer.json()["message"] == sentence


async def test_a_body_over_the_limit_is_413(hub: Any) -> None:
    answer = await hub.answer("ada", await hub.take("ada"), text="x" * 1_100_000)
    assert (answer.status_code, answer.json()["code"]) == (413, "body_too_large")


async def test_a_body_that_hides_its_length_is_measured_as_it_comes(hub: Any) -> None:
    sent = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal sent
        while sent < 10_000_000:
            sent += 100_000
            yield b" " * 100_000

    answer = await hub.http.post("/api/v1/tasks/", content=endless(), headers={"x-api-key": hub.key})
    assert answer.status_code == 413
    assert sent < 1_300_000


async def test_a_body_in_pieces_is_put_together(hub: Any) -> None:
    async def pieces() -> AsyncIterator[bytes]:
        for piece in (
            b'{"type": "ran',
            b'dom", "user": {"id": "ada", "displ',
            b'ay_name": "Ada", "auth_method": "local"}}',
        ):
            yield piece

    answer = await hub.http.post("/api/v1/tasks/", content=pieces(), headers={"x-api-key": hub.key})
    assert answer.status_code == 200
