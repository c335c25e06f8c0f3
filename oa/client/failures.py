"""What a hub's refusals become here: the same leaves of `oa.errors` that it raised there."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

import httpx
import msgspec

from oa import errors
from oa.errors import OaError, TooMany

ErrorClass = type[OaError]

DEFAULT_RETRY_AFTER_S = 60
"""How long to stay away from a hub that says "too many" but not for how long."""


def _kinds() -> list[ErrorClass]:
    return [kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, OaError)]


BY_CODE: Mapping[str, ErrorClass] = MappingProxyType({kind.code: kind for kind in _kinds()})
"""By OA's names, which are unique."""

BY_NUMBER: Mapping[int, ErrorClass] = MappingProxyType(
    {kind.number: kind for kind in _kinds() if "number" in vars(kind) and not kind.__subclasses__()}
    | {kind.number: kind for kind in (errors.NoSelfLabeling, errors.TaskNotAssigned)}  # two leaves share each of these
)
"""The leaves by Open-Assistant's numbers, for a hub that sends nothing else. A leaf that has its number only from its
branch is not what that number means."""

BY_STATUS: Mapping[int, ErrorClass] = MappingProxyType(
    {
        400: errors.Invalid,
        401: errors.Unauthorized,
        403: errors.Forbidden,
        404: errors.NotFound,
        405: errors.NotFound,
        409: errors.Conflict,
        413: errors.Invalid,
        422: errors.Invalid,
        429: TooMany,
        502: errors.Unavailable,
        503: errors.Unavailable,
        504: errors.Unavailable,
    }
)
"""What to do about an answer that names no failure."""


UNEXPLAINED = "the hub refused with status {status} and gave no reason; check that the address is a hub's"


BY_OPENAI_CODE: Mapping[str, ErrorClass] = MappingProxyType(
    {
        "invalid_api_key": errors.ClientNotAuthorized,
        "model_not_found": errors.UnknownModel,
        "context_length_exceeded": errors.PromptTooLong,
        "rate_limit_exceeded": TooMany,
    }
)
"""Under /v1 some leaves have the names that OpenAI's clients know."""


class _OpenAI(msgspec.Struct, frozen=True):
    message: str = ""
    code: str | None = None


class _Refusal(msgspec.Struct, frozen=True):
    """Every shape in which a refusal comes: Open-Assistant's, OpenAI's, and a problem document (RFC 9457)."""

    error_code: int = 0
    message: str = ""
    code: str = ""
    type: str = ""
    title: str = ""
    error: _OpenAI | None = None


def retry_after_s(response: httpx.Response) -> int | None:
    """How many seconds the hub asks to wait; None when it does not say, or says it as a date."""
    said = response.headers.get("retry-after", "").strip()
    return int(said) if said.isascii() and said.isdecimal() else None


def failure(response: httpx.Response) -> OaError:
    """The error that an answer with a status of 400 or more stands for."""
    refusal = _read(response.content)
    kind = _kind(refusal, response.status_code)
    sentence = _sentence(refusal) or UNEXPLAINED.format(status=response.status_code)
    if issubclass(kind, TooMany):
        wait_s = retry_after_s(response)
        return kind(sentence, retry_after_s=DEFAULT_RETRY_AFTER_S if wait_s is None else wait_s)
    return kind(sentence, status=response.status_code)


def stream_failure(event: bytes) -> OaError:
    """The error that the last event of a broken stream under /v1 stands for."""
    refusal = _read(event)
    kind = _kind(refusal, 503)
    sentence = _sentence(refusal) or "the answer broke off, and the hub does not say why"
    return TooMany(sentence, retry_after_s=DEFAULT_RETRY_AFTER_S) if issubclass(kind, TooMany) else kind(sentence)


def _sentence(refusal: _Refusal) -> str:
    return refusal.message or refusal.title or (refusal.error.message if refusal.error else "")


def _kind(refusal: _Refusal, status: int) -> ErrorClass:
    openai = (refusal.error and refusal.error.code) or ""
    if openai in BY_OPENAI_CODE:
        return BY_OPENAI_CODE[openai]
    code = refusal.code or refusal.type.removeprefix("urn:oa:") or openai
    return BY_CODE.get(code) or BY_NUMBER.get(refusal.error_code) or BY_STATUS.get(status, OaError)


def _read(content: bytes) -> _Refusal:
    try:
        return msgspec.json.decode(content, type=_Refusal)
    except (msgspec.MsgspecError, UnicodeDecodeError):
        return _Refusal()
