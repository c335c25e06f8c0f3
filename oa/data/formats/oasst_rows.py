"""The rows of the published data sets oasst1 and oasst2: single messages, with labels and emojis as parallel lists.

Source: https://huggingface.co/datasets/OpenAssistant/oasst1
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import msgspec

from oa.data.format import Fields, Format, Lines, has
from oa.data.oasst import message_lines, read_trees
from oa.domain.records import Fault, TreeRecord
from oa.domain.samples import Kind


class Labels(msgspec.Struct, frozen=True):
    name: list[str]
    value: list[float]
    count: list[int]


class Emojis(msgspec.Struct, frozen=True):
    name: list[str]
    count: list[int]


class Detoxify(msgspec.Struct, frozen=True):
    toxicity: float | None = None
    severe_toxicity: float | None = None
    obscene: float | None = None
    identity_attack: float | None = None
    insult: float | None = None
    threat: float | None = None
    sexual_explicit: float | None = None


class Row(msgspec.Struct, frozen=True, kw_only=True):
    message_id: str
    parent_id: str | None = None
    user_id: str | None = None
    created_date: str | None = None
    text: str
    role: str
    lang: str | None = None
    review_count: int | None = None
    review_result: bool | None = None
    deleted: bool | None = None
    rank: int | None = None
    synthetic: bool | None = None
    model_name: str | None = None
    detoxify: Detoxify | None = None
    message_tree_id: str | None = None
    tree_state: str | None = None
    emojis: Emojis | None = None
    labels: Labels | None = None


_decoder = msgspec.json.Decoder(dict[str, Any])
_encoder = msgspec.json.Encoder()


def _fits(fields: Fields) -> bool:
    match fields:
        case {"message_id": _, "labels": {"name": [*_]}} | {"message_id": _, "emojis": {"name": [*_]}}:
            return True
        case _:
            return has(fields, "message_id", "text", "role", "labels", "emojis", "detoxify") and "replies" not in fields


@dataclass(frozen=True, slots=True)
class _AsMessages:
    """The rows as the lines of a file of single messages."""

    rows: Lines

    @property
    def name(self) -> str:
        return self.rows.name

    def lines(self) -> Iterator[tuple[int, bytes | None]]:
        for number, line in self.rows.lines():
            yield number, None if line is None else _as_message(line)


def _as_message(line: bytes) -> bytes:
    try:
        fields = _decoder.decode(line)
        labels, emojis = fields.get("labels"), fields.get("emojis")
        if labels and "name" in labels:
            triples = zip(labels["name"], labels["value"], labels["count"], strict=True)
            fields["labels"] = {name: {"value": value, "count": count} for name, value, count in triples}
        if emojis and "name" in emojis:
            fields["emojis"] = dict(zip(emojis["name"], emojis["count"], strict=True))
        if detoxify := fields.get("detoxify"):
            fields["detoxify"] = {name: value for name, value in detoxify.items() if value is not None}
        return _encoder.encode(fields)
    except (msgspec.DecodeError, KeyError, TypeError, ValueError, AttributeError):
        return line  # who reads single messages says what is wrong with it


def _read(lines: Lines) -> Iterator[TreeRecord | Fault]:
    return read_trees(_AsMessages(lines))


def _write(sample: TreeRecord) -> Iterator[msgspec.Struct]:
    for line in message_lines(sample):
        fields = _decoder.decode(line)
        if (labels := fields.get("labels")) is not None:
            means = labels.values()
            fields["labels"] = {
                "name": list(labels),
                "value": [one["value"] for one in means],
                "count": [one["count"] for one in means],
            }
        if (emojis := fields.get("emojis")) is not None:
            fields["emojis"] = {"name": list(emojis), "count": list(emojis.values())}
        yield msgspec.convert(fields, Row)


FORMAT = Format(
    name="oasst-rows",
    summary="the rows of oasst1 and oasst2: messages with labels as parallel lists",
    fits=_fits,
    read=_read,
    gives=Kind.TREE,
    write=_write,
    row=Row,
    order=10,
)
