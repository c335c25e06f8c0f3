"""Make the built-in model anew: lessons, tokenizer, training, GGUF file, scores and card.

On one thread of a processor this takes about a quarter of an hour. Another machine or another version of torch rounds
differently and gives another model of about the same scores. The checkpoint stays in --output, in the form that
transformers reads; a second run with it there only converts and measures again.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import sys
from dataclasses import asdict
from pathlib import Path

os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")  # one thread is enough, and forking after it is not safe

import torch
from card import Facts, write_card
from comparison import equal_replies
from scoring import Score, answering, score, test_lessons
from tokenizer import make_tokenizer
from training import Plan, Trained, new_model, shortened, train
from transformers import LlamaForCausalLM

from oa.demo import model as built_in
from oa.demo.lesson_words import LANGUAGES, lesson_words
from oa.quant.gguf import NumberFormat, export_gguf

TEST_SEED = 1_000_003
TESTS = 60
"""Questions of each kind in each language."""

COMPARED = 4
"""Conversations of each kind in each language in which llama.cpp is compared with transformers."""


def main() -> None:
    options = _options()
    torch.set_num_threads(1)
    plan = Plan() if options.steps is None else shortened(Plan(), options.steps)
    checkpoint: Path = options.output / "checkpoint"
    if not checkpoint.exists():
        _train(plan, options.output)
    facts = _measure(options.output)
    card = write_card(plan, facts)
    (options.output / "MODEL_CARD.md").write_text(card, "utf-8")
    if options.install:
        package = built_in.path().parent
        shutil.copy(_gguf(options.output), built_in.path())
        shutil.copy(options.output / "MODEL_CARD.md", package)
    sys.stdout.write(card)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="scripts/build_model", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--output", type=Path, required=True, metavar="DIR", help="where everything is written")
    parser.add_argument("--steps", type=int, metavar="N", help="at most so many in each term, for a quick try")
    parser.add_argument("--install", action="store_true", help="put file and card into the package as well")
    return parser.parse_args()


def _train(plan: Plan, output: Path) -> None:
    tokenizer = make_tokenizer(plan.seed, plan.vocabulary, plan.tokenizer_lessons, plan.context)
    model = new_model(plan, tokenizer)
    trained = train(model, tokenizer, plan, lambda line: print(line, file=sys.stderr))  # noqa: T201 - a script's
    model.save_pretrained(output / "checkpoint")
    tokenizer.save_pretrained(output / "checkpoint")
    (output / "training.json").write_text(json.dumps(asdict(trained)) + "\n")


def _gguf(output: Path) -> Path:
    return output / built_in.path().name


def _measure(output: Path) -> Facts:
    checkpoint = output / "checkpoint"
    export_gguf(checkpoint, _gguf(output), NumberFormat.Q8_0, name=built_in.NAME)
    tests = test_lessons(TEST_SEED, TESTS)
    compared = [lesson for lessons in tests.values() for lesson in lessons[:COMPARED]]
    with answering(_gguf(output)) as model:
        scores, misses = score(model, tests)
        equal = equal_replies(checkpoint, model, compared)
    (output / "misses.json").write_text(json.dumps([asdict(miss) for miss in misses], ensure_ascii=False, indent=1))
    return _facts(output, scores, equal, len(compared))


def _facts(output: Path, scores: list[Score], equal: int, compared: int) -> Facts:
    trained = json.loads((output / "training.json").read_text())
    words = [lesson_words(lang) for lang in LANGUAGES]
    return Facts(
        name=built_in.NAME,
        parameters=LlamaForCausalLM.from_pretrained(output / "checkpoint").num_parameters(),
        file_bytes=_gguf(output).stat().st_size,
        trained=Trained(processor_s=trained["processor_s"], loss=trained["loss"]),
        scores=scores,
        equal=equal,
        compared=compared,
        capitals=len(words[0].capitals.facts),
        opposites=2 * len(words[0].opposites.facts),
    )


if __name__ == "__main__":
    main()
