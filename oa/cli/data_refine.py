"""`oa data stats`, `filter`, `dedupe`, `split`, `mix`: what a data set is made of, and what is kept of it."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from oa.cli.data_work import STDIO, Files, From, NoCard, Output, Seed, To, Work, check_json
from oa.cli.options import Json
from oa.cli.output import print_record
from oa.errors import BadFile, InvalidSetting

if TYPE_CHECKING:
    from oa.data.mixing import Ingredient
    from oa.data.statistics import Statistics
    from oa.domain.samples import Sample


# --- stats -----------------------------------------------------------------------------------------------------------


def stats(
    files: Files,
    phrases: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Count the samples with each phrase of this file, one a line.")
    ] = None,
    form: From = None,
    as_json: Json = False,
) -> None:
    """Say what is in the files: how much, how long, in which languages, and what reviewers thought."""
    from oa.data.statistics import Statistics

    work = Work(files, form)
    found = Statistics(phrases_in(phrases))
    for sample in work.samples():
        found.add(sample)
    if as_json:
        print_record({**found.summary(), "bad": work.bad}, as_json=True)
    else:
        _print_statistics(found)
    if work.bad_count:
        raise BadFile(f"{work.bad_count:,} rows could not be read and do not count")


def _print_statistics(found: Statistics) -> None:
    record: dict[str, object] = {f"{kind} samples": count for kind, count in found.samples.items()}
    record["messages"] = len(found.texts.values)
    record |= {f"characters, {name}": value for name, value in found.texts.summary().items() if name != "count"}
    record |= {f"of answers, {name}": value for name, value in found.replies.summary().items() if name != "count"}
    record |= {f"in {lang}": count for lang, count in found.langs.most_common(15)}
    record |= {f"state {state}": count for state, count in found.states.most_common()}
    record |= {f"label {name}": f"{one['mean']:.2f} of {one['count']:,.0f}" for name, one in found.labels.items()}
    record |= {f"with “{phrase}”": count for phrase, count in found.appearances.items()}
    print_record(record, as_json=False)
    if sys.stdout.isatty():
        _print_bars(found.texts.bars())


def _print_bars(bars: list[tuple[int, int]]) -> None:
    """How many texts are how long, as a plot."""
    most = max((count for _, count in bars), default=0)
    typer.echo("characters of a text")
    for start, count in bars:
        typer.echo(f"{start:>7,}+ {'█' * round(40 * count / max(most, 1)):<40} {count:,}")


def phrases_in(path: Path | None) -> tuple[str, ...]:
    """The lines of a file, in lower case."""
    if path is None:
        return ()
    return tuple(line.strip().casefold() for line in path.read_text("utf-8").splitlines() if line.strip())


# --- dedupe ----------------------------------------------------------------------------------------------------------


def dedupe(
    files: Files,
    output: Output = STDIO,
    near: Annotated[
        float | None,
        typer.Option(
            metavar="SHARE",
            min=0.1,
            max=1.0,
            help="Near-duplicates too: those that share this much.",
            show_default="no",
        ),
    ] = None,
    by: Annotated[str, typer.Option(help="What is compared: all, question or answer.")] = "all",
    to: To = None,
    form: From = None,
    no_card: NoCard = False,
    as_json: Json = False,
) -> None:
    """Leave out what says the same as a sample before, letter by letter but for case and spaces, or nearly.

    Near-duplicates share words in a row (`--near 0.8` is a good beginning). They are found by MinHash and compared.
    """
    from oa.data.dedupe import Deduplicator, Part

    check_json(output, as_json)
    if by not in list(Part):
        raise InvalidSetting(f"--by cannot be {by!r}: there are {', '.join(Part)}")
    work = Work(files, form)
    known = Deduplicator(Part(by), near)
    with work.writing(output, to) as put:
        for sample in work.samples():
            if known.is_new(sample):
                put(sample)
    figures = {
        "read": work.read,
        "written": work.written,
        "exact_duplicates": known.exact,
        "near_duplicates": known.near,
    }
    if not no_card:
        work.card(output, figures)
    work.finish(figures, as_json=as_json)


# --- split -----------------------------------------------------------------------------------------------------------


def split(
    files: Files,
    output: Annotated[Path, typer.Option("--train-output", "-o", metavar="FILE", help="The larger side.")],
    val_output: Annotated[Path, typer.Option("--val-output", metavar="FILE", help="The side that is kept away.")],
    val_percent: Annotated[float, typer.Option(min=0.0, max=100.0, help="Of the trees.")] = 5.0,
    seed: Seed = 1,
    to: To = None,
    form: From = None,
    no_card: NoCard = False,
    as_json: Json = False,
) -> None:
    """Split files by trees, so that nothing of one tree is on both sides; other samples by their first question.

    Hardly anything changes sides when data comes in later.
    """
    from oa.data.splitting import family_of, held_out

    if STDIO in files or STDIO in (output, val_output):
        raise InvalidSetting("a split reads everything twice and writes two files: name files, not -")
    first = Work(files, form)
    away = held_out({family_of(sample) for sample in first.samples()}, val_percent / 100, seed)
    train, val = Work(files, form), Work(files, form, is_quiet=True)
    train.bad, train.bad_count = first.bad, first.bad_count
    with train.writing(output, to) as put, val.writing(val_output, to) as put_away:
        for sample in val.samples():
            (put_away if family_of(sample) in away else put)(sample)
    figures = {"read": first.read, "train": train.written, "val": val.written, "families_away": len(away)}
    if not no_card:
        train.card(output, figures)
        val.card(val_output, figures)
    train.unfit += val.unfit
    train.finish(figures, as_json=as_json)


# --- mix -------------------------------------------------------------------------------------------------------------


def mix(
    files: Annotated[
        list[str],
        typer.Argument(metavar="FILE[:SHARE|:COUNT]...", help="Sources: all of one, a share (0.25), or so many (500)."),
    ],
    output: Output = STDIO,
    epochs: Annotated[int, typer.Option(min=1, help="So many epochs one after the other, each drawn anew.")] = 1,
    seed: Seed = 1,
    to: To = None,
    form: From = None,
    no_card: NoCard = False,
    as_json: Json = False,
) -> None:
    """Mix sources in a random order: all of each, a share, or so many samples, drawn anew for every epoch.

    A recipe's [[data]] tables draw in the same way while it trains.
    """
    from oa.data.mixing import drawn

    check_json(output, as_json)
    sources = [_source(text) for text in files]
    work = Work([path for path, _, _ in sources], form)
    read = [list(work.samples_of(path)) for path, _, _ in sources]
    ingredients = [_ingredient(source, len(samples)) for source, samples in zip(sources, read, strict=True)]
    with work.writing(output, to) as put:
        for epoch in range(epochs):
            for place, at in drawn(ingredients, epoch, seed):
                for one in _like(read[place][at], to, read[0][0]):
                    put(one)
    taken = {one.name: one.taken for one in ingredients}
    figures = {"read": work.read, "written": work.written, "epochs": epochs, "of_each": taken}
    if not no_card:
        work.card(output, figures)
    work.finish(figures, as_json=as_json)


def _source(text: str) -> tuple[Path, float | None, int | None]:
    """A file, and the share or the number of samples behind a colon."""
    name, colon, amount = text.rpartition(":")
    if not colon or Path(text).exists():
        return Path(text), None, None
    try:
        return Path(name), float(amount) if "." in amount else None, None if "." in amount else int(amount)
    except ValueError:
        raise InvalidSetting(
            f"behind a file stands a share such as :0.25 or a number such as :500, not {amount!r}"
        ) from None


def _ingredient(source: tuple[Path, float | None, int | None], available: int) -> Ingredient:
    from oa.data.mixing import Ingredient

    path, fraction, size = source
    return Ingredient(path.name, available, fraction, size)


def _like(sample: Sample, to: str | None, first: Sample) -> list[Sample]:
    """The sample as the kind that is written: that of the format, or of the first source."""
    from oa.data.formats import format_named
    from oa.domain.conversions import can_become, converted
    from oa.domain.samples import kind_of

    wanted = kind_of(first) if to is None else format_named(to).gives
    if not can_become(kind_of(sample), wanted):
        raise InvalidSetting(f"a {kind_of(sample)} cannot become a {wanted}: mix sources of one kind, or choose --to")
    return list(converted(sample, wanted))
