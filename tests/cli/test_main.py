from __future__ import annotations

import errno
import json
import subprocess
import sys
from pathlib import Path

import pytest
import typer

import oa
from oa.cli import main
from oa.errors import BadFile, InvalidSetting, NotFound, StoreUnavailable


@pytest.fixture(autouse=True)
def _empty_directory(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)


def run(*arguments: str) -> int:
    with pytest.raises(SystemExit) as left:
        main.entry(arguments)
    assert isinstance(left.value.code, int)
    return left.value.code


def command_that(monkeypatch: pytest.MonkeyPatch, *, fails_with: BaseException) -> None:
    """Give `oa` one command that fails, and nothing else."""
    app = typer.Typer()

    @app.callback()
    def root() -> None:
        """A tree of commands, so that `fail` is one of them."""

    @app.command()
    def fail() -> None:
        raise fails_with

    monkeypatch.setattr(main, "app", app)


def test_the_version_is_printed(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("--version") == 0
    assert capsys.readouterr().out == f"oa {oa.__version__}\n"


def test_help_names_the_commands(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("--help") == 0
    said = capsys.readouterr().out
    assert "serve" in said
    assert "config" in said


@pytest.mark.parametrize("arguments", [(), ("config",)], ids=["oa", "a group"])
def test_nothing_typed_prints_the_help_as_a_usage_error(
    capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...]
) -> None:
    assert run(*arguments) == 2
    said = capsys.readouterr()
    assert "Usage: oa" in said.out + said.err
    assert "says more" not in said.err


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("serv",), "No such command 'serv'. Did you mean 'serve'"),
        (("serve", "--prot", "1"), "No such option: --prot"),
        (("serve", "--port", "x"), "Invalid value for '--port'"),
        (("serve", "--port"), "Option '--port' requires an argument."),
        (("serve", "--port", "99999"), "server.port must be a port from 0 to 65535, not 99999 (flag)"),
        (("config", "show", "extra"), "Got unexpected extra argument"),
        (
            ("config", "show", "--config", "none.toml"),
            "the settings file none.toml cannot be read: No such file or dir",
        ),
    ],
)
def test_a_usage_error_is_one_sentence_and_exit_2(
    capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...], sentence: str
) -> None:
    assert run(*arguments) == 2
    said = capsys.readouterr()
    assert said.err.startswith(f"oa: {sentence}")
    assert said.err.count("\n") == 1
    assert said.out == ""


@pytest.mark.parametrize(
    ("error", "sentence", "code"),
    [
        (NotFound("there is no user ada"), "oa: there is no user ada\n", 1),
        (StoreUnavailable("the disk is full"), "oa: the disk is full\n", 1),
        (BadFile("line 3 is no JSON"), "oa: line 3 is no JSON\n", 1),
        (InvalidSetting("no such setting"), "oa: no such setting\n", 2),
        (typer.BadParameter("no"), "oa: Invalid value: no (`oa fail --help` says more)\n", 2),
        (typer.Exit(3), "", 3),
        (typer.Abort(), "oa: aborted\n", 1),
        (KeyboardInterrupt(), "", 130),
        (PermissionError(errno.EACCES, "Permission denied", "oa-data"), "oa: Permission denied: oa-data\n", 1),
        (OSError(errno.ENOSPC, "No space left on device"), "oa: No space left on device\n", 1),
        (NotFound("no \x1b[31muser\n"), "oa: no \\x1b[31muser\\n\n", 1),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, BaseException) else "",
)
def test_a_failure_is_one_sentence_and_its_exit_code(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    error: BaseException,
    sentence: str,
    code: int,
) -> None:
    command_that(monkeypatch, fails_with=error)
    assert run("fail") == code
    said = capsys.readouterr()
    assert said.err.strip("\n") == sentence.strip("\n")
    assert said.out == ""


def test_an_unexpected_error_says_how_to_see_more_but_not_what_it_held(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    command_that(monkeypatch, fails_with=KeyError("hunter2"))
    assert run("fail") == 1
    said = capsys.readouterr().err
    assert said == "oa: stopped by an error in OA itself (KeyError); run it again with OA_DEBUG=1 to see where\n"


def test_the_traceback_is_there_for_those_who_ask(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    command_that(monkeypatch, fails_with=KeyError("x"))
    monkeypatch.setenv("OA_DEBUG", "1")
    assert run("fail") == 1
    said = capsys.readouterr().err
    assert "Traceback" in said
    assert "KeyError: 'x'" in said


def test_the_package_runs_as_a_module() -> None:
    command = [sys.executable, "-m", "oa", "--version"]
    assert subprocess.run(command, capture_output=True, text=True, check=True).stdout == f"oa {oa.__version__}\n"


def test_serve_gives_the_settings_to_the_hub(monkeypatch: pytest.MonkeyPatch) -> None:
    from oa.server import run as server

    given: list[object] = []
    monkeypatch.setattr(server, "run", lambda config, _open_database, _answering: given.append(config))
    monkeypatch.setenv("OA_SERVER__HOST", "::1")
    assert run("serve", "--port", "9000", "--data-dir", "hub") == 0
    (config,) = given
    assert (config.server.host, config.server.port, config.data_dir) == ("::1", 9000, Path("hub"))  # type: ignore[attr-defined]


def test_the_settings_are_shown_as_text(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("config", "show", "--data-dir", "hub") == 0
    lines = capsys.readouterr().out.splitlines()
    assert "data_dir\thub" in lines
    assert "server.base_url\t" in lines
    assert "auth.allow_debug_login\tno" in lines


def test_the_settings_are_shown_with_their_origin(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("OA_STORE__URL", "postgresql://oa:hunter2@db/oa")
    assert run("config", "show", "--origin", "--data-dir", "hub") == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "setting\tvalue\torigin"
    assert "data_dir\thub\tflag" in lines
    assert "store.url\tpostgresql://oa:***@db/oa\tenvironment OA_STORE__URL" in lines
    assert "server.port\t8080\tdefault" in lines


@pytest.mark.parametrize("origin", [True, False])
def test_the_settings_are_shown_as_json(capsys: pytest.CaptureFixture[str], origin: bool) -> None:
    Path("oa.toml").write_text("[server]\nport = 9\n")
    assert run("config", "show", "--json", "--config", "oa.toml", *["--origin"][: int(origin)]) == 0
    shown = json.loads(capsys.readouterr().out)
    assert shown["server.port"] == ({"value": 9, "origin": "file oa.toml"} if origin else 9)
    assert shown["store.url"] == ({"value": None, "origin": "default"} if origin else None)
