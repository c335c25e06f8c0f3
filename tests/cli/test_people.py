"""`oa users`, `oa token` and `oa keys`, which work on the same data."""

from __future__ import annotations

import io
import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from oa.cli import main
from oa.domain.people import AccountRole, Caller, Identity
from oa.errors import ClientNotAuthorized
from oa.hub import access, accounts, passwords
from oa.hub.access import Credential
from oa.store.database import Database

Oa = Callable[..., int]


@pytest.fixture
def oa(data_dir: Path) -> Oa:
    """Runs `oa` on one data directory; the exit code."""

    def run(*arguments: str) -> int:
        with pytest.raises(SystemExit) as left:
            main.entry([*arguments, "--data-dir", str(data_dir)])
        assert isinstance(left.value.code, int)
        return left.value.code

    return run


@pytest.fixture
def printed(oa: Oa, capsys: pytest.CaptureFixture[str]) -> Callable[..., Any]:
    """Runs `oa … --json`, which must succeed; what it printed."""

    def run(*arguments: str) -> Any:
        capsys.readouterr()
        assert oa(*arguments, "--json") == 0
        said = capsys.readouterr()
        assert said.err == ""
        return json.loads(said.out)

    return run


@contextmanager
def opened(data_dir: Path) -> Iterator[Database]:
    database = Database(f"sqlite:///{data_dir / 'oa.db'}")
    try:
        yield database
    finally:
        database.shut()


def caller(data_dir: Path, secret: str) -> Caller:
    with opened(data_dir) as database:
        return database.run(lambda tx: access.caller(tx, Credential(secret)))


def refused(oa: Oa, capsys: pytest.CaptureFixture[str], *arguments: str, code: int = 1) -> str:
    """The sentence with which a command fails."""
    capsys.readouterr()
    assert oa(*arguments) == code
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.count("\n") == 1
    return said.err


# --- keys ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("flags", [[], ["--trusted"]], ids=["untrusted", "trusted"])
def test_a_key_that_was_added_opens_the_hub(printed: Callable[..., Any], data_dir: Path, flags: list[str]) -> None:
    made = printed("keys", "add", "bot", *flags)
    assert list(made) == ["id", "key"]
    client = caller(data_dir, made["key"]).client
    assert (str(client.id), client.description, client.trusted) == (made["id"], "bot", bool(flags))


def test_keys_are_listed_without_their_secrets(printed: Callable[..., Any], oa: Oa) -> None:
    made = printed("keys", "add", "bot")
    (key,) = printed("keys", "list")
    assert (key["id"], key["name"], key["begins"]) == (made["id"], "bot", made["key"][:8])
    assert (key["trusted"], key["enabled"], key["last_used"]) == (False, True, None)
    assert made["key"] not in json.dumps(key)


def test_a_revoked_key_opens_nothing_and_stays_in_the_list(printed: Callable[..., Any], data_dir: Path) -> None:
    made = printed("keys", "add", "bot")
    assert printed("keys", "revoke", "bot")["enabled"] is False
    with pytest.raises(ClientNotAuthorized):
        caller(data_dir, made["key"])
    assert [key["enabled"] for key in printed("keys", "list")] == [False]


def test_a_key_that_is_not_there_is_not_revoked(oa: Oa, capsys: pytest.CaptureFixture[str]) -> None:
    assert "`oa keys list`" in refused(oa, capsys, "keys", "revoke", "bot")


def test_without_json_the_key_is_a_line_of_its_own(oa: Oa, capsys: pytest.CaptureFixture[str]) -> None:
    assert oa("keys", "add", "bot") == 0
    identity, key = capsys.readouterr().out.splitlines()
    assert identity.startswith("id\t")
    assert key.startswith("key\toak_")


def test_a_new_data_directory_is_made(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as left:
        main.entry(["keys", "add", "bot", "--json", "--data-dir", str(tmp_path / "new" / "hub")])
    assert left.value.code == 0
    key = json.loads(capsys.readouterr().out)["key"]
    assert caller(tmp_path / "new" / "hub", key).client.description == "bot"


def test_commands_work_beside_a_running_hub(printed: Callable[..., Any], data_dir: Path) -> None:
    with opened(data_dir) as hub:
        key = printed("keys", "add", "bot")["key"]
        assert hub.run(lambda tx: access.caller(tx, Credential(key))).client.description == "bot"
        printed("keys", "revoke", "bot")
        with pytest.raises(ClientNotAuthorized):
            hub.run(lambda tx: access.caller(tx, Credential(key)))


# --- users -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("role", AccountRole)
def test_somebody_who_was_added_has_a_role_and_a_token(
    printed: Callable[..., Any], data_dir: Path, role: AccountRole
) -> None:
    made = printed("users", "add", "Ada", "--role", role.value)
    assert list(made) == ["id", "token"]
    found = caller(data_dir, made["token"])
    assert found.person is not None
    assert (str(found.person.id), found.role) == (made["id"], role)


def test_people_are_volunteers_unless_it_is_said(printed: Callable[..., Any]) -> None:
    printed("users", "add", "Ada")
    (ada,) = printed("users", "list")
    assert (ada["name"], ada["display_name"], ada["role"]) == ("ada", "Ada", "volunteer")
    assert (ada["enabled"], ada["has_password"]) == (True, False)


@pytest.mark.parametrize("line", ["correct horse\n", "correct horse\r\n", "correct horse", "correct horse\nnext line"])
def test_a_password_is_one_line_of_stdin(
    printed: Callable[..., Any], data_dir: Path, monkeypatch: pytest.MonkeyPatch, line: str
) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO(line))
    printed("users", "add", "Ada", "--password-stdin")
    with opened(data_dir) as database:
        kept = database.run(lambda tx: accounts.find_account(tx, "ada")).password_hash
    assert passwords.is_right(kept, "correct horse")


def test_a_password_that_is_too_short_adds_nobody(
    printed: Callable[..., Any], oa: Oa, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO("short\n"))
    assert "8 to 1024" in refused(oa, capsys, "users", "add", "Ada", "--password-stdin")
    assert printed("users", "list") == []


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def type_unseen(monkeypatch: pytest.MonkeyPatch, *lines: str) -> None:
    """Answer the prompts of a terminal."""
    answers = iter(lines)
    monkeypatch.setattr(sys, "stdin", Terminal())
    monkeypatch.setattr("getpass.getpass", lambda _prompt: next(answers))


def test_on_a_terminal_a_new_password_is_typed_unseen_and_twice(
    printed: Callable[..., Any],
    oa: Oa,
    data_dir: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    printed("users", "add", "Ada")
    type_unseen(monkeypatch, "correct horse", "correct hose")
    assert "the two passwords differ" in refused(oa, capsys, "users", "password", "ada", code=2)
    type_unseen(monkeypatch, "correct horse", "correct horse")
    assert oa("users", "password", "ada") == 0
    with opened(data_dir) as database:
        kept = database.run(lambda tx: accounts.find_account(tx, "ada")).password_hash
    assert passwords.is_right(kept, "correct horse")


def test_without_a_terminal_a_new_password_comes_from_stdin_only_when_asked(
    printed: Callable[..., Any], oa: Oa, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    printed("users", "add", "Ada")
    monkeypatch.setattr(sys, "stdin", io.StringIO("correct horse\n"))
    assert "--password-stdin" in refused(oa, capsys, "users", "password", "ada", code=2)
    assert oa("users", "password", "ada", "--password-stdin") == 0
    (ada,) = printed("users", "list")
    assert ada["has_password"] is True


def test_roles_change(printed: Callable[..., Any], oa: Oa, capsys: pytest.CaptureFixture[str]) -> None:
    printed("users", "add", "Ada")
    assert printed("users", "role", "ADA", "admin")["role"] == "admin"
    assert "only admin" in refused(oa, capsys, "users", "role", "ada", "volunteer")
    assert "not one of" in refused(oa, capsys, "users", "role", "ada", "king", code=2)


def test_people_are_shut_out_and_let_in_again(printed: Callable[..., Any], data_dir: Path) -> None:
    token = printed("users", "add", "Ada")["token"]
    assert printed("users", "disable", "ada")["enabled"] is False
    with pytest.raises(ClientNotAuthorized):
        caller(data_dir, token)
    assert printed("users", "enable", "ada")["enabled"] is True
    assert caller(data_dir, token).person is not None


def test_the_users_of_programs_are_listed_on_request_and_shut_out_by_id(
    printed: Callable[..., Any], data_dir: Path
) -> None:
    key = printed("keys", "add", "bot")["key"]
    printed("users", "add", "Ada")
    program = caller(data_dir, key)
    with opened(data_dir) as database:
        database.run(lambda tx: access.acting_user(tx, program, Identity("discord", "troll", "Troll")))
    assert [user["name"] for user in printed("users", "list")] == ["ada"]
    ada, troll = printed("users", "list", "--all")
    assert (ada["program"], ada["role"]) == ("hub", "volunteer")
    assert (troll["program"], troll["auth_method"], troll["role"]) == ("bot", "discord", None)
    assert printed("users", "disable", troll["id"])["enabled"] is False


@pytest.mark.parametrize(
    "arguments",
    [
        ("users", "role", "eve", "admin"),
        ("users", "disable", "eve"),
        ("users", "enable", "eve"),
        ("token", "add", "eve"),
        ("token", "list", "eve"),
        ("token", "revoke", "eve", "laptop"),
    ],
    ids=" ".join,
)
def test_somebody_who_is_not_there_is_one_sentence(
    oa: Oa, capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...]
) -> None:
    assert "nobody called eve signs in here; `oa users list`" in refused(oa, capsys, *arguments)


def test_a_name_is_taken_once(printed: Callable[..., Any], oa: Oa, capsys: pytest.CaptureFixture[str]) -> None:
    printed("users", "add", "Ada")
    assert "the name ada is taken" in refused(oa, capsys, "users", "add", "ADA")


def test_an_invitation_is_a_code(
    printed: Callable[..., Any], oa: Oa, data_dir: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code = printed("users", "invite", "--role", "moderator", "--uses", "2", "--days", "3")["code"]
    with opened(data_dir) as database:
        found = database.run(
            lambda tx: accounts.register(tx, accounts.NewAccount("Ada"), accounts.Admission.OPEN, code)
        )
    assert found.role is AccountRole.MODERATOR
    assert "volunteers or moderators" in refused(oa, capsys, "users", "invite", "--role", "admin")
    refused(oa, capsys, "users", "invite", "--uses", "0", code=2)


# --- tokens ----------------------------------------------------------------------------------------------------------


def test_a_token_is_made_listed_and_revoked(printed: Callable[..., Any], data_dir: Path) -> None:
    printed("users", "add", "Ada", "--role", "admin")
    made = printed("token", "add", "ada", "--name", "laptop", "--scope", "collect", "--days", "30")
    assert list(made) == ["id", "token"]
    assert caller(data_dir, made["token"]).role is AccountRole.VOLUNTEER
    first, laptop = printed("token", "list", "ada")
    assert (first["name"], first["scopes"], first["expires"]) == ("oa users add", ["all"], None)
    assert (laptop["id"], laptop["begins"]) == (made["id"], made["token"][:8])
    lifetime = datetime.fromisoformat(laptop["expires"]) - datetime.fromisoformat(laptop["created"])
    assert lifetime == timedelta(days=30)
    assert printed("token", "revoke", "ada", "laptop")["id"] == made["id"]
    with pytest.raises(ClientNotAuthorized):
        caller(data_dir, made["token"])
    assert [token["name"] for token in printed("token", "list", "ada")] == ["oa users add"]


def test_a_token_that_is_not_there_is_not_revoked(
    printed: Callable[..., Any], oa: Oa, capsys: pytest.CaptureFixture[str]
) -> None:
    printed("users", "add", "Ada")
    assert "Ada has no token laptop" in refused(oa, capsys, "token", "revoke", "ada", "laptop")


# --- what is known of somebody, and leaving --------------------------------------------------------------------------


def test_somebody_is_shown_taken_along_and_deleted(
    oa: Oa, printed: Callable[..., Any], capsys: pytest.CaptureFixture[str], data_dir: Path, tmp_path: Path
) -> None:
    made = printed("users", "add", "zyxwvada")
    shown = printed("users", "show", "zyxwvada")
    assert (shown["id"], shown["role"], shown["deleted"]) == (made["id"], "volunteer", False)
    assert printed("users", "show", made["id"]) == shown
    file = tmp_path / "export.json"
    assert printed("users", "export", "zyxwvada", "-o", str(file))["rows"] >= 3
    exported = json.loads(file.read_text())
    assert exported["user"][0]["username"] == "zyxwvada"
    assert "token_hash" not in exported["tokens"][0]
    assert file.stat().st_mode & 0o077 == 0
    gone = printed("users", "delete", "zyxwvada", "--yes", "--messages", "remove")
    assert gone == {"id": made["id"], "messages": "remove", "written": 0}
    assert not [path for path in data_dir.glob("oa.db*") if b"zyxwvada" in path.read_bytes().lower()]
    assert "nobody called zyxwvada" in refused(oa, capsys, "users", "show", "zyxwvada")
    assert "has left" in refused(oa, capsys, "users", "delete", made["id"], "--yes")
    printed("users", "add", "zyxwvada")


def test_terms_are_published_and_shown(
    oa: Oa, printed: Callable[..., Any], capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    assert "no terms" in refused(oa, capsys, "terms", "show")
    text = tmp_path / "terms.txt"
    text.write_text("Be kind, Müller.\n", "utf-8")
    assert printed("terms", "set", str(text))["version"] == 1
    assert printed("terms", "show")["text"] == "Be kind, Müller."
    text.write_bytes(b"\xff\xfe")
    assert "UTF-8" in refused(oa, capsys, "terms", "set", str(text))
    assert "no version 2" in refused(oa, capsys, "terms", "show", "2")
