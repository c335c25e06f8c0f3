"""The built-in model: about a million parameters, so that chat works without a download. MODEL_CARD.md says what of it.

`scripts/build_model` makes it.
"""

from __future__ import annotations

from pathlib import Path

NAME = "oa-demo"
"""What the model is called."""


def path() -> Path:
    """The GGUF file. It lies beside this module, as part of the package."""
    return Path(__file__).with_name(f"{NAME}.q8_0.gguf")
