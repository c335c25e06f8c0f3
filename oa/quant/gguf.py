"""Writes a model of the Llama architecture as a GGUF file, which llama.cpp runs.

Numbers stay as they are (f32), become half as long (f16), or 8-bit whole numbers with a scale for every 32 (q8_0).
Neither torch nor llama.cpp's own converter is needed; one tensor at a time is in memory.

Source:
    The GGUF specification, https://github.com/ggml-org/ggml/blob/master/docs/gguf.md.
    The order of rows in query and key: llama.cpp, conversion of Llama checkpoints (`permute`).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any, cast

import gguf
import numpy as np
import numpy.typing as npt

from oa.errors import BadModel
from oa.quant.checkpoint import Checkpoint, StoredTensor, read_checkpoint


class NumberFormat(StrEnum):
    """How the numbers of a file are stored."""

    F32 = "f32"
    F16 = "f16"
    Q8_0 = "q8_0"


FILE_TYPES: Mapping[NumberFormat, gguf.LlamaFileType] = {
    NumberFormat.F32: gguf.LlamaFileType.ALL_F32,
    NumberFormat.F16: gguf.LlamaFileType.MOSTLY_F16,
    NumberFormat.Q8_0: gguf.LlamaFileType.MOSTLY_Q8_0,
}

Q8_0_BLOCK = 32
"""Numbers that share a scale. A tensor whose rows are no multiple of it is stored as f16."""

ARCHITECTURES = ("LlamaForCausalLM",)

OUTSIDE: Mapping[str, str] = {
    "model.embed_tokens.weight": "token_embd.weight",
    "model.norm.weight": "output_norm.weight",
    "lm_head.weight": "output.weight",
}

IN_A_LAYER: Mapping[str, str] = {
    "input_layernorm": "attn_norm",
    "post_attention_layernorm": "ffn_norm",
    "self_attn.q_proj": "attn_q",
    "self_attn.k_proj": "attn_k",
    "self_attn.v_proj": "attn_v",
    "self_attn.o_proj": "attn_output",
    "mlp.gate_proj": "ffn_gate",
    "mlp.up_proj": "ffn_up",
    "mlp.down_proj": "ffn_down",
}

LLAMA3_WORDS = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}"
    r"| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
)
"""How Llama 3 splits a text into words."""


@dataclass(frozen=True, slots=True)
class _Tensor:
    """A tensor under its name in the file. `heads`: its rows are put into the order that llama.cpp wants."""

    name: str
    stored: StoredTensor
    heads: int | None
    format: NumberFormat

    @property
    def shape(self) -> tuple[int, ...]:
        """Rows last; of bytes where the format is no plain number."""
        shape = self.stored.shape
        return gguf.quant_shape_to_byte_shape(shape, gguf.GGMLQuantizationType.Q8_0) if self.is_q8_0 else shape

    @property
    def dtype(self) -> np.dtype[Any]:
        if self.is_q8_0:
            return np.dtype(np.uint8)
        return np.dtype(np.float32 if self.format is NumberFormat.F32 else np.float16)

    @property
    def is_q8_0(self) -> bool:
        return self.format is NumberFormat.Q8_0

    def read(self) -> npt.NDArray[Any]:
        numbers = self.stored.read()
        if self.heads is not None:
            numbers = _interleave(numbers, self.heads)
        if self.is_q8_0:
            return gguf.quantize(np.ascontiguousarray(numbers), gguf.GGMLQuantizationType.Q8_0)
        return np.ascontiguousarray(numbers, self.dtype)


def export_gguf(source: Path, target: Path, format: NumberFormat, *, name: str | None = None) -> None:
    """Convert a directory of a Llama model. The file appears whole or not at all.

    Args:
        source: what `save_pretrained` wrote: config.json, tokenizer.json, *.safetensors.
        name: what the file calls the model; the directory's name by default.

    Raises:
        BadModel: the directory holds no such model, or one that is built or tokenized in a way that is not known here.
    """
    checkpoint = read_checkpoint(source)
    _check(checkpoint)
    tensors = list(_tensors(checkpoint, format))
    unfinished = target.with_name(f".{target.name}.partial")
    writer = gguf.GGUFWriter(unfinished, "llama")
    try:
        _describe_model(writer, checkpoint, format, name or source.resolve().name)
        _describe_tokenizer(writer, checkpoint)
        for tensor in tensors:
            raw = gguf.GGMLQuantizationType.Q8_0 if tensor.is_q8_0 else None
            size = int(np.prod(tensor.shape)) * tensor.dtype.itemsize
            writer.add_tensor_info(tensor.name, tensor.shape, tensor.dtype, size, raw)
        writer.write_header_to_file()
        writer.write_kv_data_to_file()
        writer.write_ti_data_to_file()
        for tensor in tensors:
            writer.write_tensor_data(tensor.read())
        writer.close()
        unfinished.replace(target)
    finally:
        writer.close()
        unfinished.unlink(missing_ok=True)


def _check(checkpoint: Checkpoint) -> None:
    config = checkpoint.config
    if checkpoint.architecture not in ARCHITECTURES:
        raise BadModel(
            f"{checkpoint.directory} is a {checkpoint.architecture}; "
            f"only {', '.join(ARCHITECTURES)} can be written as GGUF here"
        )
    rope = _rope(config).get("rope_type", "default")
    if rope != "default":
        raise BadModel(f"{checkpoint.directory} stretches its positions ({rope}), which cannot be written as GGUF here")


def _rope(config: Mapping[str, Any]) -> Mapping[str, Any]:
    """How positions are told apart; older versions of transformers wrote it as two settings."""
    scaling = cast(dict[str, Any], config.get("rope_parameters") or config.get("rope_scaling") or {})
    return {"rope_theta": config.get("rope_theta", 10000.0), **scaling}


def _tensors(checkpoint: Checkpoint, format: NumberFormat) -> Iterator[_Tensor]:
    heads = int(checkpoint.config["num_attention_heads"])
    pair_heads = {"attn_q": heads, "attn_k": int(checkpoint.config.get("num_key_value_heads", heads))}
    for name, stored in checkpoint.tensors.items():
        in_layer = re.fullmatch(r"model\.layers\.(\d+)\.(.+)\.weight", name)
        part = IN_A_LAYER.get(in_layer[2]) if in_layer else None
        if name not in OUTSIDE and (in_layer is None or part is None):
            raise BadModel(f"{checkpoint.directory} has a tensor {name}, which models of its architecture have not")
        if name == "lm_head.weight" and checkpoint.config.get("tie_word_embeddings"):
            continue  # llama.cpp takes the embeddings where there is no output tensor
        written = f"blk.{in_layer[1]}.{part}.weight" if in_layer else OUTSIDE[name]
        yield _Tensor(written, stored, pair_heads.get(part or ""), _format_of(stored, format))


def _format_of(stored: StoredTensor, format: NumberFormat) -> NumberFormat:
    """Norms keep full precision: they are few, and everything passes through them."""
    if len(stored.shape) == 1:
        return NumberFormat.F32
    if format is NumberFormat.Q8_0 and stored.shape[-1] % Q8_0_BLOCK:
        return NumberFormat.F16
    return format


def _interleave(rows: npt.NDArray[np.float32], heads: int) -> npt.NDArray[np.float32]:
    """From transformers' order of a head's rows (first halves, then second halves of all pairs) to pair after pair.

    (heads * 2 * pairs, ...) to the same shape.
    """
    pairs = rows.shape[0] // heads // 2
    return rows.reshape(heads, 2, pairs, *rows.shape[1:]).swapaxes(1, 2).reshape(rows.shape)


def _describe_model(writer: gguf.GGUFWriter, checkpoint: Checkpoint, format: NumberFormat, name: str) -> None:
    config = checkpoint.config
    heads = int(config["num_attention_heads"])
    writer.add_name(name)
    writer.add_file_type(FILE_TYPES[format])
    writer.add_vocab_size(config["vocab_size"])
    writer.add_context_length(config["max_position_embeddings"])
    writer.add_embedding_length(config["hidden_size"])
    writer.add_feed_forward_length(config["intermediate_size"])
    writer.add_block_count(config["num_hidden_layers"])
    writer.add_head_count(heads)
    writer.add_head_count_kv(config.get("num_key_value_heads", heads))
    writer.add_layer_norm_rms_eps(config["rms_norm_eps"])
    head_size = config.get("head_dim") or config["hidden_size"] // heads
    writer.add_rope_dimension_count(head_size)
    writer.add_key_length(head_size)
    writer.add_value_length(head_size)
    writer.add_rope_freq_base(float(_rope(config)["rope_theta"]))


def _describe_tokenizer(writer: gguf.GGUFWriter, checkpoint: Checkpoint) -> None:
    config, model = checkpoint.config, cast(dict[str, Any], checkpoint.tokenizer.get("model") or {})
    if model.get("type") != "BPE" or model.get("byte_fallback"):
        raise BadModel(f"{checkpoint.directory}: only byte-level BPE tokenizers can be written as GGUF here")
    added = {token["content"]: token for token in checkpoint.tokenizer.get("added_tokens", [])}
    by_number = {number: token for token, number in model["vocab"].items()}
    by_number |= {facts["id"]: token for token, facts in added.items()}
    tokens = [by_number.get(number, f"[PAD{number}]") for number in range(config["vocab_size"])]
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre(_way_of_splitting(checkpoint))
    writer.add_token_list(tokens)
    writer.add_token_types([_token_type(number, by_number, added) for number in range(len(tokens))])
    writer.add_token_merges([merge if isinstance(merge, str) else " ".join(merge) for merge in model["merges"]])
    for kind in ("bos", "eos", "pad"):
        number = config.get(f"{kind}_token_id")
        number = cast(list[int], number)[0] if isinstance(number, list) else number
        if number is not None:
            getattr(writer, f"add_{kind}_token_id")(number)
    writer.add_add_bos_token(_puts_bos_in_front(checkpoint))
    if checkpoint.chat_template is not None:
        # The tags say what was learnt from; for writing a prompt they mean nothing, and not every reader knows them.
        # Comments in their place keep what they do to the white space around them.
        template = re.sub(r"{%(-?)\s*(?:end)?generation\s*(-?)%}", r"{#\1 \2#}", checkpoint.chat_template)
        writer.add_chat_template(template)


def _token_type(number: int, by_number: Mapping[int, str], added: Mapping[str, Any]) -> gguf.TokenType:
    if number not in by_number:
        return gguf.TokenType.UNUSED
    facts = added.get(by_number[number])
    if facts is None:
        return gguf.TokenType.NORMAL
    return gguf.TokenType.CONTROL if facts.get("special") else gguf.TokenType.USER_DEFINED


def _way_of_splitting(checkpoint: Checkpoint) -> str:
    """llama.cpp's name for how the tokenizer splits a text before it looks for tokens."""
    found = cast(dict[str, Any], checkpoint.tokenizer.get("pre_tokenizer") or {})
    steps = cast(list[dict[str, Any]], found.get("pretokenizers") or [found])
    match [step.get("type") for step in steps]:
        case ["ByteLevel"] if steps[0].get("use_regex", True):
            return "gpt-2"
        case ["Digits", "ByteLevel"] if steps[0].get("individual_digits"):
            return "smollm"
        case ["Split", "ByteLevel"] if steps[0].get("pattern", {}).get("Regex") == LLAMA3_WORDS:
            return "llama-bpe"
        case kinds:
            raise BadModel(
                f"{checkpoint.directory}: its tokenizer splits words in a way that cannot be written as GGUF here "
                f"({', '.join(map(str, kinds))})"
            )


def _puts_bos_in_front(checkpoint: Checkpoint) -> bool:
    processor = cast(dict[str, Any], checkpoint.tokenizer.get("post_processor") or {})
    steps = cast(list[dict[str, Any]], processor.get("processors") or [processor])
    return any("SpecialToken" in piece for step in steps for piece in step.get("single", [])[:1])
