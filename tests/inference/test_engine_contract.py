"""What `oa.inference.engine` promises, held against every engine over the same tiny model."""

from __future__ import annotations

import asyncio
import math
from collections.abc import AsyncIterator, Iterator
from contextlib import aclosing
from pathlib import Path

import engines_under_test
import pytest
from engines_under_test import LlamaServer, SecondHub, UnderTest, ask, request_for
from tiny_models import TinyModel

from oa.domain.sampling import Sampling
from oa.errors import ModelFailed, NotSupported, PromptTooLong, UpstreamFailed
from oa.inference.engine import End, Reason, Segment, Token

PROMPTS = ("hello", "what is a tree?", "one two three", "Привет", "count", "the end", "a longer question than that", "")


@pytest.fixture(scope="module")
def upstream(tiny_model: TinyModel) -> LlamaServer:
    return LlamaServer(tiny_model.gguf)


@pytest.fixture(scope="module")
def hub(tiny_model: TinyModel, tmp_path_factory: pytest.TempPathFactory) -> Iterator[SecondHub]:
    hub = SecondHub(tiny_model.gguf, tmp_path_factory.mktemp("second-hub"))
    yield hub
    hub.stop()


@pytest.fixture(params=["llamacpp", "transformers", "openai", pytest.param("second_hub", marks=pytest.mark.slow)])
async def tested(
    request: pytest.FixtureRequest, tiny_model: TinyModel, upstream: LlamaServer, tmp_path: Path
) -> AsyncIterator[UnderTest]:
    """`second_hub` is the engine `openai` before another `oa serve`."""
    if request.param == "transformers":
        pytest.importorskip("torch", reason="the extra `train` is not installed")
    if request.param == "second_hub":
        making = engines_under_test.second_hub(request.getfixturevalue("hub"), upstream)
    else:
        making = getattr(engines_under_test, request.param)(tiny_model, upstream, tmp_path)
    async with making as tested:
        await tested.engine.load()
        yield tested


async def test_streamed_text_equals_unstreamed_text(tested: UnderTest) -> None:
    for prompt in PROMPTS[:4]:
        assert (await ask(tested.engine, prompt)).text == await asyncio.to_thread(tested.unstreamed, prompt, 24)


async def test_greedy_answers_are_always_the_same(tested: UnderTest) -> None:
    first, second = await ask(tested.engine, "hello"), await ask(tested.engine, "hello")
    assert first.text == second.text != ""


async def test_many_at_once_say_what_each_would_say_alone(tested: UnderTest) -> None:
    alone = [(await ask(tested.engine, prompt)).text for prompt in PROMPTS]
    together = await asyncio.gather(*(ask(tested.engine, prompt) for prompt in PROMPTS))
    assert [said.text for said in together] == alone
    assert len(set(alone)) > len(PROMPTS) // 2


async def test_more_than_there_are_places_for_are_all_answered(tested: UnderTest) -> None:
    count = 2 * tested.engine.capabilities.parallel + 1
    said = await asyncio.gather(*(ask(tested.engine, "hello", max_tokens=4) for _ in range(count)))
    assert len({one.text for one in said}) == 1


async def test_a_seed_gives_the_same_answer_again(tested: UnderTest) -> None:
    def sampling(seed: int) -> Sampling:
        return Sampling(temperature=1.2, top_k=20, seed=seed)

    texts = [(await ask(tested.engine, "hello", sampling=sampling(seed))).text for seed in (7, 7, 8)]
    assert texts[0] == texts[1] != texts[2]


async def test_without_a_seed_answers_differ(tested: UnderTest) -> None:
    wild = Sampling(temperature=2.0)
    texts = {(await ask(tested.engine, "hello", sampling=wild)).text for _ in range(3)}
    assert len(texts) > 1


async def test_an_answer_has_no_more_tokens_than_asked_for(tested: UnderTest) -> None:
    said = await ask(tested.engine, "hello", max_tokens=5)
    assert (said.end.reason, said.end.completion_tokens) == (Reason.LENGTH, 5)
    assert len(said.tokens) == 5 or not tested.engine.capabilities.tokenizes  # others may send several in one piece


async def test_an_answer_ends_when_the_model_says_so_and_its_end_token_is_not_shown(tested: UnderTest) -> None:
    settings = [Sampling(temperature=1.0, top_k=20, seed=seed) for seed in range(12)]
    answers = await asyncio.gather(
        *(ask(tested.engine, "hello", max_tokens=150, sampling=sampling) for sampling in settings)
    )
    assert Reason.END in {said.end.reason for said in answers}
    assert not any("<|" in said.text for said in answers)


async def test_a_stop_string_ends_the_answer_and_is_no_part_of_it(tested: UnderTest) -> None:
    whole = (await ask(tested.engine, "hello")).text
    stop = whole[9:13]
    said = await ask(tested.engine, "hello", stop=("never", stop))
    assert said.end.reason is Reason.STOP
    assert said.text == whole[: whole.index(stop)]
    assert 0 < said.end.completion_tokens <= 24


async def test_what_only_begins_like_a_stop_string_is_shown(tested: UnderTest) -> None:
    whole = (await ask(tested.engine, "hello")).text
    said = await ask(tested.engine, "hello", stop=(f"{whole[-2:]}!", f"{whole[4]}?"))
    assert said.text == whole


async def test_an_answer_by_another_engine_of_the_same_model_is_the_same(
    tested: UnderTest, upstream: LlamaServer
) -> None:
    expected = await asyncio.to_thread(upstream.unstreamed, "what is a tree?", 12)
    assert (await ask(tested.engine, "what is a tree?", max_tokens=12)).text == expected


async def test_log_probabilities_are_those_of_the_likeliest_tokens(tested: UnderTest) -> None:
    said = await ask(tested.engine, "hello", alternatives=3, max_tokens=6)
    assert len(said.tokens) == 6
    for token in said.tokens:
        assert token.log_probability is not None
        best, *others = token.alternatives
        assert best.log_probability == pytest.approx(token.log_probability, abs=1e-3)
        assert len(others) == 2
        assert 0 > best.log_probability >= others[0].log_probability >= others[1].log_probability
        assert sum(math.exp(likely.log_probability) for likely in token.alternatives) < 1


async def test_log_probabilities_come_without_alternatives(tested: UnderTest) -> None:
    said = await ask(tested.engine, "hello", alternatives=0, max_tokens=3)
    assert all(token.log_probability is not None and not token.alternatives for token in said.tokens)


async def test_penalties_change_what_is_said(tested: UnderTest) -> None:
    plain = await ask(tested.engine, "hello")
    penalties = Sampling(temperature=0, repetition_penalty=3.0, presence_penalty=1.0, frequency_penalty=1.0)
    assert (await ask(tested.engine, "hello", sampling=penalties)).text != plain.text


async def test_a_prompt_that_is_too_long_is_refused_with_numbers(tested: UnderTest) -> None:
    with pytest.raises(PromptTooLong, match=r"\d+ tokens.*512") as caught:
        await ask(tested.engine, "x " * 700)
    assert any(int(word) > 1000 for word in str(caught.value).replace("(", " ").split() if word.isdigit())
    assert (await ask(tested.engine, "hello")).text


async def test_an_answer_ends_where_the_context_is_full(tested: UnderTest) -> None:
    said = await ask(tested.engine, "xyz" * 160, max_tokens=400, sampling=Sampling(temperature=1.0, top_k=5, seed=1))
    assert said.end.prompt_tokens + said.end.completion_tokens <= 512
    assert said.end.reason in (Reason.LENGTH, Reason.END)


async def test_a_cancelled_answer_frees_its_place_at_once(tested: UnderTest) -> None:
    engine = tested.engine
    places = engine.capabilities.parallel
    begun = [engine.generate(request_for(engine, f"hello {index}", max_tokens=400)) for index in range(places)]
    await asyncio.gather(*(anext(pieces) for pieces in begun))
    await asyncio.gather(*(pieces.aclose() for pieces in begun))
    async with asyncio.timeout(20):
        said = await asyncio.gather(*(ask(engine, "hello", max_tokens=3) for _ in range(places)))
    assert len(said) == places


async def test_an_answer_that_nobody_waits_for_any_more_ends(tested: UnderTest) -> None:
    engine = tested.engine
    waiting = asyncio.create_task(ask(engine, "hello", max_tokens=400))
    await asyncio.sleep(0)
    waiting.cancel()
    assert isinstance((await asyncio.gather(waiting, return_exceptions=True))[0], asyncio.CancelledError)
    assert (await ask(engine, "hello")).text


async def test_tokens_are_counted_as_they_are_used(tested: UnderTest) -> None:
    engine = tested.engine
    if not engine.capabilities.tokenizes:
        pytest.skip("the upstream does the counting")
    request = request_for(engine, "hello there")
    said = await ask(engine, "hello there")
    assert await engine.count_tokens(request.prompt) == said.end.prompt_tokens > 10


async def test_special_tokens_work_only_in_special_segments(tested: UnderTest) -> None:
    engine = tested.engine
    if not engine.capabilities.tokenizes:
        pytest.skip("the upstream has templates of its own")
    assert "<|im_end|>" in engine.capabilities.special_names
    special = await engine.count_tokens([Segment("hi<|im_end|>", special=True)])
    inert = await engine.count_tokens([Segment("hi<|im_end|>", special=False)])
    both = await engine.count_tokens([Segment("<|im_start|>", special=True), Segment("hi<|im_end|>", special=False)])
    assert special == 3
    assert inert == 2 + len("<|im_end|>")
    assert both == inert + 1


async def test_vectors_have_length_one_and_differ(tested: UnderTest) -> None:
    if tested.engine.capabilities.tokenizes is False:
        pytest.skip("the upstream serves no vectors")
    first, second = await tested.engine.embed(["a tree", "three stones"])
    assert math.hypot(*first) == pytest.approx(1, abs=1e-4)
    assert len(first) == len(second) == 64
    assert first != second


async def test_texts_without_a_vector_are_refused(tested: UnderTest) -> None:
    if tested.engine.capabilities.tokenizes is False:
        pytest.skip("the upstream serves no vectors")
    with pytest.raises(PromptTooLong, match=r"takes \d+ tokens.* 512"):
        await tested.engine.embed(["fine", "x " * 700])
    with pytest.raises(NotSupported):
        await tested.engine.embed([""])
    assert len(await tested.engine.embed(["fine"])) == 1


async def test_an_unloaded_model_can_be_loaded_again(tested: UnderTest) -> None:
    engine = tested.engine
    before = (await ask(engine, "hello")).text
    await engine.unload()
    assert not engine.is_loaded
    await engine.unload()
    await engine.load()
    await engine.load()
    assert (await ask(engine, "hello")).text == before


async def test_a_model_is_loaded_once_and_whole_although_whoever_asked_first_gave_up(tested: UnderTest) -> None:
    engine = tested.engine
    await engine.unload()
    first = asyncio.create_task(engine.load())
    await asyncio.sleep(0)
    first.cancel()
    await asyncio.gather(engine.load(), engine.load())
    assert engine.is_loaded
    assert (await ask(engine, "hello")).text
    assert first.cancelled()


async def test_unloading_ends_answers_with_an_error(tested: UnderTest) -> None:
    engine = tested.engine
    async with aclosing(engine.generate(request_for(engine, "hello", max_tokens=450))) as pieces:
        await anext(pieces)
        await engine.unload()
        with pytest.raises(ModelFailed):
            [piece async for piece in pieces]


async def test_a_question_in_the_moment_of_unloading_is_answered_or_fails(tested: UnderTest) -> None:
    engine = tested.engine
    expected = (await ask(engine, "hello")).text
    asked = [asyncio.create_task(ask(engine, "hello")) for _ in range(6)]
    await asyncio.gather(engine.unload(), *(asyncio.sleep(0) for _ in asked))
    outcomes = await asyncio.gather(*asked, return_exceptions=True)
    assert all(isinstance(one, ModelFailed) or getattr(one, "text", None) == expected for one in outcomes)
    await engine.load()
    assert (await ask(engine, "hello")).text == expected


async def test_a_model_that_dies_ends_its_answers_with_an_error_and_can_be_loaded_again(tested: UnderTest) -> None:
    engine = tested.engine
    before = (await ask(engine, "hello")).text
    mend = tested.kill()
    with pytest.raises((ModelFailed, UpstreamFailed)):
        await ask(engine, "hello")
    mend()
    await engine.load()
    assert (await ask(engine, "hello")).text == before


async def test_the_event_loop_is_never_blocked_while_answers_are_written(tested: UnderTest) -> None:
    engine = tested.engine
    await ask(engine, "hello")
    gaps: list[float] = []
    loop = asyncio.get_running_loop()

    async def watch() -> None:
        last = loop.time()
        while True:
            await asyncio.sleep(0)
            now = loop.time()
            gaps.append(now - last)
            last = now

    watching = asyncio.create_task(watch())
    wild = Sampling(temperature=1.0, top_k=20, seed=3)
    await asyncio.gather(*(ask(engine, prompt, max_tokens=100, sampling=wild) for prompt in PROMPTS))
    watching.cancel()
    gaps.sort()
    # Of the longest gaps a few belong to other programs on this machine.
    assert gaps[-max(4, len(gaps) // 1000)] < 0.020


async def test_pieces_come_one_by_one(tested: UnderTest) -> None:
    pieces = [piece async for piece in tested.engine.generate(request_for(tested.engine, "hello"))]
    assert all(isinstance(piece, Token) for piece in pieces[:-1])
    assert isinstance(pieces[-1], End)
    assert len(pieces) > (15 if tested.engine.capabilities.tokenizes else 2)
