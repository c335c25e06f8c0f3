"""The text that Prometheus reads."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest

from oa.server.metrics import BUCKETS_S, Exchange, Histogram, Measured, Metrics

LINE = re.compile(r'[a-z_]+(\{([a-z]+="[^"]*",?)*\})? [-+0-9.e]+(inf)?$')


def exchange(seconds: float = 0.05, status: int = 200) -> Exchange:
    return Exchange(
        method="GET", handler="/x/{id}", status=status, seconds=seconds, request_bytes=10, response_bytes=300
    )


def values(text: str) -> dict[str, float]:
    lines = [line for line in text.splitlines() if not line.startswith("#")]
    return {name: float(value) for name, _, value in (line.rpartition(" ") for line in lines)}


def test_every_line_can_be_read_and_every_name_is_described() -> None:
    metrics = Metrics()
    metrics.count(exchange())
    text = metrics.text()
    described = {line.split()[2] for line in text.splitlines() if line.startswith("# TYPE")}
    for line in text.splitlines():
        if not line.startswith("#"):
            assert LINE.match(line), line
            name = line.partition("{")[0].partition(" ")[0]
            assert {name, re.sub("_(bucket|count|sum)$", "", name)} & described
    assert text.endswith("\n")


def test_sizes_and_statuses_add_up() -> None:
    metrics = Metrics()
    for status in (200, 204, 404, 503):
        metrics.count(exchange(status=status))
    found = values(metrics.text())
    assert found['http_requests_total{handler="/x/{id}",method="GET",status="2xx"}'] == 2
    assert found['http_requests_total{handler="/x/{id}",method="GET",status="5xx"}'] == 1
    assert found['http_request_size_bytes_sum{handler="/x/{id}"}'] == 40
    assert found['http_response_size_bytes_sum{handler="/x/{id}"}'] == 1200
    assert found["process_resident_memory_bytes"] > 1_000_000


@pytest.mark.parametrize(
    ("seconds", "counts"), [(0.0, [1, 1, 1, 1]), (0.1, [1, 1, 1, 1]), (0.3, [0, 1, 1, 1]), (2.0, [0, 0, 0, 1])]
)
def test_a_duration_falls_into_every_bucket_that_is_not_below_it(seconds: float, counts: list[int]) -> None:
    histogram = Histogram(BUCKETS_S)
    histogram.add(seconds)
    lines = list(histogram.lines("d", 'handler="h"'))
    assert [int(line.rpartition(" ")[2]) for line in lines[:4]] == counts
    assert lines[0].startswith('d_bucket{handler="h",le="0.1"} ')
    assert lines[3].startswith('d_bucket{handler="h",le="+Inf"} ')
    assert lines[4:] == ['d_count{handler="h"} 1', f'd_sum{{handler="h"}} {seconds}']


def ticks() -> Iterator[float]:
    yield from (10.0, 12.5)


async def test_a_request_that_breaks_off_counts_as_a_failure_of_the_hub() -> None:
    async def broken(*_: Any) -> None:
        raise ConnectionResetError

    metrics, clock = Metrics(), ticks()
    with pytest.raises(ConnectionResetError):
        await Measured(broken, metrics, lambda: next(clock))(
            {"type": "http", "method": "GET", "headers": []}, None, None
        )
    found = values(metrics.text())
    assert found['http_requests_total{handler="none",method="GET",status="5xx"}'] == 1
    assert found["http_request_duration_highr_seconds_sum"] == 2.5


async def test_what_is_no_request_is_passed_on_uncounted() -> None:
    seen: list[str] = []

    async def app(scope: Any, *_: Any) -> None:
        seen.append(scope["type"])

    metrics = Metrics()
    await Measured(app, metrics)({"type": "websocket"}, None, None)
    assert seen == ["websocket"]
    assert not [name for name in values(metrics.text()) if name.startswith("http_requests_total")]
