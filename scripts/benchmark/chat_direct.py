"""xllamacpp driven directly, in a process of its own: what the hub's figures are compared with.

The library is given what the hub's engine gives it. Each client is a thread that asks, reads and asks again; the pieces
of an answer are not even decoded.
"""

from __future__ import annotations

import json
import sys
import tempfile
import threading
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import psutil

from oa.inference.engines.llamacpp_native import LlamaCppSettings, NativeModel

PROMPT = "user: Tell me about everything.\nassistant:"


@dataclass
class Direct:
    """What was measured with so many clients."""

    clients: int
    tokens_per_s: float
    first_token_ms: float
    """The median."""
    cpu_us_per_token: float
    answers: int


def measure(model: NativeModel, clients: int, tokens: int, seconds: float) -> Direct:
    """Let so many threads ask for answers of so many tokens."""
    body = {"prompt": PROMPT, "stream": True, "cache_prompt": True, "n_predict": tokens, "temperature": 0.0}
    request = json.dumps(body).encode()
    counts: list[int] = []
    firsts: list[float] = []
    model.complete(request, lambda _: False)  # warm
    over = time.perf_counter() + seconds

    def work() -> None:
        while time.perf_counter() < over:
            begin, pieces = time.perf_counter(), [0]

            def take(_: str, begin: float = begin, pieces: list[int] = pieces) -> bool:
                if not pieces[0]:
                    firsts.append(time.perf_counter() - begin)
                pieces[0] += 1
                return False

            model.complete(request, take)
            counts.append(tokens)

    process = psutil.Process()
    cpu_s, begin = _cpu_s(process), time.perf_counter()
    threads = [threading.Thread(target=work) for _ in range(clients)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    took_s, cpu_s = time.perf_counter() - begin, _cpu_s(process) - cpu_s
    written = sum(counts)
    return Direct(
        clients=clients,
        tokens_per_s=round(written / took_s, 1),
        first_token_ms=round(1000 * sorted(firsts)[len(firsts) // 2], 2),
        cpu_us_per_token=round(1e6 * cpu_s / written, 1),
        answers=len(counts),
    )


def _cpu_s(process: psutil.Process) -> float:
    times = process.cpu_times()
    return times.user + times.system


def main(path: str, tokens: str, seconds: str, *clients: str) -> None:
    """Measure one model with several numbers of clients; the figures go to standard output as JSON."""
    with tempfile.TemporaryDirectory() as directory:
        model = NativeModel(LlamaCppSettings(path=Path(path), socket_dir=Path(directory)))
        figures: list[Any] = [asdict(measure(model, int(one), int(tokens), float(seconds))) for one in clients]
        model.close()
    sys.stdout.write(json.dumps(figures) + "\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
