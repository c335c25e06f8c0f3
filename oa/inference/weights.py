"""What safetensors files say of themselves, read without the library that loads them.

Source:
    https://github.com/huggingface/safetensors#format: a length of 8 bytes, a header in JSON, the numbers.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, cast

import msgspec

from oa.errors import BadModel

LONGEST_HEADER_BYTES = 100 * 1024 * 1024


def shapes_in(file: Path) -> dict[str, tuple[int, ...]]:
    """The shape of every tensor in a safetensors file, by its name.

    Raises:
        BadModel: it is no such file, or shorter than it says.
    """
    try:
        with file.open("rb") as stream:
            length = int.from_bytes(stream.read(8), "little")
            header = stream.read(length) if length <= LONGEST_HEADER_BYTES else b""
        tensors = cast(dict[str, Any], msgspec.json.decode(header))
        end = max((facts["data_offsets"][1] for name, facts in tensors.items() if name != "__metadata__"), default=0)
        shapes = {name: tuple(facts["shape"]) for name, facts in tensors.items() if name != "__metadata__"}
    except OSError as error:
        raise BadModel(f"{file} cannot be read: {error.strerror}") from error
    except (msgspec.DecodeError, KeyError, TypeError, IndexError, AttributeError) as error:
        raise BadModel(f"{file} is no safetensors file, or a damaged one; fetch it again") from error
    if file.stat().st_size < 8 + length + end:
        raise BadModel(f"{file} is cut off: it has {file.stat().st_size} bytes of {8 + length + end}; fetch it again")
    return shapes


def shapes_below(directory: Path) -> Mapping[str, tuple[int, ...]]:
    """The shapes in all safetensors files of a directory.

    Raises:
        BadModel: one of them is damaged.
    """
    shapes: dict[str, tuple[int, ...]] = {}
    for file in sorted(directory.glob("*.safetensors")):
        shapes |= shapes_in(file)
    return shapes
