"""Answers that come piece by piece (server-sent events), and end with their client.

Source: WHATWG, "HTML Living Standard", server-sent events.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Iterable, Mapping
from contextlib import aclosing
from typing import Any

from litestar import Request, Response
from litestar.datastructures import Cookie
from litestar.response.base import ASGIResponse
from litestar.types import Receive, Send

KEEP_ALIVE = b": keep-alive\n\n"
"""A comment, which clients skip and which keeps proxies from giving up."""

KEEP_ALIVE_S = 10.0

HEADERS: Mapping[str, str] = {
    "content-type": "text/event-stream; charset=utf-8",
    "cache-control": "no-cache",
    "x-accel-buffering": "no",  # nginx would wait for more
}


class EventStream(Response[AsyncGenerator[bytes, None]]):
    """Sends what a generator yields, each piece at once. The generator is closed as soon as the client has gone."""

    def __init__(self, pieces: AsyncGenerator[bytes, None], headers: Mapping[str, str] | None = None) -> None:
        super().__init__(pieces, headers={**HEADERS, **(headers or {})}, status_code=200)

    def to_asgi_response(  # the framework calls it with all of these by name
        self, app: Any, request: Request[Any, Any, Any], *, cookies: Iterable[Cookie] | None = None, **kwargs: Any
    ) -> ASGIResponse:
        return _Sending(self.content, headers=self.headers, status_code=200, cookies=cookies)


class _Sending(ASGIResponse):
    __slots__ = ("_pieces",)

    _should_set_content_length = False

    def __init__(self, pieces: AsyncGenerator[bytes, None], **kwargs: Any) -> None:
        super().__init__(media_type="text/event-stream", **kwargs)
        self._pieces = pieces

    async def send_body(self, send: Send, receive: Receive) -> None:
        sending = asyncio.create_task(self._send(send))
        leaving = asyncio.create_task(has_gone(receive))
        try:
            await asyncio.wait((sending, leaving), return_when=asyncio.FIRST_COMPLETED)
        finally:
            leaving.cancel()
            if not sending.done():
                sending.cancel()
            await asyncio.wait((sending, leaving))
        if not sending.cancelled():
            sending.result()  # what went wrong is for the log

    async def _send(self, send: Send) -> None:
        async with aclosing(self._pieces):
            async for piece in self._pieces:
                await send({"type": "http.response.body", "body": piece, "more_body": True})
        await send({"type": "http.response.body", "body": b"", "more_body": False})


async def has_gone(receive: Receive) -> None:
    """Return when the client has closed the connection. The request's body must have been read."""
    while (await receive())["type"] != "http.disconnect":
        pass
