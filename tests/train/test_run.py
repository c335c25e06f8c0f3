from __future__ import annotations

import json
import os
import signal
from pathlib import Path

import pytest
from sample_trees import json_lines

from oa.errors import InvalidSetting
from oa.train.recipe import LoadedRecipe, load
from oa.train.run import Run, ask_to_stop, begin, digest_of, model_card
from oa.train.sizes import Stage


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    return tmp_path / "run"


def tiny(directory: Path, *typed: str) -> LoadedRecipe:
    return load(Stage.SFT, None, ["size=tiny", f"output={directory}", *typed])


def save(run: Run, step: int) -> None:
    with run.checkpoint(step) as place:
        (place / "weights").write_text(str(step))


def test_a_run_makes_itself_again_from_its_own_recipe(directory: Path) -> None:
    run = begin(tiny(directory, "training.learning_rate=0.01"))
    assert run.is_new
    assert load(Stage.SFT, directory).recipe == run.recipe
    known = json.loads((directory / "run.json").read_text("utf-8"))
    assert known["seed"] == 1
    assert {"oa", "python"} <= set(known["versions"])


def test_metrics_are_in_the_file_at_once_and_a_figure_that_is_not_finite_is_null(directory: Path) -> None:
    run = begin(tiny(directory))
    run.log(1, {"loss": 2.5})
    run.log(2, {"loss": float("nan")})
    run.add_samples(2, [{"prompt": "q", "answer": "a"}])
    assert [(line["step"], line["loss"]) for line in json_lines(directory / "metrics.jsonl")] == [(1, 2.5), (2, None)]
    assert json_lines(directory / "samples.jsonl") == [{"step": 2, "prompt": "q", "answer": "a"}]
    run.close()


def test_the_oldest_checkpoints_go_and_half_a_one_never_counts(directory: Path) -> None:
    run = begin(tiny(directory, "training.checkpoints_kept=2"))
    for step in (2, 10, 9):
        save(run, step)
    with pytest.raises(ZeroDivisionError), run.checkpoint(11):
        raise ZeroDivisionError
    (directory / "checkpoints" / "step-12").mkdir()  # as when the machine dies
    assert [one.name for one in run.checkpoints()] == ["step-9", "step-10"]
    assert not begin(tiny(directory, "training.checkpoints_kept=2")).is_new


def test_going_back_forgets_what_comes_again(directory: Path) -> None:
    run = begin(tiny(directory))
    for step in range(1, 6):
        run.log(step, {"loss": 1.0})
        if step == 3:
            save(run, step)
    with (directory / "metrics.jsonl").open("a") as file:
        file.write('{"step": 6, "lo')
    run.go_back_to(run.checkpoints()[-1])
    run.log(4, {"loss": 0.5})
    run.close()
    assert [line["step"] for line in json_lines(directory / "metrics.jsonl")] == [1, 2, 3, 4]


def test_the_same_command_goes_on_and_may_go_further(directory: Path) -> None:
    begin(tiny(directory))
    run = begin(tiny(directory, "training.epochs=9", 'sampling.prompts=["Hi"]'))
    assert load(Stage.SFT, directory).recipe == run.recipe


def test_another_recipe_is_refused_in_the_same_place(directory: Path) -> None:
    begin(tiny(directory))
    with pytest.raises(InvalidSetting, match=r"training.batch_size was 16, is 4.*--output"):
        begin(tiny(directory, "training.batch_size=4"))


def test_a_directory_with_something_else_is_left_alone(directory: Path) -> None:
    directory.mkdir()
    (directory / "letters.txt").touch()
    with pytest.raises(InvalidSetting, match="no run"):
        begin(tiny(directory))
    assert [one.name for one in directory.iterdir()] == ["letters.txt"]


def test_a_run_is_asked_to_stop_by_a_file(directory: Path) -> None:
    run = begin(tiny(directory))
    ask_to_stop(directory)
    assert run.should_stop
    with run:
        assert not run.should_stop  # a new start is no stop
    with pytest.raises(InvalidSetting, match="holds no run"):
        ask_to_stop(directory / "final")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_run_is_asked_to_stop_by_a_signal(directory: Path, number: signal.Signals) -> None:
    with begin(tiny(directory)) as run:
        os.kill(os.getpid(), number)
        assert run.should_stop
    assert signal.getsignal(signal.SIGTERM) == signal.SIG_DFL


def test_a_model_card_names_the_data_with_digests_and_the_recipe(directory: Path, tmp_path: Path) -> None:
    run = begin(tiny(directory))
    (tmp_path / "a.jsonl").write_bytes(b"{}")
    run.note_data([digest_of(tmp_path / "a.jsonl")])
    card = model_card(run, {"eval_loss": 0.25})
    assert "| a.jsonl | 2 | `44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a` |" in card
    assert "| eval_loss | 0.25 |" in card
    assert "batch_size = 16" in card
    assert "from nothing" in card
