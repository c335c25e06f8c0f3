"""How the next token is chosen. Every engine reads the same settings; None leaves one switched off."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Sampling:
    """The settings of one answer, named as in the field.

    Nothing is set: the model's distribution as it is. `temperature` 0 is greedy: the likeliest token, always.
    """

    temperature: float = 1.0
    top_k: int | None = None
    top_p: float | None = None
    min_p: float | None = None
    typical_p: float | None = None
    repetition_penalty: float | None = None
    presence_penalty: float | None = None
    frequency_penalty: float | None = None
    seed: int | None = None
    """The same seed gives the same answer on the same machine; None takes one by chance."""
