"""What the hub counts about itself, in the text format of Prometheus.

The names and buckets are those of Open-Assistant's dashboards. It is a page of code because a library would cost every
request more than the counting.

Source: Prometheus, "Exposition formats", text-based format 0.0.4.
"""

from __future__ import annotations

import gc
import os
import platform
import resource
import sys
import time
from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field

from litestar.types import ASGIApp, HTTPSendMessage, Receive, Scope, Send

BUCKETS_S = (0.1, 0.5, 1.0)
FINE_BUCKETS_S = (
    *(0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1.0, 1.5, 2.0, 2.5),
    *(3.0, 3.5, 4.0, 4.5, 5.0, 7.5, 10.0, 30.0, 60.0),
)

METHODS = frozenset({"GET", "POST", "PUT", "DELETE", "PATCH", "HEAD", "OPTIONS"})

NO_ROUTE = "none"
"""The handler of requests that match no route, whatever they asked for: what strangers type must not become labels."""


@dataclass(slots=True)
class Histogram:
    """How often a value fell below each of some bounds."""

    bounds: tuple[float, ...]
    counts: list[int] = field(default_factory=list[int])
    total: float = 0.0

    def __post_init__(self) -> None:
        self.counts = [0] * (len(self.bounds) + 1)

    def add(self, value: float) -> None:
        self.counts[bisect_left(self.bounds, value)] += 1
        self.total += value

    def lines(self, name: str, labels: str) -> Iterator[str]:
        below = 0
        for bound, count in zip((*self.bounds, float("inf")), self.counts, strict=True):
            below += count
            limit = "+Inf" if bound == float("inf") else repr(bound)
            yield f'{name}_bucket{{{labels}{"," if labels else ""}le="{limit}"}} {below}'
        yield f"{name}_count{_braced(labels)} {below}"
        yield f"{name}_sum{_braced(labels)} {self.total}"


@dataclass(slots=True)
class Handler:
    """What was measured of one route."""

    seconds: Histogram = field(default_factory=lambda: Histogram(BUCKETS_S))
    requests: int = 0
    request_bytes: int = 0
    response_bytes: int = 0


@dataclass(frozen=True, slots=True)
class Exchange:
    """One request and its answer."""

    method: str
    handler: str
    """The route's template, such as `/api/v1/tasks/{task_id}/ack`."""
    status: int
    seconds: float
    request_bytes: int
    response_bytes: int


class Metrics:
    """The counts since the start."""

    def __init__(self) -> None:
        self._requests: dict[tuple[str, str, str], int] = {}
        self._handlers: dict[str, Handler] = {}
        self._all = Histogram(FINE_BUCKETS_S)
        self._started = time.time()
        self._others: list[Callable[[], Iterable[str]]] = []

    def add(self, lines: Callable[[], Iterable[str]]) -> None:
        """Tell these as well, each time that somebody asks."""
        self._others.append(lines)

    def count(self, exchange: Exchange) -> None:
        method = exchange.method if exchange.method in METHODS else "other"
        key = (method, f"{exchange.status // 100}xx", exchange.handler)
        self._requests[key] = self._requests.get(key, 0) + 1
        handler = self._handlers.get(exchange.handler)
        if handler is None:
            handler = self._handlers[exchange.handler] = Handler()
        handler.requests += 1
        handler.seconds.add(exchange.seconds)
        handler.request_bytes += exchange.request_bytes
        handler.response_bytes += exchange.response_bytes
        self._all.add(exchange.seconds)

    def text(self) -> str:
        """Everything, as Prometheus reads it."""
        others = (line for lines in self._others for line in lines())
        return "\n".join((*self._http(), *others, *_process(self._started))) + "\n"

    def _http(self) -> Iterator[str]:
        yield from head("http_requests_total", "counter", "Requests by method, status and handler.")
        for (method, status, handler), count in self._requests.items():
            yield f'http_requests_total{{handler="{handler}",method="{method}",status="{status}"}} {count}'
        for name, what in (("request", "read"), ("response", "sent")):
            yield from head(f"http_{name}_size_bytes", "summary", f"Bytes of bodies {what}, by handler.")
            for handler, found in self._handlers.items():
                size = found.request_bytes if name == "request" else found.response_bytes
                yield f'http_{name}_size_bytes_count{{handler="{handler}"}} {found.requests}'
                yield f'http_{name}_size_bytes_sum{{handler="{handler}"}} {size}'
        yield from head("http_request_duration_seconds", "histogram", "Seconds to answer, by handler.")
        for handler, found in self._handlers.items():
            yield from found.seconds.lines("http_request_duration_seconds", f'handler="{handler}"')
        yield from head("http_request_duration_highr_seconds", "histogram", "Seconds to answer, finely.")
        yield from self._all.lines("http_request_duration_highr_seconds", "")


class Measured:
    """An application, with every request to it counted."""

    def __init__(self, app: ASGIApp, metrics: Metrics, clock: Callable[[], float] = time.perf_counter) -> None:
        self._app = app
        self._metrics = metrics
        self._clock = clock

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        start, status, size = self._clock(), 500, 0

        async def note(message: HTTPSendMessage) -> None:
            nonlocal status, size
            if message["type"] == "http.response.start":
                status = message["status"]
            elif message["type"] == "http.response.body":
                size += len(message["body"])
            await send(message)

        try:
            await self._app(scope, receive, note)  # type: ignore[arg-type]
        finally:
            exchange = Exchange(
                method=scope["method"],
                handler=scope.get("path_template") or NO_ROUTE,
                status=status,
                seconds=self._clock() - start,
                request_bytes=_content_length(scope["headers"]),
                response_bytes=size,
            )
            self._metrics.count(exchange)


def _content_length(headers: Iterable[tuple[bytes, bytes]]) -> int:
    for name, value in headers:
        if name == b"content-length":
            return int(value) if value.isdigit() else 0
    return 0


def _process(started: float) -> Iterator[str]:
    usage = resource.getrusage(resource.RUSAGE_SELF)
    yield from head("process_cpu_seconds_total", "counter", "Processor time, of the user and the system.")
    yield f"process_cpu_seconds_total {usage.ru_utime + usage.ru_stime}"
    yield from head("process_start_time_seconds", "gauge", "When the process began, in seconds since 1970.")
    yield f"process_start_time_seconds {started}"
    if (resident := _resident_bytes()) is not None:
        yield from head("process_resident_memory_bytes", "gauge", "Memory in use.")
        yield f"process_resident_memory_bytes {resident}"
    yield from head("python_gc_collections_total", "counter", "Runs of the garbage collector, by generation.")
    for generation, found in enumerate(gc.get_stats()):
        yield f'python_gc_collections_total{{generation="{generation}"}} {found["collections"]}'
    yield from head("python_info", "gauge", "The interpreter.")
    version = f'implementation="{platform.python_implementation()}",version="{platform.python_version()}"'
    yield f"python_info{{{version}}} 1"


def _resident_bytes() -> int | None:
    if not sys.platform.startswith("linux"):
        return None
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def head(name: str, kind: str, help: str) -> Iterator[str]:
    """The lines that describe a metric."""
    yield f"# HELP {name} {help}"
    yield f"# TYPE {name} {kind}"


def _braced(labels: str) -> str:
    return f"{{{labels}}}" if labels else ""
