"""Core statements, compiled once and then run straight on SQLite's driver.

SQLAlchemy prepares every execution of a statement anew: looks for it among the compiled ones, sorts parameters, builds
a context and a result. For the short statements of a use case that is most of their cost. A statement is a constant
here, so all of this is done once, and each execution converts values, runs, and converts rows; the same types of the
same columns do the converting. What is not that simple (a list of unknown length inside the statement) is left to
SQLAlchemy.
"""

from __future__ import annotations

import sqlite3
from collections import namedtuple
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any
from uuid import UUID, SafeUUID

from sqlalchemy import Connection, Dialect, Executable, Uuid
from sqlalchemy.exc import DBAPIError
from sqlalchemy.types import TypeEngine

from oa.store.columns import UtcDateTime

Parameters = Mapping[str, Any]
Convert = Callable[[Any], Any] | None


class FetchedScalars(list[Any]):
    def all(self) -> Sequence[Any]:
        return self


@dataclass(frozen=True, slots=True)
class Fetched:
    """All rows of a result, with the meaning of SQLAlchemy's methods."""

    rows: Sequence[Any]
    rowcount: int

    def __iter__(self) -> Iterator[Any]:
        return iter(self.rows)

    def all(self) -> Sequence[Any]:
        return self.rows

    def first(self) -> Any:
        return self.rows[0] if self.rows else None

    def one_or_none(self) -> Any:
        if len(self.rows) > 1:
            raise LookupError(f"{len(self.rows)} rows where at most one was expected")
        return self.first()

    def one(self) -> Any:
        if len(self.rows) != 1:
            raise LookupError(f"{len(self.rows)} rows where one was expected")
        return self.rows[0]

    def scalar(self) -> Any:
        return self.rows[0][0] if self.rows else None

    def scalar_one(self) -> Any:
        return self.one()[0]

    def scalars(self) -> FetchedScalars:
        return FetchedScalars(row[0] for row in self.rows)


REQUIRED = object()


@dataclass(frozen=True, slots=True)
class Prepared:
    """A statement's text for the driver, and how values go in and come out."""

    sql: str
    binds: tuple[tuple[str, Convert, Any], ...]
    """Name, conversion and own (converted) value of each parameter, in their order; `REQUIRED` must be given."""
    columns: tuple[tuple[int, Callable[[Any], Any]], ...]
    """The columns that are converted, and how."""
    gives_rows: bool
    row: Callable[[Sequence[Any]], Any]

    def values(self, given: Parameters) -> list[Any]:
        """
        Raises:
            KeyError: a parameter has no value.
        """
        return [
            (given[name] if convert is None else convert(given[name])) if own is REQUIRED or name in given else own
            for name, convert, own in self.binds
        ]

    def fetch(self, rows: Sequence[Sequence[Any]]) -> list[Any]:
        columns, make = self.columns, self.row
        found: list[Any] = []
        for row in rows:
            values = list(row)
            for place, convert in columns:
                values[place] = convert(values[place])
            found.append(make(values))
        return found


def fetched(connection: Connection, statement: Executable, parameters: Parameters) -> Fetched:
    """Run a statement through SQLAlchemy and fetch what it gives."""
    result = connection.execute(statement, parameters)
    return Fetched(result.all() if result.returns_rows else (), result.rowcount)


MOST_PREPARED = 1000
"""Far more than the store has constants; statements that are built for one use belong on the connection itself."""


class PreparedStatements:
    """Runs constant statements on one connection to SQLite, each prepared when it first comes."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._driver: Any = connection.connection.driver_connection
        self._prepared: dict[object, Prepared | None] = {}

    def __len__(self) -> int:
        """How many statements are prepared."""
        return len(self._prepared)

    def execute(self, statement: Executable, parameters: Parameters) -> Fetched:
        """Run a statement once.

        Raises:
            DBAPIError: what SQLAlchemy would have raised.
        """
        prepared = self._prepare(statement, parameters)
        if prepared is None:
            return fetched(self._connection, statement, parameters)
        try:
            cursor = self._driver.execute(prepared.sql, prepared.values(parameters))
            rows = prepared.fetch(cursor.fetchall()) if prepared.gives_rows else ()
        except sqlite3.Error as error:
            raise self._translated(prepared, error) from error
        return Fetched(rows, cursor.rowcount)

    def execute_many(self, statement: Executable, rows: Sequence[Parameters]) -> None:
        """Run a statement that gives no rows once for each of `rows`, which all have the same names.

        Raises:
            DBAPIError: what SQLAlchemy would have raised.
        """
        prepared = self._prepare(statement, rows[0])
        if prepared is None:
            self._connection.execute(statement, rows)
            return
        try:
            self._driver.executemany(prepared.sql, [prepared.values(row) for row in rows])
        except sqlite3.Error as error:
            raise self._translated(prepared, error) from error

    def _prepare(self, statement: Executable, parameters: Parameters) -> Prepared | None:
        # An INSERT names the columns that it was given, so it is another statement with other parameters.
        key: object = (statement, tuple(parameters)) if statement.is_insert else statement
        try:
            return self._prepared[key]
        except KeyError:
            if len(self._prepared) >= MOST_PREPARED:
                self._prepared.clear()
            prepared = prepare(statement, parameters, self._connection.dialect)
            self._prepared[key] = prepared
            return prepared

    def _translated(self, prepared: Prepared, error: sqlite3.Error) -> Exception:
        error_type: type[Exception] = sqlite3.Error
        return DBAPIError.instance(prepared.sql, None, error, error_type, dialect=self._connection.dialect)


def prepare(statement: Executable, parameters: Parameters, dialect: Dialect) -> Prepared | None:
    """Compile a statement; None when its text depends on the values."""
    element: Any = statement
    compiled = element.compile(dialect=dialect, column_keys=list(parameters) if statement.is_insert else None)
    if compiled.post_compile_params or compiled.literal_execute_params:
        return None
    binds: list[tuple[str, Convert, Any]] = []
    for name in compiled.positiontup:
        bind = compiled.binds[name]
        convert = _way_in(bind.type, dialect)
        own = REQUIRED if bind.required else bind.effective_value
        binds.append((name, convert, own if own is REQUIRED or convert is None else convert(own)))
    columns = list(element.exported_columns) if compiled._result_columns else []
    names = [column.key for column in columns]
    return Prepared(
        sql=str(compiled),
        binds=tuple(binds),
        columns=tuple(
            (place, convert)
            for place, column in enumerate(columns)
            if (convert := _way_out(column.type, dialect)) is not None
        ),
        gives_rows=bool(names),
        row=namedtuple("Row", names, rename=True)._make if names else tuple,  # pyright: ignore[reportUntypedNamedTuple]
    )


def _way_in(column_type: TypeEngine[Any], dialect: Dialect) -> Convert:
    """How a column's values go in."""
    special: Mapping[type, Convert] = {Uuid: _digits, UtcDateTime: _text_of_time}
    if (convert := special.get(type(column_type))) is not None:
        return convert
    return column_type.dialect_impl(dialect).bind_processor(dialect)


def _way_out(column_type: TypeEngine[Any], dialect: Dialect) -> Convert:
    """How a column's values come out."""
    special: Mapping[type, Convert] = {Uuid: _uuid, UtcDateTime: _time}
    if (convert := special.get(type(column_type))) is not None:
        return convert
    return column_type.dialect_impl(dialect).result_processor(dialect, None)


# What follows does what the columns' own types do, without their checks and layers: an interaction takes some forty
# ids and ten times in, and twice as many out.


def _digits(value: UUID | None) -> str | None:
    return None if value is None else f"{value.int:032x}"


@lru_cache(maxsize=8192)  # the same people, trees and messages come again and again
def _uuid(digits: str | None) -> UUID | None:
    if digits is None:
        return None
    found = object.__new__(UUID)
    object.__setattr__(found, "int", int(digits, 16))  # UUIDs refuse ordinary assignment
    object.__setattr__(found, "is_safe", SafeUUID.unknown)
    return found


def _text_of_time(value: datetime | None) -> str | None:
    if value is None:
        return None
    if value.tzinfo is None:
        raise ValueError("a time without a zone cannot be stored")
    return value.astimezone(UTC).isoformat(" ", "microseconds")[:26]  # the zone is left out


def _time(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text).replace(tzinfo=UTC)
