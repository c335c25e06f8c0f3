"""PPO: a policy learns to be scored well without moving far from where it began."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from copy import deepcopy
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from statistics import fmean
from typing import TYPE_CHECKING, Any

from oa.errors import TrainingStopped
from oa.train.ppo import (
    AdaptiveKL,
    advantages,
    divergence,
    entropy,
    explained_variance,
    masked_mean,
    policy_loss,
    token_log_probabilities,
    token_rewards,
    value_loss,
    whitened,
)
from oa.train.rollouts import Answers, Drawing, Judge, Turns, draw, texts
from oa.train.run import Run
from oa.train.tokens import Encoder

if TYPE_CHECKING:
    from torch import Tensor

STATE = "state.pt"

COLLAPSE_STEPS = 5
"""Steps whose mean reward is looked at for a collapse."""

GoldMetric = Callable[[str, str], float]
"""Scores an answer (second) to a last question (first) by something that the reward model has not learned."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PpoSettings:
    """How PPO goes."""

    drawing: Drawing = field(default_factory=Drawing)
    answers: int = 64
    """Answers of a step."""
    minibatch: int = 16
    """Answers between two changes of the weights."""
    accumulation: int = 1
    """Parts in which a minibatch is computed, to spare memory."""
    epochs: int = 2
    """How often a step's answers are gone through."""
    learning_rate: float = 1e-5
    clip: float = 0.2
    value_clip: float = 0.2
    value_weight: float = 0.1
    gamma: float = 1.0
    lam: float = 0.95
    kl_coefficient: float = 0.05
    kl_target: float | None = None
    """The divergence of an answer that the coefficient is adapted to. None leaves the coefficient as it is."""
    kl_horizon: float = 10000.0
    end_penalty: float = 1.0
    """Taken from the score of an answer that did not end, which is at most 0 before."""
    score_clip: float | None = None
    """Scores are taken to be no further from 0 than this."""
    whiten_rewards: bool = False
    max_grad_norm: float = 1.0
    most_kl: float = 100.0
    """Mean divergence of an answer beyond which training stops."""
    most_fall: float | None = 4.0
    """Standard deviations of the first scores by which the mean score may fall below where it began."""
    seed: int = 1


@dataclass(frozen=True, slots=True)
class Cast:
    """Who plays."""

    policy: Any
    """A causal language model; with adapters of peft, it is the reference without them."""
    values: Any
    """A model for the classification of sequences, with one label: what it says after a token is the token's value."""
    judge: Judge
    encoder: Encoder
    gold: GoldMetric | None = None


@dataclass(frozen=True, slots=True)
class Experience:
    """A step's answers, and what was known of them before the weights changed; (B, T) each."""

    answers: Answers
    old: Tensor
    """Log-probabilities."""
    values: Tensor
    gains: Tensor
    """Advantages, whitened."""
    returns: Tensor

    def __getitem__(self, places: Tensor) -> Experience:
        parts = (self.old, self.values, self.gains, self.returns)
        return Experience(self.answers[places], *(part[places] for part in parts))


@dataclass(slots=True)
class _Sums:
    """Figures of the minibatches of a step."""

    found: dict[str, list[float]] = field(default_factory=dict[str, list[float]])

    def add(self, figures: Mapping[str, float]) -> None:
        for name, figure in figures.items():
            self.found.setdefault(name, []).append(figure)

    def means(self) -> dict[str, float]:
        return {name: fmean(figures) for name, figures in self.found.items()}


class PpoTrainer:
    """Trains a policy, one process long.

    Every step draws its chance from the seed and its own number, so that a run that goes on from a checkpoint does what
    it would have done. The models stay in evaluation mode: with dropout, a ratio of probabilities would compare noise.
    """

    def __init__(self, cast: Cast, prompts: Sequence[Turns], settings: PpoSettings) -> None:
        """
        Args:
            prompts: what is asked; each step draws from them.
        """
        import torch
        from accelerate import Accelerator  # pyright: ignore[reportMissingTypeStubs] - it has none

        self.cast = cast
        self.settings = settings
        self.step = 0
        self.control = AdaptiveKL(settings.kl_coefficient, settings.kl_target or 1.0, settings.kl_horizon)
        self._prompts = prompts
        self._scores: list[tuple[float, float]] = []  # mean and deviation of each step's scores
        self._accelerator: Any = Accelerator(cpu=not torch.cuda.is_available())
        self._policy = cast.policy.eval()
        self._reference = None if _has_adapters(self._policy) else _frozen_copy(self._policy)
        self._values = cast.values.eval()
        models = {"policy": self._policy, "values": self._values}
        self._trained: dict[str, Any] = {
            f"{name}.{key}": one
            for name, model in models.items()
            for key, one in model.named_parameters()
            if one.requires_grad
        }
        optimizer = torch.optim.AdamW(
            list(self._trained.values()), settings.learning_rate, betas=(0.9, 0.95), eps=1e-5, weight_decay=0.0
        )
        self._optimizer: Any = self._accelerator.prepare(optimizer)

    # --- training ---

    def train(self, run: Run, steps: int) -> bool:
        """Go on until a step; logs each, saves as the run's recipe says, and ends early when the run should stop.

        Returns:
            Whether it got there.

        Raises:
            TrainingStopped: the divergence or the reward went where no good comes of; a checkpoint of before is kept.
        """
        latest = run.checkpoints()
        if latest:
            run.go_back_to(latest[-1])
            self.load(latest[-1])
        while self.step < steps and not run.should_stop:
            figures, samples = self.advance()
            run.log(self.step, figures)
            run.add_samples(self.step, samples)
            if self.step % run.recipe.training.save_every == 0 or self.step == steps or run.should_stop:
                with run.checkpoint(self.step) as place:
                    self.save(place)
        return self.step >= steps

    def advance(self) -> tuple[dict[str, float], list[dict[str, str]]]:
        """One step: draw answers, judge them, learn.

        Returns:
            Figures, and an answer to look at.

        Raises:
            TrainingStopped: as `train`.
        """
        import torch

        seed = Random(f"{self.settings.seed}/{self.step}").getrandbits(63)
        torch.manual_seed(seed)  # pyright: ignore[reportUnknownMemberType] - of a type that torch leaves open
        rng = Random(f"{self.settings.seed}/{self.step}/prompts")
        prompts = _drawn(self._prompts, self.settings.answers, rng)
        with torch.no_grad():
            answers = draw(self._policy, self.cast.encoder, prompts, self.settings.drawing)
            said = texts(answers, self.cast.encoder)
            scores = self.cast.judge(prompts, said).to(answers.ids.device)
            experience, figures = self._experience(answers, self._final_scores(scores, answers))
        figures["reward"] = float(scores.mean())
        self._check(figures, float(scores.std(correction=0)))
        if self.cast.gold is not None:
            pairs = zip(prompts, said, strict=True)
            figures["gold"] = fmean(self.cast.gold(turns[-1].text, answer) for turns, answer in pairs)
        figures |= self._learn(experience)
        if self.settings.kl_target is not None:
            self.control.update(figures["kl"], len(answers.ids))
        self.step += 1
        sample = {"prompt": prompts[0][-1].text, "answer": said[0], "score": f"{float(scores[0]):.3f}"}
        return figures, [sample]

    def _final_scores(self, scores: Tensor, answers: Answers) -> Tensor:
        import torch

        if self.settings.score_clip is not None:
            scores = scores.clamp(-self.settings.score_clip, self.settings.score_clip)
        return torch.where(answers.has_ended, scores, scores.clamp(max=0.0) - self.settings.end_penalty)

    def _experience(self, answers: Answers, scores: Tensor) -> tuple[Experience, dict[str, float]]:
        """What is known before the weights change, and figures of it."""
        mask = answers.mask
        logits = self._logits(self._policy, answers)
        old = token_log_probabilities(logits, answers.tokens)
        with self._as_reference():
            reference = token_log_probabilities(self._logits(self._reference or self._policy, answers), answers.tokens)
        values = self._values_of(answers)
        kl = (old - reference).masked_fill(~mask, 0.0)
        rewards = token_rewards(scores, kl, mask, coefficient=self.control.coefficient)
        if self.settings.whiten_rewards:
            rewards = whitened(rewards, mask, shift=False)
        gains, returns = advantages(rewards, values, mask, gamma=self.settings.gamma, lam=self.settings.lam)
        figures = {
            "kl": float(kl.sum(1).mean()),
            "kl_per_token": float(divergence(kl, mask)),
            "kl_coefficient": self.control.coefficient,
            "entropy": float(masked_mean(entropy(logits), mask)),
            "explained_variance": explained_variance(values, returns, mask),
            "length": float(mask.sum(1).float().mean()),
            "ended": float(answers.has_ended.float().mean()),
        }
        return Experience(answers, old, values, whitened(gains, mask), returns), figures

    def _learn(self, experience: Experience) -> dict[str, float]:
        """Go through a step's answers, minibatch by minibatch."""
        import torch

        sums = _Sums()
        for _ in range(self.settings.epochs):
            order = torch.randperm(len(experience.old), device="cpu")
            for places in _parts(order, self.settings.minibatch):
                self._optimizer.zero_grad()
                total = int(experience.answers.mask[places].sum())
                for part in _parts(places, -(-len(places) // self.settings.accumulation)):
                    sums.add(self._backward(experience[part], total))
                trained = list(self._trained.values())
                norm = float(self._accelerator.clip_grad_norm_(trained, self.settings.max_grad_norm))
                if not math.isfinite(norm):
                    raise TrainingStopped(
                        f"step {self.step + 1} gave a gradient that is no number: lower training.learning_rate, or "
                        "compute in float32; the latest checkpoint is of before"
                    )
                self._optimizer.step()
                sums.add({"gradient_norm": norm})
        return sums.means()

    def _backward(self, part: Experience, tokens: int) -> dict[str, float]:
        """Add a part's gradient, weighted by its share of a minibatch's tokens."""
        new = token_log_probabilities(self._logits(self._policy, part.answers), part.answers.tokens)
        mask = part.answers.mask
        policy, clipped = policy_loss(new, part.old, part.gains, mask, clip=self.settings.clip)
        values = self._values_of(part.answers)
        value = value_loss(values, part.values, part.returns, mask, clip=self.settings.value_clip)
        share = int(mask.sum()) / max(1, tokens)
        self._accelerator.backward((policy + self.settings.value_weight * value) * share)
        return {"policy_loss": float(policy.detach()), "value_loss": float(value.detach()), "clipped": float(clipped)}

    # --- the models ---

    def _as_reference(self) -> AbstractContextManager[object]:
        return nullcontext() if self._reference is not None else self._policy.disable_adapter()

    def _logits(self, model: Any, answers: Answers) -> Tensor:
        """(B, T, V), of the distributions that the answers' tokens are drawn from."""
        return answers.before(model(**answers.inputs()).logits).float() / self.settings.drawing.temperature

    def _values_of(self, answers: Answers) -> Tensor:
        model = self._values.get_base_model() if _has_adapters(self._values) else self._values
        trunk = getattr(model, model.base_model_prefix)
        hidden = trunk(**answers.inputs()).last_hidden_state
        return answers.before(model.score(hidden)[..., 0]).float()

    # --- what must not go on ---

    def _check(self, figures: Mapping[str, float], deviation: float) -> None:
        unusable = [name for name in ("reward", "kl", "entropy") if not math.isfinite(figures[name])]
        if unusable:
            raise TrainingStopped(
                f"{unusable[0]} is no number at step {self.step + 1}: lower training.learning_rate, or compute in "
                "float32; the latest checkpoint is of before"
            )
        if figures["kl"] > self.settings.most_kl:
            raise TrainingStopped(
                f"the policy has moved too far from where it began: KL {figures['kl']:.1f} at step {self.step + 1}, at "
                f"most {self.settings.most_kl:g} is allowed; raise the KL coefficient, or lower the learning rate"
            )
        self._scores.append((figures["reward"], deviation))
        latest = [mean for mean, _ in self._scores[-COLLAPSE_STEPS:]]
        if self.settings.most_fall is None or len(self._scores) <= COLLAPSE_STEPS:
            return
        first, spread = self._scores[0]
        if fmean(latest) < first - self.settings.most_fall * max(spread, 1e-6):
            raise TrainingStopped(
                f"the reward has collapsed: {fmean(latest):.3f} over the last {COLLAPSE_STEPS} steps, {first:.3f} in "
                "the first; lower the learning rate, or raise the KL coefficient"
            )

    # --- checkpoints ---

    def save(self, place: Path) -> None:
        """Everything that the next step depends on."""
        import torch

        state = {
            "step": self.step,
            "coefficient": self.control.coefficient,
            "scores": self._scores,
            "weights": {name: one.detach().cpu() for name, one in self._trained.items()},
            "optimizer": self._optimizer.state_dict(),
        }
        torch.save(state, place / STATE)

    def load(self, place: Path) -> None:
        """Go back to a checkpoint.

        Raises:
            TrainingStopped: it is of other models.
        """
        import torch

        state = torch.load(place / STATE, weights_only=True, map_location="cpu")
        if {name: one.shape for name, one in state["weights"].items()} != {
            name: one.shape for name, one in self._trained.items()
        }:
            raise TrainingStopped(f"{place} is a checkpoint of other models: choose another directory with --output")
        with torch.no_grad():
            for name, one in state["weights"].items():
                self._trained[name].copy_(one)
        self._optimizer.load_state_dict(state["optimizer"])
        self.step = state["step"]
        self.control.coefficient = state["coefficient"]
        self._scores = [tuple(one) for one in state["scores"]]


def _has_adapters(model: Any) -> bool:
    from peft import PeftModel

    return isinstance(model, PeftModel)


def _frozen_copy(model: Any) -> Any:
    return deepcopy(model).eval().requires_grad_(False)


def _parts(places: Tensor, size: int) -> list[Tensor]:
    """So many at a time; the last may be fewer."""
    return [places[at : at + size] for at in range(0, len(places), size)]


def _drawn(prompts: Sequence[Turns], count: int, rng: Random) -> list[Turns]:
    """So many prompts, each as often as the others where there are fewer."""
    found: list[Turns] = []
    while len(found) < count:
        found += rng.sample(list(prompts), min(len(prompts), count - len(found)))
    return found
