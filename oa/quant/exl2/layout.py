"""How the rows of a matrix are divided into groups of so many bits, and what that takes.

A row is an input feature, here and in the files: matrices are stored the other way round than torch has them.

Source:
    ExLlamaV2 0.3.2, https://github.com/turboderp-org/exllamav2, `conversion/qparams.py`: the divisions that it uses.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

BITS = (2, 3, 4, 5, 6, 8)
"""Lengths of numbers that the format has."""

BLOCK = 32
"""Rows of a group, and columns of a matrix, are multiples of it."""


@dataclass(frozen=True, slots=True)
class Part:
    """Some of the rows, the same number of bits in each."""

    bits: int
    group: int
    """Rows that share a scale."""
    share: float
    """Of all rows, at least, as far as any are left."""


@dataclass(frozen=True, slots=True)
class Group:
    """Rows that share a scale, in the order in which they are quantized."""

    bits: int
    begin: int
    end: int


@dataclass(frozen=True, slots=True)
class Layout:
    """A division of rows, the most important first."""

    parts: tuple[Part, ...]

    def groups(self, rows: int) -> tuple[Group, ...]:
        found: list[Group] = []
        begin = 0
        for part in self.parts:
            wanted = math.ceil(min(rows * part.share, rows - begin) / part.group)
            for _ in range(wanted):
                end = min(begin + part.group, rows)
                found.append(Group(part.bits, begin, end))
                begin = end
        return tuple(found)

    def total_bits(self, rows: int, columns: int) -> int:
        """What a matrix takes: numbers, scales, a table of groups, the order of rows."""
        groups = self.groups(rows)
        numbers = sum((group.end - group.begin) * group.bits for group in groups) * columns
        return numbers + len(groups) * (16 + 32 + 4 * columns) + 32 * rows

    def __str__(self) -> str:
        return " ".join(f"{part.bits}:{part.group}:{part.share:g}" for part in self.parts)


def layout(text: str) -> Layout:
    """From `BITS:GROUP:SHARE` for each part, as in "5:64:0.1 4:64:0.9"."""
    fields = [part.split(":") for part in text.split()]
    return Layout(tuple(Part(int(bits), int(group), float(share)) for bits, group, share in fields))


LAYOUTS = tuple(
    layout(line)
    for line in (
        "3:64:0.05 2:64:0.95",
        "3:64:0.1 2:64:0.9",
        "3:64:0.25 2:64:0.75",
        "3:64:0.3 2:64:0.7",
        "6:32:0.05 3:64:0.2 2:64:0.75",
        "4:32:0.3 2:32:0.7",
        "4:32:0.1 3:32:0.9",
        "4:64:0.1 3:64:0.9",
        "4:128:0.1 3:128:0.9",
        "4:32:0.15 3:32:0.85",
        "4:32:0.25 3:32:0.75",
        "4:128:0.25 3:128:0.75",
        "5:32:0.05 3:32:0.95",
        "8:32:0.05 4:32:0.1 3:32:0.85",
        "8:32:0.05 4:128:0.1 3:128:0.85",
        "4:128:1",
        "4:64:1",
        "4:32:1",
        "5:32:0.05 4:32:0.95",
        "5:32:0.1 4:32:0.9",
        "5:64:0.1 4:64:0.9",
        "5:128:0.1 4:128:0.9",
        "5:32:0.25 4:32:0.75",
        "5:128:0.25 4:128:0.75",
        "6:32:0.15 4:32:0.85",
        "8:32:0.05 4:32:0.95",
        "8:32:0.05 4:128:0.95",
        "8:32:0.05 5:32:0.1 4:32:0.85",
        "8:32:0.05 5:128:0.1 4:128:0.85",
        "5:64:1",
        "5:32:1",
        "6:32:0.1 5:32:0.9",
        "6:128:0.1 5:128:0.9",
        "6:128:0.15 5:128:0.85",
        "6:32:0.25 5:32:0.75",
        "6:128:0.25 5:128:0.75",
        "8:32:0.05 6:32:0.1 5:32:0.85",
        "8:32:0.05 6:128:0.1 5:128:0.85",
        "6:128:1",
        "6:32:1",
        "8:32:0.05 6:128:0.95",
        "8:128:0.1 6:128:0.9",
        "8:128:0.15 6:128:0.85",
        "8:128:1",
        "8:32:1",
    )
)
"""Every division that ExLlamaV2 writes. (Its tables name 46; one of them, 8:128:1, twice.)"""

HEAD_LAYOUTS = {
    2: layout("4:32:0.3 2:32:0.7"),
    3: layout("4:32:0.15 3:32:0.85"),
    4: layout("6:32:0.15 4:32:0.85"),
    5: layout("6:128:0.15 5:128:0.85"),
    6: layout("8:128:0.15 6:128:0.85"),
    8: layout("8:128:1"),
}
"""Of the output layer, by the bits that are asked for it."""
