"""Reward models: a model learns to score replies as people ranked them."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from random import Random
from statistics import fmean
from typing import Any, cast

from datasets import Dataset  # pyright: ignore[reportMissingTypeStubs] - it has none
from trl.trainer.reward_config import RewardConfig
from trl.trainer.reward_trainer import RewardTrainer

from oa.domain.samples import Kind, RankedGroup, texts_of
from oa.errors import BadTrainingData, TrainingStopped
from oa.train.corpus import Corpus, epoch_of, gathered
from oa.train.hugging_face import RunMixin, arguments, hush_libraries
from oa.train.inspection import check, inspected
from oa.train.losses import ranking_loss
from oa.train.metrics import ranking_figures
from oa.train.models import adapted, among_libraries, model_of, with_adapters
from oa.train.recipe import Recipe
from oa.train.rollouts import right_filled
from oa.train.run import Run, digest_of, model_card, write_whole
from oa.train.sft import limits, why
from oa.train.tokens import Encoder
from oa.train.vocabulary import tokenizer_of

SCORE_L2 = 0.001
"""Weight of the scores' squares. Source: Open-Assistant's `score_l2_reg`"""

FIGURES = ("accuracy_pairs", "accuracy_best_worst", "kendall_tau", "margin")


@dataclass(frozen=True, slots=True)
class GroupCollator:
    """Makes batches of groups that are named by their number: every reply is computed once, whatever the pairs."""

    groups: Sequence[RankedGroup]
    encoder: Encoder

    def __call__(self, named: Sequence[Mapping[str, int]]) -> dict[str, Any]:
        rows: list[list[int]] = []
        ranks: list[int] = []
        sizes: list[int] = []
        for group in (self.groups[one["group"]] for one in named):
            for reply in group.replies:
                before, after = self.encoder.reply(group.prompt, reply)
                rows.append([*before, *after])
            ranks += group.ranks
            sizes.append(len(group.replies))
        return {"replies": dict(right_filled(rows, self.encoder.pad_id, "cpu")), "sizes": sizes, "ranks": ranks}


class _Trainer(RunMixin, RewardTrainer):
    """TRL's, on groups of ranked replies in place of pairs."""

    def _prepare_dataset(self, dataset: Any, *_: Any, **__: Any) -> Any:
        return dataset

    def compute_loss(
        self, model: Any, inputs: dict[str, Any], return_outputs: bool = False, num_items_in_batch: Any = None
    ) -> Any:
        output = model(**inputs["replies"])
        scores = output.logits[:, 0].float()
        loss = ranking_loss(scores, inputs["sizes"], l2=SCORE_L2, ranks=inputs["ranks"])
        figures = asdict(ranking_figures(scores.tolist(), inputs["sizes"], inputs["ranks"]))
        kept: dict[str, list[float]] = cast(Any, self)._metrics["train" if model.training else "eval"]
        for name in FIGURES:
            kept[name].append(figures[name])
        return (loss, output) if return_outputs else loss

    def log(self, logs: dict[str, float], start_time: float | None = None) -> None:
        """Figures of held-out data are named after their data set, as its loss is."""
        found = next((name.removesuffix("_loss") for name in logs if name.startswith("eval") and "_loss" in name), None)
        if found is not None:
            kept: dict[str, list[float]] = cast(Any, self)._metrics["eval"]
            logs |= {f"{found}_{name}": fmean(values) for name, values in kept.items() if values}
            kept.clear()
        super().log(logs, start_time)

    def prediction_step(self, model: Any, inputs: dict[str, Any], *_: Any, **__: Any) -> Any:
        import torch

        with torch.no_grad():
            return self.compute_loss(model, cast(Any, self)._prepare_inputs(inputs)).detach(), None, None


def train(run: Run) -> bool:
    """Train as a run's recipe says, from where it left off; the finished model goes to `run.final`.

    Returns:
        Whether it got to its end, or was asked to stop before.

    Raises:
        BadTrainingData: nothing in the data ranks replies, or too much of it would be lost.
        BadFile, BadModel, InvalidSetting: something that the recipe names cannot be had.
        TrainingStopped: the loss ran away, or there is no memory left.
    """
    recipe = run.recipe
    hush_libraries()
    corpora: list[Corpus[RankedGroup]] = gathered(recipe, (Kind.RANKED,))
    run.note_data([digest_of(Path(source.path).expanduser()) for source in recipe.data])
    samples = _telling(epoch_of(corpora, 0, recipe.seed))
    if not samples:
        raise BadTrainingData("the data ranks nothing: every group has one reply, or replies that are equally good")
    tokenizer, added = tokenizer_of(recipe.model, (text for one in samples for text in texts_of(one)))
    encoder = Encoder(tokenizer, recipe.model.template, limits(recipe))
    check(inspected(samples, encoder)[1], recipe.inspection)
    model = trainee(recipe, tokenizer, added)
    trainer = _trainer(run, model, encoder, corpora)
    try:
        with among_libraries():
            trainer.go_on()
    except RuntimeError as error:
        raise TrainingStopped(why(error)) from error
    if trainer.state.global_step < trainer.state.max_steps and run.should_stop:
        return False
    figures: dict[str, float] = {}
    with among_libraries():
        if cast(Any, trainer).eval_dataset:
            figures = trainer.evaluate()
        trainer.save_model(str(run.final))
    tokenizer.save_pretrained(str(run.final))
    shown = {name: value for name, value in figures.items() if name.endswith(("loss", *FIGURES))}
    write_whole(run.final / "README.md", model_card(run, shown).encode())
    return True


def _telling(groups: Sequence[RankedGroup]) -> list[RankedGroup]:
    """Those that rank anything: a group of one, or of equals, does not."""
    return [group for group in groups if len(set(group.ranks)) > 1]


def trainee(recipe: Recipe, tokenizer: Any, added: Sequence[str]) -> Any:
    """The model of a recipe with a score head, ready to be trained."""
    from transformers import set_seed

    set_seed(recipe.seed)
    model = model_of(recipe.model, tokenizer, "SEQ_CLS")
    if not recipe.lora.enabled:
        return model
    if recipe.training.gradient_checkpointing:
        model.enable_input_require_grads()
    if recipe.model.adapter is not None:
        return adapted(model, recipe.model.adapter)
    return with_adapters(model, recipe.lora, "SEQ_CLS", tokenizer.convert_tokens_to_ids(list(added)))


def _trainer(run: Run, model: Any, encoder: Encoder, corpora: Sequence[Corpus[RankedGroup]]) -> _Trainer:
    recipe = run.recipe
    groups: list[RankedGroup] = []
    for epoch in range(math.ceil(recipe.training.epochs)):
        drawn = _telling(epoch_of(corpora, epoch, recipe.seed))
        Random(f"{recipe.seed}/{epoch}/groups").shuffle(drawn)
        groups += drawn[: max(1, round(len(drawn) * min(1.0, recipe.training.epochs - epoch)))]
    dataset: Any = Dataset
    data: dict[str, Any] = {"train_dataset": dataset.from_dict({"group": list(range(len(groups)))}), "eval_dataset": {}}
    for one in corpora:
        held_out = _telling(one.held_out)
        if held_out:
            numbers = list(range(len(groups), len(groups) + len(held_out)))
            data["eval_dataset"][one.source.title] = dataset.from_dict({"group": numbers})
            groups += held_out
    data["eval_dataset"] = data["eval_dataset"] or None
    with among_libraries():
        made = _Trainer(
            model=model,
            args=RewardConfig(**arguments(run), max_length=None),
            data_collator=cast(Any, GroupCollator(groups, encoder)),
            processing_class=encoder.tokenizer,
            **data,
        )
    made.model_accepts_loss_kwargs = False  # the loss is a mean over a batch's groups, not over its tokens
    made.attach(run)
    return made
