"""`oa moderate`: keeping order."""

from __future__ import annotations

import typer

from oa.cli import acts, trust

app = typer.Typer(
    no_args_is_help=True,
    help="Keep order: messages, people, reports, signs of abuse; each act with a preview, most undone.",
)

app.command()(trust.signs)
app.command()(trust.agreement)
for act in (acts.reports, acts.halt, acts.resume, acts.delete, acts.restore, acts.edit):
    app.command()(act)
for act in (acts.stop, acts.enable, acts.ban, acts.purge, acts.merge, acts.undo):
    app.command()(act)
