"""What a person likes: theme, language of the interface, mouse. Read when the terminal interface starts."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import msgspec

from oa.client.outbox import write_file

FILE_NAME = "terminal.json"


class Preferences(msgspec.Struct, frozen=True, kw_only=True):
    theme: str | None = None
    """Unset: dark, or what the terminal can show."""
    language: str | None = None
    """Of the interface; unset: the environment's. In which languages one works is kept at the hub."""
    mouse: bool = True
    """Off: the terminal's own selection works."""


def read_preferences(config_dir: Path) -> Preferences:
    """What was kept; the defaults where nothing was, or where it cannot be read: nobody is kept out by a colour."""
    try:
        return msgspec.json.decode((config_dir / FILE_NAME).read_bytes(), type=Preferences)
    except (OSError, msgspec.MsgspecError):
        return Preferences()


def write_preferences(config_dir: Path, preferences: Preferences) -> None:
    write_file(config_dir / FILE_NAME, msgspec.json.format(msgspec.json.encode(preferences)))


def usual_theme(env: Mapping[str, str]) -> str:
    """The theme for a terminal that says this about itself."""
    if env.get("NO_COLOR"):
        return "oa-mono"
    if env.get("TERM") in ("linux", "ansi") or env.get("TERM", "").startswith("vt"):
        return "oa-ansi"
    return "oa-dark"


def knows_unicode(env: Mapping[str, str]) -> bool:
    """Whether the terminal shows more than ASCII, by its locale."""
    locale = env.get("LC_ALL") or env.get("LC_CTYPE") or env.get("LANG") or ""
    return "utf" in locale.lower()
