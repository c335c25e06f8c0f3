"""Models that never end an answer by themselves: random weights in two sizes, and the built-in one with its end undone.

How fast a model writes depends on its shape, not on what it has learned. One that ends its answers would measure how
long its answers are.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import redirect_stderr
from dataclasses import dataclass
from io import StringIO
from pathlib import Path
from typing import Any

import numpy as np
from gguf import GGMLQuantizationType, GGUFReader, GGUFWriter, LlamaFileType, quants
from gguf.scripts.gguf_new_metadata import MetadataDetails, copy_with_new_metadata
from numpy.typing import NDArray

EPSILON, ROPE_BASE = 1e-5, 10000.0

TEMPLATE = (
    "{% for message in messages %}{{ message['role'] + ': ' + message['content'] + '\\n' }}{% endfor %}"
    "{% if add_generation_prompt %}{{ 'assistant:' }}{% endif %}"
)

CONTROL = 3
NORMAL = 1


@dataclass(frozen=True)
class Shape:
    """A Llama model."""

    width: int
    inner: int
    layers: int
    heads: int
    vocabulary: int
    context: int = 1024

    @property
    def parameters(self) -> int:
        layer = 4 * self.width**2 + 3 * self.width * self.inner + 2 * self.width
        return self.layers * layer + 2 * self.vocabulary * self.width + self.width


ONE_MILLION = Shape(width=128, inner=384, layers=4, heads=4, vocabulary=512)
HUNDRED_MILLION = Shape(width=768, inner=2048, layers=12, heads=12, vocabulary=8192)


def built_in(directory: Path) -> Path | None:
    """A copy of the built-in model that never ends, if OA was installed with it."""
    import oa.demo

    found = sorted((Path(oa.demo.__file__).parent / "model").glob("*.gguf"))
    if not found:
        return None
    copy = directory / "built-in-endless.gguf"
    _copy_without_end(found[0], copy)
    return copy


def random_weights(directory: Path, name: str, shape: Shape, seed: int = 1) -> Path:
    """A model of this shape in q8_0."""
    file = directory / f"{name}.gguf"
    tokens = _vocabulary(shape.vocabulary)
    writer = GGUFWriter(file, "llama")
    writer.add_name(name)
    writer.add_context_length(shape.context)
    writer.add_embedding_length(shape.width)
    writer.add_block_count(shape.layers)
    writer.add_feed_forward_length(shape.inner)
    writer.add_head_count(shape.heads)
    writer.add_head_count_kv(shape.heads)
    writer.add_layer_norm_rms_eps(EPSILON)
    writer.add_rope_freq_base(ROPE_BASE)
    writer.add_rope_dimension_count(shape.width // shape.heads)
    writer.add_vocab_size(len(tokens))
    writer.add_file_type(LlamaFileType.MOSTLY_Q8_0)
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre("gpt-2")
    writer.add_token_list(tokens)
    writer.add_token_types([NORMAL] * (len(tokens) - 1) + [CONTROL])
    writer.add_token_merges(["t h", "th e"])
    writer.add_bos_token_id(len(tokens) - 1)
    writer.add_eos_token_id(len(tokens) - 1)
    writer.add_add_bos_token(False)
    writer.add_chat_template(TEMPLATE)
    for tensor, weights in _weights(shape, np.random.default_rng(seed)):
        if weights.ndim == 1:
            writer.add_tensor(tensor, weights)
        else:
            packed = quants.quantize(weights, GGMLQuantizationType.Q8_0)
            writer.add_tensor(tensor, packed, raw_dtype=GGMLQuantizationType.Q8_0)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return file


def _weights(shape: Shape, rng: np.random.Generator) -> Iterator[tuple[str, NDArray[np.float32]]]:
    def matrix(rows: int, columns: int) -> NDArray[np.float32]:
        return rng.standard_normal((rows, columns), np.float32) * np.float32(columns**-0.5)

    yield "token_embd.weight", matrix(shape.vocabulary, shape.width)
    for layer in range(shape.layers):
        for name in ("attn_q", "attn_k", "attn_v", "attn_output"):
            yield f"blk.{layer}.{name}.weight", matrix(shape.width, shape.width)
        for name in ("ffn_gate", "ffn_up"):
            yield f"blk.{layer}.{name}.weight", matrix(shape.inner, shape.width)
        yield f"blk.{layer}.ffn_down.weight", matrix(shape.width, shape.inner)
        for name in ("attn_norm", "ffn_norm"):
            yield f"blk.{layer}.{name}.weight", np.ones(shape.width, np.float32)
    yield "output_norm.weight", np.ones(shape.width, np.float32)
    head = matrix(shape.vocabulary, shape.width)
    head[:33] = head[-1] = 0  # neither what cannot be shown nor the end is ever the likeliest
    head[127:256] = 0
    yield "output.weight", head


def _vocabulary(size: int) -> list[str]:
    """Every byte as the letter that GPT-2 writes for it, words that are never typed, and an end."""
    printable = [*range(ord("!"), ord("~") + 1), *range(0xA1, 0xAD), *range(0xAE, 0x100)]
    letters = {byte: chr(byte) for byte in printable}
    for byte in range(256):
        letters.setdefault(byte, chr(256 + sum(other not in printable for other in range(byte))))
    words = [f"w{number}" for number in range(size - 259)]
    return [*(letters[byte] for byte in range(256)), "th", "the", *words, "<never>"]


def _copy_without_end(source: Path, target: Path) -> None:
    """Rename the control tokens, by whose names llama.cpp knows ends, and call one the end that is never written."""
    reader = GGUFReader(source)
    names: list[str] = reader.fields["tokenizer.ggml.tokens"].contents()
    kinds: list[int] = reader.fields["tokenizer.ggml.token_type"].contents()
    end = reader.fields["tokenizer.ggml.eos_token_id"].contents()
    control = [index for index, kind in enumerate(kinds) if kind == CONTROL]
    renamed = [f"<t{index}>" if index in control else name for index, name in enumerate(names)]
    other = next((index for index in control if index != end), 0)
    changed = {
        "tokenizer.ggml.tokens": _changed(reader, "tokenizer.ggml.tokens", renamed),
        "tokenizer.ggml.token_type": _changed(reader, "tokenizer.ggml.token_type", [NORMAL] * len(kinds)),
        "tokenizer.ggml.eos_token_id": _changed(reader, "tokenizer.ggml.eos_token_id", other),
    }
    architecture = reader.fields["general.architecture"].contents()
    with redirect_stderr(StringIO()):  # it shows a progress bar
        copy_with_new_metadata(reader, GGUFWriter(target, architecture), changed, ())


def _changed(reader: GGUFReader, name: str, value: Any) -> MetadataDetails:
    kinds = reader.fields[name].types
    return MetadataDetails(kinds[0], value, sub_type=kinds[-1] if len(kinds) > 1 else None)
