"""`ecombi quarantine`: what was held back, and trying it again."""

from __future__ import annotations

from typing import Annotated

import typer

from ecombi.cli.options import Format, FormatOption, WorkspaceOption
from ecombi.cli.output import write

app = typer.Typer(
    help="Rows that were held back: list them by rule, show them, try them again.",
    no_args_is_help=True,
    rich_markup_mode=None,
)


@app.command("list")
def list_(form: FormatOption = Format.TABLE, workspace: WorkspaceOption = None) -> None:
    """Count the rows held back, by source, delivery, rule and column."""
    from ecombi.workspace import open_workspace

    with open_workspace(workspace) as ws:
        write(ws.quarantine.summary(), form)


@app.command()
def show(
    rule: Annotated[str | None, typer.Option(help="Only rows that broke this rule.")] = None,
    source: Annotated[str | None, typer.Option(help="Only rows of this source.")] = None,
    limit: Annotated[int, typer.Option(min=1, help="At most so many rows.")] = 20,
    form: FormatOption = Format.TABLE,
    workspace: WorkspaceOption = None,
) -> None:
    """Show rows held back: rule, column, value, reason, row number and the row as it came."""
    from ecombi.workspace import open_workspace

    with open_workspace(workspace) as ws:
        write(ws.quarantine.rows(rule=rule, source=source, limit=limit), form)


@app.command()
def replay(
    source: Annotated[str | None, typer.Option(help="Only rows of this source.")] = None,
    form: FormatOption = Format.TABLE,
    workspace: WorkspaceOption = None,
) -> None:
    """Put the rows held back through their mapping again; those that pass now are loaded."""
    from ecombi.cli.clock import now
    from ecombi.workspace import open_workspace

    with open_workspace(workspace) as ws:
        write([report.record() for report in ws.quarantine.replay(source=source, at=now())], form)
