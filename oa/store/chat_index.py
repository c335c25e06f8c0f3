"""The full-text index over what is said in chats, kept up by the database in the transaction that changes it.

It is made as the one over the trees is (`oa.store.search_index`) and reads the same words, but stands apart from it:
what people say in their chats is theirs alone. Its second column holds whose a message is, so that a search costs what
one person's chats cost, however many others there are.
"""

from __future__ import annotations

from sqlalchemy import Connection, column, table

from oa.store import dialect

NAME = "chat_search"
"""The name, or how it begins, of everything that belongs to the index; the messages' own column has it too."""

PAGES_AT_ONCE = 1000
"""That `tidy` writes."""

fts = table(NAME, column("rowid"))
"""SQLite's index; its rows have the numbers of the messages."""


def _values(row: str = "") -> str:
    return f"{row}rowid, {dialect.WORDS_FUNCTION}(coalesce({row}content, '')), 'u' || {row}user_id"


_DELETE = f"INSERT INTO chat_search(chat_search, rowid, words, facets) VALUES ('delete', {_values('old.')})"
_INSERT = f"INSERT INTO chat_search(rowid, words, facets) VALUES ({_values('new.')})"

_SQLITE_BUILD = (
    f"""CREATE VIEW chat_search_content AS SELECT rowid AS number,
{dialect.WORDS_FUNCTION}(coalesce(content, '')) AS words, 'u' || user_id AS facets FROM chat_message""",
    """CREATE VIRTUAL TABLE chat_search USING
fts5(words, facets, content='chat_search_content', content_rowid='number', tokenize='ascii')""",
    "INSERT INTO chat_search(chat_search) VALUES ('rebuild')",
    f"CREATE TRIGGER chat_search_insert AFTER INSERT ON chat_message BEGIN {_INSERT}; END",
    f"CREATE TRIGGER chat_search_delete AFTER DELETE ON chat_message BEGIN {_DELETE}; END",
    f"""CREATE TRIGGER chat_search_update AFTER UPDATE OF content, user_id ON chat_message
WHEN old.content IS NOT new.content OR old.user_id IS NOT new.user_id BEGIN {_DELETE}; {_INSERT}; END""",
)

_SQLITE_DROP = (
    "DROP TRIGGER IF EXISTS chat_search_insert",
    "DROP TRIGGER IF EXISTS chat_search_delete",
    "DROP TRIGGER IF EXISTS chat_search_update",
    "DROP TABLE IF EXISTS chat_search",
    "DROP VIEW IF EXISTS chat_search_content",
)

_POSTGRES_BUILD = (
    """ALTER TABLE chat_message ADD COLUMN chat_search tsvector
GENERATED ALWAYS AS (message_search_words(coalesce(content, ''))) STORED""",
    "CREATE INDEX chat_search_words ON chat_message USING gin (chat_search)",
)

_POSTGRES_DROP = ("ALTER TABLE IF EXISTS chat_message DROP COLUMN IF EXISTS chat_search",)


def drop(connection: Connection) -> None:
    """Take the index away, if it is there; before the other one, whose functions it needs on PostgreSQL."""
    _run(connection, _SQLITE_DROP if dialect.is_sqlite(connection) else _POSTGRES_DROP)


def build(connection: Connection) -> None:
    """Make the index and fill it; there is none yet, but there is the other one."""
    _run(connection, _SQLITE_BUILD if dialect.is_sqlite(connection) else _POSTGRES_BUILD)


def forget(connection: Connection) -> None:
    """Remove the words of messages that are gone; until then, the index has them crossed out in the file."""
    if dialect.is_sqlite(connection):
        _run(connection, ("INSERT INTO chat_search(chat_search) VALUES ('optimize')",))


def tidy(connection: Connection) -> None:
    """A part of the same, in a time that does not grow with the index; repeated, it comes to the same."""
    if dialect.is_sqlite(connection):
        _run(connection, (f"INSERT INTO chat_search(chat_search, rank) VALUES ('merge', -{PAGES_AT_ONCE})",))


def _run(connection: Connection, statements: tuple[str, ...]) -> None:
    for statement in statements:
        connection.exec_driver_sql(statement)
