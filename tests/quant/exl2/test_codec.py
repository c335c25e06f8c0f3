from __future__ import annotations

from dataclasses import replace

import pytest
import torch
from torch import Tensor

from oa.errors import BadModel
from oa.quant.exl2.codec import FIELDS, PackedMatrix, Quantized, pack, pack_numbers, read, unpack
from oa.quant.exl2.layout import BITS, LAYOUTS, Layout

torch.set_num_threads(1)


def some(layout: Layout, rows: int, columns: int) -> Quantized:
    """A matrix of random numbers."""
    torch.manual_seed(rows + columns)
    groups = layout.groups(rows)
    numbers = torch.cat([torch.randint(0, 2**one.bits, (one.end - one.begin, columns)) for one in groups]).int()
    scales = torch.randint(1, 17, (len(groups), columns)).int()
    return Quantized(numbers, scales, torch.rand(len(groups)).half(), groups, torch.randperm(rows))


def slowly(packed: PackedMatrix) -> Tensor:
    """The matrix, one number after the other, by what is known of the format: each column is a stream of bits, lowest
    first, group after group."""
    bits = packed.q_groups.tolist()[::2]
    starts = [*packed.q_groups.tolist()[1::2], packed.q_weight.shape[0]]
    rows: list[list[float]] = []
    for group, (count, start, end) in enumerate(zip(bits, starts[:-1], starts[1:], strict=True)):
        streams = [0] * packed.columns
        for column in range(packed.columns):
            for place, word in enumerate(packed.q_weight[start:end, column].tolist()):
                streams[column] |= (word % 2**32) << (32 * place)
        step = packed.q_scale_max[group] * torch.tensor(1 / 256).half()
        for row in range((end - start) * 32 // count):
            line: list[float] = []
            for column, stream in enumerate(streams):
                share = 1 + ((packed.q_scale[group, column // 8].item() >> (4 * (column % 8))) & 15)
                number = (stream >> (row * count)) % 2**count - 2 ** (count - 1)
                line.append((torch.tensor(number).half() * (torch.tensor(share * share).half() * step)).item())
            rows.append(line)
    found = torch.zeros(packed.columns, packed.rows).half()
    for row, place in enumerate(packed.q_invperm.tolist()):
        found[:, row] = torch.tensor(rows[place]).half()
    return found


@pytest.mark.parametrize("layout", LAYOUTS, ids=str)
def test_every_layout_comes_back_as_it_was(layout: Layout) -> None:
    quantized = some(layout, 416, 64)
    packed = pack(quantized)

    found = torch.cat(
        [unpack(pack_numbers(quantized.numbers[g.begin : g.end], g.bits), g.bits) for g in packed.groups()]
    )
    steps = (quantized.scales**2).half() * (quantized.scale_max * torch.tensor(1 / 256).half())[:, None]
    expected = torch.empty(64, 416).half()
    for place, group in enumerate(quantized.groups):
        rows = slice(group.begin, group.end)
        zero = 2 ** (group.bits - 1)
        expected[:, quantized.order[rows]] = ((quantized.numbers[rows] - zero).half() * steps[place]).T

    assert packed.groups() == quantized.groups
    assert torch.equal(found, quantized.numbers)
    assert torch.equal(packed.dequantize(), expected)


@pytest.mark.parametrize("layout", LAYOUTS[::4], ids=str)
def test_it_reads_what_a_slow_reader_reads(layout: Layout) -> None:
    packed = pack(some(layout, 96, 32))

    assert torch.equal(packed.dequantize(), slowly(packed))


@pytest.mark.parametrize("bits", BITS)
def test_numbers_with_their_highest_bits_set_survive(bits: int) -> None:
    numbers = torch.full((64, 32), 2**bits - 1, dtype=torch.int32)

    assert torch.equal(unpack(pack_numbers(numbers, bits), bits), numbers)


@pytest.mark.parametrize("layout", LAYOUTS, ids=str)
def test_it_takes_as_much_as_the_layout_says(layout: Layout) -> None:
    assert pack(some(layout, 416, 64)).total_bits == layout.total_bits(416, 64)


def test_columns_are_filled_up_with_zeros() -> None:
    packed = pack(some(LAYOUTS[0], 128, 40))

    assert packed.columns == 64
    assert packed.dequantize()[40:].abs().max() == 0
    assert packed.dequantize(40).shape == (40, 128)


def test_a_matrix_is_found_by_its_name() -> None:
    packed = pack(some(LAYOUTS[3], 128, 32))

    found = read({**packed.tensors("layer.q_proj"), "other": torch.zeros(1)}, "layer.q_proj")

    assert all(torch.equal(getattr(found, field), getattr(packed, field)) for field in FIELDS)


def test_a_missing_tensor_is_named() -> None:
    tensors = pack(some(LAYOUTS[3], 128, 32)).tensors("layer")
    del tensors["layer.q_scale"]

    with pytest.raises(BadModel, match="layer has no q_scale"):
        read(tensors, "layer")


@pytest.mark.parametrize(
    ("field", "change", "fault"),
    [
        ("q_weight", lambda one: one[:-1], "cut off"),
        ("q_weight", lambda one: one.float(), "q_weight is torch.float32"),
        ("q_weight", lambda one: one[0], "number of dimensions"),
        ("q_groups", lambda one: one.flip(0), "does not know"),
        ("q_groups", lambda one: torch.stack([one[0], one[1] + 1, *one[2:]]), "not in order"),
        ("q_groups", lambda one: one[:-1], "not those of its groups"),
        ("q_scale", lambda one: one[:, :-1], "not those of its groups"),
        ("q_invperm", lambda one: one[:-32], "more or fewer rows"),
        ("q_invperm", lambda one: torch.zeros_like(one), "leaves some out"),
    ],
)
def test_damage_is_told(field: str, change: object, fault: str) -> None:
    packed = pack(some(LAYOUTS[3], 256, 32))
    damaged = replace(packed, **{field: change(getattr(packed, field))})  # type: ignore[operator]

    with pytest.raises(BadModel, match=fault):
        read(damaged.tensors("layer"), "layer")
