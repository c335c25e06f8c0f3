"""Answers of a policy to prompts, and what is known of each of their tokens when they are drawn."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from typing import TYPE_CHECKING, Any, Protocol, cast

from oa.domain.samples import Speaker, Turn
from oa.train.tokens import Encoder

if TYPE_CHECKING:
    from torch import Tensor

Turns = Sequence[Turn]


@dataclass(frozen=True, slots=True, kw_only=True)
class Drawing:
    """How answers are drawn."""

    max_new_tokens: int = 128
    temperature: float = 1.0
    top_p: float = 1.0
    top_k: int = 0
    """0 for all."""
    max_prompt_tokens: int = 512


@dataclass(frozen=True, slots=True)
class Answers:
    """A batch of prompts with their answers; prompts are filled up on the left, answers on the right."""

    ids: Tensor
    """(B, P + T): prompts, then answers."""
    attention_mask: Tensor
    """(B, P + T)."""
    mask: Tensor
    """(B, T) of booleans: the tokens of the answers, end tokens among them."""
    has_ended: Tensor
    """(B,) of booleans: whether the policy ended by itself."""

    @property
    def length(self) -> int:
        """T."""
        return self.mask.shape[1]

    @property
    def tokens(self) -> Tensor:
        """(B, T): the answers."""
        return self.ids[:, -self.length :]

    def __getitem__(self, places: Tensor) -> Answers:
        return replace(self, **{one.name: getattr(self, one.name)[places] for one in fields(self)})

    def inputs(self) -> dict[str, Any]:
        """What a model is given to look at every token; positions count from a prompt's first token."""
        positions = (self.attention_mask.cumsum(1) - 1).clamp(min=0)
        return {
            "input_ids": self.ids,
            "attention_mask": self.attention_mask,
            "position_ids": positions,
            "use_cache": False,
        }

    def before(self, everywhere: Tensor) -> Tensor:
        """Of (B, P + T, ...), what a model says before it sees each token of the answers: (B, T, ...)."""
        return everywhere[:, -self.length - 1 : -1]


def draw(policy: Any, encoder: Encoder, prompts: Sequence[Turns], how: Drawing) -> Answers:
    """Let a policy answer. Chance comes from torch's own generator.

    Args:
        policy: a causal language model of transformers.
    """
    import torch

    asked = [encoder.prompt(turns, how.max_prompt_tokens) for turns in prompts]
    length = max(map(len, asked))
    filled = [[encoder.pad_id] * (length - len(ids)) + ids for ids in asked]
    input_ids = torch.tensor(filled, device=policy.device)
    lengths = torch.tensor([len(ids) for ids in asked], device=policy.device)
    prompt_mask = (torch.arange(length, device=policy.device) >= length - lengths[:, None]).long()
    with torch.no_grad():
        ids: Tensor = policy.generate(
            input_ids=input_ids,
            attention_mask=prompt_mask,
            max_new_tokens=how.max_new_tokens,
            do_sample=True,
            temperature=how.temperature,
            top_p=how.top_p,
            top_k=how.top_k,
            eos_token_id=encoder.end_id,
            pad_token_id=encoder.pad_id,
        )
    ends = ids[:, length:] == encoder.end_id
    mask = (ends.cumsum(1) - ends.long()) == 0  # up to the first end token, and with it
    attention_mask = torch.cat([prompt_mask, mask.long()], dim=1)
    return Answers(ids, attention_mask, mask, ends.any(dim=1))


def texts(answers: Answers, encoder: Encoder) -> list[str]:
    """What the answers say, without end tokens."""
    found: list[str] = []
    for tokens, mask in zip(answers.tokens, answers.mask, strict=True):
        ids = cast(list[int], tokens[mask].tolist())  # pyright: ignore[reportUnknownMemberType] - torch leaves it open
        kept = [one for one in ids if one != encoder.end_id]
        found.append(str(encoder.tokenizer.decode(kept, skip_special_tokens=True)))
    return found


class Judge(Protocol):
    """Says how good answers are."""

    def __call__(self, prompts: Sequence[Turns], answers: Sequence[str]) -> Tensor:
        """(B,), float32; higher is better."""
        ...


class RewardJudge:
    """A reward model, which is shown exactly the text form that it was trained on."""

    def __init__(self, model: Any, encoder: Encoder, batch_size: int = 32) -> None:
        """
        Args:
            model: a model of transformers for the classification of sequences, with one label.
            encoder: with the reward model's own tokenizer and template.
        """
        self._model = model.eval().requires_grad_(False)
        self._encoder = encoder
        self._batch_size = batch_size

    def __call__(self, prompts: Sequence[Turns], answers: Sequence[str]) -> Tensor:
        import torch

        rows: list[list[int]] = []
        for turns, answer in zip(prompts, answers, strict=True):
            before, after = self._encoder.reply(turns, Turn(Speaker.ASSISTANT, answer))
            rows.append([*before, *after])
        found = [self._scores(rows[at : at + self._batch_size]) for at in range(0, len(rows), self._batch_size)]
        return torch.cat(found)

    def _scores(self, rows: Sequence[Sequence[int]]) -> Tensor:
        import torch

        with torch.no_grad():
            return self._model(**right_filled(rows, self._encoder.pad_id, self._model.device)).logits[:, 0].float()


def right_filled(rows: Sequence[Sequence[int]], pad_id: int, device: Any) -> Mapping[str, Any]:
    """What a model is given to score rows of tokens, filled up on the right."""
    import torch

    length = max(map(len, rows))
    return {
        "input_ids": torch.tensor([[*row, *[pad_id] * (length - len(row))] for row in rows], device=device),
        "attention_mask": torch.tensor([[1] * len(row) + [0] * (length - len(row)) for row in rows], device=device),
        "use_cache": False,
    }
