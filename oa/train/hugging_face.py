"""What our trainers that stand on transformers share: settings, the run's directory in place of theirs, stopping."""

from __future__ import annotations

import logging
import math
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from transformers import PrinterCallback, ProgressCallback, TrainerCallback
from transformers.trainer_callback import TrainerControl, TrainerState

from oa.errors import TrainingStopped
from oa.train.models import dtype_of
from oa.train.run import Run, step_of

if TYPE_CHECKING:
    from torch.utils.data import Sampler

HIDDEN = ("epoch", "num_tokens", "total_flos", "train_loss")
"""Figures of theirs that say nothing, or begin anew when a run goes on."""


def arguments(run: Run) -> dict[str, Any]:
    """A recipe in the words of transformers' `TrainingArguments`."""
    import torch

    recipe, training = run.recipe, run.recipe.training
    has_cuda = torch.cuda.is_available()
    dtype = dtype_of(recipe.model.dtype)
    return {
        "output_dir": str(run.directory / "checkpoints"),
        "num_train_epochs": 1,  # all epochs stand in a row in the data itself
        "max_steps": training.max_steps or -1,
        "per_device_train_batch_size": training.batch_size,
        "per_device_eval_batch_size": training.batch_size,
        "gradient_accumulation_steps": training.accumulation,
        "learning_rate": training.learning_rate,
        "lr_scheduler_type": str(training.schedule),
        "warmup_steps": training.warmup,
        "weight_decay": training.weight_decay,
        "adam_beta1": training.beta1,
        "adam_beta2": training.beta2,
        "adam_epsilon": training.epsilon,
        "optim": training.optimizer,
        "max_grad_norm": training.max_grad_norm,
        "gradient_checkpointing": training.gradient_checkpointing,
        "bf16": dtype is torch.bfloat16,
        "fp16": dtype is torch.float16,
        "use_cpu": not has_cuda,
        "dataloader_pin_memory": has_cuda,
        "seed": recipe.seed,
        "data_seed": recipe.seed,
        "logging_steps": training.log_every,
        "logging_nan_inf_filter": False,
        "logging_first_step": True,
        "eval_strategy": "no",
        "save_strategy": "steps",
        "save_steps": training.save_every,
        "remove_unused_columns": False,
        "disable_tqdm": True,
        "report_to": "none",
    }


Ask = Callable[[], list[dict[str, str]]]
"""Prompts with answers, as `Run.add_samples` takes them."""


class RunCallback(TrainerCallback):
    """Writes figures into a run, and saves and leaves when it should stop."""

    def __init__(self, run: Run, ask: Ask | None) -> None:
        self._run = run
        self._ask = ask
        self._best = math.inf
        self._since_best = 0

    def on_step_end(self, args: Any, state: TrainerState, control: TrainerControl, **_: Any) -> None:
        if state.global_step % self._run.recipe.evaluation.every == 0:
            control.should_evaluate = True
        sampling = self._run.recipe.sampling
        if self._ask is not None and sampling.prompts and state.global_step % sampling.every == 0:
            self._run.add_samples(state.global_step, self._ask())
        if self._run.should_stop:
            control.should_save = control.should_training_stop = True

    def on_log(
        self, args: Any, state: TrainerState, control: TrainerControl, logs: Mapping[str, Any] | None = None, **_: Any
    ) -> None:
        figures = {name: value for name, value in (logs or {}).items() if name not in HIDDEN}
        if not figures or "train_runtime" in figures:
            return
        self._run.log(state.global_step, figures)
        loss = figures.get("loss")
        if isinstance(loss, float) and not math.isfinite(loss):
            raise TrainingStopped(
                f"the loss is no number at step {state.global_step}: lower training.learning_rate, or compute in "
                "float32 (model.dtype); the latest checkpoint is of before"
            )

    def on_evaluate(self, args: Any, state: TrainerState, control: TrainerControl, **more: Any) -> None:
        patience = self._run.recipe.evaluation.patience
        losses = [value for name, value in more["metrics"].items() if name.endswith("_loss")]
        if not patience or not losses:
            return
        loss = sum(losses) / len(losses)
        self._since_best = 0 if loss < self._best else self._since_best + 1
        self._best = min(loss, self._best)
        if self._since_best >= patience:
            control.should_save = control.should_training_stop = True


class RunMixin:
    """Makes a trainer of transformers keep its checkpoints in a run, and take rows in the order in which they stand."""

    run: Run
    """Set before the trainer is made."""
    _partial: Path

    def attach(self, run: Run, ask: Ask | None = None) -> None:
        """Begin to write into a run, with nothing on the screen.

        Args:
            ask: lets the model answer the recipe's prompts.
        """
        self.run = run
        trainer: Any = self
        trainer.remove_callback(PrinterCallback)
        trainer.remove_callback(ProgressCallback)
        trainer.add_callback(RunCallback(run, ask))

    def _get_train_sampler(self, train_dataset: Any = None) -> Sampler[int]:
        from torch.utils.data import SequentialSampler

        trainer: Any = self
        return SequentialSampler(train_dataset if train_dataset is not None else trainer.train_dataset)

    def _get_output_dir(self, trial: Any) -> str:
        return str(self._partial) if hasattr(self, "_partial") else str(self.run.directory / "checkpoints")

    def _save_checkpoint(self, model: Any, trial: Any) -> None:
        trainer: Any = self
        with self.run.checkpoint(trainer.state.global_step) as place:
            self._partial = place
            super()._save_checkpoint(model, trial)  # pyright: ignore[reportAttributeAccessIssue, reportUnknownMemberType] - of the trainer that this is mixed into
        del self._partial

    def create_model_card(self, *_: Any, **__: Any) -> None:
        """None of theirs: the run has its own."""

    def go_on(self) -> None:
        """Train, from the latest checkpoint where there is one."""
        trainer: Any = self
        latest = self.run.checkpoints()
        if not latest:
            trainer.train()
            return
        self.run.go_back_to(latest[-1])
        trainer.train(resume_from_checkpoint=str(latest[-1] / f"checkpoint-{step_of(latest[-1])}"))


def hush_libraries() -> None:
    """Have the libraries say nothing on the screen, and nothing to their makers, as TRL does by itself."""
    from transformers.utils import logging as theirs

    os.environ["HF_HUB_DISABLE_TELEMETRY"] = "1"
    theirs.set_verbosity_error()
    theirs.disable_progress_bar()
    logging.getLogger("bitsandbytes").setLevel(logging.ERROR)
