"""Values from several sources into one typed struct, each with where it came from.

A key is dotted: `server.port` is `port` in the table `server`. What is no key is refused with the nearest that is one.
"""

from __future__ import annotations

import difflib
import tomllib
from collections.abc import Iterable, Mapping
from enum import StrEnum
from pathlib import Path
from types import UnionType
from typing import Any, Generic, TypeVar, Union, cast, get_args, get_origin

import msgspec

from oa.errors import InvalidSetting

StructType = TypeVar("StructType", bound=msgspec.Struct)


class Schema(Generic[StructType]):
    """The keys of a struct of nested structs, and what each may be.

    Args:
        one, several: what failures call a key, and a file of them.
        listing: the end of a sentence that says where to find those there are.
    """

    def __init__(self, struct: type[StructType], one: str, several: str, listing: str) -> None:
        self._struct = struct
        self._one, self._several, self._listing = one, several, listing
        self.kinds = _kinds(struct)
        """The type of every key, in the order in which they are declared."""

    def parsed(self, file: Path) -> dict[str, Any]:
        """A file of TOML.

        Raises:
            InvalidSetting: it cannot be read.
        """
        try:
            return tomllib.loads(file.read_text("utf-8-sig"))
        except OSError as error:
            raise InvalidSetting(f"the {self._several} file {file} cannot be read: {error.strerror}") from error
        except UnicodeDecodeError as error:
            raise InvalidSetting(f"the {self._several} file {file} is not text in UTF-8") from error
        except tomllib.TOMLDecodeError as error:
            raise InvalidSetting(f"the {self._several} file {file} is not valid TOML: {error}") from error

    def leaves(self, tree: Mapping[str, Any], origin: str, above: str = "") -> dict[str, Any]:
        """The values of nested tables by dotted key.

        Raises:
            InvalidSetting: one is no key.
        """
        sections = {key.rpartition(".")[0] for key in self.kinds}
        values: dict[str, Any] = {}
        for name, value in tree.items():
            key = above + name
            if key in self.kinds:
                values[key] = value
            elif key not in sections:
                raise self.unknown(key, origin)
            elif isinstance(value, dict):
                values |= self.leaves(cast(dict[str, Any], value), origin, f"{key}.")
            else:
                raise InvalidSetting(
                    f"{key} is a group of {self._several} ({origin}): write [{key}] and its {self._several} below"
                )
        return values

    def convert(self, key: str, value: object, origin: str, *, is_text: bool = False) -> Any:
        """A value in the type of its key.

        Args:
            is_text: it was typed as text, also where the key is a number.

        Raises:
            InvalidSetting: there is no such key, or it cannot take the value.
        """
        if key not in self.kinds:
            raise self.unknown(key, origin)
        kind = self.kinds[key]
        try:
            return msgspec.convert(value, kind, strict=not is_text, dec_hook=_read_path)
        except msgspec.ValidationError as error:
            if inner := _struct_in(kind):
                raise InvalidSetting(self._fault_within(key, inner, error, origin)) from None
            given = "" if is_secret(kind) else f", not {_shown(value)}"
            raise InvalidSetting(f"{key} must be {_expected(kind)}{given} ({origin})") from None

    def _fault_within(self, key: str, struct: type[msgspec.Struct], error: msgspec.ValidationError, origin: str) -> str:
        """What is wrong with one of a list of tables."""
        reason, _, place = str(error).partition(" - at `$")
        unknown = reason.partition("unknown field `")[2].rstrip("`")
        if unknown:
            names = [field.encode_name for field in msgspec.structs.fields(struct)]
            return f"{key}.{unknown} is not {self._one} ({origin}){self.nearest(unknown, names)}"
        return f"{key}{place.rstrip('`')}: {reason} ({origin})"

    def build(self, values: Mapping[str, Any]) -> StructType:
        """The struct of these values, defaults elsewhere."""
        return _build(self._struct, values)

    def unknown(self, key: str, origin: str) -> InvalidSetting:
        """What to raise for a name that is no key."""
        return InvalidSetting(f"{key} is not {self._one} ({origin}){self.nearest(key, self.kinds)}")

    def nearest(self, name: str, names: Iterable[str]) -> str:
        """The end of a sentence about a name that does not exist."""
        found = difflib.get_close_matches(name, list(names), n=1)
        return f": did you mean {found[0]}?" if found else f": {self._listing}"


def value_of(struct: msgspec.Struct, key: str) -> object:
    """The value of a dotted key."""
    value: object = struct
    for name in key.split("."):
        value = getattr(value, name)
    return value


def is_secret(kind: Any) -> bool:
    return any((note.extra or {}).get("secret") for note in _meta(kind))


def _build(struct: type[StructType], values: Mapping[str, Any], above: str = "") -> StructType:
    chosen: dict[str, Any] = {}
    for field in msgspec.structs.fields(struct):
        key = above + field.name
        if _is_section(field.type):
            chosen[field.name] = _build(field.type, values, f"{key}.")
        elif key in values:
            chosen[field.name] = values[key]
    return struct(**chosen)


def _kinds(struct: type[msgspec.Struct], above: str = "") -> dict[str, Any]:
    kinds: dict[str, Any] = {}
    for field in msgspec.structs.fields(struct):
        key = above + field.name
        kinds |= _kinds(field.type, f"{key}.") if _is_section(field.type) else {key: field.type}
    return kinds


def _is_section(kind: Any) -> bool:
    return isinstance(kind, type) and issubclass(kind, msgspec.Struct)


def _struct_in(kind: Any) -> type[msgspec.Struct] | None:
    """The struct of which a key takes a list."""
    inner = get_args(kind)[0] if get_origin(kind) in (list, tuple) else None
    return inner if _is_section(inner) else None


def _read_path(_: type, value: object) -> Path:
    if not isinstance(value, str | Path):
        raise TypeError(value)
    return Path(value).expanduser()


def _alternatives(kind: Any) -> list[Any]:
    """What a value of this type may be, None left out: `int | None` is one alternative."""
    members = get_args(kind) if get_origin(kind) in (Union, UnionType) else (kind,)
    return [member for member in members if member is not type(None)]


def _meta(kind: Any) -> list[msgspec.Meta]:
    return [note for member in _alternatives(kind) for note in get_args(member)[1:] if isinstance(note, msgspec.Meta)]


NAMES: dict[Any, str] = {bool: "true or false", int: "a whole number", float: "a number", Path: "a path"}


def _expected(kind: Any) -> str:
    titles = [note.title for note in _meta(kind) if note.title]
    if titles:
        return titles[0]
    plain: Any = _alternatives(kind)[0]
    if get_origin(plain) in (list, tuple):
        return "a list"
    if isinstance(plain, type) and issubclass(plain, StrEnum):
        return "one of " + ", ".join(plain)
    return NAMES.get(cast(Any, plain), "text")


def _shown(value: object) -> str:
    if isinstance(value, dict | list):
        return "a table" if isinstance(value, dict) else "a list"
    if isinstance(value, bool):
        return str(value).lower()
    text = repr(value) if isinstance(value, str) else str(value)
    return text if len(text) <= 60 else f"{text[:57]}..."
