"""The model card."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from scoring import Score
from training import Plan, Trained

from oa.demo.courses import Kind
from oa.demo.lesson_words import LANGUAGES

TEMPLATE = Path(__file__).with_name("card.md")


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What the card tells besides the plan."""

    name: str
    parameters: int
    file_bytes: int
    trained: Trained
    scores: Sequence[Score]
    equal: int
    compared: int
    capitals: int
    opposites: int


def write_card(plan: Plan, facts: Facts) -> str:
    """The card as Markdown."""
    return TEMPLATE.read_text("utf-8").format(
        name=facts.name,
        languages=", ".join(LANGUAGES),
        capitals=facts.capitals,
        opposites=facts.opposites,
        layers=plan.layers,
        hidden=plan.hidden,
        heads=plan.heads,
        key_value_heads=plan.key_value_heads,
        vocabulary=plan.vocabulary,
        context=plan.context,
        steps=sum(term.steps for term in plan.terms),
        later_steps=sum(term.steps for term in plan.terms[1:]),
        batch_tokens=plan.batch_tokens,
        seed=plan.seed,
        parameters=facts.parameters,
        file_bytes=facts.file_bytes,
        processor_s=facts.trained.processor_s,
        loss=facts.trained.loss,
        unknown=min(term.course.shares[Kind.UNKNOWN] for term in plan.terms),
        scores=table(facts.scores),
        equal=facts.equal,
        compared=facts.compared,
    )


def table(scores: Sequence[Score]) -> str:
    """Rows are kinds, columns languages; right of asked."""
    rows = list(dict.fromkeys(score.row for score in scores))
    lines = [f"| | {' | '.join(LANGUAGES)} | all |", f"|---|{'---|' * len(LANGUAGES)}---|"]
    for row in rows:
        cells = [_cell([score for score in scores if (score.row, score.lang) == (row, lang)]) for lang in LANGUAGES]
        lines.append(f"| {row} | {' | '.join(cells)} | {_share([score for score in scores if score.row == row])} |")
    cells = [_share([score for score in scores if score.lang == lang]) for lang in LANGUAGES]
    lines.append(f"| all | {' | '.join(cells)} | {_share(scores)} |")
    return "\n".join(lines)


def _cell(scores: Sequence[Score]) -> str:
    return " ".join(f"{score.right}/{score.asked}" for score in scores) or "-"


def _share(scores: Sequence[Score]) -> str:
    asked = sum(score.asked for score in scores)
    return f"{sum(score.right for score in scores) / asked:.3f}" if asked else "-"
