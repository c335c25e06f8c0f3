"""A static graph cannot tell an import inside a function from one at the top: here each module is really imported."""

from __future__ import annotations

import pkgutil
import subprocess
import sys

import pytest

import oa.domain

MODEL_LIBRARIES = frozenset({"bitsandbytes", "exllamav2", "peft", "torch", "transformers", "trl", "xllamacpp"})
SERVER_LIBRARIES = frozenset({"litestar", "uvicorn", "sqlalchemy", "sqlmodel", "alembic", "aiosqlite"})
HEAVY = MODEL_LIBRARIES | SERVER_LIBRARIES | {"textual", "httpx"}
INPUT_AND_OUTPUT = frozenset({"asyncio", "msgspec", "pydantic", "sqlite3", "socket"})


def loaded_by(code: str) -> set[str]:
    """The top-level packages in memory after `code` has run in a process of its own."""
    program = f"import sys\ntry:\n    {code}\nfinally:\n    sys.stderr.write('|'.join(sys.modules))"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return {module.partition(".")[0] for module in done.stderr.split("|")}


@pytest.mark.parametrize("arguments", [["--help"], ["serve", "--help"], ["config", "show"], ["--version"]])
def test_a_command_that_only_talks_loads_nothing_heavy(arguments: list[str]) -> None:
    loaded = loaded_by(f"from oa.cli.main import entry; entry({arguments})")
    assert "typer" in loaded
    assert loaded & HEAVY == set()


@pytest.mark.parametrize("arguments", [["data", "formats"], ["train", "recipe", "--size", "tiny"]])
def test_data_and_recipes_need_no_library_for_models_or_columns(arguments: list[str]) -> None:
    loaded = loaded_by(f"from oa.cli.main import entry; entry({arguments})")
    assert loaded & (HEAVY | {"pyarrow", "datasets"}) == set()


def test_the_settings_need_no_framework() -> None:
    assert loaded_by("import oa.config") & (HEAVY | {"typer", "rich"}) == set()


def test_the_errors_need_nothing() -> None:
    assert loaded_by("import oa.errors") & (HEAVY | INPUT_AND_OUTPUT | {"typer", "rich"}) == set()


def test_the_domain_needs_only_the_standard_library_without_its_input_and_output() -> None:
    modules = [module.name for module in pkgutil.walk_packages(oa.domain.__path__, "oa.domain.")]
    assert "oa.domain.consensus" in modules
    assert loaded_by(f"import {', '.join(modules)}") & (HEAVY | INPUT_AND_OUTPUT | {"typer", "rich"}) == set()


def test_the_hub_runs_without_model_libraries_and_screens() -> None:
    loaded = loaded_by("import oa.server.run")
    assert "litestar" in loaded
    assert loaded & (MODEL_LIBRARIES | {"textual"}) == set()


def test_models_are_managed_without_the_libraries_that_run_them() -> None:
    loaded = loaded_by("import oa.inference.service, oa.inference.inspection, oa.cli.model")
    assert loaded & (MODEL_LIBRARIES | {"gguf", "httpx", "huggingface_hub", "jinja2", "numpy"}) == set()
