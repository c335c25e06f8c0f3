from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing
from pathlib import Path
from typing import Any

import pytest
from workers import INFO, OFFER, Wire, connected, visitor

from oa.domain.sampling import Sampling
from oa.errors import ModelFailed, NotSupported, PromptTooLong
from oa.inference.answering import Question, Queued, Started
from oa.inference.engine import End, Reason, Role, Token, Turn
from oa.inference.service import LocalAnswering, ServiceSettings
from oa.inference.workforce import Patience, Workforce

OFTEN = Patience(ping_interval_s=0.01, missed_pings=3, introduction_s=0.05, bad_frames=3, recheck_pings=1)
SELDOM = Patience(ping_interval_s=60)


@pytest.fixture
async def answering(tmp_path: Path) -> AsyncIterator[LocalAnswering]:
    """A hub without a model of its own."""
    answering = LocalAnswering([], ServiceSettings(data_dir=tmp_path))
    yield answering
    await answering.close()


@pytest.fixture
def workforce(answering: LocalAnswering) -> Workforce:
    return Workforce(answering, SELDOM)


def question(*, model: str = "tiny", **more: Any) -> Question:
    facts: dict[str, Any] = {"id": "q1", "person": "ada", "sampling": Sampling(temperature=0)}
    return Question(**{**facts, "model": model, "turns": (Turn(Role.USER, "Hi"),), **more})


class Asked:
    """A question under way, and what came of it so far."""

    def __init__(self, answering: LocalAnswering, asked: Question) -> None:
        self.pieces: list[Queued | Started | Token | End] = []
        self._arrived = asyncio.Event()
        self.task = asyncio.create_task(self._read(answering.answer(asked)))

    @property
    def text(self) -> str:
        return "".join(piece.text for piece in self.pieces if isinstance(piece, Token))

    async def until(self, text: str) -> None:
        async with asyncio.timeout(5):
            while self.text != text:
                self._arrived.clear()
                await self._arrived.wait()

    async def _read(self, pieces: AsyncGenerator[Queued | Started | Token | End, None]) -> None:
        async with aclosing(pieces):
            async for piece in pieces:
                self.pieces.append(piece)
                self._arrived.set()


def token(work: dict[str, Any], text: str) -> dict[str, Any]:
    return {"response_type": "token", "request_id": work["id"], "text": text, "log_prob": -0.5, "token_id": 7}


def whole(work: dict[str, Any], text: str, reason: str = "eos_token") -> dict[str, Any]:
    return {"response_type": "generated_text", "request_id": work["id"], "text": text, "finish_reason": reason}


async def test_a_worker_of_open_assistant_answers(answering: LocalAnswering, workforce: Workforce) -> None:
    turns = (Turn(Role.SYSTEM, "Be brief."), Turn(Role.USER, "a"), Turn(Role.ASSISTANT, "b"), Turn(Role.USER, "c"))
    async with connected(workforce) as wire:
        (model,) = await answering.models()
        assert (model.name, model.context_length, model.engine) == ("tiny", 512, "worker")
        asked = Asked(answering, question(turns=turns, max_tokens=9, sampling=Sampling(top_k=3, seed=5)))
        work = await wire.hear()
        assert [(one["role"], one["content"]) for one in work["thread"]["messages"]] == [
            ("prompter", "a"),
            ("assistant", "b"),
            ("prompter", "c"),
        ]
        parameters = work["parameters"]
        assert (parameters["system_prompt"], parameters["seed"], parameters["do_sample"]) == ("Be brief.", 5, True)
        assert parameters["sampling_parameters"]["top_k"] == 3
        assert parameters["sampling_parameters"]["max_new_tokens"] == 9
        assert parameters["model_config"] == INFO["config"]["model_config"]
        for frame in (token(work, "He"), token(work, "llo"), whole(work, "Hello", "length")):
            wire.say(frame)
        await asked.task
    assert asked.text == "Hello"
    assert asked.pieces[-1] == End(Reason.LENGTH, 0, 0)
    assert [piece.worker for piece in asked.pieces if isinstance(piece, Started)] == ["attic"]


async def test_a_worker_of_oa_is_asked_the_whole_question(answering: LocalAnswering, workforce: Workforce) -> None:
    async with connected(workforce, **OFFER) as wire:
        asked = Asked(answering, question(stop=("x",), json_schema={"type": "object"}, alternatives=1))
        work = await wire.hear()
        sent = work["question"]
        assert (sent["stop"], sent["json_schema"], sent["alternatives"]) == (["x"], {"type": "object"}, 1)
        assert sent["turns"][0]["content"] == "Hi"
        assert "ada" not in str(work)
        wire.say({"response_type": "started", "request_id": work["id"], "prompt_tokens": 4, "dropped_turns": 1})
        likely = [{"text": "b", "token_id": 8, "log_probability": -1.0}]
        wire.say({**token(work, "a"), "alternatives": likely})
        calls = [{"id": "1", "name": "add", "arguments": "{}"}]
        wire.say({**whole(work, "a"), "prompt_tokens": 4, "completion_tokens": 1, "tool_calls": calls})
        await asked.task
    started, first, end = asked.pieces[-3:]
    assert started == Started(4, 1, worker="attic")
    assert isinstance(first, Token)
    assert (first.log_probability, first.alternatives[0].token_id) == (-0.5, 8)
    assert isinstance(end, End)
    assert (end.prompt_tokens, end.completion_tokens, end.tool_calls[0].name) == (4, 1, "add")


@pytest.mark.parametrize(
    "more",
    [
        {"stop": ("x",)},
        {"json_schema": {}},
        {"grammar": "root ::= [a]"},
        {"alternatives": 0},
        {"turns": (Turn(Role.USER, "a"), Turn(Role.ASSISTANT, "b"))},
        {"is_completion": True},
    ],
)
async def test_what_an_old_worker_cannot_do_is_refused(
    answering: LocalAnswering, workforce: Workforce, more: dict[str, Any]
) -> None:
    async with connected(workforce):
        with pytest.raises(NotSupported, match="runs on a worker that knows no"):
            await Asked(answering, question(**more)).task


async def test_a_text_that_was_not_streamed_is_not_lost(answering: LocalAnswering, workforce: Workforce) -> None:
    async with connected(workforce) as wire:
        asked = Asked(answering, question())
        work = await wire.hear()
        wire.say(token(work, "Hel"))
        wire.say(whole(work, "Hello"))
        await asked.task
    assert asked.text == "Hello"


async def test_a_lost_workers_request_goes_to_another_one(answering: LocalAnswering, workforce: Workforce) -> None:
    async with connected(workforce) as first:
        asked = Asked(answering, question())
        await first.hear()
    async with connected(workforce, visitor("cellar")) as second:
        work = await second.hear()
        second.say(whole(work, "Hello"))
        await asked.task
    assert asked.text == "Hello"
    assert sum(isinstance(piece, Started) for piece in asked.pieces) == 1


async def test_half_a_character_is_nothing_that_was_shown(answering: LocalAnswering, workforce: Workforce) -> None:
    async with connected(workforce) as first:
        asked = Asked(answering, question())
        work = await first.hear()
        first.say(token(work, ""))
    async with connected(workforce, visitor("cellar")) as second:
        work = await second.hear()
        for text in ("", "é"):
            second.say(token(work, text))
        second.say(whole(work, "é"))
        await asked.task
    assert [piece.text for piece in asked.pieces if isinstance(piece, Token)] == ["", "é"]


async def test_a_lost_workers_request_goes_before_those_that_wait(
    answering: LocalAnswering, workforce: Workforce
) -> None:
    one_at_a_time = {**OFFER, "config": {**INFO["config"], "max_parallel_requests": 1}}
    async with connected(workforce, **one_at_a_time) as first:
        lost = Asked(answering, question(id="lost"))
        await first.hear()
        waiting = Asked(answering, question(id="waiting", turns=(Turn(Role.USER, "later"),)))
    async with connected(workforce, **one_at_a_time) as second:
        for asked, text in ((lost, "Hi"), (waiting, "later")):
            work = await second.hear()
            assert work["question"]["turns"][0]["content"] == text
            second.say(whole(work, "Hello"))
            await asked.task


async def test_a_request_is_not_asked_again_once_text_was_shown(
    answering: LocalAnswering, workforce: Workforce
) -> None:
    async with connected(workforce, visitor("cellar")) as other:
        async with connected(workforce, visitor("attic")) as wire:
            asked = [Asked(answering, question(id=str(number))) for number in range(2)]
            work = await wire.hear()
            wire.say(token(work, "Hel"))
            shown = asked[1] if asked[0].task.done() else asked[0]
            await asyncio.wait([asyncio.create_task(one.until("Hel")) for one in asked], return_when="FIRST_COMPLETED")
        shown = next(one for one in asked if one.text)
        with pytest.raises(ModelFailed, match="this is as far as it came"):
            await shown.task
        assert shown.text == "Hel"
        other.say(whole(await other.hear(), "Hello"))
        await next(one for one in asked if one is not shown).task


async def test_a_question_that_kills_workers_is_given_up(answering: LocalAnswering, workforce: Workforce) -> None:
    asked = None
    for number in range(3):
        async with connected(workforce, visitor(f"victim {number}")) as wire:
            asked = asked or Asked(answering, question())
            await wire.hear()
    assert asked is not None
    with pytest.raises(ModelFailed, match="3 workers were lost over this question"):
        await asked.task


async def test_a_worker_that_falls_silent_is_lost(answering: LocalAnswering) -> None:
    async with connected(Workforce(answering, OFTEN)) as wire:
        asked = Asked(answering, question())
        await wire.hear()
        await wire.closed.wait()
        assert wire.close_code == 4408
    assert asked.text == ""
    assert not asked.task.done()  # it waits for somebody else
    asked.task.cancel()


async def test_a_worker_that_answers_pings_stays(answering: LocalAnswering) -> None:
    async with connected(workforce := Workforce(answering, OFTEN)) as wire:
        for _ in range(10):
            ping = await wire.hear("ping")
            metrics = {"created_at": "2026-11-20T12:00:00", "cpu_usage": 50.0, "mem_usage": 20.0, "swap_usage": 0.0}
            wire.say({"response_type": "pong", "request_id": ping["id"], "metrics": metrics})
        assert wire.close_code is None
        (session,) = workforce.sessions()
        assert session.metrics is not None
        assert session.metrics.cpu_usage == 50.0


async def test_only_so_many_requests_at_a_time(answering: LocalAnswering, workforce: Workforce) -> None:
    async with connected(workforce) as wire:
        asked = [Asked(answering, question(id=str(number))) for number in range(3)]
        works = [await wire.hear(), await wire.hear()]
        (session,) = workforce.sessions()
        assert session.lane.in_flight == 2
        wire.say(whole(works[0], "done"))
        wire.say(whole(await wire.hear(), "done"))
        wire.say(whole(works[1], "done"))
        await asyncio.gather(*(one.task for one in asked))


async def test_who_leaves_a_worker_of_oa_cancels(answering: LocalAnswering, workforce: Workforce) -> None:
    async with connected(workforce, **OFFER) as wire:
        asked = Asked(answering, question())
        work = await wire.hear()
        asked.task.cancel()
        assert (await wire.hear("cancel"))["request_id"] == work["id"]
        wire.say(token(work, "nobody hears this"))
        assert workforce.sessions()[0].lane.places == 2


async def test_an_old_workers_place_is_free_when_it_has_ended(answering: LocalAnswering, workforce: Workforce) -> None:
    async with connected(workforce) as wire:
        first = [Asked(answering, question(id=str(number))) for number in range(2)]
        works = [await wire.hear(), await wire.hear()]
        for one in first:
            one.task.cancel()
        await asyncio.wait([one.task for one in first])
        asked = Asked(answering, question(id="next"))
        assert workforce.sessions()[0].lane.places == 0
        wire.say(whole(works[0], "too late"))
        wire.say(whole(await wire.hear(), "Hello"))
        await asked.task
        assert asked.text == "Hello"


async def test_an_error_ends_its_request_and_nothing_else(answering: LocalAnswering, workforce: Workforce) -> None:
    async with connected(workforce) as wire:
        failed = Asked(answering, question())
        work = await wire.hear()
        wire.say({"response_type": "error", "request_id": work["id"], "error": "File /home/x.py line 3"})
        with pytest.raises(ModelFailed) as caught:
            await failed.task
        assert "/home" not in str(caught.value)
        asked = Asked(answering, question())
        wire.say(whole(await wire.hear(), "Hello"))
        await asked.task


async def test_an_error_of_ours_keeps_its_sentence(answering: LocalAnswering, workforce: Workforce) -> None:
    async with connected(workforce, **OFFER) as wire:
        failed = Asked(answering, question())
        work = await wire.hear()
        sentence = "the prompt has 9 tokens, and the context only 8"
        wire.say({"response_type": "error", "request_id": work["id"], "error": sentence, "code": "prompt_too_long"})
        with pytest.raises(PromptTooLong, match=sentence):
            await failed.task


@pytest.mark.parametrize(
    "frame",
    [
        "no JSON",
        "[1]",
        {"response_type": "hello"},
        {"response_type": "token", "request_id": 3},
        {"response_type": "general_error", "error": "out of memory"},
        {"response_type": "error", "error": "of nothing"},
        {"response_type": "token", "request_id": "unknown", "text": "x", "token_id": 1},
        {"response_type": "generated_text", "request_id": "unknown", "text": "x", "finish_reason": "length"},
        {"response_type": "plugin_intermediate", "request_id": "unknown"},
        {"response_type": "safe_prompt", "request_id": "unknown", "safe_prompt": ""},
    ],
)
async def test_one_odd_frame_does_not_end_the_connection(
    answering: LocalAnswering, workforce: Workforce, frame: object
) -> None:
    async with connected(workforce) as wire:
        asked = Asked(answering, question())
        work = await wire.hear()
        wire.say(frame)
        wire.say(whole(work, "Hello"))
        await asked.task
        assert wire.close_code is None


async def test_what_cannot_be_read_is_complained_about_and_in_the_end_sent_away(answering: LocalAnswering) -> None:
    async with connected(Workforce(answering, Patience(ping_interval_s=60, bad_frames=3))) as wire:
        for _ in range(3):
            wire.say("nonsense")
            assert (await wire.hear("error"))["error"].startswith("unreadable")
        await wire.closed.wait()
        assert wire.close_code == 4400


@pytest.mark.parametrize("first", ["nonsense", {"config": {}}, {"config": {"model_config": {"model_id": ""}}}])
async def test_who_does_not_introduce_itself_is_sent_away(workforce: Workforce, first: object) -> None:
    wire = Wire()
    wire.say(first)
    await workforce.serve(visitor(), wire)
    assert wire.close_code == 4400
    assert (await wire.hear("error"))["error"].startswith("unreadable")


async def test_who_says_nothing_is_sent_away(answering: LocalAnswering) -> None:
    wire = Wire()
    await Workforce(answering, OFTEN).serve(visitor(), wire)
    assert wire.close_code == 4408


async def test_a_leaving_worker_ends_what_it_has(answering: LocalAnswering, workforce: Workforce) -> None:
    async with connected(workforce, **OFFER) as leaving:
        asked = Asked(answering, question())
        work = await leaving.hear()
        leaving.say({"response_type": "leaving"})
        leaving.say(token(work, "Hel"))
        await asked.until("Hel")
        async with connected(workforce, visitor("cellar"), **OFFER) as other:
            later = Asked(answering, question(id="later"))
            other.say(whole(await other.hear(), "from the cellar"))
            await later.task
        leaving.say(whole(work, "Hello"))
        await asked.task
        assert asked.text == "Hello"


async def test_a_removed_worker_is_sent_away(answering: LocalAnswering, workforce: Workforce) -> None:
    who = visitor()
    async with connected(workforce, who) as wire:
        await workforce.dismiss(who.id)
        await wire.hear("terminate")
        assert wire.close_code == 4410
    assert workforce.sessions() == ()
    assert await answering.models() == ()


async def test_a_key_that_became_worthless_is_noticed(answering: LocalAnswering) -> None:
    holds = asyncio.Event()
    async with connected(Workforce(answering, OFTEN), visitor(holds=holds)) as wire:
        await wire.hear("terminate")
        assert wire.close_code == 4410


async def test_a_hub_that_shares_nothing_out_takes_no_workers() -> None:
    with pytest.raises(NotSupported, match="takes no workers"):
        await Workforce(None).serve(visitor(), Wire())
