"""Trains the built-in model from nothing, on one thread of a processor."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from itertools import islice

import torch
from torch.nn import functional
from torch.optim import AdamW, Muon, Optimizer
from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

from oa.demo.courses import FIRST_COURSE, SECOND_COURSE, THIRD_COURSE, Course
from oa.demo.lessons import Teacher

IGNORED = -100
"""Labels of what is not learnt: everything but the assistant's words."""


@dataclass(frozen=True, slots=True)
class Term:
    """A course, how many steps it takes, and its highest learning rates as a share of the plan's."""

    course: Course
    steps: int
    rate: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What is trained, and for how long."""

    seed: int = 0
    vocabulary: int = 1536
    tokenizer_lessons: int = 8000
    context: int = 1024
    hidden: int = 128
    feed_forward: int = 384
    layers: int = 4
    heads: int = 4
    key_value_heads: int = 2
    terms: tuple[Term, ...] = (
        Term(FIRST_COURSE, 5000, 1.0),
        Term(SECOND_COURSE, 1000, 0.5),
        Term(THIRD_COURSE, 1200, 0.5),
        Term(THIRD_COURSE, 700, 0.4),
    )
    batch_tokens: int = 1024
    matrix_rate: float = 0.02
    """Of Muon, which trains the matrices inside the layers."""
    other_rate: float = 0.004
    """Of AdamW, which trains embeddings and norms."""
    weight_decay: float = 0.05
    warm_up_steps: int = 100


def shortened(plan: Plan, steps: int) -> Plan:
    """The same plan with at most so many steps in each term."""
    return replace(plan, terms=tuple(replace(term, steps=min(term.steps, steps)) for term in plan.terms))


@dataclass(frozen=True, slots=True)
class Trained:
    """What training took, and the mean loss of the last steps in nats a token."""

    processor_s: float
    loss: float


@dataclass(frozen=True, slots=True)
class Batch:
    """Lessons of about one length, padded on the right: (B, T) token ids, and labels where something is learnt."""

    ids: torch.Tensor
    labels: torch.Tensor


def new_model(plan: Plan, tokenizer: PreTrainedTokenizerFast) -> LlamaForCausalLM:
    """A model of random weights."""
    torch.manual_seed(plan.seed)
    return LlamaForCausalLM(
        LlamaConfig(
            vocab_size=plan.vocabulary,
            hidden_size=plan.hidden,
            intermediate_size=plan.feed_forward,
            num_hidden_layers=plan.layers,
            num_attention_heads=plan.heads,
            num_key_value_heads=plan.key_value_heads,
            max_position_embeddings=plan.context,
            tie_word_embeddings=True,
            bos_token_id=tokenizer.bos_token_id,
            eos_token_id=tokenizer.eos_token_id,
            pad_token_id=tokenizer.pad_token_id,
            rope_parameters={"rope_type": "default", "rope_theta": 10000.0},
        )
    )


def train(
    model: LlamaForCausalLM,
    tokenizer: PreTrainedTokenizerFast,
    plan: Plan,
    report: Callable[[str], None],
) -> Trained:
    """Every lesson is new: none is given twice. `report` is told how it goes, a line every 50 steps."""
    started, loss = time.process_time(), 0.0
    for number in range(len(plan.terms)):
        loss = teach(model, tokenizer, plan, number, report)
    return Trained(processor_s=time.process_time() - started, loss=loss)


def teach(
    model: LlamaForCausalLM,
    tokenizer: PreTrainedTokenizerFast,
    plan: Plan,
    number: int,
    report: Callable[[str], None],
) -> float:
    """One term; the mean loss of its last steps."""
    term, optimizers = plan.terms[number], _optimizers(model, plan)
    losses, mean = list[float](), 0.0
    for step, batch in enumerate(islice(batches(tokenizer, plan, number), term.steps)):
        rate = _rate(step, term, plan.warm_up_steps)
        for optimizer in optimizers:
            for group in optimizer.param_groups:
                group["lr"] = group["initial_lr"] * rate
        loss = _loss(model, batch)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        for optimizer in optimizers:
            optimizer.step()
            optimizer.zero_grad(set_to_none=True)
        losses.append(loss.item())
        if (step + 1) % 50 == 0:
            mean = sum(losses) / len(losses)
            report(f"term {number + 1}, step {step + 1}/{term.steps}: loss {mean:.4f}")
            losses.clear()
    return mean


def batches(tokenizer: PreTrainedTokenizerFast, plan: Plan, number: int = 0) -> Iterator[Batch]:
    """Batches of about `batch_tokens` for a term, without end; lessons of like length go together."""
    rng = random.Random(plan.seed + number)
    lessons = Teacher(plan.seed + number, plan.terms[number].course).lessons()
    while True:
        some = [_tokens(tokenizer, lesson.messages()) for lesson in islice(lessons, 1024)]
        some.sort(key=lambda tokens: len(tokens[0]))
        made: list[Batch] = []
        first = 0
        while first < len(some):
            longest = len(some[min(first + plan.batch_tokens // len(some[first][0]), len(some)) - 1][0])
            count = max(1, plan.batch_tokens // longest)
            made.append(_batch(some[first : first + count], tokenizer))
            first += count
        rng.shuffle(made)
        yield from made


def _tokens(tokenizer: PreTrainedTokenizerFast, messages: list[dict[str, str]]) -> tuple[list[int], list[int]]:
    encoded = tokenizer.apply_chat_template(
        messages, tokenize=True, return_dict=True, return_assistant_tokens_mask=True
    )
    ids, learnt = encoded["input_ids"], encoded["assistant_masks"]
    return ids, [token if is_learnt else IGNORED for token, is_learnt in zip(ids, learnt, strict=True)]


def _batch(some: list[tuple[list[int], list[int]]], tokenizer: PreTrainedTokenizerFast) -> Batch:
    length = max(len(ids) for ids, _ in some)
    ids = torch.full((len(some), length), tokenizer.pad_token_id)
    labels = torch.full((len(some), length), IGNORED)
    for row, (tokens, wanted) in enumerate(some):
        ids[row, : len(tokens)] = torch.tensor(tokens)
        labels[row, : len(wanted)] = torch.tensor(wanted)
    return Batch(ids, labels)


def _loss(model: LlamaForCausalLM, batch: Batch) -> torch.Tensor:
    """Mean cross-entropy of the learnt tokens, in nats; the vocabulary is only looked through where one comes next.

    No mask: attention looks back only, and the padding is behind.
    """
    hidden = model.model(batch.ids, use_cache=False).last_hidden_state[:, :-1]
    labels = batch.labels[:, 1:]
    learnt = labels != IGNORED
    return functional.cross_entropy(model.lm_head(hidden[learnt]), labels[learnt])


def _optimizers(model: LlamaForCausalLM, plan: Plan) -> tuple[Optimizer, ...]:
    inside = [weight for name, weight in model.named_parameters() if ".layers." in name and weight.ndim == 2]
    others = [weight for name, weight in model.named_parameters() if ".layers." not in name or weight.ndim != 2]
    optimizers = (
        Muon(inside, lr=plan.matrix_rate, weight_decay=plan.weight_decay, momentum=0.95),
        AdamW(others, lr=plan.other_rate, weight_decay=0.0, betas=(0.9, 0.98)),
    )
    for optimizer in optimizers:
        for group in optimizer.param_groups:
            group["initial_lr"] = group["lr"]
    return optimizers


def _rate(step: int, term: Term, warm_up_steps: int) -> float:
    """Up to the term's rate over the warm-up, then down to 0 in a straight line."""
    if step < warm_up_steps:
        return term.rate * (step + 1) / warm_up_steps
    return term.rate * (term.steps - step) / max(1, term.steps - warm_up_steps)
