from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
import tiny_trainees
import torch
from sample_trees import json_lines

from oa.domain.samples import Speaker, Turn
from oa.errors import TrainingStopped
from oa.train.models import with_adapters
from oa.train.ppo_trainer import Cast, PpoSettings, PpoTrainer
from oa.train.recipe import Lora, load
from oa.train.rollouts import Drawing, RewardJudge, Turns, draw, texts
from oa.train.run import Run, begin
from oa.train.sizes import Stage
from oa.train.tokens import Encoder, prepare_tokenizer

PROMPTS = [[Turn(Speaker.USER, text)] for text in ("hi", "who are you", "count to three", "why")]

Trainer = Callable[..., PpoTrainer]


def low_letters(_: str, answer: str) -> float:
    """The share of an answer's letters that come before m; a toy for a reward that can be learned."""
    return sum(letter < "m" for letter in answer) / max(1, len(answer))


def liking(prompts: Sequence[Turns], answers: Sequence[str]) -> torch.Tensor:
    return torch.tensor([4 * low_letters("", answer) for answer in answers])


class Noise:
    """Judges by chance alone."""

    def __init__(self) -> None:
        self._generator = torch.Generator().manual_seed(3)

    def __call__(self, prompts: Sequence[Turns], answers: Sequence[str]) -> torch.Tensor:
        return torch.randn(len(answers), generator=self._generator)


@pytest.fixture
def encoder() -> Encoder:
    tokenizer = tiny_trainees.letters()
    prepare_tokenizer(tokenizer, "chatml")
    return Encoder(tokenizer, "chatml")


@pytest.fixture
def trainer(encoder: Encoder) -> Trainer:
    """Makes a trainer of models that are the same each time."""

    def make(*, adapters: bool = False, judge: Any = liking, **settings: Any) -> PpoTrainer:
        policy, values = tiny_trainees.causal(encoder.tokenizer), tiny_trainees.scoring(encoder.tokenizer)
        if adapters:
            torch.manual_seed(5)
            lora = Lora(rank=8, alpha=32.0, dropout=0.0)
            policy, values = with_adapters(policy, lora), with_adapters(values, lora, "SEQ_CLS")
        chosen = {
            "drawing": Drawing(max_new_tokens=6),
            "answers": 32,
            "minibatch": 16,
            "learning_rate": 1e-2,
            "kl_coefficient": 0.01,
            "end_penalty": 0.0,
            **settings,
        }
        return PpoTrainer(Cast(policy, values, judge, encoder, low_letters), PROMPTS, PpoSettings(**chosen))

    return make


def weights(trainer: PpoTrainer) -> dict[str, torch.Tensor]:
    models = {"policy": trainer.cast.policy, "values": trainer.cast.values}
    return {f"{name}.{key}": one.clone() for name, model in models.items() for key, one in model.state_dict().items()}


def new_run(directory: Path) -> Run:
    return begin(load(Stage.PPO, None, ["size=tiny", f"output={directory}", "training.save_every=2"]))


def rise(learner: PpoTrainer, steps: int) -> float:
    """How much higher the gold metric is over the last three steps than over the first three."""
    golds = [learner.advance()[0]["gold"] for _ in range(steps)]
    return sum(golds[-3:]) / 3 - sum(golds[:3]) / 3


def test_the_gold_metric_rises_with_the_reward_model(trainer: Trainer) -> None:
    assert rise(trainer(), 12) > 0.25


def test_the_gold_metric_rises_with_adapters(trainer: Trainer) -> None:
    assert rise(trainer(adapters=True, epochs=4, clip=0.4), 14) > 0.12


def test_the_gold_metric_does_not_rise_when_the_reward_is_noise(trainer: Trainer) -> None:
    assert rise(trainer(judge=Noise(), kl_coefficient=0.3), 12) < 0.08


@pytest.mark.parametrize("adapters", [False, True])
def test_going_on_from_a_checkpoint_is_the_same_as_never_stopping(
    trainer: Trainer, tmp_path: Path, adapters: bool
) -> None:
    settings = {"adapters": adapters, "answers": 8, "minibatch": 4, "kl_target": 2.0, "kl_horizon": 50.0}
    whole, first, second = (trainer(**settings) for _ in range(3))
    with new_run(tmp_path / "whole") as run:
        assert whole.train(run, 3)
    with new_run(tmp_path / "parted") as run:
        assert first.train(run, 2)
    with new_run(tmp_path / "parted") as run:
        assert second.train(run, 3)
    expected = weights(whole)
    assert all(torch.equal(one, expected[name]) for name, one in weights(second).items())
    assert second.control == whole.control
    logs = [json_lines(tmp_path / name / "metrics.jsonl") for name in ("whole", "parted")]
    assert [{**line, "time": 0} for line in logs[0]] == [{**line, "time": 0} for line in logs[1]]


def test_a_run_that_should_stop_keeps_a_checkpoint(trainer: Trainer, tmp_path: Path) -> None:
    with new_run(tmp_path / "run") as run:

        def judge(prompts: Sequence[Turns], answers: Sequence[str]) -> torch.Tensor:
            (run.directory / "stop").touch()
            return liking(prompts, answers)

        assert not trainer(judge=judge, answers=4).train(run, 9)
        assert [one.name for one in run.checkpoints()] == ["step-1"]


@pytest.mark.parametrize("adapters", [False, True])
def test_nothing_diverges_from_the_reference_before_the_first_change(trainer: Trainer, adapters: bool) -> None:
    learner = trainer(adapters=adapters, answers=8)
    first, _ = learner.advance()
    assert first["kl"] == pytest.approx(0.0, abs=1e-4)
    assert learner.advance()[0]["kl_per_token"] > 1e-4


def test_accumulated_parts_give_the_gradient_of_the_whole(trainer: Trainer) -> None:
    settings = {"answers": 8, "minibatch": 8, "epochs": 1}
    whole, parted = trainer(**settings), trainer(accumulation=3, **settings)
    assert parted.advance()[0]["gradient_norm"] == pytest.approx(whole.advance()[0]["gradient_norm"], rel=1e-3)


@pytest.mark.parametrize(
    ("score", "settings", "words"),
    [
        (float("nan"), {}, "reward is no number"),
        (1.0, {"most_kl": -1.0}, "moved too far"),
    ],
)
def test_it_stops_with_a_sentence(trainer: Trainer, score: float, settings: dict[str, Any], words: str) -> None:
    with pytest.raises(TrainingStopped, match=words):
        trainer(judge=lambda _, answers: torch.full((len(answers),), score), answers=4, **settings).advance()


def test_it_stops_when_the_reward_collapses(trainer: Trainer) -> None:
    falling = iter(range(0, -1000, -10))

    def judge(_: Sequence[Turns], answers: Sequence[str]) -> torch.Tensor:
        return torch.linspace(-1, 1, len(answers)) + next(falling)

    learner = trainer(judge=judge, answers=4, epochs=1, learning_rate=1e-6)
    for _ in range(5):
        learner.advance()
    with pytest.raises(TrainingStopped, match="collapsed"):
        learner.advance()


def test_a_checkpoint_of_other_models_is_refused(trainer: Trainer, tmp_path: Path) -> None:
    trainer().save(tmp_path)
    with pytest.raises(TrainingStopped, match="other models"):
        trainer(adapters=True).load(tmp_path)


def test_an_answer_reaches_up_to_its_end_token_and_with_it(encoder: Encoder) -> None:
    policy = tiny_trainees.causal(encoder.tokenizer).eval()
    torch.manual_seed(0)
    answers = draw(policy, encoder, PROMPTS * 20, Drawing(max_new_tokens=60))
    assert answers.has_ended.any()
    assert not answers.has_ended.all()
    for ids, mask, ended in zip(
        answers.tokens.tolist(), answers.mask.tolist(), answers.has_ended.tolist(), strict=True
    ):
        end = ids.index(encoder.end_id) + 1 if ended else len(ids)
        assert mask == [at < end for at in range(len(ids))]
    assert len(texts(answers, encoder)) == 80


def test_log_probabilities_of_a_filled_up_batch_are_those_of_each_prompt_alone(encoder: Encoder) -> None:
    policy = tiny_trainees.causal(encoder.tokenizer).eval()
    torch.manual_seed(0)
    answers = draw(policy, encoder, PROMPTS, Drawing(max_new_tokens=5))
    with torch.no_grad():
        together = answers.before(policy(**answers.inputs()).logits)
        for row, ids in enumerate(answers.ids):
            alone = policy(input_ids=ids[answers.attention_mask[row].bool()][None]).logits[0]
            count = int(answers.mask[row].sum())
            assert torch.allclose(together[row, :count], alone[-count - 1 : -1], atol=1e-5)


def test_a_reward_model_is_shown_the_very_ids_that_it_was_trained_on(encoder: Encoder) -> None:
    model = tiny_trainees.scoring(encoder.tokenizer)
    judge = RewardJudge(model, encoder, batch_size=3)
    answers = ["hello", "i", "one two three", ""]
    found = judge(PROMPTS, answers)
    for turns, answer, score in zip(PROMPTS, answers, found, strict=True):
        before, after = encoder.reply(turns, Turn(Speaker.ASSISTANT, answer))
        assert after[-1] == encoder.end_id
        with torch.no_grad():
            alone = model(input_ids=torch.tensor([[*before, *after]])).logits[0, 0]
        assert score.item() == pytest.approx(alone.item(), abs=1e-5)
