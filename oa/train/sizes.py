"""The dial of a recipe: what a stage and a size set where nothing is said."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType


class Stage(StrEnum):
    SFT = "sft"
    REWARD = "reward"
    PPO = "ppo"
    DPO = "dpo"
    KTO = "kto"


class Size(StrEnum):
    TINY = "tiny"
    """A new model of about a million parameters, in minutes on a processor: to try things out."""
    SMALL = "small"
    """Adapters on a model of up to 3 billion parameters, on a card with 12 GB."""
    MEDIUM = "medium"
    """Adapters on a model of up to 13 billion parameters in four bits, on a card with 24 GB."""
    FULL = "full"
    """Every weight of a model, on as many cards as that takes."""


STAGES: Mapping[Stage, Mapping[str, object]] = MappingProxyType(
    {
        Stage.SFT: {},
        Stage.REWARD: {"training.epochs": 2.0},
        Stage.PPO: {"training.epochs": 1.0},
        Stage.DPO: {"training.epochs": 1.0},
        Stage.KTO: {"training.epochs": 1.0},
    }
)

SIZES: Mapping[Size, Mapping[str, object]] = MappingProxyType(
    {
        Size.TINY: {
            "lora.enabled": False,
            "training.batch_size": 16,
            "training.accumulation": 1,
            "training.max_length": 256,
            "training.learning_rate": 3e-3,
            "training.save_every": 100,
            "evaluation.every": 100,
            "sampling.every": 100,
        },
        Size.SMALL: {"training.gradient_checkpointing": True},
        Size.MEDIUM: {
            "model.quantization": "nf4",
            "lora.rank": 32,
            "lora.alpha": 64.0,
            "training.batch_size": 1,
            "training.accumulation": 16,
            "training.max_length": 2048,
            "training.optimizer": "paged_adamw_8bit",
            "training.gradient_checkpointing": True,
        },
        Size.FULL: {
            "lora.enabled": False,
            "training.max_length": 4096,
            "training.learning_rate": 1e-5,
            "training.packing": True,
            "training.gradient_checkpointing": True,
        },
    }
)
