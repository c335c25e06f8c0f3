"""What Alembic runs. The connection, with its transaction begun, comes from `oa.store.migrate`."""

from __future__ import annotations

from typing import Any, Literal

from alembic import context
from alembic.autogenerate.api import AutogenContext
from sqlalchemy import DefaultClause
from sqlalchemy.sql.elements import False_
from sqlmodel.sql.sqltypes import AutoString

from oa.store.tables import UtcDateTime, metadata


def render_item(kind: str, item: Any, _context: AutogenContext) -> str | Literal[False]:
    """Write types of our own as what they are in the database: a migration stays as it is when those types change."""
    if kind == "type" and isinstance(item, UtcDateTime):
        return "sa.DateTime(timezone=True)"
    if kind == "type" and isinstance(item, AutoString):
        return f"sa.String(length={item.length})" if item.length else "sa.String()"
    if kind == "server_default" and isinstance(item, DefaultClause) and isinstance(item.arg, False_):
        return "sa.false()"  # what SQLite calls 0, PostgreSQL does not
    return False


context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    render_item=render_item,
    render_as_batch=context.get_head_revision() is not None,  # SQLite alters what is there by building it anew
    compare_server_default=True,
)
context.run_migrations()
