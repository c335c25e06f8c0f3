"""What a model is asked to keep to in one answer. It is kept with the answer, so that it can be asked for again."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Self

from oa.domain.instructions import system_text
from oa.domain.sampling import Sampling

TOOL_ROUNDS = 4
"""How often a model may ask for tools before it has to answer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Work:
    model: str
    sampling: Sampling = field(default_factory=Sampling)
    max_tokens: int | None = None
    """None: as many as the context has room for."""
    system_prompt: str = ""
    user_profile: str = ""
    """What the person wants every model to know of them."""
    response_instructions: str = ""
    """How they want to be answered."""
    plugins: tuple[Mapping[str, Any], ...] = ()
    """Where the tools come from that the model may use, as they stood on the wire."""
    context_length: int | None = None
    """Of the model, in tokens."""

    @property
    def system_text(self) -> str | None:
        """What the model is told before the conversation; None when that is nothing."""
        return system_text(self.system_prompt, self.user_profile, self.response_instructions)

    def facts(self) -> dict[str, Any]:
        """For the store."""
        return {**asdict(self), "plugins": list(self.plugins)}

    @classmethod
    def of(cls, facts: Mapping[str, Any]) -> Self:
        """From the store."""
        others = {name: value for name, value in facts.items() if name not in ("sampling", "plugins")}
        return cls(sampling=Sampling(**facts["sampling"]), plugins=tuple(facts["plugins"]), **others)
