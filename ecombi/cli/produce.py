"""`ecombi report`, `run` and `serve`: what people and schedulers look at."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ecombi.cli.options import Format, FormatOption, QuietOption, WorkspaceOption
from ecombi.cli.output import write
from ecombi.errors import ParameterError
from ecombi.schema.periods import parse_day


def values_of(given: list[str] | None) -> dict[str, str]:
    """Read `-p key=value` pairs."""
    values: dict[str, str] = {}
    for text in given or []:
        key, equals, value = text.partition("=")
        if not equals:
            raise ParameterError(f"-p {text!r} has no value. Write it as -p name=value.")
        if key in values:
            raise ParameterError(f"Parameter {key!r} is given twice: {values[key]!r} and {value!r}. Give it once.")
        values[key] = value
    return values


def report(
    name: Annotated[
        str | None, typer.Argument(help="The report; without it, all are listed with their parameters.")
    ] = None,
    parameters: Annotated[
        list[str] | None, typer.Option("-p", "--parameter", metavar="KEY=VALUE", help="A parameter; may be repeated.")
    ] = None,
    as_of: Annotated[
        str | None,
        typer.Option(metavar="DAY", help="What parameters that follow a day begin from [default: the notebook's own]"),
    ] = None,
    out: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Where to write [default: reports/ in the workspace]")
    ] = None,
    form: FormatOption = Format.TABLE,
    quiet: QuietOption = False,
    workspace: WorkspaceOption = None,
) -> None:
    """Run a report: a notebook with parameters, written as HTML, PDF, workbook, result and notebook, and recorded.

    Example: ecombi report daily_sales -p day=2011-11-30 --out reports
    """
    from ecombi import reports
    from ecombi.cli.progress import progress_bars
    from ecombi.cli.recorded import finish, open_runner
    from ecombi.project import project_root

    with open_runner(workspace) as runner:
        if name is None:
            write(reports.records(project_root(runner.settings.project)), form)
            return
        asked, _ = runner.request(
            name, values_of(parameters), as_of=None if as_of is None else parse_day(as_of), trigger="report", out=out
        )
        with progress_bars() as progress:
            done = runner.run(asked.run_id, progress=progress)
        finish(done, form, quiet=quiet)


def run(
    pipeline: Annotated[str, typer.Argument(help="The pipeline, for example nightly.")],
    as_of: Annotated[
        str | None,
        typer.Option(metavar="DAY", help="Load and report what happened before this day [default: all there is]"),
    ] = None,
    form: FormatOption = Format.TABLE,
    quiet: QuietOption = False,
    workspace: WorkspaceOption = None,
) -> None:
    """Run a pipeline: load, build, check, publish, report.

    Example: ecombi run nightly --as-of 2026-11-01
    """
    from ecombi.cli.clock import now
    from ecombi.cli.pipelines import carry_out
    from ecombi.cli.progress import progress_bars
    from ecombi.cli.recorded import open_runner
    from ecombi.workspace import Workspace

    day = None if as_of is None else parse_day(as_of)
    with open_runner(workspace) as runner, Workspace(runner.settings) as ws, progress_bars() as progress:
        steps = carry_out(pipeline, ws, runner, as_of=day, at=now(), progress=progress)
    if not quiet:
        write(steps.records, form)
    if steps.error:
        raise steps.error


def serve(
    port: Annotated[
        int | None,
        typer.Option(
            min=0, max=65535, help="Port on 127.0.0.1; 0 takes a free one [default: ECOMBI_DASHBOARD_PORT, or 8866]"
        ),
    ] = None,
    workspace: WorkspaceOption = None,
) -> None:
    """Serve the dashboards on 127.0.0.1 until Ctrl-C. Prints one line: the link to open."""
    from ecombi.server import serve as serve_dashboards
    from ecombi.workspace import open_workspace

    with open_workspace(workspace) as ws:
        settings = ws.settings
    chosen = settings.dashboard_port if port is None else port
    serve_dashboards(settings, port=chosen, ready=lambda url: typer.echo(f"Dashboards: {url}"))
