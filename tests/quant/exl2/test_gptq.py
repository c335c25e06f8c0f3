from __future__ import annotations

import pytest
import torch
from torch import Tensor

from oa.quant.exl2.codec import pack
from oa.quant.exl2.gptq import importance, quantize, relative_error
from oa.quant.exl2.layout import LAYOUTS, Layout, layout

torch.set_num_threads(1)


def made() -> tuple[Tensor, Tensor]:
    """A matrix, and the mean products of inputs of which some are much larger, and all depend on few."""
    torch.manual_seed(1)
    inputs = torch.randn(512, 48) @ torch.randn(48, 128) + 0.3 * torch.randn(512, 128)
    inputs[:, 5:20] *= 4
    return torch.randn(96, 128) * 0.02, inputs.T @ inputs / len(inputs)


def error(weight: Tensor, hessian: Tensor, one: Layout, seen: Tensor | None = None) -> float:
    known = importance(hessian if seen is None else seen)
    return relative_error(weight, pack(quantize(weight, known, one)).dequantize(), hessian)


def test_more_bits_lose_less() -> None:
    weight, hessian = made()

    found = [error(weight, hessian, layout(text)) for text in ("3:64:0.05 2:64:0.95", "4:128:1", "6:128:1", "8:128:1")]

    assert found == sorted(found, reverse=True)
    assert found[0] < 0.2
    assert found[-1] < 1e-4


def test_texts_that_were_seen_help() -> None:
    weight, hessian = made()

    plain = error(weight, hessian, layout("4:64:1"), seen=torch.eye(128))

    assert error(weight, hessian, layout("4:64:1")) < 0.7 * plain


@pytest.mark.parametrize("one", LAYOUTS[::6], ids=str)
def test_every_number_fits_into_its_bits(one: Layout) -> None:
    weight, hessian = made()

    quantized = quantize(weight, importance(hessian), one)

    for group in quantized.groups:
        numbers = quantized.numbers[group.begin : group.end]
        assert 0 <= int(numbers.min()) <= int(numbers.max()) < 2**group.bits
    assert 1 <= int(quantized.scales.min()) <= int(quantized.scales.max()) <= 16


def test_inputs_that_never_came_and_weights_of_zero_are_no_trouble() -> None:
    weight, _ = made()

    rounded = pack(quantize(weight, importance(torch.zeros(128, 128)), layout("6:128:1"))).dequantize()
    nothing = pack(quantize(weight * 0, importance(torch.eye(128)), layout("4:128:1"))).dequantize()

    assert float((rounded - weight).abs().max()) < 0.005
    assert float(nothing.abs().max()) == 0


def test_inputs_that_are_not_finite_are_told() -> None:
    with pytest.raises(ArithmeticError, match="not finite"):
        importance(torch.full((64, 64), float("nan")))
