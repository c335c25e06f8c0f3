"""Bringing together what belongs together in a file of any length, with a bounded part of it in memory.

Merge sort on disk: runs of bounded size are sorted in memory, written to temporary files, and merged.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from heapq import merge
from itertools import groupby
from operator import itemgetter
from typing import BinaryIO, Self

import msgspec

RUN_BYTES = 32 * 1024 * 1024

_Item = tuple[str, int, bytes]
"""What it belongs to, where it stood, and the thing itself."""

LENGTH_BYTES = 8

_encoder = msgspec.msgpack.Encoder()
_item_decoder = msgspec.msgpack.Decoder(_Item)
_group_decoder = msgspec.msgpack.Decoder(list[tuple[int, bytes]])


class Regrouper:
    """Takes things in any order and gives them back by what they belong to. Use it as a context."""

    def __init__(self, run_bytes: int = RUN_BYTES) -> None:
        """
        Args:
            run_bytes: how much may be in memory at a time, beside one whole group.
        """
        self._files = ExitStack()
        self._run_bytes = run_bytes
        self._items = _Sorter(self._files, run_bytes)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._files.close()

    def add(self, name: str, number: int, content: bytes) -> None:
        """
        Args:
            name: what the thing belongs to.
            number: where it stands; different for everything that is added.
        """
        self._items.add((name, number, content))

    def groups(self) -> Iterator[list[tuple[int, bytes]]]:
        """The things of one name together, in the order of their numbers; the groups in that of their first things."""
        groups = _Sorter(self._files, self._run_bytes)
        for _, items in groupby(self._items.sorted(), itemgetter(0)):
            group = [(number, content) for _, number, content in items]
            groups.add(("", group[0][0], _encoder.encode(group)))
        for _, _, content in groups.sorted():
            yield _group_decoder.decode(content)


class _Sorter:
    def __init__(self, files: ExitStack, run_bytes: int) -> None:
        self._files = files
        self._run_bytes = run_bytes
        self._written: list[Iterator[_Item]] = []
        self._run: list[_Item] = []
        self._size = 0

    def add(self, item: _Item) -> None:
        self._run.append(item)
        self._size += len(item[2])
        if self._size >= self._run_bytes:
            self._written.append(_written(sorted(self._run), self._files))
            self._run, self._size = [], 0

    def sorted(self) -> Iterator[_Item]:
        """Everything that was added, by name and number."""
        return merge(*self._written, sorted(self._run))


def _written(run: Iterable[_Item], files: ExitStack) -> Iterator[_Item]:
    file = files.enter_context(tempfile.TemporaryFile())  # noqa: SIM115 - entered right here
    for item in run:
        content = _encoder.encode(item)
        file.write(len(content).to_bytes(LENGTH_BYTES, "little"))
        file.write(content)
    file.seek(0)
    return _read(file)


def _read(file: BinaryIO) -> Iterator[_Item]:
    while length := file.read(LENGTH_BYTES):
        yield _item_decoder.decode(file.read(int.from_bytes(length, "little")))
