"""Measure chat on this machine: what the hub adds to what the engine costs by itself.

The engine alone (xllamacpp, in a process of its own, with the same settings) and the hub (`oa serve`, asked through
/v1/chat/completions, streaming) are measured in turn with the same models, which never end an answer by themselves: the
built-in one, or one of random weights and its size, and one of a hundred million random weights. All traffic stays on
the loopback device. The clients take processor time of the same machine, so run it where nothing else runs.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import platform
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import chat_load
import chat_models
import hub as hubs
from chat_load import Load, Plan
from rich.console import Console
from rich.table import Table

import oa

MANY = 32
IDLE = 200

LIMITS_OFF = {
    "OA_INFERENCE__PER_PERSON": "0",
    "OA_INFERENCE__PER_PERSON_PER_MINUTE": "0",
    "OA_INFERENCE__QUEUE_SIZE": "0",
    "OA_INFERENCE__WAIT_S": "0",
    "OA_CHAT__RATE_LIMIT_ANSWERS": "0",
    "OA_AUTH__ALLOW_DEBUG_LOGIN": "true",
}
"""One client does here what a whole community does, and signs in as anybody."""


@dataclass(frozen=True)
class Figure:
    """What was measured, against its bar."""

    name: str
    value: float
    unit: str
    at_least: float | None = None
    at_most: float | None = None

    @property
    def is_met(self) -> bool:
        """Without a bar, always."""
        return (self.at_least is None or self.value >= self.at_least) and (
            self.at_most is None or self.value <= self.at_most
        )

    @property
    def bar(self) -> str:
        if self.at_least is not None:
            return f">= {self.at_least:g}"
        return "" if self.at_most is None else f"<= {self.at_most:g}"


@dataclass(frozen=True)
class Sizes:
    seconds: float
    tokens_small: int
    tokens_large: int
    idle: int = IDLE


USUAL = Sizes(seconds=10.0, tokens_small=900, tokens_large=120)
QUICK = Sizes(seconds=2.0, tokens_small=300, tokens_large=24, idle=50)


@dataclass(frozen=True)
class Served:
    """A hub with one model, and how to ask it."""

    hub: hubs.RunningHub
    plan: Plan

    def run(
        self, clients: int, ask: Callable[[Plan, int], Coroutine[Any, Any, Load]] = chat_load.run
    ) -> tuple[Load, float]:
        """The load, and processor time of the hub for each token, in microseconds."""
        asyncio.run(chat_load.run(Plan(**{**asdict(self.plan), "seconds": 0.2}), 1))  # loads the model, and warms it
        before = self.hub.usage().cpu_s
        load = asyncio.run(ask(self.plan, clients))
        cpu_s = self.hub.usage().cpu_s - before
        return load, 1e6 * cpu_s / max(1, load.tokens)


@contextmanager
def serving(model: Path, tokens: int, seconds: float) -> Iterator[Served]:
    with tempfile.TemporaryDirectory() as directory:
        data_dir = Path(directory) / "data"
        key = hubs.new_key(data_dir)
        with hubs.serving(data_dir, {**LIMITS_OFF, "OA_INFERENCE__MODEL": str(model)}) as hub:
            host, _, port = hub.url.removeprefix("http://").partition(":")
            yield Served(hub, Plan(host, int(port), key, tokens, seconds))


def direct(model: Path, tokens: int, seconds: float, clients: list[int]) -> dict[int, Any]:
    """The engine alone, by the number of clients."""
    command = [sys.executable, str(Path(__file__).with_name("chat_direct.py")), str(model), str(tokens), str(seconds)]
    done = subprocess.run([*command, *map(str, clients)], capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"the engine alone failed: {done.stderr.strip()[-500:]}")
    return {figures["clients"]: figures for figures in json.loads(done.stdout.splitlines()[-1])}


def small(directory: Path, sizes: Sizes) -> Iterator[Figure]:
    """The built-in model, or one of its size: tokens per second, first token, cost per token."""
    model = chat_models.built_in(directory)
    model = model or chat_models.random_weights(directory, "one-million", chat_models.ONE_MILLION)
    tokens = min(sizes.tokens_small, _context(model) - 64)
    alone = direct(model, tokens, sizes.seconds, [1, MANY])
    with serving(model, tokens, sizes.seconds) as served:
        yield Figure(f"model {model.stem}: size", model.stat().st_size / 2**20, "MiB")
        for clients in (1, MANY):
            load, cpu_us = served.run(clients)
            yield from _compared(alone[clients], load, cpu_us, at_least=0.6)
            if clients == 1:
                first = load.first_token_ms - alone[1]["first_token_ms"]
                yield Figure("first token, above the engine's own", round(first, 2), "ms", at_most=20)


def events(directory: Path, sizes: Sizes) -> Iterator[Figure]:
    """The same model through /chats, where every event is kept: cost per token."""
    model = chat_models.built_in(directory)
    model = model or chat_models.random_weights(directory, "one-million", chat_models.ONE_MILLION)
    tokens = min(sizes.tokens_small, _context(model) - 96)
    alone = direct(model, tokens, sizes.seconds, [1, MANY])
    with serving(model, tokens, sizes.seconds) as served:
        name = json.loads(urlopen(f"{served.hub.url}/configs/model_configs").read())[0]["name"]
        for clients in (1, MANY):
            load, cpu_us = served.run(clients, lambda plan, many: chat_load.run_chats(plan, name, many))
            yield from _compared(alone[clients], load, cpu_us, at_least=None)


def large(directory: Path, sizes: Sizes) -> Iterator[Figure]:
    """A hundred million random weights: tokens per second and first token."""
    model = chat_models.random_weights(directory, "hundred-million", chat_models.HUNDRED_MILLION)
    alone = direct(model, sizes.tokens_large, sizes.seconds, [1, MANY])
    with serving(model, sizes.tokens_large, sizes.seconds) as served:
        for clients in (1, MANY):
            load, cpu_us = served.run(clients)
            yield from _compared(alone[clients], load, cpu_us, at_least=0.95, cost_bar=None)
            if clients == 1:
                first = load.first_token_ms - alone[1]["first_token_ms"]
                yield Figure("large: first token, above the engine's own", round(first, 2), "ms", at_most=20)


def idle(directory: Path, sizes: Sizes) -> Iterator[Figure]:
    """Streams that are open and silent: memory."""
    model = chat_models.random_weights(directory, "hundred-million", chat_models.HUNDRED_MILLION)
    with serving(model, 800, 1.0) as served:
        yield Figure("idle streams", sizes.idle, "")
        yield Figure("memory of idle streams", asyncio.run(_idle_mb(served, sizes.idle)), "MB", at_most=50)


async def _idle_mb(served: Served, streams: int) -> float:
    busy = await chat_load.hold(served.plan, 16)  # every place in the model is taken for long
    await asyncio.sleep(2)
    before = served.hub.usage().rss_mb
    held = await chat_load.hold(served.plan, streams)
    await asyncio.sleep(2)
    after = served.hub.usage().rss_mb
    for writer in (*held, *busy):
        writer.close()
    return round(after - before, 1)


def _compared(
    alone: dict[str, Any], load: Load, cpu_us: float, *, at_least: float | None, cost_bar: float | None = 60.0
) -> Iterator[Figure]:
    clients = alone["clients"]
    plural = "client" if clients == 1 else "clients"
    yield Figure(f"{clients} {plural}: engine alone", alone["tokens_per_s"], "tokens/s")
    yield Figure(f"{clients} {plural}: through the hub", load.tokens_per_s, "tokens/s")
    share = load.tokens_per_s / alone["tokens_per_s"]
    yield Figure(f"{clients} {plural}: share of the engine's speed", round(share, 3), "x", at_least=at_least)
    cost = cpu_us - alone["cpu_us_per_token"]
    yield Figure(f"{clients} {plural}: processor time added per token", round(cost, 1), "us", at_most=cost_bar)
    yield Figure(f"{clients} {plural}: first token, engine alone", alone["first_token_ms"], "ms")
    yield Figure(f"{clients} {plural}: first token, through the hub", load.first_token_ms, "ms")
    yield Figure(f"{clients} {plural}: errors", sum(load.errors.values()), "", at_most=0)
    for error in load.errors:
        Console(stderr=True).print(f"error: {error}", highlight=False, markup=False)


def _context(model: Path) -> int:
    from oa.inference.gguf import read_gguf

    return read_gguf(model).context_length or 1024


PARTS: dict[str, Callable[[Path, Sizes], Iterator[Figure]]] = {
    "small": small,
    "events": events,
    "large": large,
    "idle": idle,
}


def main() -> None:
    options = _options()
    sizes = QUICK if options.quick else USUAL
    console = Console(stderr=True)
    results: dict[str, Any] = {"machine": _machine()}
    with tempfile.TemporaryDirectory() as directory:
        for name in options.only or PARTS:
            console.print(f"{name}: {PARTS[name].__doc__}", highlight=False)
            begin = time.perf_counter()
            figures = list(PARTS[name](Path(directory), sizes))
            console.print(_table(figures))
            results[name] = {figure.name: {**asdict(figure), "is_met": figure.is_met} for figure in figures}
            results[name]["took_s"] = round(time.perf_counter() - begin, 1)
    results["machine"]["load_after"] = os.getloadavg()[0]
    text = json.dumps(results, indent=2)
    if options.json:
        options.json.write_text(text + "\n", "utf-8")
    else:
        sys.stdout.write(text + "\n")


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="scripts/bench_chat", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--only", choices=list(PARTS), action="append", help="measure this and not everything")
    parser.add_argument("--quick", action="store_true", help="short runs: to see that it works, not to compare")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures there (default: standard output)")
    return parser.parse_args()


def _machine() -> dict[str, Any]:
    return {
        "oa": oa.__version__,
        "python": platform.python_version(),
        "system": f"{platform.system()} {platform.release()} {platform.machine()}",
        "cores": os.cpu_count(),
        "load_before": os.getloadavg()[0],
    }


def _table(figures: list[Figure]) -> Table:
    table = Table("figure", "value", "", "bar", "", box=None)
    for figure in figures:
        verdict = "" if not figure.bar else "met" if figure.is_met else "MISSED"
        table.add_row(figure.name, f"{figure.value:g}", figure.unit, figure.bar, verdict)
    return table


if __name__ == "__main__":
    main()
