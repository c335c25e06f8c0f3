"""Every format that is read or written, one module each; `FORMAT` in it is all that is asked of a new one."""

from __future__ import annotations

import difflib
import pkgutil
from collections.abc import Iterable, Mapping
from functools import cache
from importlib import import_module

from oa.data.format import Fields, Format
from oa.errors import BadFile, InvalidSetting


@cache
def formats() -> Mapping[str, Format]:
    """All formats by name, in the order in which they are tried."""
    modules = [import_module(f"{__name__}.{module.name}") for module in pkgutil.iter_modules(__path__)]
    found: list[Format] = [module.FORMAT for module in modules]
    return {one.name: one for one in sorted(found, key=lambda one: (one.order, one.name))}


def format_named(name: str) -> Format:
    """
    Raises:
        InvalidSetting: there is none; the message has the nearest.
    """
    known = formats()
    if name not in known:
        nearest = difflib.get_close_matches(name, known, n=1)
        hint = f"did you mean {nearest[0]}?" if nearest else f"there are {', '.join(sorted(known))}"
        raise InvalidSetting(f"there is no format {name}: {hint}")
    return known[name]


def recognised(rows: Iterable[Fields], name: str) -> Format:
    """The format of a file.

    Args:
        rows: its first rows.
        name: the file's name, for the message.

    Raises:
        BadFile: no format fits any of them.
    """
    seen: Fields = {}
    for row in rows:
        seen = seen or row
        for one in formats().values():
            if one.fits(row):
                return one
    fields = f": its first row has {', '.join(list(seen)[:8])}" if seen else ""
    raise BadFile(
        f"{name} is in no format that OA knows{fields}. --from says which it is; `oa data formats` lists them"
    )
