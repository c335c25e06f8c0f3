from __future__ import annotations

import os
import socket
import stat
import sys
from pathlib import Path

import pytest
from sqlalchemy import select

from oa.domain.people import HUB_CLIENT_ID, IMPORT_CLIENT_ID
from oa.errors import BadFile, InvalidSetting, OaError, StoreUnavailable
from oa.store.database import Transaction
from oa.store.opening import open_database
from oa.store.tables import api_clients

clients = api_clients.c


def built_in_clients(tx: Transaction) -> list[tuple[object, ...]]:
    query = select(clients.id, clients.description, clients.trusted, clients.key_hash, clients.enabled)
    return [tuple(row) for row in tx.connection.execute(query.order_by(clients.description))]


EXPECTED_CLIENTS = [(HUB_CLIENT_ID, "hub", True, None, True), (IMPORT_CLIENT_ID, "import", False, None, True)]


def refusal(data_dir: Path, url: str | None = None) -> OaError:
    with pytest.raises(OaError) as refused:
        open_database(data_dir, url=url)
    return refused.value


def test_an_empty_directory_becomes_a_database_that_only_its_owner_reads(tmp_path: Path) -> None:
    data_dir = tmp_path / "some" / "oa-data"
    database = open_database(data_dir)
    assert database.run(built_in_clients) == EXPECTED_CLIENTS
    assert stat.S_IMODE(data_dir.stat().st_mode) == 0o700
    assert {stat.S_IMODE(path.stat().st_mode) for path in data_dir.iterdir()} == {0o600}
    database.shut()


def test_opening_again_keeps_what_is_there(data_dir: Path) -> None:
    database = open_database(data_dir)
    database.run(lambda tx: tx.connection.execute(api_clients.update().values(trusted=False)).rowcount)
    database.shut()
    database = open_database(data_dir)
    assert [row[2] for row in database.run(built_in_clients)] == [False, False]
    database.shut()


@pytest.mark.postgres
def test_an_address_opens_postgres(postgres_url: str, tmp_path: Path) -> None:
    database = open_database(tmp_path, url=postgres_url)
    assert database.run(built_in_clients) == EXPECTED_CLIENTS
    database.shut()
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("below", [".", "deeper"])
def test_a_file_in_place_of_the_directory_is_named(tmp_path: Path, below: str) -> None:
    (tmp_path / "file").touch()
    error = refusal(tmp_path / "file" / below)
    assert isinstance(error, InvalidSetting)
    assert str(tmp_path / "file") in str(error)


def test_a_directory_in_place_of_the_file_is_named(tmp_path: Path) -> None:
    (tmp_path / "oa.db").mkdir()
    error = refusal(tmp_path)
    assert isinstance(error, BadFile)
    assert str(tmp_path / "oa.db") in str(error)


def test_a_directory_that_may_not_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "locked").mkdir()
    take_rights(tmp_path / "locked", 0o500)
    for data_dir in (tmp_path / "locked", tmp_path / "locked" / "oa-data"):
        error = refusal(data_dir)
        assert isinstance(error, StoreUnavailable)
        assert str(data_dir) in str(error)


def test_a_file_that_may_not_be_written_is_named(data_dir: Path) -> None:
    take_rights(data_dir / "oa.db", 0o400)
    error = refusal(data_dir)
    assert isinstance(error, StoreUnavailable)
    assert str(data_dir / "oa.db") in str(error)


def take_rights(path: Path, mode: int) -> None:
    path.chmod(mode)
    if os.access(path, os.W_OK):
        pytest.skip("rights do not bind this user, as they do not bind the superuser")


def test_a_file_that_is_no_database_is_refused_and_kept(tmp_path: Path) -> None:
    (tmp_path / "oa.db").write_text("Dear diary, " * 1000)
    error = refusal(tmp_path)
    assert isinstance(error, BadFile)
    assert str(error).startswith(f"{tmp_path / 'oa.db'} is not a database")
    assert (tmp_path / "oa.db").read_text() == "Dear diary, " * 1000


def test_a_damaged_file_is_refused_with_the_place_of_the_backups(data_dir: Path) -> None:
    content = (data_dir / "oa.db").read_bytes()
    (data_dir / "oa.db").write_bytes(content[:100] + b"\xff" * 8000 + content[8100:])
    error = refusal(data_dir)
    assert isinstance(error, BadFile)
    assert str(data_dir / "backups") in str(error)


def test_a_server_that_cannot_be_reached_is_named_without_its_password(tmp_path: Path) -> None:
    pytest.importorskip("psycopg")
    with socket.socket() as taken:  # bound and not listening: nobody answers at this port
        taken.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{taken.getsockname()[1]}/oa"
        for url in (f"postgresql://oa:s3cret@{address}", f"postgresql://oa@{address}?password=s3cret"):
            error = refusal(tmp_path, url)
            assert isinstance(error, StoreUnavailable)
            assert address in str(error)
            assert "\n" not in str(error)
            assert "s3cret" not in str(error)


def test_an_address_that_cannot_be_read_is_refused_without_being_shown(tmp_path: Path) -> None:
    error = refusal(tmp_path, "postgresql://oa:s3:cret@host:port/oa")
    assert isinstance(error, InvalidSetting)
    assert "s3" not in str(error)
    assert error.__cause__ is None


def test_postgres_without_its_driver_says_how_to_install_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "psycopg", None)
    error = refusal(tmp_path, "postgresql://oa@127.0.0.1/oa")
    assert isinstance(error, InvalidSetting)
    assert "oa[postgres]" in str(error)
