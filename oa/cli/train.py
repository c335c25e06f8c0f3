"""`oa train`: recipes, what they are trained on, and runs."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from oa.cli.options import Json
from oa.cli.output import print_note, print_record
from oa.cli.train_options import Base, Data, RecipeFile, SizeDial, Typed, loaded, print_recipe
from oa.cli.train_stages import reward, sft
from oa.errors import InvalidSetting

if TYPE_CHECKING:
    from oa.train.inspection import Findings, Piece
    from oa.train.recipe import Recipe
    from oa.train.sizes import Stage

app = typer.Typer(no_args_is_help=True, help="Train models from data; look at what they are trained on.")


@app.callback()
def train() -> None:
    """Train models from data; look at what they are trained on."""


app.command()(sft)
app.command()(reward)

StageName = Annotated[
    str | None,
    typer.Option("--stage", metavar="STAGE", help="sft, reward, ppo, dpo or kto.", show_default="the recipe's, or sft"),
]


@app.command()
def recipe(
    file: RecipeFile = None,
    stage: StageName = None,
    size: SizeDial = None,
    data: Data = None,
    base: Base = None,
    typed: Typed = None,
    origins: Annotated[bool, typer.Option("--origins", help="Where each value comes from, in place of TOML.")] = False,
    as_json: Json = False,
) -> None:
    """Print a whole recipe, as a file to begin with: `oa train recipe --size tiny > recipe.toml`."""
    from oa.train.recipe import written

    found = loaded(_stage(stage, file), file, typed, size=size, data=data, base=base)
    if origins or as_json:
        print_recipe(found, as_json=as_json)
    else:
        typer.echo(written(found.recipe), nl=False)


@app.command()
def inspect(
    file: RecipeFile = None,
    stage: StageName = None,
    size: SizeDial = None,
    data: Data = None,
    base: Base = None,
    typed: Typed = None,
    count: Annotated[int, typer.Option("--count", "-n", min=0, help="How many samples to show.")] = 3,
    ids: Annotated[bool, typer.Option("--ids", help="Show the tokens' numbers, too.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Print every value of the recipe, and stop.")] = False,
    as_json: Json = False,
) -> None:
    """Show what would be trained on: samples as the model sees them, with what counts in the loss marked.

    Counts what would be cut, what has no place in the template, and what would teach nothing; too much of that, and the
    exit code is 1, as training would be refused.
    """
    from oa.train.inspection import check

    found = loaded(_stage(stage, file), file, typed, size=size, data=data, base=base)
    if dry_run:
        print_recipe(found, as_json=as_json)
        return
    shown, findings, sources = _look(found.recipe, count)
    if as_json:
        samples = [{"ids": one.ids, "labels": one.labels, "pieces": _plain(parts)} for one, parts in shown]
        print_record({**findings.figures(), "sources": sources, "shown": samples}, as_json=True)
    else:
        for number, (one, parts) in enumerate(shown, 1):
            _show(number, parts, one.ids if ids else None)
        _print_findings(findings, sources)
    check(findings, found.recipe.inspection)


def _look(recipe: Recipe, count: int) -> tuple[list[tuple[Any, list[Piece]]], Findings, dict[str, dict[str, int]]]:
    """Samples to show, what was seen of all, and what became of each source."""
    from oa.domain.samples import Kind, texts_of
    from oa.train.corpus import Corpus, counts, epoch_of, gathered
    from oa.train.inspection import Trained, inspected, pieces
    from oa.train.sizes import Stage
    from oa.train.tokens import Encoder, Limits
    from oa.train.vocabulary import tokenizer_of

    if recipe.stage is Stage.PPO:
        raise InvalidSetting("a PPO recipe learns from its own answers: `oa data preview` shows the prompts")
    kinds = [Kind.CONVERSATION, Kind.TEXT] if recipe.stage is Stage.SFT else [Kind.RANKED, Kind.CONVERSATION]
    corpora: list[Corpus[Trained]] = gathered(recipe, kinds)
    samples = epoch_of(corpora, 0, recipe.seed)
    tokenizer, _ = tokenizer_of(recipe.model, (text for one in samples for text in texts_of(one)))
    training = recipe.training
    limits = Limits(max_length=training.max_length, system=training.system_message)
    kept, findings = inspected(samples, Encoder(tokenizer, recipe.model.template, limits))
    sources = {name: dict(found) for name, found in counts(corpora).items()}
    return [(one, pieces(one, tokenizer)) for one in kept[:count]], findings, sources


def _plain(parts: list[Piece]) -> list[dict[str, object]]:
    return [{"text": one.text, "learned": one.is_learned} for one in parts]


def _show(number: int, parts: list[Piece], ids: list[int] | None) -> None:
    """A sample, what counts between marks and bold, the rest dimmed; the marks stay where there is no colour."""
    from rich.console import Console
    from rich.text import Text

    text = Text(f"{number}. ")
    for one in parts:
        inert = "".join(letter if letter.isprintable() or letter == "\n" else repr(letter)[1:-1] for letter in one.text)
        text.append(f"⟦{inert}⟧" if one.is_learned else inert, "bold green" if one.is_learned else "dim")
    console = Console()
    console.print(text, soft_wrap=True)
    if ids is not None:
        console.print(Text(" ".join(map(str, ids)), "dim"), soft_wrap=True)
    console.print()


def _print_findings(found: Findings, sources: dict[str, dict[str, int]]) -> None:
    share = found.learned / found.tokens if found.tokens else 0.0
    record: dict[str, object] = {
        f"source {name}": ", ".join(f"{what.replace('_', ' ')} {count:,}" for what, count in counts.items())
        for name, counts in sources.items()
    }
    record |= {
        "samples": f"{found.samples:,}",
        "cut": f"{found.truncated:,}",
        "no place in the template": f"{found.dropped:,}",
        "teach nothing": f"{found.masked:,}",
        "tokens": f"{found.tokens:,}, of which {share:.0%} count",
        "longest": f"{found.longest:,} tokens",
    }
    print_record(record, as_json=False)
    for reason, count in found.reasons.most_common(3):
        print_note(f"{count:,} samples: {reason}")


@app.command()
def stop(run: Annotated[Path, typer.Argument(metavar="RUN", help="The run's directory.")]) -> None:
    """Have a training save a checkpoint and end; the same command goes on with it later."""
    from oa.train.run import ask_to_stop

    ask_to_stop(run)
    print_note(f"{run} will save a checkpoint and stop after its step")


def _stage(text: str | None, file: Path | None) -> Stage:
    from oa.cli.data_selection import one_of
    from oa.train.recipe import stage_of
    from oa.train.sizes import Stage

    if text is None:
        return Stage.SFT if file is None else stage_of(file)
    return Stage(one_of("--stage", text, list(Stage)))
