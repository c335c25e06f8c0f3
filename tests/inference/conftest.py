from __future__ import annotations

from pathlib import Path

import pytest
from tiny_models import TinyModel, make_tiny_model


@pytest.fixture(scope="session")
def tiny_model(tmp_path_factory: pytest.TempPathFactory) -> TinyModel:
    return make_tiny_model(tmp_path_factory.mktemp("models"))


@pytest.fixture(scope="session")
def tiny_gguf(tiny_model: TinyModel) -> Path:
    return tiny_model.gguf
