"""`oa moderate`: keeping order."""

from __future__ import annotations

import typer

from oa.cli import trust

app = typer.Typer(no_args_is_help=True, help="Keep order: signs of abuse, and how far people agree.")

app.command()(trust.signs)
app.command()(trust.agreement)
