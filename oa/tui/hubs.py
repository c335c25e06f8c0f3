"""The hubs that a person knows, and how they prove there who they are. Only they may read the file."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import msgspec

from oa.client.outbox import write_file
from oa.errors import BadFile

FILE_NAME = "hubs.json"


class KnownHub(msgspec.Struct, frozen=True, kw_only=True):
    address: str
    username: str
    token: str

    def __repr__(self) -> str:
        return f"KnownHub(address={self.address!r}, username={self.username!r})"  # no log shows a token


class HubBook(msgspec.Struct, frozen=True, kw_only=True):
    """Known hubs, the one last used first."""

    hubs: list[KnownHub] = []

    def with_hub(self, hub: KnownHub) -> HubBook:
        """The same with this hub as the last used; it replaces what was known of it."""
        return HubBook(hubs=[hub, *self.without(hub.address).hubs])

    def without(self, address: str) -> HubBook:
        return HubBook(hubs=[hub for hub in self.hubs if hub.address != address])

    def find(self, address: str) -> KnownHub | None:
        return next((hub for hub in self.hubs if hub.address == address), None)


def read_hubs(config_dir: Path) -> HubBook:
    """The hubs that are known; none where nothing was kept yet.

    Raises:
        BadFile: the file is there and is not ours.
    """
    path = config_dir / FILE_NAME
    try:
        return msgspec.json.decode(path.read_bytes(), type=HubBook)
    except FileNotFoundError:
        return HubBook()
    except (OSError, msgspec.MsgspecError) as error:
        raise BadFile(f"the list of hubs in {path} cannot be read; mend it or move it away") from error


def write_hubs(config_dir: Path, book: HubBook) -> None:
    write_file(config_dir / FILE_NAME, msgspec.json.format(msgspec.json.encode(book)))


def chosen_hub(book: HubBook, env: Mapping[str, str], *, hub: str | None, token: str | None) -> KnownHub | None:
    """Which hub to open: what was typed, else OA_HUB and OA_TOKEN, else the one last used; None when nothing says."""
    address = hub or env.get("OA_HUB") or None
    secret = token or env.get("OA_TOKEN") or None
    known = book.find(address) if address else next(iter(book.hubs), None)
    if secret is not None:
        at = address or (known.address if known else "http://127.0.0.1:8080")
        return KnownHub(address=at, username="", token=secret)
    return known
