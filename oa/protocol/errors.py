"""What a failure looks like on the wire."""

from __future__ import annotations

import msgspec


class Failure(msgspec.Struct, frozen=True, kw_only=True):
    """The body of every failure under /api/v1."""

    error_code: int
    """Open-Assistant's number for it; 0 where it has none."""
    message: str
    """A sentence for people, which may change."""
    code: str
    """OA's name for it, which does not change, and which tells apart what shares a number."""


class ValidationError(msgspec.Struct, frozen=True, kw_only=True):
    """One thing about a request that cannot be read as what it should be."""

    loc: list[str | int]
    """Where: `body`, `query` or `path`, then the names that lead to it."""
    msg: str
    type: str


class HTTPValidationError(msgspec.Struct, frozen=True, kw_only=True):
    """The body of status 422 under /api/v1."""

    detail: list[ValidationError]
    error_code: int = 0
    message: str = ""
    """All of `detail` in one sentence."""
    code: str = "invalid"


class Problem(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The body of every failure elsewhere.

    Source: RFC 9457, "Problem Details for HTTP APIs".
    """

    type: str
    """`urn:oa:` and OA's name for the failure."""
    title: str
    status: int
    errors: list[ValidationError] = []
