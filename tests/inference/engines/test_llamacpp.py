from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from engines_under_test import ask

from oa.domain.sampling import Sampling
from oa.errors import ModelFailed, NotSupported
from oa.inference.engine import Reason
from oa.inference.engines.llamacpp import LlamaCppEngine
from oa.inference.engines.llamacpp_native import LlamaCppSettings, size_of
from oa.inference.gguf import read_gguf

LISTENING_TCP = """
import asyncio, sys
from pathlib import Path
from oa.inference.engines.llamacpp import LlamaCppEngine
from oa.inference.engines.llamacpp_native import LlamaCppSettings
from oa.inference.engine import Segment

async def main():
    engine = LlamaCppEngine(LlamaCppSettings(Path(sys.argv[1]), Path(sys.argv[2])))
    assert await engine.count_tokens([Segment("hello", True)]) == 5
    await engine.embed(["hello"])
    mine = {Path(f"/proc/self/fd/{fd}").readlink().name for fd in map(int, __import__("os").listdir("/proc/self/fd"))
            if Path(f"/proc/self/fd/{fd}").is_socket()}
    for kind in ("tcp", "tcp6", "udp", "udp6", "unix"):
        lines = Path(f"/proc/self/net/{kind}").read_text().splitlines()[1:]
        numbers = [line.split()[6 if kind == "unix" else 9] for line in lines]
        print(kind, sum(f"socket:[{number}]" in mine for number in numbers))
    await engine.unload()

asyncio.run(main())
"""


@pytest.mark.skipif(not Path("/proc/self/net/tcp").exists(), reason="sockets are listed in /proc, on Linux")
def test_no_port_is_opened(tiny_gguf: Path, tmp_path: Path) -> None:
    command = [sys.executable, "-c", LISTENING_TCP, str(tiny_gguf), str(tmp_path)]
    told = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    sockets = dict(line.split() for line in told.splitlines())
    assert {kind: sockets[kind] for kind in ("tcp", "tcp6", "udp", "udp6")} == dict.fromkeys(
        ("tcp", "tcp6", "udp", "udp6"), "0"
    )
    assert int(sockets["unix"]) >= 2  # the model's and that for vectors
    assert list(tmp_path.iterdir()) == []


async def test_a_socket_is_its_owners_only_and_goes_with_the_model(tiny_gguf: Path, tmp_path: Path) -> None:
    directory = tmp_path / "run"
    engine = LlamaCppEngine(LlamaCppSettings(tiny_gguf, directory))
    await engine.load()
    (socket,) = directory.iterdir()
    assert socket.is_socket()
    assert directory.stat().st_mode & 0o777 == 0o700
    await engine.unload()
    assert list(directory.iterdir()) == []


async def test_a_directory_with_a_long_name_is_no_obstacle(tiny_gguf: Path, tmp_path: Path) -> None:
    engine = LlamaCppEngine(LlamaCppSettings(tiny_gguf, tmp_path / ("long" * 40)))
    assert (await _loaded(engine)).is_loaded
    assert (await ask(engine, "hello")).text
    await engine.unload()


@pytest.fixture
def gone_process() -> int:
    """The number of a process that has ended."""
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    return process.pid


async def test_sockets_of_processes_that_are_gone_are_removed(
    tiny_gguf: Path, tmp_path: Path, gone_process: int
) -> None:
    (tmp_path / f"llama-{gone_process}-1.sock").touch()
    (tmp_path / f"llama-{os.getpid()}-0.sock").touch()
    engine = await _loaded(LlamaCppEngine(LlamaCppSettings(tiny_gguf, tmp_path)))
    names = os.listdir(tmp_path)
    assert f"llama-{gone_process}-1.sock" not in names
    assert f"llama-{os.getpid()}-0.sock" in names
    await engine.unload()


async def test_answers_follow_a_schema_and_a_grammar(tiny_gguf: Path, tmp_path: Path) -> None:
    engine = await _loaded(LlamaCppEngine(LlamaCppSettings(tiny_gguf, tmp_path)))
    said = await ask(engine, "hello", grammar='root ::= "yes" | "no"')
    assert said.text in ("yes", "no")
    assert said.end.reason is Reason.END
    schema = {"type": "object", "properties": {"n": {"enum": [1, 2]}}, "required": ["n"], "additionalProperties": False}
    said = await ask(engine, "hello", json_schema=schema, max_tokens=200, sampling=Sampling(seed=2))
    assert said.text.replace(" ", "").replace("\n", "") in ('{"n":1}', '{"n":2}') or said.end.reason is Reason.LENGTH
    with pytest.raises(NotSupported, match="grammar"):
        await ask(engine, "hello", grammar="root ::= nothing-of-this-name")
    assert (await ask(engine, "hello")).text
    await engine.unload()


async def test_the_second_of_two_equal_prompts_is_read_from_the_cache(tiny_gguf: Path, tmp_path: Path) -> None:
    engine = await _loaded(LlamaCppEngine(LlamaCppSettings(tiny_gguf, tmp_path)))
    first, second = await ask(engine, "a rather long question" * 5), await ask(engine, "a rather long question" * 5)
    assert first.end.cached_tokens < second.end.cached_tokens == second.end.prompt_tokens - 1
    assert first.text == second.text
    await engine.unload()


async def test_one_model_outlives_another(tiny_gguf: Path, tmp_path: Path) -> None:
    first = await _loaded(LlamaCppEngine(LlamaCppSettings(tiny_gguf, tmp_path)))
    second = await _loaded(LlamaCppEngine(LlamaCppSettings(tiny_gguf, tmp_path)))
    text = (await ask(first, "hello")).text
    await first.unload()
    assert (await ask(second, "hello")).text == text
    await second.unload()


async def test_a_file_that_is_no_adapter_is_named(tiny_gguf: Path, tmp_path: Path) -> None:
    engine = LlamaCppEngine(LlamaCppSettings(tiny_gguf, tmp_path, adapters=(tiny_gguf,)))
    with pytest.raises(ModelFailed, match=r"tiny\.gguf was made for another base"):
        await engine.load()


def test_context_and_places_are_what_half_of_the_memory_has_room_for(
    tiny_gguf: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    header = read_gguf(tiny_gguf)
    settings = LlamaCppSettings(tiny_gguf, tmp_path)
    assert (size_of(settings, header).context_length, size_of(settings, header).parallel) == (512, 16)
    room = header.file_bytes + 2 * 3 * 512 * header.cache_bytes_per_token
    monkeypatch.setattr("oa.inference.engines.llamacpp_native.memory_bytes", lambda: room)
    assert (size_of(settings, header).context_length, size_of(settings, header).parallel) == (512, 3)
    monkeypatch.setattr("oa.inference.engines.llamacpp_native.memory_bytes", lambda: 0)
    assert (size_of(settings, header).context_length, size_of(settings, header).parallel) == (256, 1)
    wanted = LlamaCppSettings(tiny_gguf, tmp_path, context_length=300, parallel=2, threads=3)
    assert (size_of(wanted, header).context_length, size_of(wanted, header).parallel) == (300, 2)
    assert size_of(wanted, header).threads == 3


async def _loaded(engine: LlamaCppEngine) -> LlamaCppEngine:
    await engine.load()
    return engine
