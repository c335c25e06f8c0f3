"""A bar on a terminal: how far, how many, how fast. In a pipe or a file there is none."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager

Tell = Callable[[int, int], None]
"""Takes how many things are done so far, and how many bytes of the file."""


@contextmanager
def showing(what: str, things: str, size_bytes: int | None = None) -> Generator[Tell]:
    """Show progress on stderr while the context lasts.

    Args:
        what: what is being done, to be read in front of the bar.
        things: what is counted, in the plural.
        size_bytes: how long the file is; without it the bar only says that something happens.
    """
    if not sys.stderr.isatty():
        yield lambda _count, _bytes: None
        return
    from rich.console import Console  # a tenth of a second, for terminals only
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn
    from rich.text import Text

    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn(f"{{task.fields[count]:,}} {things}"),
        TextColumn("{task.fields[rate]:,.0f}/s"),
        TimeElapsedColumn(),
    )
    started = time.monotonic()
    with Progress(*columns, console=Console(stderr=True)) as progress:
        task = progress.add_task(Text(what).markup, total=size_bytes, count=0, rate=0.0)

        def tell(count: int, done_bytes: int) -> None:
            rate = count / max(time.monotonic() - started, 1e-3)
            progress.update(task, completed=done_bytes, count=count, rate=rate)

        yield tell
