"""The commands, gathered."""

from __future__ import annotations

import logging
import os
import signal
import sys
from typing import Annotated

import typer

import ecombi
from ecombi.cli import ask, backfill, kernels, load, produce, quarantine, runs, schedule
from ecombi.cli.options import WorkspaceOption

app = typer.Typer(
    name="ecombi", no_args_is_help=True, rich_markup_mode=None, pretty_exceptions_enable=False, add_completion=False
)
app.command()(load.load)
app.command()(ask.query)
app.command()(ask.why)
app.command()(ask.ledger)
app.command()(ask.metrics)
app.command()(ask.explain)
app.add_typer(quarantine.app, name="quarantine")
app.command()(produce.report)
app.command()(produce.run)
app.add_typer(runs.app, name="runs")
app.command()(runs.replay)
app.command()(backfill.backfill)
app.add_typer(schedule.app, name="schedule")
app.command()(produce.serve)
app.add_typer(kernels.app, name="kernels")


def _show_version(wanted: bool) -> None:
    if wanted:
        typer.echo(ecombi.__version__)
        raise typer.Exit


stopped_by: list[int] = []
"""The signal that ended this process, once one has."""


def _stop(signum: int, _frame: object) -> None:
    stopped_by.append(signum)
    # An ordinary exit, so that every open file, lock and kernel is closed on the way out.
    raise SystemExit(128 + signum)


@app.callback()
def _common(
    workspace: WorkspaceOption = None,
    verbose: Annotated[bool, typer.Option("--verbose", "-v", help="Log what happens to stderr.")] = False,
    _version: Annotated[
        bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Show the version.")
    ] = False,
) -> None:
    """Analytics for an e-commerce shop: load its data, ask for metrics, run reports, serve dashboards.

    Results go to stdout, progress to stderr. Exit codes: 0 done, 2 bad input, 3 unreadable source, 4 failed check,
    5 failed report, 6 store, 75 try again later.
    """
    if workspace is not None:
        os.environ["ECOMBI_WORKSPACE"] = str(workspace)
    logging.basicConfig(
        level=logging.INFO if verbose else logging.WARNING,
        stream=sys.stderr,
        format="%(levelname)s %(name)s: %(message)s",
    )
    signal.signal(signal.SIGINT, _stop)
    signal.signal(signal.SIGTERM, _stop)
