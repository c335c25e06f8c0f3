"""Open-Assistant's exchange format: one JSON object a line.

A line is a tree (`message_tree_id`, `tree_state`, `prompt` with nested `replies`), a prompt with nested replies and
nothing around it, or a single message (`message_id`, `parent_id`, `message_tree_id`, `tree_state`).

Source: the package oasst_data of https://github.com/LAION-AI/Open-Assistant, and the data sets published with it.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Annotated, Any, TypeVar

import msgspec

from oa.data.format import Lines
from oa.data.regroup import Regrouper
from oa.domain.lifecycle import TreeState
from oa.domain.records import Fault, MessageRecord, TreeRecord, canonical_id, fault_of
from oa.domain.review import LabelMean
from oa.domain.tree import Role
from oa.errors import BadFile

Count = Annotated[int, msgspec.Meta(ge=0, le=2**31 - 1)]
Share = Annotated[float, msgspec.Meta(ge=0, le=1)]

ESCAPED_NUL = re.compile(rb"(?<!\\)(?:\\\\)*\\u0000")
TREE_ID_OF_BROKEN_LINE = re.compile(rb'"message_tree_id"\s*:\s*"([0-9A-Fa-f-]{36,64})"')


class _Label(msgspec.Struct, frozen=True):
    value: Share
    count: Count


class _Message(msgspec.Struct, frozen=True, kw_only=True):
    """A message as it stands in a file. Fields that are not named here are not read."""

    message_id: str
    text: str
    role: Role
    parent_id: str | None = None
    user_id: str | None = None
    created_date: datetime | None = None
    lang: str | None = None
    review_count: Count | None = None
    review_result: bool | None = None
    deleted: bool | None = None
    rank: Count | None = None
    synthetic: bool | None = None
    model_name: str | None = None
    emojis: dict[str, Count] | None = None
    replies: list[_Message] | None = None
    labels: dict[str, _Label] | None = None
    events: dict[str, list[dict[str, Any]]] | None = None
    detoxify: dict[str, float] | None = None
    message_tree_id: str | None = None
    tree_state: TreeState | None = None


class _Tree(msgspec.Struct, frozen=True, kw_only=True):
    message_tree_id: str
    prompt: _Message
    tree_state: TreeState | None = None
    origin: str | None = None


class _Kind(msgspec.Struct, frozen=True):
    """Just enough of a line to tell what it is."""

    message_id: Any = None
    message_tree_id: Any = None


_kind_decoder = msgspec.json.Decoder(_Kind)
_tree_decoder = msgspec.json.Decoder(_Tree)
_message_decoder = msgspec.json.Decoder(_Message)
_encoder = msgspec.json.Encoder()


# --- reading ---------------------------------------------------------------------------------------------------------


class _Broken(Exception):
    """Why a line cannot be taken."""


def read_trees(file: Lines) -> Iterator[TreeRecord | Fault]:
    """Every tree of a file, and what could not be taken.

    Single messages are brought together by tree, wherever they stand, and come after everything else. Of a tree with
    a fault nothing comes but its faults. However long the file is, only a bounded part of it is in memory.
    """
    with Regrouper() as loose:
        latest: str | None = None
        try:
            for number, line in file.lines():
                latest = None
                found = Fault(number, "the line is too long") if line is None else _read_line(number, line)
                if isinstance(found, str):
                    latest = found
                    loose.add(found, number, line or b"")
                else:
                    yield found
        except BadFile as error:
            number = error.context["line"]
            yield Fault(number, str(error))
            if latest is not None:
                loose.add(latest, number + 1, b"")  # what follows of this tree is lost
        for group in loose.groups():
            yield from _read_group(group)


def _read_line(number: int, line: bytes) -> TreeRecord | Fault | str:
    """The tree in a line; for a single message, the name of the tree that it belongs to."""
    try:
        return _whole_tree(number, line)
    except _Broken as error:
        found = TREE_ID_OF_BROKEN_LINE.search(line)
        name = canonical_id(found[1].decode()) if found and b'"prompt"' not in line else None
        return name or Fault(number, str(error))


def _whole_tree(number: int, line: bytes) -> TreeRecord | str:
    kind = _decoded(_kind_decoder, line)
    if kind.message_id is None and kind.message_tree_id is None:
        raise _Broken("it is neither a tree nor a message: it has no message_tree_id and no message_id")
    if kind.message_id is None:
        tree = _decoded(_tree_decoder, line)
        _id("message_tree_id", tree.message_tree_id)
        messages = tuple(_flattened(tree.prompt, number))
        # The prompt's own id counts: anonymised exports of Open-Assistant have another one here.
        record = TreeRecord(
            id=messages[0].id, state=tree.tree_state, origin=tree.origin, messages=messages, line=number
        )
        if messages[0].parent_id is not None:
            raise _Broken("its prompt has a parent")
    elif kind.message_tree_id is None:
        message = _decoded(_message_decoder, line)
        messages = tuple(_flattened(message, number))
        record = TreeRecord(
            id=messages[0].parent_id or messages[0].id, state=message.tree_state, messages=messages, line=number
        )
    else:
        return _id("message_tree_id", kind.message_tree_id)
    if fault := fault_of(record):
        raise _Broken(fault.reason)
    return record


def _read_group(lines: list[tuple[int, bytes]]) -> Iterator[TreeRecord | Fault]:
    """The tree whose single messages these are, or everything that is wrong with them."""
    messages: list[MessageRecord] = []
    states: set[TreeState] = set()
    faults: list[Fault] = []
    name = ""
    for number, line in lines:
        try:
            message = _decoded(_message_decoder, line)
            name = _id("message_tree_id", message.message_tree_id)
            messages.extend(_flattened(message, number))
        except _Broken as error:
            faults.append(Fault(number, str(error)))
        else:
            states |= {message.tree_state} if message.tree_state else set()
    record = TreeRecord(id=name, state=min(states, default=None), messages=tuple(messages), line=lines[0][0])
    if len(states) > 1:
        faults.append(Fault(record.line, f"its messages disagree about the state of tree {name}"))
    if not faults and (fault := fault_of(record)):
        faults.append(fault)
    if faults:
        yield from faults
    else:
        root = next((message.id for message in messages if message.parent_id is None), name)
        yield dataclasses.replace(record, id=root)


Decoded = TypeVar("Decoded")


def _decoded(decoder: msgspec.json.Decoder[Decoded], line: bytes) -> Decoded:
    if b"\\u0000" in line and ESCAPED_NUL.search(line):
        raise _Broken("it holds the character NUL, which cannot be stored")
    try:
        return decoder.decode(line)
    except msgspec.ValidationError as error:
        reason, _, place = str(error).partition(" - at `$.")
        raise _Broken(f"{place.removesuffix('`')}: {reason}" if place else reason) from None
    except msgspec.DecodeError as error:
        raise _Broken(f"it is not valid JSON ({error})") from None
    except UnicodeDecodeError:
        raise _Broken("it is not text in UTF-8") from None
    except RecursionError:
        raise _Broken("its replies are nested too deeply") from None


def _flattened(top: _Message, line: int) -> Iterator[MessageRecord]:
    """The message and everything nested in it, parents first."""
    waiting = [(top, None if top.parent_id is None else _id("parent_id", top.parent_id))]
    while waiting:
        message, parent_id = waiting.pop()
        record = _record(message, parent_id, line)
        yield record
        for reply in reversed(message.replies or ()):
            if reply.parent_id is not None and reply.parent_id.lower() != record.id:
                raise _Broken(f"message {reply.message_id} stands below {record.id}, but names another parent")
            waiting.append((reply, record.id))


def _record(message: _Message, parent_id: str | None, line: int) -> MessageRecord:
    labels = message.labels
    return MessageRecord(
        id=_id("message_id", message.message_id),
        parent_id=parent_id,
        user_id=None if message.user_id is None else _id("user_id", message.user_id),
        created_date=None if message.created_date is None else _in_utc(message.created_date),
        text=message.text,
        role=message.role,
        lang=message.lang,
        review_count=message.review_count or 0,
        review_result=message.review_result,
        deleted=bool(message.deleted),
        rank=message.rank,
        synthetic=message.synthetic,
        model_name=message.model_name,
        emojis=message.emojis,
        labels=None if labels is None else {name: LabelMean(mean.value, mean.count) for name, mean in labels.items()},
        events=message.events,
        detoxify=message.detoxify,
        line=line,
    )


def _id(field: str, given: object) -> str:
    found = canonical_id(given) if isinstance(given, str) else None
    if found is None:
        raise _Broken(f"{field} is neither a UUID nor 64 hex digits")
    return found


def _in_utc(date: datetime) -> datetime:
    """A date without a zone is taken to be in UTC, as everything that Open-Assistant wrote."""
    try:
        return date.replace(tzinfo=UTC) if date.tzinfo is None else date.astimezone(UTC)
    except OverflowError:
        raise _Broken("created_date is out of range") from None


# --- writing ---------------------------------------------------------------------------------------------------------


def tree_line(tree: TreeRecord, *, replies: bool = True) -> bytes:
    """A tree in one line, its line break included.

    Args:
        tree: with its prompt first and parents before their replies.
        replies: leave room for replies; without, there is nothing but the prompt.
    """
    prompt, *others = tree.messages
    top = _fields(prompt, replies=replies)
    below = {prompt.id: top}
    for message in others:
        below[message.id] = _fields(message, replies=True)
        below[message.parent_id or ""]["replies"].append(below[message.id])
    line = {"message_tree_id": tree.id, "tree_state": tree.state, "prompt": top, "origin": tree.origin}
    return _line(line)


def message_lines(tree: TreeRecord) -> Iterator[bytes]:
    """A tree, or what is taken of it, as one line for each message."""
    for message in tree.messages:
        fields = _fields(message, replies=False)
        yield _line(fields | {"message_tree_id": tree.id, "tree_state": tree.state})


def _fields(message: MessageRecord, *, replies: bool) -> dict[str, Any]:
    # A rejection by fewer than three is no verdict in this format.
    result = message.review_result if message.review_result or message.review_count > 2 else None
    labels = message.labels
    fields: dict[str, Any] = {
        "message_id": message.id,
        "parent_id": message.parent_id,
        "user_id": message.user_id,
        "created_date": message.created_date and message.created_date.isoformat(),
        "text": message.text,
        "role": message.role,
        "lang": message.lang,
        "review_count": message.review_count,
        "review_result": result,
        "deleted": message.deleted,
        "rank": message.rank,
        "synthetic": message.synthetic,
        "model_name": message.model_name,
        "emojis": message.emojis,
        "replies": [] if replies else None,
        "labels": labels and {name: {"value": mean.value, "count": mean.count} for name, mean in labels.items()},
        "events": message.events,
        "detoxify": message.detoxify,
    }
    return {name: value for name, value in fields.items() if value is not None}


def _line(fields: dict[str, Any]) -> bytes:
    return _encoder.encode({name: value for name, value in fields.items() if value is not None}) + b"\n"
