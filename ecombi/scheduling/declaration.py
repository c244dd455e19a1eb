"""What parameters/schedules.yml declares: which report or pipeline runs when, for whom, and what if it was missed."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from functools import cached_property
from hashlib import sha256
from pathlib import Path
from typing import Final, Literal

from pydantic import Field, model_validator

from ecombi.errors import EcombiError, ScheduleError, did_you_mean
from ecombi.reports import find
from ecombi.reports.parameters import Value
from ecombi.runs.declared import Declared, read_declared
from ecombi.runs.recipients import Recipient, read_roles
from ecombi.scheduling.cron import Cron
from ecombi.schema.periods import time_zone

FILE: Final = Path("parameters") / "schedules.yml"

# Every report's days can be read for it; what is found wrong with it is wrong with any day.
_SOME_DAY: Final = date(2026, 2, 1)


class When(Declared):
    """What must be so before a run starts.

    Attributes:
        data_ready: day: the published snapshot reaches the day before the run's date; final: and that day is final.
        wait_hours: So long after the due time it is given up.
    """

    data_ready: Literal["day", "final"]
    wait_hours: float = Field(default=6, gt=0, le=48)


class Schedule(Declared):
    """One entry of the file.

    Attributes:
        name: Unique in the file.
        report: The report to run.
        pipeline: Or the pipeline.
        parameters: Of the report; days that follow the as-of day need not be named.
        cron: minute, hour, day of month, month, day of week.
        time_zone: IANA name of the clocks that `cron` is read on; empty only until the shop's is filled in.
        catch_up: What is done for due times at which no scheduler was there.
        catch_up_limit: How many of them at most, with `all`: the latest.
        jitter: Seconds at most by which a run starts later, always the same for the same due time.
        when: What must be so before it starts.
        overlap: What is done when it is due while its last run still goes on.
        recipients: Who is mailed the report, as far as his role may see it.
        pause: Nothing is run until the file says otherwise.
    """

    name: str = Field(pattern=r"^[a-z][a-z0-9_-]{0,59}$")
    report: str | None = None
    pipeline: str | None = None
    parameters: dict[str, Value | tuple[str, ...]] = Field(default={})
    cron: str
    time_zone: str = ""
    catch_up: Literal["none", "last", "all"] = "last"
    catch_up_limit: int = Field(default=7, ge=1, le=100)
    jitter: int = Field(default=0, ge=0, le=3600)
    when: When | None = None
    overlap: Literal["skip", "queue", "cancel_running"] = "skip"
    recipients: tuple[Recipient, ...] = ()
    pause: bool = False

    @model_validator(mode="after")
    def _fits_together(self) -> Schedule:
        if (self.report is None) == (self.pipeline is None):
            raise ValueError("it needs either a report or a pipeline, and not both")
        if self.pipeline is not None:
            if self.parameters or self.recipients:
                raise ValueError("parameters and recipients are for a report; a pipeline knows its own")
            if self.overlap == "cancel_running":
                raise ValueError("a pipeline is not stopped halfway; write overlap: skip or queue")
        mails = [recipient.mail for recipient in self.recipients]
        if twice := sorted({mail for mail in mails if mails.count(mail) > 1}):
            raise ValueError(f"{', '.join(twice)} is named twice; one reader has one role")
        return self

    @cached_property
    def timetable(self) -> Cron:
        """When it is due."""
        return Cron(self.cron, time_zone(self.time_zone))

    @property
    def what(self) -> str:
        """What it runs, in words."""
        return f"report {self.report}" if self.report else f"pipeline {self.pipeline}"

    def as_of(self, due: datetime) -> date:
        """Return the as-of day of a run: the date its clocks show when it is due."""
        return self.timetable.day(due)

    def starts(self, due: datetime) -> datetime:
        """Return when a run starts: the due time and its jitter."""
        digits = sha256(f"{self.name}@{due.isoformat()}".encode()).hexdigest()
        return due + timedelta(seconds=int(digits, 16) % (self.jitter + 1))


class _File(Declared):
    schedules: tuple[Schedule, ...]


def read_schedules(project: Path, *, zone: str) -> dict[str, Schedule]:
    """Read and check every schedule of a project.

    Args:
        project: Folder of parameters/, pipelines/ and notebooks/.
        zone: The shop's time zone, for schedules that name none.

    Raises:
        ScheduleError: The file is wrong; the message names the entry, the place and what would work.
    """
    path = project / FILE
    if not path.exists():
        return {}
    found: dict[str, Schedule] = {}
    for number, declared in enumerate(read_declared(path, _File).schedules, 1):
        schedule = declared.model_copy(update={"time_zone": declared.time_zone or zone})
        try:
            _check(schedule, found, project)
        except EcombiError as error:
            raise ScheduleError(f"{path}: schedules, entry {number} ({schedule.name}): {error}") from None
        found[schedule.name] = schedule
    return found


def named(name: str, schedules: dict[str, Schedule]) -> Schedule:
    """Return the schedule of that name.

    Raises:
        ScheduleError: There is none.
    """
    if name not in schedules:
        raise ScheduleError(f"There is no schedule {name!r} in {FILE}. {did_you_mean(name, schedules)}")
    return schedules[name]


def _check(schedule: Schedule, earlier: dict[str, Schedule], project: Path) -> None:
    if schedule.name in earlier:
        raise ScheduleError("an earlier entry has this name. Give it another one.")
    schedule.timetable.after(datetime.fromisoformat("2026-01-01T00:00:00+00:00"))
    if schedule.report is not None:
        find(schedule.report, project).bind(schedule.parameters, as_of=_SOME_DAY)
    else:
        pipelines = sorted(path.stem for path in (project / "pipelines").glob("[!_]*.py"))
        if schedule.pipeline not in pipelines:
            raise ScheduleError(
                f"There is no pipeline {schedule.pipeline!r}. {did_you_mean(str(schedule.pipeline), pipelines)}"
            )
    roles = read_roles(project) if schedule.recipients else {}
    for recipient in schedule.recipients:
        if recipient.role not in roles:
            raise ScheduleError(
                f"recipient {recipient.name}: parameters/roles.yml has no role {recipient.role!r}. "
                f"{did_you_mean(recipient.role, roles)}"
            )
