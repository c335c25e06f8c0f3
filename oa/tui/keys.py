"""Which key does what, by a file that people write: `keys.toml` with lines such as `label.yes = "j"`."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, cast

from oa.errors import InvalidSetting
from oa.tui.actions import ACTIONS, BY_NAME

FILE_NAME = "keys.toml"

NEVER_ARRIVE: Mapping[str, str] = {
    "ctrl+m": "enter",
    "ctrl+i": "tab",
    "ctrl+h": "backspace",
    "ctrl+left_square_bracket": "escape",
}
"""Keys that a terminal sends as others."""

ONLY_SOME_TERMINALS = frozenset({"shift+enter", "ctrl+enter"})


def read_keymap(config_dir: Path) -> dict[str, str]:
    """The keys that a person has chosen, by the names of actions; none where there is no file.

    Raises:
        InvalidSetting: the file is no TOML, names an unknown action, or a key that does not arrive.
    """
    path = config_dir / FILE_NAME
    try:
        tree = tomllib.loads(path.read_text("utf-8"))
    except FileNotFoundError:
        return {}
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise InvalidSetting(f"the keys in {path} cannot be read: {error}") from error
    chosen = _flat(tree)
    for name, keys in chosen.items():
        _check(name, keys, path)
    return cast(dict[str, str], chosen)


def _flat(tree: Mapping[str, Any], above: str = "") -> dict[str, object]:
    found: dict[str, object] = {}
    for name, value in tree.items():
        inner = cast(Mapping[str, Any], value) if isinstance(value, dict) else None
        found |= {f"{above}{name}": value} if inner is None else _flat(inner, f"{above}{name}.")
    return found


def _check(name: str, keys: object, path: Path) -> None:
    if name not in BY_NAME:
        raise InvalidSetting(f"{name} in {path} is no action; F1 lists them, and so does `oa tui --keys`")
    if not isinstance(keys, str) or not keys:
        raise InvalidSetting(f"{name} in {path} wants a key in quotes, or several with commas between them")
    parts = [key.strip() for key in keys.split(",")]
    for key in parts:
        if key in NEVER_ARRIVE:
            raise InvalidSetting(f"{key} for {name} in {path}: terminals send it as {NEVER_ARRIVE[key]}; take another")
    if all(key in ONLY_SOME_TERMINALS for key in parts):
        raise InvalidSetting(f"{keys} for {name} in {path} does not arrive from every terminal; add another key")


def sample() -> str:
    """A keymap file with every action and its usual keys, ready to be changed."""
    lines = ["# Take the # away from a line and change the key. Several keys stand with commas between them."]
    group = ""
    for action in ACTIONS:
        if action.group != group:
            group = action.group
            lines += ["", f"[{group}]"]
        lines.append(f'# {action.name.partition(".")[2]} = "{action.keys}"  # {action.help or action.text}')
    return "\n".join(lines) + "\n"
