from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from exl2_models import make_model

from oa.cli.main import entry
from oa.inference.inspection import ModelKind, inspect


def run(capsys: pytest.CaptureFixture[str], *arguments: object) -> tuple[int, str, str]:
    with pytest.raises(SystemExit) as left:
        entry([*map(str, arguments)])
    said = capsys.readouterr()
    return int(left.value.code or 0), said.out, said.err


@pytest.fixture(scope="module")
def llama(tmp_path_factory: pytest.TempPathFactory) -> Path:
    facts = {"num_hidden_layers": 1, "intermediate_size": 128, "vocab_size": 300}
    return make_model(tmp_path_factory.mktemp("llama"), "Llama", **facts)


SHORT = ("--rows", 4, "--length", 16, "--json")


def test_a_model_becomes_several_that_are_smaller(
    llama: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code, out, _ = run(capsys, "quant", llama, "-o", tmp_path / "out", "--bpw", "6.0,3.5", *SHORT)

    records = json.loads(out)
    assert code == 0
    assert [Path(record["directory"]) for record in records] == [tmp_path / "out" / "3.5bpw", tmp_path / "out" / "6bpw"]
    assert [record["asked"] for record in records] == [3.5, 6.0]
    assert len(records[0]["bits_of"]) == 7

    found = inspect(tmp_path / "out" / "6bpw")
    assert (found.kind, found.verdicts[1].obstacle) == (ModelKind.EXL2, None)


def test_a_calibration_file_is_taken(llama: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "text.txt").write_text("The cat sat on the mat. " * 40)

    flags = ("--bpw", "5", "--calibration", tmp_path / "text.txt", *SHORT)
    code, out, _ = run(capsys, "quant", llama, "-o", tmp_path / "out", *flags)

    config = json.loads((tmp_path / "out" / "config.json").read_text())
    assert code == 0
    assert json.loads(out)[0]["bits"] <= 5
    assert config["quantization_config"]["calibration"]["dataset"] == "text.txt"


def test_a_short_calibration_file_leaves_nothing(
    llama: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "text.txt").write_text("The cat sat.")

    flags = ("--bpw", "5,6", "--calibration", tmp_path / "text.txt", *SHORT)
    code, _, err = run(capsys, "quant", llama, "-o", tmp_path / "out", *flags)

    assert code == 1
    assert "calibration needs" in err
    assert [file.name for file in tmp_path.iterdir()] == ["text.txt"]


@pytest.mark.parametrize(
    ("arguments", "code", "reason"),
    [
        (("nowhere", "-o", "out", "--bpw", "4"), 1, "nowhere is no directory"),
        (("nowhere", "-o", "out", "--bpw", "four"), 2, "--bpw takes numbers such as 4.0"),
        (("nowhere", "-o", "out", "--bpw", "12"), 2, "2 to 8 bits, not 12"),
        (("nowhere", "-o", "out"), 2, "Missing option '--bpw'"),
        (("gguf", "nowhere", "-o", "out.gguf"), 1, "nowhere has no"),
        (("gguf", "nowhere", "-o", "out.gguf", "--format", "q3"), 2, "there are f32, f16, q8_0"),
    ],
)
def test_mistakes_get_a_sentence(
    arguments: tuple[str, ...],
    code: int,
    reason: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)

    found, _, err = run(capsys, "quant", *arguments)

    assert (found, reason in err) == (code, True), err
    assert not list(tmp_path.iterdir())


def test_gguf_is_written_and_not_written_over(llama: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = run(capsys, "quant", "gguf", llama, "-o", tmp_path / "model.gguf", "--json")

    assert code == 0
    assert json.loads(out)["bytes"] == (tmp_path / "model.gguf").stat().st_size
    assert run(capsys, "quant", "gguf", llama, "-o", tmp_path / "model.gguf")[0] == 2


def test_help_comes_without_torch() -> None:
    code = "import sys; from oa.cli.main import app; app(['quant', 'exl2', '--help'], standalone_mode=False)"
    looked = "; sys.exit('torch' in sys.modules)"

    done = subprocess.run([sys.executable, "-c", code + looked], capture_output=True, text=True, check=False)

    assert done.returncode == 0, done.stderr
    assert "--calibration" in done.stdout
