from __future__ import annotations

import asyncio
import struct
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from engines_under_test import LlamaServer
from tiny_models import TinyModel

from oa.domain.sampling import Sampling
from oa.errors import BadTemplate, ModelFailed, NotSupported, PromptTooLong, UnknownModel
from oa.inference.answering import Model, Question, Queued, Started
from oa.inference.engine import End, Reason, Role, Token, Turn
from oa.inference.inspection import entry_of, inspect
from oa.inference.models import EngineKind, Entry
from oa.inference.service import LocalAnswering, ServiceSettings

GREEDY = Sampling(temperature=0)


def entry(path: Path, name: str = "tiny", **facts: Any) -> Entry:
    import msgspec

    return msgspec.structs.replace(entry_of(inspect(path), name, 1_700_000_000), **facts)


@asynccontextmanager
async def running(directory: Path, *entries: Entry, **settings: Any) -> AsyncGenerator[LocalAnswering, None]:
    answering = LocalAnswering(entries, ServiceSettings(data_dir=directory, **settings))
    try:
        yield answering
    finally:
        await answering.close()


@pytest.fixture
async def answering(tiny_model: TinyModel, tmp_path: Path) -> AsyncIterator[LocalAnswering]:
    async with running(tmp_path, entry(tiny_model.gguf, parallel=4)) as answering:
        yield answering


def question(*turns: str | Turn, **facts: Any) -> Question:
    """Texts are turns of the user and the assistant by turns."""
    roles = (Role.USER, Role.ASSISTANT)
    said = [turn if isinstance(turn, Turn) else Turn(roles[at % 2], turn) for at, turn in enumerate(turns)]
    facts = {"person": "ann", "model": "tiny", "sampling": GREEDY, "max_tokens": 8, **facts}
    return Question(id="1", turns=tuple(said), **facts)


async def ask(answering: LocalAnswering, asked: Question) -> tuple[Started, str, End]:
    pieces = [piece async for piece in answering.answer(asked) if not isinstance(piece, Queued)]
    started, *tokens, end = pieces
    assert isinstance(started, Started)
    assert isinstance(end, End)
    return started, "".join(token.text for token in tokens if isinstance(token, Token)), end


async def test_the_models_say_what_they_are(answering: LocalAnswering) -> None:
    (model,) = await answering.models()
    assert (model.name, model.context_length, model.is_default, model.engine) == ("tiny", 512, True, "llamacpp")
    assert (model.embeddings, model.tools) == (True, False)


async def test_a_question_is_answered_by_the_models_own_template(answering: LocalAnswering) -> None:
    started, text, end = await ask(answering, question("hello"))
    assert (started.dropped_turns, end.reason, end.completion_tokens) == (0, Reason.LENGTH, 8)
    assert started.prompt_tokens == end.prompt_tokens == await answering.count_tokens(question("hello"))
    bare = "<|im_start|>user\nhello<|im_end|>\n<|im_start|>assistant\n"
    assert (await ask(answering, question(bare, is_completion=True)))[1] == text


async def test_typed_special_tokens_are_counted_letter_by_letter(answering: LocalAnswering) -> None:
    plain = await answering.count_tokens(question("hello"))
    assert await answering.count_tokens(question("hello<|im_end|>")) == plain + len("<|im_end|>")


async def test_an_unfinished_answer_is_continued(answering: LocalAnswering) -> None:
    _, rest, _ = await ask(answering, question("hello", "Once upon"))
    bare = "<|im_start|>user\nhello<|im_end|>\n<|im_start|>assistant\nOnce upon"
    assert (await ask(answering, question(bare, is_completion=True)))[1] == rest


async def test_a_long_conversation_loses_its_oldest_turns(answering: LocalAnswering) -> None:
    turns = [Turn(Role.SYSTEM, "sys"), *question(*["some words "] * 41).turns]
    started, _, end = await ask(answering, question(*turns))
    assert started.dropped_turns > 0
    assert started.dropped_turns % 2 == 0
    assert started.prompt_tokens == end.prompt_tokens <= 512


async def test_a_message_that_is_too_long_is_refused_and_the_next_one_answered(answering: LocalAnswering) -> None:
    with pytest.raises(PromptTooLong, match=r"\d+ tokens.*512"):
        await ask(answering, question("word " * 300))
    assert (await ask(answering, question("hello")))[1]


async def test_an_unknown_model_is_refused_with_those_that_there_are(answering: LocalAnswering) -> None:
    with pytest.raises(UnknownModel, match="there is: tiny"):
        await ask(answering, question("hello", model="nope"))
    with pytest.raises(UnknownModel):
        await answering.count_tokens(question("hello", model="nope"))
    with pytest.raises(UnknownModel):
        await answering.embed("nope", ["a"])


async def test_vectors_are_made(answering: LocalAnswering) -> None:
    first, second = await answering.embed("tiny", ["a tree", "a stone"])
    assert len(first) == len(second) == 64


async def test_everybody_is_answered_when_many_ask(answering: LocalAnswering) -> None:
    asked = [question(f"hello {at % 3}", person=f"p{at % 5}") for at in range(30)]
    answers = await asyncio.gather(*(ask(answering, one) for one in asked))
    assert len({text for _, text, _ in answers}) == 3
    (load,) = answering.loads()
    assert (load.answers, load.running, load.waiting) == (30, 0, 0)
    shown = sum(end.completion_tokens - (end.reason is Reason.END) for _, _, end in answers)
    assert load.tokens == shown


async def test_a_schema_is_kept_to(answering: LocalAnswering) -> None:
    schema = {"type": "object", "properties": {"ok": {"type": "boolean"}}, "required": ["ok"]}
    _, text, end = await ask(
        answering, question("hello", json_schema=schema, max_tokens=100, sampling=Sampling(seed=1))
    )
    assert text.strip().startswith("{")
    assert '"ok"' in text
    assert end.reason in (Reason.END, Reason.LENGTH)


async def test_models_take_turns_in_memory_that_has_room_for_one(tiny_model: TinyModel, tmp_path: Path) -> None:
    entries = (entry(tiny_model.gguf), entry(tiny_model.gguf, "second"))
    async with running(tmp_path, *entries, memory_bytes=1) as answering:
        expected = (await ask(answering, question("hello")))[1]
        asked = [question("hello", model=name) for name in ("tiny", "second", "tiny", "second")]
        assert [text for _, text, _ in await asyncio.gather(*(ask(answering, one) for one in asked))] == [expected] * 4


async def test_a_model_that_has_died_is_loaded_anew_for_the_next_question(answering: LocalAnswering) -> None:
    _, before, _ = await ask(answering, question("hello"))
    (lane,) = answering._queues["tiny"].lanes
    native: Any = lane.engine._model.native  # type: ignore[attr-defined]

    def die(request: bytes, take: object) -> None:
        raise RuntimeError("out of luck")

    native.complete = die
    with pytest.raises(ModelFailed):
        await ask(answering, question("hello"))
    assert (await ask(answering, question("hello")))[1] == before


async def test_a_broken_file_fails_its_questions_and_no_others(tiny_model: TinyModel, tmp_path: Path) -> None:
    content = bytearray(tiny_model.gguf.read_bytes())
    broken = tmp_path / "broken.gguf"
    at = content.index(b"llama.block_count") + len(b"llama.block_count") + 4
    content[at : at + 4] = struct.pack("<I", 7)  # more layers than there are
    broken.write_bytes(content)
    async with running(tmp_path, entry(tiny_model.gguf), entry(broken, "broken")) as answering:
        for _ in range(2):
            with pytest.raises(ModelFailed, match="cannot load"):
                await ask(answering, question("hello", model="broken"))
        assert (await ask(answering, question("hello")))[1]


async def test_a_file_that_is_gone_is_said(tiny_model: TinyModel, tmp_path: Path) -> None:
    gone = tmp_path / "gone.gguf"
    gone.write_bytes(tiny_model.gguf.read_bytes())
    chosen = entry(gone)
    gone.unlink()
    async with running(tmp_path, chosen) as answering:
        with pytest.raises(ModelFailed, match="No such file"):
            await ask(answering, question("hello"))


async def test_a_template_of_ones_own_is_used_and_a_bad_one_said(tiny_model: TinyModel, tmp_path: Path) -> None:
    good, bad = tmp_path / "good.jinja", tmp_path / "bad.jinja"
    good.write_text("{% for m in messages %}{{ m.content }}{% endfor %}")
    bad.write_text("{{ messages[0].content | nothing }}")
    entries = (entry(tiny_model.gguf, template=str(good)), entry(tiny_model.gguf, "bad", template=str(bad)))
    async with running(tmp_path, *entries) as answering:
        assert await answering.count_tokens(question("abc")) == 3
        with pytest.raises(BadTemplate):
            await ask(answering, question("hello", model="bad"))
        assert (await ask(answering, question("hello")))[1]


async def test_a_model_that_cannot_be_run_is_left_out(
    tiny_model: TinyModel, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    keyless = Entry(name="far", engine=EngineKind.OPENAI, url="http://localhost:1/v1", key_variable="NO_SUCH_KEY")
    async with running(tmp_path, keyless, entry(tiny_model.gguf)) as answering:
        assert [model.name for model in await answering.models()] == ["tiny"]
    assert "NO_SUCH_KEY" in caplog.text


async def test_what_an_engine_cannot_do_is_refused(tiny_model: TinyModel, tmp_path: Path) -> None:
    chosen = entry(tiny_model.gguf, embeddings=False)
    async with running(tmp_path, chosen) as answering:
        with pytest.raises(NotSupported, match="no vectors"):
            await answering.embed("tiny", ["a"])
        with pytest.raises(NotSupported, match="cannot do this"):
            await ask(answering, question("hello", grammar="this is no grammar"))
        assert (await ask(answering, question("hello")))[1]


async def test_bare_text_reaches_another_server_as_bare_text(tiny_model: TinyModel, tmp_path: Path) -> None:
    far = LlamaServer(tiny_model.gguf)
    there = Entry(name="far", engine=EngineKind.OPENAI, url=far.url, upstream_model="tiny", embeddings=True)
    async with running(tmp_path, entry(tiny_model.gguf), there) as answering:
        _, here, _ = await ask(answering, question("Once upon", is_completion=True))
        assert (await ask(answering, question("Once upon", is_completion=True, model="far")))[1] == here
        assert (await ask(answering, question("Once upon", model="far")))[1] != here


class Parrot:
    """A worker of a test."""

    worker = "parrot"
    places = 2

    def __init__(self) -> None:
        self.may_speak = asyncio.Event()

    async def answer(self, question: Question) -> AsyncGenerator[Started | Token | End, None]:
        yield Started(1, 0, self.worker)
        await self.may_speak.wait()
        yield Token(question.turns[-1].content)
        yield End(Reason.END, 1, 1)


def described(name: str) -> Model:
    return Model(name, "", 100, 0, False, "worker", embeddings=True)


async def test_workers_come_and_go_while_it_runs(answering: LocalAnswering) -> None:
    parrot = Parrot()
    parrot.may_speak.set()
    answering.add_lane(described("bird"), parrot)
    assert [(model.name, model.is_default, model.embeddings) for model in await answering.models()] == [
        ("tiny", True, True),
        ("bird", False, False),
    ]
    started, text, _ = await ask(answering, question("hello", model="bird"))
    assert (started.worker, text) == ("parrot", "hello")
    with pytest.raises(NotSupported):
        await answering.count_tokens(question("hello", model="bird"))
    answering.remove_lane(parrot)
    with pytest.raises(UnknownModel):
        await ask(answering, question("hello", model="bird"))


async def test_a_worker_helps_with_a_model_that_runs_here(answering: LocalAnswering) -> None:
    parrot = Parrot()
    answering.add_lane(described("tiny"), parrot)
    asked = [asyncio.create_task(ask(answering, question(f"hello {at}"))) for at in range(8)]
    await asyncio.wait(asked, return_when=asyncio.FIRST_COMPLETED)  # the parrot is silent yet
    parrot.may_speak.set()
    workers = {started.worker for started, _, _ in await asyncio.gather(*asked)}
    assert workers == {None, "parrot"}


async def test_closing_an_answer_frees_its_place_for_who_waits(tiny_model: TinyModel, tmp_path: Path) -> None:
    async with running(tmp_path, entry(tiny_model.gguf, parallel=1)) as answering:
        long = answering.answer(question("hello", max_tokens=400))
        assert isinstance(await anext(long), Started)
        waiting = asyncio.create_task(ask(answering, question("hello", person="ben")))
        await anext(long)
        await long.aclose()
        async with asyncio.timeout(10):
            assert (await waiting)[1]
