"""`oa data formats`, `convert`, `extract`, `preview`: from one format into another, and out of trees."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from oa.cli.data_work import STDIO, Files, From, NoCard, Output, Seed, To, Work, check_json
from oa.cli.options import Json
from oa.cli.output import print_records
from oa.errors import InvalidSetting

if TYPE_CHECKING:
    from oa.domain.extraction import Choice, Purpose
    from oa.domain.samples import Sample, Turn


def formats(as_json: Json = False) -> None:
    """List the formats that are read and written, with the fields by which they are known."""
    from oa.data.formats import formats as known

    print_records(
        [
            {"format": one.name, "holds": one.gives, "written": one.write is not None, "columns": one.row is not None}
            | {"fields": one.summary}
            for one in sorted(known().values(), key=lambda one: one.name)
        ],
        ["format", "holds", "written", "fields"],
        as_json=as_json,
    )


# --- convert ---------------------------------------------------------------------------------------------------------


def convert(
    files: Files,
    output: Output = STDIO,
    to: To = None,
    form: From = None,
    no_card: NoCard = False,
    as_json: Json = False,
) -> None:
    """Bring files into another format. What a sample is may change with it: trees give conversations, rankings pairs.

    From trees comes everything; `oa data extract` takes what is finished and good. Rows that cannot be read are named,
    the rest goes on, and the exit code is 1.
    """
    from oa.data.formats import format_named
    from oa.domain.conversions import can_become, converted
    from oa.domain.samples import kind_of

    check_json(output, as_json)
    work = Work(files, form)
    wanted = None if to is None else format_named(to).gives
    with work.writing(output, to) as put:
        for sample in work.samples():
            if wanted is not None and not can_become(kind_of(sample), wanted):
                raise InvalidSetting(f"a {kind_of(sample)} cannot become a {wanted}: choose another format with --to")
            made = [sample] if wanted is None else list(converted(sample, wanted))
            work.unfit[f"a {kind_of(sample)} without a {wanted}"] += not made
            for one in made:
                put(one)
    work.unfit = +work.unfit
    figures = {"read": work.read, "written": work.written}
    if not no_card:
        work.card(output, figures)
    work.finish(figures, as_json=as_json)


# --- extract ---------------------------------------------------------------------------------------------------------


def extract(
    purpose: Annotated[
        str, typer.Argument(metavar="{sft|reward|rl}", help="Demonstrations, ranked replies, or prompts.")
    ],
    files: Annotated[list[Path], typer.Argument(metavar="TREES...", help="Trees in any of their formats; - is stdin.")],
    output: Output = STDIO,
    top_k: Annotated[
        int | None, typer.Option(metavar="K", min=1, help="Only replies among the K best.", show_default="all")
    ] = None,
    lang: Annotated[
        list[str] | None, typer.Option(help="Only trees whose prompt is in this language; several, or with commas.")
    ] = None,
    synthetic: Annotated[bool, typer.Option("--allow-synth", help="Threads in which a machine wrote, too.")] = False,
    to: To = None,
    form: From = None,
    no_card: NoCard = False,
    as_json: Json = False,
) -> None:
    """Take what training needs out of finished trees.

    `sft`: every path to a leaf, as conversations. `reward`: every place where two replies or more are ranked, best
    first. `rl`: every path that ends with a question. Only trees that are ready for export count, with an accepted
    prompt; threads with deleted or synthetic messages do not.
    """
    from oa.domain.extraction import Choice

    check_json(output, as_json)
    langs = frozenset(one.strip() for text in lang or () for one in text.split(",")) or None
    choice = Choice(langs=langs, top_k=top_k, synthetic=synthetic)
    work = Work(files, form)
    skipped: Counter[str] = Counter()
    trees = messages = used = 0
    with work.writing(output, to or _natural(purpose)) as put:
        for sample in work.samples():
            found = _taken(sample, _purpose(purpose), choice, skipped)
            trees += 1
            used += bool(found)
            for one in found:
                messages += _spoken(one)
                for made in _as_format(one, to):
                    put(made)
    figures: dict[str, object] = {"mode": purpose, "trees": trees, "trees_used": used, "threads": work.written}
    figures |= {"messages": messages, "skipped": dict(skipped)}
    if not no_card:
        work.card(output, figures)
    work.finish(figures, as_json=as_json)


def _purpose(text: str) -> Purpose:
    from oa.domain.extraction import Purpose

    if text not in list(Purpose):
        raise InvalidSetting(f"there is no extraction for {text}: there are {', '.join(Purpose)}")
    return Purpose(text)


def _natural(purpose: str) -> str:
    return {"sft": "messages", "reward": "ranked", "rl": "prompts"}[_purpose(purpose)]


def _taken(sample: Sample, purpose: Purpose, choice: Choice, skipped: Counter[str]) -> list[Sample]:
    from oa.domain.extraction import extract as extracted
    from oa.domain.extraction import why_not
    from oa.domain.records import TreeRecord

    if not isinstance(sample, TreeRecord):
        raise InvalidSetting("only trees have threads to extract: use `oa data convert` for other data")
    found: list[Sample] = list(extracted(sample, purpose, choice))
    if not found:
        skipped[why_not(sample, choice) or "nothing for this purpose"] += 1
    return found


def _spoken(sample: Sample) -> int:
    from oa.domain.samples import turns_of

    return len(turns_of(sample))


def _as_format(sample: Sample, to: str | None) -> list[Sample]:
    from oa.data.formats import format_named
    from oa.domain.conversions import can_become, converted
    from oa.domain.samples import kind_of

    wanted = kind_of(sample) if to is None else format_named(to).gives
    if not can_become(kind_of(sample), wanted):
        raise InvalidSetting(f"a {kind_of(sample)} cannot become a {wanted}: choose another format with --to")
    return list(converted(sample, wanted))


# --- preview ---------------------------------------------------------------------------------------------------------


def preview(
    files: Files,
    count: Annotated[int, typer.Option("--count", "-n", min=1, help="How many samples.")] = 5,
    at_random: Annotated[bool, typer.Option("--random", help="From anywhere, not from the beginning.")] = False,
    seed: Seed = 1,
    form: From = None,
    as_json: Json = False,
) -> None:
    """Show some samples as they are read: who says what, and where from."""
    from itertools import islice
    from random import Random

    work = Work(files, form)
    samples = _drawn(work, count, Random(seed)) if at_random else list(islice(work.samples(), count))
    if as_json:
        print_records([_plain(one) for one in samples], [], as_json=True)
        return
    for number, sample in enumerate(samples, 1):
        typer.echo(_heading(number, sample))
        for speaker, text in _lines(sample):
            typer.echo(f"  {speaker + ':':<10} {_indented(text)}")
        typer.echo()


def _drawn(work: Work, count: int, rng: object) -> list[Sample]:
    """So many samples from anywhere in files of unknown length, each as likely as any.

    Source:
        Vitter 1985, algorithm R, https://doi.org/10.1145/3147.3165
    """
    from random import Random

    assert isinstance(rng, Random)
    kept: list[Sample] = []
    for number, sample in enumerate(work.samples()):
        if len(kept) < count:
            kept.append(sample)
        elif (place := rng.randint(0, number)) < count:
            kept[place] = sample
    return kept


def _heading(number: int, sample: Sample) -> str:
    from oa.domain.samples import about, kind_of

    known = about(sample)
    parts = [str(part) for part in (known.lang, known.source, known.id) if part]
    return f"{number}. {kind_of(sample)}" + (f" ({', '.join(parts)})" if parts else "")


def _lines(sample: Sample) -> list[tuple[str, str]]:
    from oa.domain.records import TreeRecord, threads_in_order
    from oa.domain.samples import PlainText, Preference, RankedGroup, Verdict, turns_of

    def said(turns: tuple[Turn, ...]) -> list[tuple[str, str]]:
        return [(str(turn.name or turn.speaker), turn.text) for turn in turns]

    match sample:
        case TreeRecord():
            return [("  " * depth + one.role, one.text) for one, depth in threads_in_order(sample.messages)]
        case PlainText():
            return [("text", sample.text)]
        case Preference():
            return [*said(sample.prompt), ("chosen", sample.chosen.text), ("rejected", sample.rejected.text)]
        case RankedGroup():
            ranked = zip(sample.ranks, sample.replies, strict=True)
            return [*said(sample.prompt), *((f"rank {rank}", reply.text) for rank, reply in ranked)]
        case Verdict():
            return [*said(sample.prompt), ("good" if sample.is_good else "bad", sample.reply.text)]
        case _:
            return said(tuple(turns_of(sample)))


def _indented(text: str) -> str:
    lines = ("".join(one if one.isprintable() else repr(one)[1:-1] for one in line) for line in text.split("\n"))
    return ("\n" + " " * 13).join(lines)


def _plain(sample: Sample) -> dict[str, object]:
    from oa.domain.samples import about, kind_of

    known = about(sample)
    lines = [{"speaker": speaker.strip(), "text": text} for speaker, text in _lines(sample)]
    return {"kind": kind_of(sample), "id": known.id, "lang": known.lang, "source": known.source, "lines": lines}
