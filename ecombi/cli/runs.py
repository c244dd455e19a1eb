"""`ecombi runs` and `replay`: what was run, how it stands, and running it again."""

from __future__ import annotations

import time
import webbrowser
from dataclasses import asdict
from datetime import timedelta
from typing import TYPE_CHECKING, Annotated

import typer

from ecombi.cli.options import Format, FormatOption, WorkspaceOption
from ecombi.cli.output import write

if TYPE_CHECKING:
    from ecombi.runs.record import Event, State

app = typer.Typer(
    help="Runs of reports: list and show them, follow one, open its document, cancel it, run it again.",
    no_args_is_help=True,
    rich_markup_mode=None,
)
RunArgument = Annotated[str, typer.Argument(metavar="RUN", help="Number of the run; its beginning is enough.")]
FollowOption = Annotated[bool, typer.Option("--follow", "-f", help="Go on until the run has ended.")]
_LOOK_EVERY = 0.5


@app.command("list")
def list_(
    state: Annotated[
        list[str] | None,
        typer.Option(help="Only runs in this state: queued, running, succeeded, failed, timed_out, cancelled."),
    ] = None,
    report: Annotated[str | None, typer.Option(help="Only runs of this report.")] = None,
    limit: Annotated[int, typer.Option(min=1, help="At most so many, the newest first.")] = 20,
    form: FormatOption = Format.TABLE,
    workspace: WorkspaceOption = None,
) -> None:
    """List runs: state, attempt, time, and for one that runs its cell and how long it usually takes."""
    from ecombi.cli.clock import now
    from ecombi.cli.recorded import open_runner, summary

    with open_runner(workspace) as runner:
        states, name = [_state(name) for name in state or []], None if report is None else runner.known(report)
        found = runner.store.list(states=states, report=name, limit=limit)
        expected = {name: runner.store.expected(name) for name in {run.request.report for run in found}}
        write([summary(run, expected[run.request.report], at=now()) for run in found], form)


@app.command()
def show(
    run: RunArgument,
    follow: FollowOption = False,
    form: FormatOption = Format.TABLE,
    workspace: WorkspaceOption = None,
) -> None:
    """Show all that is recorded of a run, one name and value per line."""
    from ecombi.cli.clock import now
    from ecombi.cli.recorded import open_runner, standing

    with open_runner(workspace) as runner:
        found = runner.store.get(run)
        expected = runner.store.expected(found.request.report)
        said = None
        while follow and not found.state.ended:
            if (says := standing(found, expected, at=now()) or found.state.value) != said:
                typer.echo(said := says, err=True)
            time.sleep(_LOOK_EVERY)
            found = runner.store.get(found.run_id)
        stands = None if found.state.ended else standing(found, expected, at=now())
        described = {**runner.describe(found), **({"now": stands} if stands else {})}
        if form is not Format.TABLE:
            write([described], form)
            return
        for name, value in described.items():
            lines = str(value).splitlines() or [""]
            typer.echo(f"{name:<14}{lines[0]}")
            for line in lines[1:]:
                typer.echo(f"{'':<14}{line}")


@app.command()
def logs(
    run: RunArgument,
    follow: FollowOption = False,
    form: FormatOption = Format.TABLE,
    workspace: WorkspaceOption = None,
) -> None:
    """Print what happened in a run, one line each: time, attempt, cell, and what was written or changed.

    As CSV or JSON it is printed at the end, a record for each.
    """
    from ecombi.cli.recorded import open_runner

    with open_runner(workspace) as runner:
        found, last = runner.store.get(run), 0
        records: list[dict[str, object]] = []
        while True:
            ended = found.state.ended
            for number, event in runner.store.events(found.run_id, after=last):
                last = number
                records.append(asdict(event))
                if form is Format.TABLE:
                    typer.echo(_line(event))
            if ended or not follow:
                break
            time.sleep(_LOOK_EVERY)
            found = runner.store.get(found.run_id)
        if form is not Format.TABLE:
            write(records, form)


@app.command("open")
def open_(
    run: RunArgument,
    kind: Annotated[str, typer.Option(help="html, pdf, xlsx, notebook, result, receipt or failed.")] = "html",
    browser: Annotated[bool, typer.Option(help="Open it in the browser too.")] = True,
    workspace: WorkspaceOption = None,
) -> None:
    """Print the path of a run's document and open it."""
    from ecombi.cli.recorded import open_runner

    with open_runner(workspace) as runner:
        path = runner.output(runner.store.get(run), kind)
    typer.echo(path)
    if browser and not webbrowser.open(path.as_uri()):
        typer.echo("No browser was found on this machine to open it with.", err=True)


@app.command()
def cancel(run: RunArgument, form: FormatOption = Format.TABLE, workspace: WorkspaceOption = None) -> None:
    """Cancel a run. One that runs is stopped within seconds, with all it started."""
    from ecombi.cli.clock import now
    from ecombi.cli.recorded import open_runner, summary

    with open_runner(workspace) as runner:
        asked = runner.store.cancel(runner.store.get(run).run_id, at=now())
        write([summary(asked, runner.store.expected(asked.request.report), at=now())], form)


@app.command()
def retry(run: RunArgument, form: FormatOption = Format.TABLE, workspace: WorkspaceOption = None) -> None:
    """Run again what has ended: the same report and parameters, on the data there is now."""
    from ecombi.cli.progress import progress_bars
    from ecombi.cli.recorded import finish, open_runner

    with open_runner(workspace) as runner:
        asked = runner.retry(run)
        with progress_bars() as progress:
            finish(runner.run(asked.run_id, progress=progress), form)


@app.command()
def prune(
    days: Annotated[int | None, typer.Option(min=0, help="Keep so many days [default: ECOMBI_KEEP_RUNS_DAYS]")] = None,
    workspace: WorkspaceOption = None,
) -> None:
    """Remove the records and folders of runs that ended long ago. Published documents stay."""
    from ecombi.cli.clock import now
    from ecombi.cli.recorded import open_runner

    with open_runner(workspace) as runner:
        kept = runner.settings.keep_runs_days if days is None else days
        removed = runner.prune(before=now() - timedelta(days=kept))
    typer.echo(f"Removed {len(removed):,} runs that ended more than {kept:,} days ago.")


def replay(run: RunArgument, form: FormatOption = Format.TABLE, workspace: WorkspaceOption = None) -> None:
    """Execute a run again: same code, parameters and snapshot. Exits with 4 where its results differ, and says how."""
    from ecombi.cli.recorded import open_runner
    from ecombi.errors import DataQualityError
    from ecombi.runs.replay import replay as replay_run

    with open_runner(workspace) as runner:
        done = replay_run(run, runner)
        write(done.records(), form)
    for note in done.notes:
        typer.echo(note, err=True)
    if not done.equal:
        count = len(done.differences)
        raise DataQualityError(
            f"The results of run {done.original} and of its replay differ in {count:,} places.",
            check="replay",
            failing_rows=count,
        )


def _line(event: Event) -> str:
    cell = f"cell {event.cell}" if event.cell else ""
    return f"{event.at:%Y-%m-%d %H:%M:%S}Z  {event.attempt}  {cell:<8} {event.kind:<7} {event.text}"


def _state(name: str) -> State:
    from ecombi.errors import ConfigurationError, did_you_mean
    from ecombi.runs.record import State

    try:
        return State(name)
    except ValueError:
        raise ConfigurationError(
            f"There is no state {name!r}. {did_you_mean(name, [state.value for state in State])}"
        ) from None
