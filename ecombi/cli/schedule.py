"""`ecombi schedule`: what runs when, and the process that sees to it."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ecombi.cli.options import Format, FormatOption, WorkspaceOption
from ecombi.cli.output import write

if TYPE_CHECKING:
    from ecombi.runs.runner import Runner
    from ecombi.scheduling.declaration import Schedule
    from ecombi.scheduling.states import ScheduleStates

app = typer.Typer(
    help="Schedules of parameters/schedules.yml: list them, see what comes next, run them, pause one.",
    no_args_is_help=True,
    rich_markup_mode=None,
)
NameArgument = Annotated[str, typer.Argument(metavar="NAME", help="Name of the schedule.")]


@app.command("list")
def list_(form: FormatOption = Format.TABLE, workspace: WorkspaceOption = None) -> None:
    """List the schedules: what each runs, when it is due next, what came of the last time."""
    from ecombi.cli.clock import now
    from ecombi.scheduling.overview import overview

    with _opened(workspace) as (_, schedules, states):
        write(overview(schedules.values(), states.all(), at=now()), form)


@app.command("next")
def next_(
    name: NameArgument,
    count: Annotated[int, typer.Option(min=1, max=1000, help="How many.")] = 5,
    form: FormatOption = Format.TABLE,
    workspace: WorkspaceOption = None,
) -> None:
    """Show the next times at which a schedule is due."""
    from ecombi.cli.clock import now
    from ecombi.scheduling.declaration import named
    from ecombi.scheduling.overview import coming

    with _opened(workspace) as (_, schedules, _states):
        write(coming(named(name, schedules), count, at=now()), form)


@app.command()
def run(
    workers: Annotated[int, typer.Option(min=1, max=16, help="How many schedules may run at the same time.")] = 2,
    workspace: WorkspaceOption = None,
) -> None:
    """Carry out the schedules until Ctrl-C or SIGTERM, which lets what runs come to its end; a second one does not.

    Where another scheduler is at work on the same application database, this one waits and takes over when it is gone.
    """
    from ecombi.cli.clock import now
    from ecombi.scheduling.scheduler import Scheduler
    from ecombi.scheduling.work import ScheduledWork

    stop = threading.Event()

    def end(signum: int, _frame: object) -> None:
        stop.set()
        signal.signal(signum, signal.SIG_DFL)

    with _opened(workspace) as (runner, schedules, states):
        for signum in (signal.SIGINT, signal.SIGTERM):
            signal.signal(signum, end)
        scheduler = Scheduler(schedules.values(), states, ScheduledWork(runner), clock=now, workers=workers)
        typer.echo(f"Schedules: {', '.join(schedules) or 'none'}")
        scheduler.run(stop)


@app.command()
def pause(name: NameArgument, workspace: WorkspaceOption = None) -> None:
    """Let nothing more of a schedule begin; what runs goes on."""
    from ecombi.cli.clock import now
    from ecombi.scheduling.declaration import named

    with _opened(workspace) as (_, schedules, states):
        states.pause(named(name, schedules).name, at=now())
    typer.echo(f"{name} is paused. Let it go on with: ecombi schedule resume {name}")


@app.command()
def resume(name: NameArgument, workspace: WorkspaceOption = None) -> None:
    """Let a paused schedule go on; what was due meanwhile is not made up for."""
    from ecombi.cli.clock import now
    from ecombi.errors import ScheduleError
    from ecombi.scheduling.declaration import FILE, named

    with _opened(workspace) as (_, schedules, states):
        if named(name, schedules).pause:
            raise ScheduleError(f"{name} is paused in {FILE}. Remove 'pause: true' there.")
        states.resume(name, at=now())
    typer.echo(f"{name} goes on.")


@app.command()
def trigger(name: NameArgument, form: FormatOption = Format.TABLE, workspace: WorkspaceOption = None) -> None:
    """Run a schedule now, whatever its time; readers are mailed as usual. The exit code is that of what was run."""
    from ecombi.cli.clock import now
    from ecombi.errors import BackendUnavailable
    from ecombi.runs.runner import exit_error
    from ecombi.scheduling.declaration import named
    from ecombi.scheduling.line import End
    from ecombi.scheduling.work import ScheduledWork

    with _opened(workspace) as (runner, schedules, _):
        schedule = named(name, schedules)
        done = ScheduledWork(runner)(schedule, now())
        write([{"schedule": name, "runs": schedule.what, "end": done.end.value, "run": done.said}], form)
        if done.code:
            raise typer.Exit(done.code)
        if schedule.report and (error := exit_error(runner.store.get(done.said))):
            raise error
        if done.end is End.TRY_AGAIN:
            raise BackendUnavailable(f"The mail server did not take every letter: ecombi runs logs {done.said}")


@contextmanager
def _opened(workspace: Path | None) -> Iterator[tuple[Runner, dict[str, Schedule], ScheduleStates]]:
    """Open the runner of a workspace, its schedules, and what is remembered of them."""
    from ecombi.backends.state import open_state
    from ecombi.cli.recorded import open_runner
    from ecombi.scheduling.declaration import read_schedules
    from ecombi.scheduling.states import ScheduleStates
    from ecombi.workspace import Workspace

    with open_runner(workspace) as runner:
        with Workspace(runner.settings) as ws:
            schedules = read_schedules(ws.project, zone=ws.shop.time_zone)
        with closing(open_state(runner.settings)) as state:
            yield runner, schedules, ScheduleStates(state)
