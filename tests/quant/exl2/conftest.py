from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from exl2_models import make_model


@pytest.fixture(scope="session")
def model_of(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """A saved model of a kind; made once. Nothing may change it."""
    made: dict[str, Path] = {}

    def find(kind: str) -> Path:
        if kind not in made:
            made[kind] = make_model(tmp_path_factory.mktemp(kind), kind)
        return made[kind]

    return find
