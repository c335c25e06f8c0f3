"""The arithmetic of PPO: rewards of tokens, advantages, clipped losses, and how strongly the reference pulls.

Shapes are (B, T): B answers, T tokens. A mask says which positions are tokens of an answer; what stands elsewhere, even
what is not a number, counts for nothing.

Source:
    Schulman et al. 2017, "Proximal policy optimization algorithms", https://arxiv.org/abs/1707.06347; of language
    models: Ziegler et al. 2019, "Fine-tuning language models from human preferences", https://arxiv.org/abs/1909.08593
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torch import Tensor

SMALLEST_DEVIATION = 1e-8
"""What keeps whitening from dividing by zero."""


def advantages(rewards: Tensor, values: Tensor, mask: Tensor, *, gamma: float, lam: float) -> tuple[Tensor, Tensor]:
    """Generalised advantage estimates, and the returns that values are trained towards (advantage + value).

    Positions outside the mask are as if they were cut out: the next token of a row is the next one inside. Nothing
    follows the last one.

    Args:
        rewards: (B, T), of each token.
        values: (B, T), what was expected before each token.
        mask: (B, T), of booleans, or zeros and ones.
        gamma: how much a reward one token later is worth.
        lam: from 0, which trusts the values, to 1, which trusts the rewards.

    Returns:
        Advantages and returns, (B, T) each, zero outside the mask; they carry no gradient.

    Source:
        Schulman et al. 2015, "High-dimensional continuous control using generalized advantage estimation",
        https://arxiv.org/abs/1506.02438
    """
    import torch

    inside = mask.bool()
    rewards = rewards.detach().masked_fill(~inside, 0.0)
    values = values.detach().masked_fill(~inside, 0.0)
    found = torch.zeros_like(values)
    later_advantage = torch.zeros_like(values[:, 0]) if values.shape[1] else values.new_zeros(len(values))
    later_value = torch.zeros_like(later_advantage)
    for at in reversed(range(values.shape[1])):
        surprise = rewards[:, at] + gamma * later_value - values[:, at]
        advantage = surprise + gamma * lam * later_advantage
        found[:, at] = torch.where(inside[:, at], advantage, 0.0)
        later_advantage = torch.where(inside[:, at], advantage, later_advantage)
        later_value = torch.where(inside[:, at], values[:, at], later_value)
    return found, found + values


@dataclass(slots=True)
class AdaptiveKL:
    """The price of moving away from the reference, raised when the policy is further away than wanted.

    Source:
        Ziegler et al. 2019, section 2.2
    """

    coefficient: float
    target: float
    """How far away the policy should be: the KL divergence of a whole answer."""
    horizon: float
    """Answers after which the price has followed."""

    def update(self, kl: float, n: int) -> float:
        """The new coefficient, after `n` answers whose mean divergence was `kl`; of one that is no number, the old."""
        if math.isfinite(kl):
            error = min(max(kl / self.target - 1.0, -0.2), 0.2)
            self.coefficient *= 1.0 + error * n / self.horizon
        return self.coefficient


def token_rewards(scores: Tensor, kl: Tensor, mask: Tensor, *, coefficient: float) -> Tensor:
    """Each token's reward: its divergence from the reference costs, and the last token gets the answer's score.

    Args:
        scores: (B,).
        kl: (B, T), log-probabilities of the tokens less those of the reference.

    Returns:
        (B, T), zero outside the mask. An answer without a token gets no score.
    """
    import torch

    inside = mask.bool()
    rewards = (-coefficient * kl).masked_fill(~inside, 0.0)
    places = torch.arange(mask.shape[1], device=mask.device)
    last = torch.where(inside, places, -1).amax(dim=1)
    is_last = inside & (places == last[:, None])
    return rewards + is_last * scores[:, None]


def masked_mean(values: Tensor, mask: Tensor) -> Tensor:
    """The mean over the positions inside a mask; zero where there is none."""
    inside = mask.bool()
    return values.masked_fill(~inside, 0.0).sum() / inside.sum().clamp(min=1)


def whitened(values: Tensor, mask: Tensor, *, shift: bool = True) -> Tensor:
    """Scaled to a standard deviation of one over the positions inside a mask, zero outside.

    Args:
        shift: to a mean of zero, too.
    """
    inside = mask.bool()
    mean = masked_mean(values, mask)
    deviation = masked_mean((values - mean).square(), mask).sqrt()
    scaled = (values - mean) / (deviation + SMALLEST_DEVIATION)
    if not shift:
        scaled = scaled + mean / (deviation + SMALLEST_DEVIATION)
    return scaled.masked_fill(~inside, 0.0)


def policy_loss(new: Tensor, old: Tensor, gains: Tensor, mask: Tensor, *, clip: float) -> tuple[Tensor, Tensor]:
    """The clipped loss of the policy, and the share of tokens whose probability moved beyond the clip.

    Args:
        new: (B, T), log-probabilities of the tokens now.
        old: (B, T), when they were drawn.
        gains: (B, T), advantages.
        clip: how far a ratio of probabilities may be from one before it gains nothing more.

    Returns:
        Two scalars.
    """
    import torch

    ratio = (new - old).masked_fill(~mask.bool(), 0.0).exp()
    losses = torch.maximum(-gains * ratio, -gains * ratio.clamp(1.0 - clip, 1.0 + clip))
    clipped = ((ratio.detach() - 1.0).abs() > clip).float()
    return masked_mean(losses, mask), masked_mean(clipped, mask)


def value_loss(new: Tensor, old: Tensor, returns: Tensor, mask: Tensor, *, clip: float) -> Tensor:
    """Half the squared error of the values, without gain for moving further than `clip` from the old ones."""
    import torch

    limited = old + (new - old).clamp(-clip, clip)
    return 0.5 * masked_mean(torch.maximum((new - returns).square(), (limited - returns).square()), mask)


def divergence(log_ratio: Tensor, mask: Tensor) -> Tensor:
    """The mean divergence of a token, estimated without bias and never negative: exp(-r) - 1 + r.

    Args:
        log_ratio: (B, T), r: log-probabilities of tokens drawn from the policy less those of the reference.

    Source:
        Schulman 2020, "Approximating KL divergence", http://joschu.net/blog/kl-approx.html
    """
    inside = log_ratio.masked_fill(~mask.bool(), 0.0)
    return masked_mean((-inside).exp() - 1.0 + inside, mask)


def explained_variance(values: Tensor, returns: Tensor, mask: Tensor) -> float:
    """The share of the returns' variance that the values foresee: 1 is all of it, 0 none, below it is harm.

    Zero where the returns do not vary.
    """
    inside = mask.bool()
    wanted, left = returns[inside].double(), (returns - values)[inside].double()
    if len(wanted) < 2 or float(wanted.var()) == 0.0:
        return 0.0
    return 1.0 - float(left.var()) / float(wanted.var())


def token_log_probabilities(logits: Tensor, ids: Tensor) -> Tensor:
    """(B, T) of logits (B, T, V) and ids (B, T), in float32 at least."""
    import torch

    if logits.dtype in (torch.float16, torch.bfloat16):
        logits = logits.float()
    return logits.gather(-1, ids[..., None])[..., 0] - logits.logsumexp(-1)


def entropy(logits: Tensor) -> Tensor:
    """(B, T): how undecided each token was, in nats, of logits (B, T, V)."""
    logs = logits.float().log_softmax(-1)
    return -(logs.exp() * logs).sum(-1)
