"""What is said of people in the hub's own records, and how their names leave it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any, cast

from oa.domain.people import DELETED_USER


def without_names(value: Any, names: Iterable[str]) -> Any:
    """A value fit for JSON in which nobody is called by one of these names any more, whatever the case.

    Only whole words count, so that a short name does not tear others apart.
    """
    wanted = [re.escape(name) for name in sorted(set(names), key=len, reverse=True) if name]
    if not wanted:
        return value
    return _replaced(value, re.compile(rf"(?<!\w)(?:{'|'.join(wanted)})(?!\w)", re.IGNORECASE))


def _replaced(value: Any, pattern: re.Pattern[str]) -> Any:
    if isinstance(value, str):
        return pattern.sub(DELETED_USER, value)
    if isinstance(value, Mapping):
        return {key: _replaced(part, pattern) for key, part in cast(Mapping[str, Any], value).items()}
    if isinstance(value, list):
        return [_replaced(part, pattern) for part in cast(list[Any], value)]
    return value
