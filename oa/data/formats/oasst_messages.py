"""Open-Assistant's trees as single messages (`oa.data.oasst`)."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from oa.data.format import Fields, Format, has
from oa.data.formats.oasst import FORMAT as TREES
from oa.data.formats.oasst import Line
from oa.data.oasst import message_lines
from oa.domain.records import TreeRecord
from oa.domain.samples import Kind


def _fits(fields: Fields) -> bool:
    return has(fields, "message_id", "text", "role") and not isinstance(fields.get("replies"), list)


def _write(sample: TreeRecord) -> Iterator[msgspec.Struct]:
    for line in message_lines(sample):
        yield Line(line)


FORMAT = Format(
    name="oasst-messages",
    summary="Open-Assistant's messages, one a row: {message_id, parent_id, text, role}",
    fits=_fits,
    read=TREES.read,
    gives=Kind.TREE,
    write=_write,
    order=12,
)
