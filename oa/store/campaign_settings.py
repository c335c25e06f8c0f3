"""The settings of data collection that differ from their defaults."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import bindparam, delete, insert, select

from oa.store import tables
from oa.store.database import Transaction

_columns = tables.campaign_settings.c
_all = select(_columns.name, _columns.value)
_forget = delete(tables.campaign_settings).where(_columns.name == bindparam("forgotten"))
_add = insert(tables.campaign_settings)


def stored(tx: Transaction) -> dict[str, Any]:
    """What is stored, by name, as JSON has it: lists for tuples."""
    return {name: value for name, value in tx.execute(_all)}


def store(tx: Transaction, values: Mapping[str, Any]) -> None:
    """Keep these values, instead of older ones under the same names."""
    forget(tx, list(values))
    tx.execute_many(_add, [{"name": name, "value": value} for name, value in values.items()])


def forget(tx: Transaction, names: Sequence[str]) -> None:
    tx.execute_many(_forget, [{"forgotten": name} for name in names])
