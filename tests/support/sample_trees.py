"""Trees as files have them: real ones, made-up ones of every kind, and how to compare two of them."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import strategies as st

from oa.data.lines import reading
from oa.data.oasst import message_lines, read_trees, tree_line
from oa.domain.labels import ALL_LABELS
from oa.domain.lifecycle import TreeState
from oa.domain.records import Fault, MessageRecord, TreeRecord
from oa.domain.review import LabelMean
from oa.domain.tree import Role

SHARED_DATA = Path(__file__).parents[3] / "shared" / "data"


def shared_file(name: str) -> Path:
    """A file of real conversations that stands beside the checkout; the test is skipped where it does not."""
    path = SHARED_DATA / name
    if not path.exists():
        pytest.skip(f"{path} is not there")
    return path


texts = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=40)
names = texts.filter(bool)
ids = st.uuids().map(str) | st.binary(min_size=32, max_size=32).map(bytes.hex)
dates = st.datetimes(datetime(1971, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC))
counts = st.integers(0, 2**31 - 1)
means = st.builds(LabelMean, st.floats(0, 1), counts)
label_names = st.sampled_from([str(label) for label in ALL_LABELS]) | names
json_values = st.none() | st.booleans() | st.integers(-(2**53), 2**53) | texts | ids
events = st.dictionaries(
    names, st.lists(st.dictionaries(names | st.just("user_id"), json_values, max_size=3), max_size=2), max_size=2
)


@st.composite
def tree_records(draw: st.DrawFn, *, states: Iterable[TreeState] = TreeState, most: int = 8) -> TreeRecord:
    """A tree that fits together, with anything in its fields that a file may have."""
    size = draw(st.integers(1, most))
    named = draw(st.lists(ids, min_size=size, max_size=size, unique=True))
    messages: list[MessageRecord] = []
    for number, name in enumerate(named):
        parent = messages[draw(st.integers(0, number - 1))] if number else None
        messages.append(draw(_message(name, parent)))
    return TreeRecord(
        id=named[0],
        state=draw(st.sampled_from(list(states))),
        origin=draw(st.none() | names),
        messages=tuple(messages),
    )


@st.composite
def _message(draw: st.DrawFn, name: str, parent: MessageRecord | None) -> MessageRecord:
    review_count = draw(st.integers(0, 5))
    return MessageRecord(
        id=name,
        parent_id=None if parent is None else parent.id,
        user_id=draw(st.none() | ids),
        created_date=draw(st.none() | dates),
        text=draw(texts),
        role=Role.PROMPTER if parent is None else parent.role.other,
        lang=draw(st.sampled_from(["en", "de", "zh"])),
        review_count=review_count,
        review_result=draw(st.sampled_from([None, True, False] if review_count > 2 else [None, True])),
        deleted=draw(st.booleans()),
        rank=draw(st.none() | counts),
        synthetic=draw(st.booleans()),
        model_name=draw(st.none() | names),
        emojis=draw(st.none() | st.dictionaries(names, counts, max_size=3)),
        labels=draw(st.none() | st.dictionaries(label_names, means, min_size=1, max_size=3)),
        events=draw(st.none() | events),
        detoxify=draw(st.none() | st.dictionaries(names, st.floats(allow_nan=False, allow_infinity=False), max_size=2)),
    )


def tree(*replies: MessageRecord, **prompt: Any) -> TreeRecord:
    """A prompt and messages below it."""
    root = message(0, **prompt)
    return TreeRecord(id=root.id, messages=(root, *replies))


def message(number: int, parent: int | None = None, **fields: Any) -> MessageRecord:
    """A message whose id can be told from its number; a prompter's unless it answers message 0."""
    plain: dict[str, Any] = {
        "id": name_of(number),
        "parent_id": None if parent is None else name_of(parent),
        "text": f"text {number}",
        "role": Role.ASSISTANT if parent == 0 else Role.PROMPTER,
    }
    return MessageRecord(**plain | fields)


def name_of(number: int) -> str:
    return f"00000000-0000-4000-8000-{number:012}"


def without_lines(trees: Iterable[TreeRecord]) -> list[TreeRecord]:
    """The trees in the order of their ids, their messages too, and nothing of where in a file they stood."""
    return [
        dataclasses.replace(
            tree,
            line=0,
            messages=tuple(
                sorted((dataclasses.replace(message, line=0) for message in tree.messages), key=lambda one: one.id)
            ),
        )
        for tree in sorted(trees, key=lambda one: one.id)
    ]


def read(path: Path) -> list[TreeRecord | Fault]:
    with reading(path) as file:
        return list(read_trees(file))


def write_trees(path: Path, trees: Iterable[TreeRecord]) -> Path:
    path.write_bytes(b"".join(map(tree_line, trees)))
    return path


def write_messages(path: Path, trees: Iterable[TreeRecord]) -> Path:
    path.write_bytes(b"".join(line for tree in trees for line in message_lines(tree)))
    return path


def without_nulls(value: Any) -> Any:
    """A JSON value in which a field that is null is as absent as one that is not there."""
    if isinstance(value, dict):
        return {key: without_nulls(item) for key, item in value.items() if item is not None}
    return [without_nulls(item) for item in value] if isinstance(value, list) else value


def json_lines(path: Path) -> list[Any]:
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()]
