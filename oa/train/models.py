"""Models as recipes ask for them: new ones or loaded, with adapters or without."""

from __future__ import annotations

import warnings
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from typing import Any, Literal, cast

from oa.errors import BadModel, InvalidSetting
from oa.train.recipe import Dtype, Lora, Model, Quantization
from oa.train.tokens import embedding_rows

Task = Literal["CAUSAL_LM", "SEQ_CLS"]
"""peft's names: to go on from a text, or to score it."""

INNER_TO_WIDTH = 11 / 4
"""Of a new model: how wide its feed-forward layers are for its width."""


@contextmanager
def among_libraries() -> Generator[None]:
    """Keeps quiet what one library tells another about its future; nobody who trains can act on it."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)
        warnings.simplefilter("ignore", DeprecationWarning)
        yield


def model_of(model: Model, tokenizer: Any, task: Task = "CAUSAL_LM") -> Any:
    """The model of a recipe, with rows for all of the tokenizer's tokens, and its end and padding tokens.

    Weights that are new come from torch's generator: seed it before.

    Raises:
        BadModel: the base cannot be loaded.
        InvalidSetting: the recipe needs a CUDA device, and there is none.
    """
    with among_libraries():
        made = _new(model, tokenizer, task) if model.base is None else _loaded(model, task)
        if model.base is not None and made.get_input_embeddings().num_embeddings < len(tokenizer):
            made.resize_token_embeddings(embedding_rows(tokenizer), mean_resizing=False)
    for config in (made.config, getattr(made, "generation_config", None)):
        if config is not None:
            config.eos_token_id = tokenizer.eos_token_id
            config.pad_token_id = tokenizer.pad_token_id
    _freeze(made, model.freeze_layers)
    return made


def _new(model: Model, tokenizer: Any, task: Task) -> Any:
    from transformers import LlamaConfig, LlamaForCausalLM, LlamaForSequenceClassification

    settings: dict[str, Any] = {"attn_implementation": model.attention, "num_labels": 1}
    config = LlamaConfig(
        vocab_size=embedding_rows(tokenizer),
        hidden_size=model.hidden,
        intermediate_size=int(model.hidden * INNER_TO_WIDTH) // 8 * 8,
        num_hidden_layers=model.layers,
        num_attention_heads=model.heads,
        tie_word_embeddings=True,
        bos_token_id=None,
        **settings,
    )
    return LlamaForCausalLM(config) if task == "CAUSAL_LM" else LlamaForSequenceClassification(config)


def _loaded(model: Model, task: Task) -> Any:
    from transformers import AutoModelForCausalLM, AutoModelForSequenceClassification

    options: dict[str, Any] = {"dtype": dtype_of(model.dtype), "attn_implementation": model.attention}
    if model.quantization is not Quantization.NONE:
        options |= _quantized(model)
    if task == "SEQ_CLS":
        options["num_labels"] = 1
    kind: Any = AutoModelForCausalLM if task == "CAUSAL_LM" else AutoModelForSequenceClassification
    try:
        return kind.from_pretrained(model.base, **options)
    except (OSError, ValueError, KeyError, ImportError) as error:
        reason = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
        raise BadModel(f"{model.base} cannot be loaded: {reason}") from error


def _quantized(model: Model) -> dict[str, Any]:
    import torch
    from transformers import BitsAndBytesConfig

    if model.quantization is Quantization.INT8 and not torch.cuda.is_available():
        raise InvalidSetting("model.quantization=int8 needs a CUDA device: on a processor take nf4")
    made: Any = BitsAndBytesConfig
    config: Any = (
        made(load_in_8bit=True)
        if model.quantization is Quantization.INT8
        else made(
            load_in_4bit=True,
            bnb_4bit_quant_type="nf4",
            bnb_4bit_compute_dtype=dtype_of(model.dtype),
            bnb_4bit_use_double_quant=True,
        )
    )
    return {"quantization_config": config, "device_map": {"": 0} if torch.cuda.is_available() else "cpu"}


def dtype_of(dtype: Dtype) -> Any:
    """torch's dtype; of `auto`, bfloat16 where a CUDA device computes in it."""
    import torch

    if dtype is Dtype.AUTO:
        return torch.bfloat16 if torch.cuda.is_available() and torch.cuda.is_bf16_supported() else torch.float32
    return getattr(torch, dtype)


def _freeze(model: Any, layers: int) -> None:
    """Leave the embedding and so many layers from the bottom as they are."""
    if not layers:
        return
    trunk = getattr(model, model.base_model_prefix)
    found: Sequence[Any] = trunk.layers if hasattr(trunk, "layers") else trunk.h
    model.get_input_embeddings().requires_grad_(False)
    for layer in found[:layers]:
        layer.requires_grad_(False)


def with_adapters(model: Any, lora: Lora, task: Task = "CAUSAL_LM", new_tokens: Sequence[int] = ()) -> Any:
    """A model of which only adapters are trained: with a score head, that as well.

    Args:
        new_tokens: tokens whose rows of the embedding are trained, too, where the recipe says so.
    """
    import peft

    targets = lora.targets if lora.targets == "all-linear" else [name.strip() for name in lora.targets.split(",")]
    config = peft.LoraConfig(
        r=lora.rank,
        lora_alpha=lora.alpha,  # pyright: ignore[reportArgumentType] - a float does as well
        lora_dropout=lora.dropout,
        target_modules=targets,
        use_dora=lora.dora,
        use_rslora=lora.rslora,
        trainable_token_indices=list(new_tokens) if new_tokens and lora.new_tokens else None,
        task_type=task,
        modules_to_save=["score"] if task == "SEQ_CLS" else None,
    )
    with among_libraries():
        if getattr(model, "is_quantized", False):
            prepare = cast(Any, peft).prepare_model_for_kbit_training
            model = prepare(model, use_gradient_checkpointing=False)
        return peft.get_peft_model(model, config)


def adapted(model: Any, adapter: str) -> Any:
    """A model with adapters that are there already, to go on training them.

    Raises:
        BadModel: they cannot be loaded, or are for another base.
    """
    import peft

    try:
        with among_libraries():
            return cast(Any, peft).PeftModel.from_pretrained(model, adapter, is_trainable=True)
    except (OSError, ValueError, KeyError, RuntimeError) as error:
        reason = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
        raise BadModel(f"the adapters in {adapter} do not fit: {reason}") from error
