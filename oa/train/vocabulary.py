"""The tokenizer of a recipe: the base model's, or a new one that is learned from the data."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, cast

from oa.domain.templates import FORMATS
from oa.errors import BadModel, InvalidSetting
from oa.train.recipe import Model
from oa.train.tokens import OWN_TEMPLATE, PAD_NAMES, prepare_tokenizer

END = "<|endoftext|>"

FEWEST = 256 + 16
"""Every byte, and room for the tokens of a template."""


def tokenizer_of(model: Model, texts: Iterable[str]) -> tuple[Any, list[str]]:
    """The tokenizer of a model, fit for its template, and the tokens that were added to it.

    Args:
        texts: what a new model's tokenizer is learned from; not looked at where there is a base.

    Raises:
        BadModel: the base has no tokenizer that can be used.
        InvalidSetting, BadTemplate: as `prepare_tokenizer`.
    """
    if model.base is None:
        tokenizer = learned(texts, model.vocabulary, model.template)
        prepare_tokenizer(tokenizer, model.template)
        return tokenizer, []
    tokenizer = _loaded(model.base)
    return tokenizer, prepare_tokenizer(tokenizer, model.template)


def _loaded(base: str) -> Any:
    from transformers import AutoTokenizer

    try:
        tokenizer = cast(Any, AutoTokenizer).from_pretrained(base)
    except (OSError, ValueError, KeyError) as error:
        reason = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
        raise BadModel(f"{base} has no tokenizer that can be used: {reason}") from error
    if not tokenizer.is_fast:
        raise BadModel(f"the tokenizer of {base} does not say where its tokens stand: it needs a tokenizer.json")
    return tokenizer


def learned(texts: Iterable[str], size: int, template: str) -> Any:
    """A tokenizer of bytes, with the pairs that are most frequent in the texts as tokens of their own.

    The same texts always give the same one. Where they have fewer pairs, it stays smaller.

    Raises:
        InvalidSetting: the size has no room for every byte, or the template is the model's own, and there is none.

    Source:
        Sennrich et al. 2016, "Neural machine translation of rare words with subword units",
        https://arxiv.org/abs/1508.07909
    """
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
    from transformers import PreTrainedTokenizerFast

    if template == OWN_TEMPLATE:
        raise InvalidSetting('a new model brings no template of its own: choose one, such as model.template = "chatml"')
    if size < FEWEST:
        raise InvalidSetting(f"model.vocabulary must be at least {FEWEST}: every byte, and the tokens of a template")
    form = FORMATS.get(template)
    special = [END, PAD_NAMES[0], *(form.special_tokens if form is not None else ())]
    plain = cast(Any, Tokenizer(models.BPE()))
    plain.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    plain.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=size,
        special_tokens=special,
        initial_alphabet=sorted(pre_tokenizers.ByteLevel.alphabet()),
        show_progress=False,
    )
    plain.train_from_iterator(texts, trainer)
    return PreTrainedTokenizerFast(tokenizer_object=plain, eos_token=END, bos_token=END, pad_token=PAD_NAMES[0])
