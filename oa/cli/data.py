"""`oa data`: trees between files and the hub, and files of data among themselves."""

from __future__ import annotations

import asyncio
import dataclasses
import math
import os
import sys
import time
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from oa.cli.data_convert import convert, extract, formats, preview
from oa.cli.data_filter import filter_
from oa.cli.data_refine import dedupe, mix, split, stats
from oa.cli.data_selection import one_of, share, state_named, user_named, wanted_state
from oa.cli.opening import opened
from oa.cli.options import ConfigFile, DataDir, Json
from oa.cli.output import print_note, print_record
from oa.cli.progress import Tell, showing
from oa.errors import BadFile, InvalidSetting

if TYPE_CHECKING:
    from oa.data.lines import LineFile
    from oa.domain.records import Fault, TreeRecord
    from oa.hub.exchange import Exporter, ImportCount, Importer
    from oa.store.database import Database, Transaction

HELP = "Import and export trees; convert, look through and refine files of training data."

app = typer.Typer(no_args_is_help=True, help=HELP)


SMALLEST_BATCH, LARGEST_BATCH = 50, 2000
"""Messages that one transaction adds, about. A large one writes far less, a small one soon lets others in."""

PAUSE, LONG_PAUSE = 0.1, 1.0
"""How long an import then keeps out of the way, as a share of how long it held the database: a hub that waits for it
asks again and again, and needs a moment in which it is free."""

CAUTION_S = 10.0
"""How long an import goes slowly after somebody else has written."""

MOST_FAULTS_KEPT = 1000
"""Faults of which the summary speaks one by one."""


@app.callback()
def data() -> None:
    """Import and export trees; convert, look through and refine files of training data."""


for command in (formats, convert, extract, preview, stats, dedupe, split, mix):
    app.command()(command)
app.command(name="filter")(filter_)


# --- import ----------------------------------------------------------------------------------------------------------


@app.command(name="import")
def import_(
    files: Annotated[
        list[Path],
        typer.Argument(
            metavar="FILE...",
            help="Files of trees or messages (.jsonl, .jsonl.gz); - reads stdin.",
        ),
    ],
    origin: Annotated[
        str | None,
        typer.Option(help="Where the trees come from that do not say it themselves.", show_default="name of the file"),
    ] = None,
    state: Annotated[
        str | None, typer.Option(metavar="STATE", help="Put every tree into this state, whatever its file says.")
    ] = None,
    model_name: Annotated[
        str | None, typer.Option(help="The model that wrote the synthetic messages that name none.")
    ] = None,
    num_activate: Annotated[
        int, typer.Option(metavar="N", min=0, help="Send the first N trees of the backlog to ranking.")
    ] = 0,
    max_count: Annotated[
        int | None, typer.Option(metavar="N", min=1, help="Stop after N new trees.", show_default="no limit")
    ] = None,
    default_lang: Annotated[str, typer.Option(metavar="LANG", help="The language of prompts that name none.")] = "en",
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Check everything and change nothing.")] = False,
    data_dir: DataDir = None,
    config_file: ConfigFile = None,
    as_json: Json = False,
) -> None:
    """Import trees in Open-Assistant's format: trees, prompts with nested replies, or single messages.

    Messages that are there already are skipped, so an import can be repeated. Of a tree with a fault nothing is
    imported; its line and the reason are named, the rest goes on, and the exit code is 1.

    A tree whose file names no state is finished if it has ranks, waits in the backlog if it has replies, and waits for
    the draw or for reviews if it is a prompt alone. Where nothing tells of reviews, messages count as accepted.
    """
    from oa.hub import checks
    from oa.hub.exchange import Importer, ImportOptions

    for path in files:
        if path != Path("-") and not path.exists():
            raise InvalidSetting(f"there is no file {path}, so nothing was imported")
    options = ImportOptions(
        origin=origin,
        state=None if state is None else state_named(state),
        model_name=model_name,
        lang=default_lang,
        activate=num_activate,
        most_trees=max_count,
        rehearse=dry_run,
    )
    run = _ImportRun(Importer(options))
    with opened(data_dir, config_file) as database:
        for path in files:
            run.read(database, path, origin or ("stdin" if path == Path("-") else path.name))
        if not dry_run:
            checks.index_all(database)
    run.report(as_json=as_json)


@dataclasses.dataclass(slots=True)
class _ImportRun:
    """One import of several files."""

    importer: Importer
    bad: list[dict[str, object]] = dataclasses.field(default_factory=list[dict[str, object]])
    bad_count: int = 0
    _batch: int = SMALLEST_BATCH
    _cautious_until: float = -math.inf

    def read(self, database: Database, path: Path, origin: str) -> None:
        from oa.data.lines import reading

        self.importer.options = dataclasses.replace(self.importer.options, origin=origin)
        with reading(path) as file, showing(file.name, "messages", file.size_bytes) as tell:
            for trees in self._batches(file):
                self._add(database, file, trees)
                self._tell(tell, file)
                if self.importer.is_full:
                    return

    def _add(self, database: Database, file: LineFile, trees: list[TreeRecord]) -> None:
        started = time.monotonic()
        for fault in database.run(lambda tx: self.importer.add(tx, trees)):
            self._note(file, fault)
        self._keep_out_of_the_way(time.monotonic() - started)

    def _keep_out_of_the_way(self, held_s: float) -> None:
        now = time.monotonic()
        if self.importer.others_write:
            self._cautious_until = now + CAUTION_S
        is_cautious = now < self._cautious_until
        self._batch = SMALLEST_BATCH if is_cautious else min(2 * self._batch, LARGEST_BATCH)
        time.sleep(held_s * (LONG_PAUSE if is_cautious else PAUSE))

    def _batches(self, file: LineFile) -> Iterator[list[TreeRecord]]:
        from oa.data.oasst import read_trees
        from oa.domain.records import Fault

        batch: list[TreeRecord] = []
        size = 0
        for found in read_trees(file):
            if isinstance(found, Fault):
                self._note(file, found)
                continue
            if batch and size + len(found.messages) > self._batch:
                yield batch
                batch, size = [], 0
            batch.append(found)
            size += len(found.messages)
        if batch:
            yield batch

    def _tell(self, tell: Tell, file: LineFile) -> None:
        count = self.importer.total
        tell(count.messages + count.skipped, file.position_bytes)

    def _note(self, file: LineFile, fault: Fault) -> None:
        self.bad_count += 1
        if len(self.bad) < MOST_FAULTS_KEPT:
            self.bad.append({"file": file.name, "line": fault.line, "reason": fault.reason})
            print_note(f"{file.name}, line {fault.line}: {fault.reason}")

    def report(self, *, as_json: bool) -> None:
        count = self.importer.total
        if as_json:
            print_record({**dataclasses.asdict(count), "bad": self.bad}, as_json=True)
        verb = "would import" if self.importer.options.rehearse else "imported"
        print_note(f"{verb} {_counted(count)}")
        if self.bad_count:
            raise BadFile(f"{self.bad_count:,} faults kept something out; correct those lines and import them again")


def _counted(count: ImportCount) -> str:
    parts = [f"{count.trees:,} trees with {count.messages:,} messages"]
    if count.activated:
        parts.append(f"{count.activated:,} trees to be ranked now")
    if count.skipped:
        parts.append(f"{count.skipped:,} messages were there already")
    return "; ".join(parts)


# --- export ----------------------------------------------------------------------------------------------------------


@app.command()
def export(
    export_file: Annotated[
        Path, typer.Option("--export-file", "-o", metavar="FILE", help="Where to; .gz compresses, - is stdout.")
    ] = Path("-"),
    state: Annotated[
        str | None,
        typer.Option(metavar="STATE", help="Only trees in this state, or all.", show_default="ready_for_export"),
    ] = None,
    lang: Annotated[str | None, typer.Option(help="Only trees whose prompt is in this language.")] = None,
    include_deleted: Annotated[bool, typer.Option("--include-deleted", help="Deleted messages too.")] = False,
    deleted_only: Annotated[bool, typer.Option("--deleted-only", help="Deleted messages and nothing else.")] = False,
    include_spam: Annotated[
        bool, typer.Option("--include-spam", help="Messages that were rejected or not yet accepted, too.")
    ] = False,
    spam_only: Annotated[bool, typer.Option("--spam-only", help="Rejected messages and nothing else.")] = False,
    include_synthetic: Annotated[
        bool, typer.Option("--include-synthetic", help="Trees with machines' messages, too.")
    ] = False,
    synthetic_only: Annotated[
        bool, typer.Option("--synthetic-only", help="Trees with a machine's message and no others.")
    ] = False,
    user: Annotated[
        str | None, typer.Option(metavar="ID", help="What this person wrote, as single messages from any tree.")
    ] = None,
    prompts_only: Annotated[bool, typer.Option("--prompts-only", help="Prompts without their replies.")] = False,
    labels: Annotated[
        bool, typer.Option("--export-labels", "--labels", help="Mean and count of every label that was given.")
    ] = False,
    events: Annotated[
        bool, typer.Option("--export-events", "--events", help="Who gave which emoji, and who ranked what how.")
    ] = False,
    with_origin: Annotated[bool, typer.Option("--export-origin", help="Where each tree came from.")] = False,
    limit: Annotated[
        int | None, typer.Option(metavar="N", min=1, help="So many trees at most.", show_default="no limit")
    ] = None,
    anonymizer_seed: Annotated[
        str | None, typer.Option(metavar="TEXT", help="Replace every id by a digest of it and this secret text.")
    ] = None,
    form: Annotated[
        str | None,
        typer.Option("--format", metavar="FORM", help="trees or messages.", show_default="what suits the rest"),
    ] = None,
    data_dir: DataDir = None,
    config_file: ConfigFile = None,
    as_json: Json = False,
) -> None:
    """Export trees in Open-Assistant's format, oldest first; everything as it was at one moment.

    By default: finished trees that no machine wrote in, with what was accepted and not deleted. `--user`,
    `--spam-only`, `--deleted-only` and `--synthetic-only` give single messages in place of trees.

    An id that was imported comes out as it came in. A file appears when it is complete.
    """
    from oa.domain.anonymity import Anonymiser
    from oa.domain.selection import Form, Selection
    from oa.hub.exchange import Exporter

    if as_json and export_file == Path("-"):
        raise InvalidSetting("the summary would stand among the data: name a file with --export-file")
    selection = Selection(
        state=wanted_state(state, user),
        lang=lang,
        deleted=share(include_deleted, deleted_only),
        spam=share(include_spam, spam_only),
        synthetic=share(include_synthetic, synthetic_only),
        user_id=None if user is None else user_named(user),
        prompts_only=prompts_only,
        labels=labels,
        events=events,
        origin=with_origin,
        limit=limit,
        form=None if form is None else Form(one_of("--format", form, list(Form))),
    )
    exporter = Exporter(selection, None if anonymizer_seed is None else Anonymiser(anonymizer_seed))
    with opened(data_dir, config_file) as database, _quiet_when_nobody_reads():
        asyncio.run(_export(database, exporter, export_file))
    summary = {"trees": exporter.trees, "messages": exporter.messages, "skipped": exporter.skipped}
    if as_json:
        print_record({**summary, "bad": []}, as_json=True)
    print_note(_exported(exporter))


async def _export(database: Database, exporter: Exporter, path: Path) -> None:
    try:
        await database.read(lambda tx: _write(tx, exporter, path))
    finally:
        await database.close()


def _write(tx: Transaction, exporter: Exporter, path: Path) -> None:
    from oa.data.lines import writing
    from oa.data.oasst import message_lines, tree_line
    from oa.domain.selection import Form

    as_trees = exporter.selection.output is Form.TREES
    with writing(path) as file, showing("export", "messages") as tell:
        for tree in exporter.records(tx):
            if as_trees:
                file.write(tree_line(tree, replies=not exporter.selection.prompts_only))
            else:
                file.writelines(message_lines(tree))
            tell(exporter.messages, 0)


@contextmanager
def _quiet_when_nobody_reads() -> Generator[None]:
    """`oa data export | head` has what it wanted when `head` leaves."""
    try:
        yield
    except BrokenPipeError:
        # What is still buffered would fail again when Python closes stdout.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise typer.Exit(1) from None


def _exported(exporter: Exporter) -> str:
    if exporter.selection.user_id is not None:
        return f"exported {exporter.messages:,} messages"
    skipped = f"; {exporter.skipped:,} trees had nothing to take" if exporter.skipped else ""
    return f"exported {exporter.trees:,} trees with {exporter.messages:,} messages{skipped}"
