from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sample_trees import (
    json_lines,
    message,
    name_of,
    read,
    shared_file,
    tree,
    tree_records,
    without_lines,
    without_nulls,
    write_messages,
    write_trees,
)

from oa.data.oasst import message_lines, tree_line
from oa.domain.lifecycle import TreeState
from oa.domain.records import Fault, TreeRecord
from oa.domain.review import LabelMean
from oa.domain.tree import Role

DIGEST = "ab" * 32

ROOT = {"message_id": name_of(0), "text": "hello", "role": "prompter"}
REPLY = {"message_id": name_of(1), "parent_id": name_of(0), "text": "hi", "role": "assistant"}
TREE = {"message_tree_id": name_of(0), "tree_state": "growing", "prompt": {**ROOT, "replies": [REPLY]}}


def flat(fields: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {**fields, "message_tree_id": name_of(0), "tree_state": "growing", **more}


def in_file(path: Path, *lines: object) -> list[TreeRecord | Fault]:
    """What stands in a file of these lines: objects, or text as it is."""
    encoded = (line if isinstance(line, bytes) else json.dumps(line).encode() for line in lines)
    path.write_bytes(b"\n".join(encoded) + b"\n")
    return read(path)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "trees.jsonl"


# --- there and back --------------------------------------------------------------------------------------------------


@given(trees=st.lists(tree_records(), max_size=3, unique_by=lambda one: one.id))
def test_trees_read_back_equal(tmp_path_factory: pytest.TempPathFactory, trees: list[TreeRecord]) -> None:
    found = read(write_trees(tmp_path_factory.mktemp("trees") / "trees.jsonl", trees))
    assert without_lines(found) == without_lines(trees)


@given(record=tree_records(), order=st.randoms(use_true_random=False))
def test_single_messages_read_back_as_their_tree_in_any_order(
    tmp_path_factory: pytest.TempPathFactory, record: TreeRecord, order: Any
) -> None:
    path = tmp_path_factory.mktemp("messages") / "messages.jsonl"
    lines = list(message_lines(record))
    order.shuffle(lines)
    path.write_bytes(b"".join(lines))
    (found,) = read(path)
    assert found.origin is None  # type: ignore[union-attr]
    assert without_lines([found]) == [dataclass_without_origin(record)]  # type: ignore[list-item]


def dataclass_without_origin(record: TreeRecord) -> TreeRecord:
    (plain,) = without_lines([record])
    return TreeRecord(id=plain.id, state=plain.state, messages=plain.messages)


@pytest.mark.parametrize("name", ["oasst_en_100_trees.jsonl", "oasst_en_100_messages.jsonl"])
def test_real_files_hold_a_hundred_trees_without_a_fault(name: str) -> None:
    found = [one for one in read(shared_file(name)) if isinstance(one, TreeRecord)]
    assert (len(found), sum(len(one.messages) for one in found)) == (100, 1167)


def test_the_real_trees_are_written_as_they_were(tmp_path: Path) -> None:
    file = shared_file("oasst_en_100_trees.jsonl")
    trees = [one for one in read(file) if isinstance(one, TreeRecord)]
    assert json_lines(write_trees(tmp_path / "again.jsonl", trees)) == [
        without_nulls(line) for line in json_lines(file)
    ]


# --- what a line says ------------------------------------------------------------------------------------------------


def test_a_tree_has_its_prompt_first_and_says_where_it_stands(path: Path) -> None:
    (found,) = in_file(path, {**TREE, "origin": "elsewhere"})
    assert isinstance(found, TreeRecord)
    assert (found.id, found.state, found.origin, found.line) == (name_of(0), TreeState.GROWING, "elsewhere", 1)
    assert [(one.id, one.parent_id, one.role) for one in found.messages] == [
        (name_of(0), None, Role.PROMPTER),
        (name_of(1), name_of(0), Role.ASSISTANT),
    ]


def test_a_prompt_alone_is_a_tree_without_a_state(path: Path) -> None:
    (found,) = in_file(path, {**ROOT, "replies": [REPLY], "labels": None, "emojis": None, "rank": None})
    assert isinstance(found, TreeRecord)
    assert found.state is None
    assert len(found.messages) == 2
    assert found.messages[0].emojis is None


def test_every_field_of_a_message_is_kept(path: Path) -> None:
    fields = {
        **REPLY,
        "user_id": name_of(9),
        "created_date": "2023-02-05T16:23:50.983374+02:00",
        "lang": "de",
        "review_count": 3,
        "review_result": False,
        "deleted": True,
        "rank": 2,
        "synthetic": True,
        "model_name": "chip20b",
        "emojis": {"+1": 5},
        "labels": {"quality": {"value": 0.75, "count": 4}},
        "events": {"emoji": [{"type": "emoji", "user_id": name_of(9), "emoji": "+1"}]},
        "detoxify": {"toxicity": 0.001},
    }
    (found,) = in_file(path, {**TREE, "prompt": {**ROOT, "replies": [fields]}})
    assert isinstance(found, TreeRecord)
    assert found.messages[1] == message(
        1,
        0,
        text="hi",
        user_id=name_of(9),
        created_date=datetime(2023, 2, 5, 14, 23, 50, 983374, UTC),
        lang="de",
        review_count=3,
        review_result=False,
        deleted=True,
        rank=2,
        synthetic=True,
        model_name="chip20b",
        emojis={"+1": 5},
        labels={"quality": LabelMean(0.75, 4)},
        events={"emoji": [{"type": "emoji", "user_id": name_of(9), "emoji": "+1"}]},
        detoxify={"toxicity": 0.001},
        line=1,
    )


def test_a_tree_may_be_two_hundred_messages_deep(path: Path) -> None:
    (found,) = in_file(path, nested(200))
    assert isinstance(found, TreeRecord)
    assert read(write_trees(path, [found])) == [found]


def test_a_date_without_a_zone_is_in_utc(path: Path) -> None:
    (found,) = in_file(path, {**ROOT, "created_date": "2023-02-05T14:23:50"})
    assert isinstance(found, TreeRecord)
    assert found.messages[0].created_date == datetime(2023, 2, 5, 14, 23, 50, tzinfo=UTC)


def test_ids_may_be_digests_and_capitals_make_no_difference(path: Path) -> None:
    (found,) = in_file(path, {**ROOT, "message_id": DIGEST.upper(), "user_id": DIGEST})
    assert isinstance(found, TreeRecord)
    assert found.messages[0].id == DIGEST


def test_the_id_of_the_prompt_is_that_of_the_tree(path: Path) -> None:
    """Open-Assistant's anonymised exports left the tree's own id as it was."""
    (found,) = in_file(path, {**TREE, "message_tree_id": name_of(7)})
    assert isinstance(found, TreeRecord)
    assert found.id == name_of(0)


def test_messages_of_several_trees_may_be_mixed(path: Path) -> None:
    other = {**ROOT, "message_id": name_of(5), "message_tree_id": name_of(5), "tree_state": "ranking"}
    found = in_file(path, flat(REPLY), other, flat(ROOT))
    assert [(one.id, len(one.messages), one.state) for one in found if isinstance(one, TreeRecord)] == [
        (name_of(0), 2, TreeState.GROWING),
        (name_of(5), 1, TreeState.RANKING),
    ]


def test_a_part_of_a_tree_goes_by_the_name_of_the_file(path: Path) -> None:
    (found,) = in_file(path, flat(REPLY))
    assert isinstance(found, TreeRecord)
    assert (found.id, found.messages[0].parent_id) == (name_of(0), name_of(0))


def test_empty_lines_and_a_byte_order_mark_mean_nothing(path: Path) -> None:
    (found,) = in_file(path, b"\xef\xbb\xbf" + json.dumps(ROOT).encode(), b"", b"  ")
    assert isinstance(found, TreeRecord)


def test_escaped_backslashes_before_u0000_are_text(path: Path) -> None:
    (found,) = in_file(path, {**ROOT, "text": r"\u0000"})
    assert isinstance(found, TreeRecord)
    assert found.messages[0].text == r"\u0000"


# --- faults ----------------------------------------------------------------------------------------------------------


def nested(depth: int) -> bytes:
    """A prompt with a thread of replies that deep below it."""
    roles = [b"prompter", b"assistant"]
    opened = (
        b'{"message_id": "%s", "text": "", "role": "%s", "replies": [' % (name_of(number).encode(), roles[number % 2])
        for number in range(depth + 1)
    )
    return b"".join(opened) + b"]}" * (depth + 1)


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (b"{", "it is not valid JSON"),
        (b"[]", "Expected `object`, got `array`"),
        (b'{"message_id": "\xff"}', "it is not text in UTF-8"),
        ({"thread_id": 1}, "it is neither a tree nor a message"),
        ({**TREE, "tree_state": "blooming"}, "tree_state: Invalid enum value 'blooming'"),
        ({**TREE, "message_tree_id": "x"}, "message_tree_id is neither a UUID nor 64 hex digits"),
        ({"message_tree_id": name_of(0)}, "Object missing required field"),
        ({**TREE, "prompt": {**ROOT, "text": 5}}, "prompt.text: Expected `str`, got `int`"),
        ({**TREE, "prompt": {**ROOT, "text": None}}, "prompt.text: Expected `str`, got `null`"),
        ({**TREE, "prompt": {**ROOT, "role": "system"}}, "prompt.role: Invalid enum value 'system'"),
        ({**TREE, "prompt": REPLY}, "its prompt has a parent"),
        ({**ROOT, "message_id": 5}, "message_id: Expected `str`, got `int`"),
        ({**ROOT, "message_id": "5"}, "message_id is neither a UUID nor 64 hex digits"),
        ({**ROOT, "user_id": "ada"}, "user_id is neither a UUID nor 64 hex digits"),
        ({**ROOT, "text": "a\0b"}, "it holds the character NUL, which cannot be stored"),
        ({**ROOT, "review_count": -1}, "review_count: Expected `int` >= 0"),
        ({**ROOT, "review_count": 2**31}, "review_count: Expected `int` <= 2147483647"),
        ({**ROOT, "rank": True}, "rank: Expected `int | null`, got `bool`"),
        ({**ROOT, "emojis": {"+1": -1}}, "emojis[...]: Expected `int` >= 0"),
        ({**ROOT, "labels": {"spam": {"value": 1.5, "count": 1}}}, "labels[...].value: Expected `float` <= 1.0"),
        ({**ROOT, "created_date": "yesterday"}, "created_date: Invalid RFC3339 encoded datetime"),
        ({**ROOT, "created_date": "0001-01-01T00:00:00+09:00"}, "created_date is out of range"),
        ({**ROOT, "role": "assistant"}, f"message {name_of(0)} begins a tree, so its role must be prompter"),
        ({**ROOT, "replies": [{**REPLY, "role": "prompter"}]}, f"message {name_of(1)} has the role of the message"),
        ({**ROOT, "replies": [REPLY, REPLY]}, f"message {name_of(1)} stands in its tree twice"),
        ({**ROOT, "replies": [{**REPLY, "parent_id": name_of(3)}]}, f"message {name_of(1)} stands below {name_of(0)}"),
        (nested(201), f"message {name_of(201)} stands more than 200 messages below its prompt"),
        (nested(9000), "its replies are nested too deeply"),
    ],
)
def test_a_bad_line_is_named_with_its_reason(path: Path, line: object, reason: str) -> None:
    found = in_file(path, {**ROOT, "message_id": name_of(801)}, line, {**ROOT, "message_id": name_of(802)})
    (fault,) = (one for one in found if isinstance(one, Fault))
    assert fault.line == 2
    assert fault.reason.startswith(reason)
    assert len(found) == 3


@pytest.mark.parametrize(
    ("lines", "faults"),
    [
        ([flat(ROOT), flat(ROOT, message_id=name_of(4))], {2: f"{name_of(0)} and {name_of(4)} both claim"}),
        ([flat(ROOT), flat(REPLY, tree_state="ranking")], {1: "its messages disagree about the state"}),
        ([flat(ROOT), flat(REPLY, text=5)], {2: "text: Expected `str`, got `int`"}),
        ([flat(ROOT), json.dumps(flat(REPLY)).encode()[:-1]], {2: "it is not valid JSON"}),
        (
            [flat(ROOT, parent_id=name_of(1), role="prompter"), flat(REPLY)],
            {1: "messages of this tree answer each other in a circle"},
        ),
        (
            [flat(REPLY), flat(REPLY, rank=-1), flat(ROOT, lang=1)],
            {2: "rank: Expected `int` >= 0", 3: "lang: Expected"},
        ),
    ],
    ids=["two prompts", "two states", "a bad type", "half a line", "a circle", "several faults"],
)
def test_of_a_tree_with_a_bad_message_nothing_comes_but_the_faults(
    path: Path, lines: list[object], faults: dict[int, str]
) -> None:
    *found, other = in_file(path, *lines, {**ROOT, "message_id": name_of(9), "message_tree_id": name_of(9)})
    assert isinstance(other, TreeRecord)
    assert [one.line for one in found] == list(faults)
    for one, reason in zip(found, faults.values(), strict=True):
        assert isinstance(one, Fault)
        assert one.reason.startswith(reason)


def test_a_damaged_line_that_does_not_name_its_tree_is_a_fault_by_itself(path: Path) -> None:
    fault, found = in_file(path, flat(ROOT), b'{"message_id": ')
    assert isinstance(fault, Fault)
    assert isinstance(found, TreeRecord)


# --- what is written -------------------------------------------------------------------------------------------------


def test_fields_come_in_the_order_of_the_format_and_nulls_are_left_out() -> None:
    record = tree(message(1, 0, rank=0), user_id=name_of(9), emojis={}, labels={"spam": LabelMean(0, 1)})
    line = json.loads(tree_line(TreeRecord(id=record.id, state=TreeState.RANKING, messages=record.messages)))
    assert list(line) == ["message_tree_id", "tree_state", "prompt"]
    assert list(line["prompt"]) == [
        *("message_id", "user_id", "text", "role", "review_count", "deleted", "emojis", "replies", "labels"),
    ]
    assert line["prompt"]["replies"][0]["replies"] == []


@pytest.mark.parametrize(("count", "result", "written"), [(2, False, False), (3, False, True), (0, True, True)])
def test_a_rejection_is_a_verdict_from_three_reviews_on(count: int, result: bool, written: bool) -> None:
    line = json.loads(tree_line(tree(review_count=count, review_result=result)))
    assert ("review_result" in line["prompt"]) is written


def test_a_message_alone_says_which_tree_it_belongs_to() -> None:
    record = TreeRecord(id=name_of(0), state=TreeState.RANKING, messages=(message(1, 0),))
    (line,) = map(json.loads, message_lines(record))
    assert (line["message_tree_id"], line["tree_state"], line["parent_id"]) == (name_of(0), "ranking", name_of(0))
    assert "replies" not in line


def test_prompts_alone_have_no_place_for_replies() -> None:
    assert "replies" not in json.loads(tree_line(tree(), replies=False))["prompt"]


def trees_of(found: list[TreeRecord | Fault]) -> Iterator[TreeRecord]:
    return (one for one in found if isinstance(one, TreeRecord))


def test_messages_of_a_written_file_come_parents_first(tmp_path: Path) -> None:
    file = shared_file("oasst_en_100_trees.jsonl")
    written = write_messages(tmp_path / "messages.jsonl", trees_of(read(file)))
    seen: set[str] = set()
    for line in json_lines(written):
        assert "parent_id" not in line or line["parent_id"] in seen
        seen.add(line["message_id"])
    assert len(seen) == 1167
    assert without_lines(trees_of(read(written))) == without_lines(trees_of(read(file)))
