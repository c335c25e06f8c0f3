"""Settings: defaults, then the file, then the environment, then typed flags.

A setting is named by its dotted key: `server.port` is `port` under `[server]` in the file and `OA_SERVER__PORT` in the
environment. What is not a setting is refused with the nearest name that is one. Nothing is read at import.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, cast

import msgspec

from oa.errors import InvalidSetting
from oa.layered import Schema, is_secret, value_of

Port = Annotated[int, msgspec.Meta(ge=0, le=65535, title="a port from 0 to 65535")]
AtLeastOne = Annotated[int, msgspec.Meta(ge=1, title="a whole number of at least 1")]
NotNegative = Annotated[int, msgspec.Meta(ge=0, title="a whole number of at least 0")]
HttpAddress = Annotated[str, msgspec.Meta(pattern="^https?://[^/]", title="an address such as https://oa.example.org")]
PostgresUrl = Annotated[
    str,
    msgspec.Meta(
        pattern="^postgres(ql)?://",
        title="an address such as postgresql://oa@db.example.org/oa",
        extra={"secret": True},
    ),
]


class RegistrationMode(StrEnum):
    """Who may make an account without an administrator."""

    OPEN = "open"
    INVITATION = "invitation"
    CLOSED = "closed"


class Server(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    host: str = "127.0.0.1"
    """The address to listen on. Only this machine reaches the default; anything else belongs behind a TLS proxy."""
    port: Port = 8080
    """The port to listen on; 0 takes a free one."""
    base_url: HttpAddress | None = None
    """The address by which people reach the hub, for links that it prints. Unset: made from host and port."""
    body_limit_bytes: AtLeastOne = 1_048_576
    """The longest request body that is read."""


class Store(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    url: PostgresUrl | None = None
    """A PostgreSQL database. Unset: the SQLite file oa.db in the data directory."""
    readers: AtLeastOne = 4
    """How many queries may read at the same time."""
    backups_kept: NotNegative = 5
    """How many automatic backups are kept; the oldest goes first."""


class Registration(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    mode: RegistrationMode = RegistrationMode.INVITATION
    """Who may make an account: anybody (open), who holds a code (invitation), or nobody (closed)."""


class Auth(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    allow_debug_login: bool = False
    """Anybody signs in under any name, without a password. For development on one machine only."""


class Toxicity(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    url: HttpAddress | None = None
    """A classifier nearby that answers {"inputs": text} with labels and scores. Unset: no text is classified."""


class Inference(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    model: str | None = None
    """The model that answers when nobody names one: a name that `oa model list` shows, or a path. Unset: its default,
    or the built-in demonstration where no model was added."""
    memory_bytes: AtLeastOne | None = None
    """What all loaded models may take together. Unset: seven tenths of the machine's memory."""
    idle_unload_s: NotNegative = 900
    """Seconds after which a model that nobody uses is unloaded; 0 keeps it."""
    queue_size: NotNegative = 100
    """How many requests may wait for one model; 0 is no limit."""
    per_person: NotNegative = 40
    """How many requests one person may have waiting and running; 0 is no limit."""
    per_person_per_minute: NotNegative = 120
    """How many requests one person may make in a minute; 0 is no limit."""
    wait_s: NotNegative = 120
    """Seconds that a request waits for a model before it is given up; 0 is no limit."""
    run_s: NotNegative = 600
    """Seconds that an answer may take; 0 is no limit."""


class Chat(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    max_messages: AtLeastOne = 2000
    """How many messages a chat may have."""
    max_message_characters: AtLeastOne = 40_000
    """How long a message may be that a person writes."""
    rate_limit_answers: NotNegative = 100
    """How many answers one person may ask for within the window; 0 is no limit."""
    rate_limit_window_s: AtLeastOne = 600
    """The window, in seconds."""
    heartbeat_s: AtLeastOne = 15
    """Silence, in seconds, after which a stream says that it is still there."""
    titles: bool = True
    """The model that gave a chat its first answer also gives it its title, if its context has 2048 tokens or more."""


class Tools(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    hosts: str = "*"
    """Hosts that tools and plugins may reach, with commas, and * for any part of a name. Public addresses only."""
    private_hosts: str | None = None
    """Hosts that they may reach although their address is private: plugins of your own, with commas."""


class Config(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    data_dir: Path = Path("oa-data")
    """The directory that holds everything the hub keeps."""
    server: Server = Server()
    """How the hub is reached."""
    store: Store = Store()
    """Where the data is kept."""
    registration: Registration = Registration()
    """Who may make an account."""
    auth: Auth = Auth()
    """How people prove who they are."""
    toxicity: Toxicity = Toxicity()
    """Who says how toxic a text is."""
    chat: Chat = Chat()
    """What people may do in their chats."""
    inference: Inference = Inference()
    """Which models answer, and how much they may be asked."""
    tools: Tools = Tools()
    """What models may use while they answer."""


@dataclass(frozen=True, slots=True)
class Loaded:
    """The settings, and for every dotted key where its value came from, in words: "default", "file oa.toml", ..."""

    config: Config
    origins: Mapping[str, str]


SCHEMA = Schema(Config, "a setting", "settings", "`oa config show` lists the settings")

FILE_NAME = "config.toml"
"""Looked for in the data directory when no file is named."""

PREFIX = "OA_"

NOT_SETTINGS = frozenset({"OA_CONFIG", "OA_DEBUG", "OA_HUB", "OA_KEY", "OA_TOKEN"})
"""Variables with the prefix that are no settings: the file of settings, tracebacks, the client's hub, key and token."""

TEST_PREFIX = "OA_TEST_"
"""Variables that only the test suite reads."""


def load(env: Mapping[str, str], flags: Mapping[str, object] | None = None, file: Path | None = None) -> Loaded:
    """Read the settings from every source; the later in defaults, file, `env`, `flags` wins.

    Args:
        env: the process environment; only names with the prefix are looked at, and an empty value counts as unset.
        flags: values by dotted key; None stands for a flag that was not typed.
        file: the settings file. Without one it is `OA_CONFIG`, or else config.toml in the data directory, if there.

    Raises:
        InvalidSetting: an unknown name, a value that the setting cannot take, or an unreadable file; whichever source
            it is in, even if a later one overrides it.
    """
    typed = {key: value for key, value in (flags or {}).items() if value is not None}
    over_file = {key: (value, f"environment {_variable(key)}") for key, value in _from_environment(env).items()}
    over_file |= {key: (value, "flag") for key, value in typed.items()}
    over_file = {key: (_converted(key, *found), found[1]) for key, found in over_file.items()}

    named = file or (Path(env["OA_CONFIG"]) if env.get("OA_CONFIG") else None)
    data_dir = cast(Path, over_file.get("data_dir", (Config().data_dir,))[0])
    from_file = _from_file(named or data_dir / FILE_NAME, must_exist=named is not None)
    chosen = from_file | over_file
    config = SCHEMA.build({key: value for key, (value, _) in chosen.items()})
    return Loaded(config, {key: chosen[key][1] if key in chosen else "default" for key in SCHEMA.kinds})


def flatten(config: Config) -> dict[str, object]:
    """Every setting by its dotted key, fit to be shown: passwords are masked."""
    values: dict[str, object] = {}
    for key, kind in SCHEMA.kinds.items():
        value = value_of(config, key)
        values[key] = _mask(value) if isinstance(value, str) and is_secret(kind) else value
    return values


def _converted(key: str, value: object, origin: str) -> Any:
    return SCHEMA.convert(key, value, origin, is_text=origin.startswith("environment"))


def _from_environment(env: Mapping[str, str]) -> dict[str, str]:
    by_variable = {_variable(key): key for key in SCHEMA.kinds}
    values: dict[str, str] = {}
    for name, value in env.items():
        if not name.startswith(PREFIX) or name in NOT_SETTINGS or name.startswith(TEST_PREFIX):
            continue
        if name not in by_variable:
            raise InvalidSetting(f"the environment variable {name} is not a setting{SCHEMA.nearest(name, by_variable)}")
        if value:
            values[by_variable[name]] = value
    return values


def _from_file(file: Path, *, must_exist: bool) -> dict[str, tuple[Any, str]]:
    if not must_exist and not os.path.exists(file):
        return {}
    origin = f"file {file}"
    values: dict[str, tuple[Any, str]] = {}
    for key, value in SCHEMA.leaves(SCHEMA.parsed(file), origin).items():
        if key == "data_dir" and not must_exist:
            raise InvalidSetting(
                f"data_dir cannot be set in {file}, which was found through it: use --data-dir or OA_DATA_DIR"
            )
        values[key] = (SCHEMA.convert(key, value, origin), origin)
    return values


def _variable(key: str) -> str:
    return PREFIX + key.replace(".", "__").upper()


def _mask(url: str) -> str:
    """Hide the password of an address, wherever it stands; a password may hold an unescaped `@` or `/`."""
    without_userinfo = re.sub(r"(://[^:@/]*):.*@", r"\1:***@", url)
    return re.sub(r"(?i)(password=)[^&]*", r"\1***", without_userinfo)
