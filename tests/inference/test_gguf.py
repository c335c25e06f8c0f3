from __future__ import annotations

import struct
from pathlib import Path

import pytest

from oa.errors import BadModel
from oa.inference.gguf import BLOCKS, read_gguf


def test_a_header_says_what_the_model_is(tiny_gguf: Path) -> None:
    found = read_gguf(tiny_gguf)
    assert (found.architecture, found.parameters, found.context_length) == ("llama", 108224, 512)
    assert found.special_names == {"<|endoftext|>", "<|im_start|>", "<|im_end|>"}
    assert (found.token("bos"), found.token("eos"), found.token("unk")) == ("<|endoftext|>", "<|im_end|>", None)
    assert found.chat_template is not None
    assert found.cache_bytes_per_token == 2 * 2 * 2 * (16 + 16)


@pytest.mark.parametrize("length", [0, 3, 20, 100, 5000, 100_000, 438_000, 439_039])
def test_a_file_that_is_cut_off_anywhere_is_refused(tiny_gguf: Path, tmp_path: Path, length: int) -> None:
    short = tmp_path / "short.gguf"
    short.write_bytes(tiny_gguf.read_bytes()[:length])
    with pytest.raises(BadModel, match=r"cut off|no GGUF file|damaged"):
        read_gguf(short)


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"PK\3\4 a zip file", "no GGUF file"),
        (b"GGUF" + struct.pack("<I", 1) + bytes(32), "version 1"),
        (b"GGUF" + struct.pack("<IQQ", 3, 2**60, 1), "announces"),
        (b"GGUF" + struct.pack("<IQQ", 3, 1, 1) + struct.pack("<Q", 2**50), "announces"),
        (b"GGUF" + struct.pack("<IQQ", 3, 0, 1) + struct.pack("<Q", 1) + b"a" + struct.pack("<I", 99), "type 99"),
        (b"GGUF" + struct.pack("<IQQ", 3, 0, 1) + struct.pack("<Q1sIIQ", 1, b"a", 9, 9, 1), "type 9"),
        (b"GGUF" + struct.pack("<IQQ", 3, 0, 0), "no tensors"),
    ],
)
def test_a_damaged_header_is_refused_with_a_sentence(tmp_path: Path, content: bytes, sentence: str) -> None:
    file = tmp_path / "bad.gguf"
    file.write_bytes(content)
    with pytest.raises(BadModel, match=sentence):
        read_gguf(file)


def test_the_sizes_of_tensor_types_are_those_of_the_library() -> None:
    from gguf.constants import GGML_QUANT_SIZES

    theirs = {int(kind): sizes for kind, sizes in GGML_QUANT_SIZES.items()}
    assert BLOCKS.items() <= theirs.items()


def test_a_file_that_is_not_there_is_said(tmp_path: Path) -> None:
    with pytest.raises(BadModel, match="No such file"):
        read_gguf(tmp_path / "none.gguf")
