from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from model_hub import COMMIT, ModelHub, model_hub
from tiny_models import TinyModel, make_adapter, make_tiny_model

from oa.cli.main import entry
from oa.inference import pulling
from oa.inference.models import read_registry

MEGABYTE = 1024 * 1024


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> TinyModel:
    return make_tiny_model(tmp_path_factory.mktemp("models"))


@pytest.fixture
def oa(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Callable[..., tuple[int, str, str]]:
    monkeypatch.setenv("OA_DATA_DIR", str(tmp_path / "data"))

    def run(*arguments: str) -> tuple[int, str, str]:
        with pytest.raises(SystemExit) as left:
            entry(["model", *arguments])
        told = capsys.readouterr()
        return int(left.value.code or 0), told.out, told.err

    return run


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[ModelHub]:
    monkeypatch.setenv("HF_HOME", str(tmp_path / "hf"))
    with model_hub() as hub:
        monkeypatch.setenv("HF_ENDPOINT", hub.url)
        yield hub


Run = Callable[..., tuple[int, str, str]]


def facts(out: str) -> dict[str, Any]:
    return json.loads(out)


def test_a_model_is_added_listed_made_the_default_and_removed(oa: Run, tiny: TinyModel, tmp_path: Path) -> None:
    code, out, _ = oa("add", str(tiny.gguf), "--json")
    assert code == 0
    added = facts(out)
    assert (added["name"], added["engine"], added["parameters"], added["context"]) == ("tiny", "llamacpp", 108224, 512)
    assert oa("add", str(tiny.hugging_face), "--name", "other", "--context", "256")[0] == 0
    assert oa("default", "other")[0] == 0
    listed = json.loads(oa("list", "--json")[1])
    assert [(model["name"], model["default"], model["context"]) for model in listed] == [
        ("tiny", False, 512),
        ("other", True, 256),
    ]
    assert oa("remove", "other")[0] == 0
    assert facts(oa("default", "--json")[1]) == {"name": "tiny"}
    assert tiny.hugging_face.is_dir()


def test_a_model_that_is_looked_at_says_what_runs_it_and_what_does_not(oa: Run, tiny: TinyModel) -> None:
    found = facts(oa("info", str(tiny.gguf), "--json")[1])
    assert found["kind"] == "GGUF"
    assert found["has_template"]
    assert (found["llamacpp"], found["transformers"]) == ("can run it", "reads no GGUF")
    found = facts(oa("info", str(tiny.hugging_face), "--json")[1])
    assert (found["kind"], found["architecture"], found["llamacpp"]) == (
        "Hugging Face",
        "LlamaForCausalLM",
        "reads GGUF only",
    )


def test_an_adapter_is_added_with_its_base(oa: Run, tiny: TinyModel, tmp_path: Path) -> None:
    adapter = make_adapter(tmp_path)
    code, _, err = oa("add", str(adapter))
    assert (code, "--base" in err) == (1, True)
    assert oa("add", str(adapter), "--base", str(tiny.hugging_face))[0] == 0
    (added,) = read_registry(tmp_path / "data").entries
    assert (added.path, added.adapter) == (str(tiny.hugging_face), str(adapter))


def test_an_adapter_for_another_base_is_refused(oa: Run, tiny: TinyModel, tmp_path: Path) -> None:
    code, _, err = oa("add", str(tiny.hugging_face), "--adapter", str(make_adapter(tmp_path, width=96)))
    assert code == 1
    assert "made for another base" in err
    assert "takes 96 numbers" in err


def test_a_server_is_added_by_its_address(oa: Run, tmp_path: Path) -> None:
    assert oa("add", "http://localhost:8000/v1", "--upstream-model", "big", "--key-variable", "BIG_KEY")[0] == 0
    (added,) = read_registry(tmp_path / "data").entries
    assert (added.name, added.engine, added.url, added.key_variable) == (
        "big",
        "openai",
        "http://localhost:8000/v1",
        "BIG_KEY",
    )


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("add", "/no/such/file"), "does not exist"),
        (("add", __file__), "is no GGUF file"),
        (("add", str(Path(__file__).parent)), "is no model"),
        (("add", "http://localhost/v1"), "--upstream-model"),
        (("remove", "nobody"), "there is no model 'nobody'"),
        (("default", "nobody"), "there is no model 'nobody'"),
        (("info", "nobody"), "there is no model 'nobody'"),
    ],
)
def test_what_cannot_be_done_is_said_in_a_sentence(oa: Run, arguments: tuple[str, ...], sentence: str) -> None:
    code, _, err = oa(*arguments)
    assert code == 1
    assert sentence in err
    assert "Traceback" not in err


def test_a_template_is_read_before_it_is_taken(oa: Run, tiny: TinyModel, tmp_path: Path) -> None:
    broken = tmp_path / "broken.jinja"
    broken.write_text("{% for message in messages %}\n{{ message")
    code, _, err = oa("add", str(tiny.gguf), "--template", str(broken))
    assert code == 1
    assert "line 2" in err


def test_a_model_is_fetched_by_a_pattern(oa: Run, hub: ModelHub, tiny: TinyModel, tmp_path: Path) -> None:
    hub.add("ann/tiny", **{"tiny-Q4_K_M.gguf": tiny.gguf, "tiny-Q8_0.gguf": tiny.gguf, "README.md": Path(__file__)})
    code, _, err = oa("pull", "ann/tiny")
    assert code == 1
    assert "--file" in err
    assert "tiny-Q8_0.gguf" in err
    code, out, err = oa("pull", "ann/tiny", "--file", "*Q4_K_M.gguf", "--json")
    assert code == 0, err
    pulled = facts(out)
    assert (pulled["name"], pulled["source"]) == ("tiny-q4_k_m", f"ann/tiny@{COMMIT}")
    assert Path(pulled["path"]).read_bytes() == tiny.gguf.read_bytes()
    assert tmp_path / "data" in Path(pulled["path"]).parents
    assert hub.asked == ["tiny-Q4_K_M.gguf from 0"]


def test_a_directory_is_fetched_whole(oa: Run, hub: ModelHub, tiny: TinyModel) -> None:
    hub.add("ann/tiny-hf", **{file.name: file for file in tiny.hugging_face.iterdir()}, **{"big.bin": tiny.gguf})
    code, out, err = oa("pull", "ann/tiny-hf", "--json")
    assert code == 0, err
    assert facts(out)["engine"] == "transformers"
    assert not any("big.bin" in asked for asked in hub.asked)


def test_a_broken_download_goes_on_where_it_stopped(oa: Run, hub: ModelHub, tiny: TinyModel, tmp_path: Path) -> None:
    large = tmp_path / "large.gguf"
    large.write_bytes(tiny.gguf.read_bytes().ljust(22 * MEGABYTE, b"\0"))
    hub.add("ann/large", **{"large.gguf": large})
    hub.breaks_after = 15 * MEGABYTE
    code, out, err = oa("pull", "ann/large", "--json")
    assert code == 0, err
    assert Path(facts(out)["path"]).read_bytes() == large.read_bytes()
    assert hub.asked == ["large.gguf from 0", f"large.gguf from {10 * MEGABYTE}"]  # the library keeps whole pieces


def test_what_was_fetched_is_deleted_with_the_model(oa: Run, hub: ModelHub, tiny: TinyModel) -> None:
    hub.add("ann/tiny", **{"tiny.gguf": tiny.gguf})
    path = Path(facts(oa("pull", "ann/tiny", "--json")[1])["path"])
    assert oa("pull", "ann/tiny")[0] == 0  # once more: the same model, brought up to date
    assert oa("remove", "tiny", "--files")[0] == 0
    assert not path.exists()


def test_files_of_ones_own_are_never_deleted(oa: Run, tiny: TinyModel) -> None:
    assert oa("add", str(tiny.gguf))[0] == 0
    code, _, err = oa("remove", "tiny", "--files")
    assert (code, "its files stay" in err, tiny.gguf.exists()) == (0, True, True)


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("pull", "nobody/nothing"), "there is no repository 'nobody/nothing'"),
        (("pull", "ann/tiny", "--revision", "v9"), "has no revision 'v9'"),
        (("pull", "ann/tiny", "--file", "*.bin"), "has no file like *.bin; it has tiny.gguf"),
        (("pull", "ann/words"), "holds no model"),
        (("pull", "not a name"), "cannot be fetched"),
    ],
)
def test_what_cannot_be_fetched_is_said(
    oa: Run, hub: ModelHub, tiny: TinyModel, arguments: tuple[str, ...], sentence: str
) -> None:
    hub.add("ann/tiny", **{"tiny.gguf": tiny.gguf})
    hub.add("ann/words", **{"README.md": Path(__file__)})
    code, _, err = oa(*arguments)
    assert code == 1
    assert sentence in err


def test_a_hub_that_cannot_be_reached_is_said(oa: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HF_HOME", str(tmp_path / "hf"))
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:9")
    code, _, err = oa("pull", "ann/tiny")
    assert code == 1
    assert "cannot be reached" in err


def test_a_disk_that_is_too_small_is_said_before_anything_is_fetched(
    oa: Run, hub: ModelHub, tiny: TinyModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    hub.add("ann/tiny", **{"tiny.gguf": tiny.gguf})
    monkeypatch.setattr(pulling, "SPARE_BYTES", shutil.disk_usage("/").total * 10)
    code, _, err = oa("pull", "ann/tiny")
    assert code == 1
    assert "make room first" in err
    assert hub.asked == []
