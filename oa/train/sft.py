"""Supervised fine-tuning: a model learns to answer as in the data."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, cast

from datasets import Dataset  # pyright: ignore[reportMissingTypeStubs] - it has none
from trl.trainer.sft_config import SFTConfig
from trl.trainer.sft_trainer import SFTTrainer

from oa.domain.samples import Kind, Speaker, Turn, texts_of
from oa.errors import TrainingStopped
from oa.train.corpus import Corpus, epoch_of, gathered
from oa.train.hugging_face import RunMixin, arguments, hush_libraries
from oa.train.inspection import check, inspected
from oa.train.models import adapted, among_libraries, model_of, with_adapters
from oa.train.recipe import Recipe, Sampling
from oa.train.rows import Learned, RowCollator, Rows, measured
from oa.train.run import Run, digest_of, model_card, write_whole
from oa.train.tokens import Encoder, Limits
from oa.train.vocabulary import tokenizer_of

KINDS = (Kind.CONVERSATION, Kind.TEXT)


class _Trainer(RunMixin, SFTTrainer):
    """TRL's, on rows that are tokens and labels already."""


def train(run: Run) -> bool:
    """Train as a run's recipe says, from where it left off; the finished model goes to `run.final`.

    Returns:
        Whether it got to its end, or was asked to stop before.

    Raises:
        BadTrainingData: the data would teach too little.
        BadFile, BadModel, InvalidSetting: something that the recipe names cannot be had.
        TrainingStopped: the loss ran away, or there is no memory left.
    """
    recipe = run.recipe
    hush_libraries()
    corpora: list[Corpus[Learned]] = gathered(recipe, KINDS)
    run.note_data([digest_of(Path(source.path).expanduser()) for source in recipe.data])
    samples = epoch_of(corpora, 0, recipe.seed)
    tokenizer, added = tokenizer_of(recipe.model, (text for one in samples for text in texts_of(one)))
    check(inspected(samples, Encoder(tokenizer, recipe.model.template, limits(recipe)))[1], recipe.inspection)
    model = trainee(recipe, tokenizer, added)
    trainer = _trainer(run, model, tokenizer, corpora)
    try:
        with among_libraries():
            trainer.go_on()
    except RuntimeError as error:
        raise TrainingStopped(why(error)) from error
    if trainer.state.global_step < trainer.state.max_steps and run.should_stop:
        return False
    _finish(run, trainer, tokenizer)
    return True


def limits(recipe: Recipe) -> Limits:
    """How a recipe cuts and varies samples."""
    training = recipe.training
    return Limits(
        max_length=training.max_length,
        random_offset=training.random_offset,
        tag_dropout=training.tag_dropout,
        system=training.system_message,
    )


def trainee(recipe: Recipe, tokenizer: Any, added: Sequence[str]) -> Any:
    """The model of a recipe, ready to be trained."""
    from transformers import set_seed

    set_seed(recipe.seed)
    model = model_of(recipe.model, tokenizer)
    if not recipe.lora.enabled:
        return model
    if recipe.training.gradient_checkpointing:
        model.enable_input_require_grads()
    if recipe.model.adapter is not None:
        return adapted(model, recipe.model.adapter)
    return with_adapters(model, recipe.lora, new_tokens=tokenizer.convert_tokens_to_ids(list(added)))


def _trainer(run: Run, model: Any, tokenizer: Any, corpora: Sequence[Corpus[Learned]]) -> _Trainer:
    recipe = run.recipe
    encoder = Encoder(tokenizer, recipe.model.template, limits(recipe))
    rows = Rows(corpora, encoder, recipe)
    dataset: Any = Dataset
    kept = {one.source.title: measured(one.held_out, encoder) for one in corpora}
    options: Any = {"dataset_kwargs": {"skip_prepare_dataset": True}, "max_length": recipe.training.max_length}
    data: Any = {
        "train_dataset": dataset.from_dict({"row": list(range(len(rows)))}),
        "eval_dataset": {name: dataset.from_list(found) for name, found in kept.items() if found} or None,
    }
    with among_libraries():
        made = _Trainer(
            model=model,
            args=SFTConfig(**arguments(run), **options),
            data_collator=RowCollator(rows, encoder.pad_id, recipe.training.packing),
            processing_class=tokenizer,
            **data,
        )
    made.attach(run, lambda: asked(model, encoder, recipe.sampling))
    return made


def asked(model: Any, encoder: Encoder, sampling: Sampling) -> list[dict[str, str]]:
    """What a model answers to a recipe's prompts, without any trace in the chance that training draws from."""
    import torch

    was_training = model.training
    model.eval()
    drawn = {"do_sample": True, "temperature": sampling.temperature} if sampling.temperature else {"do_sample": False}
    found: list[dict[str, str]] = []
    fork_rng = cast(Any, torch.random).fork_rng
    with torch.no_grad(), fork_rng():
        for prompt in sampling.prompts:
            ids = encoder.prompt([Turn(Speaker.USER, prompt)], encoder.limits.max_length)
            given = torch.tensor([ids], device=model.device)
            made = model.generate(
                input_ids=given,
                attention_mask=torch.ones_like(given),
                max_new_tokens=sampling.max_new_tokens,
                eos_token_id=encoder.end_id,
                pad_token_id=encoder.pad_id,
                **drawn,
            )
            answer = encoder.tokenizer.decode(made[0, len(ids) :], skip_special_tokens=True)
            found.append({"prompt": prompt, "answer": str(answer)})
    model.train(was_training)
    return found


def _finish(run: Run, trainer: _Trainer, tokenizer: Any) -> None:
    figures: dict[str, float] = {}
    with among_libraries():
        if cast(Any, trainer).eval_dataset:
            figures = trainer.evaluate()
        trainer.save_model(str(run.final))
    tokenizer.save_pretrained(str(run.final))
    shown = {name: value for name, value in figures.items() if name.endswith(("loss", "accuracy"))}
    write_whole(run.final / "README.md", model_card(run, shown).encode())


def why(error: RuntimeError) -> str:
    """What a failure of torch means for whoever trains, in a sentence."""
    sentence = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
    if "out of memory" in sentence.lower() or "can't allocate memory" in sentence.lower():
        return (
            "there is not enough memory: halve training.batch_size and double training.accumulation, lower "
            "training.max_length, or set training.gradient_checkpointing=true; the latest checkpoint is kept"
        )
    return f"the training broke off: {sentence}; the latest checkpoint is kept"
