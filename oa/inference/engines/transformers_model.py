"""A Hugging Face model in memory: tokens in, probabilities out. Everything here runs in the engine's thread."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
import transformers
from torch import Tensor
from transformers import cache_utils

from oa.domain.sampling import Sampling
from oa.errors import BadModel, NotSupported, PromptTooLong
from oa.inference.engine import Capabilities, Likelihood, Segment
from oa.inference.engines.transformers import TransformersSettings
from oa.inference.inspection import see_that_adapter_fits
from oa.inference.segments import SpecialNames

_library: Any = transformers  # its types are unknown in many places
_caches: Any = cache_utils

Cache = Any
"""A `transformers.DynamicCache`: keys and values of every layer, (B, heads, S, width)."""

DEFAULT_CONTEXT = 2048
PARALLEL = 8
LARGE_BYTES = 4 * 1024**3
"""Larger models keep the numbers that they come with on a processor too, or they would not fit."""

EXL2_GROWTH = 4
"""How many times as large a model of 4 bits per weight becomes when its numbers are plain, with 16 bits each."""


class LoadedModel:
    """The model and its tokenizer."""

    def __init__(self, settings: TransformersSettings) -> None:
        """Load them.

        Raises:
            BadModel: they cannot be loaded; the message says why.
        """
        if settings.threads is not None:
            torch.set_num_threads(settings.threads)
        self.device = settings.device or ("cuda" if torch.cuda.is_available() else "cpu")
        self.tokenizer, self.model = _load(settings, self.device)
        self._names = SpecialNames(frozenset(self.tokenizer.get_added_vocab()))
        self._in_front: list[int] = self.tokenizer("")["input_ids"]
        self.ends = _end_tokens(self.model, self.tokenizer)
        self.capabilities = self._look(settings)

    def tokenize(self, prompt: Sequence[Segment]) -> list[int]:
        """The tokens of a prompt, those that the model puts in front included."""
        text = self._names.plain(prompt)
        pieces = self._names.pieces(prompt) if text is None else [(text, False)]
        tokens = [token for piece, is_name in pieces for token in self._tokens(piece, is_name=is_name)]
        front = self._in_front
        return tokens if tokens[: len(front)] == front else front + tokens

    def text_of(self, tokens: Sequence[int]) -> str:
        return self.tokenizer.decode(tokens, skip_special_tokens=True, clean_up_tokenization_spaces=False)

    def name_of(self, token: int) -> str:
        return self.tokenizer.decode([token], clean_up_tokenization_spaces=False)

    def forward(self, tokens: Tensor, positions: Tensor, mask: Tensor, cache: Cache) -> Tensor:
        """Logits behind the last token of each row, (B, V), float32 on the processor; the cache grows by (B, T).

        Args:
            tokens: (B, T), int64.
            positions: (B, T), int64: the place of each token in its own row.
            mask: (B, S + T), int64: 1 for what may be looked at, with S tokens in the cache.
        """
        out = self.model(
            input_ids=tokens.to(self.device),
            position_ids=positions.to(self.device),
            attention_mask=mask.to(self.device),
            past_key_values=cache,
            use_cache=True,
        )
        return out.logits[:, -1].float().cpu()

    def embed(self, texts: Sequence[str]) -> tuple[tuple[float, ...], ...]:
        """The mean of the last hidden states of each text, at length 1."""
        vectors: list[tuple[float, ...]] = []
        for text in texts:
            tokens = self._tokens_to_embed(text)
            with torch.inference_mode():
                out = self.model(input_ids=torch.tensor([tokens], device=self.device), output_hidden_states=True)
                mean = out.hidden_states[-1][0].float().mean(0).cpu()
            vectors.append(tuple((mean / mean.norm().clamp_min(1e-12)).tolist()))
        return tuple(vectors)

    def _tokens_to_embed(self, text: str) -> list[int]:
        tokens, context = self.tokenize([Segment(text, special=False)]), self.capabilities.context_length
        if not tokens:
            raise NotSupported("the model cannot do this: a text without tokens has no vector")
        if len(tokens) > context:
            raise PromptTooLong(
                f"a text takes {len(tokens)} tokens, and the model reads {context} at most",
                prompt_tokens=len(tokens),
                context_length=context,
            )
        return tokens

    def new_cache(self) -> Cache:
        return _caches.DynamicCache(config=self.model.config)

    def _tokens(self, text: str, *, is_name: bool) -> list[int]:
        return self.tokenizer(text, add_special_tokens=False, split_special_tokens=is_name)["input_ids"]

    def _look(self, settings: TransformersSettings) -> Capabilities:
        config: Any = self.model.config.get_text_config()
        trained = getattr(config, "max_position_embeddings", None) or DEFAULT_CONTEXT
        template: Any = self.tokenizer.chat_template
        named = {name: getattr(self.tokenizer, name) for name in ("bos_token", "eos_token", "pad_token")}
        return Capabilities(
            context_length=min(settings.context_length or trained, trained),
            parallel=(settings.parallel or PARALLEL) if self._can_batch() else 1,
            log_probabilities=True,
            embeddings=True,
            chat_template=template if isinstance(template, str) else None,
            special_tokens={name: text for name, text in named.items() if text is not None},
            special_names=frozenset(self.tokenizer.get_added_vocab()),
        )

    def _can_batch(self) -> bool:
        """Every layer keeps all keys and values, so that rows of different lengths can be put together."""
        layers: list[object] = list(self.new_cache().layers)
        return all(type(layer) is _caches.DynamicLayer for layer in layers)


class Chooser:
    """Chooses the tokens of one answer."""

    def __init__(self, sampling: Sampling, prompt: Sequence[int]) -> None:
        self._sampling = sampling
        self._prompt_length = len(prompt)
        self._tokens = list(prompt)
        self._generator = torch.Generator()
        if sampling.seed is None:
            self._generator.seed()
        else:
            self._generator.manual_seed(sampling.seed % 2**63)
        self._penalties, self._cuts = _processors(sampling)

    def choose(self, logits: Tensor) -> int:
        """The next token by its logits, (V,), float32."""
        tokens = torch.tensor([self._tokens])
        scores = self._penalties(tokens, self._with_counts(logits)[None])
        if self._sampling.temperature == 0:
            chosen = int(scores[0].argmax())
        else:
            chances = self._cuts(tokens, scores / self._sampling.temperature)[0].softmax(-1)
            chosen = int(torch.multinomial(chances, 1, generator=self._generator))
        self._tokens.append(chosen)
        return chosen

    def _with_counts(self, logits: Tensor) -> Tensor:
        """Less for tokens that the answer has already, as the OpenAI API defines it."""
        presence, frequency = self._sampling.presence_penalty or 0.0, self._sampling.frequency_penalty or 0.0
        written = self._tokens[self._prompt_length :]
        if not written or (presence == 0 and frequency == 0):
            return logits
        counts = torch.bincount(torch.tensor(written), minlength=len(logits)).float()
        return logits - frequency * counts - presence * (counts > 0)


def likelihoods(model: LoadedModel, logits: Tensor, token: int, alternatives: int) -> tuple[float, list[Likelihood]]:
    """The log-probability of a token, and of the likeliest ones in its place, before any setting cuts them."""
    logs = logits.log_softmax(-1)
    values, tokens = logs.topk(min(alternatives, len(logs)))
    pairs = [(int(other), float(value)) for other, value in zip(tokens, values, strict=True)]
    return float(logs[token]), [Likelihood(model.name_of(other), other, value) for other, value in pairs]


def _processors(sampling: Sampling) -> tuple[Any, Any]:
    """What changes logits by what was written, and what cuts away unlikely tokens once they are divided by the
    temperature."""
    penalties, cuts = _library.LogitsProcessorList(), _library.LogitsProcessorList()
    if sampling.repetition_penalty is not None:
        penalties.append(_library.RepetitionPenaltyLogitsProcessor(sampling.repetition_penalty))
    if sampling.top_k:
        cuts.append(_library.TopKLogitsWarper(sampling.top_k))
    if sampling.top_p is not None and sampling.top_p < 1:
        cuts.append(_library.TopPLogitsWarper(sampling.top_p))
    if sampling.min_p:
        cuts.append(_library.MinPLogitsWarper(sampling.min_p))
    if sampling.typical_p is not None and sampling.typical_p < 1:
        cuts.append(_library.TypicalLogitsWarper(sampling.typical_p))
    return penalties, cuts


def _load(settings: TransformersSettings, device: str) -> tuple[Any, Any]:
    path = str(settings.path)
    _library.utils.logging.disable_progress_bar()
    _library.utils.logging.set_verbosity_error()
    size = sum(file.stat().st_size for file in settings.path.glob("*.safetensors"))
    kind: Any = "auto" if device != "cpu" or size > LARGE_BYTES else torch.float32
    try:
        tokenizer: Any = _library.AutoTokenizer.from_pretrained(path, trust_remote_code=False)
        model: Any = _exl2(settings.path, device, size)
        if model is None:
            model = _library.AutoModelForCausalLM.from_pretrained(path, dtype=kind, trust_remote_code=False)
        if settings.adapter is not None:
            see_that_adapter_fits(settings.adapter, settings.path)
            model = _with_adapter(model, settings.adapter)
        return tokenizer, model.to(device).eval()
    except (OSError, ValueError, RuntimeError, KeyError, ImportError, TypeError) as error:
        reason = str(error).strip().partition("\n")[0][:300]
        raise BadModel(f"{settings.path} cannot be loaded: {reason or type(error).__name__}") from error


def _exl2(path: Path, device: str, size_bytes: int) -> Any:
    """A model in EXL2, made plain; None where it is no such model."""
    from oa.quant.exl2.model import is_exl2, load  # only here: few models are

    if not is_exl2(path):
        return None
    small = device == "cpu" and size_bytes * EXL2_GROWTH <= LARGE_BYTES
    return load(path, torch.float32 if small else torch.bfloat16)


def _with_adapter(model: Any, adapter: Path) -> Any:
    import peft

    library: Any = peft
    return library.PeftModel.from_pretrained(model, str(adapter)).merge_and_unload()


def _end_tokens(model: Any, tokenizer: Any) -> frozenset[int]:
    named = [getattr(model.generation_config, "eos_token_id", None), tokenizer.eos_token_id]
    ends: set[int] = set()
    for value in named:
        if value is not None:
            ends |= {value} if isinstance(value, int) else set(value)
    return frozenset(ends)
