"""Who answers `oa chat`: a hub, or a model in this process."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from itertools import count
from typing import TYPE_CHECKING, Protocol

from oa.client.answers import SILENCE_S, Answered, Said, Wish, answer

if TYPE_CHECKING:
    import httpx

    from oa.inference.service import LocalAnswering


class Source(Protocol):
    """Something that answers."""

    def answer(self, conversation: Sequence[Said], wish: Wish) -> AsyncGenerator[str | Answered, None]:
        """The answer to the last turn, piece by piece, and how it ended. Closing it cancels."""
        ...

    async def close(self) -> None: ...


class HubSource:
    """The models of a hub."""

    def __init__(self, url: str, token: str | None) -> None:
        import httpx

        headers = {} if not token else {"authorization": f"Bearer {token}"}
        self._http: httpx.AsyncClient = httpx.AsyncClient(
            base_url=url, headers=headers, timeout=httpx.Timeout(SILENCE_S, connect=10.0)
        )

    def answer(self, conversation: Sequence[Said], wish: Wish) -> AsyncGenerator[str | Answered, None]:
        return answer(self._http, conversation, wish)

    async def close(self) -> None:
        await self._http.aclose()


class LocalSource:
    """The models of the data directory, or one at a path, in this process."""

    def __init__(self, answering: LocalAnswering) -> None:
        self._answering = answering
        self._numbers = count(1)

    async def answer(self, conversation: Sequence[Said], wish: Wish) -> AsyncGenerator[str | Answered, None]:
        from oa.domain.sampling import Sampling
        from oa.errors import UnknownModel
        from oa.inference.answering import Question
        from oa.inference.engine import End, Role, Token, Turn

        models = await self._answering.models()
        if not models:
            raise UnknownModel("there is no model here: name one with --model PATH, or add one with `oa model add`")
        question = Question(
            id=f"chat-{next(self._numbers)}",
            person="terminal",
            model=models[0].name,
            turns=tuple(Turn(Role(said.role), said.text) for said in conversation),
            sampling=Sampling(
                temperature=1.0 if wish.temperature is None else wish.temperature, top_p=wish.top_p, seed=wish.seed
            ),
            max_tokens=wish.max_tokens,
        )
        async with aclosing(self._answering.answer(question)) as pieces:
            async for piece in pieces:
                if isinstance(piece, Token):
                    yield piece.text
                elif isinstance(piece, End):
                    reason = "length" if piece.reason == "length" else "stop"
                    yield Answered(question.model, reason, piece.prompt_tokens, piece.completion_tokens)

    async def close(self) -> None:
        await self._answering.close()
