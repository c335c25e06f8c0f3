"""What the commands on files of data share: reading with progress and faults, writing with a card, the summary."""

from __future__ import annotations

import dataclasses
import shlex
import sys
from collections import Counter
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

import oa
from oa.cli.output import print_note, print_record
from oa.cli.progress import showing
from oa.errors import BadFile, InvalidSetting

if TYPE_CHECKING:
    from oa.domain.records import Fault
    from oa.domain.samples import Sample

STDIO = Path("-")

MOST_FAULTS_KEPT = 1000
"""Faults of which the summary speaks one by one."""

EVERY = 500
"""Samples between two looks at the progress."""

Files = Annotated[
    list[Path],
    typer.Argument(metavar="FILE...", help="Files in any format of `oa data formats`; - reads stdin."),
]
From = Annotated[
    str | None, typer.Option("--from", metavar="FORMAT", help="The files' format.", show_default="told from content")
]
Output = Annotated[
    Path,
    typer.Option("--output", "-o", metavar="FILE", help="Where to: .jsonl, .jsonl.gz or .parquet; - is stdout."),
]
To = Annotated[
    str | None,
    typer.Option("--to", metavar="FORMAT", help="The format to write.", show_default="what suits the samples"),
]
NoCard = Annotated[bool, typer.Option("--no-card", help="Write no data card beside the output.")]
Seed = Annotated[int, typer.Option(help="Of everything that is left to chance.")]

NATURAL = {
    "tree": "oasst",
    "conversation": "messages",
    "preference": "preference",
    "ranked": "ranked",
    "verdict": "kto",
    "prompt": "prompts",
    "text": "text",
}
"""The format in which a kind of samples is written where none is named."""


@dataclasses.dataclass(slots=True)
class Work:
    """One command's reading and writing."""

    files: Sequence[Path]
    form: str | None = None
    read: int = 0
    """Samples that came."""
    written: int = 0
    """Rows that went."""
    unfit: Counter[str] = dataclasses.field(default_factory=Counter[str])
    """Samples that the output has no room for, by reason."""
    langs: Counter[str] = dataclasses.field(default_factory=Counter[str])
    """Of the samples that were written."""
    bad: list[dict[str, object]] = dataclasses.field(default_factory=list[dict[str, object]])
    bad_count: int = 0
    written_as: str = ""
    """The format that is written."""
    is_quiet: bool = False
    """Say nothing of faults: they have been named already."""

    def __post_init__(self) -> None:
        for path in self.files:
            if path != STDIO and not path.exists():
                raise BadFile(f"there is no file {path}")

    def samples(self) -> Iterator[Sample]:
        """Everything in all files; faults are noted."""
        for path in self.files:
            yield from self.samples_of(path)

    def samples_of(self, path: Path) -> Iterator[Sample]:
        from oa.data.sources import opened
        from oa.domain.records import Fault

        with opened(path, self.form) as source, showing(source.name, "samples", source.size_bytes) as tell:
            for found in source.samples():
                if isinstance(found, Fault):
                    self._note(source.name, found)
                    continue
                self.read += 1
                if self.read % EVERY == 0:
                    tell(self.read, source.position_bytes)
                yield found

    def _note(self, name: str, fault: Fault) -> None:
        self.bad_count += 1
        if len(self.bad) < MOST_FAULTS_KEPT:
            self.bad.append({"file": name, "line": fault.line, "reason": fault.reason})
        if len(self.bad) < MOST_FAULTS_KEPT and not self.is_quiet:
            print_note(f"{name}, line {fault.line}: {fault.reason}")

    @contextmanager
    def writing(self, output: Path, to: str | None) -> Generator[Callable[[Sample], None]]:
        """Takes samples and writes them; the format is that of the first one where none is named."""
        from contextlib import ExitStack

        from oa.data.formats import format_named
        from oa.data.sinks import Write, sink
        from oa.domain.samples import kind_of

        with ExitStack() as stack:
            write: Write | None = None

            def put(sample: Sample) -> None:
                nonlocal write
                if write is None:
                    write = start(NATURAL[kind_of(sample)])
                self._put(sample, write)

            def start(name: str) -> Write:
                self.written_as = name
                return stack.enter_context(sink(output, format_named(name)))

            if to is not None:
                write = start(to)
            yield put
            if write is None:
                start("messages")  # an empty file, in place of an older one

    def _put(self, sample: Sample, write: Callable[[Sample], int]) -> None:
        from oa.data.format import Unfit
        from oa.domain.samples import about

        try:
            rows = write(sample)
        except Unfit as error:
            self.unfit[str(error)] += 1
            return
        self.written += rows
        if (lang := about(sample).lang) is not None:
            self.langs[lang] += 1

    # --- the end ---

    def card(self, output: Path, figures: Mapping[str, object]) -> None:
        """Write the card beside the output; stdout has none."""
        from oa.data.card import Made, card, card_path

        if output == STDIO:
            return
        made = Made(
            output=output,
            format=self.written_as,
            command=shlex.join(["oa", *sys.argv[1:]]),
            inputs=self.files,
            figures=figures,
            langs=[lang for lang, _ in self.langs.most_common()],
            when=datetime.now(UTC),
            version=oa.__version__,
        )
        card_path(output).write_text(card(made), "utf-8")

    def finish(self, figures: Mapping[str, object], *, as_json: bool) -> None:
        """Print the summary.

        Raises:
            BadFile: something could not be read.
        """
        summary = {**figures, "unfit": dict(self.unfit)} if self.unfit else dict(figures)
        if as_json:
            print_record({**summary, "bad": self.bad}, as_json=True)
        else:
            print_note("; ".join(f"{name} {_shown(value)}" for name, value in summary.items()))
        for reason, count in self.unfit.most_common():
            print_note(f"{count:,} samples were left out: {reason}")
        if self.bad_count:
            raise BadFile(f"{self.bad_count:,} rows could not be read and were left out; everything else was taken")


def _shown(value: object) -> str:
    if isinstance(value, Mapping):
        return ", ".join(f"{name} {count:,}" for name, count in value.items()) or "none"  # pyright: ignore[reportUnknownVariableType] - of plain types
    return f"{value:,}" if isinstance(value, int) else str(value)


def check_json(output: Path, as_json: bool) -> None:
    """
    Raises:
        InvalidSetting: the summary would stand among the data.
    """
    if as_json and output == STDIO:
        raise InvalidSetting("the summary would stand among the data: name a file with --output")
