"""The base of every failure, and what a caller can do about each kind."""

from __future__ import annotations

from typing import Any, ClassVar


class OaError(Exception):
    """An expected failure with a sentence for people; `context` holds facts that are safe to show."""

    code: ClassVar[str] = "failed"
    number: ClassVar[int] = 0

    def __init__(self, message: str, **context: Any) -> None:
        super().__init__(message)
        self.context = context


class Invalid(OaError):
    code = "invalid"


class Unauthorized(OaError):
    code = "unauthorized"
    number = 600


class Forbidden(OaError):
    code = "forbidden"
    number = 2


class NotFound(OaError):
    code = "not_found"


class Conflict(OaError):
    code = "conflict"


class TooMany(OaError):
    code = "too_many_requests"
    number = 429

    def __init__(self, message: str, *, retry_after_s: int, **context: Any) -> None:
        super().__init__(message, retry_after_s=retry_after_s, **context)
        self.retry_after_s = retry_after_s


class Unavailable(OaError):
    code = "unavailable"
