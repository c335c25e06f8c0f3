"""Answers that are computed together, one token of each at a time. They begin and end independently of each other."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import torch
from torch import Tensor
from torch.nn.functional import pad

from oa.errors import PromptTooLong
from oa.inference.channel import Channel
from oa.inference.engine import End, Reason, Request, Token
from oa.inference.engines.transformers_model import Cache, Chooser, LoadedModel, likelihoods
from oa.inference.stopping import StopScanner

PROMPT_CHUNK_TOKENS = 512
"""So much of a prompt is read between two tokens of the other answers."""

UNFINISHED = "\ufffd"
"""What a character reads as while bytes of it are missing."""

MOST_BYTES_OF_A_CHARACTER = 4


@dataclass(eq=False, slots=True)
class Job:
    """A request, and the way for its answer."""

    request: Request
    channel: Channel[Token | End]
    is_cancelled: bool = False


class Row:
    """One answer under way."""

    def __init__(self, job: Job, model: LoadedModel) -> None:
        """Raises: PromptTooLong"""
        self.job = job
        self.prompt = model.tokenize(job.request.prompt)
        context = model.capabilities.context_length
        if len(self.prompt) >= context:
            raise PromptTooLong(
                f"the prompt takes {len(self.prompt)} tokens, and the model reads {context} at most",
                prompt_tokens=len(self.prompt),
                context_length=context,
            )
        self.length = len(self.prompt)
        """Tokens of prompt and answer that the model has been given or is given next."""
        self.next_token = 0
        self.is_over = False
        self._model = model
        self._left = min(job.request.max_tokens, context - len(self.prompt))
        self._chooser = Chooser(job.request.sampling, self.prompt)
        self._scanner = StopScanner(job.request.stop)
        self._written = 0
        self._text = _TextStream(model.text_of)

    def take(self, logits: Tensor) -> None:
        """Go on by the logits behind the last token, (V,)."""
        token = self._chooser.choose(logits)
        self._written += 1
        if token in self._model.ends:
            self._flush()
            self._end(Reason.END)
            return
        self._show(self._token(token, logits))
        if self._scanner.has_stopped:
            self._end(Reason.STOP)
        elif self._written >= self._left:
            self._flush()
            self._end(Reason.LENGTH)
        else:
            self.next_token = token
            self.length += 1

    def _token(self, token: int, logits: Tensor) -> Token:
        text = self._text.push(token)
        alternatives = self.job.request.alternatives
        if alternatives is None:
            return Token(text, token)
        value, likely = likelihoods(self._model, logits, token, alternatives)
        return Token(text, token, value, tuple(likely))

    def _show(self, token: Token) -> None:
        for shown in self._scanner.push(token):
            self.job.channel.put(shown)

    def _flush(self) -> None:
        rest = self._text.flush()
        if rest:
            self._show(Token(rest))
        for shown in self._scanner.flush():
            self.job.channel.put(shown)

    def _end(self, reason: Reason) -> None:
        self.is_over = True
        self.job.channel.put(End(reason, len(self.prompt), self._written))
        self.job.channel.close()


class _TextStream:
    """Text of tokens that come one by one: characters only when they are whole."""

    def __init__(self, text_of: Callable[[list[int]], str]) -> None:
        self._text_of = text_of
        self._tokens: list[int] = []
        self._shown = 0
        """Tokens whose text was given already; a few of them stay, since a token's text depends on its neighbours."""

    def push(self, token: int) -> str:
        """The text that this token completes; empty while a character is unfinished."""
        self._tokens.append(token)
        new = self._new()
        if new.endswith(UNFINISHED) and len(self._tokens) - self._shown < MOST_BYTES_OF_A_CHARACTER:
            return ""
        return self._give(new)

    def flush(self) -> str:
        """What is left of an unfinished character."""
        return self._give(self._new()) if self._shown < len(self._tokens) else ""

    def _new(self) -> str:
        before = self._text_of(self._tokens[: self._shown])
        return self._text_of(self._tokens)[len(before) :]

    def _give(self, text: str) -> str:
        del self._tokens[: max(0, len(self._tokens) - MOST_BYTES_OF_A_CHARACTER)]
        self._shown = len(self._tokens)
        return text


@dataclass(slots=True)
class _Prefill:
    """A prompt that is being read, a piece at a time."""

    row: Row
    cache: Cache
    done: int = 0


@dataclass(slots=True)
class Batch:
    """All answers under way.

    Rows of different length stand flush right: shorter ones begin with padding that the mask hides.
    """

    model: LoadedModel
    rows: list[Row] = field(default_factory=list[Row])
    _cache: Cache | None = None
    _mask: Tensor = field(default_factory=lambda: torch.zeros(0, 0, dtype=torch.long))
    """(B, S): 1 where the cache holds a token of the row."""
    _prefill: _Prefill | None = None

    @property
    def is_busy(self) -> bool:
        return bool(self.rows) or self._prefill is not None

    @property
    def can_take(self) -> bool:
        """A further answer may begin."""
        return self._prefill is None and len(self.rows) < self.model.capabilities.parallel

    def begin(self, job: Job) -> None:
        """Begin to read a prompt.

        Raises:
            PromptTooLong: it does not fit.
        """
        self._prefill = _Prefill(Row(job, self.model), self.model.new_cache())

    def jobs(self) -> list[Job]:
        return [row.job for row in self.rows] + ([self._prefill.row.job] if self._prefill else [])

    def step(self) -> None:
        """One token for each answer, and one piece of the prompt that is being read."""
        with torch.inference_mode():
            self._drop_ended()
            if self.rows:
                self._write()
            if self._prefill is not None:
                self._read(self._prefill)
            self._drop_ended()

    def _read(self, prefill: _Prefill) -> None:
        row, begin = prefill.row, prefill.done
        if row.job.is_cancelled:
            self._prefill = None
            return
        end = min(begin + PROMPT_CHUNK_TOKENS, len(row.prompt))
        tokens = torch.tensor([row.prompt[begin:end]])
        mask = torch.ones(1, end, dtype=torch.long)
        logits = self.model.forward(tokens, torch.arange(begin, end)[None], mask, prefill.cache)
        prefill.done = end
        if end < len(row.prompt):
            return
        self._prefill = None
        row.take(logits[0])
        if not row.is_over:
            self._join(row, prefill.cache)

    def _write(self) -> None:
        assert self._cache is not None
        tokens = torch.tensor([[row.next_token] for row in self.rows])
        positions = torch.tensor([[row.length - 1] for row in self.rows])
        self._mask = pad(self._mask, (0, 1), value=1)
        logits = self.model.forward(tokens, positions, self._mask, self._cache)
        for row, its_logits in zip(self.rows, logits, strict=True):
            if not row.job.is_cancelled:
                row.take(its_logits)

    def _join(self, row: Row, cache: Cache) -> None:
        """Put a row under the others, both padded to the longer one's length."""
        own = torch.ones(1, len(row.prompt), dtype=torch.long)
        self.rows.append(row)
        if self._cache is None:
            self._cache, self._mask = cache, own
            return
        length = max(self._mask.shape[1], own.shape[1])
        self._mask = torch.cat([_flush_right(self._mask, length), _flush_right(own, length)])
        for ours, theirs in zip(self._cache.layers, cache.layers, strict=True):
            ours.keys = torch.cat([_flush_right(ours.keys, length, 2), _flush_right(theirs.keys, length, 2)])
            ours.values = torch.cat([_flush_right(ours.values, length, 2), _flush_right(theirs.values, length, 2)])

    def _drop_ended(self) -> None:
        kept = [index for index, row in enumerate(self.rows) if not row.is_over and not row.job.is_cancelled]
        if len(kept) == len(self.rows):
            return
        self.rows = [self.rows[index] for index in kept]
        if not kept or self._cache is None:
            self._cache, self._mask = None, torch.zeros(0, 0, dtype=torch.long)
            return
        self._mask = self._mask[kept]
        padding = int(self._mask.argmax(dim=1).min())  # columns that are padding in every row that is left
        self._mask = self._mask[:, padding:]
        for layer in self._cache.layers:
            rows = torch.tensor(kept, device=layer.keys.device)
            layer.keys = layer.keys[rows][:, :, padding:]
            layer.values = layer.values[rows][:, :, padding:]


def _flush_right(tensor: Tensor, length: int, dimension: int = 1) -> Tensor:
    """Zeros in front, so that the dimension has this length."""
    missing = length - tensor.shape[dimension]
    behind = (0, 0) * (tensor.ndim - 1 - dimension)
    return pad(tensor, (*behind, missing, 0))
