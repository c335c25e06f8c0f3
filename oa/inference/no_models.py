"""A hub that has no model."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence

from oa.errors import UnknownModel
from oa.inference.answering import Model, Question, Queued, Started
from oa.inference.engine import End, Token


class NoModels:
    """Keeps the contract of `oa.inference.answering.Answering` and refuses whatever it is asked."""

    async def models(self) -> tuple[Model, ...]:
        return ()

    async def answer(self, question: Question) -> AsyncGenerator[Queued | Started | Token | End, None]:
        raise _nothing_to_ask()
        yield  # makes it a generator

    async def count_tokens(self, question: Question) -> int:
        raise _nothing_to_ask()

    async def embed(self, model: str, texts: Sequence[str]) -> tuple[tuple[float, ...], ...]:
        raise _nothing_to_ask()


def _nothing_to_ask() -> UnknownModel:
    return UnknownModel("this hub has no model that could be asked; whoever runs it adds one with `oa model add`")
