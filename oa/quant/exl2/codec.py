"""A matrix in EXL2: five tensors in a file, and back to plain numbers, in torch alone.

A weight is `(q - 2 ** (bits - 1)) * (s * s) * (scale_max / 256)`, in half precision, where q is its number of so many
bits, s from 1 to 16 stands for its column in its group, and scale_max is its group's.

Source:
    ExLlamaV2 0.3.2, https://github.com/turboderp-org/exllamav2: `ext.make_q_matrix` and the kernels behind it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby, pairwise
from typing import Any

import torch
from torch import Tensor
from torch.nn.functional import pad

from oa.errors import BadModel
from oa.quant.exl2.layout import BITS, BLOCK, Group

FIELDS = ("q_weight", "q_groups", "q_scale", "q_scale_max", "q_invperm")
"""The tensors of a matrix, behind its name."""

MARK = ".q_weight"
"""By which a matrix is known among the tensors of a file."""

TYPES = {
    "q_weight": torch.int32,
    "q_groups": torch.int16,
    "q_scale": torch.int32,
    "q_scale_max": torch.float16,
    "q_invperm": torch.int32,
}

SCALES_IN_A_WORD = 8


@dataclass(frozen=True, slots=True)
class Quantized:
    """Whole numbers with their scales, before they are packed. The rows are in the order of `groups`."""

    numbers: Tensor
    """(rows, columns), int32: from 0 to 2 ** bits - 1."""
    scales: Tensor
    """(groups, columns), int32: from 1 to 16; they count squared."""
    scale_max: Tensor
    """(groups,), float16."""
    groups: tuple[Group, ...]
    order: Tensor
    """(rows,), int64: which row of the matrix each one is."""


@dataclass(frozen=True, slots=True)
class PackedMatrix:
    """A matrix as it lies in a file."""

    q_weight: Tensor
    """(words, columns), int32: for each group in turn its numbers down each column, lowest bits first."""
    q_groups: Tensor
    """(2 * groups,), int16: bits and first word of each."""
    q_scale: Tensor
    """(groups, columns / 8), int32: eight times four bits, lowest first; 0 stands for 1."""
    q_scale_max: Tensor
    """(groups,), float16."""
    q_invperm: Tensor
    """(rows,), int32: where each row of the matrix is found."""

    @property
    def rows(self) -> int:
        """Input features."""
        return len(self.q_invperm)

    @property
    def columns(self) -> int:
        """Output features, those included that only fill up."""
        return self.q_weight.shape[1]

    @property
    def total_bits(self) -> int:
        """What it takes in a file."""
        return sum(tensor.numel() * tensor.element_size() * 8 for tensor in self.tensors("").values())

    def tensors(self, name: str) -> dict[str, Tensor]:
        return {f"{name}.{field}": getattr(self, field) for field in FIELDS}

    def groups(self) -> tuple[Group, ...]:
        found: list[Group] = []
        begin = 0
        starts = [*_starts(self.q_groups), self.q_weight.shape[0]]
        for bits, (first, end) in zip(_integers(self.q_groups[::2]), pairwise(starts), strict=True):
            rows = (end - first) * 32 // bits
            found.append(Group(bits, begin, begin + rows))
            begin += rows
        return tuple(found)

    def dequantize(self, out_features: int | None = None) -> Tensor:
        """The matrix as torch has it, (out_features, rows), float16; without the columns that only fill up."""
        groups = self.groups()
        pieces: list[Tensor] = []
        for bits, words in _runs(groups, self.q_weight):
            pieces.append((unpack(words, bits) - 2 ** (bits - 1)).half())
        scales = _unpack_scales(self.q_scale)
        steps = (scales * scales).half() * (self.q_scale_max * torch.tensor(1 / 256, dtype=torch.half))[:, None]
        lengths = torch.tensor([group.end - group.begin for group in groups])
        weights = torch.cat(pieces) * steps.repeat_interleave(lengths, 0)
        return weights[self.q_invperm.long(), :out_features].T.contiguous()


def pack(quantized: Quantized) -> PackedMatrix:
    """As it lies in a file. Columns are filled up with zeros to a multiple of 32."""
    missing = -quantized.numbers.shape[1] % BLOCK
    words: list[Tensor] = []
    starts: list[int] = []
    length = 0
    for group in quantized.groups:
        numbers = quantized.numbers[group.begin : group.end]
        words.append(pack_numbers(pad(numbers, (0, missing), value=2 ** (group.bits - 1)), group.bits))
        starts += [group.bits, length]
        length += words[-1].shape[0]
    return PackedMatrix(
        q_weight=torch.cat(words),
        q_groups=torch.tensor(starts, dtype=torch.int32).to(torch.int16),
        q_scale=_pack_scales(pad(quantized.scales, (0, missing), value=1)),
        q_scale_max=quantized.scale_max,
        q_invperm=quantized.order.argsort().int(),
    )


def read(tensors: Mapping[str, Tensor], name: str) -> PackedMatrix:
    """Take a matrix out of a file's tensors.

    Raises:
        BadModel: one is missing, or they do not go together.
    """
    missing = [field for field in FIELDS if f"{name}.{field}" not in tensors]
    if missing:
        raise BadModel(f"{name} has no {', '.join(missing)}: the model is not whole, or no EXL2; fetch it again")
    packed = PackedMatrix(*(tensors[f"{name}.{field}"] for field in FIELDS))
    fault = _fault(packed)
    if fault is not None:
        raise BadModel(f"{name} is damaged: {fault}; fetch the model again")
    return packed


def _fault(packed: PackedMatrix) -> str | None:
    """What is wrong with it."""
    for field, kind in TYPES.items():
        if getattr(packed, field).dtype != kind:
            return f"{field} is {getattr(packed, field).dtype}"
    if packed.q_weight.ndim != 2 or packed.q_groups.ndim != 1 or packed.q_invperm.ndim != 1:
        return "a tensor has the wrong number of dimensions"
    count, odd = divmod(len(packed.q_groups), 2)
    shapes = (tuple(packed.q_scale.shape), tuple(packed.q_scale_max.shape))
    if odd or count == 0 or shapes != ((count, packed.columns // SCALES_IN_A_WORD), (count,)):
        return "its scales are not those of its groups"
    if packed.columns % BLOCK or any(bits not in BITS for bits in _integers(packed.q_groups[::2])):
        return "it has groups or columns that the format does not know"
    return _fault_in_rows(packed)


def _fault_in_rows(packed: PackedMatrix) -> str | None:
    starts = [*_starts(packed.q_groups), packed.q_weight.shape[0]]
    if starts[0] != 0 or any(first >= second for first, second in pairwise(starts)):
        return "its groups are not in order"
    lengths = zip(_integers(packed.q_groups[::2]), pairwise(starts), strict=True)
    if any((end - first) % bits for bits, (first, end) in lengths):
        return "a group is cut off"
    if packed.groups()[-1].end != packed.rows:
        return "its groups have more or fewer rows than it has"
    if not torch.equal(packed.q_invperm.sort().values.long(), torch.arange(packed.rows)):
        return "its order of rows leaves some out"
    return None


def _starts(q_groups: Tensor) -> list[int]:
    """The first word of each group, which is stored without a sign."""
    return _integers(q_groups[1::2].int() & 0xFFFF)


def _integers(tensor: Any) -> list[int]:
    return tensor.tolist()


def _runs(groups: Sequence[Group], words: Tensor) -> list[tuple[int, Tensor]]:
    """Groups of the same bits beside each other, taken together: bits and words."""
    found: list[tuple[int, Tensor]] = []
    at = 0
    for bits, run in groupby(groups, key=lambda group: group.bits):
        length = sum(group.end - group.begin for group in run) * bits // 32
        found.append((bits, words[at : at + length]))
        at += length
    return found


# --- bits ------------------------------------------------------------------------------------------------------------


def pack_numbers(numbers: Tensor, bits: int) -> Tensor:
    """Numbers of so many bits, (rows, columns) of int32, into words of 32, (rows * bits / 32, columns)."""
    rows, columns = numbers.shape
    blocks = numbers.int().reshape(rows // BLOCK, BLOCK, columns)
    words = torch.zeros(rows // BLOCK, bits, columns, dtype=torch.int32)
    for place in range(BLOCK):
        word, shift = divmod(place * bits, 32)
        words[:, word] |= blocks[:, place] << shift
        if shift + bits > 32:
            words[:, word + 1] |= blocks[:, place] >> (32 - shift)
    return words.reshape(-1, columns)


def unpack(words: Tensor, bits: int) -> Tensor:
    """The reverse of `pack_numbers`."""
    columns = words.shape[1]
    blocks = words.reshape(-1, bits, columns)
    numbers = torch.empty(blocks.shape[0], BLOCK, columns, dtype=torch.int32)
    for place in range(BLOCK):
        word, shift = divmod(place * bits, 32)
        found = blocks[:, word] >> shift
        if shift + bits > 32:  # the sign goes into what was shifted: it must not stay in
            found = (found & ((1 << (32 - shift)) - 1)) | (blocks[:, word + 1] << (32 - shift))
        numbers[:, place] = found & ((1 << bits) - 1)
    return numbers.reshape(-1, columns)


def _pack_scales(scales: Tensor) -> Tensor:
    groups, columns = scales.shape
    eights = (scales.int() - 1).reshape(groups, columns // SCALES_IN_A_WORD, SCALES_IN_A_WORD)
    words = torch.zeros(eights.shape[:2], dtype=torch.int32)
    for place in range(SCALES_IN_A_WORD):
        words |= eights[..., place] << (4 * place)
    return words


def _unpack_scales(words: Tensor) -> Tensor:
    shifts = torch.arange(SCALES_IN_A_WORD, dtype=torch.int32) * 4
    return ((words[..., None] >> shifts) & 15).reshape(words.shape[0], -1) + 1
