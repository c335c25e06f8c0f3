"""What a GGUF file says of itself, read without the library that runs it.

Source:
    The GGUF specification, https://github.com/ggml-org/ggml/blob/master/docs/gguf.md (versions 2 and 3).
"""

from __future__ import annotations

import math
import struct
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, cast

from oa.errors import BadModel

MAGIC = b"GGUF"
VERSIONS = (2, 3)
LONGEST_STRING_BYTES = 64 * 1024 * 1024
MOST_FIELDS = 100_000
MOST_TENSORS = 1_000_000
LONGEST_ARRAY = 16_000_000

SCALARS: Mapping[int, str] = {
    0: "<B",
    1: "<b",
    2: "<H",
    3: "<h",
    4: "<I",
    5: "<i",
    6: "<f",
    7: "<?",
    10: "<Q",
    11: "<q",
    12: "<d",
}
"""The `struct` format of every type of value that has a fixed size."""

STRING, ARRAY = 8, 9

BLOCKS: Mapping[int, tuple[int, int]] = {
    0: (1, 4),
    1: (1, 2),
    2: (32, 18),
    3: (32, 20),
    6: (32, 22),
    7: (32, 24),
    8: (32, 34),
    10: (256, 84),
    11: (256, 110),
    12: (256, 144),
    13: (256, 176),
    14: (256, 210),
    16: (256, 66),
    17: (256, 74),
    18: (256, 98),
    19: (256, 50),
    20: (32, 18),
    21: (256, 110),
    22: (256, 82),
    23: (256, 136),
    29: (256, 56),
    30: (1, 2),
}
"""How many numbers stand in a block of each type of tensor, and in how many bytes. Newer types may be missing."""

SMALLEST_BLOCK = (8, 1)
"""For types that are not known here: less than a bit a number there is not."""

CONTROL_TOKEN, USER_DEFINED_TOKEN = 3, 4
"""Values of `tokenizer.ggml.token_type` whose tokens the tokenizer looks for in text."""


@dataclass(frozen=True, slots=True)
class Tensor:
    """A tensor's name, shape, type number and the place of its first byte behind the header."""

    name: str
    shape: tuple[int, ...]
    kind: int
    offset: int


@dataclass(frozen=True, slots=True)
class GgufFile:
    """The header of a GGUF file."""

    path: Path
    file_bytes: int
    fields: Mapping[str, Any]
    tensors: tuple[Tensor, ...]
    data_offset: int

    @property
    def architecture(self) -> str:
        return str(self.fields.get("general.architecture", "unknown"))

    @property
    def parameters(self) -> int:
        """How many numbers the model has learned."""
        return sum(math.prod(tensor.shape) for tensor in self.tensors)

    @property
    def context_length(self) -> int | None:
        return self._of_architecture("context_length")

    @property
    def chat_template(self) -> str | None:
        return cast(str | None, self.fields.get("tokenizer.chat_template"))

    @property
    def special_names(self) -> frozenset[str]:
        """The texts that the tokenizer reads as one special token each."""
        tokens = cast(list[str], self.fields.get("tokenizer.ggml.tokens", []))
        kinds = cast(list[int], self.fields.get("tokenizer.ggml.token_type", []))
        special = (CONTROL_TOKEN, USER_DEFINED_TOKEN)
        return frozenset(token for token, kind in zip(tokens, kinds, strict=False) if kind in special and token.strip())

    def token(self, name: str) -> str | None:
        """The text of a token that the file names: `bos`, `eos`."""
        number = self.fields.get(f"tokenizer.ggml.{name}_token_id")
        tokens = cast(list[str], self.fields.get("tokenizer.ggml.tokens", []))
        return tokens[number] if isinstance(number, int) and 0 <= number < len(tokens) else None

    @property
    def cache_bytes_per_token(self) -> int:
        """What the keys and values of one token take at 16 bits."""
        width = self._of_architecture("embedding_length") or 0
        layers = self._of_architecture("block_count") or 0
        heads = max(1, self._of_architecture("attention.head_count") or 1)
        cache_heads = self._of_architecture("attention.head_count_kv") or heads
        key = self._of_architecture("attention.key_length") or width // heads
        value = self._of_architecture("attention.value_length") or width // heads
        return 2 * layers * cache_heads * (key + value)

    def _of_architecture(self, name: str) -> int | None:
        value = self.fields.get(f"{self.architecture}.{name}")
        if isinstance(value, list):  # one number for each layer
            value = max((item for item in cast(list[Any], value) if isinstance(item, int)), default=None)
        return value if isinstance(value, int) else None


def read_gguf(path: Path) -> GgufFile:
    """Read the header, and see whether the file is as long as it says.

    Raises:
        BadModel: it is no GGUF file, or a damaged one; the message says where it breaks off.
    """
    try:
        with path.open("rb") as file:
            return _read(path, file)
    except OSError as error:
        raise BadModel(f"{path} cannot be read: {error.strerror}") from error


def _read(path: Path, file: BinaryIO) -> GgufFile:
    file_bytes = file.seek(0, 2)
    file.seek(0)
    reader = _Reader(path, file, file_bytes)
    if reader.take(4) != MAGIC:
        raise BadModel(f"{path} is no GGUF file: it does not begin with GGUF")
    version = reader.scalar("<I")
    if version not in VERSIONS:
        raise BadModel(f"{path} is GGUF version {version}; versions 2 and 3 can be read")
    tensor_count = reader.count(MOST_TENSORS)
    field_count = reader.count(MOST_FIELDS)
    fields: dict[str, Any] = {}
    for _ in range(field_count):
        name = reader.string()
        fields[name] = reader.value(reader.scalar("<I"))
    tensors = tuple(reader.tensor() for _ in range(tensor_count))
    alignment = fields.get("general.alignment", 32)
    if not isinstance(alignment, int) or not 1 <= alignment <= 65536:
        raise BadModel(f"{path} is damaged: its alignment is {alignment}")
    data_offset = -(-file.tell() // alignment) * alignment
    found = GgufFile(path, file_bytes, fields, tensors, data_offset)
    _see_that_it_is_whole(found)
    return found


def _see_that_it_is_whole(found: GgufFile) -> None:
    last = max(found.tensors, key=lambda tensor: tensor.offset, default=None)
    if last is None:
        raise BadModel(f"{found.path} holds no tensors: it is a vocabulary, not a model")
    numbers, block_bytes = BLOCKS.get(last.kind, SMALLEST_BLOCK)
    least = found.data_offset + last.offset + math.prod(last.shape) // numbers * block_bytes
    if found.file_bytes < least:
        raise BadModel(
            f"{found.path} is cut off: it has {found.file_bytes} bytes, and {last.name} alone reaches to {least}; "
            "fetch it again"
        )


class _Reader:
    def __init__(self, path: Path, file: BinaryIO, file_bytes: int) -> None:
        self._path = path
        self._file = file
        self._file_bytes = file_bytes

    def take(self, count: int) -> bytes:
        taken = self._file.read(count) if count <= self._file_bytes else b""
        if len(taken) != count:
            raise BadModel(f"{self._path} is cut off within its header, after {self._file_bytes} bytes; fetch it again")
        return taken

    def scalar(self, form: str) -> Any:
        return struct.unpack(form, self.take(struct.calcsize(form)))[0]

    def count(self, most: int) -> int:
        number = self.scalar("<Q")
        if number > most:
            raise BadModel(f"{self._path} is damaged: its header announces {number} entries")
        return number

    def string(self) -> str:
        return self.take(self.count(LONGEST_STRING_BYTES)).decode("utf-8", "replace")

    def value(self, kind: int) -> Any:
        if kind == STRING:
            return self.string()
        if kind == ARRAY:
            return self._array()
        if kind not in SCALARS:
            raise BadModel(f"{self._path} is damaged: its header has a value of the unknown type {kind}")
        return self.scalar(SCALARS[kind])

    def tensor(self) -> Tensor:
        name = self.string()
        dimensions = self.scalar("<I")
        if dimensions > 8:
            raise BadModel(f"{self._path} is damaged: {name} has {dimensions} dimensions")
        shape = tuple(self.scalar("<Q") for _ in range(dimensions))
        return Tensor(name, shape, self.scalar("<I"), self.scalar("<Q"))

    def _array(self) -> list[Any]:
        kind, length = self.scalar("<I"), self.count(LONGEST_ARRAY)
        if kind in SCALARS:
            form = f"<{length}{SCALARS[kind][1]}"
            return list(struct.unpack(form, self.take(struct.calcsize(form))))
        if kind != STRING:
            raise BadModel(f"{self._path} is damaged: its header has an array of the unknown type {kind}")
        return [self.string() for _ in range(length)]
