from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from published_rows import BOT, CALL, EXCHANGE, HUMAN, PUBLISHED, A, S, U, said, talk
from sample_trees import name_of, texts, tree_records, without_lines

from oa.data.format import Unfit
from oa.data.formats import format_named, formats
from oa.data.sinks import sink
from oa.data.sources import opened
from oa.domain.records import Fault
from oa.domain.samples import (
    About,
    Conversation,
    Kind,
    Preference,
    Prompt,
    RankedGroup,
    Sample,
    Speaker,
    Turn,
    Verdict,
    kind_of,
)
from oa.errors import BadFile, InvalidSetting

WRITABLE = [one for one in PUBLISHED if format_named(one[0]).write and "conversation" not in one[1]]


def in_file(path: Path, rows: list[Any]) -> Path:
    path.write_text("\n".join(map(json.dumps, rows)), "utf-8")
    return path


def read(path: Path, form: str | None = None) -> tuple[str, list[Sample | Fault]]:
    with opened(path, form) as source:
        return source.format.name, list(source.samples())


def write(path: Path, form: str, samples: list[Any]) -> Path:
    with sink(path, format_named(form)) as put:
        for sample in samples:
            put(sample)
    return path


@pytest.mark.parametrize(("form", "row", "sample"), PUBLISHED)
def test_a_published_row_is_recognised_and_read(form: str, row: dict[str, Any], sample: Sample, tmp_path: Path) -> None:
    assert read(in_file(tmp_path / "rows.jsonl", [row])) == (form, [sample])


@pytest.mark.parametrize("suffix", [".jsonl", ".jsonl.gz", ".parquet"])
@pytest.mark.parametrize(("form", "row", "sample"), WRITABLE)
def test_what_is_written_reads_back_equal(
    form: str, row: dict[str, Any], sample: Sample, suffix: str, tmp_path: Path
) -> None:
    assert read(write(tmp_path / f"out{suffix}", form, [sample, sample]), form) == (form, [sample, sample])


labels = st.dictionaries(st.sampled_from(["quality", "humor"]), st.floats(0, 1), max_size=2)
abouts = st.builds(About, id=st.none() | texts, tree=st.none() | texts, lang=st.none() | st.just("de"))


def turns(*speakers: Speaker) -> st.SearchStrategy[tuple[Turn, ...]]:
    return st.tuples(
        *(st.builds(Turn, st.just(speaker), texts, st.none() | texts, labels=labels) for speaker in speakers)
    )


GENERAL: dict[str, st.SearchStrategy[Sample]] = {
    "messages": st.builds(Conversation, turns(S, U, A, U, A), st.just(({"a": [1, None]},)), abouts),
    "preference": st.builds(
        Preference, turns(U, A, U), turns(A).map(lambda one: one[0]), turns(A).map(lambda one: one[0]), abouts
    ),
    "ranked": st.builds(RankedGroup, turns(S, U), turns(A, A, A), st.just((0, 1, 1)), abouts),
    "kto": st.builds(Verdict, turns(U, A, U), turns(A).map(lambda one: one[0]), st.booleans(), abouts),
    "prompts": st.builds(Prompt, turns(U, A, U), abouts),
}


@pytest.mark.parametrize("form", GENERAL)
@pytest.mark.parametrize("suffix", [".jsonl", ".parquet"])
def test_general_formats_keep_everything(form: str, suffix: str, tmp_path_factory: pytest.TempPathFactory) -> None:
    @settings(max_examples=25)
    @given(st.lists(GENERAL[form], min_size=1, max_size=3))
    def keep(samples: list[Sample]) -> None:
        path = write(tmp_path_factory.mktemp("out") / f"out{suffix}", form, samples)
        assert read(path) == (form, samples)

    keep()


@settings(max_examples=25)
@given(trees=st.lists(tree_records(), min_size=1, max_size=3, unique_by=lambda one: one.id))
def test_trees_go_through_rows_with_columns(tmp_path_factory: pytest.TempPathFactory, trees: list[Any]) -> None:
    _, found = read(write(tmp_path_factory.mktemp("rows") / "rows.parquet", "oasst-rows", trees), "oasst-rows")
    assert not any(isinstance(one, Fault) for one in found)
    assert [one.id for one in without_lines(found)] == [one.id for one in without_lines(trees)]  # type: ignore[arg-type]
    assert sum(len(one.messages) for one in found) == sum(len(one.messages) for one in trees)  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("form", "fields"),
    [
        ("oasst", {"message_tree_id": name_of(0), "tree_state": "growing", "prompt": {"text": "q"}}),
        ("oasst", {"message_id": name_of(0), "text": "q", "role": "prompter", "replies": []}),
        ("oasst-messages", {"message_id": name_of(0), "parent_id": None, "text": "q", "role": "prompter"}),
        (
            "oasst-rows",
            {
                "message_id": name_of(0),
                "text": "q",
                "role": "prompter",
                "labels": {"name": [], "value": [], "count": []},
            },
        ),
        (
            "oasst-rows",
            {
                "message_id": name_of(0),
                "text": "q",
                "role": "prompter",
                "labels": None,
                "emojis": None,
                "detoxify": None,
            },
        ),
    ],
)
def test_forms_of_trees_are_told_apart(form: str, fields: dict[str, Any]) -> None:
    assert next(one.name for one in formats().values() if one.fits(fields)) == form


def test_a_whole_chat_is_one_conversation(tmp_path: Path) -> None:
    rows = [
        {"user_name": "You", "chat_metadata": {"note_prompt": "It rains."}},
        {"name": "Ann", "is_user": False, "mes": "hi"},
        {"name": "SillyTavern", "is_user": False, "is_system": True, "mes": "saved"},
        {"name": "You", "is_user": True, "mes": "q"},
    ]
    form, (found,) = read(in_file(tmp_path / "rows.jsonl", rows))
    assert form == "sillytavern"
    assert [(turn.speaker, turn.text) for turn in found.turns] == [(S, "It rains."), (A, "hi"), (U, "q")]  # type: ignore[union-attr]


def test_every_path_of_a_discussion_is_a_conversation(tmp_path: Path) -> None:
    thread = {"text": "q", "replies": [{"text": "a"}, {"text": "b", "replies": [{"text": "r"}]}]}
    _, found = read(in_file(tmp_path / "rows.jsonl", [{"thread": thread}]))
    assert ["".join(turn.text for turn in one.turns) for one in found] == ["qa", "qbr"]  # type: ignore[union-attr]


def test_exchanges_of_an_episode_become_one_conversation(tmp_path: Path) -> None:
    rows = [
        {"USER": "q", "RESPONSE": "a", "EPISODE_DONE": False},
        {"USER": "r", "RESPONSE": "b", "EPISODE_DONE": True},
        {"USER": "p", "RESPONSE": "c", "EPISODE_DONE": False},
    ]
    _, found = read(in_file(tmp_path / "rows.jsonl", rows))
    assert [len(one.turns) for one in found] == [4, 2]  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("form", "row", "reason"),
    [
        ("messages", {"messages": []}, "it has no turns"),
        ("messages", {"messages": [{"role": "cat", "content": "miau"}]}, "'cat' is no role"),
        ("messages", {"messages": [{"role": "user", "content": [{"type": "image_url"}]}]}, "parts that are not text"),
        ("messages", {"messages": 3}, "messages: Expected `array`"),
        ("messages", [1], "Expected `object`"),
        ("sharegpt", {"conversations": [{"from": "gpt", "value": "a"}]}, "does not begin with the human"),
        (
            "preference",
            {"prompt": "q", "chosen": [{"role": "user", "content": "x"}], "rejected": "b"},
            "does not end with a reply",
        ),
        ("hh", {"chosen": f"{HUMAN}q{BOT}a", "rejected": f"{HUMAN}r{BOT}a"}, "differ before their last replies"),
        ("hh", {"chosen": "q", "rejected": "r"}, "does not begin with a speaker"),
        ("ranked", {"prompt": "q", "replies": ["a", "b"], "ranks": [1, 0]}, "must not fall"),
        ("soda", {"dialogue": ["a", "b"], "speakers": ["Ann", "Ann"]}, "two people who speak in turn"),
        ("alpaca-ranked", {"instruction": "q", "output": ["only one"]}, "does not have two answers"),
        ("discussion", {"thread": {"text": "q"}}, "nobody answers its first post"),
        (
            "character-ai",
            {"info": {"character": {"name": "Ann"}}, "histories": {"histories": []}},
            "nobody said anything",
        ),
        ("text", {"text": " "}, "it has no text"),
    ],
)
def test_a_row_that_cannot_be_taken_is_named_and_the_rest_comes(
    form: str, row: Any, reason: str, tmp_path: Path
) -> None:
    good = next(one[1] for one in PUBLISHED if one[0] == form)
    _, found = read(in_file(tmp_path / "rows.jsonl", [good, row, good]), form)
    assert len(found) == 3
    assert isinstance(found[1], Fault)
    assert found[1].line == 2
    assert reason in found[1].reason


@pytest.mark.parametrize(
    ("form", "sample"),
    [
        ("dolly", talk((U, "q"), (A, "a"), (U, "r"), (A, "b"))),
        ("alpaca", talk((A, "a"))),
        ("hh", Preference(said((S, "s"), (U, "q")), Turn(A, "a"), Turn(A, "b"))),
        ("hh", Preference(said((U, "q")), Turn(A, f"a{HUMAN}r"), Turn(A, "b"))),
        ("sharegpt", Conversation((Turn(U, "q"), Turn(A, "", tool_calls=(CALL,))))),
        ("soda", EXCHANGE),
        ("prompt-completion", talk((U, "q"))),
    ],
)
def test_a_sample_that_a_format_has_no_room_for_is_refused(form: str, sample: Any, tmp_path: Path) -> None:
    with pytest.raises(Unfit), sink(tmp_path / "out.jsonl", format_named(form)) as put:
        put(sample)
    assert list(tmp_path.iterdir()) == []


def test_every_format_gives_the_kind_that_it_says() -> None:
    for form, _, sample in PUBLISHED:
        assert kind_of(sample) is format_named(form).gives
    assert {one.gives for one in formats().values()} == set(Kind)


def test_an_unknown_format_is_answered_with_the_nearest_name() -> None:
    with pytest.raises(InvalidSetting, match="did you mean sharegpt"):
        format_named("sharegtp")


def test_a_file_in_no_known_format_names_its_fields(tmp_path: Path) -> None:
    with pytest.raises(BadFile, match=r"rows\.jsonl is in no format that OA knows: its first row has height, width"):
        read(in_file(tmp_path / "rows.jsonl", [{"height": 1, "width": 2}]))


def test_a_format_that_is_only_read_cannot_be_written(tmp_path: Path) -> None:
    with pytest.raises(InvalidSetting, match="oig is only read"):
        write(tmp_path / "out.jsonl", "oig", [])
    with pytest.raises(InvalidSetting, match="oasst has no columns"):
        write(tmp_path / "out.parquet", "oasst", [])
