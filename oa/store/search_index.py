"""The full-text index over the messages: derived, kept up by the database itself, and built anew at will.

SQLite: an FTS5 table that refers to the messages' rows and keeps no text of its own; triggers bring it along with every
change, in the same transaction. Its words are those of `oa.domain.search`, which connections that write lend to the
database as a function; its second column holds what a search is most often narrowed to, so that a rare author among
frequent words costs as little as a rare word. PostgreSQL: a generated column and an index on it; its functions read
text by nearly the same rules.

Rows are known by SQLite's own numbers, which a migration that rebuilds the table changes: `oa.store.migrate` takes the
index away before and builds it again after. A change of the rules needs a migration too, if only an empty one.
"""

from __future__ import annotations

import sqlite3

from sqlalchemy import Connection, column, table
from sqlalchemy.exc import DatabaseError

from oa.store import dialect

NAME = "message_search"
"""The name, or how it begins, of everything that belongs to the index; the messages' own column has it too."""

fts = table(NAME, column("rowid"))
"""SQLite's index; its rows have the numbers of the messages."""


def _facets(row: str = "") -> str:
    return f"'r' || {row}role || ' l' || {row}lang || ' c' || {row}api_client_id || ' u' || coalesce({row}user_id, '')"


def _delete(row: str) -> str:
    values = f"'delete', {row}rowid, {dialect.WORDS_FUNCTION}({row}text), {_facets(row)}"
    return f"INSERT INTO message_search(message_search, rowid, words, facets) VALUES ({values})"


def _insert(row: str) -> str:
    values = f"{row}rowid, {dialect.WORDS_FUNCTION}({row}text), {_facets(row)}"
    return f"INSERT INTO message_search(rowid, words, facets) VALUES ({values})"


_INDEXED = ("text", "role", "lang", "api_client_id", "user_id")

_SQLITE_BUILD = (
    f"""CREATE VIEW message_search_content AS
SELECT rowid AS number, {dialect.WORDS_FUNCTION}(text) AS words, {_facets()} AS facets FROM message""",
    """CREATE VIRTUAL TABLE message_search USING
fts5(words, facets, content='message_search_content', content_rowid='number', tokenize='ascii')""",
    # Each use case adds a segment of its own; joining more of them at a time joins them less often.
    "INSERT INTO message_search(message_search, rank) VALUES ('automerge', 8)",
    "INSERT INTO message_search(message_search) VALUES ('rebuild')",
    f"CREATE TRIGGER message_search_insert AFTER INSERT ON message BEGIN {_insert('new.')}; END",
    f"CREATE TRIGGER message_search_delete AFTER DELETE ON message BEGIN {_delete('old.')}; END",
    f"""CREATE TRIGGER message_search_update AFTER UPDATE OF {", ".join(_INDEXED)} ON message
WHEN {" OR ".join(f"old.{name} IS NOT new.{name}" for name in _INDEXED)}
BEGIN {_delete("old.")}; {_insert("new.")}; END""",
)

_SQLITE_DROP = (
    "DROP TRIGGER IF EXISTS message_search_insert",
    "DROP TRIGGER IF EXISTS message_search_delete",
    "DROP TRIGGER IF EXISTS message_search_update",
    "DROP TABLE IF EXISTS message_search",
    "DROP VIEW IF EXISTS message_search_content",
)

_DROPPED = (
    r"[\u0300-\u036f\u0591-\u05bd\u05bf\u05c1\u05c2\u05c4\u05c5\u05c7\u0610-\u061a\u0640\u064b-\u065f\u0670"
    r"\u06d6-\u06ed\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2064\ufe00-\ufe0f\ufeff]"
)

_BETWEEN = (
    r"[\u0001-\u002f\u003a-\u0040\u005b-\u0060\u007b-\u00a9\u00ab-\u00b1\u00b4\u00b6-\u00b8\u00bb-\u00bf\u00d7\u00f7"
    r"\u02c2-\u02df\u037e\u0387\u055a-\u055f\u0589\u058a\u05be\u05c0\u05c3\u05c6\u05f3\u05f4\u0609-\u060d\u061b-\u061f"
    r"\u066a-\u066d\u06d4\u0964\u0965\u0970\u0e3f\u0e4f\u0e5a\u0e5b\u104a-\u104f\u17d4-\u17db"
    r"\u2000-\u206f\u20a0-\u20cf\u2190-\u22ff\u3000-\u3004\u3008-\u3020\u3030\u303d-\u303f\u30a0\u30fb\ufd3e\ufd3f]"
)

_ONE_BY_ONE = (
    r"([\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\ua9e0-\ua9ff\uaa60-\uaa7f\u3005-\u3007\u3040-\u312f\u31a0-\u31bf"
    r"\u31f0-\u31ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff\ua000-\ua4cf\u1100-\u11ff\u3130-\u318f"
    r"\uac00-\ud7ff\u2300-\u27bf\u2b00-\u2bff\U0001f000-\U0001faff])"
)

_POSTGRES_BUILD = (
    # A sigma is the same at the end of a word. The text is cut before its row of words outgrows what PostgreSQL takes.
    rf"""CREATE FUNCTION message_search_words(text) RETURNS tsvector LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $oa$
WITH folded(line) AS (
    SELECT replace(replace(normalize(regexp_replace(
        normalize(lower(left($1, 100000)), NFKD), '{_DROPPED}', '', 'g'), NFC), 'ß', 'ss'), U&'\03C2', U&'\03C3')
), parted(line) AS (
    SELECT trim(regexp_replace(regexp_replace(lower(line), '{_BETWEEN}', ' ', 'g'), '{_ONE_BY_ONE}', ' \1 ', 'g'))
    FROM folded
)
SELECT coalesce(string_agg('''' || left(word, 500) || ''':' || least(place, 16383), ' '), '')::tsvector
FROM parted, regexp_split_to_table(line, ' +') WITH ORDINALITY AS found(word, place) WHERE word <> ''
$oa$""",
    """CREATE FUNCTION message_search_term(text) RETURNS tsquery LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $oa$
SELECT coalesce(string_agg('''' || lexeme || '''', ' <-> ' ORDER BY place), '')::tsquery
FROM (SELECT lexeme, unnest(positions) AS place FROM unnest(message_search_words($1))) AS found
$oa$""",
    "ALTER TABLE message ADD COLUMN message_search tsvector GENERATED ALWAYS AS (message_search_words(text)) STORED",
    "CREATE INDEX message_search_words ON message USING gin (message_search)",
)

_POSTGRES_DROP = (
    "ALTER TABLE IF EXISTS message DROP COLUMN IF EXISTS message_search",
    "DROP FUNCTION IF EXISTS message_search_term(text)",
    "DROP FUNCTION IF EXISTS message_search_words(text)",
)


def drop(connection: Connection) -> None:
    """Take the index away, if it is there."""
    _run(connection, _SQLITE_DROP if dialect.is_sqlite(connection) else _POSTGRES_DROP)


def build(connection: Connection) -> None:
    """Make the index and fill it; there is none yet."""
    _run(connection, _SQLITE_BUILD if dialect.is_sqlite(connection) else _POSTGRES_BUILD)


def is_right(connection: Connection) -> bool:
    """Compare the index with every message, on a connection that writes."""
    if not dialect.is_sqlite(connection):
        return True  # it is a part of the rows
    try:
        _run(connection, ("INSERT INTO message_search(message_search, rank) VALUES ('integrity-check', 1)",))
    except DatabaseError as error:
        if dialect.sqlite_code(error) != sqlite3.SQLITE_CORRUPT:
            raise
        return False
    return True


def forget(connection: Connection) -> None:
    """Remove the words of messages that are gone; until then, the index has them crossed out in the file.

    Writes the whole index anew: seconds for a hundred thousand messages.
    """
    if dialect.is_sqlite(connection):
        _run(connection, ("INSERT INTO message_search(message_search) VALUES ('optimize')",))


def _run(connection: Connection, statements: tuple[str, ...]) -> None:
    for statement in statements:
        connection.exec_driver_sql(statement)
