"""`ecombi backfill`: a report for every day, week or month that has none yet."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ecombi.cli.options import Format, FormatOption, QuietOption, WorkspaceOption
from ecombi.cli.output import write
from ecombi.cli.produce import values_of
from ecombi.schema.periods import Grain, parse_day


def backfill(
    report: Annotated[str, typer.Argument(help="The report, for example daily_sales.")],
    start: Annotated[str, typer.Option("--from", metavar="DAY", help="First day.")],
    end: Annotated[str, typer.Option("--to", metavar="DAY", help="The day after the last one.")],
    each: Annotated[str, typer.Option(help="One run per day, week (from Monday) or month.")] = "day",
    parameters: Annotated[
        list[str] | None,
        typer.Option("-p", "--parameter", metavar="KEY=VALUE", help="A parameter of every run; may be repeated."),
    ] = None,
    workers: Annotated[int, typer.Option(min=1, max=16, help="How many run at the same time.")] = 2,
    anew: Annotated[bool, typer.Option("--anew", help="Run everything, whether it is done or not.")] = False,
    out: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Where to write [default: reports/ in the workspace]")
    ] = None,
    form: FormatOption = Format.TABLE,
    quiet: QuietOption = False,
    workspace: WorkspaceOption = None,
) -> None:
    """Run a report for every whole period from --from up to and not including --to; what is done is skipped.

    Cut short, the same command goes on from there. The exit code is that of the first run that failed.

    Example: ecombi backfill daily_sales --from 2026-09-01 --to 2026-11-01 --each day
    """
    from ecombi.cli.progress import progress_bars
    from ecombi.cli.recorded import open_runner
    from ecombi.project import project_root
    from ecombi.reports import find
    from ecombi.runs import backfill as filling
    from ecombi.runs.runner import exit_error

    with open_runner(workspace) as runner:
        planned = filling.plan(
            find(report, project_root(runner.settings.project)),
            parse_day(start),
            parse_day(end),
            Grain.parse(each),
            values=values_of(parameters),
        )
        with progress_bars() as progress:
            filled = filling.backfill(runner, report, planned, workers=workers, anew=anew, out=out, progress=progress)
    if not quiet:
        write([one.record() for one in filled], form)
    failed = [error for one in filled if (error := exit_error(one.run))]
    if failed:
        raise failed[0]
