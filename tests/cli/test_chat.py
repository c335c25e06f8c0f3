"""`oa chat` with a hub on a port and with a model in the process."""

from __future__ import annotations

import asyncio
import io
import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from loopback import serving
from scripted_answering import ScriptedAnswering
from tiny_models import make_tiny_model

from oa.cli import main
from oa.config import Config
from oa.domain.people import AccountRole
from oa.errors import ModelFailed
from oa.hub import accounts, keys
from oa.hub.accounts import NewAccount
from oa.hub.keys import NewToken
from oa.inference.engine import Role, Turn
from oa.server.app import create_app
from oa.store import dialect
from oa.store.database import Database, Transaction
from oa.store.opening import FILE_NAME

Oa = Callable[..., int]


class HubInAThread:
    """A hub on a port, with an event loop of its own, as the command has one."""

    def __init__(self, data_dir: Path) -> None:
        self._database = Database(dialect.sqlite_url(data_dir / FILE_NAME))
        self.token = self._database.run(_token)
        self.address = ""
        self.answering: ScriptedAnswering
        self._is_up = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._serve()))

    def start(self) -> None:
        self._thread.start()
        self._is_up.wait()

    def stop(self) -> None:
        self._loop.call_soon_threadsafe(self._leave.set)
        self._thread.join()

    async def _serve(self) -> None:
        self._loop, self._leave = asyncio.get_running_loop(), asyncio.Event()
        self.answering = ScriptedAnswering()
        async with serving(create_app(self._database, Config(), self.answering)) as self.address:
            self._is_up.set()
            await self._leave.wait()
        await self._database.close()


def _token(tx: Transaction) -> str:
    account = accounts.create_account(tx, NewAccount("ada", AccountRole.VOLUNTEER))
    return keys.issue_token(tx, account.user, NewToken("chat")).secret


@pytest.fixture(scope="module")
def running(empty_database_file: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[HubInAThread]:
    directory = tmp_path_factory.mktemp("chat")
    (directory / FILE_NAME).write_bytes(empty_database_file.read_bytes())
    hub = HubInAThread(directory)
    hub.start()
    yield hub
    hub.stop()


@pytest.fixture
def model(running: HubInAThread) -> ScriptedAnswering:
    running.answering.forget()
    return running.answering


def oa(*arguments: str) -> int:
    with pytest.raises(SystemExit) as left:
        main.entry(["chat", *arguments])
    assert isinstance(left.value.code, int)
    return left.value.code


@pytest.fixture
def at_hub(running: HubInAThread, model: ScriptedAnswering, monkeypatch: pytest.MonkeyPatch) -> ScriptedAnswering:
    """The environment of somebody who has a hub; what its model says is up to the test."""
    monkeypatch.setenv("OA_HUB", running.address)
    monkeypatch.setenv("OA_TOKEN", running.token)
    return model


@pytest.fixture
def typed(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Says what comes in from a pipe."""
    return lambda text: monkeypatch.setattr(sys, "stdin", io.StringIO(text))


def test_a_question_is_answered(at_hub: ScriptedAnswering, capsys: pytest.CaptureFixture[str]) -> None:
    at_hub.will("It is", " blue.")
    assert oa("What colour is the sky?", "--system", "Be brief.", "--seed", "3", "--max-tokens", "9") == 0
    assert capsys.readouterr().out == "It is blue.\n"
    (asked,) = at_hub.asked
    assert asked.turns == (Turn(Role.SYSTEM, "Be brief."), Turn(Role.USER, "What colour is the sky?"))
    assert (asked.sampling.seed, asked.sampling.temperature, asked.max_tokens) == (3, 0.7, 9)


def test_a_question_from_a_pipe_is_answered(
    at_hub: ScriptedAnswering, typed: Callable[[str], None], capsys: pytest.CaptureFixture[str]
) -> None:
    typed("two\nlines\n")
    assert oa("-") == 0
    assert capsys.readouterr().out == "two\nlines\n"


def test_programs_get_json(at_hub: ScriptedAnswering, capsys: pytest.CaptureFixture[str]) -> None:
    assert oa("Hello there", "--json") == 0
    told = json.loads(capsys.readouterr().out)
    assert told == {
        "model": "echo",
        "answer": "Hello there",
        "finish_reason": "stop",
        "prompt_tokens": 2,
        "completion_tokens": 2,
    }


def test_a_conversation_goes_line_by_line_and_remembers(
    at_hub: ScriptedAnswering, typed: Callable[[str], None], capsys: pytest.CaptureFixture[str]
) -> None:
    typed("one\n\ntwo\n/new\nthree\n/quit\nfour\n")
    assert oa() == 0
    assert capsys.readouterr().out == "one\ntwo\nthree\n"
    turns = [[turn.content for turn in question.turns] for question in at_hub.asked]
    assert turns == [["one"], ["one", "one", "two"], ["three"]]


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["  "], "there is nothing to ask"),
        (["x", "--token", "oat_wrong"], "not valid here"),
        (["x", "--model", "gpt-9"], "there is no model 'gpt-9' here; there is echo"),
        (["x", "--hub", "http://127.0.0.1:1"], "no hub answers at http://127.0.0.1:1"),
        (["x", "--hub", "nonsense"], "no hub answers at nonsense"),
        (["x", "--token", ""], "give your access token"),
        (["x", "--model", "./no/such/model.gguf"], "./no/such/model.gguf"),
    ],
)
def test_what_goes_wrong_is_one_sentence(
    at_hub: ScriptedAnswering, capsys: pytest.CaptureFixture[str], tmp_path: Path, arguments: list[str], sentence: str
) -> None:
    assert oa(*arguments, "--data-dir", str(tmp_path)) == 1
    printed = capsys.readouterr()
    assert printed.err.startswith("oa: ")
    assert sentence in printed.err
    assert len(printed.err.splitlines()) == 1
    assert printed.out == ""


def test_an_answer_that_breaks_off_is_shown_as_far_as_it_goes(
    at_hub: ScriptedAnswering, capsys: pytest.CaptureFixture[str]
) -> None:
    at_hub.will("Well", ModelFailed("the model died"))
    assert oa("x") == 1
    printed = capsys.readouterr()
    assert (printed.out, printed.err) == ("Well\n", "oa: the model died\n")


def test_ctrl_c_stops_the_answer_also_at_the_hub(running: HubInAThread, model: ScriptedAnswering) -> None:
    model.will("Well", asyncio.Event())
    env = {**os.environ, "OA_HUB": running.address, "OA_TOKEN": running.token}
    command = [sys.executable, "-m", "oa", "chat", "x"]
    with subprocess.Popen(command, env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stdout.read(4) == b"Well"
        process.send_signal(signal.SIGINT)
        assert process.stdout.read() == b"\n"
        assert process.wait(10) == 130
        assert process.stderr is not None
        assert process.stderr.read() == b""
    stopped = asyncio.run_coroutine_threadsafe(model.until(lambda: bool(model.cancelled)), running._loop)
    stopped.result(10)


def test_a_model_at_a_path_answers_without_a_hub(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    tiny_gguf = make_tiny_model(tmp_path / "model").gguf
    for _ in range(2):
        arguments = ("--model", str(tiny_gguf), "--data-dir", str(tmp_path), "--seed", "1", "--max-tokens", "8")
        assert oa("Hello", *arguments, "--json") == 0
    first, second = map(json.loads, capsys.readouterr().out.splitlines())
    assert first == second
    assert first["completion_tokens"] <= 8
    assert first["model"]
