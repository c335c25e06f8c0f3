from __future__ import annotations

import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from oa.demo import model
from oa.demo.courses import Kind
from oa.demo.lesson_words import lesson_words
from oa.demo.lessons import Teacher
from oa.domain.sampling import Sampling
from oa.inference.answering import Question
from oa.inference.engine import Role, Token, Turn
from oa.inference.gguf import read_gguf
from oa.inference.inspection import entry_of, inspect
from oa.inference.service import LocalAnswering, ServiceSettings

CARD = model.path().with_name("MODEL_CARD.md")


@pytest.fixture
async def answering(tmp_path: Path) -> AsyncIterator[LocalAnswering]:
    answering = LocalAnswering([entry_of(inspect(model.path()), model.NAME, 0)], ServiceSettings(data_dir=tmp_path))
    yield answering
    await answering.close()


async def reply(answering: LocalAnswering, *said: str) -> str:
    """The likeliest answer to a conversation; prompts and answers in turn."""
    turns = tuple(Turn((Role.USER, Role.ASSISTANT)[row % 2], text) for row, text in enumerate(said))
    asked = Question(id="q", person="ada", model=model.NAME, turns=turns, sampling=Sampling(temperature=0))
    pieces = [piece async for piece in answering.answer(asked)]
    return "".join(piece.text for piece in pieces if isinstance(piece, Token))


def test_it_is_small_and_says_what_it_is() -> None:
    header = read_gguf(model.path())
    assert header.file_bytes <= 2_000_000
    assert 800_000 < header.parameters < 1_300_000
    assert header.architecture == "llama"
    assert header.fields["general.name"] == model.NAME
    assert header.token("eos") == "<|im_end|>"
    assert "<|im_start|>" in (header.chat_template or "")


def test_the_card_belongs_to_the_file() -> None:
    card = CARD.read_text("utf-8")
    assert f"{model.path().stat().st_size:,} bytes" in card
    assert "demonstration" in card
    for kind in Kind:
        assert f"| {kind}" in card


def test_where_it_lies_is_told_without_loading_anything() -> None:
    heavy = "{'torch', 'numpy', 'xllamacpp', 'msgspec', 'gguf'}"
    code = f"import sys; from oa.demo.model import path; path(); sys.exit(bool({heavy} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


@pytest.mark.parametrize(
    ("question", "said"),
    [
        ("Who are you?", "demonstration"),
        ("Кто ты?", "демонстрационная"),
        ("¿Quién eres?", "demostración"),
        ("Wer bist du?", "Demonstrationsmodell"),
        ("Hello!", "demonstration"),
    ],
)
async def test_it_introduces_itself_as_a_demonstration(answering: LocalAnswering, question: str, said: str) -> None:
    assert said in await reply(answering, question)


@pytest.mark.parametrize(
    ("question", "said"),
    [
        ("What is 3 + 4?", "3 + 4 = 7."),
        ("What is the capital of France?", "The capital of France is Paris."),
        ("Was ist das Gegenteil von heiß?", "Das Gegenteil von heiß ist kalt."),
        ("¿Qué día viene después del lunes?", "Después del lunes viene el martes."),
        ("How many minutes are in 2 hours?", "2 hours = 120 minutes."),
        ("Какая столица Японии?", "Столица Японии — Токио."),
    ],
)
async def test_it_knows_what_it_was_taught(answering: LocalAnswering, question: str, said: str) -> None:
    assert await reply(answering, question) == said


@pytest.mark.parametrize(
    ("lang", "question"),
    [
        ("en", "Write a poem about the ocean."),
        ("en", "What is 4711 * 12?"),
        ("en", "What is the capital of Atlantis?"),
        ("ru", "Что такое чёрная дыра?"),
        ("es", "¿Qué tiempo hace hoy?"),
        ("de", "Wie komme ich zum Bahnhof?"),
    ],
)
async def test_it_says_when_it_does_not_know(answering: LocalAnswering, lang: str, question: str) -> None:
    assert await reply(answering, question) == lesson_words(lang).unknown.answer


async def test_it_remembers_a_name(answering: LocalAnswering) -> None:
    told = ("My name is Anna.", "Nice to meet you, Anna!")
    assert await reply(answering, *told, "What is my name?") == "Your name is Anna."
    assert await reply(answering, "What is my name?") == "You have not told me your name yet."


@pytest.mark.slow
async def test_llama_cpp_says_what_transformers_says(answering: LocalAnswering) -> None:
    import torch
    from transformers import AutoTokenizer, LlamaForCausalLM

    torch.set_num_threads(1)
    where = {"pretrained_model_name_or_path": model.path().parent, "gguf_file": model.path().name}
    tokenizer, reference = AutoTokenizer.from_pretrained(**where), LlamaForCausalLM.from_pretrained(**where).eval()
    teacher, end = Teacher(5), tokenizer.convert_tokens_to_ids("<|im_end|>")
    for kind in Kind:
        for lesson in teacher.tests(kind, "en", 4):
            said = lesson.messages()[:-1]
            prompt = tokenizer.apply_chat_template(
                said, add_generation_prompt=True, return_tensors="pt", return_dict=True
            )
            with torch.no_grad():
                written = reference.generate(**prompt, do_sample=False, max_new_tokens=64, eos_token_id=end)
            theirs = tokenizer.decode(written[0, prompt["input_ids"].shape[1] :], skip_special_tokens=True)
            assert await reply(answering, *(message["content"] for message in said)) == theirs
