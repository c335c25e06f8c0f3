"""Bodies: JSON in UTF-8, and no text that a database could not keep."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

import msgspec
from litestar import Request, Response
from litestar.exceptions import ClientException, ValidationException
from litestar.exceptions.http_exceptions import RequestEntityTooLarge

DECODER = msgspec.json.Decoder()


class HubRequest(Request[Any, Any, Any]):
    """A request whose JSON is decoded here, so that each fault of it has a sentence."""

    __slots__ = ("_whole",)

    async def body(self) -> bytes:
        """The whole body, read once.

        The framework's own looks up Content-Length first, for which it parses every header: a sixth of all that it
        does for a request.

        Raises:
            RequestEntityTooLarge: it is longer than the settings allow.
            ClientException: the client has gone.
        """
        try:
            return self._whole
        except AttributeError:  # not read yet
            self._whole = await self._read()
            return self._whole

    async def _read(self) -> bytes:
        limit = self.route_handler.resolve_request_max_body_size()
        parts: list[bytes] = []
        size = 0
        while True:
            message = cast(Mapping[str, Any], await self.receive())
            if message["type"] != "http.request":
                raise ClientException("the client has gone")
            part: bytes = message.get("body", b"")
            size += len(part)
            if limit is not None and size > limit:
                raise RequestEntityTooLarge
            parts.append(part)
            if not message.get("more_body"):
                return b"".join(parts)

    async def json(self) -> Any:
        """The decoded body.

        Raises:
            ValidationException: the body is not JSON, not UTF-8, nested too deeply, or has a NUL character in a text.
        """
        return decode(await self.body())


def decode(body: bytes) -> Any:
    """What a body says, before it is known what it should say.

    Raises:
        ValidationException: as `HubRequest.json`.
    """
    try:
        value = DECODER.decode(body or b"null")
    except UnicodeDecodeError:
        raise unreadable("is not text in UTF-8") from None
    except msgspec.DecodeError:
        raise unreadable("is not JSON") from None
    except RecursionError:
        raise unreadable("is nested too deeply") from None
    if b"\\u0000" in body and _holds_nul(value):
        raise unreadable("is refused: it has a NUL character in a text")
    return value


def unreadable(sentence: str, source: str = "body", key: str = "") -> ValidationException:
    """A refusal of a request that cannot be read.

    Args:
        sentence: goes on from "the body …", or from the name in `key`.
    """
    return ValidationException(extra=[{"source": source, "key": key, "message": sentence}])


def json_text(text: str) -> Response[str]:
    """A text as JSON, which the framework would send as it is."""
    return Response(cast(str, msgspec.json.encode(text)), media_type="application/json")


def _holds_nul(value: object) -> bool:
    waiting = [value]
    while waiting:
        part = waiting.pop()
        if isinstance(part, str) and "\0" in part:
            return True
        if isinstance(part, dict):
            waiting.extend(cast(dict[str, object], part))
            waiting.extend(cast(dict[str, object], part).values())
        elif isinstance(part, list):
            waiting.extend(cast(list[object], part))
    return False
