"""Rounds a matrix to few bits so that its output changes least on texts that were seen.

Row after row is rounded, and what that does to the output is taken back by the rows that are still to come.

Source:
    Frantar et al. 2022, GPTQ, https://arxiv.org/abs/2210.17323; with the grid of EXL2: a step for each column of a
    group, one of 16 shares of the group's largest, squared.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from oa.quant.exl2.codec import Quantized
from oa.quant.exl2.layout import Layout

_linalg: Any = torch.linalg  # its types are unknown in many places

DAMPING = 0.12
"""Of the mean of a Hessian's diagonal, added to it. ExLlamaV2 adds the same."""

MOST_ATTEMPTS = 10

SHARES = 16

SHRINKING = torch.linspace(0.7, 1.2, 33)
"""What the largest step of a group is multiplied with, tried in turn: cutting off a few weights may round the rest
better."""

COLUMNS_TRIED = 256
"""Of a group, taken evenly, by which the best of `SHRINKING` is found."""


@dataclass(frozen=True, slots=True)
class Importance:
    """What is known of a matrix's input, made ready for rounding. Matrices with the same input share it."""

    hessian: Tensor
    """(rows, rows), float32: mean products of inputs."""
    order: Tensor
    """(rows,), int64: which row comes when, the most important first."""
    factor: Tensor
    """(rows, rows), float32: the upper Cholesky factor of the inverse, in that order."""


def importance(hessian: Tensor) -> Importance:
    """Prepare a Hessian.

    Args:
        hessian: (rows, rows), float32: mean products of inputs.
    """
    order = hessian.diagonal().argsort(descending=True)
    ordered = hessian[order][:, order].clone()
    damping = (DAMPING * hessian.diagonal().mean()).clamp(min=1e-5)
    for _ in range(MOST_ATTEMPTS):
        ordered.diagonal().add_(damping)
        lower, failed = _linalg.cholesky_ex(ordered)
        if failed == 0:
            factor, failed = _linalg.cholesky_ex(torch.cholesky_inverse(lower), upper=True)
            if failed == 0 and bool(factor.isfinite().all()):
                return Importance(hessian, order, factor)
        damping *= 2
    raise ArithmeticError("the inputs of a layer are not finite, or no two of them differ")


def quantize(weight: Tensor, known: Importance, layout: Layout) -> Quantized:
    """Round a matrix.

    Args:
        weight: (columns, rows), as torch has it.
    """
    left = weight.float().T[known.order].contiguous()
    numbers = torch.empty(left.shape, dtype=torch.int32)
    scales: list[Tensor] = []
    largest: list[Tensor] = []
    groups = layout.groups(left.shape[0])
    for group in groups:
        rows = slice(group.begin, group.end)
        scale, scale_max = _grid(left[rows], group.bits)
        steps = (scale * scale).half() * (scale_max * torch.tensor(1 / 256, dtype=torch.half))
        errors = _round(left[rows], numbers[rows], known.factor[rows, rows], (steps.float(), group.bits))
        left[group.end :] -= known.factor[rows, group.end :].T @ errors
        scales.append(scale)
        largest.append(scale_max)
    return Quantized(numbers, torch.stack(scales), torch.stack(largest), groups, known.order)


def _round(left: Tensor, numbers: Tensor, factor: Tensor, grid: tuple[Tensor, int]) -> Tensor:
    """Round the rows of a group, and take back in it what each does; the errors that the rows behind it have to take
    back, (rows, columns)."""
    steps, bits = grid
    zero = 2 ** (bits - 1)
    errors = torch.empty_like(left)
    inverse = torch.where(steps > 0, 1 / steps.clamp(min=1e-30), torch.zeros(()))
    for row in range(left.shape[0]):
        rounded = ((left[row] * inverse).round() + zero).clamp_(0, 2 * zero - 1)
        numbers[row] = rounded.int()
        errors[row] = (left[row] - ((rounded - zero).half() * steps.half()).float()) / factor[row, row]
        left[row + 1 :] -= factor[row, row + 1 :, None] * errors[row]
    return errors


def _grid(weights: Tensor, bits: int) -> tuple[Tensor, Tensor]:
    """The shares of each column, (columns,) from 1 to 16, and the largest step times 256 of a group, float16."""
    half = 2 ** (bits - 1)
    needed = (weights.abs().amax(0) + 1e-12) / (half - 0.5)
    largest = needed.max()
    shares = ((needed / largest).sqrt() * SHARES).round().clamp(1, SHARES)
    some = slice(None, None, max(1, weights.shape[1] // COLUMNS_TRIED))
    steps = (shares[some] / SHARES) ** 2 * largest
    tried = SHRINKING[:, None] * steps
    places = (weights[None, :, some] / tried[:, None]).round_().clamp_(-half, half - 1)
    missed = (places * tried[:, None] - weights[None, :, some]).abs_()
    cost = (missed**3 * missed.sqrt()).sum((1, 2))  # large errors count more than in proportion, as in ExLlamaV2
    return shares.int(), (largest * SHRINKING[cost.argmin()]).half()


def relative_error(weight: Tensor, rounded: Tensor, hessian: Tensor) -> float:
    """The mean square error of the output as a share of its mean square.

    Args:
        weight: (columns, rows), and `rounded` the same.
        hessian: (rows, rows), float32: mean products of inputs.
    """
    missed = weight.float() - rounded.float()
    whole = ((weight.float() @ hessian) * weight.float()).sum()
    return float(((missed @ hessian) * missed).sum() / whole.clamp(min=1e-30))
