from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import gguf
import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

from oa.errors import BadModel
from oa.quant.gguf import NumberFormat, export_gguf

TEMPLATE = (
    "{% for message in messages %}<|im_start|>{{ message['role'] }}\n"
    "{%- generation -%}{{ message['content'] }}{%- endgeneration -%}<|im_end|>\n{% endfor %}"
)
TEXTS = ["The cat sat on the mat, and 12 + 34 = 46.", "Ключ лежит под ковриком.", "¿Dónde está la biblioteca?"] * 20


@pytest.fixture(scope="module")
def saved(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A Llama of random weights with grouped queries, as transformers saves it."""
    import torch
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
    from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

    torch.set_num_threads(1)
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    special = ["<|endoftext|>", "<|im_start|>", "<|im_end|>"]
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    trainer = trainers.BpeTrainer(
        vocab_size=350, special_tokens=special, initial_alphabet=alphabet, show_progress=False
    )
    tokenizer.train_from_iterator(TEXTS, trainer)
    fast = PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, eos_token="<|im_end|>", bos_token="<|endoftext|>", chat_template=TEMPLATE
    )
    torch.manual_seed(0)
    config = LlamaConfig(
        vocab_size=384,  # more than there are tokens
        hidden_size=64,
        intermediate_size=96,
        num_hidden_layers=2,
        num_attention_heads=4,
        num_key_value_heads=2,
        max_position_embeddings=256,
        bos_token_id=0,
        eos_token_id=2,
        pad_token_id=0,
        initializer_range=0.2,  # far enough apart that rounding decides no token
    )
    directory = tmp_path_factory.mktemp("llama")
    LlamaForCausalLM(config).save_pretrained(directory)
    fast.save_pretrained(directory)
    return directory


@pytest.fixture
def copy(saved: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(saved, tmp_path / "model"))


def change(file: Path, **facts: Any) -> None:
    file.write_text(json.dumps(json.loads(file.read_text()) | facts))


def fields(file: Path) -> dict[str, Any]:
    return {name: field.contents() for name, field in gguf.GGUFReader(file).fields.items()}


def plain(file: Path) -> dict[str, np.ndarray[Any, Any]]:
    """Every tensor as float32."""
    return {
        tensor.name: gguf.dequantize(tensor.data, tensor.tensor_type).reshape(tensor.shape[::-1])
        for tensor in gguf.GGUFReader(file).tensors
    }


@pytest.mark.parametrize(("format", "error"), [("f32", 0.0), ("f16", 1e-3), ("q8_0", 1e-2)])
def test_the_numbers_are_those_of_the_checkpoint(saved: Path, tmp_path: Path, format: str, error: float) -> None:
    export_gguf(saved, tmp_path / "model.gguf", NumberFormat(format))
    written, stored = plain(tmp_path / "model.gguf"), load_file(saved / "model.safetensors")
    for ours, theirs in (
        ("token_embd", "model.embed_tokens"),
        ("output", "lm_head"),
        ("blk.1.ffn_down", "model.layers.1.mlp.down_proj"),
        ("blk.0.attn_v", "model.layers.0.self_attn.v_proj"),
    ):
        wanted = stored[f"{theirs}.weight"]
        assert np.abs(written[f"{ours}.weight"] - wanted).max() <= error * np.abs(wanted).max()
    assert np.array_equal(written["output_norm.weight"], stored["model.norm.weight"])
    assert len(written) == len(stored)


def test_rows_of_queries_go_in_pairs(saved: Path, tmp_path: Path) -> None:
    export_gguf(saved, tmp_path / "model.gguf", NumberFormat.F32)
    written, stored = plain(tmp_path / "model.gguf"), load_file(saved / "model.safetensors")
    query, key = (stored[f"model.layers.0.self_attn.{part}_proj.weight"] for part in "qk")
    assert np.array_equal(written["blk.0.attn_q.weight"][:4], query[[0, 8, 1, 9]])  # a head has 16 rows, 8 pairs
    assert np.array_equal(written["blk.0.attn_k.weight"][16:20], key[[16, 24, 17, 25]])


def test_the_file_says_what_it_is(saved: Path, tmp_path: Path) -> None:
    export_gguf(saved, tmp_path / "model.gguf", NumberFormat.Q8_0, name="tiny")
    found = fields(tmp_path / "model.gguf")
    assert found["general.name"] == "tiny"
    assert (found["llama.context_length"], found["llama.attention.head_count_kv"]) == (256, 2)
    assert found["tokenizer.ggml.tokens"][:3] == ["<|endoftext|>", "<|im_start|>", "<|im_end|>"]
    assert found["tokenizer.ggml.token_type"][:4] == [3, 3, 3, 1]
    assert found["tokenizer.ggml.token_type"][-1] == gguf.TokenType.UNUSED
    assert (found["tokenizer.ggml.eos_token_id"], found["tokenizer.ggml.add_bos_token"]) == (2, False)
    assert found["tokenizer.chat_template"] == TEMPLATE.replace("{%- generation -%}", "{#- -#}").replace(
        "{%- endgeneration -%}", "{#- -#}"
    )


def test_bfloat16_is_read(copy: Path, tmp_path: Path) -> None:
    import torch
    from transformers import LlamaForCausalLM

    LlamaForCausalLM.from_pretrained(copy).to(torch.bfloat16).save_pretrained(copy)
    export_gguf(copy, tmp_path / "model.gguf", NumberFormat.F32)
    wanted = LlamaForCausalLM.from_pretrained(copy, dtype=torch.float32).model.norm.weight.detach().numpy()
    assert np.array_equal(plain(tmp_path / "model.gguf")["output_norm.weight"], wanted)


def test_rows_that_fill_no_block_are_stored_as_f16(copy: Path, tmp_path: Path) -> None:
    stored = load_file(copy / "model.safetensors")
    stored = {name: tensor[:, :80] if "down_proj" in name else tensor for name, tensor in stored.items()}
    save_file({name: np.ascontiguousarray(tensor) for name, tensor in stored.items()}, copy / "model.safetensors")
    export_gguf(copy, tmp_path / "model.gguf", NumberFormat.Q8_0)
    kinds = {tensor.name: tensor.tensor_type for tensor in gguf.GGUFReader(tmp_path / "model.gguf").tensors}
    assert kinds["blk.0.ffn_down.weight"] is gguf.GGMLQuantizationType.F16
    assert kinds["blk.0.ffn_up.weight"] is gguf.GGMLQuantizationType.Q8_0


def greedy(server: Any, prompt: list[int], barred: list[int], count: int) -> list[int]:
    """The likeliest tokens behind a prompt that are not barred."""
    got: list[int] = []

    def take(text: str) -> bool:
        likelihoods = json.loads(text)["choices"][0]["logprobs"]
        got.extend(token["id"] for token in (likelihoods or {}).get("content", []))
        return False

    wanted = {"prompt": prompt, "max_tokens": count, "temperature": 0, "logprobs": 1, "stream": True}
    server.handle_completions(json.dumps({**wanted, "logit_bias": [[token, False] for token in barred]}), take)
    return got


@pytest.fixture
def server(saved: Path, tmp_path: Path) -> Any:
    import xllamacpp

    export_gguf(saved, tmp_path / "model.gguf", NumberFormat.F32)
    parameters = xllamacpp.CommonParams()
    parameters.model.path = str(tmp_path / "model.gguf")
    parameters.hostnames = [str(tmp_path / "llama.sock")]
    parameters.n_ctx, parameters.n_parallel, parameters.warmup = 256, 1, False
    parameters.cpuparams.n_threads = parameters.cpuparams_batch.n_threads = 1
    parameters.verbosity = -1
    return xllamacpp.Server(parameters)


def test_llama_cpp_goes_on_as_transformers_does(saved: Path, server: Any) -> None:
    import torch
    from transformers import AutoTokenizer, LlamaForCausalLM

    model, tokenizer = LlamaForCausalLM.from_pretrained(saved).eval(), AutoTokenizer.from_pretrained(saved)
    # Pieces of characters come without their numbers.
    barred = [token for token in range(384) if token <= 2 or not tokenizer.decode([token]).isascii()]
    for text in ("The cat", "¿Dónde", "12 + 3"):
        ids = prompt = tokenizer(text)["input_ids"]
        for _ in range(8):
            scores = model(torch.tensor([ids])).logits[0, -1]
            scores[barred] = -torch.inf
            ids = [*ids, int(scores.argmax())]
        assert greedy(server, prompt, barred, 8) == ids[len(prompt) :]


@pytest.mark.parametrize(
    ("file", "facts", "complaint"),
    [
        ("config.json", {"architectures": ["BertModel"]}, "is a BertModel"),
        ("config.json", {"rope_parameters": {"rope_type": "yarn"}}, "stretches its positions"),
        ("tokenizer.json", {"pre_tokenizer": {"type": "Metaspace"}}, "splits words in a way"),
        ("tokenizer.json", {"model": {"type": "Unigram"}}, "only byte-level BPE"),
    ],
)
def test_what_cannot_be_written_is_refused(
    copy: Path, tmp_path: Path, file: str, facts: dict[str, Any], complaint: str
) -> None:
    change(copy / file, **facts)
    with pytest.raises(BadModel, match=complaint):
        export_gguf(copy, tmp_path / "model.gguf", NumberFormat.F16)
    assert list(tmp_path.glob("*.gguf*")) == list(tmp_path.glob(".*.partial")) == []


def test_a_damaged_checkpoint_is_refused(copy: Path, tmp_path: Path) -> None:
    weights = copy / "model.safetensors"
    whole = weights.read_bytes()
    weights.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(BadModel, match="cut off"):
        export_gguf(copy, tmp_path / "model.gguf", NumberFormat.F16)
    weights.write_bytes(b"\xff" * 100)
    with pytest.raises(BadModel, match="no safetensors file"):
        export_gguf(copy, tmp_path / "model.gguf", NumberFormat.F16)
    weights.unlink()
    with pytest.raises(BadModel, match="no model to convert"):
        export_gguf(copy, tmp_path / "model.gguf", NumberFormat.F16)


def test_a_tensor_of_another_architecture_is_refused(copy: Path, tmp_path: Path) -> None:
    stored = load_file(copy / "model.safetensors")
    save_file({**stored, "model.layers.0.self_attn.q_proj.bias": np.zeros(64, np.float32)}, copy / "model.safetensors")
    with pytest.raises(BadModel, match=r"q_proj\.bias"):
        export_gguf(copy, tmp_path / "model.gguf", NumberFormat.F16)
