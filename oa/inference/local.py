"""A model that this process runs, or passes on to another server: from a question to its answer."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from oa.errors import BadTemplate, NotSupported
from oa.inference.answering import Model, Question, Started
from oa.inference.engine import Capabilities, End, Engine, Request, Segment, Token, Turn
from oa.inference.models import Entry
from oa.inference.residence import Residence, Resident
from oa.inference.truncation import Fitted, fit

if TYPE_CHECKING:
    from oa.inference.prompt import ChatTemplate

PLAIN_STOPS = ("\nUser:",)
"""Where an answer ends that is written in a template without special tokens."""


class LocalModel:
    """A lane of the scheduler over one engine."""

    worker: str | None = None

    def __init__(self, entry: Entry, resident: Resident, residence: Residence) -> None:
        self.entry = entry
        self.resident = resident
        self._residence = residence
        self._template: tuple[Capabilities, str, ChatTemplate] | None = None

    @property
    def engine(self) -> Engine:
        return self.resident.engine

    @property
    def places(self) -> int:
        """One until it is loaded: the first request loads it, and the others wait for that."""
        if self.resident.must_leave:
            return 0
        return self.engine.capabilities.parallel if self.engine.is_loaded else 1

    def describe(self, *, is_default: bool) -> Model:
        entry = self.entry
        known = self.engine.capabilities.context_length if self.engine.is_loaded else None
        return Model(
            name=entry.name,
            description=entry.description,
            context_length=known or entry.context_length or entry.trained_context or 0,
            created_s=entry.created_s,
            is_default=is_default,
            engine=entry.engine,
            embeddings=entry.embeddings,
            tools=entry.tools,
        )

    async def answer(self, question: Question) -> AsyncGenerator[Started | Token | End, None]:
        async with self._residence.using(self.resident):
            request, fitted = await self._prepare(question)
            yield Started(fitted.prompt_tokens, fitted.dropped_turns)
            async with aclosing(self.engine.generate(request)) as pieces:
                async for piece in pieces:
                    yield piece

    async def count_tokens(self, question: Question) -> int:
        async with self._residence.using(self.resident):
            return await self.engine.count_tokens(self._prompt(question, question.turns))

    async def embed(self, texts: Sequence[str]) -> tuple[tuple[float, ...], ...]:
        if not self.entry.embeddings:
            raise NotSupported(f"{self.entry.name} makes no vectors of texts")
        async with self._residence.using(self.resident):
            return await self.engine.embed(texts)

    async def _prepare(self, question: Question) -> tuple[Request, Fitted]:
        able = self.engine.capabilities
        self._refuse(question, able)
        if not able.tokenizes:
            prompt = self._prompt(question, question.turns) if question.is_completion else ()
            fitted = Fitted(question.turns, prompt, 0, 0)
            room = question.max_tokens or 0
        else:
            fitted = await fit(
                question.turns,
                (able.context_length, question.max_tokens),
                lambda turns: self._prompt(question, turns),
                self.engine.count_tokens,
            )
            room = able.context_length - fitted.prompt_tokens
        plain = able.tokenizes and not question.is_completion and self._chat_template()[0] == "plain"
        request = Request(
            id=question.id,
            turns=fitted.turns,
            prompt=fitted.prompt,
            sampling=question.sampling,
            max_tokens=min(question.max_tokens or room, room),
            stop=(*question.stop, *PLAIN_STOPS) if plain else question.stop,
            alternatives=question.alternatives,
            json_schema=question.json_schema,
            grammar=question.grammar,
            tools=question.tools,
        )
        return request, fitted

    def _refuse(self, question: Question, able: Capabilities) -> None:
        wanted = {
            "log-probabilities": question.alternatives is not None and not able.log_probabilities,
            "answers by a JSON schema": question.json_schema is not None and not able.json_schema,
            "answers by a grammar": question.grammar is not None and not able.grammar,
        }
        missing = [what for what, is_missing in wanted.items() if is_missing]
        if missing:
            raise NotSupported(f"{self.entry.name} cannot give {' or '.join(missing)}")

    def _prompt(self, question: Question, turns: Sequence[Turn]) -> tuple[Segment, ...]:
        if question.is_completion:
            return tuple(Segment(turn.content, special=True) for turn in turns)
        _, template = self._chat_template()
        return template.render(turns, question.tools, now=datetime.now(UTC))

    def _chat_template(self) -> tuple[str, ChatTemplate]:
        """The template and its name, read once for each time that the model is loaded."""
        from oa.inference.prompt import ChatTemplate  # Jinja, with the first question

        able = self.engine.capabilities
        if self._template is None or self._template[0] is not able:
            name, source = template_source(self.entry.template, able)
            self._template = able, name, ChatTemplate(source, able.special_tokens, able.special_names)
        return self._template[1:]


def template_source(chosen: str | None, able: Capabilities) -> tuple[str, str]:
    """The name and the text of the template to use.

    Args:
        chosen: the name of a built-in one, or a file; None takes the model's own, or the built-in one that fits it.

    Raises:
        BadTemplate: the file cannot be read.
    """
    from oa.inference import prompt

    if chosen is None:
        if able.chat_template is not None:
            return "own", able.chat_template
        chosen = prompt.template_for(able.special_names)
    if chosen in prompt.BUILT_IN:
        return chosen, prompt.built_in(chosen)
    try:
        return chosen, Path(chosen).read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        names = ", ".join(prompt.BUILT_IN)
        raise BadTemplate(f"the chat template {chosen!r} is no readable file, and none of {names}") from error
