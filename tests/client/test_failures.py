from __future__ import annotations

import json

import httpx
import pytest

from oa import errors
from oa.client.failures import BY_CODE, failure, retry_after_s
from oa.errors import OaError, TooMany

LEAVES = sorted((kind for kind in BY_CODE.values() if not kind.__subclasses__()), key=lambda kind: kind.code)
SHARED = {2053: errors.NoSelfLabeling, 2106: errors.TaskNotAssigned}


def answer(status: int, body: object, headers: dict[str, str] | None = None) -> httpx.Response:
    return httpx.Response(status, content=json.dumps(body), headers=headers)


def test_every_leaf_is_known_and_has_a_code_of_its_own() -> None:
    kinds = {kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, OaError)}
    assert set(BY_CODE.values()) == kinds


@pytest.mark.parametrize("kind", LEAVES, ids=lambda kind: kind.code)
def test_a_code_becomes_the_leaf_that_was_raised(kind: type[OaError]) -> None:
    error = failure(answer(400, {"error_code": kind.number, "message": "because", "code": kind.code}))
    assert type(error) is kind
    assert str(error) == "because"


@pytest.mark.parametrize("kind", [kind for kind in LEAVES if "number" in vars(kind)], ids=lambda kind: kind.code)
def test_a_number_alone_is_enough_for_a_hub_that_sends_no_code(kind: type[OaError]) -> None:
    error = failure(answer(400, {"error_code": kind.number, "message": "because"}))
    assert type(error) is SHARED.get(kind.number, kind)


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (400, errors.Invalid),
        (401, errors.Unauthorized),
        (403, errors.Forbidden),
        (404, errors.NotFound),
        (409, errors.Conflict),
        (422, errors.Invalid),
        (429, TooMany),
        (500, OaError),
        (502, errors.Unavailable),
    ],
)
def test_an_answer_without_a_name_goes_by_its_status(status: int, kind: type[OaError]) -> None:
    assert type(failure(httpx.Response(status, content=b"<html>Bad gateway</html>"))) is kind


def test_a_problem_document_is_understood() -> None:
    error = failure(answer(409, {"type": "urn:oa:name_taken", "title": "that name is taken", "status": 409}))
    assert type(error) is errors.NameTaken
    assert str(error) == "that name is taken"


def test_a_body_in_no_known_encoding_still_says_something() -> None:
    error = failure(httpx.Response(418, content=b"\xff\xfe\x00"))
    assert type(error) is OaError
    assert "418" in str(error)


def test_too_many_says_how_long_to_wait() -> None:
    error = failure(answer(429, {"error_code": 429, "message": "slow down"}, {"retry-after": "17"}))
    assert isinstance(error, TooMany)
    assert error.retry_after_s == 17


@pytest.mark.parametrize(
    ("said", "meant"), [("3", 3), (" 0 ", 0), ("Wed, 21 Oct 2026 07:28:00 GMT", None), ("-1", None)]
)
def test_only_seconds_are_read_from_retry_after(said: str, meant: int | None) -> None:
    assert retry_after_s(httpx.Response(503, headers={"retry-after": said})) == meant
