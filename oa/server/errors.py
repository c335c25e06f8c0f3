"""Failures become answers here, and nowhere else are statuses known.

Under /api/v1 the body is Open-Assistant's `{error_code, message}`, and for a request that cannot be decoded its list of
what is wrong; under /v1 it is OpenAI's error object; everywhere else a problem document (RFC 9457). No answer holds
internal text.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Mapping
from typing import Any, cast
from uuid import uuid4

import msgspec
from litestar import Request, Response
from litestar.enums import ParamType
from litestar.exceptions import HTTPException, ValidationException

from oa import errors
from oa.errors import OaError, TooMany
from oa.protocol.errors import Failure, HTTPValidationError, Problem, ValidationError
from oa.protocol.openai import OpenAIError, OpenAIFailure

log = logging.getLogger(__name__)

AnyRequest = Request[Any, Any, Any]

OPEN_ASSISTANT = "/api/v1/"
"""Below this path, failures look as Open-Assistant's did."""

OPENAI = "/v1/"
"""Below this path, failures look as OpenAI's do."""

STATUS: Mapping[type[OaError], int] = {
    OaError: 400,
    errors.Unauthorized: 401,
    errors.Forbidden: 403,
    errors.NotFound: 404,
    errors.Conflict: 409,
    errors.TermsNotAccepted: 451,
    errors.ChatFull: 413,
    errors.ChatMessageTooLong: 413,
    errors.UnknownModel: 422,
    TooMany: 429,
    errors.Unavailable: 503,
    errors.NoClassifier: 501,
    errors.BrokenConversation: 500,
}
"""By the nearest class."""

OPEN_ASSISTANT_STATUS: Mapping[type[OaError], int] = {
    **STATUS,
    errors.Conflict: 400,
    errors.NameTaken: 409,
    errors.SignDecided: 409,
    errors.TaskNotAssigned: 400,
    errors.TaskNotFound: 400,
    errors.TreeNotFound: 400,
    errors.NoReplies: 400,
    errors.CachedStatsNotAvailable: 400,
    errors.CannotUndo: 409,
    errors.MessageIsDeleted: 409,
}
"""Where Open-Assistant's answers differ: what a volunteer did wrong is nearly always 400."""

OPENAI_STATUS: Mapping[type[OaError], int] = {
    **STATUS,
    errors.ClientNotAuthorized: 401,
    errors.TermsNotAccepted: 403,
    errors.UnknownModel: 404,
}
"""Where OpenAI's answers differ."""

OPENAI_CODES: Mapping[type[OaError], str] = {
    errors.ClientNotAuthorized: "invalid_api_key",
    errors.UnknownModel: "model_not_found",
    errors.PromptTooLong: "context_length_exceeded",
    TooMany: "rate_limit_exceeded",
    OaError: "",
}
"""Names that OpenAI's clients compare, by the nearest class; the others keep their own."""

OPENAI_TYPES: Mapping[int, str] = {401: "authentication_error", 403: "permission_error", 429: "rate_limit_error"}
"""By status; other refusals are "invalid_request_error", and failures of the hub "server_error"."""

SENTENCES: Mapping[int, tuple[str, str]] = {
    400: ("bad_request", "this is not a request that HTTP allows"),
    404: ("not_found", "there is nothing at this address; /schema lists what there is"),
    405: ("method_not_allowed", "this address does not take that method; /schema lists what it takes"),
    413: ("body_too_large", "the body is longer than this hub reads; send less at once"),
}
"""Code and sentence for what the framework refuses by itself."""


def status_of(error: OaError, path: str) -> int:
    """The HTTP status of an expected failure at an address."""
    if path.startswith(OPENAI):
        table = OPENAI_STATUS
    elif not path.startswith(OPEN_ASSISTANT):
        table = STATUS
    elif isinstance(error, errors.TaskNotFound) and path.endswith("/ack"):
        return 404  # Open-Assistant's only exception
    else:
        table = OPEN_ASSISTANT_STATUS
    return next(table[kind] for kind in type(error).__mro__ if kind in table)


def answer_expected(request: AnyRequest, error: OaError) -> Response[bytes]:
    """For everything that a caller can cause or meet."""
    path = request.scope["path"]
    status = status_of(error, path)
    if status == 500:
        log.error("%s: %s %s", error.code, error, error.context)
    headers = {"retry-after": str(error.retry_after_s)} if isinstance(error, TooMany) else {}
    if path.startswith(OPENAI):
        return _json(status, openai_failure(error), headers)
    return _answer(path, status, Failure(error_code=error.number, message=str(error), code=error.code), headers)


def answer_unreadable(request: AnyRequest, error: ValidationException) -> Response[bytes]:
    """For a body or parameter that cannot be read as what it should be."""
    extra = cast(list[Mapping[str, Any]], error.extra if isinstance(error.extra, list) else [])
    found = [_explain(message) for message in extra]
    found = found or [ValidationError(loc=["query"], msg=_sentence(error.detail)[0], type="value_error.missing")]
    sentences = "; ".join(f"{_where(one)} {one.msg}" for one in found)
    if request.scope["path"].startswith(OPENAI):
        return _json(400, _openai(400, sentences, "invalid_request", ".".join(map(str, found[0].loc[1:])) or None))
    if request.scope["path"].startswith(OPEN_ASSISTANT):
        return _json(422, HTTPValidationError(detail=found, message=sentences))
    return _problem(422, Problem(type="urn:oa:invalid", title=sentences, status=422, errors=found))


def answer_framework(request: AnyRequest, error: HTTPException) -> Response[bytes]:
    """For what the framework refuses: no such address, no such method, a body that is too long."""
    path = request.scope["path"]
    if error.status_code >= 500:
        return answer_unexpected(request, error)
    code, sentence = SENTENCES.get(error.status_code, SENTENCES[400])
    headers = {name.lower(): value for name, value in (error.headers or {}).items()}
    return _answer(path, error.status_code, Failure(error_code=0, message=sentence, code=code), headers)


def answer_unexpected(request: AnyRequest, error: Exception) -> Response[bytes]:
    """For a fault of the hub itself: the log gets the facts, the caller a number to ask about."""
    message = _logged(f"{request.scope['method']} {request.scope['path']}", error)
    return _answer(request.scope["path"], 500, Failure(error_code=0, message=message, code="failed"), {})


def openai_failure(error: OaError) -> OpenAIFailure:
    """An expected failure in the words of OpenAI's clients."""
    status = status_of(error, OPENAI)
    code = next(OPENAI_CODES[kind] for kind in type(error).__mro__ if kind in OPENAI_CODES) or error.code
    param = "model" if isinstance(error, errors.UnknownModel) else error.context.get("param")
    return _openai(status, str(error), code, param)


def openai_unexpected(what: str, error: Exception) -> OpenAIFailure:
    """A fault of the hub where the status is sent already."""
    return _openai(500, _logged(what, error), "failed")


def _logged(what: str, error: Exception) -> str:
    reference = uuid4().hex[:12]
    log.error("%s failed (%s)", what, reference, exc_info=error)
    return f"the hub failed at this, and nothing was changed; whoever runs it finds why in its log under {reference}"


HANDLERS: Mapping[Any, Any] = {
    OaError: answer_expected,
    ValidationException: answer_unreadable,
    HTTPException: answer_framework,
    Exception: answer_unexpected,
}


def _answer(path: str, status: int, failure: Failure, headers: Mapping[str, str]) -> Response[bytes]:
    if path.startswith(OPENAI):
        return _json(status, _openai(status, failure.message, failure.code), headers)
    if path.startswith(OPEN_ASSISTANT):
        return _json(status, failure, headers)
    return _problem(status, Problem(type=f"urn:oa:{failure.code}", title=failure.message, status=status), headers)


def _openai(status: int, message: str, code: str, param: str | None = None) -> OpenAIFailure:
    kind = OPENAI_TYPES.get(status, "invalid_request_error" if status < 500 else "server_error")
    return OpenAIFailure(error=OpenAIError(message=message, type=kind, param=param, code=code))


def _json(status: int, body: msgspec.Struct, headers: Mapping[str, str] | None = None) -> Response[bytes]:
    content = msgspec.json.encode(body)
    return Response(content, status_code=status, headers=dict(headers or {}), media_type="application/json")


def _problem(status: int, body: Problem, headers: Mapping[str, str] | None = None) -> Response[bytes]:
    content = msgspec.json.encode(body)
    return Response(content, status_code=status, headers=dict(headers or {}), media_type="application/problem+json")


# --- sentences for what cannot be decoded ----------------------------------------------------------------------------

NOUNS: Mapping[str, str] = {
    "str": "text",
    "int": "a whole number",
    "float": "a number",
    "bool": "true or false",
    "null": "null",
    "object": "an object",
    "array": "a list",
    "uuid": "a UUID",
    "rfc3339": "a date and time such as 2026-11-20T12:00:00Z",
}


def _explain(message: Mapping[str, Any]) -> ValidationError:
    """One of the framework's messages in Open-Assistant's shape."""
    found = message.get("source", "query")
    source = str(found.value if isinstance(found, ParamType) else found)
    text = str(message.get("message", ""))
    if text == "'data'":  # how the framework says that there was no body
        return ValidationError(loc=["body"], msg="is missing; send JSON", type="value_error.missing")
    steps = [step for step in re.split(r"[.\[\]]+", str(message.get("key", ""))) if step]
    if source == "body" and steps[:1] == ["data"]:
        steps = steps[1:]
    if missing := re.search(r"missing required field `(\w+)`", text):
        steps.append(missing[1])
    sentence, kind = _sentence(text)
    loc: list[str | int] = [source, *(int(step) if step.isdecimal() else step for step in steps)]
    return ValidationError(loc=loc, msg=sentence, type=kind)


def _where(error: ValidationError) -> str:
    return ".".join(str(step) for step in error.loc[1:]) or f"the {error.loc[0]}"


def _sentence(message: str) -> tuple[str, str]:
    """What a decoder says, in words, and Open-Assistant's name for the kind of fault."""
    if "missing" in message.lower():
        return "is missing", "value_error.missing"
    if found := re.match(r"Expected `(.+?)`, got `(.+?)`", message):
        return f"must be {_nouns(found[1])}, not {_nouns(found[2])}", "type_error"
    if found := re.match(r"Expected `(.+?)` of length (>=|<=) (\d+)", message):
        return _length(found[1], found[2], int(found[3])), "value_error.any_str.length"
    if found := re.match(r"Expected `(.+?)` (>=|<=|>|<) (\S+)", message):
        return f"must be {_nouns(found[1])} {found[2]} {found[3]}", "value_error.number.range"
    if found := re.match(r"Invalid enum value (.+)", message) or re.match(r"Invalid value (.+)", message):
        return f"cannot be {found[1][:80]}", "value_error.enum"
    if found := re.match(r"Invalid (\w+)", message):
        return f"is not {NOUNS.get(found[1].lower(), 'valid')}", "value_error"
    if found := re.match(r"Expected `(.+?)`", message):
        return f"must be {_nouns(found[1])}", "type_error"
    return message if message.startswith(("is ", "must ", "has ")) else "is not what is expected here", "value_error"


def _nouns(kinds: str) -> str:
    return " or ".join(NOUNS.get(kind.strip(), kind.strip()) for kind in kinds.split("|"))


def _length(kind: str, relation: str, length: int) -> str:
    unit = "items" if kind == "array" else "characters"
    if relation == ">=" and length == 1:
        return "must not be empty"
    return f"must have at {'least' if relation == '>=' else 'most'} {length} {unit}"
