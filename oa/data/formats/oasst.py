"""Open-Assistant's trees, nested (`oa.data.oasst`)."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from oa.data.format import Fields, Format, Lines
from oa.data.oasst import read_trees, tree_line
from oa.domain.records import Fault, TreeRecord
from oa.domain.samples import Kind


class Line(msgspec.Struct):
    """A line that is written already."""

    raw: bytes


def _fits(fields: Fields) -> bool:
    if "prompt" in fields:
        return "message_tree_id" in fields and isinstance(fields["prompt"], dict)
    return "message_id" in fields and isinstance(fields.get("replies"), list)


def _read(lines: Lines) -> Iterator[TreeRecord | Fault]:
    return read_trees(lines)


def _write(sample: TreeRecord) -> Iterator[msgspec.Struct]:
    yield Line(tree_line(sample))


FORMAT = Format(
    name="oasst",
    summary="Open-Assistant's trees: {message_tree_id, prompt: {text, replies}}",
    fits=_fits,
    read=_read,
    gives=Kind.TREE,
    write=_write,
    order=10,
)
